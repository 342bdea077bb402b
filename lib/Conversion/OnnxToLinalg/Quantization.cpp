// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// QuantizeLinear, DequantizeLinear and DynamicQuantizeLinear. The arithmetic is
// ONNX Runtime's: division in f32, rounded to even, the zero point added to the
// whole number, saturated.

#include "Quantization.h"

#include "weft/Dialect/Weft/IR/ExternalData.h"
#include "weft/Transforms/ConstantTensor.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/IR/Matchers.h"

#include <limits>

using namespace mlir;
using namespace weft::onnxtolinalg;

std::pair<int64_t, int64_t> weft::onnxtolinalg::integerRange(Type element) {
  unsigned width = element.getIntOrFloatBitWidth();
  if (element.isUnsignedInteger())
    return {0, (int64_t(1) << width) - 1};
  return {-(int64_t(1) << (width - 1)), (int64_t(1) << (width - 1)) - 1};
}

static bool isUnsignedByte(Type element) {
  return element.isUnsignedInteger(8);
}

Value weft::onnxtolinalg::asSignedBytes(NodeLowering &n,
                                        const OnnxValue &value) {
  if (!isUnsignedByte(value.element))
    return value.value;
  // Weights may be too large for folding: their bytes are flipped here.
  ElementsAttr attr;
  if (matchPattern(value.value, m_Constant(&attr)) &&
      attr.getNumElements() > 1) {
    auto bytes = n.weightFiles().bytes(attr);
    if (bytes && bytes->size() == size_t(attr.getNumElements())) {
      std::vector<char> flipped(bytes->begin(), bytes->end());
      for (char &byte : flipped)
        byte = char(byte ^ 0x80);
      return arith::ConstantOp::create(
          n.b, DenseElementsAttr::getFromRawBuffer(value.type(), flipped));
    }
    if (!bytes)
      llvm::consumeError(bytes.takeError());
  }
  Type byte = n.b.getI8Type(), word = n.b.getI32Type();
  return elementwise(n.b, {value.value}, value.shape(), byte,
                     [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                       Value x = arith::ExtUIOp::create(b, loc, word, args[0]);
                       x = arith::SubIOp::create(b, loc, x,
                                                 scalar(b, loc, word, 128));
                       return arith::TruncIOp::create(b, loc, byte, x);
                     });
}

Value weft::onnxtolinalg::asUnsignedBytes(ImplicitLocOpBuilder &b,
                                          Value bytes) {
  Type byte = b.getI8Type(), word = b.getI32Type();
  return elementwise(
      b, {bytes}, byte,
      [&](OpBuilder &nested, Location loc, ValueRange args) -> Value {
        Value x = arith::ExtSIOp::create(nested, loc, word, args[0]);
        x = arith::AddIOp::create(nested, loc, x,
                                  scalar(nested, loc, word, 128));
        return arith::TruncIOp::create(nested, loc, byte, x);
      });
}

void weft::onnxtolinalg::setBytes(NodeLowering &n, unsigned i, Value bytes,
                                  Type element) {
  n.set(i, isUnsignedByte(element) ? asUnsignedBytes(n.b, bytes) : bytes,
        element);
}

bool weft::onnxtolinalg::isZero(Value value) {
  DenseElementsAttr attr;
  return matchPattern(value, m_Constant(&attr)) && attr.isSplat() &&
         isa<IntegerType>(attr.getElementType()) &&
         attr.getSplatValue<APInt>().isZero();
}

Value weft::onnxtolinalg::floatInput(NodeLowering &n, unsigned i) {
  return castTo(n.b, n.in(i), n.b.getF32Type()).value;
}

