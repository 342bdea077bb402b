// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What every queue of a chip does when, as bursts: an instruction and the
// repeats behind it. Read from the queues alone; nothing is executed, and
// whether the program is without fault is the verifier's question.

#ifndef WEFT_REPORT_ACTIVITY_H
#define WEFT_REPORT_ACTIVITY_H

#include "weft/Program/Program.h"

#include <algorithm>

namespace weft::report {

/// An instruction and its repetitions.
struct Burst {
  int32_t instruction = 0; ///< Index in the queue.
  int32_t node = -1;       ///< Index in Program::nodes, or -1.
  int64_t first = 0;       ///< Cycle of the first issue.
  int64_t issues = 1;
  int64_t distance = 1; ///< Cycles between issues.
  int32_t stride = 0;   ///< Step of address, row or block.

  int64_t last() const { return first + (issues - 1) * distance; }
  /// The issue in this cycle, or -1.
  int64_t issueAt(int64_t cycle) const {
    return cycle >= first && cycle <= last() && (cycle - first) % distance == 0
               ? (cycle - first) / distance
               : -1;
  }
  /// Issues in cycles [begin, end).
  int64_t issuesIn(int64_t begin, int64_t end) const {
    int64_t from = begin <= first ? 0 : (begin - first - 1) / distance + 1;
    int64_t to = end <= first ? 0 : (end - first - 1) / distance + 1;
    return std::max<int64_t>(0, std::min(to, issues) - from);
  }
};

/// One queue of a chip that issues anything.
struct QueueActivity {
  int number = 0;
  Queue queue;
  const std::vector<Instruction> *text = nullptr; ///< The program's.
  std::vector<Burst> bursts;                      ///< In order of time.
  int64_t issues = 0;

  const Instruction &instruction(const Burst &burst) const {
    return (*text)[size_t(burst.instruction)];
  }
  /// Index of the burst that issues in `cycle`, or -1.
  int burstAt(int64_t cycle) const;
  /// Index of the last burst that begins in `cycle` or before, or -1.
  int burstBefore(int64_t cycle) const;
};

struct ChipActivity {
  std::vector<QueueActivity> queues; ///< Ascending numbers.
  /// One more than the last issue of all queues.
  int64_t end = 0;

  /// The queue of a number, or null when it issues nothing.
  const QueueActivity *find(int number) const;
};

/// Follows the queues of a chip; `program` outlives the result. Invalid when
/// a queue cannot be followed: a repeat of nothing or at distance 0, or cycles
/// past 2^31.
Expected<ChipActivity> followQueues(const Program &program, size_t chip);

} // namespace weft::report

#endif // WEFT_REPORT_ACTIVITY_H
