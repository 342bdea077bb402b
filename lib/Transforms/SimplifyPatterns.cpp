// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Patterns that turn copies into indexing maps and fuse element-wise work. They
// decide what is fused; the order in which they run is Simplify.cpp's.

#include "SimplifyPatterns.h"

#include "weft/Transforms/Locations.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using linalg::GenericOp;

/// Fused bodies stay below this, so that one fits the chip's vector unit.
static constexpr size_t kLargestBody = 40;

bool weft::isPureCopy(GenericOp op) {
  if (op.getNumDpsInputs() != 1 || op.getNumResults() != 1 ||
      op.getNumParallelLoops() != op.getNumLoops() ||
      !op.hasPureTensorSemantics())
    return false;
  Block &body = *op.getBlock();
  return llvm::hasSingleElement(body) &&
         body.getTerminator()->getOperand(0) == body.getArgument(0);
}

/// Whether every loop's size still follows from an operand.
static bool loopsAreKnown(ArrayRef<AffineMap> maps, MLIRContext *context) {
  return static_cast<bool>(inversePermutation(concatAffineMaps(maps, context)));
}

namespace {

struct ReadThroughCopy : OpRewritePattern<GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics())
      return failure();
    for (OpOperand *operand : op.getDpsInputOperands()) {
      auto copy = operand->get().getDefiningOp<GenericOp>();
      if (!copy || copy == op || !weft::isPureCopy(copy))
        continue;
      // copy: out[o(i)] = in[r(i)], o a permutation of its loops.
      AffineMap o = copy.getIndexingMapMatchingResult(copy->getOpResult(0));
      AffineMap r = copy.getMatchingIndexingMap(copy.getDpsInputOperand(0));
      if (!o.isPermutation())
        continue;
      AffineMap back = inversePermutation(o);
      AffineMap map =
          r.compose(back).compose(op.getMatchingIndexingMap(operand));
      SmallVector<AffineMap> maps = op.getIndexingMapsArray();
      maps[operand->getOperandNumber()] = map;
      if (!map.isProjectedPermutation() ||
          !loopsAreKnown(maps, op.getContext()))
        continue;
      Location loc =
          weft::fuseLocations(op.getContext(), {copy.getLoc(), op.getLoc()});
      rewriter.modifyOpInPlace(op, [&] {
        operand->set(copy.getDpsInputOperand(0)->get());
        op.setIndexingMapsAttr(rewriter.getAffineMapArrayAttr(maps));
        op->setLoc(loc);
      });
      return success();
    }
    return failure();
  }
};

struct WriteTransposed : OpRewritePattern<GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GenericOp copy,
                                PatternRewriter &rewriter) const override {
    if (!weft::isPureCopy(copy))
      return failure();
    auto producer =
        copy.getDpsInputOperand(0)->get().getDefiningOp<GenericOp>();
    if (!producer || producer.getNumResults() != 1 || !producer->hasOneUse() ||
        producer.getNumReductionLoops() == 0)
      return failure();
    AffineMap o = copy.getIndexingMapMatchingResult(copy->getOpResult(0));
    AffineMap r = copy.getMatchingIndexingMap(copy.getDpsInputOperand(0));
    if (!o.isPermutation() || !r.isPermutation())
      return failure();
    // The producer's result at p is copied to o(r^-1(p)).
    AffineMap to = o.compose(inversePermutation(r));
    Value init = producer.getDpsInits()[0];
    auto type = cast<RankedTensorType>(copy.getResult(0).getType());
    Location loc = weft::fuseLocations(copy.getContext(),
                                       {producer.getLoc(), copy.getLoc()});
    rewriter.setInsertionPoint(producer);
    Value empty = tensor::EmptyOp::create(
        rewriter, producer.getLoc(), type.getShape(), type.getElementType());
    Value newInit;
    if (init.getDefiningOp<tensor::EmptyOp>())
      newInit = empty;
    else if (auto fill = init.getDefiningOp<linalg::FillOp>())
      newInit = linalg::FillOp::create(rewriter, fill.getLoc(),
                                       fill.getInputs(), ValueRange{empty})
                    .getResult(0);
    else
      return failure();
    SmallVector<AffineMap> maps = producer.getIndexingMapsArray();
    maps.back() = to.compose(maps.back());
    auto fused = GenericOp::create(rewriter, loc, TypeRange{type},
                                   producer.getDpsInputs(), ValueRange{newInit},
                                   maps, producer.getIteratorTypesArray());
    rewriter.inlineRegionBefore(producer.getRegion(), fused.getRegion(),
                                fused.getRegion().begin());
    rewriter.replaceOp(copy, fused.getResult(0));
    rewriter.eraseOp(producer);
    return success();
  }
};

