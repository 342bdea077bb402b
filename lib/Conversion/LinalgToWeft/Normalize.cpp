// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cuts operations of the middle representation that do two things at once into
// two that placement knows. Fusion makes them; nothing is computed otherwise.

#include "Placer.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace weft;

/// A generic that yields its operand, read by `map`, over `shape`.
static Value move(OpBuilder &b, Location loc, Value value, AffineMap map,
                  ArrayRef<int64_t> shape) {
  Type element = getElementTypeOrSelf(value.getType());
  Value init = tensor::EmptyOp::create(b, loc, shape, element);
  SmallVector<utils::IteratorType> loops(shape.size(),
                                         utils::IteratorType::parallel);
  SmallVector<AffineMap> maps{map,
                              b.getMultiDimIdentityMap(unsigned(shape.size()))};
  return linalg::GenericOp::create(
             b, loc, init.getType(), value, init, maps, loops,
             [](OpBuilder &inner, Location at, ValueRange args) {
               linalg::YieldOp::create(inner, at, args[0]);
             })
      .getResult(0);
}

static void normalizeReduction(linalg::GenericOp op) {
  OpBuilder b(op);
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  SmallVector<int64_t> loops = op.getStaticLoopRanges();
  // An operand that is broadcast over some loops is written out over all.
  if (!maps[0].isPermutation() && maps[0].isProjectedPermutation()) {
    Value all = move(b, op.getLoc(), op.getDpsInputs()[0], maps[0], loops);
    op.setOperand(0, all);
    maps[0] = b.getMultiDimIdentityMap(unsigned(loops.size()));
    op.setIndexingMapsAttr(b.getAffineMapArrayAttr(maps));
  }
  // A result in another order than the operand's is permuted afterwards.
  if (!maps[0].isPermutation() || !maps[1].isProjectedPermutation())
    return;
  SmallVector<unsigned> order; // Dimensions of the result, in operand order.
  for (AffineExpr loop : maps[0].getResults())
    if (auto at = maps[1].getResultPosition(loop))
      order.push_back(*at);
  if (llvm::is_sorted(order))
    return;
  auto fill = op.getDpsInits()[0].getDefiningOp<linalg::FillOp>();
  if (!fill)
    return;
  auto type = cast<RankedTensorType>(op.getResult(0).getType());
  SmallVector<int64_t> shape;
  SmallVector<AffineExpr> ordered, back(order.size());
  for (auto [i, d] : llvm::enumerate(order)) {
    shape.push_back(type.getDimSize(d));
    ordered.push_back(maps[1].getResult(d));
    back[i] = b.getAffineDimExpr(d);
  }
  Value empty =
      tensor::EmptyOp::create(b, op.getLoc(), shape, type.getElementType());
  Value init = linalg::FillOp::create(b, op.getLoc(), fill.getInputs(), empty)
                   .getResult(0);
  maps[1] = AffineMap::get(maps[1].getNumDims(), 0, ordered, b.getContext());
  auto sorted = cast<linalg::GenericOp>(b.clone(*op));
  sorted.getDpsInitsMutable()[0].set(init);
  sorted.getResult(0).setType(cast<RankedTensorType>(init.getType()));
  sorted.setIndexingMapsAttr(b.getAffineMapArrayAttr(maps));
  Value permuted =
      move(b, op.getLoc(), sorted.getResult(0),
           AffineMap::get(unsigned(order.size()), 0, back, b.getContext()),
           type.getShape());
  op.getResult(0).replaceAllUsesWith(permuted);
  op.erase();
}

/// Both operands of a product have the loops that are summed over: one that is
/// broadcast along them is written out.
static void normalizeContraction(linalg::GenericOp op) {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  SmallVector<int64_t> loops = op.getStaticLoopRanges();
  OpBuilder b(op);
  for (unsigned side = 0; side < 2; ++side) {
    if (!maps[side].isProjectedPermutation())
      return;
    auto type = cast<RankedTensorType>(op.getDpsInputs()[side].getType());
    SmallVector<int64_t> shape(type.getShape());
    SmallVector<AffineExpr> exprs(maps[side].getResults()), own;
    for (unsigned d = 0; d < exprs.size(); ++d)
      own.push_back(b.getAffineDimExpr(d));
    for (unsigned loop = 0; loop < loops.size(); ++loop) {
      AffineExpr expr = b.getAffineDimExpr(loop);
      if (maps[2].getResultPosition(expr) || maps[side].getResultPosition(expr))
        continue;
      shape.push_back(loops[loop]);
      exprs.push_back(expr);
    }
    if (exprs.size() == own.size())
      continue;
    Value all = move(
        b, op.getLoc(), op.getDpsInputs()[side],
        AffineMap::get(unsigned(shape.size()), 0, own, b.getContext()), shape);
    op.setOperand(side, all);
    maps[side] =
        AffineMap::get(unsigned(loops.size()), 0, exprs, b.getContext());
    op.setIndexingMapsAttr(b.getAffineMapArrayAttr(maps));
  }
}

