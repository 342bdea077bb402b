// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What later operations want in lanes, which decides how a product is laid
// out: a dimension that is reduced is best kept in words, where the vector unit
// combines whole vectors; members of a batch that are multiplied one by one
// are best kept within a half of the lanes, which one pass streams.

#include "Placer.h"

using namespace mlir;
using namespace weft;

namespace {

/// Operations looked through on the way from a product to what decides.
constexpr int kDepth = 6;

/// Calls `fn` for every reduction and contraction that `value` reaches through
/// element-wise operations; `dims[d]` is what became of its dimension d, -1
/// where it has gone.
void forEachConsumer(
    Value value, ArrayRef<int> dims, int depth,
    function_ref<void(linalg::GenericOp, OpOperand &, ArrayRef<int>)> fn) {
  if (depth == 0)
    return;
  for (OpOperand &use : value.getUses()) {
    auto user = dyn_cast<linalg::GenericOp>(use.getOwner());
    if (!user || !user.isDpsInput(&use))
      continue;
    if (user.getNumReductionLoops() > 0) {
      fn(user, use, dims);
      continue;
    }
    AffineMap in = user.getMatchingIndexingMap(&use);
    if (!in.isProjectedPermutation())
      continue;
    for (OpResult result : user->getResults()) {
      AffineMap out = user.getIndexingMapMatchingResult(result);
      SmallVector<int> next;
      for (int d : dims) {
        auto at = d < 0 ? std::nullopt
                        : out.getResultPosition(getAffineDimExpr(
                              in.getDimPosition(unsigned(d)), in.getContext()));
        next.push_back(at ? int(*at) : -1);
      }
      forEachConsumer(result, next, depth - 1, fn);
    }
  }
}

SmallVector<int> dimsOf(Value value) {
  SmallVector<int> dims;
  for (int d = 0; d < cast<RankedTensorType>(value.getType()).getRank(); ++d)
    dims.push_back(d);
  return dims;
}

} // namespace

bool weft::usesLoop(AffineMap map, unsigned loop) {
  return map.getResultPosition(getAffineDimExpr(loop, map.getContext()))
      .has_value();
}

bool weft::isReducedLater(Value value, int dim) {
  bool found = false;
  forEachConsumer(
      value, dimsOf(value), kDepth,
      [&](linalg::GenericOp user, OpOperand &use, ArrayRef<int> dims) {
        if (combinerKind(user).empty() || dims[size_t(dim)] < 0)
          return;
        AffineMap in = user.getMatchingIndexingMap(&use);
        unsigned loop = in.getDimPosition(unsigned(dims[size_t(dim)]));
        found |= user.getIteratorTypesArray()[loop] ==
                 utils::IteratorType::reduction;
      });
  return found;
}

bool weft::isContractedLater(Value value, int dim) {
  bool found = false;
  forEachConsumer(
      value, dimsOf(value), kDepth,
      [&](linalg::GenericOp user, OpOperand &use, ArrayRef<int> dims) {
        if (!isContraction(user) || dims[size_t(dim)] < 0)
          return;
        AffineMap in = user.getMatchingIndexingMap(&use);
        AffineMap out = user.getIndexingMapsArray().back();
        found |= in.isProjectedPermutation() &&
                 !usesLoop(out, in.getDimPosition(unsigned(dims[size_t(dim)])));
      });
  return found;
}

bool weft::isMultipliedByMember(Value value, int outer) {
  bool found = false;
  forEachConsumer(
      value, dimsOf(value), kDepth,
      [&](linalg::GenericOp user, OpOperand &use, ArrayRef<int> dims) {
        if (!isContraction(user) || dims[size_t(outer)] < 0)
          return;
        AffineMap in = user.getMatchingIndexingMap(&use);
        if (!in.isProjectedPermutation())
          return;
        unsigned loop = in.getDimPosition(unsigned(dims[size_t(outer)]));
        found |= llvm::all_of(user.getIndexingMapsArray(), [&](AffineMap map) {
          return usesLoop(map, loop);
        });
      });
  return found;
}

/// Whether the value is neither a constant nor an input.
static bool isComputed(Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op))
      return !isa<arith::ConstantOp, linalg::FillOp, tensor::EmptyOp>(op);
    value = op->getOperand(0);
  }
  return false;
}

bool weft::exchangesComputed(linalg::GenericOp op, const Machine &machine) {
  Value result = op.getResult(0);
  if (!isContraction(op) || !isComputed(op.getDpsInputs()[0]) ||
      !isComputed(op.getDpsInputs()[1]) ||
      !isa<FloatType>(getElementTypeOrSelf(result.getType())))
    return false;
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  int64_t members = 1, rows = 1, columns = 1, contracted = 1;
  for (unsigned loop = 0; loop < extents.size(); ++loop) {
    bool s = usesLoop(maps[0], loop), w = usesLoop(maps[1], loop);
    auto at =
        maps[2].getResultPosition(getAffineDimExpr(loop, op.getContext()));
    (!at ? contracted : s && w ? members : s ? rows : columns) *= extents[loop];
    // Lanes of columns are what the result is wanted with: rows in lanes are
    // turned into them once more.
    if (at && (isReducedLater(result, int(*at)) ||
               (w && !s && !isContractedLater(result, int(*at)))))
      return false;
  }
  // Of fewer rows several members share a half, and would have to part.
  if (columns == 1 || 2 * rows <= machine.halfLanes())
    return false;
  auto up = [](int64_t a, int64_t b) { return (a + b - 1) / b; };
  // What is computed loads 8 columns a cycle.
  auto cycles = [&](int64_t streams, int64_t installs) {
    int64_t load = up(std::min<int64_t>(installs, machine.lanes()),
                      machine.weightStreams / 2);
    return std::max(streams, load) * up(installs, machine.lanes());
  };
  int64_t tiles = members * up(contracted, machine.halfLanes());
  return tiles * cycles(columns, rows) + cycles(rows, members * columns) <
         tiles * cycles(rows, columns);
}
