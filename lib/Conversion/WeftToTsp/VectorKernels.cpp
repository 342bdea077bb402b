// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element-wise kernels and assembly of tensors: chains of the vector unit from
// SRAM back to SRAM.

#include "ChainBuilder.h"

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
  if (program->alus() > builder.machine.alus) {
    InFlightDiagnostic error =
        op.emitError("not supported on the chip: one operation needs ");
    error << program->alus() << " ALUs, the machine has "
          << builder.machine.alus;
    error.attachNote(loc) << "with fewer it cannot be computed: give the "
                             "machine "
                          << program->alus() << " at least (vxm.alus)";
    return error;
  }
  builder.allocate(op.getResults(), builder.machine.alus - program->alus(),
                   loc);

  auto type = cast<RankedTensorType>(op.getResult(0).getType());
  Layout layout = layoutOf(type);
  AffineMap inverse = inversePermutation(maps[operands]);
  std::vector<VectorOfTensor> vectors =
      enumerateVectors(layout, type.getShape());

  const size_t longest = vectorBurst(vectors.size());
  SmallVector<SmallVector<SmallVector<int64_t>>> bursts;
  for (auto [i, v] : llvm::enumerate(vectors)) {
    if (i % longest == 0)
      bursts.emplace_back();
    bursts.back().push_back(v.index);
  }
  SmallVector<PassingReduction *> reductions;
  if (op.getNumResults() == 1)
    reductions = builder.passReductions(op.getResult(0), *program, bursts, loc);
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
      operandMemory[i] = builder.turnOf(op.getInputs()[i]);
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
    SmallVector<Value> out = builder.emit(*program, values, 0, int(count), 1,
                                          loc, reductions, burst.front().index);
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
