// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The `weft` dialect and its attributes. Where the bytes of external weights
// come from is in ExternalData.h.

#ifndef WEFT_DIALECT_WEFT_IR_WEFTDIALECT_H
#define WEFT_DIALECT_WEFT_IR_WEFTDIALECT_H

#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/Sequence.h"

#include "weft/Machine/Layout.h"

#include "weft/Dialect/Weft/IR/WeftDialect.h.inc"

#define GET_ATTRDEF_CLASSES
#include "weft/Dialect/Weft/IR/WeftAttrs.h.inc"

namespace weft {

/// Name of the module attribute that says in which directory the files of
/// `#weft.external` are.
inline constexpr llvm::StringLiteral kModelDirectoryAttr =
    "weft.model_directory";
/// Name of the argument and result attribute that carries the name an input
/// or output has in the model.
inline constexpr llvm::StringLiteral kNameAttr = "weft.name";

/// Unit attribute on an argument or result of @main whose ONNX type is an
/// unsigned integer: linalg's integers have no sign.
inline constexpr llvm::StringLiteral kUnsignedAttr = "weft.unsigned";

/// A constant of the model is at loc("NAME"(loc("initializer"(...)))).
inline constexpr llvm::StringLiteral kInitializerLocation = "initializer";
/// Metadata of the fused location of a constant that the compiler made for the
/// nodes at that location: fused<"table">["NODE", ...].
inline constexpr llvm::StringLiteral kTableLocation = "table";
mlir::Location tableLocation(mlir::Location nodes);

/// Bytes that a tensor of static shape `type` takes as ONNX lays it out (a
/// boolean one byte, types below 8 bits packed), or nullopt where the shape is
/// dynamic, the element type has no size, or the size overflows 63 bits.
std::optional<int64_t> getPackedByteSize(mlir::ShapedType type);

} // namespace weft

#endif // WEFT_DIALECT_WEFT_IR_WEFTDIALECT_H
