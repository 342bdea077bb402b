// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Computes the values of a simulation beside it. The stepping thread decides
// which vectors meet and finds the faults; what the units make of the vectors
// it hands over as operations, which are executed strictly in that order, and
// as batches of matrix rows, which any thread takes. Values reach the stepping
// thread only where they steer (indices): it waits for those. Every operation
// is a function of its operands, so the bits do not depend on the threads.
//
//   stepping thread --ring of operations--> executing thread
//                   --ring of batches-----> any thread that has time
//
// A block that is free again may still be read by operations before the one
// that fills it next; as these are executed in order, that does no harm.
// Batches are not: they and their tiles hold their operands until they end.

#ifndef WEFT_SIM_ENGINE_H
#define WEFT_SIM_ENGINE_H

#include "Matrix.h"
#include "VectorOps.h"
#include "Vectors.h"

#include <deque>
#include <memory>
#include <thread>

namespace weft::sim {

/// What is computed, in units of 64 bytes of the ring; pointers follow.
struct Operation {
  enum Kind : uint8_t { Skip, Alu, Accumulate, Move, Transpose, Gather, Merge };
  Kind kind = Skip;
  bool half = false; ///< Accumulate: rows are fp32, else int32.
  uint8_t units = 1; ///< That it takes, pointers included.
  uint8_t row = 0;   ///< Accumulate: of the batch.
  const Instruction *inst = nullptr;
  Batch *batch = nullptr;     ///< Accumulate: where y is, if y is used.
  uint32_t *values = nullptr; ///< Alu: the result. Accumulate: the row.
  uint64_t mask = 0;          ///< Merge: superlanes from the new vector.

  /// Alu: per operand of a stream its byte planes, of an ALU its values; then
  /// the planes of the result. Accumulate: 4 planes. Move: result, operands.
  /// Transpose: 16 operands, 16 results. Gather: result, then by superlane the
  /// words. Merge: result, new vector, old vector or null.
  const void **pointers() { return reinterpret_cast<const void **>(this + 1); }
};

class Engine {
public:
  /// With no workers the stepping thread computes everything itself.
  Engine(const Machine &machine, int workers);
  Engine(const Engine &) = delete;
  Engine &operator=(const Engine &) = delete;
  ~Engine();

  alignas(64) VectorPool vectors;

  /// Begins an operation with room for pointers; allocate() its results, then
  /// commit().
  Operation &begin(Operation::Kind kind, const Instruction &inst,
                   size_t pointers) {
    size_t bytes = sizeof(Operation) + pointers * sizeof(void *);
    size_t units = (bytes + unitBytes - 1) / unitBytes;
    if (pushed % ringUnits + units > ringUnits)
      wrap();
    makeRoom(units);
    begun = units;
    Operation &op = at(pushed);
    op = Operation{};
    op.kind = kind;
    op.units = uint8_t(units);
    op.inst = &inst;
    return op;
  }
  Vector allocate() { return vectors.allocate(pushed + begun); }
  void commit() {
    pushed += begun;
    begun = 0;
    if (pushed - published >= publishUnits)
      publish();
  }

  Tile *newTile(DataType type);
  void drop(Tile *tile); ///< One user less.
  Batch *newBatch(Tile *tile);
  void addRow(Batch &batch, Vector low, Vector high, bool upper);
  /// No more rows: from now on it may be computed.
  void launch(Batch &batch);

  /// Returns when the bytes of a vector are there.
  void wait(Vector v);
  /// Returns when everything that was begun is done.
  void drain();
  /// Drains and forgets all batches, for a new run.
  void reset();

private:
  static constexpr size_t unitBytes = 64, ringUnits = 4096;
  static constexpr size_t publishUnits = 64;
  static constexpr unsigned hintCount = 1024;
  struct alignas(unitBytes) Unit {
    uint8_t bytes[unitBytes];
  };

  Operation &at(uint64_t unit) {
    return *reinterpret_cast<Operation *>(&ring[unit % ringUnits]);
  }
  void work(bool executor);
  bool execute(uint64_t end);
  void run(Operation &op);
  void accumulate(Operation &op);
  void alu(Operation &op);
  void move(Operation &op);
  void finish(Batch &batch);
  bool tryCompute(Batch &batch);
  bool help();
  void makeRoom(size_t units) {
    if (pushed + units - seenDone > ringUnits)
      waitForRoom(units);
  }
  void waitForRoom(size_t units);
  void wrap();
  void publish();
  void recycleBatches();

  // What several threads read and write lies on lines of its own, and they
  // look at each other's progress only when their own knowledge ends.
  alignas(64) const Machine &machine; ///< These never change.
  int lanes;
  std::vector<Unit> ring;
  std::vector<uint32_t> operandValues[3];    ///< Of the executing thread.
  alignas(64) std::atomic<uint64_t> tail{0}; ///< Units handed over.
  alignas(64) std::atomic<uint64_t> done{0}; ///< Units executed.
  alignas(64) std::atomic<unsigned> hintHead{0};
  alignas(64) std::atomic<unsigned> hintTail{0};
  std::atomic<bool> stopping{false};
  alignas(64) std::array<std::atomic<Batch *>, hintCount> hints{};

  // Of the stepping thread.
  alignas(64) uint64_t begun = 0; ///< Units of the operation that has begun.
  uint64_t pushed = 0;            ///< Units filled.
  uint64_t published = 0;         ///< What `tail` says.
  uint64_t seenDone = 0;          ///< What `done` was when it mattered.
  std::vector<std::unique_ptr<Tile>> tiles;
  std::vector<Tile *> freeTiles;
  std::vector<std::unique_ptr<Batch>> batches;
  std::vector<Batch *> freeBatches;
  std::deque<Batch *> current; ///< In the order of their beginning.
  std::vector<std::thread> threads;
};

} // namespace weft::sim

#endif // WEFT_SIM_ENGINE_H
