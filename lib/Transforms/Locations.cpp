// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Fuses the locations of merged operations, so that the nodes that a
// computation came from stay known.

#include "weft/Transforms/Locations.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Dominance.h"
#include "mlir/Transforms/CSE.h"
#include "llvm/ADT/SetVector.h"

using namespace mlir;

static void collect(Location loc, llvm::SmallSetVector<Location, 4> &parts) {
  if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location part : fused.getLocations())
      collect(part, parts);
    return;
  }
  if (!isa<UnknownLoc>(loc))
    parts.insert(loc);
}

Location weft::fuseLocations(MLIRContext *context,
                             ArrayRef<Location> locations) {
  llvm::SmallSetVector<Location, 4> parts;
  for (Location loc : locations)
    collect(loc, parts);
  return FusedLoc::get(context, parts.getArrayRef());
}

static bool onlyHoldsData(Operation *op) {
  return op->hasTrait<OpTrait::ConstantLike>() ||
         isa<tensor::EmptyOp, linalg::FillOp>(op);
}

static void addLocation(Operation *to, Operation *from) {
  if (!to || to == from || onlyHoldsData(to) || onlyHoldsData(from))
    return;
  to->setLoc(
      weft::fuseLocations(to->getContext(), {to->getLoc(), from->getLoc()}));
}

void weft::LocationFuser::notifyOperationReplaced(Operation *op,
                                                  Operation *newOp) {
  addLocation(newOp, op);
}

void weft::LocationFuser::notifyOperationReplaced(Operation *op,
                                                  ValueRange replacement) {
  llvm::SmallPtrSet<Operation *, 2> seen;
  for (Value value : replacement)
    if (Operation *newOp = value.getDefiningOp();
        newOp && seen.insert(newOp).second)
      addLocation(newOp, op);
}

void weft::eliminateCommonSubexpressions(Operation *root) {
  LocationFuser listener;
  IRRewriter rewriter(root->getContext(), &listener);
  DominanceInfo dominance(root);
  mlir::eliminateCommonSubExpressions(rewriter, dominance, root);
}
