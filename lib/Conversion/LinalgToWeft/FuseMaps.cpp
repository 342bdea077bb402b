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

bool weft::fitsVectorUnit(Block &body, TypeRange operands, TypeRange results,
                          bool masked, const Machine &machine) {
  SmallVector<DataType> leaves, stored;
  for (Type type : operands)
    leaves.push_back(storageOf(type));
  for (Type type : results)
    stored.push_back(storageOf(type));
  auto program = buildAluProgram(machine, body, leaves, stored, masked);
  return succeeded(program) && program->alus() <= machine.alus;
}

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
  auto block = std::make_unique<Block>();
  OpBuilder inner(b.getContext());
  inner.setInsertionPointToEnd(block.get());
  IRMapping mapping;
  for (auto [i, producer] : llvm::enumerate(producers)) {
    Value operand = user.getInputs()[i];
    BlockArgument argument = user.getBody().getArgument(unsigned(i));
    if (!producer) {
      operands.push_back(operand);
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
  if (!fitsVectorUnit(*block, ValueRange(operands).getTypes(),
                      user->getResultTypes(), bool(user.getMask()), machine))
    return {};
  auto fused = MapOp::create(b, user.getLoc(), user->getResultTypes(), operands,
                             user.getMaps(), user.getMaskAttr());
  fused.getBody().push_back(block.release());
  return fused;
}

/// Whether a kernel makes a vector or two for others of a few: to compute them
/// again in each of those costs less than to wait for them.
bool isSmall(MapOp producer, MapOp user) {
  auto vectors = [](MapOp map) {
    Layout layout = layoutOf(map.getResult(0).getType());
    return std::max(layout.words, 1) * layout.columns;
  };
  return producer->getNumResults() == 1 && !producer.getMask() &&
         producer->getBlock() == user->getBlock() && vectors(producer) <= 2 &&
         vectors(user) <= 32 &&
         // What f16 memory would have rounded is rounded.
         getElementTypeOrSelf(producer.getType(0)).isF32();
}

/// Streams that the operands of a kernel may take, of 32 in each direction.
constexpr int kMostStreams = 28;

/// The user with the body of one small producer in its own, or null.
MapOp fuseSmall(MapOp user, const Machine &machine) {
  SmallVector<AffineMap> userMaps(
      user.getMaps().getAsValueRange<AffineMapAttr>());
  for (unsigned i = 0; i < user.getInputs().size(); ++i) {
    auto producer = user.getInputs()[i].getDefiningOp<MapOp>();
    if (!producer || !isSmall(producer, user))
      continue;
    SmallVector<AffineMap> own(
        producer.getMaps().getAsValueRange<AffineMapAttr>());
    if (!own.back().isIdentity())
      continue;
    SmallVector<Value> operands;
    SmallVector<AffineMap> maps;
    auto block = std::make_unique<Block>();
    OpBuilder inner(user.getContext());
    inner.setInsertionPointToEnd(block.get());
    IRMapping mapping, inside;
    auto take = [&](Value operand, AffineMap map, BlockArgument argument,
                    IRMapping &into) {
      // What both read is read once.
      for (auto [at, known] : llvm::enumerate(operands))
        if (known == operand && maps[at] == map) {
          into.map(argument, block->getArgument(unsigned(at)));
          return;
        }
      operands.push_back(operand);
      maps.push_back(map);
      into.map(argument,
               block->addArgument(argument.getType(), argument.getLoc()));
    };
    Block &userBody = user.getBody().front(),
          &body = producer.getBody().front();
    for (unsigned k = 0; k < user.getInputs().size(); ++k)
      if (k != i)
        take(user.getInputs()[k], userMaps[k], userBody.getArgument(k),
             mapping);
    for (unsigned k = 0; k < producer.getInputs().size(); ++k)
      take(producer.getInputs()[k], own[k].compose(userMaps[i]),
           body.getArgument(k), inside);
    for (Operation &op : body.without_terminator())
      inner.clone(op, inside);
    Value made = inside.lookupOrDefault(body.getTerminator()->getOperand(0));
    mapping.map(userBody.getArgument(i), made);
    for (Operation &op : userBody)
      inner.clone(op, mapping);
    int streams = 0;
    for (Value operand : operands)
      streams += byteWidth(storageOf(operand.getType()));
    if (streams > kMostStreams ||
        !fitsVectorUnit(*block, ValueRange(operands).getTypes(),
                        user->getResultTypes(), bool(user.getMask()), machine))
      continue;
    maps.append(userMaps.end() - user->getNumResults(), userMaps.end());
    OpBuilder b(user);
    auto fused =
        MapOp::create(b, user.getLoc(), user->getResultTypes(), operands,
                      b.getAffineMapArrayAttr(maps), user.getMaskAttr());
    fused.getBody().push_back(block.release());
    return fused;
  }
  return {};
}

/// Small kernels of the same operands as one, whose operations they share: of
/// two that compute at one time, one waits for ALUs.
bool mergeSiblings(MapOp first, MapOp second, const Machine &machine) {
  if (first.getMask() || second.getMask() ||
      first.getInputs() != second.getInputs())
    return false;
  SmallVector<AffineMap> maps(first.getMaps().getAsValueRange<AffineMapAttr>()),
      others(second.getMaps().getAsValueRange<AffineMapAttr>());
  size_t inputs = first.getInputs().size();
  Layout layout = layoutOf(first.getType(0));
  if (maps.size() <= inputs || others.size() <= inputs ||
      ArrayRef(maps).take_front(inputs + 1) !=
          ArrayRef(others).take_front(inputs + 1) ||
      std::max(layout.words, 1) * layout.columns > 2 ||
      layout != layoutOf(second.getType(0)))
    return false;
  auto block = std::make_unique<Block>();
  IRMapping mapping;
  OpBuilder inner(first.getContext());
  inner.setInsertionPointToEnd(block.get());
  SmallVector<Value> yielded;
  SmallVector<Type> types(first->getResultTypes());
  llvm::append_range(types, second->getResultTypes());
  Block &body = first.getBody().front();
  for (BlockArgument argument : body.getArguments())
    mapping.map(argument,
                block->addArgument(argument.getType(), argument.getLoc()));
  for (Block *each : {&body, &second.getBody().front()}) {
    for (auto [own, shared] :
         llvm::zip(each->getArguments(), block->getArguments()))
      mapping.map(own, shared);
    for (Operation &op : each->without_terminator())
      inner.clone(op, mapping);
    for (Value v : each->getTerminator()->getOperands())
      yielded.push_back(mapping.lookupOrDefault(v));
  }
  YieldOp::create(inner, first.getLoc(), yielded);
  if (!fitsVectorUnit(*block, first.getInputs().getTypes(), types, false,
                      machine))
    return false;
  OpBuilder b(first);
  llvm::append_range(maps, ArrayRef(others).drop_front(inputs));
  auto merged = MapOp::create(
      b, b.getFusedLoc({first.getLoc(), second.getLoc()}), types,
      first.getInputs(), b.getAffineMapArrayAttr(maps), UnitAttr());
  merged.getBody().push_back(block.release());
  first->replaceAllUsesWith(
      merged->getResults().take_front(first->getNumResults()));
  second->replaceAllUsesWith(
      merged->getResults().drop_front(first->getNumResults()));
  first.erase();
  second.erase();
  return true;
}

} // namespace

