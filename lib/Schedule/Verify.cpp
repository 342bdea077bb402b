// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Proves a schedule against its problem from first principles: every issue,
// every stream segment and every word is worked out anew from starts, places
// and streams. Shares no code with the algorithms on purpose.

#include "weft/Schedule/Problem.h"

#include <algorithm>
#include <map>

using namespace weft;

namespace {

struct Burst {
  int64_t first, last;
  int chain;
};

struct Segment {
  int64_t first, last; ///< Diagonals.
  int low, high;       ///< Positions.
  int chain;
};

class Verifier {
public:
  Verifier(const Problem &p, const Schedule &s) : p(p), s(s), m(*p.machine) {}
  Status run();

private:
  struct Way {
    bool known = false;
    int direction = 0;
    int64_t diagonal = 0; ///< t - direction * x of element 0, absolute.
    int low = 0, high = 0;
    bool used = false;
    void reach(int x) {
      low = used ? std::min(low, x) : x;
      high = used ? std::max(high, x) : x;
      used = true;
    }
  };

  bool fail(const std::string &what) {
    if (message.empty())
      message = what;
    return false;
  }
  std::string name(int c) const { return "'" + p.chains[c].name + "'"; }
  int sliceOf(int b) const {
    return int(s.places[b].hemisphere) * m.slices + s.places[b].slice;
  }
  int positionOf(int b) const {
    return m.slicePosition(s.places[b].hemisphere, s.places[b].slice);
  }
  int bankKey(int b) const {
    return sliceOf(b) * m.banks + s.places[b].address / m.wordsPerBank;
  }

  bool places();
  bool chain(int c);
  bool ways(int c, std::vector<Way> &ways);
  bool access(int c, const Access &a, const Way &way, int period, bool write);
  bool streams(int c, const std::vector<Way> &ways);
  bool exclusive(std::vector<Burst> &bursts, const std::string &what);
  bool resources();
  bool matrices();
  bool accumulators();
  bool memory();

  const Problem &p;
  const Schedule &s;
  const Machine &m;
  std::string message;
  int64_t lastCycle = -1;

