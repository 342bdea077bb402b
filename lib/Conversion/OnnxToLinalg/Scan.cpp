// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Operators built on a constant pattern of positions: CumSum is a product with
// a triangular matrix, OneHot a comparison with 0, 1, 2, ..., Trilu a choice by
// a triangular mask.

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace weft::onnxtolinalg;

/// out[.., j, ..] = sum over i of x[.., i, ..] * T[i, j], where T[i, j] is 1
/// for the positions i that end at j (before it, if exclusive; after, if
/// reverse).
static LogicalResult lowerCumSum(NodeLowering &n) {
  if (failed(n.needInputs(2)))
    return failure();
  const OnnxValue &x = n.in(0);
  auto given = n.requireInts(1, "the axis");
  if (failed(given))
    return failure();
  if (given->size() != 1)
    return n.invalid("expected one axis");
  auto axis = n.normalizeAxis(given->front(), x.rank());
  if (failed(axis))
    return failure();
  bool exclusive = n.intAttr("exclusive", 0) != 0;
  bool reverse = n.intAttr("reverse", 0) != 0;
  int64_t size = x.shape()[*axis];
  // The sum is a product with a triangle of ones, a weight of size * size.
  constexpr int64_t limit = 1 << 13;
  if (size > limit)
    return n.unsupported("expected an axis of at most " + Twine(limit) +
                         " elements, found " + Twine(size));
  SmallVector<int64_t> triangle;
  for (int64_t i = 0; i < size; ++i)
    for (int64_t j = 0; j < size; ++j) {
      int64_t ahead = reverse ? i - j : j - i;
      triangle.push_back(exclusive ? ahead > 0 : ahead >= 0);
    }
  Value matrix = intConstant(n.b, triangle, {size, size}, x.element);
  auto rank = static_cast<unsigned>(x.rank());
  SmallVector<unsigned> xDims, outDims;
  for (unsigned d = 0; d < rank; ++d) {
    xDims.push_back(d == *axis ? rank : d);
    outDims.push_back(d);
  }
  n.set(0,
        contract(n.b, x.value, xDims, matrix,
                 {rank, static_cast<unsigned>(*axis)}, outDims, rank + 1),
        x.element);
  return success();
}

static LogicalResult lowerOneHot(NodeLowering &n) {
  if (failed(n.needInputs(3)))
    return failure();
  const OnnxValue &indices = n.in(0), &values = n.in(2);
  int64_t depth = 0;
  if (auto ints = n.constantInts(1); ints && ints->size() == 1)
    depth = ints->front();
  else if (auto floats = n.constantFloats(1); floats && floats->size() == 1)
    depth = static_cast<int64_t>(floats->front());
  else
    return n.dependsOnInputs("the depth");
  if (depth < 0 || values.rank() != 1 || values.shape()[0] != 2)
    return n.invalid("expected a depth that is not negative and two values");
  auto axis = n.normalizeAxis(n.intAttr("axis", -1), indices.rank() + 1);
  if (failed(axis))
    return failure();
  Shape shape(indices.shape());
  shape.insert(shape.begin() + *axis, depth);
  Shape iotaShape(shape.size(), 1);
  iotaShape[*axis] = depth;
  // An index that is not whole hits nothing, so floats are compared as such.
  Value iota = intConstant(n.b, llvm::to_vector(llvm::seq<int64_t>(0, depth)),
                           iotaShape, indices.element);
  Value spread = reshape(n.b, indices.value, keepDims(shape, *axis));
  auto pick = [&](int64_t at) {
    return reshape(n.b, extractSlice(n.b, values.value, at, 1, 1), {});
  };
  Value off = pick(0), on = pick(1);
  Value result = elementwise(
      n.b, {spread, iota, off, on}, shape, values.element,
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        Value index = args[0], hit;
        Value size =
            scalar(b, loc, indices.element, static_cast<double>(depth));
        Value zero = scalar(b, loc, indices.element, 0.0);
        Value fromEnd = addScalars(b, loc, index, size);
        if (indices.isFloat()) {
          Value negative = arith::CmpFOp::create(
              b, loc, arith::CmpFPredicate::OLT, index, zero);
          index = arith::SelectOp::create(b, loc, negative, fromEnd, index);
          hit = arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, index,
                                      args[1]);
        } else {
          if (!indices.isUnsigned()) {
            Value negative = arith::CmpIOp::create(
                b, loc, arith::CmpIPredicate::slt, index, zero);
            index = arith::SelectOp::create(b, loc, negative, fromEnd, index);
          }
          hit = arith::CmpIOp::create(b, loc, arith::CmpIPredicate::eq, index,
                                      args[1]);
        }
        return arith::SelectOp::create(b, loc, hit, args[3], args[2]);
      });
  n.set(0, result, values.element);
  return success();
}

static LogicalResult lowerTrilu(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  const OnnxValue &x = n.in(0);
  if (x.rank() < 2)
    return n.invalid("expected matrices, found rank " + Twine(x.rank()));
  int64_t k = 0;
  if (n.has(1)) {
    auto given = n.requireInts(1, "k");
    if (failed(given))
      return failure();
    if (given->size() != 1)
      return n.invalid("expected k to be a scalar");
    k = given->front();
  }
  bool upper = n.intAttr("upper", 1) != 0;
  int64_t rows = x.shape()[x.rank() - 2], columns = x.shape()[x.rank() - 1];
  SmallVector<int64_t> kept;
  for (int64_t i = 0; i < rows; ++i)
    for (int64_t j = 0; j < columns; ++j)
      kept.push_back(upper ? j - i >= k : j - i <= k);
  Value mask = intConstant(n.b, kept, {rows, columns}, n.b.getI1Type());
  Value result = elementwise(
      n.b, {mask, x.value}, x.shape(), x.element,
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        return arith::SelectOp::create(b, loc, args[0], args[1],
                                       scalar(b, loc, x.element, 0.0));
      });
  n.set(0, result, x.element);
  return success();
}

void weft::onnxtolinalg::addScanLowerings(LoweringTable &table) {
  table.push_back({"CumSum", "", 11, kLatest, lowerCumSum});
  table.push_back({"OneHot", "", 9, kLatest, lowerOneHot});
  table.push_back({"Trilu", "", 14, kLatest, lowerTrilu});
}
