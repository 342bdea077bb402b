// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Copies that only move words: what is installed has a column of memory for
// each stream, and what it is copied from can be written there to begin with.
// The kernel that makes it does that, and a trip through memory less lies
// between softmax and the transposition of what it gives, for one.

#include "Placer.h"

using namespace mlir;
using namespace weft;

namespace {

bool isCopy(MapOp op) {
  if (op.getInputs().size() != 1 || op->getNumResults() != 1 ||
      !llvm::hasSingleElement(op.getBody().front()) ||
      op.getBody().front().getTerminator()->getOperand(0) !=
          op.getBody().getArgument(0))
    return false;
  return llvm::all_of(op.getMaps().getAsValueRange<AffineMapAttr>(),
                      [](AffineMap map) { return map.isIdentity(); });
}

/// Which dimensions of `large` make each of `small`, if they do.
std::optional<SmallVector<SmallVector<int64_t, 2>>>
groupsOf(ArrayRef<int64_t> small, ArrayRef<int64_t> large) {
  SmallVector<SmallVector<int64_t, 2>> groups;
  size_t next = 0;
  for (int64_t extent : small) {
    int64_t product = 1;
    groups.emplace_back();
    do {
      if (next == large.size())
        return std::nullopt;
      product *= large[next];
      groups.back().push_back(int64_t(next++));
    } while (product < extent);
    if (product != extent)
      return std::nullopt;
  }
  if (next != large.size())
    return std::nullopt;
  return groups;
}

/// The layout of the view's operand with which the view has layout `out`.
std::optional<Layout> beforeView(ViewOp view, const Layout &out) {
  auto fromType = cast<RankedTensorType>(view.getInput().getType()),
       toType = cast<RankedTensorType>(view.getResult().getType());
  auto groups = groupsOf(fromType.getShape(), toType.getShape());
  if (!groups || expandLayout(layoutOf(fromType), toType.getShape(), *groups) !=
                     layoutOf(toType))
    return std::nullopt;
  std::optional<Layout> in = collapseLayout(out, toType.getShape(), *groups);
  if (!in || expandLayout(*in, toType.getShape(), *groups) != out)
    return std::nullopt;
  return in;
}

/// Lets the kernel that makes the copy's operand write the copy itself.
bool writeTo(MapOp copy, const Machine &machine) {
  Value operand = copy.getInputs()[0], from = operand;
  auto view = operand.getDefiningOp<ViewOp>();
  if (view) {
    from = view.getInput();
    if (!view->hasOneUse() || !from.hasOneUse())
      return false;
  }
  auto fromType = cast<RankedTensorType>(operand.getType()),
       toType = cast<RankedTensorType>(copy.getResult(0).getType());
  Operation *kernel = from.getDefiningOp();
  if (!kernel || !isa<MapOp, ContractOp>(kernel) ||
      kernel->getNumResults() != 1 ||
      fromType.getElementType() != toType.getElementType())
    return false;
  // Vectors of either are vectors of the other, lane by lane.
  SmallVector<int> same;
  for (int d = 0; d < toType.getRank(); ++d)
    same.push_back(d);
  Layout in = layoutOf(fromType), out = layoutOf(toType);
  if (in.splat || out.splat || !isAligned(out, toType.getShape(), in, same) ||
      !isAligned(in, toType.getShape(), out, same))
    return false;
  std::optional<Layout> target = view ? beforeView(view, out) : out;
  if (!target)
    return false;
  // Others read it word by word, wherever that is.
  for (Operation *user : operand.getUsers())
    if (!isa<MapOp, ReduceOp>(user) || user->getBlock() != copy->getBlock())
      return false;
  if (auto map = dyn_cast<MapOp>(kernel)) {
    if (copy.getMask() && !map.getMask()) {
      if (!fitsVectorUnit(map.getBody().front(), map.getInputs().getTypes(),
                          map->getResultTypes(), true, machine))
        return false;
      map.setMaskAttr(copy.getMaskAttr());
    }
  } else if (auto contract = cast<ContractOp>(kernel);
             copy.getMask() && !contract.getMask()) {
    // The sum comes off the matrix unit, as f32.
    SmallVector<Type> operands{Float32Type::get(copy.getContext())};
    llvm::append_range(operands, contract.getExtra().getTypes());
    if (!fitsVectorUnit(contract.getBody().front(), operands,
                        contract->getResultTypes(), true, machine))
      return false;
    contract.setMaskAttr(copy.getMaskAttr());
  }
  from.setType(RankedTensorType::get(
      cast<RankedTensorType>(from.getType()).getShape(),
      toType.getElementType(), LayoutAttr::get(copy.getContext(), *target)));
  operand.setType(toType);
  copy.getResult(0).replaceAllUsesWith(operand);
  copy.erase();
  return true;
}

} // namespace

void weft::removeCopies(func::FuncOp function, const Machine &machine) {
  for (Operation &op : llvm::make_early_inc_range(function.getBody().front()))
    if (auto copy = dyn_cast<MapOp>(op); copy && isCopy(copy))
      writeTo(copy, machine);
}
