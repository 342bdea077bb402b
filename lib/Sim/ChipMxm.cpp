// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The matrix units: shadow and active weights of planes and pairs, activation
// rows on their way, and accumulators. What a row computes is RowPool's.

#include "Chip.h"

#include "Float16.h"

#include <algorithm>

namespace weft::sim {

std::shared_ptr<Tile> Chip::freshTile(DataType type) {
  std::shared_ptr<Tile> tile;
  for (std::shared_ptr<Tile> &candidate : tiles)
    if (candidate.use_count() == 1 && candidate->type == type) {
      tile = candidate;
      break;
    }
  if (!tile) {
    tile = std::make_shared<Tile>();
    tile->type = type;
    tile->lanes = lanes;
    tiles.push_back(tile);
  }
  // Columns that are never loaded are zero.
  if (type == DataType::F16)
    tile->f.assign(size_t(machine.halfLanes()) * lanes, 0.0f);
  else
    tile->i.assign(size_t(lanes) * lanes, 0);
  tile->loaded.assign(size_t(lanes), false);
  return tile;
}

/// Marks columns as loaded; a fault if they do not exist or wait for an iw.
bool Chip::claimColumns(const Issue &issue, Tile &tile, int first, int count) {
  if (issue.address < 0 || first + count > lanes) {
    fail(issue, FaultKind::OutOfRange,
         "block " + std::to_string(issue.address) + " of " +
             std::to_string(lanes / count));
    return false;
  }
  for (int n = first; n < first + count; ++n) {
    if (tile.loaded[size_t(n)]) {
      fail(issue, FaultKind::WeightsOverwritten,
           "column " + std::to_string(n) +
               " was loaded before and not installed since");
      return false;
    }
    tile.loaded[size_t(n)] = true;
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
    plane.shadow = freshTile(DataType::I8);
  Tile &tile = *plane.shadow;
  if (tile.type != DataType::I8)
    return fail(issue, FaultKind::WeightsOverwritten,
                "the shadow holds fp16 weights that are not installed");
  int count = machine.weightStreams, first = issue.address * count;
  if (!claimColumns(issue, tile, first, count))
    return;
  for (int j = 0; j < count; ++j) {
    const uint8_t *bytes =
        take(issue, issue.inst.stream + j, issue.inst.producers[size_t(j)]);
    if (!bytes)
      return;
    int16_t *column = tile.i.data() + size_t(first + j) * 2;
    for (int k = 0; k < lanes; ++k)
      column[size_t(k / 2) * lanes * 2 + (k & 1)] = int8_t(bytes[k]);
  }
}

void Chip::loadPairs(const Issue &issue) {
  const Instruction &inst = issue.inst;
  const Queue &id = issue.queue.id;
  Plane &even = planeOf(issue);
  Plane &odd = planeAt(id.hemisphere, id.index + 1);
  if (!even.shadow && !odd.shadow)
    even.shadow = odd.shadow = freshTile(DataType::F16);
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
  const uint8_t *bytes[16];
  for (int j = 0; j < machine.weightStreams; ++j) {
    bytes[j] = take(issue, inst.stream + j, inst.producers[size_t(j)]);
    if (!bytes[j])
      return;
  }
  int lane = !inst.packed && inst.upper ? half : 0;
  for (int j = 0; j < count; ++j) {
    const uint8_t *low = bytes[inst.packed ? j : 2 * j] + lane;
    const uint8_t *high = inst.packed ? low + half : bytes[2 * j + 1] + lane;
    float *column = tile.f.data() + first + j;
    for (int k = 0; k < half; ++k)
      column[size_t(k) * lanes] = halfToFloat(low[k] | uint32_t(high[k]) << 8);
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
  plane.active = std::move(plane.shadow);
  plane.shadow.reset();
  if (type == DataType::F16) {
    Plane &odd = planeAt(id.hemisphere, first + 1);
    odd.active = std::move(odd.shadow);
    odd.shadow.reset();
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
  const uint8_t *low = take(issue, stream, inst.producers[0]);
  const uint8_t *high = half ? take(issue, stream + 1, inst.producers[1]) : low;
  if (!low || !high)
    return;

  int64_t dueCycle = now + machine.mxmLatency;
  RowJob &job = plane.jobs[size_t(dueCycle & (dueRing - 1))];
  if (half) {
    int lane = inst.upper ? machine.halfLanes() : 0;
    for (int k = 0; k < machine.halfLanes(); ++k)
      job.activation[k] =
          halfToFloat(low[lane + k] | uint32_t(high[lane + k]) << 8);
  } else {
    for (int k = 0; k < lanes; ++k)
      job.bytes[k] = int8_t(low[k]);
  }
  job.tile = plane.active;
  job.due = dueCycle;
  job.taken = false;
  job.instruction = issue.queue.current;
  due.push_back({dueCycle, int(id.hemisphere) * machine.planes + id.index});
  pool.submit(job);
}

void Chip::accumulate(const Issue &issue) {
  const Instruction &inst = issue.inst;
  const Queue &id = issue.queue.id;
  AccumulateMode mode = inst.accumulate;
  Plane &plane = planeOf(issue);
  bool half = inst.type == DataType::F16;

  uint32_t *y = nullptr;
  if (mode != AccumulateMode::Emit) {
    RowJob &job = plane.jobs[size_t(now & (dueRing - 1))];
    if (job.due != now || job.taken || job.tile->type != inst.type)
      return fail(issue, FaultKind::AccumulatorMisuse,
                  "no result of an abc of its type appears in this cycle");
    job.taken = true;
    pool.finish(job);
    job.tile.reset();
    y = job.result;
  }

  const uint32_t *out = y;
  if (mode != AccumulateMode::Pass) {
    if (issue.address < 0 || issue.address >= machine.accumulatorRows)
      return fail(issue, FaultKind::OutOfRange,
                  "accumulator row " + std::to_string(issue.address) + " of " +
                      std::to_string(machine.accumulatorRows));
    size_t r = size_t(issue.address);
    uint32_t *row = plane.rows.data() + r * lanes;
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
      std::copy(y, y + lanes, row);
    } else if (plane.state[r] != mine) {
      return fail(issue, FaultKind::AccumulatorMisuse,
                  "row " + std::to_string(r) + " holds no sum of its type");
    } else if (mode != AccumulateMode::Emit) {
      if (half)
        for (int i = 0; i < lanes; ++i)
          row[i] = std::bit_cast<uint32_t>(canonical(
              std::bit_cast<float>(row[i]) + std::bit_cast<float>(y[i])));
      else
        for (int i = 0; i < lanes; ++i)
          row[i] += y[i];
    }
    out = row;
  }
  if (inst.result < 0)
    return;
  Block blocks[4];
  uint8_t *bytes[4];
  for (int b = 0; b < 4; ++b) {
    blocks[b] = streams.allocate();
    bytes[b] = streams.bytes(blocks[b]);
  }
  splitPlanes(out, 4, bytes, lanes);
  for (int b = 0; b < 4; ++b)
    emit(issue, inst.result + b, 0, blocks[b]);
}

/// Every result must have been taken in the cycle in which it appears.
void Chip::checkDueRows() {
  while (!due.empty() && due.front().cycle <= now) {
    int plane = due.front().plane;
    due.pop_front();
    RowJob &job = planes[size_t(plane)].jobs[size_t(now & (dueRing - 1))];
    if (job.taken)
      continue;
    Hemisphere h = Hemisphere(plane / machine.planes);
    uint8_t number = uint8_t(plane % machine.planes);
    // An acc that meets the result but is itself at fault is the first cause.
    if (charged[size_t(queueNumber(machine, {Unit::MxmAccumulate, h, number}))])
      continue;
    Queue activator{Unit::MxmActivate, h, number};
    fail(queues[size_t(queueNumber(machine, activator))], job.instruction,
         FaultKind::AccumulatorMisuse, "no acc takes the result");
  }
}

} // namespace weft::sim
