// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counts the issues of every cycle, then gives each issue its part, in blocks
// of cycles so that memory does not grow with the program.

#include "weft/Report/Nodes.h"

using namespace weft;
using namespace weft::report;

/// Calls function(burst, cycle) for the issues of a queue in [begin, end).
static void forEachIssue(const QueueActivity &queue, int64_t begin, int64_t end,
                         auto function) {
  for (size_t i = size_t(std::max(0, queue.burstBefore(begin)));
       i < queue.bursts.size() && queue.bursts[i].first < end; ++i) {
    const Burst &burst = queue.bursts[i];
    int64_t skipped = burst.issuesIn(0, begin),
            count = burst.issuesIn(begin, end);
    for (int64_t k = 0; k < count; ++k)
      function(burst, burst.first + (skipped + k) * burst.distance);
  }
}

NodeShares report::nodeShares(const Program &program,
                              const ChipActivity &activity, int64_t cycles) {
  NodeShares out;
  out.nodes.resize(program.nodes.size());
  constexpr int64_t block = 1 << 16;
  std::vector<int32_t> named(block), all(block);
  for (int64_t begin = 0; begin < cycles; begin += block) {
    int64_t end = std::min(begin + block, cycles);
    std::fill(named.begin(), named.end(), 0);
    std::fill(all.begin(), all.end(), 0);
    for (const QueueActivity &queue : activity.queues)
      forEachIssue(queue, begin, end, [&](const Burst &burst, int64_t cycle) {
        ++all[size_t(cycle - begin)];
        named[size_t(cycle - begin)] += burst.node >= 0;
      });
    out.idle += std::count(all.begin(), all.begin() + (end - begin), 0);
    for (const QueueActivity &queue : activity.queues)
      forEachIssue(queue, begin, end, [&](const Burst &burst, int64_t cycle) {
        if (burst.node < 0)
          return;
        NodeShare &node = out.nodes[size_t(burst.node)];
        if (node.issues++ == 0)
          node.first = node.last = cycle;
        node.first = std::min(node.first, cycle);
        node.last = std::max(node.last, cycle);
        node.cycles += 1.0 / double(named[size_t(cycle - begin)]);
        ++node.unitIssues[size_t(queue.queue.unit)];
      });
  }
  return out;
}