void weft::mergeSmallMaps(func::FuncOp function, const Machine &machine) {
  // By their first operand, which names few.
  llvm::MapVector<Value, SmallVector<MapOp>> siblings;
  for (auto map : function.getBody().front().getOps<MapOp>())
    if (!map.getInputs().empty())
      siblings[map.getInputs()[0]].push_back(map);
  for (auto &[operand, maps] : siblings)
    for (size_t i = 0; i + 1 < maps.size(); ++i) {
      if (!maps[i])
        continue;
      // With the longest that it can be part of: that one takes no more.
      SmallVector<std::pair<size_t, size_t>> lengths;
      for (size_t k = i + 1; k < maps.size(); ++k)
        if (maps[k])
          lengths.push_back(
              {maps[k].getBody().front().getOperations().size(), k});
      llvm::sort(lengths, [](const auto &x, const auto &y) {
        return std::pair(y.first, x.second) < std::pair(x.first, y.second);
      });
      for (auto [length, k] : lengths)
        if (mergeSiblings(maps[i], maps[k], machine)) {
          maps[k] = MapOp();
          break;
        }
    }
}

void weft::fuseMaps(func::FuncOp function, const Machine &machine) {
  for (Operation &op : llvm::make_early_inc_range(function.getBody().front())) {
    auto user = dyn_cast<MapOp>(op);
    if (!user)
      continue;
    if (MapOp fused = fuse(user, machine)) {
      user->replaceAllUsesWith(fused->getResults());
      user->erase();
      user = fused;
    }
    while (MapOp fused = fuseSmall(user, machine)) {
      user->replaceAllUsesWith(fused->getResults());
      user->erase();
      user = fused;
    }
  }
}
