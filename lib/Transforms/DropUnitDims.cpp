// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Slices and concatenations without dimensions of size 1. Structured operations
// and padding are upstream's.

#include "SimplifyPatterns.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Dialect/Utils/ReshapeOpsUtils.h"

using namespace mlir;

/// Groups of the dimensions of `shape`, each with at most one that is kept.
static SmallVector<ReassociationIndices> groups(ArrayRef<int64_t> shape,
                                                ArrayRef<bool> kept) {
  SmallVector<ReassociationIndices> result;
  ReassociationIndices group;
  bool hasKept = false;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (kept[d] && hasKept) {
      result.push_back(group);
      group.clear();
    }
    hasKept |= kept[d];
    group.push_back(static_cast<int64_t>(d));
  }
  if (hasKept)
    result.push_back(group);
  return result;
}

template <typename T>
static SmallVector<T> pick(ArrayRef<T> values, ArrayRef<bool> kept) {
  SmallVector<T> result;
  for (auto [value, keep] : llvm::zip_equal(values, kept))
    if (keep)
      result.push_back(value);
  return result;
}

static Value collapse(OpBuilder &b, Location loc, Value value,
                      ArrayRef<bool> kept) {
  auto type = cast<RankedTensorType>(value.getType());
  auto shape = pick(type.getShape(), kept);
  return tensor::CollapseShapeOp::create(b, loc, type.clone(shape), value,
                                         groups(type.getShape(), kept));
}

namespace {

struct SliceWithoutUnitDims : OpRewritePattern<tensor::ExtractSliceOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ExtractSliceOp op,
                                PatternRewriter &rewriter) const override {
    RankedTensorType source = op.getSourceType(), result = op.getType();
    if (!source.hasStaticShape() || !result.hasStaticShape() ||
        llvm::is_contained(result.getShape(), 0))
      return failure();
    SmallVector<bool> kept;
    for (int64_t size : source.getShape())
      kept.push_back(size != 1);
    // A slice of one element along a dimension drops it from the result.
    SmallVector<int64_t> sizes = pick(op.getStaticSizes(), kept), small(sizes);
    llvm::erase(small, 1);
    bool sourceHasUnits = sizes.size() != kept.size();
    if (!sourceHasUnits && small.size() == result.getShape().size())
      return failure();
    Location loc = op.getLoc();
    Value from = sourceHasUnits ? collapse(rewriter, loc, op.getSource(), kept)
                                : Value(op.getSource());
    auto attrs = [&](ArrayRef<int64_t> values) {
      SmallVector<OpFoldResult> list;
      for (int64_t value : pick(values, kept))
        list.push_back(rewriter.getIndexAttr(value));
      return list;
    };
    Value value = tensor::ExtractSliceOp::create(
        rewriter, loc, result.clone(small), from, attrs(op.getStaticOffsets()),
        attrs(op.getStaticSizes()), attrs(op.getStaticStrides()));
    if (small.size() != result.getShape().size()) {
      SmallVector<bool> back;
      for (int64_t size : result.getShape())
        back.push_back(size != 1);
      value = tensor::ExpandShapeOp::create(rewriter, loc, result, value,
                                            groups(result.getShape(), back));
    }
    rewriter.replaceOp(op, value);
    return success();
  }
};

struct ConcatWithoutUnitDims : OpRewritePattern<tensor::ConcatOp> {
  using OpRewritePattern::OpRewritePattern;

  LogicalResult matchAndRewrite(tensor::ConcatOp op,
                                PatternRewriter &rewriter) const override {
    RankedTensorType result = op.getResultType();
    if (!result.hasStaticShape())
      return failure();
    SmallVector<bool> kept;
    uint64_t axis = 0;
    for (auto [d, size] : llvm::enumerate(result.getShape())) {
      kept.push_back(size != 1 || d == op.getDim());
      if (d < op.getDim() && kept.back())
        ++axis;
    }
    if (!llvm::is_contained(kept, false))
      return failure();
    SmallVector<Value> inputs;
    for (Value input : op.getInputs())
      inputs.push_back(collapse(rewriter, op.getLoc(), input, kept));
    Value value = tensor::ConcatOp::create(
        rewriter, op.getLoc(), result.clone(pick(result.getShape(), kept)),
        axis, inputs);
    rewriter.replaceOpWithNewOp<tensor::ExpandShapeOp>(
        op, result, value, groups(result.getShape(), kept));
    return success();
  }
};

/// Upstream's pattern needs an interface that whoever loads the dialects would
/// have to register.
template <typename Reshape>
struct ReshapeOfEmpty : OpRewritePattern<Reshape> {
  using OpRewritePattern<Reshape>::OpRewritePattern;

  LogicalResult matchAndRewrite(Reshape op,
                                PatternRewriter &rewriter) const override {
    RankedTensorType type = op.getResultType();
    if (!op.getSrc().template getDefiningOp<tensor::EmptyOp>() ||
        !type.hasStaticShape())
      return failure();
    rewriter.replaceOpWithNewOp<tensor::EmptyOp>(op, type.getShape(),
                                                 type.getElementType());
    return success();
  }
};

} // namespace

void weft::populateReshapeOfEmptyPatterns(RewritePatternSet &patterns) {
  patterns.add<ReshapeOfEmpty<tensor::ExpandShapeOp>,
               ReshapeOfEmpty<tensor::CollapseShapeOp>>(patterns.getContext());
}

void weft::populateDropUnitDimsPatterns(RewritePatternSet &patterns) {
  patterns.add<SliceWithoutUnitDims, ConcatWithoutUnitDims>(
      patterns.getContext());
}
