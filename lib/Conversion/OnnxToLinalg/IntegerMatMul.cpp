// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// MatMulInteger, QLinearMatMul, com.microsoft's QGemm and products of
// dequantised tensors. The products are of signed bytes as they are; zero
// points come in afterwards:
//   sum (a - za)(b - zb) = sum a b - za (sum b - K zb) - zb sum a
// where sums over a constant b are constants, and nothing is left of a term
// whose zero point is 0.

#include "Quantization.h"

#include "weft/Dialect/Weft/IR/ExternalData.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

#include <numeric>

using namespace mlir;
using namespace weft::onnxtolinalg;

namespace {
/// A matrix of signed bytes, perhaps in a batch, and its zero point (i32, or
/// null for 0) in a shape that broadcasts to a's rows or b's columns.
struct Bytes {
  OnnxValue value;
  Value zero;
};
} // namespace

/// Input `i` as signed bytes with the zero point that is input `zeroInput`.
static FailureOr<Bytes> bytesOf(NodeLowering &n, unsigned i,
                                unsigned zeroInput) {
  const OnnxValue &x = n.in(i);
  if (!isa<IntegerType>(x.element) || x.element.getIntOrFloatBitWidth() != 8)
    return n.unsupported("expected integers of 8 bits");
  Bytes bytes;
  bytes.value = {asSignedBytes(n, x), n.b.getI8Type()};
  bytes.zero = zeroPoint(n, zeroInput, x.element);
  return bytes;
}

/// A zero point of rank 1 or more numbers rows of a: [M] becomes [M x 1].
static Value forRows(ImplicitLocOpBuilder &b, Value zero) {
  auto type = cast<RankedTensorType>(zero.getType());
  if (type.getNumElements() == 1)
    return reshape(b, zero, {});
  if (type.getRank() != 1)
    return zero;
  return reshape(b, zero, {type.getDimSize(0), 1});
}

static Value forColumns(ImplicitLocOpBuilder &b, Value zero) {
  auto type = cast<RankedTensorType>(zero.getType());
  return type.getNumElements() == 1 ? reshape(b, zero, {}) : zero;
}

static Value
arithmetic(ImplicitLocOpBuilder &b, Value x, Value y,
           function_ref<Value(OpBuilder &, Location, Value, Value)> combine) {
  return elementwise(b, {x, y}, b.getI32Type(),
                     [&](OpBuilder &nested, Location loc, ValueRange args) {
                       return combine(nested, loc, args[0], args[1]);
                     });
}
static Value times(ImplicitLocOpBuilder &b, Value x, Value y) {
  return arithmetic(
      b, x, y, [](OpBuilder &nested, Location loc, Value p, Value q) -> Value {
        return arith::MulIOp::create(nested, loc, p, q);
      });
}
static Value minus(ImplicitLocOpBuilder &b, Value x, Value y) {
  return arithmetic(
      b, x, y, [](OpBuilder &nested, Location loc, Value p, Value q) -> Value {
        return arith::SubIOp::create(nested, loc, p, q);
      });
}

/// x - y z, in x's shape.
static Value minusProduct(ImplicitLocOpBuilder &b, Value x, Value y, Value z) {
  return elementwise(
      b, {x, y, z}, cast<RankedTensorType>(x.getType()).getShape(),
      b.getI32Type(),
      [](OpBuilder &nested, Location loc, ValueRange args) -> Value {
        return arith::SubIOp::create(
            nested, loc, args[0],
            arith::MulIOp::create(nested, loc, args[1], args[2]));
      });
}

