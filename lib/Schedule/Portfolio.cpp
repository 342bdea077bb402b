// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A greedy schedule is one of many: this makes several, which differ in how
// they are tuned, and returns the shortest. How many depends on the effort
// that is asked for, never on time or threads.

#include "ListState.h"

#include <atomic>
#include <span>
#include <thread>

using namespace weft;
using namespace weft::schedule;

namespace {

// Which tuning is best depends on the problem: on how far chains may run ahead
// most of all, since symmetric work (the heads of attention) overlaps with its
// successors only when part of it is ahead.
constexpr Tuning tunings[] = {
    {.window = 1024}, // all of Effort::Fast
    {.weightCost = 100, .loadedCost = 30, .roomCost = 60, .window = 128},
    {.roomCost = 60, .window = 64},
    {},
    {.window = 256}, // the last of Effort::Default
    {.weightCost = 100, .loadedCost = 30, .roomCost = 60, .window = 192},
    {.window = 128, .passSlack = 64},
    {.window = 512, .pathGrain = 64},
    {.weightCost = 100, .loadedCost = 30, .window = 128, .pathGrain = 256},
    {.window = 256, .passSlack = 8},
    {.bankCost = 8, .sliceCost = 4, .weightCost = 100, .window = 128},
    {.weightCost = 50, .loadedCost = 15, .roomCost = 60, .window = 128},
    {.weightCost = 100, .loadedCost = 30, .roomCost = 60, .window = 96},
    {.window = 384, .passSlack = 32},
    {.weightCost = 300, .loadedCost = 90, .window = 256},
    {.window = 256, .pathGrain = 1},
    {.bankCost = 2, .sliceCost = 2, .window = 192},
};

// For where those do not fit: the first that does is taken.
constexpr Tuning tight[] = {
    {.window = 16},
    {.weightCost = 0, .loadedCost = 0, .roomCost = 60, .window = 256},
    {.parts = 1, .weightCost = 0, .loadedCost = 0, .roomCost = 60},
    {.weightCost = 0, .loadedCost = 0, .roomCost = 60, .window = 1},
    {.parts = 1, .weightCost = 0, .loadedCost = 0, .roomCost = 60, .window = 1},
};

size_t countOf(Effort effort) {
  switch (effort) {
  case Effort::Fast:
    return 1;
  case Effort::Default:
    return 5;
  case Effort::High:
    break;
  }
  return std::size(tunings);
}

} // namespace

Expected<Schedule> weft::listSchedule(const Problem &problem,
                                      const SchedulerOptions &options) {
  if (Status s = problem.check(); !s)
    return s.error();
  const size_t count = countOf(options.effort);
  std::vector<std::optional<Expected<Schedule>>> results(count);
  std::atomic<size_t> next = 0, chains = 0;
  auto work = [&](bool reports) {
    for (size_t i; (i = next++) < count;) {
      // One thread speaks for all.
      SchedulerOptions own = options;
      own.progress = nullptr;
      if (reports && options.progress)
        own.progress = [&](size_t done, size_t all) {
          options.progress(chains + done, all * count);
        };
      results[i] = ListScheduler(problem, own, tunings[i]).run();
      chains += problem.chains.size();
    }
  };
  size_t threads = options.threads > 0
                       ? size_t(options.threads)
                       : std::max(1u, std::thread::hardware_concurrency());
  std::vector<std::thread> others;
  for (size_t i = 1; i < std::min(threads, count); ++i)
    others.emplace_back(work, false);
  work(true);
  for (std::thread &thread : others)
    thread.join();

  size_t best = 0;
  for (size_t i = 1; i < count; ++i)
    if (*results[i] &&
        (!*results[best] || (*results[i])->cycles < (*results[best])->cycles))
      best = i;
  for (const Tuning &tuning : tight) {
    if (*results[best])
      break;
    Expected<Schedule> made = ListScheduler(problem, options, tuning).run();
    if (made)
      results[best] = std::move(made);
  }
  return std::move(*results[best]);
}
