// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reductions over words: chains of the vector unit that combine vectors which
// lie in memory, or, where a kernel computes them one after the other, ALUs in
// its chains that combine them on their way there.

#include "ChainBuilder.h"

#include "llvm/ADT/StringSwitch.h"

using namespace mlir;
using namespace weft;

std::optional<Opcode> weft::reductionOpcode(StringRef kind) {
  return llvm::StringSwitch<std::optional<Opcode>>(kind)
      .Case("add", Opcode::Add)
      .Case("mul", Opcode::Mul)
      .Case("max", Opcode::Max)
      .Case("min", Opcode::Min)
      .Case("and", Opcode::And)
      .Case("or", Opcode::Or)
      .Default(std::nullopt);
}

/// Vectors from which combining them in parts, one a cycle, is worth a second
/// trip through memory.
static size_t shortestInParts(int latency) { return size_t(8 * latency); }

/// The vector of a reduction's result that vector `index` of its operand is
/// combined into.
static VectorAddress targetOf(ReduceOp op, ArrayRef<int64_t> index) {
  SmallVector<int64_t> kept;
  for (int64_t d = 0; d < int64_t(index.size()); ++d)
    if (!llvm::is_contained(op.getDims(), d))
      kept.push_back(index[size_t(d)]);
  LayoutPosition p = layoutOf(op.getResult().getType()).at(kept);
  return {p.word, p.column};
}

SmallVector<PassingReduction *>
ChainBuilder::passReductions(Value placed, const AluProgram &program,
                             ArrayRef<SmallVector<SmallVector<int64_t>>> bursts,
                             Location loc) {
  const int latency = machine.aluLatency;
  SmallVector<std::unique_ptr<PassingReduction>> made;
  for (Operation *user : placed.getUsers()) {
    auto op = dyn_cast<ReduceOp>(user);
    if (!op || !isa<FloatType>(getElementTypeOrSelf(op.getResult().getType())))
      continue;
    std::optional<Opcode> opcode = reductionOpcode(op.getKind());
    int64_t terms = 1;
    for (int64_t d : op.getDims())
      terms *= cast<RankedTensorType>(placed.getType()).getDimSize(unsigned(d));
    if (!opcode || size_t(terms) < shortestInParts(latency))
      return {};
    for (const auto &burst : bursts) {
      if (burst.size() < size_t(latency))
        return {};
      for (const auto &index : burst)
        if (targetOf(op, index) != targetOf(op, burst.front()))
          return {};
    }
    made.push_back(std::make_unique<PassingReduction>());
    made.back()->op = op;
    made.back()->opcode = *opcode;
  }
  // An ALU each; a second copy of the operand takes one as well.
  if (program.results.size() != 1 ||
      program.alus() + int(made.size()) + !memoryOf(placed).east.empty() >
          machine.alus)
    return {};
  SmallVector<PassingReduction *> result;
  for (auto &reduction : made) {
    // Each in slices of its own: all are read at one time.
    for (size_t i = 0; i < bursts.size(); ++i)
      reduction->memory.push_back(scratch(DataType::F32, latency, loc));
    result.push_back(reduction.get());
    passing[reduction->op] = std::move(reduction);
  }
  return result;
}

void ChainBuilder::combine(PassingReduction &reduction, ArrayRef<int64_t> index,
                           const AluProgram &program, ArrayRef<Value> leaves,
                           ArrayRef<Value> values, int base, int count,
                           Location loc) {
  // What is rounded to be stored, when it is; else what is stored.
  const AluNode &last = program.nodes[size_t(program.results[0])];
  Value value = values[size_t(program.results[0])];
  int offset = base + last.time + aluLatency(machine, last.opcode);
  if (last.opcode == Opcode::Convert && last.type == DataType::F32) {
    const AluArgument &from = last.arguments[0];
    value = from.kind == AluArgument::Kind::Leaf ? leaves[size_t(from.index)]
                                                 : values[size_t(from.index)];
    offset = base + last.time;
  }
  AluNode node;
  node.opcode = reduction.opcode;
  node.type = node.resultType = DataType::F32;
  value = alu(loc, node, value, {0}, {}, offset, count, 1);
  value.getDefiningOp<tsp::AluOp>().setAccumulate(true);
  SmallVector<VectorAddress> target;
  for (int32_t i = 0; i < machine.aluLatency; ++i)
    target.push_back({i, 0});
  write(value, reduction.memory[reduction.used], target, loc);
  reduction.bursts[targetOf(reduction.op, index)].push_back(reduction.used++);
}

