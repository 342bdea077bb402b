// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds the earliest start of one chain, with streams, ALUs, rows and places
// for the buffers that it is the first to write. Every resource that is busy
// says when it could be free, which is the next start to try. Commit.cpp takes
// what was found; which chain comes next is decided in ListSchedule.cpp.

#include "ListState.h"

using namespace weft;
using namespace weft::schedule;

namespace {

/// A burst of one queue, relative to the chain's start.
struct Need {
  const BusyCycles *queue = nullptr;
  const BusyCycles *bank = nullptr; ///< Other side of the bank, or null.
  int64_t first = 0, length = 1;
};

/// An access of the chain itself, for conflicts within it.
struct Own {
  int slice, bank;
  bool write;
  int64_t first, last;
};

/// Accesses of a buffer that has no place yet: cycles at position 0.
struct Unplaced {
  int buffer;
  struct Run {
    int direction;
    int64_t first, last;
  };
  std::vector<Run> runs;
};

struct Claimed {
  int direction, stream;
  int64_t first, last;
  int low, high;
};

} // namespace

int64_t ListScheduler::readyCycle(int c) {
  const Chain &chain = problem.chains[c];
  flowsOf(machine, chain, flows);
  int64_t ready = 0;
  auto direct = [&](Flow &flow, int x) {
    if (flow.direction == 0)
      flow.direction = (x > 0) != (flow.producer < 0) ? 1 : -1;
  };
  forEachRead(chain, [&](int v, int, const Access &a) {
    const BufferState &b = buffers[a.buffer];
    int x = slices[b.slice].position;
    direct(flows[v], x);
    int period = chain.values[v].period;
    int64_t base =
        flows[v].at(x) - machine.readLatency + int64_t(a.element) * period;
    ready = std::max(ready, -base);
    if (b.readable.empty())
      return;
    for (int i = 0; i < a.count; ++i)
      ready =
          std::max<int64_t>(ready, b.readable[a.first + i * a.stride] - base -
                                       int64_t(i) * a.elementStep * period);
  });
  forEachWrite(chain, [&](int v, int, const Access &a) {
    const BufferState &b = buffers[a.buffer];
    if (!b.placed)
      return;
    int x = slices[b.slice].position;
    direct(flows[v], x);
    int period = chain.values[v].period;
    int64_t base = flows[v].at(x) + int64_t(a.element) * period;
    ready = std::max(ready, b.from - base);
    if (b.touched.empty())
      return;
    for (int i = 0; i < a.count; ++i)
      ready = std::max<int64_t>(ready, b.touched[a.first + i * a.stride] + 1 -
                                           base -
                                           int64_t(i) * a.elementStep * period);
  });
  for (const Op &op : chain.ops)
    ready = std::max<int64_t>(ready, -op.offset);
  // An earlier chain of the accumulator group that is not on the same queues.
  if (int g = groupOf[c]; g >= 0 && groups[g].done > 0) {
    int before = groups[g].members[groups[g].done - 1];
    Extent e = extentOf(problem.chains[before], Unit::MxmAccumulate);
    Extent own = extentOf(chain, Unit::MxmAccumulate);
    if (done[before] && before != c && !e.empty() && !own.empty())
      ready =
          std::max(ready, result.chains[before].start + e.last + 1 - own.first);
  }
  return ready;
}

bool ListScheduler::areSimultaneous(int a, int b) const {
  auto begin = simultaneous.neighbours.begin() + simultaneous.first[a];
  auto end = simultaneous.neighbours.begin() + simultaneous.first[a + 1];
  auto it = std::partition_point(begin, end,
                                 [&](const auto &n) { return n.buffer < b; });
  for (; it != end && it->buffer == b; ++it)
    if (!done[it->chain])
      return true;
  return false;
}

ListScheduler::Ports ListScheduler::portsOf(int buffer, bool write) const {
  const BufferState &b = buffers[buffer];
  if (tuning.idealMemory)
    return write ? Ports{&b.writes, &b.reads} : Ports{&b.reads, &b.writes};
  const SliceState &s = slices[b.slice];
  int bank = bankOf(b.place.address);
  return write ? Ports{&s.writes, &s.bankReads[bank]}
               : Ports{&s.reads, &s.bankWrites[bank]};
}

