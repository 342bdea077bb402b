// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What later operations want in lanes, which decides how a product is laid
// out: a dimension that is reduced is best kept in words, where the vector unit
// combines whole vectors; members of a batch that are contracted one by one
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

bool weft::isContractedByMember(Value value, int inner, int outer) {
  bool found = false;
  forEachConsumer(
      value, dimsOf(value), kDepth,
      [&](linalg::GenericOp user, OpOperand &use, ArrayRef<int> dims) {
        if (!isContraction(user) || dims[size_t(inner)] < 0 ||
            dims[size_t(outer)] < 0)
          return;
        AffineMap in = user.getMatchingIndexingMap(&use);
        AffineMap out = user.getIndexingMapsArray().back();
        if (!in.isProjectedPermutation())
          return;
        auto loop = [&](int d) {
          return in.getDimPosition(unsigned(dims[size_t(d)]));
        };
        found |= !usesLoop(out, loop(inner)) && usesLoop(out, loop(outer));
      });
  return found;
}