Value weft::onnxtolinalg::zeroPoint(NodeLowering &n, unsigned i, Type element) {
  Type word = n.b.getI32Type();
  int64_t shift = isUnsignedByte(element) ? 128 : 0;
  if (!n.has(i))
    return shift ? splat(n.b, {}, word, -128.0) : Value();
  const OnnxValue &zero = n.in(i);
  // Known ones are rewritten here, for the sake of small bodies.
  if (auto known = n.constantInts(i)) {
    // Unsigned ones come sign-extended.
    unsigned width = zero.element.getIntOrFloatBitWidth();
    for (int64_t &v : *known) {
      if (zero.isUnsigned() && v < 0)
        v += int64_t(1) << width;
      v -= shift;
    }
    if (llvm::all_of(*known, [](int64_t v) { return v == 0; }))
      return {};
    return intConstant(n.b, *known, zero.shape(), word);
  }
  return elementwise(n.b, {zero.value}, zero.shape(), word,
                     [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                       Value x =
                           castScalar(b, loc, args[0], zero.element, word);
                       if (!shift)
                         return x;
                       return arith::SubIOp::create(
                           b, loc, x, scalar(b, loc, word, double(shift)));
                     });
}

/// Adds a zero point, as f32, to a whole number and saturates.
static Value saturate(OpBuilder &b, Location loc, Value whole, Value zero,
                      Type element) {
  Type f32 = b.getF32Type();
  if (zero)
    whole = arith::AddFOp::create(b, loc, whole, zero);
  auto [low, high] = integerRange(
      isUnsignedByte(element) ? Type(b.getIntegerType(8)) : element);
  whole = arith::MaximumFOp::create(b, loc, whole,
                                    scalar(b, loc, f32, double(low)));
  whole = arith::MinimumFOp::create(b, loc, whole,
                                    scalar(b, loc, f32, double(high)));
  // Whole already, which a zero point does not show: conversion rounds.
  if (zero)
    whole = math::RoundEvenOp::create(b, loc, whole);
  Value integer = arith::FPToSIOp::create(b, loc, b.getI32Type(), whole);
  return arith::TruncIOp::create(b, loc, signless(element), integer);
}

Value weft::onnxtolinalg::quantize(ImplicitLocOpBuilder &b, Value x,
                                   Value scale, Value zero, Type element) {
  SmallVector<Value> inputs{x, scale};
  if (zero && getElementTypeOrSelf(zero.getType()).isF32())
    inputs.push_back(zero);
  else if (zero)
    inputs.push_back(castTo(b, {zero, b.getI32Type()}, b.getF32Type()).value);
  return elementwise(
      b, inputs, cast<RankedTensorType>(x.getType()).getShape(), element,
      [&](OpBuilder &nested, Location loc, ValueRange args) {
        Value v = arith::DivFOp::create(nested, loc, args[0], args[1]);
        v = math::RoundEvenOp::create(nested, loc, v);
        return saturate(nested, loc, v, zero ? args[2] : Value(), element);
      });
}

Value weft::onnxtolinalg::requantize(ImplicitLocOpBuilder &b, Value sum,
                                     Value scale, Value zero, Type element) {
  SmallVector<Value> inputs{sum, scale};
  if (zero)
    inputs.push_back(castTo(b, {zero, b.getI32Type()}, b.getF32Type()).value);
  return elementwise(
      b, inputs, cast<RankedTensorType>(sum.getType()).getShape(), element,
      [&](OpBuilder &nested, Location loc, ValueRange args) {
        Value v =
            arith::SIToFPOp::create(nested, loc, nested.getF32Type(), args[0]);
        v = arith::MulFOp::create(nested, loc, v, args[1]);
        v = math::RoundEvenOp::create(nested, loc, v);
        return saturate(nested, loc, v, zero ? args[2] : Value(), element);
      });
}

/// A scale or zero point, one for the tensor, for each index of `axis`, or for
/// each block along it, in a shape that broadcasts to x's.
static FailureOr<Value> alongAxis(NodeLowering &n, Value value,
                                  ArrayRef<int64_t> shape, StringRef what) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getNumElements() == 1 && type.getRank() < 2)
    return reshape(n.b, value, {});
  auto axis = n.normalizeAxis(n.intAttr("axis", 1), int64_t(shape.size()));
  if (failed(axis))
    return failure();
  int64_t block = n.intAttr("block_size", 0);
  Shape own(shape.size(), 1);
  if (block == 0 && type.getRank() == 1) {
    own[*axis] = shape[*axis];
    if (type.getNumElements() != shape[*axis])
      return n.invalid("expected a " + what + " for each of the " +
                       Twine(shape[*axis]) + " indices of axis " +
                       Twine(*axis) + ", found " +
                       Twine(type.getNumElements()));
    return reshape(n.b, value, own);
  }
  own.assign(shape.begin(), shape.end());
  if (block > 0)
    own[*axis] = (shape[*axis] + block - 1) / block;
  if (block <= 0 || type.getShape() != ArrayRef(own) ||
      shape[*axis] % block != 0)
    return n.invalid("expected one " + what + ", one for each index of axis " +
                     Twine(*axis) + ", or one for each whole block along it");
  // Each repeated over its block.
  Shape split(own), repeated(own);
  split.insert(split.begin() + *axis + 1, 1);
  repeated.insert(repeated.begin() + *axis + 1, block);
  return reshape(n.b, broadcastTo(n.b, reshape(n.b, value, split), repeated),
                 shape);
}