/// Sums of the columns of a constant [... x K x N] as [... x 1 x N]; null for
/// what is no constant in memory.
static Value constantColumnSums(NodeLowering &n, const OnnxValue &x) {
  ElementsAttr attr;
  if (x.rank() < 2 || !matchPattern(x.value, m_Constant(&attr)))
    return {};
  auto dense = dyn_cast<DenseElementsAttr>(attr);
  auto bytes = n.weightFiles().bytes(attr);
  bool whole = bytes && int64_t(bytes->size()) == attr.getNumElements();
  if (!bytes)
    llvm::consumeError(bytes.takeError());
  if (!whole || (dense && dense.isSplat()))
    return {};
  int64_t k = x.shape()[x.rank() - 2], columns = x.shape()[x.rank() - 1];
  if (k == 0 || columns == 0)
    return {};
  int64_t batch = attr.getNumElements() / (k * columns);
  SmallVector<int64_t> sums(size_t(batch * columns), 0);
  const char *data = bytes->data();
  for (int64_t m = 0; m < batch; ++m)
    for (int64_t row = 0; row < k; ++row)
      for (int64_t c = 0; c < columns; ++c)
        sums[size_t(m * columns + c)] += int8_t(*data++);
  Shape shape(x.shape());
  shape[x.rank() - 2] = 1;
  return intConstant(n.b, sums, shape, n.b.getI32Type());
}

/// Sums over K of one operand, by a product with ones: of a's rows as
/// [... x M x 1], of b's columns as [... x 1 x N].
static FailureOr<Value> sums(NodeLowering &n, const OnnxValue &x, bool rows) {
  if (!rows)
    if (Value known = constantColumnSums(n, x))
      return known;
  int64_t k = rows || x.rank() < 2 ? x.shape().back() : x.shape()[x.rank() - 2];
  Shape shape = rows ? Shape{k, 1} : Shape{1, k};
  OnnxValue ones{splat(n.b, shape, n.b.getI8Type(), 1.0), n.b.getI8Type()};
  return rows ? matMul(n, x, ones) : matMul(n, ones, x);
}

/// A constant b less its zero points where that fits bytes: no correction is
/// needed then.
static void absorbZeroPoint(NodeLowering &n, Bytes &x) {
  ElementsAttr attr;
  DenseElementsAttr zero;
  if (!x.zero || !matchPattern(x.value.value, m_Constant(&attr)) ||
      !matchPattern(x.zero, m_Constant(&zero)))
    return;
  auto bytes = n.weightFiles().bytes(attr);
  bool whole = bytes && int64_t(bytes->size()) == attr.getNumElements();
  if (!bytes)
    llvm::consumeError(bytes.takeError());
  int64_t columns = x.value.shape().empty() ? 0 : x.value.shape().back();
  if (!whole ||
      (zero.getNumElements() != 1 && zero.getNumElements() != columns))
    return;
  SmallVector<int64_t> points;
  for (APInt v : zero.getValues<APInt>())
    points.push_back(v.getSExtValue());
  std::vector<char> shifted(bytes->begin(), bytes->end());
  for (size_t i = 0; i < shifted.size(); ++i) {
    int64_t v = int8_t(shifted[i]) -
                points[points.size() == 1 ? 0 : i % size_t(columns)];
    if (v < -128 || v > 127)
      return;
    shifted[i] = char(v);
  }
  x.value.value = arith::ConstantOp::create(
      n.b, DenseElementsAttr::getFromRawBuffer(x.value.type(), shifted));
  x.zero = {};
}

/// sum (a - za)(b - zb) as i32.
static FailureOr<Value> integerProduct(NodeLowering &n, Bytes a, Bytes b) {
  absorbZeroPoint(n, b);
  auto product = matMul(n, a.value, b.value);
  if (failed(product))
    return failure();
  Value result = *product;
  // Of two vectors, or of a vector and matrices, rows or columns are missing.
  bool noRows = a.value.rank() == 1, noColumns = b.value.rank() == 1;
  auto fitted = [&](Value sum, bool rows) -> Value {
    Shape shape(cast<RankedTensorType>(sum.getType()).getShape());
    if (rows && noRows && shape.size() == 1)
      return reshape(n.b, sum, {});
    if (rows && noColumns)
      shape.pop_back();
    if (!rows && noRows && shape.size() > 1 && !noColumns)
      shape.erase(shape.end() - 2);
    if (!rows && noColumns)
      shape.pop_back();
    return reshape(n.b, sum, shape);
  };
  if (a.zero) {
    auto columns = sums(n, b.value, false);
    if (failed(columns))
      return failure();
    Value sum = fitted(*columns, false);
    if (b.zero) {
      int64_t k = a.value.shape().back();
      Value all = splat(n.b, {}, n.b.getI32Type(), double(k));
      sum = minus(n.b, sum, times(n.b, forColumns(n.b, b.zero), all));
    }
    Value zero = forRows(n.b, a.zero);
    DenseElementsAttr known;
    if (matchPattern(zero, m_Constant(&known)))
      result = minus(n.b, result, times(n.b, sum, zero));
    else
      result = minusProduct(n.b, result, sum, zero);
  }
  if (b.zero) {
    auto rows = sums(n, a.value, true);
    if (failed(rows))
      return failure();
    result =
        minusProduct(n.b, result, fitted(*rows, true), forColumns(n.b, b.zero));
  }
  return result;
}

