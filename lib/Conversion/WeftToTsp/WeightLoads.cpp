// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Chains that fill the shadow weights: tiles of constants, packed ahead of
// time, and computed tensors, installed vector by vector with zeros where a
// block has no column.

#include "Contraction.h"

#include <map>

using namespace mlir;
using namespace weft;

/// The tile of a constant, packed ahead of time: the blocks of `ranges`, one
/// after the other. First of its buffers.
Value Contraction::packedTile(const Pass &pass, ArrayRef<Blocks> ranges,
                              int home) {
  OpBuilder &b = builder.b;
  const Machine &machine = builder.machine;
  auto constant = op.getInstalled()[pass.piece].getDefiningOp<ConstantOp>();
  AffineMap map = installedMaps[pass.piece];
  const int perBlock = machine.weightStreams;
  int blocks = 0;
  std::map<int, int> stored; // by block
  for (const Blocks &range : ranges)
    for (int i = 0; i < range.count; ++i)
      stored[range.first + i] = blocks++;
  // The tile as flat indices of the constant.
  auto shape = cast<RankedTensorType>(constant.getType()).getShape();
  SmallVector<int64_t> lanes(size_t(machine.halfLanes()), -1),
      tileColumns(size_t(blocks * perBlock), -1);
  const Part &part = pass.parts.front();
  for (const TileLane &lane : part.lanes)
    lanes[size_t(lane.lane)] = flatIndex(map, shape, lane.loops);
  for (const ColumnEntry *column : part.columns) {
    SmallVector<int64_t> own(extents.size(), 0);
    for (unsigned loop : columns)
      own[loop] = column->loops[loop];
    tileColumns[size_t(stored[column->lane / perBlock] * perBlock +
                       column->lane % perBlock)] = flatIndex(map, shape, own);
  }
  std::vector<int64_t> key(lanes.begin(), lanes.end());
  key.insert(key.end(), tileColumns.begin(), tileColumns.end());
  float scale = op.getScales()[pass.piece];
  Value &first = builder.tiles[{constant.getValue().getAsOpaquePointer(), scale,
                                home, std::move(key)}];
  if (!first) {
    SmallVector<Type> types(size_t(machine.weightStreams),
                            tsp::BufferType::get(b.getContext()));
    auto weights = tsp::WeightsOp::create(
        b, constant.getLoc(), types, constant.getValue(),
        b.getDenseI64ArrayAttr(lanes), b.getDenseI64ArrayAttr(tileColumns),
        b.getF32FloatAttr(scale), b.getI64IntegerAttr(blocks),
        b.getI64IntegerAttr(home), DenseI64ArrayAttr(), UnitAttr());
    first = weights.getBuffers()[0];
    builder.weightBlocks[home] += blocks;
  }
  return first;
}

FailureOr<Contraction::InstalledVector>
Contraction::installedVector(unsigned piece, const Part &part,
                             const ColumnEntry &column, int copy) {
  AffineMap map = installedMaps[piece];
  auto type = cast<RankedTensorType>(op.getInstalled()[piece].getType());
  Layout layout = layoutOf(type);
  bool replicated = size_t(type.getRank()) == map.getNumResults() + 1;
  const int half = builder.machine.halfLanes();
  // All lanes of the part must agree.
  std::optional<InstalledVector> found;
  for (const TileLane &lane : part.lanes) {
    SmallVector<int64_t> loops(lane.loops);
    for (unsigned loop : columns)
      loops[loop] = column.loops[loop];
    SmallVector<int64_t> own;
    if (replicated)
      own.push_back(copy);
    for (unsigned d = 0; d < map.getNumResults(); ++d)
      own.push_back(loops[map.getDimPosition(d)]);
    LayoutPosition p = layout.at(own);
    InstalledVector vector{{p.word, p.column}, !layout.splat && p.lane >= half};
    if (!layout.splat && p.lane % half != lane.lane)
      return op.emitError("internal error: lanes of the operands do not meet");
    if (found &&
        (found->address != vector.address || found->upper != vector.upper))
      return op.emitError("internal error: a tile spans two installed vectors");
    found = vector;
  }
  return *found;
}

/// What one stream of an lw reads: byte plane `byte` of `data`, one for each
/// block of `at`, and zeros for those that are missing.
void Contraction::readBlocks(const Memory &memory, int byte,
                             ArrayRef<VectorAddress> data, ArrayRef<int> at,
                             ArrayRef<int> missing, Value zero,
                             SmallVectorImpl<Value> &buffers,
                             SmallVectorImpl<int64_t> &runs,
                             SmallVectorImpl<int64_t> &counts) {
  int64_t count = 0;
  SmallVector<int64_t> own;
  builder.runs(memory, byte, data, buffers, own, count);
  // Elements count blocks of the load, not entries of `data`.
  SmallVector<int64_t> fixed;
  int64_t total = 0;
  SmallVector<Value> fixedBuffers;
  size_t base = buffers.size() - size_t(count);
  for (int64_t r = 0; r < count; ++r) {
    int64_t first = own[size_t(5 * r)], stride = own[size_t(5 * r + 1)],
            n = own[size_t(5 * r + 2)], element = own[size_t(5 * r + 3)],
            step = own[size_t(5 * r + 4)];
    auto blockOf = [&](int64_t i) { return at[size_t(element + i * step)]; };
    // Cut where blocks are not evenly spaced.
    for (int64_t i = 0, m; i < n; i += m) {
      int64_t blockStep = i + 1 < n ? blockOf(i + 1) - blockOf(i) : 1;
      for (m = 1;
           i + m < n && blockOf(i + m) - blockOf(i + m - 1) == blockStep;)
        ++m;
      fixed.append({first + stride * i, stride, m, blockOf(i), blockStep});
      fixedBuffers.push_back(buffers[base + size_t(r)]);
      ++total;
    }
  }
  buffers.truncate(base);
  llvm::append_range(buffers, fixedBuffers);
  for (int block : missing) {
    buffers.push_back(zero);
    fixed.append({0, 0, 1, block, 1});
    ++total;
  }
  llvm::append_range(runs, fixed);
  counts.push_back(total);
}

