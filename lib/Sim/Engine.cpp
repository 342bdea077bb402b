// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rings, batches and threads. Batches are taken from a ring that only hints:
// the state of a batch decides who computes it, so a stale hint does no harm.

#include "Engine.h"

#include "Float16.h"

#include <algorithm>
#include <chrono>
#include <cstring>

namespace weft::sim {
namespace {

/// Waits a little longer each time: another thread may need this core.
class Patience {
public:
  void wait() {
    if (++times < 200) {
#if defined(__x86_64__)
      __builtin_ia32_pause();
#endif
    } else if (times < 400) {
      std::this_thread::yield();
    } else {
      std::this_thread::sleep_for(std::chrono::microseconds(50));
    }
  }
  void renew() { times = 0; }

private:
  int times = 0;
};

WEFT_SIMD void addFloats(uint32_t *row, const uint32_t *y, int lanes) {
  for (int i = 0; i < lanes; ++i)
    row[i] = std::bit_cast<uint32_t>(
        canonical(std::bit_cast<float>(row[i]) + std::bit_cast<float>(y[i])));
}
WEFT_SIMD void addInts(uint32_t *row, const uint32_t *y, int lanes) {
  for (int i = 0; i < lanes; ++i)
    row[i] += y[i];
}

} // namespace

Engine::Engine(const Machine &machine, int workers)
    : vectors(machine.lanes()), machine(machine), lanes(machine.lanes()),
      ring(ringUnits) {
  for (auto &values : operandValues)
    values.resize(size_t(lanes));
  for (int i = 0; i < workers; ++i)
    threads.emplace_back([this, i] { work(i == 0); });
}

Engine::~Engine() {
  stopping = true;
  for (std::thread &thread : threads)
    thread.join();
}

// The stepping thread ---------------------------------------------------------

/// Operations lie in one piece: skips the rest of the ring.
void Engine::wrap() {
  size_t rest = ringUnits - pushed % ringUnits;
  for (size_t i = 0; i < rest; ++i) {
    makeRoom(1);
    at(pushed) = Operation{};
    ++pushed;
  }
}

void Engine::publish() {
  tail.store(published = pushed, std::memory_order_release);
}

void Engine::waitForRoom(size_t units) {
  publish();
  Patience patience;
  while (seenDone = done.load(std::memory_order_acquire),
         pushed + units - seenDone > ringUnits) {
    if (threads.empty())
      execute(pushed);
    else if (help())
      patience.renew();
    else
      patience.wait();
  }
}

void Engine::wait(Vector v) {
  uint64_t made = vectors.made(v);
  publish();
  Patience patience;
  while (done.load(std::memory_order_acquire) < made) {
    if (threads.empty())
      execute(made);
    else if (help())
      patience.renew();
    else
      patience.wait();
  }
}

void Engine::drain() {
  publish();
  Patience patience;
  while (done.load(std::memory_order_acquire) < pushed) {
    if (threads.empty())
      execute(pushed);
    else if (help())
      patience.renew();
    else
      patience.wait();
  }
}

void Engine::reset() {
  drain();
  for (Batch *batch : current) {
    int launched = Batch::Launched;
    batch->state.compare_exchange_strong(launched, Batch::Free);
    Patience patience;
    while (batch->state.load(std::memory_order_acquire) == Batch::Running)
      patience.wait();
    batch->state = Batch::Free;
  }
  recycleBatches();
}

Tile *Engine::newTile(DataType type) {
  Tile *tile;
  if (freeTiles.empty()) {
    tiles.push_back(std::make_unique<Tile>());
    tile = tiles.back().get();
    tile->lanes = lanes;
    tile->columns.resize(size_t(lanes));
  } else {
    tile = freeTiles.back();
    freeTiles.pop_back();
  }
  tile->type = type;
  tile->users = 0;
  tile->made = 0;
  tile->state.store(Tile::Raw, std::memory_order_relaxed);
  return tile;
}

void Engine::drop(Tile *tile) {
  if (!tile || --tile->users > 0)
    return;
  for (Tile::Column &column : tile->columns) {
    vectors.release(column.low);
    vectors.release(column.high);
    column = {};
  }
  freeTiles.push_back(tile);
}

void Engine::recycleBatches() {
  while (!current.empty() && current.front()->state.load(
                                 std::memory_order_acquire) == Batch::Free) {
    Batch *batch = current.front();
    current.pop_front();
    for (int r = 0; r < batch->rows; ++r) {
      vectors.release(batch->low[size_t(r)]);
      vectors.release(batch->high[size_t(r)]);
    }
    drop(batch->tile);
    freeBatches.push_back(batch);
  }
}

Batch *Engine::newBatch(Tile *tile) {
  recycleBatches();
  if (freeBatches.empty()) {
    batches.push_back(std::make_unique<Batch>());
    freeBatches.push_back(batches.back().get());
  }
  Batch *batch = freeBatches.back();
  freeBatches.pop_back();
  batch->tile = tile;
  ++tile->users;
  batch->rows = batch->taken = 0;
  batch->made.store(tile->made, std::memory_order_relaxed);
  batch->state.store(Batch::Open, std::memory_order_relaxed);
  current.push_back(batch);
  return batch;
}

void Engine::addRow(Batch &batch, Vector low, Vector high, bool upper) {
  size_t r = size_t(batch.rows++);
  vectors.retain(batch.low[r] = low);
  vectors.retain(batch.high[r] = high);
  batch.upper[r] = upper;
  batch.made.store(std::max({batch.made.load(std::memory_order_relaxed),
                             vectors.made(low), vectors.made(high)}),
                   std::memory_order_relaxed);
}

void Engine::launch(Batch &batch) {
  batch.state.store(Batch::Launched, std::memory_order_release);
  if (threads.empty())
    return;
  unsigned end = hintTail.load(std::memory_order_relaxed);
  if (end - hintHead.load() >= hintCount)
    return; // finish() will compute it.
  hints[end % hintCount].store(&batch, std::memory_order_relaxed);
  hintTail.store(end + 1, std::memory_order_release);
}

// Any thread
// -------------------------------------------------------------------

bool Engine::tryCompute(Batch &batch) {
  static thread_local MatrixScratch scratch;
  int expected = Batch::Launched;
  if (!batch.state.compare_exchange_strong(expected, Batch::Running,
                                           std::memory_order_acquire))
    return false;
  // Now it is sure to be the batch that was launched last.
  if (batch.made.load(std::memory_order_relaxed) >
      done.load(std::memory_order_acquire)) {
    batch.state.store(Batch::Launched, std::memory_order_release);
    return false;
  }
  Tile &tile = *batch.tile;
  int raw = Tile::Raw;
  if (tile.state.compare_exchange_strong(raw, Tile::Building,
                                         std::memory_order_acquire)) {
    buildTile(tile);
    tile.state.store(Tile::Built, std::memory_order_release);
  }
  Patience patience;
  while (tile.state.load(std::memory_order_acquire) != Tile::Built)
    patience.wait();
  computeBatch(batch, scratch);
  batch.state.store(Batch::Done, std::memory_order_release);
  return true;
}

/// Computes a batch, if one is ready.
bool Engine::help() {
  unsigned head = hintHead.load();
  if (head == hintTail.load(std::memory_order_acquire))
    return false;
  Batch *batch = hints[head % hintCount].load(std::memory_order_relaxed);
  if (batch->made.load(std::memory_order_relaxed) >
      done.load(std::memory_order_acquire))
    return false;
  if (!hintHead.compare_exchange_strong(head, head + 1))
    return true; // Another took it; there may be more.
  tryCompute(*batch);
  return true;
}

void Engine::work(bool executor) {
  Patience patience;
  while (!stopping.load(std::memory_order_relaxed)) {
    if (executor && execute(tail.load(std::memory_order_acquire)))
      patience.renew();
    else if (help())
      patience.renew();
    else
      patience.wait();
  }
}

// The executing thread
// -----------------------------------------------------------

/// Executes operations up to unit `end`; false if there are none.
bool Engine::execute(uint64_t end) {
  uint64_t next = done.load(std::memory_order_relaxed);
  if (next >= end)
    return false;
  while (next < end) {
    Operation &op = at(next);
    run(op);
    next += op.units;
    done.store(next, std::memory_order_release);
  }
  return true;
}

/// Returns when the results of a batch are there. Its operands are: they were
/// handed over before it.
void Engine::finish(Batch &batch) {
  Patience patience;
  while (batch.state.load(std::memory_order_acquire) != Batch::Done)
    if (tryCompute(batch) || help())
      patience.renew();
    else
      patience.wait();
}

void Engine::run(Operation &op) {
  const void **pointers = op.pointers();
  switch (op.kind) {
  case Operation::Skip:
    return;
  case Operation::Alu:
    return alu(op);
  case Operation::Accumulate:
    return accumulate(op);
  case Operation::Move:
    return move(op);
  case Operation::Transpose:
    for (int j = 0; j < 16; ++j) {
      auto *out = static_cast<uint8_t *>(const_cast<void *>(pointers[16 + j]));
      for (int base = 0; base < lanes; base += 16)
        for (int i = 0; i < 16; ++i)
          out[base + i] = static_cast<const uint8_t *>(pointers[i])[base + j];
    }
    return;
  case Operation::Gather: {
    auto *out = static_cast<uint8_t *>(const_cast<void *>(pointers[0]));
    size_t width = size_t(machine.superlaneLanes);
    for (size_t k = 0; k < size_t(machine.superlanes); ++k)
      std::memcpy(out + k * width,
                  static_cast<const uint8_t *>(pointers[1 + k]) + k * width,
                  width);
    return;
  }
  case Operation::Merge: {
    auto *out = static_cast<uint8_t *>(const_cast<void *>(pointers[0]));
    auto *fresh = static_cast<const uint8_t *>(pointers[1]);
    auto *old = static_cast<const uint8_t *>(pointers[2]);
    size_t width = size_t(machine.superlaneLanes);
    for (size_t k = 0; k < size_t(machine.superlanes); ++k)
      if (const uint8_t *from = op.mask >> k & 1 ? fresh : old)
        std::memcpy(out + k * width, from + k * width, width);
    return;
  }
  }
}

void Engine::accumulate(Operation &op) {
  AccumulateMode mode = op.inst->accumulate;
  uint32_t *y = nullptr;
  if (op.batch) {
    finish(*op.batch);
    y = op.batch->row(op.row);
  }
  const uint32_t *out = y;
  if (mode != AccumulateMode::Pass) {
    if (mode == AccumulateMode::Store || mode == AccumulateMode::StoreEmit)
      std::copy(y, y + lanes, op.values);
    else if (y)
      (op.half ? addFloats : addInts)(op.values, y, lanes);
    out = op.values;
  }
  if (op.inst->result >= 0) {
    uint8_t *planes[4];
    for (int b = 0; b < 4; ++b)
      planes[b] = static_cast<uint8_t *>(const_cast<void *>(op.pointers()[b]));
    splitPlanes(out, 4, planes, lanes);
  }
  if (op.batch && ++op.batch->taken == op.batch->rows)
    op.batch->state.store(Batch::Free, std::memory_order_release);
}

void Engine::alu(Operation &op) {
  const Instruction &inst = *op.inst;
  const void **next = op.pointers();
  const uint32_t *in[3] = {};
  int width = byteWidth(inst.type);
  for (int i = 0; i < aluOperandCount(inst.opcode); ++i) {
    const Operand &from = inst.operands[size_t(i)];
    std::vector<uint32_t> &values = operandValues[i];
    in[i] = values.data();
    if (from.kind == Operand::Kind::Immediate) {
      uint32_t mask = width == 4 ? ~0u : (1u << (8 * width)) - 1;
      std::fill(values.begin(), values.end(), from.immediate & mask);
    } else if (from.kind == Operand::Kind::Stream) {
      const uint8_t *planes[4] = {};
      for (int b = 0; b < width; ++b)
        planes[b] = static_cast<const uint8_t *>(*next++);
      joinPlanes(planes, width, values.data(), lanes);
    } else {
      in[i] = static_cast<const uint32_t *>(*next++);
    }
  }
  computeAlu(inst.opcode, inst.type, inst.resultType, in[0], in[1], in[2],
             op.values, lanes);
  if (inst.result < 0)
    return;
  uint8_t *planes[4];
  int resultWidth = byteWidth(inst.resultType);
  for (int b = 0; b < resultWidth; ++b)
    planes[b] = static_cast<uint8_t *>(const_cast<void *>(*next++));
  splitPlanes(op.values, resultWidth, planes, lanes);
}

void Engine::move(Operation &op) {
  const Instruction &inst = *op.inst;
  const void **pointers = op.pointers();
  auto *out = static_cast<uint8_t *>(const_cast<void *>(pointers[0]));
  auto *in = static_cast<const uint8_t *>(pointers[1]);
  switch (inst.opcode) {
  case Opcode::Shift:
    for (int i = 0; i < lanes; ++i) {
      int from = i - inst.shift;
      if (inst.rotate)
        from = (from + lanes) % lanes;
      out[i] = from >= 0 && from < lanes ? in[from] : 0;
    }
    return;
  case Opcode::Permute: {
    auto *low = static_cast<const uint8_t *>(pointers[2]);
    auto *high = static_cast<const uint8_t *>(pointers[3]);
    for (int i = 0; i < lanes; ++i)
      out[i] = in[low[i] | high[i] << 8];
    return;
  }
  case Opcode::SelectLanes:
    std::memcpy(out, in, size_t(lanes));
    std::memcpy(out + inst.shift,
                static_cast<const uint8_t *>(pointers[2]) + inst.shift,
                inst.length);
    return;
  default: // Distribute.
    for (int i = 0; i < lanes; ++i) {
      int from = inst.map[size_t(i) % 16];
      out[i] = from < 16 ? in[i / 16 * 16 + from] : 0;
    }
  }
}

} // namespace weft::sim
