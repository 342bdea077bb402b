// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Looks along a chain for what came last: words, weights, memory, units.

#include "weft/Report/Waits.h"

#include "Chain.h"

#include <set>

using namespace weft;
using namespace weft::report;

namespace {
/// Who touched each word (or accumulator row) of one queue when.
class WordIndex {
public:
  struct Touch {
    int64_t cycle;
    int burst;
  };

  WordIndex() = default;
  /// `touches(instruction)`: whether it touches the word at its address, with
  /// strides of repeats, or its whole table.
  WordIndex(const QueueActivity &queue, auto touches) {
    for (size_t b = 0; b < queue.bursts.size(); ++b) {
      const Burst &burst = queue.bursts[b];
      const Instruction &in = queue.instruction(burst);
      if (!touches(in))
        continue;
      int length = in.opcode == Opcode::Gather || in.opcode == Opcode::Scatter
                       ? in.length
                       : 1;
      for (int64_t k = 0; k < burst.issues; ++k)
        for (int j = 0; j < length; ++j)
          words[int64_t(in.address) + k * burst.stride + j].push_back(
              {burst.first + k * burst.distance, int(b)});
    }
  }

  /// The last touch of a word before a cycle.
  const Touch *before(int64_t word, int64_t cycle) const {
    auto found = words.find(word);
    if (found == words.end())
      return nullptr;
    auto at = std::lower_bound(
        found->second.begin(), found->second.end(), cycle,
        [](const Touch &touch, int64_t c) { return touch.cycle < c; });
    return at == found->second.begin() ? nullptr : &*(at - 1);
  }

private:
  std::map<int64_t, std::vector<Touch>> words; ///< Touches in order of time.
};

bool storesRow(AccumulateMode mode) {
  return mode != AccumulateMode::Pass && mode != AccumulateMode::Emit;
}
bool takesRow(AccumulateMode mode) {
  return mode == AccumulateMode::Add || mode == AccumulateMode::AddEmit ||
         mode == AccumulateMode::Emit;
}
} // namespace

struct WaitFinder::Impl {
  const Program &program;
  const ChipActivity &activity;
  ChainFinder chains;
  std::map<int, WordIndex> indices; ///< By index of the queue.

  Impl(const Program &program, const ChipActivity &activity)
      : program(program), activity(activity), chains(program, activity) {}

  const QueueActivity &queueOf(BurstRef ref) const {
    return activity.queues[size_t(ref.queue)];
  }
  const Burst &burstOf(BurstRef ref) const {
    return queueOf(ref).bursts[size_t(ref.burst)];
  }
  int indexOf(Queue queue) const {
    const QueueActivity *found =
        activity.find(queueNumber(program.machine, queue));
    return found ? int(found - activity.queues.data()) : -1;
  }
  int sibling(const QueueActivity &queue, Unit unit) const {
    return indexOf({unit, queue.queue.hemisphere, queue.queue.index});
  }

  const WordIndex &wordsOf(int queue) {
    auto [at, fresh] = indices.try_emplace(queue);
    if (fresh)
      at->second =
          WordIndex(activity.queues[size_t(queue)], [](const Instruction &in) {
            return in.opcode != Opcode::Accumulate || storesRow(in.accumulate);
          });
    return at->second;
  }

  std::optional<Wait> best;

  /// `at`: the cycle of the issue waited for; `ready`: the first cycle in which
  /// the waiting one could have been.
  void offer(Wait::Kind kind, BurstRef on, int64_t at, int64_t ready,
             int64_t cycle) {
    Wait wait{kind, on, at, cycle - ready, 0};
    if (wait.slack >= 0 &&
        (!best || wait.slack < best->slack ||
         (wait.slack == best->slack && wait.kind < best->kind)))
      best = wait;
  }

  /// The last issue of a queue before a cycle, and that cycle.
  std::optional<Issue> lastBefore(int queue, int64_t cycle, auto accepts) {
    if (queue < 0)
      return std::nullopt;
    const QueueActivity &q = activity.queues[size_t(queue)];
    for (int b = q.burstBefore(cycle - 1); b >= 0; --b) {
      const Burst &burst = q.bursts[size_t(b)];
      if (accepts(q.instruction(burst)))
        return Issue{{queue, b},
                     burst.first +
                         (burst.issuesIn(0, cycle) - 1) * burst.distance};
    }
    return std::nullopt;
  }