/// What one lw of a computed tensor reads: for every stream the vectors of its
/// columns, one a block, and zeros where a block has no column.
LogicalResult Contraction::readBlocks(const Pass &pass, const Blocks &range,
                                      SmallVectorImpl<Value> &buffers,
                                      SmallVectorImpl<int64_t> &runs,
                                      SmallVectorImpl<int64_t> &counts) {
  const int perBlock = builder.machine.weightStreams / 2;
  Memory &memory = builder.memoryOf(op.getInstalled()[pass.piece]);
  std::map<int, std::pair<const Part *, const ColumnEntry *>> byLane;
  for (const Part &part : pass.parts)
    for (const ColumnEntry *column : part.columns)
      byLane[column->lane] = {&part, column};
  Memory &zero = builder.zeros(op.getLoc());
  for (int j = 0; j < perBlock; ++j) {
    SmallVector<VectorAddress> data;
    SmallVector<int> at, missing;
    for (int block = 0; block < range.count; ++block) {
      auto it = byLane.find((range.first + block) * perBlock + j);
      if (it == byLane.end()) {
        missing.push_back(block);
        continue;
      }
      auto [part, column] = it->second;
      auto vector = installedVector(pass.piece, *part, *column, j);
      if (failed(vector))
        return failure();
      data.push_back(vector->address);
      at.push_back(block);
    }
    for (int byte = 0; byte < 2; ++byte)
      readBlocks(memory, byte, data, at, missing,
                 zero.buffers[size_t(j * 2 + byte)], buffers, runs, counts);
  }
  return mlir::success();
}

FailureOr<Value> Contraction::emitLoad(const Pass &pass, int hemisphere,
                                       int home) {
  OpBuilder &b = builder.b;
  Location loc = op.getLoc();
  const Machine &machine = builder.machine;
  bool packed = !isPlaced(op.getInstalled()[pass.piece].getType());
  int perBlock = packed ? machine.weightStreams : machine.weightStreams / 2;
  // The half that each block comes from.
  std::map<int, bool> halves;
  for (const Part &part : pass.parts)
    for (const ColumnEntry *column : part.columns) {
      bool upper = false;
      if (!packed) {
        auto vector = installedVector(pass.piece, part, *column, 0);
        if (failed(vector))
          return failure();
        upper = vector->upper;
      }
      auto [it, fresh] = halves.try_emplace(column->lane / perBlock, upper);
      if (!fresh && it->second != upper)
        return op.emitError("internal error: a block of columns comes from two "
                            "halves of vectors");
    }
  // Blocks without columns are left out; iw empties them.
  SmallVector<Blocks> ranges;
  for (auto [block, upper] : halves)
    if (ranges.empty() || ranges.back().upper != upper ||
        block != ranges.back().first + ranges.back().count)
      ranges.push_back({block, 1, upper});
    else
      ++ranges.back().count;

  struct Source {
    SmallVector<Value> buffers;
    SmallVector<int64_t> runs, counts;
  };
  SmallVector<Source> sources(ranges.size());
  if (packed) {
    auto weights =
        packedTile(pass, ranges, home).getDefiningOp<tsp::WeightsOp>();
    int stored = 0;
    for (auto [range, source] : llvm::zip(ranges, sources)) {
      for (Value buffer : weights.getBuffers()) {
        source.buffers.push_back(buffer);
        source.runs.append({stored, 1, range.count, 0, 1});
        source.counts.push_back(1);
      }
      stored += range.count;
    }
  } else {
    for (auto [range, source] : llvm::zip(ranges, sources))
      if (failed(readBlocks(pass, range, source.buffers, source.runs,
                            source.counts)))
        return failure();
  }
  OpBuilder::InsertionGuard guard(b);
  auto loaded = tsp::LoadedType::get(b.getContext());
  auto chain =
      tsp::ChainOp::create(b, loc, loaded, Value(), b.getStringAttr("load"),
                           b.getI64IntegerAttr(hemisphere), IntegerAttr(),
                           IntegerAttr(), IntegerAttr(), IntegerAttr());
  b.createBlock(&chain.getBody());
  int offset = 0;
  for (auto [range, source] : llvm::zip(ranges, sources)) {
    Value value = tsp::ReadOp::create(
        b, loc, tsp::ValueType::get(b.getContext()), source.buffers,
        b.getI64IntegerAttr(range.count), b.getI64IntegerAttr(1),
        b.getDenseI64ArrayAttr(source.counts),
        b.getDenseI64ArrayAttr(source.runs), IntegerAttr());
    tsp::LoadWeightsOp::create(
        b, loc, value, b.getI64IntegerAttr(offset),
        b.getI64IntegerAttr(range.count), b.getI64IntegerAttr(range.first),
        packed ? b.getUnitAttr() : UnitAttr(),
        range.upper ? b.getUnitAttr() : UnitAttr(), IntegerAttr());
    offset += range.count;
  }
  return chain.getFilled();
}
