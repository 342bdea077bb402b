// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How the values of a chain flow: where each starts, which way it goes, who
// reads it, and in which cycle relative to the chain's start it is at which
// position. Follows from the chain alone, save for the direction of values
// between memory and the VXM, which the hemisphere of their buffers tells.

#ifndef WEFT_LIB_SCHEDULE_FLOW_H
#define WEFT_LIB_SCHEDULE_FLOW_H

#include "weft/Schedule/Problem.h"

#include <array>

namespace weft::schedule {

/// One value's way. Element e is at position x in cycle
/// start + offset + direction * (x - position) + e * period.
struct Flow {
  int position = 0;   ///< Reference: the first consumer, or the producer.
  int offset = 0;     ///< Of element 0 at the reference.
  int direction = 0;  ///< +1 east, -1 west, 0: told by the buffers.
  int producer = -1;  ///< Op, or -1 for memory.
  bool hasOp = false; ///< Some op reads it.
  int lowOp = 0, highOp = 0; ///< Positions of the ops that read it.
  bool written = false;

  int at(int x) const { return offset + direction * (x - position); }
};

/// Flows of all values of a chain that passed check().
void flowsOf(const Machine &machine, const Chain &chain,
             std::vector<Flow> &flows);

/// Calls f(value, plane, access) for every read and write of a chain.
template <typename F>
void forEachRead(const Chain &chain, F f) {
  for (size_t v = 0; v < chain.values.size(); ++v)
    for (size_t p = 0; p < chain.values[v].planes.size(); ++p)
      for (const Access &a : chain.values[v].planes[p])
        f(int(v), int(p), a);
}
template <typename F>
void forEachWrite(const Chain &chain, F f) {
  for (const Write &w : chain.writes)
    for (size_t p = 0; p < w.planes.size(); ++p)
      for (const Access &a : w.planes[p])
        f(w.value, int(p), a);
}

/// Cycles from the first to the last issue of an access, of an op.
inline int64_t spanOf(const Access &a, int period) {
  return int64_t(a.count - 1) * a.elementStep * period;
}
inline int64_t spanOf(const Op &op) {
  return int64_t(op.count - 1) * op.period;
}

/// Cycles that an ALU is taken from an op's first issue: until no other
/// operation could have a result in the cycle of one of its own. Results of a
/// slow operation mature after those of a quick one issued later.
inline int64_t aluSpan(const Machine &m, const Op &op) {
  return spanOf(op) + 1 + aluLatency(m, op.opcode) - m.aluLatency;
}

/// Offsets of the matrix unit's work in a chain: loads (lw), activations,
/// accumulations; an iw is none of them, whichever queue it stands in. Empty
/// when last < first.
struct Extent {
  int64_t first = INT64_MAX / 4, last = INT64_MIN / 4;
  bool empty() const { return last < first; }
  void add(int64_t a, int64_t b) {
    first = a < first ? a : first;
    last = b > last ? b : last;
  }
};
Extent extentOf(const Chain &chain, Unit unit);

/// What a load or a pass does to each plane of its pair, as offsets. A plane by
/// itself has its own lw, iw and abc; an fp16 pair is its even plane.
struct PlaneUse {
  Extent load;                     ///< lw of a load.
  Extent activation;               ///< abc of a pass.
  int64_t install = INT64_MIN / 4; ///< iw of a pass.
  bool amongLoads = false;         ///< It takes a cycle of the queue of lw.
  bool installs() const { return install != INT64_MIN / 4; }
};
using PairUse = std::array<PlaneUse, 2>;
PairUse pairUse(const Chain &chain);

/// Cycles from the start of a load to the first start of its pass: every iw
/// comes after its plane's last lw.
int64_t loadToPass(const Chain &load, const Chain &pass);

/// Where buffers go, and which of them go together.
struct SideChoice {
  std::vector<Hemisphere> side; ///< By buffer.
  /// By buffer: the set that must lie in one hemisphere, named by a member; -1
  /// when its hemisphere is given or required.
  std::vector<int> movableSet;
  /// By name of a set: whether one matrix unit reads more of it than the other.
  std::vector<char> voted;
};

/// Hemisphere of every buffer: given, or required by the chains that move it
/// between memory and the VXM, or else proposed (by the matrix unit that reads
/// it, then by balance). An error when the requirements contradict.
Expected<SideChoice> assignHemispheres(const Problem &problem);

} // namespace weft::schedule

#endif // WEFT_LIB_SCHEDULE_FLOW_H
