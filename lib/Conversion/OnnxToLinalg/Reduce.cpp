// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The Reduce operators: one generic with reduction loops, and maps before and
// after it. Axes are an attribute or, in later opsets, an input.

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <limits>

using namespace mlir;
using namespace weft::onnxtolinalg;

/// The reduction itself: from a tensor and sorted axes to the reduced tensor.
using ReduceFn = Value (*)(NodeLowering &, const OnnxValue &,
                           ArrayRef<int64_t> axes);

static Value map(NodeLowering &n, Value x, BodyFn body) {
  return elementwise(n.b, {x}, getElementTypeOrSelf(x.getType()), body);
}
template <typename Op>
static Value mapMath(NodeLowering &n, Value x) {
  return map(n, x, [](OpBuilder &b, Location loc, ValueRange args) -> Value {
    return Op::create(b, loc, args[0]);
  });
}
static Value square(NodeLowering &n, Value x) {
  return map(n, x, [](OpBuilder &b, Location loc, ValueRange args) {
    return mulScalars(b, loc, args[0], args[0]);
  });
}

static Value sum(NodeLowering &n, const OnnxValue &x, ArrayRef<int64_t> axes) {
  return reduceSum(n.b, x.value, axes);
}
static Value mean(NodeLowering &n, const OnnxValue &x, ArrayRef<int64_t> axes) {
  return reduceMean(n.b, x.value, axes);
}
static Value maximum(NodeLowering &n, const OnnxValue &x,
                     ArrayRef<int64_t> axes) {
  return reduceMax(n.b, x.value, axes, x.isUnsigned());
}
static Value minimum(NodeLowering &n, const OnnxValue &x,
                     ArrayRef<int64_t> axes) {
  Type type = signless(x.element);
  TypedAttr init;
  if (auto floating = dyn_cast<FloatType>(type))
    init = FloatAttr::get(type, APFloat::getInf(floating.getFloatSemantics()));
  else
    init = IntegerAttr::get(
        type, x.isUnsigned()
                  ? APInt::getMaxValue(type.getIntOrFloatBitWidth())
                  : APInt::getSignedMaxValue(type.getIntOrFloatBitWidth()));
  return reduce(n.b, x.value, axes, init,
                [&](OpBuilder &b, Location loc, ValueRange args) {
                  return minScalars(b, loc, args[0], args[1], x.isUnsigned());
                });
}
static Value product(NodeLowering &n, const OnnxValue &x,
                     ArrayRef<int64_t> axes) {
  Type type = signless(x.element);
  return reduce(n.b, x.value, axes, cast<TypedAttr>(n.b.getOneAttr(type)),
                [](OpBuilder &b, Location loc, ValueRange args) {
                  return mulScalars(b, loc, args[0], args[1]);
                });
}
static Value sumSquare(NodeLowering &n, const OnnxValue &x,
                       ArrayRef<int64_t> axes) {
  return reduceSum(n.b, square(n, x.value), axes);
}
static Value l1(NodeLowering &n, const OnnxValue &x, ArrayRef<int64_t> axes) {
  Value magnitude = x.isFloat()      ? mapMath<math::AbsFOp>(n, x.value)
                    : x.isUnsigned() ? x.value
                                     : mapMath<math::AbsIOp>(n, x.value);
  return reduceSum(n.b, magnitude, axes);
}
/// Of floats: the root, in their type. Integers go by way of f64.
static Value l2(NodeLowering &n, const OnnxValue &x, ArrayRef<int64_t> axes) {
  Value sum = sumSquare(n, x, axes);
  if (x.isFloat())
    return mapMath<math::SqrtOp>(n, sum);
  OnnxValue wide = castTo(n.b, {sum, x.element}, n.b.getF64Type());
  wide.value = mapMath<math::SqrtOp>(n, wide.value);
  return castTo(n.b, wide, x.element).value;
}
static Value logSum(NodeLowering &n, const OnnxValue &x,
                    ArrayRef<int64_t> axes) {
  return mapMath<math::LogOp>(n, reduceSum(n.b, x.value, axes));
}
/// max + log(sum(exp(x - max))): never overflows.
static Value logSumExp(NodeLowering &n, const OnnxValue &x,
                       ArrayRef<int64_t> axes) {
  Value max = reduceMax(n.b, x.value, axes);
  // A maximum that is infinite would give inf - inf.
  Value shift =
      map(n, max, [](OpBuilder &b, Location loc, ValueRange args) -> Value {
        Value magnitude = math::AbsFOp::create(b, loc, args[0]);
        Value infinite = arith::CmpFOp::create(
            b, loc, arith::CmpFPredicate::OEQ, magnitude,
            scalar(b, loc, args[0].getType(),
                   std::numeric_limits<double>::infinity()));
        return arith::SelectOp::create(
            b, loc, infinite, scalar(b, loc, args[0].getType(), 0.0), args[0]);
      });
  Value spread = reshape(n.b, shift, keepDims(x.shape(), axes));
  Value exps =
      elementwise(n.b, {x.value, spread}, x.shape(), x.element,
                  [](OpBuilder &b, Location loc, ValueRange args) -> Value {
                    Value centred =
                        arith::SubFOp::create(b, loc, args[0], args[1]);
                    return math::ExpOp::create(b, loc, centred);
                  });
  return elementwise(n.b, {reduceSum(n.b, exps, axes), shift}, x.element,
                     [](OpBuilder &b, Location loc, ValueRange args) -> Value {
                       Value log = math::LogOp::create(b, loc, args[0]);
                       return arith::AddFOp::create(b, loc, log, args[1]);
                     });
}