int64_t ListScheduler::queuesFree(int c, int64_t bound) {
  const Chain &chain = problem.chains[c];
  flowsOf(machine, chain, flows);
  int64_t t = bound;
  for (bool moved = true; moved;) {
    int64_t before = t;
    for (const Op &op : chain.ops)
      if (op.unit != Unit::Alu)
        t = queue(op).nextFree(t + op.offset, spanOf(op) + 1) - op.offset;
    forEachRead(chain, [&](int v, int, const Access &a) {
      const BufferState &b = buffers[a.buffer];
      const SliceState &s = slices[b.slice];
      int period = chain.values[v].period;
      Flow &flow = flows[v];
      if (flow.direction == 0)
        flow.direction = s.position > 0 ? -1 : 1;
      int64_t first = flow.at(s.position) - machine.readLatency +
                      int64_t(a.element) * period;
      int64_t length = spanOf(a, period) + 1;
      Ports ports = portsOf(a.buffer, false);
      int64_t next = ports.side->nextFree(t + first, length);
      next = ports.other->nextFree(next, length);
      t = next - first;
    });
    moved = t != before;
  }
  return t;
}

/// Moves the buffers that a chain is the first to write to the other
/// hemisphere, where nothing holds them: always, or when that is the emptier
/// one by far. Whether any moved.
bool ListScheduler::moveSets(int c, bool always) {
  int64_t free[2] = {0, 0};
  for (const SliceState &s : slices)
    if (!s.reserved)
      free[int(s.hemisphere)] += machine.words() - s.used;
  struct Set {
    int set, buffer, count;
  };
  std::vector<Set> sets;
  forEachWrite(problem.chains[c], [&](int, int, const Access &a) {
    int set = movableSet[a.buffer];
    if (set < 0 || setPlaced[set])
      return;
    auto it = std::find_if(sets.begin(), sets.end(),
                           [&](const Set &s) { return s.set == set; });
    if (it == sets.end())
      sets.push_back({set, a.buffer, 1});
    else
      ++it->count;
  });
  bool moved = false;
  for (const Set &s : sets) {
    int now = int(hemispheres[s.buffer]);
    if (!always) {
      // Slices with room that no neighbour keeps it from.
      int fit[2] = {0, 0};
      markForbidden(s.buffer);
      for (size_t i = 0; i < slices.size(); ++i)
        if (!slices[i].reserved && !forbidden[i])
          for (const FreeRanges &bank : slices[i].free)
            if (bank.find(problem.buffers[s.buffer].words, never).address >=
                0) {
              ++fit[int(slices[i].hemisphere)];
              break;
            }
      constexpr int spare = 4;
      bool tight = fit[now] < s.count + spare && fit[1 - now] > fit[now];
      bool full =
          free[now] * 4 < free[1 - now] * 3 && fit[1 - now] >= s.count + spare;
      if (!tight && !full)
        continue;
    }
    for (int b : setMembers[s.set])
      hemispheres[b] = Hemisphere(1 - now);
    moved = true;
  }
  return moved;
}

Outcome ListScheduler::plan(int c, int64_t bound, Plan &plan) {
  moveSets(c, false);
  Outcome outcome = planHere(c, bound, plan);
  if (outcome == Outcome::NoMemory && moveSets(c, true))
    outcome = planHere(c, bound, plan);
  return outcome;
}

/// Whether a load fills both planes of its pair at one time.
bool ListScheduler::loadsAtOnce(int c) const {
  PairUse use = pairUse(problem.chains[c]);
  return !use[0].load.empty() && !use[1].load.empty() &&
         use[0].load.first <= use[1].load.last &&
         use[1].load.first <= use[0].load.last;
}

