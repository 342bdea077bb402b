// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element-wise kernels that feed one other element-wise kernel only, as squares
// feed the sum of a row's vectors, become part of it where the ALUs suffice: a
// trip through memory less, on the way of every normalisation.

#include "Placer.h"

#include "weft/Conversion/VectorUnit/AluProgram.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace weft;

namespace {

/// The kernel whose result `operand` is, or is a view of.
MapOp producerOf(Value operand) {
  if (auto view = operand.getDefiningOp<ViewOp>())
    operand = view.getInput();
  return operand.getDefiningOp<MapOp>();
}

/// Whether the producer computes each word of its result from the same word of
/// its operand, for `user` alone.
bool isFusable(MapOp producer, MapOp user) {
  if (producer.getInputs().size() != 1 || producer->getNumResults() != 1 ||
      producer.getMask() || producer->getBlock() != user->getBlock())
    return false;
  for (AffineMap map : producer.getMaps().getAsValueRange<AffineMapAttr>())
    if (!map.isIdentity())
      return false;
  Value from = producer.getInputs()[0], to = producer.getResult(0);
  // Integers change with the width that they are stored in.
  if (!isa<FloatType>(getElementTypeOrSelf(to.getType())))
    return false;
  if (cast<ShapedType>(from.getType()).getShape() !=
          cast<ShapedType>(to.getType()).getShape() ||
      layoutOf(from.getType()) != layoutOf(to.getType()))
    return false;
  return llvm::all_of(to.getUsers(), [&](Operation *next) {
    if (auto view = dyn_cast<ViewOp>(next))
      return llvm::all_of(view.getResult().getUsers(),
                          [&](Operation *end) { return end == user; });
    return next == user;
  });
}

/// The user with the bodies of its fusable producers in its own, or null.
MapOp fuse(MapOp user, const Machine &machine) {
  SmallVector<MapOp> producers;
  bool any = false;
  for (Value operand : user.getInputs()) {
    MapOp producer = producerOf(operand);
    producers.push_back(producer && isFusable(producer, user) ? producer
                                                              : MapOp());
    any |= bool(producers.back());
  }
  if (!any)
    return {};
  OpBuilder b(user);
  SmallVector<Value> operands;
  SmallVector<DataType> leaves, results;
  auto block = std::make_unique<Block>();
  OpBuilder inner(b.getContext());
  inner.setInsertionPointToEnd(block.get());
  IRMapping mapping;
  for (auto [i, producer] : llvm::enumerate(producers)) {
    Value operand = user.getInputs()[i];
    BlockArgument argument = user.getBody().getArgument(unsigned(i));
    if (!producer) {
      operands.push_back(operand);
      leaves.push_back(storageOf(operand.getType()));
      mapping.map(argument,
                  block->addArgument(argument.getType(), argument.getLoc()));
      continue;
    }
    Value source = producer.getInputs()[0];
    if (auto view = operand.getDefiningOp<ViewOp>()) {
      auto type = cast<RankedTensorType>(view.getType());
      source = ViewOp::create(
          b, view.getLoc(),
          RankedTensorType::get(type.getShape(),
                                getElementTypeOrSelf(source.getType()),
                                type.getEncoding()),
          source);
    }
    operands.push_back(source);
    leaves.push_back(storageOf(source.getType()));
    Block &body = producer.getBody().front();
    IRMapping own;
    own.map(
        body.getArgument(0),
        block->addArgument(body.getArgument(0).getType(), argument.getLoc()));
    for (Operation &op : body.without_terminator())
      inner.clone(op, own);
    mapping.map(argument,
                own.lookupOrDefault(body.getTerminator()->getOperand(0)));
  }
  for (Operation &op : user.getBody().front())
    inner.clone(op, mapping);
  for (Value result : user.getResults())
    results.push_back(storageOf(result.getType()));
  auto program =
      buildAluProgram(machine, *block, leaves, results, bool(user.getMask()));
  if (failed(program) || program->alus() > machine.alus)
    return {};
  auto fused = MapOp::create(b, user.getLoc(), user->getResultTypes(), operands,
                             user.getMaps(), user.getMaskAttr());
  fused.getBody().push_back(block.release());
  return fused;
}

} // namespace

void weft::fuseMaps(func::FuncOp function, const Machine &machine) {
  for (Operation &op : llvm::make_early_inc_range(function.getBody().front())) {
    auto user = dyn_cast<MapOp>(op);
    if (!user)
      continue;
    if (MapOp fused = fuse(user, machine)) {
      user->replaceAllUsesWith(fused->getResults());
      user->erase();
    }
  }
}
