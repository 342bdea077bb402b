// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The MXM planes of one chip: which weights are loaded and installed, which
// results are due, which accumulator rows hold something. A pair of planes in
// tandem is two planes that do the same.

#ifndef WEFT_LIB_VERIFY_MATRIX_H
#define WEFT_LIB_VERIFY_MATRIX_H

#include "FaultLog.h"

namespace weft::verify {

class Matrix {
public:
  explicit Matrix(const Machine &machine);

  /// iw. Before the loads of the same cycle, which go to the new shadow, and
  /// after its activations, which see the weights of before.
  void install(Issuer issuer, Queue queue, const Instruction &inst,
               int64_t cycle, FaultLog &log);
  /// lw and lw.pair, into column block `block`.
  void load(Issuer issuer, Queue queue, const Instruction &inst, int block,
            int64_t cycle, FaultLog &log);
  /// abc: a result is due when its latency has passed.
  void activate(Issuer issuer, Queue queue, const Instruction &inst,
                int64_t cycle, FaultLog &log);
  /// acc on row `row`. Before the activations of the same cycle.
  void accumulate(Issuer issuer, Queue queue, const Instruction &inst, int row,
                  int64_t cycle, FaultLog &log);
  /// Reports results of this cycle that no acc took. After all acc of it.
  void expire(int64_t cycle, FaultLog &log);

private:
  /// What a plane holds: nothing, an int8 plane's own, or its pair's.
  enum class Hold : uint8_t { Nothing, Byte, Pair };
  struct Due {
    int64_t cycle = -1;
    Hold hold = Hold::Nothing;
    bool taken = false;
    Issuer issuer;
  };
  struct Plane {
    Hold shadow = Hold::Nothing, active = Hold::Nothing;
    std::vector<bool> loaded; ///< Columns of the shadow.
    std::vector<Hold> rows;   ///< What each accumulator row holds.
    std::vector<Due> due;     ///< By cycle, in a ring.
  };

  static Hold holdOf(DataType type) {
    return type == DataType::F16 ? Hold::Pair : Hold::Byte;
  }
  Plane &planeOf(Queue queue, int offset = 0) {
    return planes[size_t(queue.hemisphere) * machine.planes + queue.index +
                  offset];
  }

  const Machine &machine;
  std::vector<Plane> planes;
};

} // namespace weft::verify

#endif // WEFT_LIB_VERIFY_MATRIX_H