/// An operand that is a splat constant, or filled with one, becomes a scalar
/// constant in the body, except in contractions, whose bodies stay a
/// multiplication and an addition.
struct InlineSplat : OpRewritePattern<GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GenericOp op,
                                PatternRewriter &rewriter) const override {
    if (!op.hasPureTensorSemantics() || op.getNumReductionLoops() != 0)
      return failure();
    for (OpOperand *operand : op.getDpsInputOperands()) {
      DenseElementsAttr attr;
      TypedAttr value;
      BlockArgument argument = op.getMatchingBlockArgument(operand);
      if (argument.use_empty())
        continue;
      if (matchPattern(operand->get(), m_Constant(&attr)) && attr.isSplat())
        value = dyn_cast<TypedAttr>(attr.getSplatValue<Attribute>());
      else if (auto fill = operand->get().getDefiningOp<linalg::FillOp>())
        // What a reduction along one element starts from.
        matchPattern(fill.getInputs()[0], m_Constant(&value));
      if (!value || value.getType() != argument.getType())
        continue;
      rewriter.setInsertionPoint(op);
      Value scalar =
          arith::ConstantOp::create(rewriter, operand->get().getLoc(), value);
      // The operand itself is dropped as unused.
      rewriter.replaceAllUsesWith(argument, scalar);
      return success();
    }
    return failure();
  }
};

struct FuseElementwise : OpRewritePattern<GenericOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(GenericOp consumer,
                                PatternRewriter &rewriter) const override {
    for (OpOperand &operand : consumer->getOpOperands()) {
      auto producer = operand.get().getDefiningOp<GenericOp>();
      if (!producer || !linalg::areElementwiseOpsFusable(&operand) ||
          !isWorthwhile(producer, consumer))
        continue;
      Location loc = weft::fuseLocations(
          consumer.getContext(), {producer.getLoc(), consumer.getLoc()});
      auto result = linalg::fuseElementwiseOps(rewriter, &operand);
      if (failed(result))
        continue;
      result->fusedOp->setLoc(loc);
      for (auto [old, replacement] : result->replacements)
        rewriter.replaceUsesWithIf(old, replacement, [&](OpOperand &use) {
          return use.get().getDefiningOp() != producer;
        });
      rewriter.eraseOp(consumer);
      return success();
    }
    return failure();
  }

  static bool isWorthwhile(GenericOp producer, GenericOp consumer) {
    if (consumer.getNumReductionLoops() != 0 ||
        producer.getNumReductionLoops() != 0)
      return false;
    // Look-ups stay recognisable.
    auto looksUp = [](GenericOp op) {
      return op.hasIndexSemantics() ||
             !op.getBlock()->getOps<tensor::ExtractOp>().empty();
    };
    if (looksUp(producer) || looksUp(consumer))
      return false;
    // With another user the producer would be computed twice.
    for (Operation *user : producer->getUsers())
      if (user != consumer)
        return false;
    // So it would where its result is broadcast.
    auto points = [](GenericOp op) {
      int64_t count = 1;
      for (int64_t range : op.getStaticLoopRanges())
        count *= range;
      return count;
    };
    if (points(producer) != points(consumer))
      return false;
    return producer.getBlock()->getOperations().size() +
               consumer.getBlock()->getOperations().size() <=
           kLargestBody;
  }
};

} // namespace

void weft::populateReadThroughCopyPatterns(RewritePatternSet &patterns) {
  patterns.add<ReadThroughCopy>(patterns.getContext());
}

void weft::populateWriteTransposedPatterns(RewritePatternSet &patterns) {
  patterns.add<WriteTransposed>(patterns.getContext());
}

void weft::populateElementwiseFusionPatterns(RewritePatternSet &patterns) {
  patterns.add<FuseElementwise, InlineSplat>(patterns.getContext());
  linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
}
