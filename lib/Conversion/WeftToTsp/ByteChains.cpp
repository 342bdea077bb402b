// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Chains of products of bytes: loads of the shadow weights of one or two
// planes, and the epilogues of both planes at once.

#include "ByteContraction.h"

using namespace mlir;
using namespace weft;

Value ByteContraction::emitLoad(ArrayRef<const BytePass *> passes, int count,
                                int home, int hemisphere) {
  OpBuilder &b = builder.b;
  Location loc = op.getLoc();
  const int perBlock = builder.machine.weightStreams;
  auto constant = op.getInstalled()[0].getDefiningOp<ConstantOp>();
  AffineMap map = installedMaps[0];
  auto shape = cast<RankedTensorType>(constant.getType()).getShape();
  struct Tile {
    ValueRange buffers;
    int first, blocks;
  };
  SmallVector<Tile> tiles;
  for (const BytePass *pass : passes) {
    int first = INT_MAX, last = 0;
    for (const ColumnEntry *column : pass->columns) {
      first = std::min(first, column->lane / perBlock);
      last = std::max(last, column->lane / perBlock);
    }
    int blocks = last - first + 1;
    SmallVector<int64_t> lanes(size_t(builder.machine.lanes()), -1),
        tileColumns(size_t(blocks * perBlock), -1);
    for (const TileLane &lane : pass->lanes)
      lanes[size_t(lane.lane)] = flatIndex(map, shape, lane.loops);
    for (const ColumnEntry *column : pass->columns) {
      SmallVector<int64_t> own(extents.size(), 0);
      for (unsigned loop : columns)
        own[loop] = column->loops[loop];
      tileColumns[size_t(column->lane - first * perBlock)] =
          flatIndex(map, shape, own);
    }
    std::vector<int64_t> key(lanes.begin(), lanes.end());
    key.insert(key.end(), tileColumns.begin(), tileColumns.end());
    Value &known = builder.tiles[{constant.getValue().getAsOpaquePointer(),
                                  0.0f, home, std::move(key)}];
    if (!known) {
      SmallVector<Type> types(size_t(perBlock),
                              tsp::BufferType::get(b.getContext()));
      auto weights = tsp::WeightsOp::create(
          b, constant.getLoc(), types, constant.getValue(),
          b.getDenseI64ArrayAttr(lanes), b.getDenseI64ArrayAttr(tileColumns),
          b.getF32FloatAttr(1.0f), b.getI64IntegerAttr(blocks),
          b.getI64IntegerAttr(home), DenseI64ArrayAttr(), b.getUnitAttr());
      known = weights.getBuffers()[0];
      builder.weightBlocks[home] += blocks;
    }
    tiles.push_back(
        {known.getDefiningOp<tsp::WeightsOp>().getBuffers(), first, blocks});
  }
  OpBuilder::InsertionGuard guard(b);
  auto chain = tsp::ChainOp::create(
      b, loc, tsp::LoadedType::get(b.getContext()), Value(),
      b.getStringAttr("load"), b.getI64IntegerAttr(hemisphere), IntegerAttr(),
      IntegerAttr(), IntegerAttr(), IntegerAttr());
  b.createBlock(&chain.getBody());
  // All streams at once where the rows are few and loads are what takes time;
  // one plane after the other where rows must stream meanwhile.
  int blocks = 0;
  for (const Tile &tile : tiles)
    blocks += tile.blocks;
  bool atOnce = count < blocks;
  int offset = 0;
  for (auto [plane, tile] : llvm::enumerate(tiles)) {
    SmallVector<Value> buffers(tile.buffers);
    SmallVector<int64_t> runs, counts(buffers.size(), 1);
    for (size_t j = 0; j < buffers.size(); ++j)
      runs.append({0, 1, tile.blocks, 0, 1});
    Value value = tsp::ReadOp::create(
        b, loc, tsp::ValueType::get(b.getContext()), buffers,
        b.getI64IntegerAttr(tile.blocks), b.getI64IntegerAttr(1),
        b.getDenseI64ArrayAttr(counts), b.getDenseI64ArrayAttr(runs),
        IntegerAttr());
    tsp::LoadWeightsOp::create(b, loc, value, b.getI64IntegerAttr(offset),
                               b.getI64IntegerAttr(tile.blocks),
                               b.getI64IntegerAttr(tile.first), UnitAttr(),
                               UnitAttr(), b.getI64IntegerAttr(int64_t(plane)));
    if (!atOnce)
      offset += tile.blocks;
  }
  return chain.getFilled();
}

