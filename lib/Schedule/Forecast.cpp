// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bursts of accesses by slice and time.

#include "Forecast.h"

#include <algorithm>

using namespace weft;
using namespace weft::schedule;

Forecast::Forecast(const Problem &problem, const Schedule &earlier)
    : uses(size_t(2 * problem.machine->slices)) {
  while (earlier.cycles / step >= mostBuckets)
    step *= 2;
  auto found =
      std::make_shared<std::vector<std::vector<Burst>>>(problem.buffers.size());
  std::vector<Flow> flows;
  for (size_t c = 0; c < problem.chains.size(); ++c) {
    const Chain &chain = problem.chains[c];
    flowsOf(*problem.machine, chain, flows);
    auto add = [&](int v, const Access &a, bool write) {
      int period = chain.values[v].period;
      // A flow without direction is between memory and the VXM, at 0.
      int64_t first = earlier.chains[c].start + flows[v].at(0) +
                      int64_t(a.element) * period -
                      (write ? 0 : problem.machine->readLatency);
      (*found)[a.buffer].push_back(
          {first, first + spanOf(a, period), flows[v].direction, write});
    };
    forEachRead(chain, [&](int v, int, const Access &a) { add(v, a, false); });
    forEachWrite(chain, [&](int v, int, const Access &a) { add(v, a, true); });
  }
  bursts = std::move(found);
}

int64_t Forecast::conflicts(int b, int slice, int bank, int x) const {
  int64_t sum = 0;
  const auto &buckets = uses[size_t(slice)];
  for (const Burst &burst : (*bursts)[b]) {
    int64_t first = std::max<int64_t>(0, burst.first + burst.shift(x) - margin);
    int64_t last = std::max<int64_t>(0, burst.last + burst.shift(x) + margin);
    int64_t end = std::min(last / step + 1, int64_t(buckets.size()));
    for (int64_t k = first / step; k < end; ++k)
      for (const Use &use : buckets[size_t(k)]) {
        if (use.write != burst.write && use.bank != bank)
          continue;
        // Only the bucket's own cycles.
        int64_t low = std::max({first, use.first, k * step});
        int64_t high = std::min({last, use.last, (k + 1) * step - 1});
        sum += std::max<int64_t>(0, high - low + 1);
      }
  }
  return sum;
}

void Forecast::place(int b, int slice, int bank, int x) {
  auto &buckets = uses[size_t(slice)];
  for (const Burst &burst : (*bursts)[b]) {
    int64_t first = std::max<int64_t>(0, burst.first + burst.shift(x));
    int64_t last = std::max<int64_t>(0, burst.last + burst.shift(x));
    if (int64_t(buckets.size()) <= last / step)
      buckets.resize(size_t(last / step + 1));
    for (int64_t k = first / step; k <= last / step; ++k)
      buckets[size_t(k)].push_back({first, last, bank, burst.write});
  }
}