static Value timesScale(ImplicitLocOpBuilder &b, Value x, Value y) {
  return elementwise(
      b, {x, y}, b.getF32Type(),
      [](OpBuilder &nested, Location loc, ValueRange args) -> Value {
        return arith::MulFOp::create(nested, loc, args[0], args[1]);
      });
}
static Value divideScale(ImplicitLocOpBuilder &b, Value x, Value y) {
  return elementwise(
      b, {x, y}, b.getF32Type(),
      [](OpBuilder &nested, Location loc, ValueRange args) -> Value {
        return arith::DivFOp::create(nested, loc, args[0], args[1]);
      });
}

static LogicalResult lowerMatMulInteger(NodeLowering &n) {
  if (failed(n.needInputs(2)))
    return failure();
  auto a = bytesOf(n, 0, 2), b = bytesOf(n, 1, 3);
  if (failed(a) || failed(b))
    return failure();
  auto product = integerProduct(n, *a, *b);
  if (failed(product))
    return failure();
  n.set(0, *product, n.b.getI32Type());
  return success();
}

/// A scale of one number has no shape, others are for columns (or rows).
static Value scaleInput(NodeLowering &n, unsigned i, bool rows) {
  Value scale = floatInput(n, i);
  return rows ? forRows(n.b, scale) : forColumns(n.b, scale);
}

/// round(sum * (sa * sb / sy)) + zy, the scales combined in f32.
static LogicalResult lowerQLinearMatMul(NodeLowering &n) {
  if (failed(n.needInputs(8)))
    return failure();
  auto a = bytesOf(n, 0, 2), b = bytesOf(n, 3, 5);
  if (failed(a) || failed(b))
    return failure();
  Type element = n.in(7).element;
  if (!isa<IntegerType>(element) || element.getIntOrFloatBitWidth() != 8)
    return n.unsupported("expected a result of 8 bit integers");
  auto product = integerProduct(n, *a, *b);
  if (failed(product))
    return failure();
  Value scale =
      timesScale(n.b, scaleInput(n, 1, true), scaleInput(n, 4, false));
  scale = divideScale(n.b, scale, scaleInput(n, 6, true));
  Value zero = zeroPoint(n, 7, element);
  if (zero)
    zero = forRows(n.b, zero);
  setBytes(n, 0, requantize(n.b, *product, scale, zero, element), element);
  return success();
}

/// `x` transposed where the attribute says so.
static LogicalResult transposeInput(NodeLowering &n, Bytes &x, StringRef flag) {
  if (x.value.rank() != 2)
    return n.invalid("expected two matrices");
  if (n.intAttr(flag, 0) != 0)
    x.value.value = transpose(n.b, x.value.value, {1, 0});
  return success();
}