  std::map<std::tuple<int, int, int>, std::vector<Burst>> queues;
  std::vector<std::vector<Burst>> readBursts, writeBursts; ///< By bank.
  std::vector<std::vector<Segment>> segments;              ///< By stream.
  std::vector<std::vector<int64_t>> readable, lastRead, lastWrite;
  std::vector<int64_t> firstUse, lastUse; ///< By buffer.
};

bool Verifier::places() {
  std::map<std::pair<int, int>, int> groupSlice;
  for (size_t b = 0; b < p.buffers.size(); ++b) {
    const Buffer &buffer = p.buffers[b];
    const Buffer::Place &at = s.places[b];
    std::string who = "buffer " + std::to_string(b);
    if (at.slice < 0 || at.slice >= m.slices || at.address < 0 ||
        at.address + buffer.words > m.words() ||
        at.address / m.wordsPerBank !=
            (at.address + buffer.words - 1) / m.wordsPerBank)
      return fail(who + " does not lie in one bank");
    if (firstUse[b] > lastUse[b] && !buffer.initial)
      continue; // Never touched: no place.
    if (m.isReserved(at.hemisphere, at.slice))
      return fail(who + " lies in a reserved slice");
    if (buffer.place && !(*buffer.place == at))
      return fail(who + " is not where it was fixed");
    if (buffer.hemisphere && *buffer.hemisphere != at.hemisphere &&
        !buffer.mayCross)
      return fail(who + " lies in the other hemisphere");
    if (buffer.group >= 0 &&
        !groupSlice.try_emplace({buffer.group, sliceOf(int(b))}, int(b)).second)
      return fail(who + " shares a slice with another of its group");
  }
  return true;
}

bool Verifier::ways(int c, std::vector<Way> &ways) {
  const Chain &chain = p.chains[c];
  const Schedule::ChainTiming &timing = s.chains[c];
  for (size_t v = 0; v < chain.values.size(); ++v) {
    const Value &value = chain.values[v];
    int first = timing.streams[v];
    if (first < 0 || first + value.width > 2 * m.streams ||
        first % m.streams % value.width != 0 ||
        first / m.streams != (first + value.width - 1) / m.streams)
      return fail("value " + std::to_string(v) + " of " + name(c) +
                  " is not on an aligned group of streams");
    ways[v].direction = first < m.streams ? 1 : -1;
  }
  // Producers first, then consumers must agree.
  for (const Op &op : chain.ops)
    if (op.result >= 0) {
      Way &way = ways[op.result];
      int x = opPosition(m, op);
      way.known = true;
      way.diagonal = timing.start + op.offset + op.resultDelay -
                     int64_t(way.direction) * x;
      way.reach(x);
    }
  for (const Op &op : chain.ops)
    for (int v : op.operands) {
      Way &way = ways[v];
      int x = opPosition(m, op);
      int64_t diagonal = timing.start + op.offset - int64_t(way.direction) * x;
      if (way.known && way.diagonal != diagonal)
        return fail("value " + std::to_string(v) + " of " + name(c) +
                    " is not at an op when the op takes it");
      bool produced = chain.values[v].planes.empty();
      if (produced &&
          (x - (way.direction > 0 ? way.low : way.high)) * way.direction < 0)
        return fail("value " + std::to_string(v) + " of " + name(c) +
                    " flows away from an op that takes it");
      way.known = true;
      way.diagonal = diagonal;
      way.reach(x);
    }
  return true;
}

bool Verifier::access(int c, const Access &a, const Way &way, int period,
                      bool write) {
  int x = positionOf(a.buffer);
  if (!write && (way.direction > 0 ? x > way.low : x < way.high))
    return fail(name(c) + " reads buffer " + std::to_string(a.buffer) +
                " downstream of the op that takes it");
  if (write && (way.direction > 0 ? x < way.low : x > way.high))
    return fail(name(c) + " writes buffer " + std::to_string(a.buffer) +
                " upstream of the value's producer");
  int64_t base =
      way.diagonal + int64_t(way.direction) * x - (write ? 0 : m.readLatency);
  auto issue = [&](int i) {
    return base + int64_t(a.element + i * a.elementStep) * period;
  };
  if (issue(0) < 0)
    return fail(name(c) + " accesses memory before cycle 0");
  bool initial = p.buffers[a.buffer].initial;
  for (int i = 0; i < a.count; ++i) {
    int w = a.first + i * a.stride;
    int64_t t = issue(i);
    std::string where = " word " + std::to_string(w) + " of buffer " +
                        std::to_string(a.buffer) + " in cycle " +
                        std::to_string(t);
    int64_t &ready = readable[a.buffer][w];
    int64_t &reads = lastRead[a.buffer][w], &writes = lastWrite[a.buffer][w];
    if (!write) {
      if ((ready < 0 && !initial) || ready > t)
        return fail(name(c) + " reads" + where + ", readable from " +
                    std::to_string(ready));
      reads = std::max(reads, t);
    } else {
      if (reads >= t || writes >= t)
        return fail(name(c) + " writes" + where +
                    " before an earlier chain is done with it");
      writes = t;
      ready = t + m.writeLatency;
    }
  }
  Burst burst{issue(0), issue(a.count - 1), c};
  (write ? writeBursts : readBursts)[bankKey(a.buffer)].push_back(burst);
  firstUse[a.buffer] = std::min(firstUse[a.buffer], burst.first);
  lastUse[a.buffer] = std::max(lastUse[a.buffer], burst.last);
  // A write lands when its word can be read the cycle after.
  lastCycle =
      std::max(lastCycle, burst.last + (write ? m.writeLatency - 1 : 0));
  return true;
}

bool Verifier::streams(int c, const std::vector<Way> &ways) {
  const Chain &chain = p.chains[c];
  std::vector<std::vector<Way>> plane(ways.size());
  for (size_t v = 0; v < ways.size(); ++v) {
    plane[v].assign(chain.values[v].width, ways[v]);
    for (size_t k = 0; k < chain.values[v].planes.size(); ++k)
      for (const Access &a : chain.values[v].planes[k])
        plane[v][k].reach(positionOf(a.buffer));
  }
  for (const Write &w : chain.writes)
    for (size_t k = 0; k < w.planes.size(); ++k)
      for (const Access &a : w.planes[k])
        plane[w.value][k].reach(positionOf(a.buffer));
  for (size_t v = 0; v < ways.size(); ++v)
    for (size_t k = 0; k < plane[v].size(); ++k) {
      const Way &way = plane[v][k];
      segments[s.chains[c].streams[v] + k].push_back(
          {way.diagonal,
           way.diagonal +
               int64_t(chain.values[v].elements - 1) * chain.values[v].period,
           way.low, way.high, c});
    }
  return true;
}

bool Verifier::chain(int c) {
  const Chain &chain = p.chains[c];
  const Schedule::ChainTiming &timing = s.chains[c];
  if (timing.streams.size() != chain.values.size() ||
      timing.alus.size() != chain.ops.size())
    return fail(name(c) + " has no decision for every value and op");
  for (size_t o = 0; o < chain.ops.size(); ++o) {
    const Op &op = chain.ops[o];
    bool alu = op.unit == Unit::Alu;
    if (alu && (timing.alus[o] < 0 || timing.alus[o] >= m.alus))
      return fail(name(c) + " names an ALU that does not exist");
    int64_t first = timing.start + op.offset;
    int64_t last = first + int64_t(op.count - 1) * op.period;
    if (first < 0)
      return fail(name(c) + " issues before cycle 0");
    queues[{int(op.unit), alu ? 0 : int(op.hemisphere),
            alu ? timing.alus[o] : op.index}]
        .push_back({first, last, c});
    lastCycle =
        std::max(lastCycle, last + (op.result >= 0 ? op.resultDelay : 0));
  }
  std::vector<Way> way(chain.values.size());
  if (!ways(c, way))
    return false;
  for (size_t v = 0; v < chain.values.size(); ++v)
    for (auto &plane : chain.values[v].planes)
      for (const Access &a : plane)
        if (!access(c, a, way[v], chain.values[v].period, false))
          return false;
  for (const Write &w : chain.writes)
    for (auto &plane : w.planes)
      for (const Access &a : plane)
        if (!access(c, a, way[w.value], chain.values[w.value].period, true))
          return false;
  return streams(c, way);
}

bool Verifier::exclusive(std::vector<Burst> &bursts, const std::string &what) {
  std::sort(bursts.begin(), bursts.end(), [](const Burst &a, const Burst &b) {
    return std::tie(a.first, a.last) < std::tie(b.first, b.last);
  });
  for (size_t i = 1; i < bursts.size(); ++i)
    if (bursts[i].first <= bursts[i - 1].last)
      return fail(name(bursts[i].chain) + " and " + name(bursts[i - 1].chain) +
                  " both use " + what + " in cycle " +
                  std::to_string(bursts[i].first));
  return true;
}

bool Verifier::resources() {
  for (auto &[key, bursts] : queues) {
    auto [unit, h, index] = key;
    if (!exclusive(bursts, "unit " + std::to_string(unit) + " number " +
                               std::to_string(index)))
      return false;
  }
  for (int slice = 0; slice < 2 * m.slices; ++slice) {
    std::string who = "slice " + std::to_string(slice);
    std::vector<Burst> reads, writes;
    for (int bank = 0; bank < m.banks; ++bank) {
      auto &r = readBursts[slice * m.banks + bank];
      auto &w = writeBursts[slice * m.banks + bank];
      std::vector<Burst> both = r;
      both.insert(both.end(), w.begin(), w.end());
      reads.insert(reads.end(), r.begin(), r.end());
      writes.insert(writes.end(), w.begin(), w.end());
      if (!exclusive(both, "one bank of " + who))
        return false;
    }
    if (!exclusive(reads, "the read side of " + who) ||
        !exclusive(writes, "the write side of " + who))
      return false;
  }
  for (size_t stream = 0; stream < segments.size(); ++stream) {
    auto &list = segments[stream];
    std::sort(list.begin(), list.end(), [](const Segment &a, const Segment &b) {
      return std::tie(a.first, a.low) < std::tie(b.first, b.low);
    });
    std::vector<Segment> open;
    for (const Segment &seg : list) {
      std::erase_if(open, [&](const Segment &o) { return o.last < seg.first; });
      for (const Segment &o : open)
        if (o.low <= seg.high && seg.low <= o.high)
          return fail(name(seg.chain) + " and " + name(o.chain) +
                      " overlap on stream " + std::to_string(stream));
      open.push_back(seg);
    }
  }
  return true;
}

bool Verifier::matrices() {
  struct PassTimes {
    int64_t firstLoad, lastLoad, install, firstActivation, lastActivation;
    int chain;
  };
  std::map<std::pair<int, int>, std::vector<PassTimes>> units;
  for (size_t c = 0; c < p.chains.size(); ++c) {
    const Chain &chain = p.chains[c];
    if (chain.role != MxmRole::Pass)
      continue;
    // By plane: each has its weights, a pair those of its even plane.
    std::map<int, PassTimes> byPlane;
    auto timesOf = [&](int plane) -> PassTimes & {
      return byPlane
          .try_emplace(plane,
                       PassTimes{INT64_MAX, -1, -1, INT64_MAX, -1, int(c)})
          .first->second;
    };
    auto last = [](const Op &op, int64_t first) {
      return first + int64_t(op.count - 1) * op.period;
    };
    for (const Op &op : p.chains[chain.load].ops)
      if (op.opcode == Opcode::LoadWeights ||
          op.opcode == Opcode::LoadWeightsPair) {
        int64_t t = s.chains[chain.load].start + op.offset;
        PassTimes &times = timesOf(op.index);
        times.firstLoad = std::min(times.firstLoad, t);
        times.lastLoad = std::max(times.lastLoad, last(op, t));
      }
    for (const Op &op : chain.ops) {
      int64_t t = s.chains[c].start + op.offset;
      if (op.opcode == Opcode::InstallWeights)
        timesOf(byPlane.count(op.index) ? op.index : chain.pair).install = t;
      if (op.opcode == Opcode::Activate) {
        PassTimes &times = timesOf(op.index);
        times.firstActivation = std::min(times.firstActivation, t);
        times.lastActivation = std::max(times.lastActivation, last(op, t));
      }
    }
    for (const auto &[plane, times] : byPlane)
      units[{int(chain.hemisphere), plane}].push_back(times);
  }
  for (auto &[key, list] : units) {
    std::sort(list.begin(), list.end(),
              [](auto &a, auto &b) { return a.install < b.install; });
    for (size_t i = 0; i < list.size(); ++i) {
      const PassTimes &now = list[i];
      if (now.install <= now.lastLoad || now.firstActivation <= now.install)
        return fail(name(now.chain) +
                    " uses weights before they are installed");
      if (i == 0)
        continue;
      const PassTimes &before = list[i - 1];
      if (now.install < before.lastActivation)
        return fail(name(now.chain) + " replaces the weights of " +
                    name(before.chain) + " while they are in use");
      if (now.firstLoad < before.install)
        return fail(name(now.chain) + " loads weights before those of " +
                    name(before.chain) + " are installed");
    }
  }
  return true;
}

bool Verifier::accumulators() {
  struct Group {
    int64_t first = INT64_MAX, last = -1;
    int row = -1, rows = 0, chain = 0;
  };
  std::map<std::pair<int, int>, std::map<int, Group>> units;
  for (size_t c = 0; c < p.chains.size(); ++c) {
    const Chain &chain = p.chains[c];
    if (chain.accumulatorGroup < 0)
      continue;
    Group &g =
        units[{int(chain.hemisphere), chain.pair}][chain.accumulatorGroup];
    int64_t first = INT64_MAX, last = -1;
    for (const Op &op : chain.ops)
      if (op.opcode == Opcode::Accumulate) {
        int64_t t = s.chains[c].start + op.offset;
        first = std::min(first, t);
        last = std::max(last, t + int64_t(op.count - 1) * op.period);
      }
    if (g.last >= 0 && first <= g.last)
      return fail(name(int(c)) + " accumulates before the pass before it");
    if (g.row >= 0 && g.row != s.chains[c].accumulatorRow)
      return fail(name(int(c)) + " uses other rows than its group");
    g.row = s.chains[c].accumulatorRow;
    g.rows = std::max(g.rows, chain.accumulatorRows);
    g.first = std::min(g.first, first);
    g.last = std::max(g.last, last);
    g.chain = int(c);
    if (g.row < 0 || g.row + g.rows > m.accumulatorRows)
      return fail(name(int(c)) + " uses rows that do not exist");
  }
  for (auto &[unit, byGroup] : units) {
    std::vector<Group> list;
    for (auto &[key, g] : byGroup)
      list.push_back(g);
    std::sort(list.begin(), list.end(),
              [](const Group &a, const Group &b) { return a.first < b.first; });
    std::vector<Group> open;
    for (const Group &g : list) {
      std::erase_if(open, [&](const Group &o) { return o.last < g.first; });
      for (const Group &o : open)
        if (o.row < g.row + g.rows && g.row < o.row + o.rows)
          return fail(name(g.chain) + " and " + name(o.chain) +
                      " share accumulator rows");
      open.push_back(g);
    }
  }
  return true;
}

bool Verifier::memory() {
  struct Life {
    int64_t first, last;
    int low, high, buffer;
  };
  std::vector<std::vector<Life>> slices(2 * m.slices);
  for (size_t b = 0; b < p.buffers.size(); ++b) {
    const Buffer &buffer = p.buffers[b];
    bool touched = firstUse[b] <= lastUse[b];
    if (!touched && !buffer.initial)
      continue;
    slices[sliceOf(int(b))].push_back(
        {buffer.initial ? -1 : firstUse[b],
         buffer.initial || buffer.final ? INT64_MAX : lastUse[b],
         s.places[b].address, s.places[b].address + buffer.words, int(b)});
  }
  for (auto &lives : slices) {
    std::sort(lives.begin(), lives.end(), [](const Life &a, const Life &b) {
      return std::tie(a.first, a.low) < std::tie(b.first, b.low);
    });
    // Lives that have begun and not ended, by address; disjoint.
    std::map<int, Life> open;
    for (const Life &life : lives) {
      auto it = open.lower_bound(life.low);
      if (it != open.begin())
        --it;
      while (it != open.end() && it->second.low < life.high) {
        const Life &other = it->second;
        if (other.high <= life.low) {
          ++it;
          continue;
        }
        if (other.last >= life.first)
          return fail("buffers " + std::to_string(other.buffer) + " and " +
                      std::to_string(life.buffer) +
                      " use the same words at one time");
        it = open.erase(it);
      }
      open.insert({life.low, life});
    }
  }
  return true;
}

Status Verifier::run() {
  if (s.chains.size() != p.chains.size() || s.places.size() != p.buffers.size())
    return Error{
        ErrorKind::Internal, "schedule does not fit its problem's size", {}};
  size_t n = p.buffers.size();
  readable.resize(n);
  for (size_t b = 0; b < n; ++b)
    readable[b].assign(p.buffers[b].words, -1);
  lastRead = lastWrite = readable;
  firstUse.assign(n, INT64_MAX);
  lastUse.assign(n, -1);
  readBursts.resize(size_t(2) * m.slices * m.banks);
  writeBursts = readBursts;
  segments.resize(size_t(2) * m.streams);
  bool good = places();
  for (size_t c = 0; c < p.chains.size() && good; ++c)
    good = chain(int(c));
  good = good && places() && resources() && matrices() && accumulators() &&
         memory();
  if (good && s.cycles != lastCycle + 1)
    good = fail("the schedule says " + std::to_string(s.cycles) +
                " cycles, its last event is in " + std::to_string(lastCycle));
  if (!good)
    return Error{ErrorKind::Internal, "schedule: " + message, {}};
  return success();
}

} // namespace

Status Schedule::verify(const Problem &problem) const {
  if (!problem.machine)
    return Error{ErrorKind::Internal, "scheduling problem without machine", {}};
  return Verifier(problem, *this).run();
}
