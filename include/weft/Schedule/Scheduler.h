// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scheduling algorithms over a Problem. List scheduling decides the start of
// every chain, the slice and address of every buffer, and streams and ALUs, in
// one loop; others can be added beside it.

#ifndef WEFT_SCHEDULE_SCHEDULER_H
#define WEFT_SCHEDULE_SCHEDULER_H

#include "weft/Schedule/Problem.h"

#include <functional>

namespace weft {

struct SchedulerOptions {
  /// Called now and then with chains scheduled so far and in all.
  std::function<void(size_t, size_t)> progress;
  /// Variants to try (1 to 4): placement heuristics that differ in how they
  /// keep traffic apart. The shortest schedule is returned; time grows with
  /// the count.
  int variants = 4;
};

/// List scheduling. DoesNotFit when memory does not suffice: the message says
/// needed and available bytes.
Expected<Schedule> listSchedule(const Problem &problem,
                                const SchedulerOptions &options = {});

} // namespace weft

#endif // WEFT_SCHEDULE_SCHEDULER_H
