// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values of a body that are the same for many of its vectors, as what becomes
// of bias, scales and zero points is, are computed by a kernel of their own,
// once.

#include "Placer.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace weft;

/// Vectors that a placed tensor takes.
static int64_t vectorsOf(Value placed) {
  Layout layout = layoutOf(placed.getType());
  return int64_t(layout.words) * layout.columns;
}

/// Computes ahead what a body would compute again for each of many vectors: of
/// operands that are the same in all of them, or in those of a column, as bias
/// and zero points are. One vector computed for eight is worth the words that
/// hold it.
SmallVector<Placer::Hoisted> Placer::hoist(ArrayRef<Operation *> ops,
                                           Block &body, ArrayRef<Value> in,
                                           ArrayRef<AffineMap> inMaps,
                                           RankedTensorType result,
                                           Location loc) {
  struct Origin {
    enum { Nothing, One, Some, All } kind = Nothing;
    unsigned argument = 0; ///< Of `Some`: one that has map and layout.
  };
  Layout whole = layoutOf(result);
  const int64_t vectors = int64_t(whole.words) * whole.columns;
  DenseMap<Value, Origin> origins;
  for (BlockArgument argument : body.getArguments().take_front(in.size())) {
    unsigned i = argument.getArgNumber();
    Origin origin{Origin::All, i};
    if (in[i] && inMaps[i].getNumResults() == 0)
      origin.kind = Origin::One;
    else if (in[i] && vectorsOf(in[i]) * 8 <= vectors)
      origin.kind = Origin::Some;
    origins[argument] = origin;
  }
  auto join = [&](Origin x, Origin y) -> Origin {
    if (x.kind < y.kind)
      std::swap(x, y);
    if (x.kind == Origin::Some && y.kind == Origin::Some &&
        (inMaps[x.argument] != inMaps[y.argument] ||
         layoutOf(in[x.argument].getType()) !=
             layoutOf(in[y.argument].getType())))
      x.kind = Origin::All;
    return x;
  };
  auto isNumber = [](Type type) { return type.isF32() || type.isInteger(32); };
  for (Operation *op : ops) {
    Origin origin;
    for (Value operand : op->getOperands()) {
      auto known = origins.find(operand);
      if (known != origins.end())
        origin = join(origin, known->second);
      else if (!operand.getDefiningOp<arith::ConstantOp>())
        origin.kind = Origin::All;
    }
    for (Value v : op->getResults())
      origins[v] = origin;
  }
  SmallVector<Hoisted> hoisted;
  for (Operation *op : ops) {
    if (op->getNumResults() != 1 || !isNumber(op->getResult(0).getType()))
      continue;
    Value scalar = op->getResult(0);
    Origin origin = origins[scalar];
    // Of one number alone, what is left to compute would wait for it twice.
    if (origin.kind != Origin::Some)
      continue;
    bool needed = llvm::any_of(scalar.getUsers(), [&](Operation *user) {
      return user->getNumResults() == 0 ||
             origins[user->getResult(0)].kind != Origin::Some ||
             !isNumber(user->getResult(0).getType());
    });
    if (!needed)
      continue;
    // The operations that lead to it, and their operands.
    SetVector<Operation *> slice;
    SmallVector<Operation *> left{op};
    while (!left.empty()) {
      Operation *next = left.pop_back_val();
      if (!slice.insert(next))
        continue;
      for (Value operand : next->getOperands())
        if (Operation *from = operand.getDefiningOp())
          left.push_back(from);
    }
    unsigned like = origin.argument;
    auto shape = cast<RankedTensorType>(in[like].getType()).getShape();
    unsigned rank = unsigned(shape.size());
    SmallVector<Value> tensors;
    SmallVector<AffineMap> maps;
    auto block = std::make_unique<Block>();
    OpBuilder inner(b.getContext());
    inner.setInsertionPointToEnd(block.get());
    IRMapping mapping;
    for (BlockArgument argument : body.getArguments().take_front(in.size())) {
      unsigned i = argument.getArgNumber();
      if (!in[i] || llvm::none_of(argument.getUsers(), [&](Operation *user) {
            return slice.contains(user);
          }))
        continue;
      mapping.map(argument, block->addArgument(argument.getType(), loc));
      tensors.push_back(in[i]);
      maps.push_back(inMaps[i].getNumResults() == 0
                         ? AffineMap::get(rank, 0, b.getContext())
                         : b.getMultiDimIdentityMap(rank));
    }
    for (Operation &inside : body.without_terminator())
      if (slice.contains(&inside))
        cloneScalar(inner, inside, mapping);
    YieldOp::create(inner, loc, mapping.lookup(scalar));
    // Two planes read vectors of two columns at once.
    auto type = placedType(
        shape, scalar.getType(),
        spreadVectors(layoutOf(in[like].getType()), machine.segmentWords()));
    if (!fitsVectorUnit(*block, ValueRange(tensors).getTypes(), Type(type),
                        false, machine))
      continue;
    maps.push_back(b.getMultiDimIdentityMap(rank));
    auto kernel = MapOp::create(b, loc, TypeRange{type}, tensors,
                                b.getAffineMapArrayAttr(maps), UnitAttr());
    kernel->getRegion(0).push_back(block.release());
    hoisted.push_back({scalar, kernel->getResult(0), inMaps[like]});
  }
  return hoisted;
}
