// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The pass weft-simplify: upstream's and Weft's patterns in rounds, until a
// round changes nothing. Decides the order; the patterns decide what they do.

#include "SimplifyPatterns.h"
#include "weft/Dialect/Weft/IR/ExternalData.h"
#include "weft/Transforms/Locations.h"
#include "weft/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Transforms/GreedyPatternRewriteDriver.h"

using namespace mlir;

/// Rounds of a real model: two; the third finds nothing.
static constexpr int kMostRounds = 8;

/// Canonicalisation of the dialects at hand, reshapes of constants included.
static void addCanonicalization(RewritePatternSet &patterns) {
  MLIRContext *context = patterns.getContext();
  for (Dialect *dialect : context->getLoadedDialects())
    if (isa<arith::ArithDialect, linalg::LinalgDialect, tensor::TensorDialect,
            math::MathDialect>(dialect))
      dialect->getCanonicalizationPatterns(patterns);
  for (RegisteredOperationName op : context->getRegisteredOperations())
    if (isa<arith::ArithDialect, linalg::LinalgDialect, tensor::TensorDialect,
            math::MathDialect>(op.getDialect()))
      op.getCanonicalizationPatterns(patterns, context);
  linalg::populateEraseUnusedOperandsAndResultsPatterns(patterns);
  weft::populateExternalFoldPatterns(patterns);
  weft::populateReshapeOfEmptyPatterns(patterns);
  weft::populateIntegerRangePatterns(patterns);
}

/// Whether a reshape only adds or removes dimensions of size 1.
static bool onlyUnitDims(Operation *op) {
  auto strip = [](Value value) {
    SmallVector<int64_t> shape(
        cast<RankedTensorType>(value.getType()).getShape());
    llvm::erase(shape, 1);
    return shape;
  };
  return isa_and_nonnull<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op) &&
         strip(op->getOperand(0)) == strip(op->getResult(0));
}

/// Whether loops may be added to the operation that an operand belongs to or
/// comes from: bodies that ask for their position would need new arithmetic,
/// and loops of size 1 would only be dropped again.
static bool mayExpand(OpOperand *operand) {
  if (onlyUnitDims(operand->getOwner()) ||
      onlyUnitDims(operand->get().getDefiningOp()))
    return false;
  auto hasPosition = [](Operation *op) {
    auto generic = dyn_cast_or_null<linalg::GenericOp>(op);
    return generic && generic.hasIndexSemantics();
  };
  return !hasPosition(operand->getOwner()) &&
         !hasPosition(operand->get().getDefiningOp());
}

namespace {

struct SimplifyPass : PassWrapper<SimplifyPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SimplifyPass)

  StringRef getArgument() const override { return "weft-simplify"; }
  StringRef getDescription() const override {
    return "Fold constants, merge equal computations, turn reshapes and "
           "transpositions into loops and indexing maps, fuse element-wise "
           "operations";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, linalg::LinalgDialect,
                    math::MathDialect, tensor::TensorDialect>();
  }

  LogicalResult initialize(MLIRContext *context) override {
    auto freeze = [&](auto populate) {
      RewritePatternSet patterns(context);
      addCanonicalization(patterns);
      populate(patterns);
      return FrozenRewritePatternSet(std::move(patterns));
    };
    unitDims = freeze([](RewritePatternSet &patterns) {
      linalg::ControlDropUnitDims options;
      linalg::populateFoldUnitExtentDimsPatterns(patterns, options);
      linalg::populateMoveInitOperandsToInputPattern(patterns);
      weft::populateDropUnitDimsPatterns(patterns);
    });
    reshapes = freeze([](RewritePatternSet &patterns) {
      linalg::populateFoldReshapeOpsByExpansionPatterns(patterns, mayExpand);
    });
    copies = freeze([](RewritePatternSet &patterns) {
      weft::populateReadThroughCopyPatterns(patterns);
    });
    fusion = freeze([](RewritePatternSet &patterns) {
      weft::populateReadThroughCopyPatterns(patterns);
      weft::populateWriteTransposedPatterns(patterns);
      weft::populateElementwiseFusionPatterns(patterns);
    });
    return success();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    weft::WeightFiles files(module);
    GreedyRewriteConfig config;
    // Patterns that undid one another would go on for ever; what they leave is
    // right all the same.
    int64_t operations = 0;
    module.walk([&](Operation *) { ++operations; });
    config.setMaxIterations(GreedyRewriteConfig::kNoLimit);
    config.setMaxNumRewrites(100 * operations + 1000);
    for (int round = 0; round < kMostRounds; ++round) {
      bool changed = false;
      for (const FrozenRewritePatternSet *patterns :
           {&unitDims, &copies, &reshapes, &fusion}) {
        weft::foldConstants(module, files);
        weft::eliminateCommonSubexpressions(module);
        bool changedHere = false;
        (void)applyPatternsGreedily(module, *patterns, config, &changedHere);
        changed |= changedHere;
      }
      weft::eliminateCommonSubexpressions(module);
      if (!changed)
        break;
    }
  }

private:
  FrozenRewritePatternSet unitDims, reshapes, copies, fusion;
};

} // namespace

std::unique_ptr<Pass> weft::createSimplifyPass() {
  return std::make_unique<SimplifyPass>();
}
