// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What the quantising operators share: 8-bit values as signed bytes, since that
// is what the matrix unit multiplies. An unsigned byte is its value less 128,
// and so is its zero point.

#ifndef WEFT_LIB_CONVERSION_ONNXTOLINALG_QUANTIZATION_H
#define WEFT_LIB_CONVERSION_ONNXTOLINALG_QUANTIZATION_H

#include "Lowering.h"

namespace weft::onnxtolinalg {

/// Smallest and largest value of an integer type.
std::pair<int64_t, int64_t> integerRange(mlir::Type element);

/// The tensor as signed bytes: itself, or less 128 where it is unsigned.
mlir::Value asSignedBytes(NodeLowering &n, const OnnxValue &value);
/// The unsigned bytes that asSignedBytes() takes back to `bytes`.
mlir::Value asUnsignedBytes(mlir::ImplicitLocOpBuilder &b, mlir::Value bytes);

/// round(x / scale) + zero point, saturated, as signed bytes or integers of
/// `element`; `x` and `scale` are f32 and `zero` (i32, less 128 for unsigned
/// bytes, or null) broadcast to x's shape.
mlir::Value quantize(mlir::ImplicitLocOpBuilder &b, mlir::Value x,
                     mlir::Value scale, mlir::Value zero, mlir::Type element);
/// (sum * scale) rounded and saturated likewise; `sum` is i32.
mlir::Value requantize(mlir::ImplicitLocOpBuilder &b, mlir::Value sum,
                       mlir::Value scale, mlir::Value zero, mlir::Type element);
/// Sets result `i` to signed bytes as `element`.
void setBytes(NodeLowering &n, unsigned i, mlir::Value bytes,
              mlir::Type element);

/// Zero point `i` as i32, less 128 for unsigned bytes; `element` is the type of
/// what it belongs to. Null where it is known to be zero.
mlir::Value zeroPoint(NodeLowering &n, unsigned i, mlir::Type element);
/// Whether a tensor is a constant of zeros only.
bool isZero(mlir::Value value);
/// Input `i` as f32.
mlir::Value floatInput(NodeLowering &n, unsigned i);

} // namespace weft::onnxtolinalg

#endif // WEFT_LIB_CONVERSION_ONNXTOLINALG_QUANTIZATION_H
