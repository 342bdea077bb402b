// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Operations of the `weft_onnx` dialect.

#ifndef WEFT_ONNX_OPS_TD
#define WEFT_ONNX_OPS_TD

include "WeftOnnxDialect.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/ControlFlowInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class WeftOnnx_Op<string opMnemonic, list<Trait> traits = []>
    : Op<WeftOnnxDialect, opMnemonic, traits>;

def WeftOnnx_NodeOp : WeftOnnx_Op<"node", [
    DeclareOpInterfaceMethods<MemoryEffectsOpInterface>]> {
  let summary = "one node of an ONNX graph";
  let description = [{
    ```mlir
    %y = weft_onnx.node "Softmax"(%x) opset 13 attrs {axis = -1 : i64}
      : (tensor<?x?xf32>) -> !weft_onnx.unknown
    %z = weft_onnx.node "Gelu" domain "com.microsoft"(%y) opset 1
      : (!weft_onnx.unknown) -> !weft_onnx.unknown
    ```

    `opset` is the version of the operator's domain that the model imports; a
    domain that the model uses without importing it has version 1. The default
    domain is spelled "".

    An input that is left out is the result of `weft_onnx.absent`. Inputs left
    out at the end are not there at all.

    `attrs` holds the node's attributes, except graphs: int as i64, float as
    f32, string as a string, ints as `array<i64: ...>`, floats as an array of
    f32 (`array<f32>` without entries), strings as an array of strings, a
    tensor as a dense or an external elements attribute, lists of tensors as
    arrays, a sparse tensor as a dictionary of `values`, `indices` and `dims`,
    a type as a type.

    Graphs are regions; `subgraphs` names the attribute that each comes from
    (an attribute that is a list of graphs appears once per graph, as
    "name[i]"). Their blocks take the graph's inputs as arguments, may use any
    value of the graphs around them, and end in `weft_onnx.yield`.
  }];
  let arguments = (ins StrAttr:$op_type,
                       DefaultValuedStrAttr<StrAttr, "">:$domain,
                       I64Attr:$opset,
                       OptionalAttr<DictionaryAttr>:$attrs,
                       OptionalAttr<StrArrayAttr>:$subgraphs,
                       Variadic<AnyType>:$inputs);
  let results = (outs Variadic<AnyType>:$outputs);
  let regions = (region VariadicRegion<AnyRegion>:$bodies);
  let assemblyFormat = [{
    $op_type (`domain` $domain^)? `(` $inputs `)` `opset` $opset
    (`attrs` $attrs^)? (`subgraphs` $subgraphs^ $bodies)? attr-dict
    `:` functional-type($inputs, $outputs)
  }];
  let hasVerifier = 1;
  let extraClassDeclaration = [{
    /// Whether the node is operator `type` of domain `inDomain`.
    bool is(::llvm::StringRef type, ::llvm::StringRef inDomain = "") {
      return getOpType() == type && getDomain() == inDomain;
    }
    /// Input `index`, or null where it was left out.
    ::mlir::Value getInputOrNull(unsigned index);
    /// Attribute `name`, or null.
    ::mlir::Attribute getNodeAttr(::llvm::StringRef name);
    /// Attribute `name` as one of ONNX's kinds; nullopt or null where it is
    /// absent or of another kind.
    std::optional<int64_t> getIntAttr(::llvm::StringRef name);
    std::optional<float> getFloatAttr(::llvm::StringRef name);
    std::optional<::llvm::StringRef> getStringAttr(::llvm::StringRef name);
    std::optional<::llvm::ArrayRef<int64_t>> getIntsAttr(::llvm::StringRef name);
    std::optional<::llvm::SmallVector<float>> getFloatsAttr(::llvm::StringRef name);
    ::mlir::ElementsAttr getTensorAttr(::llvm::StringRef name);
    /// The region that attribute `name` is, or null.
    ::mlir::Region *getSubgraph(::llvm::StringRef name);
  }];
}

def WeftOnnx_AbsentOp : WeftOnnx_Op<"absent", [Pure]> {
  let summary = "stands for an optional input that is left out";
  let results = (outs NoneType:$result);
  let assemblyFormat = "attr-dict `:` type($result)";
}

def WeftOnnx_YieldOp : WeftOnnx_Op<"yield", [Pure, Terminator, ReturnLike]> {
  let summary = "the outputs of a subgraph";
  let arguments = (ins Variadic<AnyType>:$outputs);
  let assemblyFormat = "($outputs^ `:` type($outputs))? attr-dict";
}

#endif // WEFT_ONNX_OPS_TD