/// com.microsoft.QGemm: round((sum + C) * (alpha * sa * sb / sy)) + zy, or
/// without sy the f32 (sum + C) * (alpha * sa * sb); C is i32.
static LogicalResult lowerQGemm(NodeLowering &n) {
  if (failed(n.needInputs(6)))
    return failure();
  auto a = bytesOf(n, 0, 2), b = bytesOf(n, 3, 5);
  if (failed(a) || failed(b) || failed(transposeInput(n, *a, "transA")) ||
      failed(transposeInput(n, *b, "transB")))
    return failure();
  auto product = integerProduct(n, *a, *b);
  if (failed(product))
    return failure();
  Value sum = *product;
  auto shape = cast<RankedTensorType>(sum.getType()).getShape();
  if (n.has(6)) {
    if (!n.in(6).element.isInteger(32) ||
        broadcastShapes(shape, n.in(6).shape()) !=
            std::optional<Shape>(Shape(shape)))
      return n.invalid("expected C of int32 that broadcasts to the product");
    sum = arithmetic(n.b, sum, n.in(6).value,
                     [](OpBuilder &nested, Location loc, Value p, Value q) {
                       return addScalars(nested, loc, p, q);
                     });
  }
  Value scale = scaleInput(n, 1, true);
  if (float alpha = n.floatAttr("alpha", 1.0f); alpha != 1.0f)
    scale = timesScale(n.b, splat(n.b, {}, n.b.getF32Type(), alpha), scale);
  scale = timesScale(n.b, scale, scaleInput(n, 4, false));
  if (n.has(7)) {
    scale = divideScale(n.b, scale, scaleInput(n, 7, true));
    Type element =
        n.has(8) ? n.in(8).element : Type(n.b.getIntegerType(8, false));
    Value zero = zeroPoint(n, 8, element);
    if (zero)
      zero = forRows(n.b, zero);
    setBytes(n, 0, requantize(n.b, sum, scale, zero, element), element);
    return success();
  }
  Value wide = castTo(n.b, {sum, n.b.getI32Type()}, n.b.getF32Type()).value;
  n.set(0, timesScale(n.b, wide, scale), n.b.getF32Type());
  return success();
}

/// The internal products of dequantised tensors: sum * (sa * sb), and Gemm's
/// alpha, beta and C.
static LogicalResult lowerDequantizedProduct(NodeLowering &n) {
  auto a = bytesOf(n, 0, 2), b = bytesOf(n, 3, 5);
  if (failed(a) || failed(b))
    return failure();
  bool gemm = n.node.is("Gemm", kInternalDomain);
  if (gemm && (failed(transposeInput(n, *a, "transA")) ||
               failed(transposeInput(n, *b, "transB"))))
    return failure();
  auto product = integerProduct(n, *a, *b);
  if (failed(product))
    return failure();
  Type f32 = n.b.getF32Type();
  Value scale =
      timesScale(n.b, scaleInput(n, 1, true), scaleInput(n, 4, false));
  if (float alpha = n.floatAttr("alpha", 1.0f); gemm && alpha != 1.0f)
    scale = timesScale(n.b, scale, splat(n.b, {}, f32, alpha));
  Value result = timesScale(
      n.b, castTo(n.b, {*product, n.b.getI32Type()}, f32).value, scale);
  float beta = n.floatAttr("beta", 1.0f);
  if (gemm && n.has(6) && beta != 0.0f) {
    auto shape = cast<RankedTensorType>(result.getType()).getShape();
    if (!n.in(6).element.isF32() || broadcastShapes(shape, n.in(6).shape()) !=
                                        std::optional<Shape>(Shape(shape)))
      return n.invalid("expected C to broadcast to the product");
    result = elementwise(
        n.b, {result, n.in(6).value}, f32,
        [&](OpBuilder &nested, Location loc, ValueRange args) -> Value {
          Value c = args[1];
          if (beta != 1.0f)
            c = arith::MulFOp::create(nested, loc, c,
                                      scalar(nested, loc, f32, beta));
          return arith::AddFOp::create(nested, loc, args[0], c);
        });
  }
  n.set(0, result, f32);
  return success();
}

void weft::onnxtolinalg::addIntegerMatMulLowerings(LoweringTable &table) {
  table.push_back({"MatMulInteger", "", 10, kLatest, lowerMatMulInteger});
  table.push_back({"QLinearMatMul", "", 10, kLatest, lowerQLinearMatMul});
  table.push_back({"QGemm", "com.microsoft", 1, kLatest, lowerQGemm});
  table.push_back(
      {"MatMul", kInternalDomain, 1, kLatest, lowerDequantizedProduct});
  table.push_back(
      {"Gemm", kInternalDomain, 1, kLatest, lowerDequantizedProduct});
}
