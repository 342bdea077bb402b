// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Chains of products of bytes: loads of the shadow weights of one or two
// planes, and the epilogues of both planes at once.

#include "ByteContraction.h"

#include <map>

using namespace mlir;
using namespace weft;

/// Blocks of columns of a tile, from the first to the last that it has.
static std::pair<int, int> blocksOf(const BytePass &pass, int perBlock) {
  // Without columns, a block of zeros.
  int first = pass.columns.empty() ? 0 : INT_MAX, last = 0;
  for (const ColumnEntry *column : pass.columns) {
    first = std::min(first, column->lane / perBlock);
    last = std::max(last, column->lane / perBlock);
  }
  return {first, last - first + 1};
}

/// Rows that stream in less time than tiles load, as one row does, come while
/// all 32 streams bring weights: b cycles for b blocks on each plane. A vector
/// of activations then keeps one plane from loading for a cycle. It comes in
/// the cycle after the next tile of a plane, on a stream of that plane's half,
/// so that only there a cycle is lost: by turns on the first and the second
/// plane where both multiply it, which is 2b + 1 cycles for two passes. From
/// an iw on
///   cycle  0   b-1  b   b+1  2b  2b+1
///   first  lw.. lw  abc lw..  lw      (the second plane is late: no gap)
///   second iw  lw.. lw  lw..  lw abc
/// every cycle of the abc and the weight queue may be taken when an iw is due,
/// which is why it stands in the one of acc. Planes that multiply different
/// vectors both lose the same cycle, and iw has the abc queue to itself. So
/// they do where activations share their slices with weights: no load reads
/// then.
ByteContraction::Rhythm
ByteContraction::rhythmOf(const ByteSlot &slot, size_t pass, int count) const {
  Rhythm rhythm;
  const int perBlock = builder.machine.weightStreams;
  const int whole = builder.machine.lanes() / perBlock;
  int all = 0, longest = 2;
  for (const auto &plane : slot.planes) {
    int blocks = blocksOf(*plane[pass], perBlock).second;
    all += blocks;
    longest = std::max(longest, blocks);
  }
  // Tiles that lie side by side in memory are read one after the other.
  rhythm.atOnce = count < all && !isPlaced(op.getInstalled()[0].getType());
  rhythm.cycles = rhythm.atOnce ? longest + 1 : std::max(count, whole);
  if (!rhythm.atOnce)
    return rhythm;
  rhythm.queue = "acc";
  if (slot.planes.size() < 2)
    return rhythm;
  // What follows the last has whole tiles, more often than not.
  rhythm.activate = pass + 1 == slot.passes() ? whole : longest;
  if (slot.columns.size() < 2 || builder.scarce)
    rhythm.queue = "abc";
  else if (pass % 2 == 0)
    rhythm.late = 1;
  else
    rhythm.install[1] = 1;
  // What waits for the result gets it earlier, and a load comes two cycles
  // later.
  if (slot.isLast && pass + 1 == slot.passes())
    rhythm.activate = rhythm.install[1] + 1;
  return rhythm;
}

/// A tile of a constant, packed ahead of time.
ByteContraction::Source ByteContraction::packedTile(const BytePass &pass,
                                                    int home) {
  OpBuilder &b = builder.b;
  const int perBlock = builder.machine.weightStreams;
  auto constant = op.getInstalled()[0].getDefiningOp<ConstantOp>();
  AffineMap map = installedMaps[0];
  auto shape = cast<RankedTensorType>(constant.getType()).getShape();
  auto [first, blocks] = blocksOf(pass, perBlock);
  SmallVector<int64_t> lanes(size_t(builder.machine.lanes()), -1),
      tileColumns(size_t(blocks * perBlock), -1);
  for (const TileLane &lane : pass.lanes)
    lanes[size_t(lane.lane)] = flatIndex(map, shape, lane.loops);
  for (const ColumnEntry *column : pass.columns) {
    SmallVector<int64_t> own(extents.size(), 0);
    for (unsigned loop : columns)
      own[loop] = column->loops[loop];
    tileColumns[size_t(column->lane - first * perBlock)] =
        flatIndex(map, shape, own);
  }
  std::vector<int64_t> key(lanes.begin(), lanes.end());
  key.insert(key.end(), tileColumns.begin(), tileColumns.end());
  Value &known = builder.tiles[{constant.getValue().getAsOpaquePointer(), 0.0f,
                                home, std::move(key)}];
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
  Source source{{}, {}, {}, first, blocks};
  source.buffers.assign(
      known.getDefiningOp<tsp::WeightsOp>().getBuffers().begin(),
      known.getDefiningOp<tsp::WeightsOp>().getBuffers().end());
  source.counts.assign(size_t(perBlock), 1);
  for (int j = 0; j < perBlock; ++j)
    source.runs.append({0, 1, blocks, 0, 1});
  return source;
}