/// What the operators share: axes, keepdims, noop_with_empty_axes. `noop` is
/// what is computed of single elements when there is nothing to reduce.
template <ReduceFn Reduce, bool FloatOnly = false>
static LogicalResult lowerReduce(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  const OnnxValue &x = n.in(0);
  if (FloatOnly && !x.isFloat())
    return n.invalid("expected floats");
  auto given = n.axes(1, x.rank());
  if (failed(given))
    return failure();
  SmallVector<int64_t> axes;
  if (*given && !(*given)->empty())
    axes = **given;
  else if (n.intAttr("noop_with_empty_axes", 0) == 0)
    axes = llvm::to_vector(llvm::seq<int64_t>(0, x.rank()));
  Value result = Reduce(n, x, axes);
  if (n.intAttr("keepdims", 1) != 0)
    result = reshape(n.b, result, keepDims(x.shape(), axes));
  n.set(0, result, x.element);
  return success();
}

/// ArgMax and ArgMin: a reduction of pairs would need two results, so first
/// the extreme, then the least (or largest) index where it is.
template <bool Max>
static LogicalResult lowerArg(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  const OnnxValue &x = n.in(0);
  auto axis = n.normalizeAxis(n.intAttr("axis", 0), x.rank());
  if (failed(axis))
    return failure();
  bool last = n.intAttr("select_last_index", 0) != 0;
  Value extreme = Max ? maximum(n, x, *axis) : minimum(n, x, *axis);
  extreme = reshape(n.b, extreme, keepDims(x.shape(), *axis));
  int64_t size = x.shape()[*axis];
  Shape iotaShape(x.rank(), 1);
  iotaShape[*axis] = size;
  Value iota = intConstant(n.b, llvm::to_vector(llvm::seq<int64_t>(0, size)),
                           iotaShape, n.b.getI64Type());
  Value candidates =
      elementwise(n.b, {x.value, extreme, iota}, x.shape(), n.b.getI64Type(),
                  [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                    Value same;
                    if (x.isFloat())
                      same = arith::CmpFOp::create(
                          b, loc, arith::CmpFPredicate::OEQ, args[0], args[1]);
                    else
                      same = arith::CmpIOp::create(
                          b, loc, arith::CmpIPredicate::eq, args[0], args[1]);
                    Value no = scalar(b, loc, b.getI64Type(),
                                      last ? -1.0 : static_cast<double>(size));
                    return arith::SelectOp::create(b, loc, same, args[2], no);
                  });
  OnnxValue indices{candidates, n.b.getI64Type()};
  Value result = last ? maximum(n, indices, *axis) : minimum(n, indices, *axis);
  if (n.intAttr("keepdims", 1) != 0)
    result = reshape(n.b, result, keepDims(x.shape(), *axis));
  n.set(0, result, n.b.getI64Type());
  return success();
}

void weft::onnxtolinalg::addReduceLowerings(LoweringTable &table) {
  auto add = [&](StringRef op, LoweringFn fn) {
    table.push_back({op, "", 1, kLatest, fn});
  };
  add("ReduceSum", lowerReduce<sum>);
  add("ReduceMean", lowerReduce<mean>);
  add("ReduceMax", lowerReduce<maximum>);
  add("ReduceMin", lowerReduce<minimum>);
  add("ReduceProd", lowerReduce<product>);
  add("ReduceSumSquare", lowerReduce<sumSquare>);
  add("ReduceL1", lowerReduce<l1>);
  add("ReduceL2", lowerReduce<l2>);
  add("ReduceLogSum", lowerReduce<logSum, true>);
  add("ReduceLogSumExp", lowerReduce<logSumExp, true>);
  add("ArgMax", lowerArg<true>);
  add("ArgMin", lowerArg<false>);
}
