// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Ranges of integers in bodies, and the patterns that use them: widening what
// was narrowed without loss gives back what was there.

#include "weft/Transforms/IntegerRanges.h"

#include "SimplifyPatterns.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/IR/Matchers.h"

#include <algorithm>
#include <cmath>

using namespace mlir;
using namespace weft;

IntegerRange weft::signedRange(unsigned width) {
  width = std::min(width, 63u);
  int64_t half = int64_t(1) << (width - 1);
  return {-half, half - 1};
}

IntegerRange weft::unsignedRange(unsigned width) {
  width = std::min(width, 62u);
  return {0, (int64_t(1) << width) - 1};
}

namespace {
struct FloatRange {
  double low = -HUGE_VAL, high = HUGE_VAL;
};

constexpr int kDeepest = 8;

/// Of a float that constants bound, whatever it is else (NaN aside).
FloatRange floatRangeOf(Value value, int depth) {
  FloatRange range;
  FloatAttr known;
  Operation *op = value.getDefiningOp();
  if (!op || depth == kDeepest)
    return range;
  if (matchPattern(value, m_Constant(&known))) {
    double v = known.getValueAsDouble();
    return std::isnan(v) ? range : FloatRange{v, v};
  }
  if (isa<arith::MaximumFOp, arith::MinimumFOp>(op)) {
    FloatRange x = floatRangeOf(op->getOperand(0), depth + 1),
               y = floatRangeOf(op->getOperand(1), depth + 1);
    bool largest = isa<arith::MaximumFOp>(op);
    return {largest ? std::max(x.low, y.low) : std::min(x.low, y.low),
            largest ? std::max(x.high, y.high) : std::min(x.high, y.high)};
  }
  if (op->getName().getStringRef() == "math.roundeven") {
    FloatRange x = floatRangeOf(op->getOperand(0), depth + 1);
    return {std::nearbyint(x.low), std::nearbyint(x.high)};
  }
  return range;
}

IntegerRange rangeAt(Value value, int depth) {
  auto type = dyn_cast<IntegerType>(value.getType());
  IntegerRange all = signedRange(type ? type.getWidth() : 63);
  if (type && type.getWidth() == 1)
    all = {0, 1};
  Operation *op = value.getDefiningOp();
  if (!type || !op || depth == kDeepest)
    return all;
  auto in = [&](unsigned i) { return rangeAt(op->getOperand(i), depth + 1); };
  auto fitted = [&](IntegerRange range) {
    return range.within(all) ? range : all;
  };
  IntegerAttr known;
  if (matchPattern(value, m_Constant(&known))) {
    int64_t v = type.getWidth() == 1 ? int64_t(known.getValue().getZExtValue())
                                     : known.getValue().getSExtValue();
    return {v, v};
  }
  if (isa<arith::ExtSIOp>(op))
    return op->getOperand(0).getType().isInteger(1) ? IntegerRange{-1, 0}
                                                    : in(0);
  if (isa<arith::ExtUIOp>(op)) {
    IntegerRange x = in(0);
    return x.low >= 0
               ? x
               : unsignedRange(
                     op->getOperand(0).getType().getIntOrFloatBitWidth());
  }
  if (isa<arith::TruncIOp>(op))
    return fitted(in(0));
  if (isa<arith::AddIOp>(op)) {
    IntegerRange x = in(0), y = in(1);
    return fitted({x.low + y.low, x.high + y.high});
  }
  if (isa<arith::SubIOp>(op)) {
    IntegerRange x = in(0), y = in(1);
    return fitted({x.low - y.high, x.high - y.low});
  }
  if (isa<arith::MaxSIOp>(op)) {
    IntegerRange x = in(0), y = in(1);
    return {std::max(x.low, y.low), std::max(x.high, y.high)};
  }
  if (isa<arith::MinSIOp>(op)) {
    IntegerRange x = in(0), y = in(1);
    return {std::min(x.low, y.low), std::min(x.high, y.high)};
  }
  if (isa<arith::SelectOp>(op)) {
    IntegerRange x = in(1), y = in(2);
    return {std::min(x.low, y.low), std::max(x.high, y.high)};
  }
  if (isa<arith::FPToSIOp, arith::FPToUIOp>(op)) {
    FloatRange x = floatRangeOf(op->getOperand(0), depth + 1);
    if (std::isfinite(x.low) && std::isfinite(x.high) &&
        std::fabs(x.low) < 1e9 && std::fabs(x.high) < 1e9)
      return fitted({int64_t(x.low), int64_t(x.high)});
  }
  return all;
}

/// ext(trunc(x)) is x where the narrow type holds all values of x.
template <typename Op>
struct WidenNarrowed : OpRewritePattern<Op> {
  using OpRewritePattern<Op>::OpRewritePattern;

  LogicalResult matchAndRewrite(Op op,
                                PatternRewriter &rewriter) const override {
    auto narrowed = op.getIn().template getDefiningOp<arith::TruncIOp>();
    if (!narrowed || narrowed.getIn().getType() != op.getType())
      return failure();
    unsigned width = narrowed.getType().getIntOrFloatBitWidth();
    IntegerRange holds = std::is_same_v<Op, arith::ExtUIOp>
                             ? unsignedRange(width)
                             : signedRange(width);
    if (width == 1 || !rangeOf(narrowed.getIn()).within(holds))
      return failure();
    rewriter.replaceOp(op, narrowed.getIn());
    return success();
  }
};
} // namespace

IntegerRange weft::rangeOf(Value value) { return rangeAt(value, 0); }

void weft::populateIntegerRangePatterns(RewritePatternSet &patterns) {
  patterns.add<WidenNarrowed<arith::ExtSIOp>, WidenNarrowed<arith::ExtUIOp>>(
      patterns.getContext());
}