/// A tile of a tensor whose vectors lie as they are installed, zeros where a
/// block has no column.
FailureOr<ByteContraction::Source>
ByteContraction::placedTile(const BytePass &pass, int hemisphere) {
  const int perBlock = builder.machine.weightStreams;
  Memory memory = builder.memoryOf(op.getInstalled()[0]);
  if (hemisphere == 1 && !memory.east.empty())
    memory.buffers = memory.east;
  Layout layout = memory.layout;
  Memory &zero = builder.zeros(op.getLoc());
  auto [first, blocks] = blocksOf(pass, perBlock);
  Source source{{}, {}, {}, first, blocks};
  std::map<int, const ColumnEntry *> byLane;
  for (const ColumnEntry *column : pass.columns)
    byLane[column->lane] = column;
  for (int j = 0; j < perBlock; ++j) {
    SmallVector<VectorAddress> data;
    SmallVector<int> at, missing;
    for (int block = 0; block < blocks; ++block) {
      auto it = byLane.find((first + block) * perBlock + j);
      if (it == byLane.end()) {
        missing.push_back(block);
        continue;
      }
      std::optional<VectorAddress> found;
      for (const TileLane &lane : pass.lanes) {
        SmallVector<int64_t> loops(lane.loops), own;
        for (unsigned loop : columns)
          loops[loop] = it->second->loops[loop];
        for (AffineExpr loop : installedMaps[0].getResults())
          own.push_back(loops[cast<AffineDimExpr>(loop).getPosition()]);
        LayoutPosition p = layout.at(own);
        VectorAddress address{p.word, p.column};
        if (p.lane != lane.lane || (found && *found != address))
          return op.emitError(
              "internal error: lanes of the operands do not meet");
        found = address;
      }
      data.push_back(*found);
      at.push_back(block);
    }
    readBlocks(memory, 0, data, at, missing, zero.buffers[size_t(j)],
               source.buffers, source.runs, source.counts);
  }
  return source;
}

FailureOr<Value> ByteContraction::emitLoad(ArrayRef<const BytePass *> passes,
                                           const Rhythm &rhythm, int home,
                                           int hemisphere) {
  OpBuilder &b = builder.b;
  Location loc = op.getLoc();
  SmallVector<Source> tiles;
  for (const BytePass *pass : passes) {
    if (!isPlaced(op.getInstalled()[0].getType())) {
      tiles.push_back(packedTile(*pass, home));
      continue;
    }
    auto tile = placedTile(*pass, hemisphere);
    if (failed(tile))
      return failure();
    tiles.push_back(std::move(*tile));
  }
  OpBuilder::InsertionGuard guard(b);
  auto chain = tsp::ChainOp::create(
      b, loc, tsp::LoadedType::get(b.getContext()), Value(),
      b.getStringAttr("load"), b.getI64IntegerAttr(hemisphere), IntegerAttr(),
      IntegerAttr(), IntegerAttr(), IntegerAttr());
  b.createBlock(&chain.getBody());
  // One plane after the other where rows must stream meanwhile.
  int offset = 0;
  SmallVector<std::pair<size_t, int>> order;
  for (auto [plane, tile] : llvm::enumerate(tiles)) {
    order.push_back({plane, offset});
    offset += rhythm.atOnce ? rhythm.late : tile.blocks;
  }
  // The late one has the smaller choice of streams.
  if (rhythm.late > 0)
    std::swap(order.front(), order.back());
  for (auto [plane, offset] : order) {
    const Source &tile = tiles[plane];
    Value value = tsp::ReadOp::create(
        b, loc, tsp::ValueType::get(b.getContext()), tile.buffers,
        b.getI64IntegerAttr(tile.blocks), b.getI64IntegerAttr(1),
        b.getDenseI64ArrayAttr(tile.counts), b.getDenseI64ArrayAttr(tile.runs),
        IntegerAttr());
    tsp::LoadWeightsOp::create(b, loc, value, b.getI64IntegerAttr(offset),
                               b.getI64IntegerAttr(tile.blocks),
                               b.getI64IntegerAttr(tile.first), UnitAttr(),
                               UnitAttr(), b.getI64IntegerAttr(int64_t(plane)));
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
      Memory memory = builder.turnOf(extra);
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

/// The words of scratch memory, one a row.
static SmallVector<VectorAddress> wordsOf(int count) {
  SmallVector<VectorAddress> words;
  for (int word = 0; word < count; ++word)
    words.push_back({int32_t(word), 0});
  return words;
}

/// Keeps sums that another pair adds to its own.
void ByteContraction::keepParts(ArrayRef<Value> sums, const ByteTask &task,
                                int arrival, int count) {
  for (auto [sum, part] : llvm::zip(sums, task.parts)) {
    AluNode copy;
    copy.opcode = Opcode::Copy;
    copy.type = copy.resultType = DataType::I32;
    builder.write(
        builder.alu(op.getLoc(), copy, sum, {0}, {}, arrival, count, 1), part,
        wordsOf(count), op.getLoc());
  }
}

void ByteContraction::emitEpilogues(ArrayRef<const ByteColumn *> slot,
                                    ArrayRef<Epilogue> epilogues,
                                    ArrayRef<Value> sums, Rows rowLoops,
                                    int arrival, const ByteTask &task) {
  Location loc = op.getLoc();
  const AluProgram &program =
      task.parts.empty() ? this->program : *addingProgram;
  int base = arrival - std::max(program.leafTime[0], 0);
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
    if (!task.parts.empty())
      values[op.getExtra().size() + 1] =
          builder.read(task.parts[p], wordsOf(count), 1, loc);
    if (op.getMask())
      values.back() = builder.read(
          own.mask, SmallVector<VectorAddress>(size_t(count), {0, 0}), 1, loc);
    if (p == 0)
      first = values;
    // Sums as they are go to memory past the vector unit.
    SmallVector<Value> out =
        isPlain() ? SmallVector<Value>{sums[p]}
                  : builder.emit(program, values, base, count, 1, loc);
    for (auto [r, result] : llvm::enumerate(op.getResults()))
      builder.write(out[r], builder.memoryOf(result),
                    targetsOf(result, *column, rowLoops), loc);
  }
}