LogicalResult weft::lowerReduce(ChainBuilder &builder, ReduceOp op) {
  Location loc = op.getLoc();
  const Machine &machine = builder.machine;
  auto inType = cast<RankedTensorType>(op.getInput().getType());
  auto outType = cast<RankedTensorType>(op.getResult().getType());
  Memory &in = builder.memoryOf(op.getInput());
  builder.allocate(op->getResults(), builder.machine.alus - 4, loc);
  Layout inLayout = in.layout, outLayout = layoutOf(outType);
  bool isFloat = isa<FloatType>(outType.getElementType());
  DataType compute = isFloat ? DataType::F32 : DataType::I32;
  std::optional<Opcode> opcode = reductionOpcode(op.getKind());
  if (!opcode)
    return op.emitError("unknown kind of reduction '") << op.getKind() << "'";
  SmallVector<bool> reduced(size_t(inType.getRank()), false);
  for (int64_t d : op.getDims())
    reduced[size_t(d)] = true;
  // All combinations of the reduced dimensions.
  SmallVector<SmallVector<int64_t>> terms{{}};
  for (int64_t d : op.getDims()) {
    SmallVector<SmallVector<int64_t>> next;
    for (auto &prefix : terms)
      for (int64_t i = 0; i < inType.getDimSize(unsigned(d)); ++i) {
        next.push_back(prefix);
        next.back().push_back(i);
      }
    terms = std::move(next);
  }
  auto chainOf = [&](const Memory &from, ArrayRef<VectorAddress> addresses,
                     int period, DataType stored, const Memory &to,
                     ArrayRef<VectorAddress> target) {
    OpBuilder::InsertionGuard guard(builder.b);
    builder.beginChain(loc, "reduce");
    int count = int(addresses.size());
    Value value = builder.read(from, addresses, period, loc);
    int offset = 0;
    AluNode node;
    if (from.storage != compute) {
      node.opcode = Opcode::Convert;
      node.type = from.storage;
      node.resultType = compute;
      value = builder.alu(loc, node, value, {0}, {}, offset, count, period);
      offset += aluLatency(machine, Opcode::Convert);
    }
    node.opcode = *opcode;
    node.type = node.resultType = compute;
    value = builder.alu(loc, node, value, {0}, {}, offset, count, period);
    value.getDefiningOp<tsp::AluOp>().setAccumulate(true);
    int parts = int(target.size());
    offset += (count - parts) * period + aluLatency(machine, *opcode);
    // The last results alone go out, through an operation of their own.
    node.opcode = stored != compute ? Opcode::Convert : Opcode::Copy;
    node.resultType = stored;
    value = builder.alu(loc, node, value, {0}, {}, offset, parts, period);
    builder.write(value, to, target, loc);
  };
  // An ALU combines a vector each cycle with its own result of a latency ago,
  // so it ends with as many parts as its latency has cycles; they are combined
  // in a chain of their own, a latency apart. Bursts as short as those that
  // write what is reduced let it begin before they have all ended.
  const int latency = machine.aluLatency;
  std::vector<VectorOfTensor> vectors =
      enumerateVectors(outLayout, outType.getShape());
  const size_t longest = vectorBurst(vectors.size() * terms.size());
  // The parts of several bursts, read at one time: part i of each, and then
  // those of the sums, as many a latency apart. To one vector, or to parts.
  auto combineParts = [&](ArrayRef<Memory> parts, const Memory &to,
                          ArrayRef<VectorAddress> target, DataType stored) {
    OpBuilder::InsertionGuard guard(builder.b);
    builder.beginChain(loc, "reduce");
    const bool last = target.size() == 1;
    const int period = last ? latency : 1;
    SmallVector<VectorAddress> words;
    for (int32_t word = 0; word < latency; ++word)
      words.push_back({word, 0});
    AluNode node;
    node.opcode = *opcode;
    node.type = node.resultType = compute;
    Value value = builder.read(parts[0], words, period, loc);
    int offset = 0;
    for (const Memory &other : parts.drop_front()) {
      value = builder.alu(loc, node,
                          {value, builder.read(other, words, period, loc)},
                          {0, 1}, {}, offset, latency, period);
      offset += latency;
    }
    if (last) {
      value = builder.alu(loc, node, value, {0}, {}, offset, latency, period);
      value.getDefiningOp<tsp::AluOp>().setAccumulate(true);
      offset += (latency - 1) * period + latency;
      node.opcode = stored != compute ? Opcode::Convert : Opcode::Copy;
      node.resultType = stored;
      value = builder.alu(loc, node, value, {0}, {}, offset, 1, period);
    }
    builder.write(value, to, target, loc);
  };
  if (PassingReduction *passed = builder.passed(op)) {
    SmallVector<VectorAddress> words;
    for (int32_t word = 0; word < latency; ++word)
      words.push_back({word, 0});
    for (const VectorOfTensor &v : vectors) {
      SmallVector<Memory, 4> parts;
      for (size_t burst : passed->bursts[v.address])
        parts.push_back(passed->memory[burst]);
      // Four streams each of the 32 that there are.
      constexpr size_t most = 5;
      while (parts.size() > most) {
        SmallVector<Memory, 4> next;
        for (size_t i = 0; i < parts.size(); i += most) {
          auto some = ArrayRef<Memory>(parts).slice(
              i, std::min(most, parts.size() - i));
          next.push_back(some[0]);
          if (some.size() == 1)
            continue;
          next.back() = builder.scratch(compute, latency, loc);
          combineParts(some, next.back(), words, compute);
        }
        parts = next;
      }
      combineParts(parts, builder.memoryOf(op.getResult()), {v.address},
                   storageOf(outType));
    }
    return mlir::success();
  }
  for (const VectorOfTensor &v : vectors) {
    SmallVector<VectorAddress> addresses;
    for (const auto &term : terms) {
      SmallVector<int64_t> index;
      size_t kept = 0, dropped = 0;
      for (size_t d = 0; d < reduced.size(); ++d)
        index.push_back(reduced[d] ? term[dropped++] : v.index[kept++]);
      LayoutPosition p = inLayout.at(index);
      addresses.push_back({p.word, p.column});
    }
    size_t bursts = (addresses.size() + longest - 1) / longest;
    const Memory *from = &in;
    Memory parts;
    SmallVector<VectorAddress> partial;
    if (addresses.size() >= shortestInParts(latency)) {
      parts = builder.scratch(compute, int64_t(bursts) * latency, loc);
      for (size_t burst = 0; burst < bursts; ++burst) {
        size_t begin = burst * addresses.size() / bursts,
               end = (burst + 1) * addresses.size() / bursts;
        SmallVector<VectorAddress> target;
        for (int i = 0; i < latency; ++i)
          target.push_back({int32_t(partial.size()) + i, 0});
        chainOf(in, ArrayRef(addresses).slice(begin, end - begin), 1, compute,
                parts, target);
        llvm::append_range(partial, target);
      }
      from = &parts;
      addresses = partial;
    }
    chainOf(*from, addresses, latency, storageOf(outType),
            builder.memoryOf(op.getResult()), {v.address});
  }
  return mlir::success();
}
