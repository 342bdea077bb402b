// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// LayerNormalization and its relatives, as mean, centring, mean of squares,
// reciprocal root, scale and bias. The statistics are computed in the stash
// type, single precision.

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

using namespace mlir;
using namespace weft::onnxtolinalg;

namespace {

/// What the variants differ in.
struct Normalization {
  OnnxValue x, scale, bias;
  SmallVector<int64_t> axes;
  double epsilon = 1e-5;
  bool centre = true;
};

struct Normalized {
  Value result;       ///< In the type of the input.
  Value mean, invStd; ///< With the axes kept at size 1, in the stash type.
};

} // namespace

static Value mulBroadcast(NodeLowering &n, Value x, Value y,
                          ArrayRef<int64_t> shape) {
  return elementwise(n.b, {x, y}, shape, getElementTypeOrSelf(x.getType()),
                     [](OpBuilder &b, Location loc, ValueRange args) {
                       return mulScalars(b, loc, args[0], args[1]);
                     });
}

static Value addBroadcast(NodeLowering &n, Value x, Value y,
                          ArrayRef<int64_t> shape) {
  return elementwise(n.b, {x, y}, shape, getElementTypeOrSelf(x.getType()),
                     [](OpBuilder &b, Location loc, ValueRange args) {
                       return addScalars(b, loc, args[0], args[1]);
                     });
}

static FailureOr<Normalized> normalize(NodeLowering &n,
                                       const Normalization &spec) {
  const OnnxValue &x = spec.x;
  if (!x.isFloat())
    return n.invalid("expected floats");
  ArrayRef<int64_t> shape = x.shape();
  for (const OnnxValue *factor : {&spec.scale, &spec.bias})
    if (*factor && broadcastShapes(shape, factor->shape()) !=
                       std::optional<Shape>(Shape(shape)))
      return n.invalid("expected scale and bias that broadcast to the input");
  bool half = x.element.isF16() || x.element.isBF16();
  Type stash = half ? Type(n.b.getF32Type()) : x.element;
  Shape spread = keepDims(shape, spec.axes);
  OnnxValue wide = castTo(n.b, x, stash);
  Normalized out;
  Value centred = wide.value;
  if (spec.centre) {
    out.mean = reshape(n.b, reduceMean(n.b, wide.value, spec.axes), spread);
    centred =
        elementwise(n.b, {wide.value, out.mean}, shape, stash,
                    [](OpBuilder &b, Location loc, ValueRange args) -> Value {
                      return arith::SubFOp::create(b, loc, args[0], args[1]);
                    });
  }
  Value squares = elementwise(n.b, {centred}, shape, stash,
                              [](OpBuilder &b, Location loc, ValueRange args) {
                                return mulScalars(b, loc, args[0], args[0]);
                              });
  Value variance = reduceMean(n.b, squares, spec.axes);
  Value inverse =
      elementwise(n.b, {variance}, stash,
                  [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                    Value shifted = addScalars(
                        b, loc, args[0], scalar(b, loc, stash, spec.epsilon));
                    return math::RsqrtOp::create(b, loc, shifted);
                  });
  out.invStd = reshape(n.b, inverse, spread);
  Value y = mulBroadcast(n, centred, out.invStd, shape);
  // Scale and bias apply in the input's type, or the scale's where it differs.
  OnnxValue result = castTo(n.b, {y, stash}, x.element);
  Type last = spec.scale ? spec.scale.element : x.element;
  result = castTo(n.b, result, last);
  if (spec.scale)
    result.value = mulBroadcast(n, result.value, spec.scale.value, shape);
  if (spec.bias)
    result.value = addBroadcast(n, result.value,
                                castTo(n.b, spec.bias, last).value, shape);
  out.result = result.value;
  return out;
}

/// Axes from `axis` to the last.
static FailureOr<SmallVector<int64_t>> trailingAxes(NodeLowering &n,
                                                    int64_t rank) {
  auto axis = n.normalizeAxis(n.intAttr("axis", -1), rank);
  if (failed(axis))
    return failure();
  return llvm::to_vector(llvm::seq<int64_t>(*axis, rank));
}

