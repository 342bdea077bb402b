// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How much text a program takes at most, before it is scheduled. Counted as
// the writer of programs encodes it: a wait, an instruction and a repeat for
// every burst, and a burst for every run of accesses and for every run of
// elements whose producers are the same.

#include "weft/Dialect/Tsp/Transforms/SchedulingProblem.h"

using namespace weft;
using namespace weft::tsp;

namespace {

/// Bursts that a consumer of `count` elements is split into: buffers that
/// differ may lie in different slices.
int64_t producerRuns(const Value &value, int count) {
  if (value.planes.empty())
    return 1;
  std::vector<char> starts(size_t(std::max(count, 1)), 0);
  starts[0] = 1;
  for (const std::vector<Access> &plane : value.planes) {
    std::vector<int> by(size_t(value.elements), -1);
    for (const Access &a : plane)
      for (int i = 0; i < a.count; ++i)
        by[size_t(a.element + i * a.elementStep)] = a.buffer;
    for (int e = 1; e < count && e < value.elements; ++e)
      if (by[size_t(e)] != by[size_t(e - 1)])
        starts[size_t(e)] = 1;
  }
  return llvm::count(starts, 1);
}

int64_t burstText(int64_t bursts, int64_t issues) {
  // Wait and instruction; a repeat where there is more than one issue.
  return bursts * 2 + std::min(bursts, std::max<int64_t>(issues - bursts, 0));
}

} // namespace

int64_t tsp::estimateTextBytes(const SchedulingProblem &scheduling) {
  int64_t instructions = 0;
  for (const Chain &chain : scheduling.problem.chains) {
    for (const Value &value : chain.values)
      for (const auto &plane : value.planes)
        for (const Access &a : plane)
          instructions += burstText(1, a.count);
    for (const weft::Op &op : chain.ops) {
      int64_t bursts = 1;
      for (int v : op.operands)
        bursts =
            std::max(bursts, producerRuns(chain.values[size_t(v)], op.count));
      instructions +=
          burstText(bursts, op.count) + 2; // accumulate: three bursts
    }
    for (const Write &write : chain.writes) {
      int64_t runs = 1;
      const Value &value = chain.values[size_t(write.value)];
      for (const auto &plane : write.planes)
        for (const Access &a : plane) {
          runs = producerRuns(value, value.elements);
          instructions += burstText(std::min<int64_t>(runs, a.count), a.count);
        }
    }
  }
  return instructions * scheduling.machine.instructionBytes;
}
