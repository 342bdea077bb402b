// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// nop n waits n cycles; repeat n, d issues what stands before it n more times,
// d cycles apart, and occupies the queue to the last issue.

#include "QueueCursor.h"

#include <algorithm>
#include <limits>

namespace weft::verify {

void QueueCursor::advance() {
  if (remaining > 0) {
    --remaining;
    cycle += distance;
    where += stride;
    return;
  }
  int64_t at = cycle + 1;
  for (; pc < text->size(); ++pc) {
    const Instruction &inst = (*text)[pc];
    if (inst.opcode == Opcode::Nop) {
      at += inst.count;
      continue;
    }
    if (inst.opcode != Opcode::Repeat) {
      index = pc++;
      cycle = at;
      where = inst.address;
      if (cycle >= lastCycle)
        stop(FaultKind::BadRepeat, "issues past cycle 2^31", lastCycle);
      return;
    }
    // One level: a repeat stands right behind the instruction it repeats.
    if (pc == 0 || (*text)[pc - 1].opcode == Opcode::Nop ||
        (*text)[pc - 1].opcode == Opcode::Repeat) {
      index = pc;
      return stop(FaultKind::BadRepeat,
                  "no instruction stands before it that can be repeated", at);
    }
    if (inst.count == 0)
      continue;
    if (inst.distance == 0) {
      index = pc;
      return stop(FaultKind::QueueConflict,
                  "repeats at distance 0: all issues in one cycle", cycle);
    }
    // Judged as a whole, before its first issue.
    int64_t last = cycle + int64_t(inst.count) * int64_t(inst.distance);
    if (last >= std::min(end, lastCycle)) {
      index = pc;
      return stop(FaultKind::BadRepeat,
                  "repeats until cycle " + std::to_string(last) +
                      ", and the program ends with " +
                      std::to_string(std::min(end, lastCycle) - 1),
                  at);
    }
    ++pc;
    remaining = int64_t(inst.count) - 1;
    distance = inst.distance;
    stride = inst.stride;
    cycle += distance;
    where += stride;
    return;
  }
  cycle = std::numeric_limits<int64_t>::max();
}

} // namespace weft::verify
