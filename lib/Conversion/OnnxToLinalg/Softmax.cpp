// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Softmax and LogSoftmax: maximum, difference, exponential, sum, quotient, each
// a generic of its own, so that later stages can overlap or rewrite them.

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace weft::onnxtolinalg;

static LogicalResult softmax(NodeLowering &n, bool log) {
  if (failed(n.needInputs(1)))
    return failure();
  OnnxValue x = n.in(0);
  if (!x.isFloat())
    return n.invalid("expected floats");
  bool flatten = n.opset() < 13;
  if (x.rank() == 0) {
    n.set(0, splat(n.b, {}, x.element, log ? 0.0 : 1.0), x.element);
    return success();
  }
  // A half is computed in single precision.
  Type element = x.element;
  if (element.isF16() || element.isBF16())
    x = castTo(n.b, x, n.b.getF32Type());
  int64_t given = n.intAttr("axis", flatten ? 1 : -1);
  // Flattened, an axis at the rank itself leaves rows of one element.
  SmallVector<int64_t> axes;
  if (!(flatten && given == x.rank())) {
    auto axis = n.normalizeAxis(given, x.rank());
    if (failed(axis))
      return failure();
    // Before opset 13 everything from the axis on is one row.
    axes.push_back(*axis);
    for (int64_t d = *axis + 1; flatten && d < x.rank(); ++d)
      axes.push_back(d);
  }
  Shape spread = keepDims(x.shape(), axes);
  auto binary = [&](Value l, Value r, BodyFn body) {
    return elementwise(n.b, {l, r}, x.shape(), x.element, body);
  };
  auto subtract = [](OpBuilder &b, Location loc, ValueRange args) -> Value {
    return arith::SubFOp::create(b, loc, args[0], args[1]);
  };
  Value max = reshape(n.b, reduceMax(n.b, x.value, axes), spread);
  Value centred = binary(x.value, max, subtract);
  Value exps =
      elementwise(n.b, {centred}, x.shape(), x.element,
                  [](OpBuilder &b, Location loc, ValueRange args) -> Value {
                    return math::ExpOp::create(b, loc, args[0]);
                  });
  Value sum = reduceSum(n.b, exps, axes);
  Value result;
  if (log) {
    Value logSum =
        elementwise(n.b, {sum}, x.element,
                    [](OpBuilder &b, Location loc, ValueRange args) -> Value {
                      return math::LogOp::create(b, loc, args[0]);
                    });
    result = binary(centred, reshape(n.b, logSum, spread), subtract);
  } else {
    result = binary(exps, reshape(n.b, sum, spread),
                    [](OpBuilder &b, Location loc, ValueRange args) -> Value {
                      return arith::DivFOp::create(b, loc, args[0], args[1]);
                    });
  }
  n.set(0, castTo(n.b, {result, x.element}, element));
  return success();
}

void weft::onnxtolinalg::addSoftmaxLowerings(LoweringTable &table) {
  table.push_back({"Softmax", "", 1, kLatest,
                   [](NodeLowering &n) { return softmax(n, false); }});
  table.push_back({"LogSoftmax", "", 1, kLatest,
                   [](NodeLowering &n) { return softmax(n, true); }});
}