  /// Words of `index` from `first` on that an issue in `cycle` needs.
  void offerWords(Wait::Kind kind, int queue, int64_t first, int count,
                  int64_t latency, int64_t cycle) {
    if (queue < 0)
      return;
    const WordIndex &index = wordsOf(queue);
    for (int64_t word = first; word < first + count; ++word)
      if (const WordIndex::Touch *touch = index.before(word, cycle))
        offer(kind, {queue, touch->burst}, touch->cycle, touch->cycle + latency,
              cycle);
  }

  /// What memory and accumulators say about one issue of a chain.
  void offerMemory(const Issue &issue) {
    const QueueActivity &queue = queueOf(issue.ref);
    const Burst &burst = burstOf(issue.ref);
    const Instruction &in = queue.instruction(burst);
    int64_t word = int64_t(in.address) +
                   (issue.cycle - burst.first) / burst.distance * burst.stride;
    switch (in.opcode) {
    case Opcode::Read:
    case Opcode::Gather:
      return offerWords(Wait::Kind::Data, sibling(queue, Unit::MemWrite), word,
                        in.opcode == Opcode::Gather ? in.length : 1,
                        program.machine.writeLatency, issue.cycle);
    case Opcode::Write:
    case Opcode::Scatter:
      // A bank reads or writes: the word may be written one cycle later.
      return offerWords(Wait::Kind::Room, sibling(queue, Unit::MemRead), word,
                        in.opcode == Opcode::Scatter ? in.length : 1, 1,
                        issue.cycle);
    case Opcode::Accumulate:
      if (takesRow(in.accumulate))
        offerWords(Wait::Kind::Data, issue.ref.queue, word, 1, 1, issue.cycle);
      return;
    default:
      return;
    }
  }

  /// `held`: the queue whose waiting is to be explained; it does not hold
  /// itself.
  void offerWeights(const Issue &issue, int held) {
    const QueueActivity &queue = queueOf(issue.ref);
    const Instruction &in = queue.instruction(burstOf(issue.ref));
    auto installs = [](const Instruction &i) {
      return i.opcode == Opcode::InstallWeights;
    };
    auto others = [&](const Instruction &i) { return !installs(i); };
    // An iw stands in any of the plane's queues.
    auto lastInstall = [&](int64_t cycle) {
      std::optional<Issue> last;
      for (Unit unit :
           {Unit::MxmWeights, Unit::MxmActivate, Unit::MxmAccumulate})
        if (auto found = lastBefore(sibling(queue, unit), cycle, installs);
            found && (!last || last->cycle < found->cycle))
          last = found;
      return last;
    };
    auto after = [&](Wait::Kind kind, const std::optional<Issue> &other,
                     int64_t latency) {
      if (other && other->ref.queue != held)
        offer(kind, other->ref, other->cycle, other->cycle + latency,
              issue.cycle);
    };
    if (in.opcode == Opcode::Activate) {
      // Weights that were installed in the cycle before are of the chain.
      auto last = lastInstall(issue.cycle);
      if (last && last->cycle < issue.cycle - 1)
        after(Wait::Kind::Weights, last, 1);
    } else if (installs(in)) {
      after(Wait::Kind::Weights,
            lastBefore(sibling(queue, Unit::MxmWeights), issue.cycle, others),
            1);
      // abc of the same cycle still sees the old weights.
      after(Wait::Kind::Room,
            lastBefore(sibling(queue, Unit::MxmActivate), issue.cycle + 1,
                       others),
            0);
    } else if (queue.queue.unit == Unit::MxmWeights) {
      // An lw of the same cycle already goes to the new shadow.
      auto last = lastInstall(issue.cycle + 1);
      after(Wait::Kind::Room, last,
            last && last->ref.queue == issue.ref.queue ? 1 : 0);
    }
  }

  /// A bank reads or writes in a cycle: what the other side of the slice did in
  /// the bank that a queue touches in `cycle`.
  void offerBank(int index, int64_t cycle) {
    const QueueActivity &queue = activity.queues[size_t(index)];
    Unit unit = queue.queue.unit;
    if (unit != Unit::MemRead && unit != Unit::MemWrite)
      return;
    int words = program.machine.wordsPerBank;
    auto bankOf = [&](const Instruction &in) { return in.address / words; };
    int at = queue.burstAt(cycle);
    if (at < 0)
      return;
    int bank = bankOf(queue.instruction(queue.bursts[size_t(at)]));
    auto last = lastBefore(
        sibling(queue, unit == Unit::MemRead ? Unit::MemWrite : Unit::MemRead),
        cycle, [&](const Instruction &in) { return bankOf(in) == bank; });
    if (last)
      offer(Wait::Kind::Bank, last->ref, last->cycle, last->cycle + 1, cycle);
  }