Outcome ListScheduler::planHere(int c, int64_t bound, Plan &plan) {
  const Chain &chain = problem.chains[c];
  flowsOf(machine, chain, flows);
  forEachRead(chain, [&](int v, int, const Access &a) {
    if (flows[v].direction == 0)
      flows[v].direction = hemispheres[a.buffer] == Hemisphere::West ? 1 : -1;
  });
  forEachWrite(chain, [&](int v, int, const Access &a) {
    if (flows[v].direction == 0)
      flows[v].direction = hemispheres[a.buffer] == Hemisphere::East ? 1 : -1;
  });

  std::vector<Need> needs;
  std::vector<Own> own;
  std::vector<Unplaced> unplaced;
  std::vector<int> aluOps;
  for (size_t o = 0; o < chain.ops.size(); ++o) {
    const Op &op = chain.ops[o];
    if (op.unit == Unit::Alu)
      aluOps.push_back(int(o));
    else
      needs.push_back({&queue(op), nullptr, op.offset, spanOf(op) + 1});
  }
  auto addAccess = [&](const Access &a, int64_t first, int64_t last,
                       bool write) {
    const BufferState &b = buffers[a.buffer];
    Ports ports = portsOf(a.buffer, write);
    needs.push_back({ports.side, ports.other, first, last - first + 1});
    own.push_back({b.slice, bankOf(b.place.address), write, first, last});
  };
  forEachRead(chain, [&](int v, int, const Access &a) {
    int period = chain.values[v].period;
    int64_t first = flows[v].at(slices[buffers[a.buffer].slice].position) -
                    machine.readLatency + int64_t(a.element) * period;
    addAccess(a, first, first + spanOf(a, period), false);
  });
  forEachWrite(chain, [&](int v, int, const Access &a) {
    int period = chain.values[v].period;
    const BufferState &b = buffers[a.buffer];
    int x = b.placed ? slices[b.slice].position : 0;
    int64_t first = flows[v].at(x) + int64_t(a.element) * period;
    int64_t last = first + spanOf(a, period);
    if (b.placed) {
      // Its words may have been promised from a later cycle on.
      bound = std::max(bound, b.from - first);
      addAccess(a, first, last, true);
      return;
    }
    auto it = std::find_if(unplaced.begin(), unplaced.end(),
                           [&](auto &u) { return u.buffer == a.buffer; });
    if (it == unplaced.end())
      it = unplaced.insert(unplaced.end(), Unplaced{a.buffer, {}});
    it->runs.push_back({flows[v].direction, first, last});
  });
  // Conflicts within the chain do not go away with time.
  for (size_t i = 0; i < own.size(); ++i)
    for (size_t j = i + 1; j < own.size(); ++j)
      if (own[i].slice == own[j].slice && own[i].first <= own[j].last &&
          own[j].first <= own[i].last &&
          (own[i].write == own[j].write || own[i].bank == own[j].bank))
        return Outcome::Stuck;

  int group = groupOf[c];
  bool opens = group >= 0 && groups[group].row < 0;
  Extent acc = opens ? extentOf(chain, Unit::MxmAccumulate) : Extent();

  bool alternate = chain.role == MxmRole::Pass && loadsAtOnce(chain.load);

  // The slices each unplaced buffer may not use, whatever the cycle.
  std::vector<std::vector<char>> barred(unplaced.size());
  for (size_t u = 0; u < unplaced.size(); ++u) {
    markForbidden(unplaced[u].buffer);
    barred[u] = forbidden;
  }

  plan.streams.assign(chain.values.size(), 0);
  plan.alus.assign(chain.ops.size(), -1);
  int64_t t = bound;
  for (int attempt = 0; attempt < 200000; ++attempt) {
    // Queues, until all are free at one start.
    for (bool moved = true; moved;) {
      moved = false;
      for (const Need &need : needs) {
        int64_t next = need.queue->nextFree(t + need.first, need.length);
        if (need.bank)
          next = need.bank->nextFree(next, need.length);
        if (next != t + need.first) {
          t = next - need.first;
          moved = true;
        }
      }
    }

    // ALUs: the lowest that is free; bursts of one chain exclude each other.
    int64_t retry = never;
    bool ok = true;
    for (size_t k = 0; k < aluOps.size() && ok; ++k) {
      const Op &op = chain.ops[aluOps[k]];
      int64_t first = op.offset, length = aluSpan(machine, op);
      ok = false;
      int64_t soonest = never;
      for (int alu = 0; alu < machine.alus && !ok; ++alu) {
        bool mine = false;
        for (size_t j = 0; j < k && !mine; ++j) {
          const Op &other = chain.ops[aluOps[j]];
          mine = plan.alus[aluOps[j]] == alu &&
                 other.offset <= first + length - 1 &&
                 first < other.offset + aluSpan(machine, other);
        }
        if (mine)
          continue;
        int64_t next = alus[alu].nextFree(t + first, length) - first;
        if (next == t) {
          plan.alus[aluOps[k]] = alu;
          ok = true;
        }
        soonest = std::min(soonest, next);
      }
      if (!ok)
        retry = soonest;
    }
    if (!ok) {
      t = std::max(t + 1, retry);
      if (t >= never)
        return Outcome::Stuck;
      continue;
    }

    // Accumulator rows.
    if (opens) {
      auto fit = units[groups[group].unit].rows.find(groups[group].rows,
                                                     t + acc.first);
      if (fit.address < 0)
        return Outcome::NoRows;
      if (fit.from > t + acc.first) {
        t = fit.from - acc.first;
        continue;
      }
      plan.row = fit.address;
    } else if (group >= 0) {
      plan.row = groups[group].row;
    }

    // Places of buffers that this chain is the first to write.
    plan.places.clear();
    size_t ownFixed = own.size();
    retry = never;
    bool memory = false; // some slice had room, now or later
    for (size_t u = 0; u < unplaced.size() && ok; ++u) {
      int b = unplaced[u].buffer;
      const Buffer &buffer = problem.buffers[b];
      int64_t bestCost = never;
      Plan::NewPlace best{};
      retry = never;
      memory = false;
      for (size_t si = 0; si < slices.size(); ++si) {
        const SliceState &s = slices[si];
        if (s.reserved || s.hemisphere != hemispheres[b] || barred[u][si])
          continue;
        bool mine = false;
        for (const Plan::NewPlace &p : plan.places)
          if (p.slice == int(si))
            mine |= (buffer.group >= 0 &&
                     problem.buffers[p.buffer].group == buffer.group) ||
                    areSimultaneous(b, p.buffer);
        if (mine)
          continue;
        for (int bank = 0; bank < machine.banks; ++bank) {
          int64_t next = t, begin = never;
          bool clash = false;
          for (const Unplaced::Run &run : unplaced[u].runs) {
            int64_t first = run.first + run.direction * s.position;
            int64_t last = run.last + run.direction * s.position;
            begin = std::min(begin, first);
            for (const Own &o : own)
              clash |= o.slice == int(si) && o.first <= last &&
                       first <= o.last && (o.write || o.bank == bank);
            int64_t free = s.writes.nextFree(t + first, last - first + 1);
            free = s.bankReads[bank].nextFree(free, last - first + 1);
            next = std::max(next, free - first);
          }
          if (clash)
            continue;
          auto fit = s.free[bank].find(buffer.words, t + begin);
          if (fit.address < 0)
            continue;
          memory = true;
          next = std::max(next, fit.from - begin);
          if (next > t) {
            retry = std::min(retry, next);
            continue;
          }
          int64_t cost = placeCost(s, bank, b);
          if (cost < bestCost) {
            bestCost = cost;
            best = {b,
                    {s.hemisphere, s.number,
                     bank * machine.wordsPerBank + fit.address},
                    int(si),
                    fit.from};
          }
        }
      }
      if (bestCost == never) {
        ok = false;
        break;
      }
      int bank = bankOf(best.place.address);
      // Two new buffers in one bank must not get the same words.
      for (const Plan::NewPlace &p : plan.places)
        if (p.slice == best.slice && bankOf(p.place.address) == bank)
          ok = false;
      if (!ok) {
        barred[u][best.slice] = 1;
        memory = true;
        retry = t;
        break;
      }
      plan.places.push_back(best);
      for (const Unplaced::Run &run : unplaced[u].runs) {
        int shift = run.direction * slices[best.slice].position;
        own.push_back(
            {best.slice, bank, true, run.first + shift, run.last + shift});
      }
    }
    if (!ok) {
      own.resize(ownFixed);
      if (!memory)
        return Outcome::NoMemory;
      t = std::max(retry == t ? t : t + 1, retry);
      if (t >= never)
        return Outcome::NoMemory;
      continue;
    }

    // Streams: ranges of each plane follow from the places.
    auto positionOf = [&](int b) {
      for (const Plan::NewPlace &p : plan.places)
        if (p.buffer == b)
          return slices[p.slice].position;
      return slices[buffers[b].slice].position;
    };
    std::vector<Claimed> claimed;
    retry = never;
    for (size_t v = 0; v < chain.values.size() && ok; ++v) {
      const Value &value = chain.values[v];
      const Flow &flow = flows[v];
      int64_t first = flow.at(0),
              length = int64_t(value.elements - 1) * value.period + 1;
      std::vector<std::pair<int, int>> range(value.width);
      for (int p = 0; p < value.width; ++p) {
        int low = flow.hasOp ? flow.lowOp : flow.position;
        int high = flow.hasOp ? flow.highOp : flow.position;
        if (flow.producer >= 0) {
          low = std::min(low, flow.position);
          high = std::max(high, flow.position);
        } else {
          for (const Access &a : value.planes[p]) {
            int x = positionOf(a.buffer);
            low = std::min(low, x);
            high = std::max(high, x);
          }
        }
        range[p] = {low, high};
      }
      if (flow.written)
        for (const Write &w : chain.writes)
          if (w.value == int(v))
            for (size_t p = 0; p < w.planes.size(); ++p)
              for (const Access &a : w.planes[p]) {
                int x = positionOf(a.buffer);
                range[p].first = std::min(range[p].first, x);
                range[p].second = std::max(range[p].second, x);
              }
      auto &lanes = streams[flow.direction > 0];
      int groupsOf = machine.streams / value.width;
      int chosen = -1;
      int64_t soonest = never;
      // Activations take turns with the halves of the streams, so that loads
      // which need both lose a cycle of one plane at a time.
      int from = alternate && value.width < 16 && flow.producer < 0 &&
                         units[unitOf[c]].half == 0
                     ? groupsOf / 2
                     : 0;
      for (int k = 0; k < groupsOf && chosen < 0; ++k) {
        // Wide values from the top, narrow ones from the bottom.
        int g = value.width >= 16 ? groupsOf - 1 - k : (from + k) % groupsOf;
        int64_t next = t;
        bool mine = false;
        for (int p = 0; p < value.width; ++p) {
          int s = g * value.width + p;
          for (const Claimed &o : claimed)
            mine |= o.direction == flow.direction && o.stream == s &&
                    o.first <= first + length - 1 && first <= o.last &&
                    o.low <= range[p].second && range[p].first <= o.high;
          next = std::max(next,
                          lanes[s].nextFree(t + first, length, range[p].first,
                                            range[p].second) -
                              first);
        }
        if (mine)
          continue;
        if (next == t)
          chosen = g;
        soonest = std::min(soonest, next);
      }
      if (chosen < 0) {
        ok = false;
        retry = soonest;
        break;
      }
      plan.streams[v] =
          chosen * value.width + (flow.direction > 0 ? 0 : machine.streams);
      for (int p = 0; p < value.width; ++p)
        claimed.push_back({flow.direction, chosen * value.width + p, first,
                           first + length - 1, range[p].first,
                           range[p].second});
    }
    if (!ok) {
      own.resize(ownFixed);
      t = std::max(t + 1, retry);
      if (t >= never)
        return Outcome::Stuck;
      continue;
    }
    plan.start = t;
    return Outcome::Placed;
  }
  return Outcome::Stuck;
}