/// ONNX's number of a type of up to 16 bits.
static Type quantizedType(Builder &b, int64_t code) {
  switch (code) {
  case 2:
    return b.getIntegerType(8, false);
  case 3:
    return b.getI8Type();
  case 4:
    return b.getIntegerType(16, false);
  case 5:
    return b.getI16Type();
  default:
    return nullptr;
  }
}

static LogicalResult lowerQuantizeLinear(NodeLowering &n) {
  if (failed(n.needInputs(2)))
    return failure();
  Type element = n.b.getIntegerType(8, false);
  if (n.has(2))
    element = n.in(2).element;
  else if (int64_t code = n.intAttr("output_dtype", 0))
    element = quantizedType(n.b, code);
  auto integer = dyn_cast_or_null<IntegerType>(element);
  if (!integer || (integer.getWidth() != 8 && integer.getWidth() != 16))
    return n.unsupported("expected a result of 8 or 16 bit integers");
  auto scale = alongAxis(n, floatInput(n, 1), n.in(0).shape(), "scale");
  if (failed(scale))
    return failure();
  Value zero = zeroPoint(n, 2, element);
  if (zero) {
    auto shaped = alongAxis(n, zero, n.in(0).shape(), "zero point");
    if (failed(shaped))
      return failure();
    zero = *shaped;
  }
  setBytes(n, 0, quantize(n.b, floatInput(n, 0), *scale, zero, element),
           element);
  return success();
}

static LogicalResult lowerDequantizeLinear(NodeLowering &n) {
  if (failed(n.needInputs(2)))
    return failure();
  const OnnxValue &x = n.in(0);
  auto integer = dyn_cast<IntegerType>(x.element);
  if (!integer || integer.getWidth() < 8 || integer.getWidth() > 32)
    return n.unsupported("expected integers of 8 to 32 bits");
  Type word = n.b.getI32Type();
  bool byte = integer.getWidth() == 8;
  Value q = byte ? asSignedBytes(n, x) : x.value;
  Type from = byte ? Type(n.b.getI8Type()) : x.element;
  auto scale = alongAxis(n, floatInput(n, 1), x.shape(), "scale");
  if (failed(scale))
    return failure();
  SmallVector<Value> inputs{q, *scale};
  Value zero = zeroPoint(n, 2, x.element);
  if (zero) {
    auto shaped = alongAxis(n, zero, x.shape(), "zero point");
    if (failed(shaped))
      return failure();
    inputs.push_back(*shaped);
  }
  Type result = n.in(1).element;
  Value out =
      elementwise(n.b, inputs, x.shape(), result,
                  [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                    Value v = castScalar(b, loc, args[0], from, word);
                    if (zero)
                      v = arith::SubIOp::create(b, loc, v, args[2]);
                    v = arith::SIToFPOp::create(b, loc, b.getF32Type(), v);
                    v = arith::MulFOp::create(b, loc, v, args[1]);
                    return castScalar(b, loc, v, b.getF32Type(), result);
                  });
  n.set(0, out, result);
  return success();
}

/// The largest (or smallest) element, as a tensor of rank 0. All dimensions
/// but the last go first: they are where vectors follow each other.
static Value extreme(ImplicitLocOpBuilder &b, const OnnxValue &x,
                     bool largest) {
  double end = std::numeric_limits<double>::infinity();
  auto init = b.getF32FloatAttr(largest ? float(-end) : float(end));
  auto body = [&](OpBuilder &nested, Location loc, ValueRange args) -> Value {
    return largest ? maxScalars(nested, loc, args[0], args[1], false)
                   : minScalars(nested, loc, args[0], args[1], false);
  };
  Value v = x.value;
  if (x.rank() > 1) {
    SmallVector<int64_t> leading;
    for (int64_t d = 0; d + 1 < x.rank(); ++d)
      leading.push_back(d);
    v = reduce(b, v, leading, init, body);
  }
  return x.rank() > 0 ? reduce(b, v, {0}, init, body) : v;
}

