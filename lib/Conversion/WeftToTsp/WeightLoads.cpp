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

FailureOr<Value> Contraction::emitLoad(const Pass &pass, int hemisphere,
                                       int home) {
  OpBuilder &b = builder.b;
  Location loc = op.getLoc();
  const Machine &machine = builder.machine;
  Value installed = op.getInstalled()[pass.piece];
  AffineMap map = installedMaps[pass.piece];
  auto constant = installed.getDefiningOp<ConstantOp>();
  bool packed = constant && !isPlaced(installed.getType());
  int perBlock = packed ? machine.weightStreams : machine.weightStreams / 2;
  int firstBlock = INT_MAX, lastBlock = 0;
  for (const ColumnEntry *column : pass.columns) {
    firstBlock = std::min(firstBlock, column->lane / perBlock);
    lastBlock = std::max(lastBlock, column->lane / perBlock);
  }
  int blocks = lastBlock - firstBlock + 1;
  SmallVector<Value> buffers;
  SmallVector<int64_t> runs, counts;
  bool upper = false;
  if (packed) {
    // The tile as flat indices of the constant.
    auto shape = cast<RankedTensorType>(installed.getType()).getShape();
    SmallVector<int64_t> lanes(size_t(machine.halfLanes()), -1),
        tileColumns(size_t(blocks * perBlock), -1);
    for (const KTile::Lane &lane : pass.tile.lanes)
      lanes[size_t(lane.lane)] = flatIndex(map, shape, lane.loops);
    for (const ColumnEntry *column : pass.columns) {
      SmallVector<int64_t> own(extents.size(), 0);
      for (unsigned loop : columns)
        own[loop] = column->loops[loop];
      tileColumns[size_t(column->lane - firstBlock * perBlock)] =
          flatIndex(map, shape, own);
    }
    std::vector<int64_t> key(lanes.begin(), lanes.end());
    key.insert(key.end(), tileColumns.begin(), tileColumns.end());
    float scale = op.getScales()[pass.piece];
    Value &first = builder.tiles[{constant.getValue().getAsOpaquePointer(),
                                  scale, home, std::move(key)}];
    if (!first) {
      SmallVector<Type> types(size_t(machine.weightStreams),
                              tsp::BufferType::get(b.getContext()));
      auto weights = tsp::WeightsOp::create(
          b, constant.getLoc(), types, constant.getValue(),
          b.getDenseI64ArrayAttr(lanes), b.getDenseI64ArrayAttr(tileColumns),
          b.getF32FloatAttr(scale), b.getI64IntegerAttr(blocks),
          b.getI64IntegerAttr(home), DenseI64ArrayAttr());
      first = weights.getBuffers()[0];
    }
    auto weights = first.getDefiningOp<tsp::WeightsOp>();
    for (Value buffer : weights.getBuffers()) {
      buffers.push_back(buffer);
      runs.append({0, 1, blocks, 0, 1});
      counts.push_back(1);
    }
  } else {
    Memory memory = builder.memoryOf(installed);
    bool replicated =
        size_t(cast<RankedTensorType>(installed.getType()).getRank()) ==
        map.getNumResults() + 1;
    const int half = machine.halfLanes();
    // Where the vector of a column lies; all lanes of the tile must agree.
    std::map<int, const ColumnEntry *> byLane;
    for (const ColumnEntry *column : pass.columns)
      byLane[column->lane] = column;
    auto addressFor = [&](const ColumnEntry &column, int copy,
                          VectorAddress &address) -> LogicalResult {
      bool first = true;
      for (const KTile::Lane &lane : pass.tile.lanes) {
        SmallVector<int64_t> loops(lane.loops);
        for (unsigned loop : columns)
          loops[loop] = column.loops[loop];
        SmallVector<int64_t> own;
        if (replicated)
          own.push_back(copy);
        for (unsigned d = 0; d < map.getNumResults(); ++d)
          own.push_back(loops[map.getDimPosition(d)]);
        LayoutPosition p = memory.layout.at(own);
        bool up = memory.layout.splat ? false : p.lane >= half;
        if (!memory.layout.splat && p.lane % half != lane.lane)
          return op.emitError(
              "internal error: lanes of the operands do not meet");
        if (!first &&
            (address != VectorAddress{p.word, p.column} || up != upper))
          return op.emitError(
              "internal error: a tile spans two installed vectors");
        address = {p.word, p.column};
        upper = up;
        first = false;
      }
      return mlir::success();
    };
    Memory &zero = builder.zeros(op.getLoc());
    for (int j = 0; j < perBlock; ++j) {
      SmallVector<VectorAddress> data;
      SmallVector<int> at;
      SmallVector<int> missing;
      for (int block = 0; block < blocks; ++block) {
        auto it = byLane.find((firstBlock + block) * perBlock + j);
        if (it == byLane.end()) {
          missing.push_back(block);
          continue;
        }
        VectorAddress address;
        if (failed(addressFor(*it->second, j, address)))
          return failure();
        data.push_back(address);
        at.push_back(block);
      }
      for (int byte = 0; byte < 2; ++byte) {
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
          // Cut where blocks are not evenly spaced.
          int64_t i = 0;
          while (i < n) {
            int64_t m = 1;
            int64_t blockStep = i + 1 < n
                                    ? at[size_t(element + (i + 1) * step)] -
                                          at[size_t(element + i * step)]
                                    : 1;
            while (i + m < n &&
                   at[size_t(element + (i + m) * step)] -
                           at[size_t(element + (i + m - 1) * step)] ==
                       blockStep)
              ++m;
            fixed.append({first + stride * i, stride, m,
                          at[size_t(element + i * step)], blockStep});
            fixedBuffers.push_back(buffers[base + size_t(r)]);
            ++total;
            i += m;
          }
        }
        buffers.truncate(base);
        llvm::append_range(buffers, fixedBuffers);
        for (int block : missing) {
          buffers.push_back(zero.buffers[size_t(j * 2 + byte)]);
          fixed.append({0, 0, 1, block, 1});
          ++total;
        }
        llvm::append_range(runs, fixed);
        counts.push_back(total);
      }
    }
  }
  OpBuilder::InsertionGuard guard(b);
  auto loaded = tsp::LoadedType::get(b.getContext());
  auto chain =
      tsp::ChainOp::create(b, loc, loaded, Value(), b.getStringAttr("load"),
                           b.getI64IntegerAttr(hemisphere), IntegerAttr(),
                           IntegerAttr(), IntegerAttr(), IntegerAttr());
  b.createBlock(&chain.getBody());
  Value value =
      tsp::ReadOp::create(b, loc, tsp::ValueType::get(b.getContext()), buffers,
                          b.getI64IntegerAttr(blocks), b.getI64IntegerAttr(1),
                          b.getDenseI64ArrayAttr(counts),
                          b.getDenseI64ArrayAttr(runs), IntegerAttr());
  tsp::LoadWeightsOp::create(
      b, loc, value, b.getI64IntegerAttr(0), b.getI64IntegerAttr(blocks),
      b.getI64IntegerAttr(firstBlock), packed ? b.getUnitAttr() : UnitAttr(),
      upper ? b.getUnitAttr() : UnitAttr());
  return chain.getFilled();
}
