// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A greedy schedule is one of many: this makes several, which differ in how
// they are tuned, and returns the shortest. Some come in lines: each of a line
// places buffers by the accesses of the shortest before it, the first by those
// of a schedule in which buffers are not in each other's way. How many there
// are depends on the effort that is asked for, never on time or threads.

#include "ListState.h"

#include <algorithm>
#include <atomic>
#include <functional>
#include <thread>

using namespace weft;
using namespace weft::schedule;

namespace {

/// Schedules that are made one after the other.
struct Line {
  Tuning tuning;
  /// Of them with a forecast; 0: a single one, without.
  int rounds = 0;
};

/// What the first forecast of every line is made with.
constexpr Tuning sketch{.idealMemory = true};

/// Schedules that are made, the sketch among them.
size_t runsOf(const std::vector<Line> &lines) {
  size_t sum = 1;
  for (const Line &line : lines)
    sum += size_t(std::max(line.rounds, 1));
  return sum;
}

// Which tuning is best depends on the problem: on how far chains may run ahead
// most of all, since symmetric work (the heads of attention) overlaps with its
// successors only when part of it is ahead.
std::vector<Line> linesFor(Effort effort) {
  // Each level has the lines of the one below, at least as long.
  int rounds = effort == Effort::Fast ? 1 : effort == Effort::Default ? 4 : 6;
  std::vector<Line> lines = {{{.window = 1024}}, {{}, rounds}};
  if (effort == Effort::Fast)
    return lines;
  lines.insert(lines.end(), {{{.window = 256}},
                             {{.passSlack = 8, .conflictCost = 8}, rounds - 1},
                             {{.pathGrain = 32}, rounds}});
  if (effort == Effort::Default)
    return lines;
  lines.insert(
      lines.end(),
      {{{}},
       {{.roomCost = 60, .window = 64}},
       {{.weightCost = 100, .loadedCost = 30, .roomCost = 60, .window = 128}},
       {{.window = 512, .pathGrain = 64}},
       {{.window = 256, .passSlack = 8}},
       {{.weightCost = 300, .loadedCost = 90, .window = 256}},
       {{.bankCost = 2, .sliceCost = 2, .window = 192}},
       {{.conflictCost = 128}, rounds},
       {{.window = 256, .conflictCost = 16}, rounds},
       {{.roomCost = 60, .window = 512, .passSlack = 32}, rounds}});
  return lines;
}

/// Lines of every level: all of Effort::Fast.
constexpr size_t commonLines = 2;

// For where those do not fit, at any level: the first that does counts as well,
// so that no level is worse than the one below.
constexpr Tuning tight[] = {
    {.window = 16},
    {.weightCost = 0, .loadedCost = 0, .roomCost = 60, .window = 256},
    {.parts = 1, .weightCost = 0, .loadedCost = 0, .roomCost = 60},
    {.weightCost = 0, .loadedCost = 0, .roomCost = 60, .window = 1},
    {.parts = 1, .weightCost = 0, .loadedCost = 0, .roomCost = 60, .window = 1},
};

using Result = std::optional<Expected<Schedule>>;

bool isShorter(const Result &a, const Result &b) {
  return a && *a && (!b || !*b || (*a)->cycles < (*b)->cycles);
}

} // namespace

Expected<Schedule> weft::listSchedule(const Problem &problem,
                                      const SchedulerOptions &options) {
  if (Status s = problem.check(); !s)
    return s.error();
  const std::vector<Line> lines = linesFor(options.effort);
  const size_t all = runsOf(lines) * problem.chains.size();
  std::atomic<size_t> chains = 0;
  auto schedule = [&](const Tuning &tuning, const Forecast *forecast,
                      bool reports) {
    // One thread speaks for all.
    SchedulerOptions own = options;
    own.progress = nullptr;
    if (reports && options.progress)
      own.progress = [&](size_t done, size_t) {
        options.progress(std::min(chains + done, all), all);
      };
    auto made = ListScheduler(problem, own, tuning, forecast).run();
    chains += problem.chains.size();
    return made;
  };

  // All tasks of a list, by as many threads as there are.
  size_t threads = options.threads > 0
                       ? size_t(options.threads)
                       : std::max(1u, std::thread::hardware_concurrency());
  auto runAll = [&](const std::vector<std::function<void(bool)>> &tasks) {
    std::atomic<size_t> next = 0;
    auto work = [&](bool reports) {
      for (size_t i; (i = next++) < tasks.size();)
        tasks[i](reports);
    };
    std::vector<std::thread> others;
    for (size_t i = 1; i < std::min(threads, tasks.size()); ++i)
      others.emplace_back(work, false);
    work(true);
    for (std::thread &thread : others)
      thread.join();
  };

  Result ideal;
  std::vector<Result> results(lines.size());
  std::vector<std::function<void(bool)>> first, second;
  first.push_back(
      [&](bool reports) { ideal = schedule(sketch, nullptr, reports); });
  for (size_t i = 0; i < lines.size(); ++i) {
    const Line &line = lines[i];
    if (line.rounds == 0)
      first.push_back([&, i](bool reports) {
        results[i] = schedule(lines[i].tuning, nullptr, reports);
      });
    else
      second.push_back([&, i](bool reports) {
        const Line &line = lines[i];
        Result &shortest = results[i];
        for (int round = 0; round < line.rounds; ++round) {
          Forecast forecast(problem,
                            shortest && *shortest ? **shortest : **ideal);
          // 0, 4, -4, 8, -8, ...: of one forecast come many schedules.
          Tuning tuning = line.tuning;
          tuning.passSlack += (round % 2 == 1 ? 4 : -4) * ((round + 1) / 2);
          Result made = schedule(tuning, &forecast, reports);
          // Where memory is short, it is for the others of the line too.
          if (shortest && !*made)
            break;
          if (!shortest || isShorter(made, shortest))
            shortest = std::move(made);
        }
      });
  }
  runAll(first);
  if (*ideal)
    runAll(second);

  bool fits = std::any_of(results.begin(), results.begin() + commonLines,
                          [](const Result &r) { return r && *r; });
  Result best;
  for (Result &result : results)
    if (!best || isShorter(result, best))
      best = std::move(result);
  for (const Tuning &tuning : tight) {
    if (fits)
      break;
    Result made = ListScheduler(problem, options, tuning).run();
    fits = bool(*made);
    if (isShorter(made, best))
      best = std::move(made);
  }
  return std::move(*best);
}