  std::optional<Wait> waitOf(BurstRef ref) {
    best.reset();
    const Burst &burst = burstOf(ref);
    std::vector<Issue> chain = chains.chainOf({ref, burst.first});
    // The cycle in which the chain first uses each of its queues.
    std::map<int, int64_t> begins;
    for (const Issue &issue : chain) {
      auto [at, fresh] = begins.try_emplace(issue.ref.queue, issue.cycle);
      at->second = std::min(at->second, issue.cycle);
    }
    auto any = [](const Instruction &) { return true; };
    for (auto [queue, cycle] : begins) {
      if (queue == ref.queue)
        continue;
      if (auto last = lastBefore(queue, cycle, any))
        offer(Wait::Kind::Unit, last->ref, last->cycle, last->cycle + 1, cycle);
      offerBank(queue, cycle);
    }
    for (const Issue &issue : chain) {
      offerWeights(issue, ref.queue);
      // The other issues of the burst are bound to the same units, as much
      // later as they issue.
      for (int64_t k = 0; k < burst.issues; ++k) {
        int64_t cycle = issue.cycle + k * burst.distance;
        int at = queueOf(issue.ref).burstAt(cycle);
        if (at >= 0)
          offerMemory({{issue.ref.queue, at}, cycle});
      }
    }
    if (best) {
      best->began = burstOf(best->on).first;
      for (const Issue &issue : chains.chainOf({best->on, best->began}))
        best->began = std::min(best->began, issue.cycle);
    }
    return best;
  }
};

WaitFinder::WaitFinder(const Program &program, const ChipActivity &activity)
    : impl(std::make_unique<Impl>(program, activity)) {}
WaitFinder::~WaitFinder() = default;

std::optional<Wait> WaitFinder::waitOf(BurstRef burst) {
  return impl->waitOf(burst);
}

int report::busiestQueue(const ChipActivity &activity) {
  int busiest = -1;
  for (size_t i = 0; i < activity.queues.size(); ++i)
    if (busiest < 0 ||
        activity.queues[i].issues > activity.queues[size_t(busiest)].issues)
      busiest = int(i);
  return busiest;
}

static std::vector<Gap::Part> partsOf(const Gap &gap,
                                      const ChipActivity &activity) {
  std::map<int32_t, int64_t> cycles;
  int64_t left = gap.end;
  for (const Wait &wait : gap.waits) {
    const Burst &on =
        activity.queues[size_t(wait.on.queue)].bursts[size_t(wait.on.burst)];
    int64_t from = std::clamp(wait.began, gap.begin, left);
    cycles[on.node] += left - from;
    left = from;
  }
  std::vector<Gap::Part> parts;
  for (auto [node, part] : cycles)
    if (part > 0)
      parts.push_back({node, part});
  std::sort(parts.begin(), parts.end(),
            [](const Gap::Part &a, const Gap::Part &b) {
              return std::pair(b.cycles, a.node) < std::pair(a.cycles, b.node);
            });
  return parts;
}

std::vector<Gap> report::longestGaps(const Program &program,
                                     const ChipActivity &activity, int queue,
                                     int64_t cycles, size_t count) {
  std::vector<Gap> gaps;
  if (queue < 0)
    return gaps;
  int64_t from = 0;
  const QueueActivity &of = activity.queues[size_t(queue)];
  for (size_t b = 0; b < of.bursts.size(); ++b) {
    if (of.bursts[b].first > from)
      gaps.push_back({from, of.bursts[b].first, {queue, int(b)}, {}, {}});
    from = of.bursts[b].last() + 1;
  }
  if (cycles > from)
    gaps.push_back({from, cycles, {}, {}, {}});
  std::sort(gaps.begin(), gaps.end(), [](const Gap &a, const Gap &b) {
    return std::pair(b.end - b.begin, a.begin) <
           std::pair(a.end - a.begin, b.begin);
  });
  gaps.resize(std::min(gaps.size(), count));
  WaitFinder finder(program, activity);
  constexpr size_t longest = 200;
  for (Gap &gap : gaps) {
    std::set<BurstRef> seen;
    for (BurstRef at = gap.next;
         at.queue >= 0 && seen.insert(at).second && gap.waits.size() < longest;
         at = gap.waits.back().on) {
      // What began before the gap is not explained by it.
      if (!gap.waits.empty() && gap.waits.back().began <= gap.begin)
        break;
      std::optional<Wait> wait = finder.waitOf(at);
      if (!wait)
        break;
      gap.waits.push_back(*wait);
    }
    gap.parts = partsOf(gap, activity);
  }
  return gaps;
}
