// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The `weft_onnx` dialect and its types: those that ONNX has and MLIR does not.

#ifndef WEFT_ONNX_DIALECT_TD
#define WEFT_ONNX_DIALECT_TD

include "mlir/IR/DialectBase.td"
include "mlir/IR/AttrTypeBase.td"

def WeftOnnxDialect : Dialect {
  let name = "weft_onnx";
  let cppNamespace = "::weft::onnxir";
  let summary = "An ONNX model as it came in";
  let description = [{
    One operation, `weft_onnx.node`, for any operator of any domain and version,
    with its attributes and subgraphs. Nothing is interpreted: results have the
    type `!weft_onnx.unknown` until shapes are inferred, except those that are
    outputs of the graph.

    A module carries `weft_onnx.ir_version` (i64) and `weft_onnx.opsets`
    (a dictionary from domain to version; the default domain is "ai.onnx"
    there). Its function `@main` has on every argument and result `weft.name`
    (the name in the model) and, where the model gives a shape,
    `weft_onnx.dims`: for every dimension a string (its symbolic name), an
    i64 (its size), or unit (neither).
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect",
                           "::mlir::func::FuncDialect", "::weft::WeftDialect"];
  let useDefaultTypePrinterParser = 1;
}

class WeftOnnx_Type<string name, string typeMnemonic>
    : TypeDef<WeftOnnxDialect, name> {
  let mnemonic = typeMnemonic;
}

def WeftOnnx_UnknownType : WeftOnnx_Type<"Unknown", "unknown"> {
  let summary = "the type of a value that nothing is known of yet";
}

def WeftOnnx_StringType : WeftOnnx_Type<"String", "string"> {
  let summary = "an element of a tensor of strings";
}

def WeftOnnx_SequenceType : WeftOnnx_Type<"Sequence", "seq"> {
  let summary = "ONNX's sequence";
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
}

def WeftOnnx_OptionalType : WeftOnnx_Type<"Optional", "optional"> {
  let summary = "ONNX's optional";
  let parameters = (ins "::mlir::Type":$elementType);
  let assemblyFormat = "`<` $elementType `>`";
}

def WeftOnnx_MapType : WeftOnnx_Type<"Map", "map"> {
  let summary = "ONNX's map";
  let parameters = (ins "::mlir::Type":$keyType, "::mlir::Type":$valueType);
  let assemblyFormat = "`<` $keyType `,` $valueType `>`";
}

def WeftOnnx_SparseType : WeftOnnx_Type<"Sparse", "sparse"> {
  let summary = "ONNX's sparse tensor, with the type of the dense one it stands for";
  let parameters = (ins "::mlir::Type":$denseType);
  let assemblyFormat = "`<` $denseType `>`";
}

#endif // WEFT_ONNX_DIALECT_TD