/// y = saturate(round(x / scale) + zero point), with a scale that takes the
/// range of x, widened to include 0, to 0 ... 255.
static LogicalResult lowerDynamicQuantizeLinear(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  auto &b = n.b;
  Type f32 = b.getF32Type(), byte = b.getIntegerType(8, false);
  if (!n.in(0).element.isF32())
    return n.unsupported("expected a tensor of float");
  Value low = extreme(b, n.in(0), false), high = extreme(b, n.in(0), true);
  Type word = b.getI32Type();
  // Scale and zero point are both computed from the extremes: neither waits.
  auto scaleOf = [&](OpBuilder &nested, Location loc, Value from, Value to) {
    Value range = arith::SubFOp::create(nested, loc, to, from);
    Value s = arith::DivFOp::create(nested, loc, range,
                                    scalar(nested, loc, f32, 255.0));
    // An empty range has scale 1.
    Value empty = arith::CmpFOp::create(nested, loc, arith::CmpFPredicate::OEQ,
                                        range, scalar(nested, loc, f32, 0.0));
    return arith::SelectOp::create(nested, loc, empty,
                                   scalar(nested, loc, f32, 1.0), s);
  };
  auto fromExtremes = [&](Type element, auto body) {
    return elementwise(
        b, {low, high}, element,
        [&](OpBuilder &nested, Location loc, ValueRange args) -> Value {
          Value none = scalar(nested, loc, f32, 0.0);
          Value from = minScalars(nested, loc, args[0], none, false),
                to = maxScalars(nested, loc, args[1], none, false);
          return body(nested, loc, from, to);
        });
  };
  Value scale = fromExtremes(f32, scaleOf);
  // The zero point is -from / scale, which lies between 0 and 255 since `from`
  // is not above 0 and the range not less than -from. It is a float, less 128
  // as everything that is unsigned.
  Value zero = fromExtremes(
      f32, [&](OpBuilder &nested, Location loc, Value from, Value to) -> Value {
        Value z = arith::DivFOp::create(nested, loc, from,
                                        scaleOf(nested, loc, from, to));
        z = math::RoundEvenOp::create(nested, loc, z);
        return arith::SubFOp::create(nested, loc,
                                     scalar(nested, loc, f32, -128.0), z);
      });
  setBytes(n, 0, quantize(b, n.in(0).value, scale, zero, byte), byte);
  n.set(1, scale, f32);
  if (n.hasResult(2))
    n.set(2,
          elementwise(b, {zero}, b.getI8Type(),
                      [&](OpBuilder &nested, Location loc, ValueRange args) {
                        Value z = arith::AddFOp::create(
                            nested, loc, args[0],
                            scalar(nested, loc, f32, 128.0));
                        z = math::RoundEvenOp::create(nested, loc, z);
                        z = arith::FPToSIOp::create(nested, loc, word, z);
                        return arith::TruncIOp::create(nested, loc,
                                                       nested.getI8Type(), z);
                      }),
          byte);
  return success();
}

void weft::onnxtolinalg::addQuantizationLowerings(LoweringTable &table) {
  table.push_back({"QuantizeLinear", "", 10, kLatest, lowerQuantizeLinear});
  table.push_back({"DequantizeLinear", "", 10, kLatest, lowerDequantizeLinear});
  table.push_back(
      {"DynamicQuantizeLinear", "", 11, kLatest, lowerDynamicQuantizeLinear});
  // Exporters write the contrib operators of older ONNX Runtimes, which differ
  // in the default of `axis` alone.
  table.push_back(
      {"QuantizeLinear", "com.microsoft", 1, kLatest, lowerQuantizeLinear});
  table.push_back(
      {"DequantizeLinear", "com.microsoft", 1, kLatest, lowerDequantizeLinear});
}
