// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The `weft_onnx` dialect, its types, and the names of the attributes that an
// imported module carries.

#ifndef WEFT_DIALECT_WEFTONNX_IR_WEFTONNXDIALECT_H
#define WEFT_DIALECT_WEFTONNX_IR_WEFTONNXDIALECT_H

#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"

#include "weft/Dialect/WeftOnnx/IR/WeftOnnxDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "weft/Dialect/WeftOnnx/IR/WeftOnnxTypes.h.inc"

namespace weft::onnxir {

/// On the module: i64.
inline constexpr llvm::StringLiteral kIrVersionAttr = "weft_onnx.ir_version";
/// On the module: a dictionary from domain to i64.
inline constexpr llvm::StringLiteral kOpsetsAttr = "weft_onnx.opsets";
/// On arguments and results of @main: an array with, for every dimension, its
/// symbolic name, its size, or unit.
inline constexpr llvm::StringLiteral kDimsAttr = "weft_onnx.dims";

} // namespace weft::onnxir

#endif // WEFT_DIALECT_WEFTONNX_IR_WEFTONNXDIALECT_H