static LogicalResult layerNorm(NodeLowering &n, bool centre) {
  if (failed(n.needInputs(2)))
    return failure();
  auto axes = trailingAxes(n, n.in(0).rank());
  if (failed(axes))
    return failure();
  if (n.intAttr("stash_type", 1) != 1)
    return n.unsupported("expected stash_type 1 (single precision), found " +
                         Twine(n.intAttr("stash_type", 1)));
  Normalization spec;
  spec.x = n.in(0);
  spec.scale = n.in(1);
  if (centre && n.has(2))
    spec.bias = n.in(2);
  spec.axes = *axes;
  spec.epsilon = n.floatAttr("epsilon", 1e-5f);
  spec.centre = centre;
  auto out = normalize(n, spec);
  if (failed(out))
    return failure();
  n.set(0, out->result, getElementTypeOrSelf(out->result.getType()));
  Type stash = getElementTypeOrSelf(out->invStd.getType());
  if (centre) {
    n.set(1, out->mean, stash);
    n.set(2, out->invStd, stash);
  } else {
    n.set(1, out->invStd, stash);
  }
  return success();
}

/// (input + skip + bias) normalised over the last axis; the sum is output 3.
static LogicalResult skipLayerNorm(NodeLowering &n, bool centre) {
  if (failed(n.needInputs(3)))
    return failure();
  const OnnxValue &x = n.in(0);
  // The inputs are: input, skip, gamma, [beta,] [bias].
  unsigned biasAt = centre ? 4 : 3;
  auto axis = n.normalizeAxis(-1, x.rank());
  if (failed(axis))
    return failure();
  SmallVector<Value> terms{x.value, n.in(1).value};
  if (n.has(biasAt))
    terms.push_back(n.in(biasAt).value);
  for (Value term : terms) {
    auto type = cast<RankedTensorType>(term.getType());
    if (type.getElementType() != x.type().getElementType() ||
        broadcastShapes(x.shape(), type.getShape()) !=
            std::optional<Shape>(Shape(x.shape())))
      return n.invalid("expected skip and bias that broadcast to the input");
  }
  Value sum = elementwise(n.b, terms, x.shape(), x.element,
                          [](OpBuilder &b, Location loc, ValueRange args) {
                            Value all = args[0];
                            for (Value next : args.drop_front())
                              all = addScalars(b, loc, all, next);
                            return all;
                          });
  Normalization spec;
  spec.x = {sum, x.element};
  spec.scale = n.in(2);
  if (centre && n.has(3))
    spec.bias = n.in(3);
  spec.axes.push_back(*axis);
  spec.epsilon = n.floatAttr("epsilon", 1e-12f);
  spec.centre = centre;
  auto out = normalize(n, spec);
  if (failed(out))
    return failure();
  n.set(0, out->result, x.element);
  Type stash = getElementTypeOrSelf(out->invStd.getType());
  if (centre)
    n.set(1, out->mean, stash);
  n.set(2, out->invStd, stash);
  n.set(3, sum, x.element);
  return success();
}

void weft::onnxtolinalg::addNormalizationLowerings(LoweringTable &table) {
  auto add = [&](StringRef op, StringRef domain, int64_t since, LoweringFn fn) {
    table.push_back({op, domain, since, kLatest, fn});
  };
  LoweringFn layer = [](NodeLowering &n) { return layerNorm(n, true); };
  LoweringFn rms = [](NodeLowering &n) { return layerNorm(n, false); };
  add("LayerNormalization", "", 1, layer);
  add("LayerNormalization", "com.microsoft", 1, layer);
  add("RMSNormalization", "", 23, rms);
  // A contrib operator that exporters write into the default domain.
  add("SimplifiedLayerNormalization", "", 1, rms);
  add("SimplifiedLayerNormalization", "com.microsoft", 1, rms);
  add("SkipLayerNormalization", "com.microsoft", 1,
      [](NodeLowering &n) { return skipLayerNorm(n, true); });
  add("SkipSimplifiedLayerNormalization", "com.microsoft", 1,
      [](NodeLowering &n) { return skipLayerNorm(n, false); });
}
