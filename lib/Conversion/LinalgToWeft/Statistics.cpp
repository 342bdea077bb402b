// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Variances without a wait for the mean: the sum of (x - m)^2 over n elements
// with mean m is the sum of x^2 less (sum of x)^2 / n. Both sums can then be
// taken at once, and the differences x - m need not be stored. Sums carry 22
// bits (Placer::split), so a variance is wrong by about 2^-22 of m^2: nothing
// beside steps of 2^-11 of m in x itself, which is stored as f16, until m is
// hundreds of deviations.

#include "Placer.h"

#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"

#include <cmath>

using namespace mlir;
using namespace weft;

namespace {

bool isElementwise(linalg::GenericOp op) {
  return op && op.getNumParallelLoops() == op.getNumLoops() &&
         op.getNumResults() == 1 &&
         op.getMatchingIndexingMap(op.getDpsInitOperand(0)).isIdentity();
}

/// The one operation of a body that yields it.
template <typename Op>
Op onlyOperation(linalg::GenericOp op) {
  Block *body = op.getBody();
  auto inner = dyn_cast<Op>(body->front());
  return inner && &body->back() == inner->getNextNode() &&
                 body->back().getOperand(0) == inner->getResult(0)
             ? inner
             : Op();
}

struct Deviations {
  linalg::GenericOp squares, difference, sum;
  Value x;
  double count = 0;
};

/// Matches sums of squared differences from the mean of the same elements.
std::optional<Deviations> match(linalg::GenericOp reduction) {
  if (combinerKind(reduction) != "add" ||
      !isa<FloatType>(getElementTypeOrSelf(reduction.getResult(0).getType())))
    return std::nullopt;
  Deviations d;
  // Squares of ...
  d.squares = reduction.getDpsInputs()[0].getDefiningOp<linalg::GenericOp>();
  if (!isElementwise(d.squares) || d.squares.getNumDpsInputs() != 1 ||
      !d.squares->hasOneUse() ||
      !d.squares.getIndexingMapsArray()[0].isIdentity())
    return std::nullopt;
  auto square = onlyOperation<arith::MulFOp>(d.squares);
  if (!square || square.getLhs() != d.squares.getBody()->getArgument(0) ||
      square.getRhs() != d.squares.getBody()->getArgument(0))
    return std::nullopt;
  // ... differences from ...
  d.difference = d.squares.getDpsInputs()[0].getDefiningOp<linalg::GenericOp>();
  if (!isElementwise(d.difference) || d.difference.getNumDpsInputs() != 2 ||
      !d.difference.getIndexingMapsArray()[0].isIdentity())
    return std::nullopt;
  auto difference = onlyOperation<arith::SubFOp>(d.difference);
  if (!difference ||
      difference.getLhs() != d.difference.getBody()->getArgument(0) ||
      difference.getRhs() != d.difference.getBody()->getArgument(1))
    return std::nullopt;
  d.x = d.difference.getDpsInputs()[0];
  // ... a sum divided by a number,
  auto mean = d.difference.getDpsInputs()[1].getDefiningOp<linalg::GenericOp>();
  if (!isElementwise(mean) || mean.getNumDpsInputs() != 1 ||
      !mean.getIndexingMapsArray()[0].isIdentity())
    return std::nullopt;
  FloatAttr factor;
  if (auto div = onlyOperation<arith::DivFOp>(mean);
      div && div.getLhs() == mean.getBody()->getArgument(0) &&
      matchPattern(div.getRhs(), m_Constant(&factor)))
    d.count = factor.getValueAsDouble();
  else if (auto mul = onlyOperation<arith::MulFOp>(mean);
           mul && mul.getLhs() == mean.getBody()->getArgument(0) &&
           matchPattern(mul.getRhs(), m_Constant(&factor)))
    d.count = 1.0 / factor.getValueAsDouble();
  else
    return std::nullopt;
  // which is the sum of the same elements over the same loops.
  d.sum = mean.getDpsInputs()[0].getDefiningOp<linalg::GenericOp>();
  if (!d.sum || combinerKind(d.sum) != "add" ||
      d.sum.getDpsInputs()[0] != d.x ||
      d.sum.getIndexingMapsArray() != reduction.getIndexingMapsArray() ||
      !d.sum.getIndexingMapsArray()[0].isIdentity())
    return std::nullopt;
  AffineMap kept = d.sum.getIndexingMapsArray()[1];
  if (d.difference.getIndexingMapsArray()[1] != kept)
    return std::nullopt;
  double n = 1;
  SmallVector<int64_t> loops = reduction.getStaticLoopRanges();
  for (unsigned loop = 0; loop < loops.size(); ++loop)
    if (!kept.getResultPosition(getAffineDimExpr(loop, reduction.getContext())))
      n *= double(loops[loop]);
  if (std::abs(d.count - n) > 1e-6 * n)
    return std::nullopt;
  d.count = n;
  return d;
}

/// Fuses an element-wise producer into its only user.
void fuseIntoUser(RewriterBase &rewriter, linalg::GenericOp producer) {
  if (!producer->hasOneUse())
    return;
  OpOperand &use = *producer->getUses().begin();
  auto user = dyn_cast<linalg::GenericOp>(use.getOwner());
  if (!user || !isElementwise(user) || !linalg::areElementwiseOpsFusable(&use))
    return;
  rewriter.setInsertionPoint(user);
  auto fused = linalg::fuseElementwiseOps(rewriter, &use);
  if (failed(fused))
    return;
  for (auto [from, to] : fused->replacements)
    if (from.getDefiningOp() == user)
      rewriter.replaceAllUsesWith(from, to);
  rewriter.eraseOp(user);
  if (producer.use_empty())
    rewriter.eraseOp(producer);
}

} // namespace

