// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The streams of one chip. A value moves one hop a cycle and so stays on its
// diagonal (t - x eastward, t + x westward): each stream keeps one value per
// diagonal, the one driven last, which is what every later reader on it sees.
// It finds values and drivers; what is a fault is for the readers to say.

#ifndef WEFT_SIM_STREAMS_H
#define WEFT_SIM_STREAMS_H

#include "Vectors.h"

#include "weft/Machine/Machine.h"

#include <bit>

namespace weft::sim {

class Streams {
public:
  struct Value {
    int64_t diagonal = INT64_MIN;
    int16_t position = 0; ///< Where it was driven.
    int16_t producer = -1;
    Block block = noBlock;
    const uint8_t *bytes = nullptr;

    Vector vector() const { return {bytes, block}; }
  };

  Streams(const Machine &machine, VectorPool &pool)
      : perDirection(machine.streams), pool(pool),
        // At one time positions -m..m lie on 2 m + 1 diagonals.
        ring(std::bit_ceil(unsigned(2 * machine.mxmPosition + 1))),
        values(size_t(2 * perDirection) * ring) {}

  void clear() {
    for (Value &value : values) {
      pool.release(value.vector());
      value = {};
    }
  }

  /// Puts a value on a stream and takes it over. False if another value is
  /// driven at the same place and time.
  bool drive(int stream, int position, int64_t cycle, int producer, Vector v) {
    int64_t diagonal = diagonalOf(stream, position, cycle);
    Value &value = at(stream, diagonal);
    if (value.diagonal == diagonal && value.position == position) {
      pool.release(v);
      return false;
    }
    pool.release(value.vector());
    value = {diagonal, int16_t(position), int16_t(producer), v.block, v.bytes};
    return true;
  }

  /// The value of a stream at a place and time, or null.
  const Value *find(int stream, int position, int64_t cycle) const {
    int64_t diagonal = diagonalOf(stream, position, cycle);
    const Value &value = at(stream, diagonal);
    return value.diagonal == diagonal ? &value : nullptr;
  }

private:
  int64_t diagonalOf(int stream, int position, int64_t cycle) const {
    return stream < perDirection ? cycle - position : cycle + position;
  }
  size_t indexOf(int stream, int64_t diagonal) const {
    return size_t(stream) * ring + (uint64_t(diagonal) & (ring - 1));
  }
  Value &at(int stream, int64_t diagonal) {
    return values[indexOf(stream, diagonal)];
  }
  const Value &at(int stream, int64_t diagonal) const {
    return values[indexOf(stream, diagonal)];
  }

  int perDirection;
  VectorPool &pool;
  unsigned ring;
  std::vector<Value> values;
};

} // namespace weft::sim

#endif // WEFT_SIM_STREAMS_H
