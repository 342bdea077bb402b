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

/// How many schedules are made to choose from. Each level tries what the level
/// below tries and more, so it is never worse; time grows with the count.
enum class Effort { Fast, Default, High };

struct SchedulerOptions {
  /// Called now and then with chains scheduled so far and in all.
  std::function<void(size_t, size_t)> progress;
  Effort effort = Effort::Default;
  /// Schedules made at a time; 0: as many as there are processors. The result
  /// does not depend on it.
  int threads = 1;
};

/// The shortest of several list schedules, the first of equals. DoesNotFit when
/// memory does not suffice: the message says needed and available bytes.
Expected<Schedule> listSchedule(const Problem &problem,
                                const SchedulerOptions &options = {});

} // namespace weft

#endif // WEFT_SCHEDULE_SCHEDULER_H