void weft::splitVariances(func::FuncOp function) {
  IRRewriter rewriter(function.getContext());
  SmallVector<linalg::GenericOp> reductions;
  function.walk([&](linalg::GenericOp op) {
    if (!combinerKind(op).empty())
      reductions.push_back(op);
  });
  for (linalg::GenericOp reduction : reductions) {
    auto found = match(reduction);
    if (!found)
      continue;
    rewriter.modifyOpInPlace(found->squares,
                             [&] { found->squares.setOperand(0, found->x); });
    // What the sum of squares has too much.
    rewriter.setInsertionPointAfter(reduction);
    auto type = cast<RankedTensorType>(reduction.getResult(0).getType());
    AffineMap id = rewriter.getMultiDimIdentityMap(unsigned(type.getRank()));
    SmallVector<utils::IteratorType> loops(size_t(type.getRank()),
                                           utils::IteratorType::parallel);
    Location loc = reduction.getLoc();
    Value init = tensor::EmptyOp::create(rewriter, loc, type.getShape(),
                                         type.getElementType());
    auto corrected = linalg::GenericOp::create(
        rewriter, loc, type,
        ValueRange{reduction.getResult(0), found->sum.getResult(0)}, init,
        SmallVector<AffineMap>{id, id, id}, loops,
        [&](OpBuilder &b, Location at, ValueRange args) {
          auto constant = [&](double value) -> Value {
            return arith::ConstantOp::create(
                b, at, b.getFloatAttr(args[0].getType(), value));
          };
          Value square = arith::MulFOp::create(b, at, args[1], args[1]);
          Value share = arith::MulFOp::create(b, at, square,
                                              constant(1.0 / found->count));
          Value rest = arith::SubFOp::create(b, at, args[0], share);
          // Deviations below 2^-10 of the mean are lost in x itself, which is
          // f16; what rounding leaves of them here, or less than nothing, must
          // not be divided by.
          Value least = arith::MulFOp::create(b, at, share,
                                              constant(std::ldexp(1.0, -20)));
          Value result = arith::MaximumFOp::create(b, at, rest, least);
          linalg::YieldOp::create(b, at, result);
        });
    rewriter.replaceAllUsesExcept(reduction.getResult(0),
                                  corrected.getResult(0), corrected);
    fuseIntoUser(rewriter, corrected);
    fuseIntoUser(rewriter, found->difference);
  }
}
