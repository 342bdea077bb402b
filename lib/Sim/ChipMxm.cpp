// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The matrix units: shadow and active weights of planes and pairs, activation
// rows on their way, and accumulators. What a row computes is Matrix.h's.

#include "Chip.h"

#include <algorithm>

namespace weft::sim {

void Chip::assign(Tile *&slot, Tile *tile) {
  if (tile)
    ++tile->users;
  engine.drop(slot);
  slot = tile;
}

/// No more rows go to the plane's batch.
void Chip::close(Plane &plane) {
  if (plane.batch)
    engine.launch(*plane.batch);
  plane.batch = nullptr;
}

/// Whether columns can be loaded; a fault if they do not exist or wait for an
/// iw.
bool Chip::claimColumns(const Issue &issue, Tile &tile, int first, int count) {
  if (issue.address < 0 || first + count > lanes) {
    fail(issue, FaultKind::OutOfRange,
         "block " + std::to_string(issue.address) + " of " +
             std::to_string(lanes / count));
    return false;
  }
  for (int n = first; n < first + count; ++n) {
    if (tile.columns[size_t(n)].lowBytes) {
      fail(issue, FaultKind::WeightsOverwritten,
           "column " + std::to_string(n) +
               " was loaded before and not installed since");
      return false;
    }
  }
  return true;
}

void Chip::mxmWeights(const Issue &issue) {
  switch (issue.inst.opcode) {
  case Opcode::LoadWeights:
    return loadBytes(issue);
  case Opcode::LoadWeightsPair:
    return loadPairs(issue);
  default:
    return install(issue);
  }
}

void Chip::loadBytes(const Issue &issue) {
  Plane &plane = planeOf(issue);
  if (!plane.shadow)
    assign(plane.shadow, engine.newTile(DataType::I8));
  Tile &tile = *plane.shadow;
  if (tile.type != DataType::I8)
    return fail(issue, FaultKind::WeightsOverwritten,
                "the shadow holds fp16 weights that are not installed");
  int count = machine.weightStreams, first = issue.address * count;
  if (!claimColumns(issue, tile, first, count))
    return;
  for (int j = 0; j < count; ++j) {
    Vector v =
        take(issue, issue.inst.stream + j, issue.inst.producers[size_t(j)]);
    if (!v.bytes)
      return;
    engine.vectors.retain(v);
    tile.columns[size_t(first + j)] = {v, {}, v.bytes, nullptr};
    tile.made = std::max(tile.made, engine.vectors.made(v));
  }
}

void Chip::loadPairs(const Issue &issue) {
  const Instruction &inst = issue.inst;
  const Queue &id = issue.queue.id;
  Plane &even = planeOf(issue);
  Plane &odd = planeAt(id.hemisphere, id.index + 1);
  if (!even.shadow && !odd.shadow) {
    assign(even.shadow, engine.newTile(DataType::F16));
    assign(odd.shadow, even.shadow);
  }
  if (even.shadow != odd.shadow)
    return fail(issue, FaultKind::WeightsOverwritten,
                "a shadow of the pair holds int8 weights that are not "
                "installed");
  Tile &tile = *even.shadow;
  int half = machine.halfLanes();
  int count = inst.packed ? machine.weightStreams : machine.weightStreams / 2;
  int first = issue.address * count;
  if (!claimColumns(issue, tile, first, count))
    return;
  Vector in[16];
  for (int j = 0; j < machine.weightStreams; ++j) {
    in[j] = take(issue, inst.stream + j, inst.producers[size_t(j)]);
    if (!in[j].bytes)
      return;
    tile.made = std::max(tile.made, engine.vectors.made(in[j]));
    engine.vectors.retain(in[j]);
  }
  int lane = !inst.packed && inst.upper ? half : 0;
  for (int j = 0; j < count; ++j) {
    Tile::Column &column = tile.columns[size_t(first + j)];
    column.low = in[inst.packed ? j : 2 * j];
    column.high = inst.packed ? Vector{} : in[2 * j + 1];
    column.lowBytes = column.low.bytes + lane;
    column.highBytes =
        inst.packed ? column.lowBytes + half : column.high.bytes + lane;
  }
}

void Chip::install(const Issue &issue) {
  DataType type = issue.inst.type;
  const Queue &id = issue.queue.id;
  int first = type == DataType::F16 ? id.index / 2 * 2 : id.index;
  Plane &plane = planeAt(id.hemisphere, first);
  if (!plane.shadow || plane.shadow->type != type)
    return fail(issue, FaultKind::WeightsNotInstalled,
                type == DataType::F16 ? "no fp16 weights were loaded"
                                      : "no int8 weights were loaded");
  assign(plane.active, plane.shadow);
  assign(plane.shadow, nullptr);
  if (type == DataType::F16) {
    Plane &odd = planeAt(id.hemisphere, first + 1);
    assign(odd.active, odd.shadow);
    assign(odd.shadow, nullptr);
  }
}

void Chip::activate(const Issue &issue) {
  const Instruction &inst = issue.inst;
  const Queue &id = issue.queue.id;
  Plane &plane = planeOf(issue);
  bool half = inst.type == DataType::F16;
  if (!plane.active || plane.active->type != inst.type ||
      (half && planeAt(id.hemisphere, id.index + 1).active != plane.active))
    return fail(issue, FaultKind::WeightsNotInstalled,
                half ? "no fp16 weights are installed"
                     : "no int8 weights are installed");
  int stream = inst.operands[0].stream;
  Vector low = take(issue, stream, inst.producers[0]);
  Vector high = half ? take(issue, stream + 1, inst.producers[1]) : low;
  if (!low.bytes || !high.bytes)
    return;

  Batch *&batch = plane.batch;
  if (batch && (batch->tile != plane.active || batch->rows == Batch::maxRows))
    close(plane);
  if (!batch)
    batch = engine.newBatch(plane.active);
  int64_t dueCycle = now + machine.mxmLatency;
  plane.results[size_t(dueCycle & (dueRing - 1))] = {
      dueCycle, batch, batch->rows, inst.type, false, issue.queue.current};
  engine.addRow(*batch, low, high, inst.upper);
  due.push_back({dueCycle, int(id.hemisphere) * machine.planes + id.index});
}

void Chip::accumulate(const Issue &issue) {
  const Instruction &inst = issue.inst;
  const Queue &id = issue.queue.id;
  AccumulateMode mode = inst.accumulate;
  Plane &plane = planeOf(issue);
  bool half = inst.type == DataType::F16;

  Result *y = nullptr;
  if (mode != AccumulateMode::Emit) {
    y = &plane.results[size_t(now & (dueRing - 1))];
    if (y->due != now || y->taken || y->type != inst.type)
      return fail(issue, FaultKind::AccumulatorMisuse,
                  "no result of an abc of its type appears in this cycle");
    y->taken = true;
    if (plane.batch == y->batch)
      close(plane); // Its first result is due.
  }

  uint32_t *row = nullptr;
  if (mode != AccumulateMode::Pass) {
    if (issue.address < 0 || issue.address >= machine.accumulatorRows)
      return fail(issue, FaultKind::OutOfRange,
                  "accumulator row " + std::to_string(issue.address) + " of " +
                      std::to_string(machine.accumulatorRows));
    size_t r = size_t(issue.address);
    row = plane.rows.data() + r * size_t(lanes);
    Row mine = half ? Row::F32 : Row::I32;
    if (mode == AccumulateMode::Store || mode == AccumulateMode::StoreEmit) {
      // A row of a pair takes the row of both planes.
      auto evict = [&](Plane &other) { other.state[r] = Row::Empty; };
      if (plane.state[r] == Row::PairHigh)
        evict(planeAt(id.hemisphere, id.index - 1));
      if (plane.state[r] == Row::F32)
        evict(planeAt(id.hemisphere, id.index + 1));
      if (half)
        planeAt(id.hemisphere, id.index + 1).state[r] = Row::PairHigh;
      plane.state[r] = mine;
    } else if (plane.state[r] != mine) {
      return fail(issue, FaultKind::AccumulatorMisuse,
                  "row " + std::to_string(r) + " holds no sum of its type");
    }
  }
  int planes = inst.result < 0 ? 0 : 4;
  Operation &op = engine.begin(Operation::Accumulate, inst, size_t(planes));
  op.half = half;
  op.values = row;
  if (y) {
    op.batch = y->batch;
    op.row = uint8_t(y->row);
  }
  Vector out[4];
  results(out, planes, op.pointers());
  engine.commit();
  for (int b = 0; b < planes; ++b)
    emit(issue, inst.result + b, 0, out[b]);
}

/// Every result must have been taken in the cycle in which it appears.
void Chip::checkDueRows() {
  while (!due.empty() && due.front().cycle <= now) {
    int plane = due.front().plane;
    due.pop_front();
    const Result &result =
        planes[size_t(plane)].results[size_t(now & (dueRing - 1))];
    if (result.taken)
      continue;
    Hemisphere h = Hemisphere(plane / machine.planes);
    uint8_t number = uint8_t(plane % machine.planes);
    // An acc that meets the result but is itself at fault is the first cause.
    if (charged[size_t(queueNumber(machine, {Unit::MxmAccumulate, h, number}))])
      continue;
    Queue activator{Unit::MxmActivate, h, number};
    fail(queues[size_t(queueNumber(machine, activator))], result.instruction,
         FaultKind::AccumulatorMisuse, "no acc takes the result");
  }
}

} // namespace weft::sim
