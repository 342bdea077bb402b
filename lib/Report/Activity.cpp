// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Adds up waits and repeats along each queue.

#include "weft/Report/Activity.h"

using namespace weft;
using namespace weft::report;

int QueueActivity::burstBefore(int64_t cycle) const {
  auto after =
      std::upper_bound(bursts.begin(), bursts.end(), cycle,
                       [](int64_t c, const Burst &b) { return c < b.first; });
  return int(after - bursts.begin()) - 1;
}

int QueueActivity::burstAt(int64_t cycle) const {
  int index = burstBefore(cycle);
  return index >= 0 && bursts[size_t(index)].issueAt(cycle) >= 0 ? index : -1;
}

const QueueActivity *ChipActivity::find(int number) const {
  auto at = std::lower_bound(
      queues.begin(), queues.end(), number,
      [](const QueueActivity &q, int n) { return q.number < n; });
  return at != queues.end() && at->number == number ? &*at : nullptr;
}

/// Fills in `out.bursts` and `out.issues`.
static Status follow(QueueActivity &out, const std::vector<int32_t> *nodes) {
  constexpr int64_t limit = int64_t(1) << 31;
  auto bad = [&](size_t i, const char *why) {
    return Error{ErrorKind::Invalid,
                 queueName(out.queue) + ", instruction " + std::to_string(i) +
                     ": " + why,
                 {}};
  };
  int64_t next = 0;
  bool repeatable = false;
  for (size_t i = 0; i < out.text->size(); ++i) {
    const Instruction &in = (*out.text)[i];
    if (in.opcode == Opcode::Nop) {
      next += int64_t(in.count);
      repeatable = false;
    } else if (in.opcode == Opcode::Repeat) {
      if (!repeatable)
        return bad(i, "no instruction stands before it that can be repeated");
      repeatable = false;
      if (in.count == 0)
        continue;
      if (in.distance == 0)
        return bad(i, "repeats at distance 0");
      if (in.count > limit / in.distance)
        return bad(i, "issues past cycle 2^31");
      Burst &burst = out.bursts.back();
      burst.issues += int64_t(in.count);
      burst.distance = in.distance;
      burst.stride = in.stride;
      next = burst.last() + 1;
    } else {
      Burst burst;
      burst.instruction = int32_t(i);
      burst.node = nodes && i < nodes->size() ? (*nodes)[i] : -1;
      burst.first = next++;
      out.bursts.push_back(burst);
      repeatable = true;
    }
    if (next > limit)
      return bad(i, "issues past cycle 2^31");
  }
  for (const Burst &burst : out.bursts)
    out.issues += burst.issues;
  return success();
}

Expected<ChipActivity> report::followQueues(const Program &program,
                                            size_t chip) {
  ChipActivity out;
  for (const auto &[number, text] : program.chips[chip].queues) {
    std::optional<Queue> queue = queueOfNumber(program.machine, number);
    if (!queue)
      return Error{ErrorKind::Invalid,
                   "the machine has no queue " + std::to_string(number),
                   {}};
    QueueActivity activity;
    activity.number = number;
    activity.queue = *queue;
    activity.text = &text;
    const std::vector<int32_t> *nodes = nullptr;
    if (chip < program.provenance.size()) {
      auto found = program.provenance[chip].nodes.find(number);
      if (found != program.provenance[chip].nodes.end())
        nodes = &found->second;
    }
    if (Status followed = follow(activity, nodes); !followed)
      return followed.error();
    if (activity.bursts.empty())
      continue;
    out.end = std::max(out.end, activity.bursts.back().last() + 1);
    out.queues.push_back(std::move(activity));
  }
  return out;
}
