// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Attributes of the `weft` dialect. What the bytes behind an external weight
// are is decided in ExternalData.h.

#ifndef WEFT_ATTRS_TD
#define WEFT_ATTRS_TD

include "WeftDialect.td"
include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "LayoutAttr.td"

def Weft_ExternalElementsAttr
    : AttrDef<WeftDialect, "ExternalElements", [ElementsAttrInterface]> {
  let mnemonic = "external";
  let summary = "a tensor whose bytes are in a file of the model's directory";
  let description = [{
    `#weft.external<"model.onnx", 4096, 64> : tensor<4x4xf32>` is the tensor whose
    little-endian bytes, in row-major order, start at byte 4096 of the file and
    are 64 bytes long. The file's name is relative to the directory named by
    the module's `weft.model_directory`. A boolean takes one byte; types of 2
    and 4 bits are packed, the first element in the lowest bits (as in ONNX).

    The attribute does not know its values; `weft::WeightFiles` maps the file
    when somebody needs them. Iterating over it as attributes gives null for
    each: that is how a folder that asks for an element (tensor.extract's) learns
    that it cannot fold, where an attribute without iteration would be fatal.
  }];
  let parameters = (ins
    AttributeSelfTypeParameter<"", "::mlir::ShapedType">:$type,
    "::mlir::StringAttr":$file,
    "int64_t":$offset,
    "int64_t":$length);
  let builders = [
    AttrBuilderWithInferredContext<(ins "::mlir::ShapedType":$type,
                                        "::mlir::StringAttr":$file,
                                        "int64_t":$offset, "int64_t":$length), [{
      return $_get(type.getContext(), type, file, offset, length);
    }]>
  ];
  let assemblyFormat = "`<` $file `,` $offset `,` $length `>`";
  let extraClassDeclaration = [{
    using NonContiguousIterableTypesT = std::tuple<::mlir::Attribute>;
    auto try_value_begin_impl(OverloadToken<::mlir::Attribute>) const {
      auto unknown = llvm::map_range(
          llvm::seq<int64_t>(0, getNumElements()),
          [](int64_t) { return ::mlir::Attribute(); }).begin();
      return ::mlir::FailureOr<decltype(unknown)>(std::move(unknown));
    }
    /// Nobody has looked.
    bool isSplat() const { return false; }
  }];
  let genVerifyDecl = 1;
}

#endif // WEFT_ATTRS_TD