/// What the epilogues read, apart from each other: shared where it is the same
/// in both, a copy of a constant where it is not.
std::vector<ByteContraction::Epilogue>
ByteContraction::prepareEpilogues(ArrayRef<const ByteColumn *> slot,
                                  Rows rowLoops, int hemisphere) {
  Location loc = op.getLoc();
  const Machine &machine = builder.machine;
  int count = int(rowLoops.size());
  std::vector<Epilogue> result(slot.size());
  SmallVector<Memory> all;
  SmallVector<SmallVector<VectorAddress>> allVectors;
  SmallVector<std::pair<size_t, size_t>> from;
  for (auto [p, column] : llvm::enumerate(slot)) {
    Epilogue &own = result[p];
    auto loops = loopsOf(*column, rowLoops);
    own.extras.resize(op.getExtra().size());
    own.vectors.resize(op.getExtra().size());
    own.shared.assign(op.getExtra().size(), false);
    for (auto [e, extra] : llvm::enumerate(op.getExtra())) {
      if (program.leafTime[e + 1] < 0)
        continue;
      Memory memory = builder.memoryOf(extra);
      if (hemisphere == 0 && !memory.east.empty())
        memory.buffers = memory.east;
      for (const auto &each : loops)
        own.vectors[e].push_back(addressOf(memory.layout, extraMaps[e], each));
      if (p > 0 && own.vectors[e] == result[0].vectors[e]) {
        own.shared[e] = true;
        continue;
      }
      if (p > 0 && extra.getDefiningOp<ConstantOp>())
        memory = builder.constantCopy(memory);
      own.extras[e] = memory;
      all.push_back(memory);
      allVectors.push_back(own.vectors[e]);
      from.push_back({p, e});
    }
    if (op.getMask()) {
      auto type = cast<RankedTensorType>(op.getResult(0).getType());
      SmallVector<int64_t> index;
      for (unsigned d = 0; d < resultMap.getNumResults(); ++d)
        index.push_back(loops[0][resultMap.getDimPosition(d)]);
      std::vector<bool> used =
          lanesOfVector(resultLayout, type.getShape(), index, machine.lanes());
      std::vector<int32_t> row(used.size());
      for (size_t l = 0; l < used.size(); ++l)
        row[l] = used[l] ? -1 : 0;
      own.mask = builder.laneConstant({row}, loc);
    }
  }
  Memory streamed = builder.memoryOf(op.getStreamed()[0]);
  if (hemisphere == 1 && !streamed.east.empty())
    streamed.buffers = streamed.east;
  builder.separate(all, allVectors,
                   count > machine.mxmLatency ? &streamed : nullptr, loc);
  for (auto [i, at] : llvm::enumerate(from)) {
    result[at.first].extras[at.second] = all[i];
    result[at.first].vectors[at.second] = allVectors[i];
  }
  return result;
}

void ByteContraction::emitEpilogues(ArrayRef<const ByteColumn *> slot,
                                    ArrayRef<Epilogue> epilogues,
                                    ArrayRef<Value> sums, Rows rowLoops,
                                    int base) {
  Location loc = op.getLoc();
  int count = int(rowLoops.size());
  SmallVector<Value> first;
  for (auto [p, column] : llvm::enumerate(slot)) {
    const Epilogue &own = epilogues[p];
    SmallVector<Value> values(program.leafTime.size());
    values[0] = sums[p];
    for (unsigned e = 0; e < op.getExtra().size(); ++e)
      if (program.leafTime[e + 1] >= 0)
        values[e + 1] =
            own.shared[e] ? first[e + 1]
                          : builder.read(own.extras[e], own.vectors[e], 1, loc);
    if (op.getMask())
      values.back() = builder.read(
          own.mask, SmallVector<VectorAddress>(size_t(count), {0, 0}), 1, loc);
    if (p == 0)
      first = values;
    SmallVector<Value> out = builder.emit(program, values, base, count, 1, loc);
    for (auto [r, result] : llvm::enumerate(op.getResults()))
      builder.write(out[r], builder.memoryOf(result),
                    targetsOf(result, *column, rowLoops), loc);
  }
}