/// A look-up at loop indices only is a broadcast or a permutation; dimensions
/// of one element may be read at 0.
static void normalizeLookup(linalg::GenericOp op) {
  auto extract = op.getBody()
                     ->getTerminator()
                     ->getOperand(0)
                     .getDefiningOp<tensor::ExtractOp>();
  if (!extract || op.getNumResults() != 1 ||
      !op.getIndexingMapsArray().back().isIdentity())
    return;
  auto type = cast<RankedTensorType>(extract.getTensor().getType());
  OpBuilder b(op);
  SmallVector<AffineExpr> loops;
  SmallVector<ReassociationIndices> groups;
  ReassociationIndices group;
  for (auto [d, index] : llvm::enumerate(extract.getIndices())) {
    group.push_back(int64_t(d));
    if (auto loop = index.getDefiningOp<linalg::IndexOp>()) {
      AffineExpr expr = b.getAffineDimExpr(unsigned(loop.getDim()));
      if (llvm::is_contained(loops, expr))
        return;
      loops.push_back(expr);
      groups.push_back(group);
      group.clear();
    } else if (!matchPattern(index, m_Zero()) ||
               type.getDimSize(unsigned(d)) != 1) {
      return;
    }
  }
  if (!groups.empty())
    llvm::append_range(groups.back(), group);
  Value table = extract.getTensor();
  if (loops.size() != size_t(type.getRank()))
    table = tensor::CollapseShapeOp::create(b, op.getLoc(), table, groups);
  SmallVector<int64_t> shape = op.getStaticLoopRanges();
  op.getResult(0).replaceAllUsesWith(move(
      b, op.getLoc(), table,
      AffineMap::get(unsigned(shape.size()), 0, loops, b.getContext()), shape));
  op.erase();
}

/// Padding keeps a dimension whole, which can be in lanes: the last one that is
/// padded comes after the others.
static void normalizePad(tensor::PadOp pad) {
  auto type = pad.getSourceType();
  Value value = pad.getConstantPaddingValue();
  if (!value || !type.hasStaticShape())
    return;
  SmallVector<int64_t> low(pad.getStaticLow()), high(pad.getStaticHigh());
  int last = -1;
  for (int d = 0; d < type.getRank(); ++d) {
    bool padded = low[size_t(d)] || high[size_t(d)];
    if (!padded && pad.getType().getDimSize(unsigned(d)) > 1)
      return;
    if (padded)
      last = d;
  }
  int other = -1;
  for (int d = 0; d < last; ++d)
    if (low[size_t(d)] || high[size_t(d)])
      other = d;
  if (other < 0)
    return;
  OpBuilder b(pad);
  auto attrs = [&](ArrayRef<int64_t> values, auto keep) {
    SmallVector<OpFoldResult> result;
    for (auto [d, v] : llvm::enumerate(values))
      result.push_back(b.getIndexAttr(keep(int(d)) ? v : 0));
    return result;
  };
  auto isLast = [&](int d) { return d == last; };
  auto isOther = [&](int d) { return d != last; };
  SmallVector<int64_t> shape(pad.getType().getShape());
  shape[size_t(last)] = type.getDimSize(unsigned(last));
  Value first = tensor::PadOp::create(
      b, pad.getLoc(), RankedTensorType::get(shape, type.getElementType()),
      pad.getSource(), attrs(low, isOther), attrs(high, isOther), value);
  Value second =
      tensor::PadOp::create(b, pad.getLoc(), pad.getType(), first,
                            attrs(low, isLast), attrs(high, isLast), value);
  pad.getResult().replaceAllUsesWith(second);
  pad.erase();
}

void weft::normalizeForPlacement(func::FuncOp function) {
  for (Operation &op : llvm::make_early_inc_range(
           function.getBody().front().without_terminator())) {
    if (auto pad = dyn_cast<tensor::PadOp>(op))
      normalizePad(pad);
    else if (auto generic = dyn_cast<linalg::GenericOp>(op);
             generic && !combinerKind(generic).empty())
      normalizeReduction(generic);
    else if (generic && isContraction(generic))
      normalizeContraction(generic);
    else if (generic && generic.getNumParallelLoops() == generic.getNumLoops())
      normalizeLookup(generic);
  }
}
