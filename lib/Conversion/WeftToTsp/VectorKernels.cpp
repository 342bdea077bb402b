// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element-wise kernels, reductions over words, and assembly of tensors: chains
// of the vector unit from SRAM back to SRAM.

#include "ChainBuilder.h"

#include "llvm/ADT/StringSwitch.h"

#include <set>

using namespace mlir;
using namespace weft;

LogicalResult weft::lowerMap(ChainBuilder &builder, MapOp op) {
  Location loc = op.getLoc();
  SmallVector<AffineMap> maps(op.getMaps().getAsValueRange<AffineMapAttr>());
  unsigned operands = unsigned(op.getInputs().size());
  SmallVector<DataType> leaves, results;
  for (Value v : op.getInputs())
    leaves.push_back(storageOf(v.getType()));
  for (Value v : op.getResults())
    results.push_back(storageOf(v.getType()));
  auto program = buildAluProgram(builder.machine, op.getBody().front(), leaves,
                                 results, op.getMask());
  if (failed(program))
    return failure();
  if (program->alus() > builder.machine.alus)
    return op.emitError("needs ")
           << program->alus() << " ALUs, the chip has " << builder.machine.alus;
  builder.allocate(op.getResults(), builder.machine.alus - program->alus(),
                   loc);

  auto type = cast<RankedTensorType>(op.getResult(0).getType());
  Layout layout = layoutOf(type);
  AffineMap inverse = inversePermutation(maps[operands]);
  std::vector<VectorOfTensor> vectors =
      enumerateVectors(layout, type.getShape());

  const size_t longest = vectorBurst(vectors.size());
  for (size_t begin = 0; begin < vectors.size(); begin += longest) {
    size_t count = std::min(vectors.size() - begin, longest);
    auto burst = ArrayRef<VectorOfTensor>(vectors).slice(begin, count);
    OpBuilder::InsertionGuard guard(builder.b);
    // Masks are memory, which stands outside of chains.
    Memory mask;
    SmallVector<VectorAddress> maskAddresses;
    if (op.getMask()) {
      std::vector<std::vector<int32_t>> rows;
      for (const VectorOfTensor &v : burst) {
        std::vector<bool> used = lanesOfVector(layout, type.getShape(), v.index,
                                               builder.machine.lanes());
        std::vector<int32_t> row(used.size());
        for (size_t l = 0; l < used.size(); ++l)
          row[l] = used[l] ? -1 : 0;
        auto at = llvm::find(rows, row);
        maskAddresses.push_back({int32_t(at - rows.begin()), 0});
        if (at == rows.end())
          rows.push_back(row);
      }
      mask = builder.laneConstant(rows, loc);
    }
    SmallVector<Memory> operandMemory(operands);
    SmallVector<SmallVector<VectorAddress>> operandVectors(operands);
    for (unsigned i = 0; i < operands; ++i) {
      if (program->leafTime[i] < 0)
        continue;
      operandMemory[i] = builder.memoryOf(op.getInputs()[i]);
      for (const VectorOfTensor &v : burst) {
        SmallVector<int64_t> loops;
        for (unsigned d = 0; d < inverse.getNumResults(); ++d)
          loops.push_back(v.index[inverse.getDimPosition(d)]);
        operandVectors[i].push_back(
            addressOf(operandMemory[i].layout, maps[i], loops));
      }
    }
    builder.separate(operandMemory, operandVectors, nullptr, loc);
    builder.beginChain(loc, "map");
    SmallVector<Value> values(program->leafTime.size());
    for (unsigned i = 0; i < operands; ++i)
      if (program->leafTime[i] >= 0)
        values[i] = builder.read(operandMemory[i], operandVectors[i], 1, loc);
    if (op.getMask())
      values.back() = builder.read(mask, maskAddresses, 1, loc);
    SmallVector<Value> out =
        builder.emit(*program, values, 0, int(count), 1, loc);
    for (auto [i, value] : llvm::enumerate(out)) {
      Value result = op.getResult(unsigned(i));
      Layout own = layoutOf(result.getType());
      SmallVector<VectorAddress> addresses;
      for (const VectorOfTensor &v : burst)
        addresses.push_back(v.address);
      if (own != layout)
        return op.emitError("expected results of one layout");
      builder.write(value, builder.memoryOf(result), addresses, loc);
    }
  }
  return mlir::success();
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
  std::optional<Opcode> opcode =
      llvm::StringSwitch<std::optional<Opcode>>(op.getKind())
          .Case("add", Opcode::Add)
          .Case("mul", Opcode::Mul)
          .Case("max", Opcode::Max)
          .Case("min", Opcode::Min)
          .Case("and", Opcode::And)
          .Case("or", Opcode::Or)
          .Default(std::nullopt);
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
    // Worth the second trip through memory only from some length on.
    if (addresses.size() >= size_t(8 * latency)) {
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

LogicalResult weft::lowerAssemble(ChainBuilder &builder, AssembleOp op) {
  Location loc = op.getLoc();
  auto type = cast<RankedTensorType>(op.getResult().getType());
  builder.allocate(op->getResults(), builder.machine.alus - 4, loc);
  Memory &out = builder.memoryOf(op.getResult());
  size_t rank = size_t(type.getRank());
  std::set<VectorAddress> covered;
  AluNode node;
  auto copy = [&](const Memory &from, ArrayRef<VectorAddress> source,
                  ArrayRef<VectorAddress> target) {
    node.opcode = Opcode::Copy;
    node.type = node.resultType = from.storage;
    const size_t longest = vectorBurst(source.size());
    for (size_t begin = 0; begin < source.size(); begin += longest) {
      size_t count = std::min(source.size() - begin, longest);
      OpBuilder::InsertionGuard guard(builder.b);
      builder.beginChain(loc, "copy");
      Value value = builder.read(from, source.slice(begin, count), 1, loc);
      value = builder.alu(loc, node, value, {0}, {}, 0, int(count), 1);
      builder.write(value, out, target.slice(begin, count), loc);
    }
  };
  for (auto [i, input] : llvm::enumerate(op.getInputs())) {
    auto inType = cast<RankedTensorType>(input.getType());
    Memory &from = builder.memoryOf(input);
    SmallVector<VectorAddress> source, target;
    for (const VectorOfTensor &v :
         enumerateVectors(from.layout, inType.getShape())) {
      SmallVector<int64_t> index(v.index);
      for (size_t d = 0; d < rank; ++d)
        index[d] += op.getOffsets()[i * rank + d];
      LayoutPosition p = out.layout.at(index);
      source.push_back(v.address);
      target.push_back({p.word, p.column});
      covered.insert(target.back());
    }
    copy(from, source, target);
  }
  SmallVector<VectorAddress> source, target;
  for (const VectorOfTensor &v : enumerateVectors(out.layout, type.getShape()))
    if (!covered.count(v.address)) {
      source.push_back({0, 0});
      target.push_back(v.address);
    }
  if (target.empty())
    return mlir::success();
  Memory zero = builder.zeros(loc);
  if (zero.storage == out.storage) {
    copy(zero, source, target);
    return mlir::success();
  }
  // Zeros of another width.
  std::vector<std::vector<int32_t>> row{
      std::vector<int32_t>(size_t(builder.machine.lanes()), 0)};
  Memory wide = builder.laneConstant(row, loc);
  if (byteWidth(out.storage) != 4) {
    wide.buffers.resize(size_t(byteWidth(out.storage)));
  }
  wide.storage = out.storage;
  copy(wide, source, target);
  return mlir::success();
}
