// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The streams of one chip. A value moves one hop a cycle and so stays on its
// diagonal (t - x eastward, t + x westward): each stream keeps one value per
// diagonal, the one driven last, which is what every later reader on it sees.
// It finds values and drivers; what is a fault is for the readers to say.

#ifndef WEFT_SIM_STREAMS_H
#define WEFT_SIM_STREAMS_H

#include "weft/Machine/Machine.h"

#include <bit>

namespace weft::sim {

/// A handle to one vector of bytes of the pool.
using Block = uint32_t;

class Streams {
public:
  struct Value {
    int64_t diagonal = INT64_MIN;
    int position = 0; ///< Where it was driven.
    int producer = -1;
    Block block = 0;
  };

  explicit Streams(const Machine &machine)
      : perDirection(machine.streams), stride((machine.lanes() + 63) & ~63),
        // At one time positions -m..m lie on 2 m + 1 diagonals.
        ring(std::bit_ceil(unsigned(2 * machine.mxmPosition + 1))) {
    clear();
  }

  void clear() {
    values.assign(size_t(2 * perDirection) * ring, Value{});
    pool.clear();
    free.clear();
    blocks = 0;
    for (Value &value : values)
      value.block = allocate();
  }

  Block allocate() {
    if (free.empty()) {
      // Blocks never move: the pool grows by chunks.
      if (blocks % chunkBlocks == 0)
        pool.emplace_back(size_t(chunkBlocks) * stride);
      return blocks++;
    }
    Block block = free.back();
    free.pop_back();
    return block;
  }
  void release(Block block) { free.push_back(block); }
  uint8_t *bytes(Block block) {
    return pool[block / chunkBlocks].data() +
           size_t(block % chunkBlocks) * stride;
  }

  /// Puts a value on a stream and takes over its block. False if another value
  /// is driven at the same place and time.
  bool drive(int stream, int position, int64_t cycle, int producer,
             Block block) {
    int64_t diagonal = diagonalOf(stream, position, cycle);
    Value &value = at(stream, diagonal);
    if (value.diagonal == diagonal && value.position == position) {
      free.push_back(block);
      return false;
    }
    free.push_back(value.block);
    value = {diagonal, position, producer, block};
    return true;
  }

  /// The value of a stream at a place and time, or null.
  const Value *find(int stream, int position, int64_t cycle) {
    int64_t diagonal = diagonalOf(stream, position, cycle);
    const Value &value = at(stream, diagonal);
    return value.diagonal == diagonal ? &value : nullptr;
  }

private:
  static constexpr Block chunkBlocks = 1024;

  int64_t diagonalOf(int stream, int position, int64_t cycle) const {
    return stream < perDirection ? cycle - position : cycle + position;
  }
  Value &at(int stream, int64_t diagonal) {
    return values[size_t(stream) * ring + (uint64_t(diagonal) & (ring - 1))];
  }

  int perDirection;
  int stride;
  unsigned ring;
  std::vector<Value> values;
  std::vector<std::vector<uint8_t>> pool;
  std::vector<Block> free;
  Block blocks = 0;
};

} // namespace weft::sim

#endif // WEFT_SIM_STREAMS_H
