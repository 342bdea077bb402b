// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Before the loop: who depends on whom, fixed places, room for program text,
// and places for everything that holds data at cycle 0. Weights of one load
// lie in different slices and successive loads rotate over the outer slices;
// the slices next to the VXM are left to activations as far as room allows.

#include "ListState.h"

#include <map>

using namespace weft;
using namespace weft::schedule;

ListScheduler::ListScheduler(const Problem &problem,
                             const SchedulerOptions &options,
                             const Tuning &tuning)
    : problem(problem), machine(*problem.machine), options(options),
      tuning(tuning) {}

Error ListScheduler::doesNotFit(const std::string &what) const {
  int64_t needed = problem.reservedTextBytes;
  for (const Buffer &b : problem.buffers)
    if (b.initial || b.final)
      needed += int64_t(b.words) * machine.lanes();
  int64_t peak = 0, now[2] = {0, 0}, room[2] = {0, 0};
  for (const SliceState &s : slices) {
    peak += int64_t(s.peak) * machine.lanes();
    if (s.reserved)
      continue;
    now[int(s.hemisphere)] += int64_t(s.used) * machine.lanes();
    room[int(s.hemisphere)] += int64_t(machine.words()) * machine.lanes();
  }
  auto of = [](int64_t n, int64_t all) {
    return std::to_string(n) + " of " + std::to_string(all) + " bytes";
  };
  return Error{ErrorKind::DoesNotFit,
               "does not fit: " + what,
               {"data at cycle 0, results and program text need " +
                    of(needed, machine.usableBytes()) + "; peak " +
                    std::to_string(peak),
                "in use when it failed: west " + of(now[0], room[0]) +
                    ", east " + of(now[1], room[1])}};
}

void ListScheduler::put(int b, const Buffer::Place &place) {
  BufferState &state = buffers[b];
  state.placed = true;
  state.place = place;
  state.slice = sliceIndex(place.hemisphere, place.slice);
  SliceState &slice = slices[state.slice];
  slice.free[bankOf(place.address)].take(place.address % machine.wordsPerBank,
                                         problem.buffers[b].words);
  slice.used += problem.buffers[b].words;
  slice.peak = std::max(slice.peak, slice.used);
  if (!isWeight[b])
    slice.pending[bankOf(place.address)] += state.remaining;
}

bool ListScheduler::putIn(int b, int s) {
  for (int bank = 0; bank < machine.banks; ++bank) {
    auto fit = slices[s].free[bank].find(problem.buffers[b].words, 0);
    if (fit.address < 0 || fit.from > 0)
      continue;
    put(b, {slices[s].hemisphere, slices[s].number,
            bank * machine.wordsPerBank + fit.address});
    return true;
  }
  return false;
}

Status ListScheduler::prepare() {
  auto sides = assignHemispheres(problem);
  if (!sides)
    return sides.error();
  hemispheres = std::move(*sides);

  int middle = machine.slicePosition(Hemisphere::East, machine.slices / 2);
  graph = buildDependences(problem, [&](int b) {
    if (auto &place = problem.buffers[b].place)
      return machine.slicePosition(place->hemisphere, place->slice);
    return hemispheres[b] == Hemisphere::East ? middle : -middle;
  });
  simultaneous = findSimultaneous(problem);

  for (int h = 0; h < 2; ++h)
    for (int i = 0; i < machine.slices; ++i) {
      SliceState s;
      s.hemisphere = Hemisphere(h);
      s.number = i;
      s.position = machine.slicePosition(s.hemisphere, i);
      s.reserved = machine.isReserved(s.hemisphere, i);
      s.bankReads.resize(machine.banks);
      s.bankWrites.resize(machine.banks);
      s.pending.assign(machine.banks, 0);
      s.free.assign(machine.banks,
                    FreeRanges(0, s.reserved ? 0 : machine.wordsPerBank));
      slices.push_back(std::move(s));
    }
  alus.resize(machine.alus);
  queues.resize(size_t(unitKinds) * 2 * 64);
  streams[0].resize(machine.streams);
  streams[1].resize(machine.streams);

  size_t n = problem.chains.size();
  unitOf.assign(n, -1);
  passOf.assign(n, -1);
  groupOf.assign(n, -1);
  waiting.assign(n, 0);
  readyAt.assign(n, 0);
  done.assign(n, false);
  result.chains.resize(n);
  std::map<std::pair<int, int>, int> unitIndex;
  std::map<int, int> groupIndex;
  for (size_t c = 0; c < n; ++c) {
    const Chain &chain = problem.chains[c];
    bool rows = chain.accumulatorGroup >= 0;
    if (chain.role != MxmRole::None || rows) {
      auto [it, fresh] = unitIndex.try_emplace(
          {int(chain.hemisphere), chain.pair}, int(units.size()));
      if (fresh) {
        units.emplace_back();
        units.back().rows = FreeRanges(0, machine.accumulatorRows);
      }
      unitOf[c] = it->second;
    }
    if (chain.role == MxmRole::Pass)
      passOf[chain.load] = int(c);
    if (rows) {
      auto [it, fresh] =
          groupIndex.try_emplace(chain.accumulatorGroup, int(groups.size()));
      if (fresh)
        groups.emplace_back();
      GroupState &g = groups[it->second];
      g.members.push_back(int(c));
      g.rows = std::max(g.rows, chain.accumulatorRows);
      g.unit = unitOf[c];
      groupOf[c] = it->second;
    }
  }
  // Rows that in-order execution would hold at once, by unit.
  std::vector<int> open(units.size(), 0);
  std::vector<size_t> seen(groups.size(), 0);
  for (size_t c = 0; c < n; ++c) {
    if (groupOf[c] < 0)
      continue;
    GroupState &g = groups[groupOf[c]];
    if (seen[groupOf[c]]++ == 0)
      open[g.unit] += g.rows;
    units[g.unit].reserve = std::max(units[g.unit].reserve, open[g.unit]);
    if (seen[groupOf[c]] == g.members.size())
      open[g.unit] -= g.rows;
  }
  for (const Dependence &e : graph.edges) {
    int to = passOf[e.to] >= 0 ? passOf[e.to] : e.to;
    if (e.from != problem.chains[to].load)
      ++waiting[to];
    if (groupOf[to] >= 0 && groupOf[e.from] != groupOf[to] &&
        e.from != problem.chains[to].load)
      ++groups[groupOf[to]].waiting;
  }

  buffers.resize(problem.buffers.size());
  for (size_t b = 0; b < buffers.size(); ++b) {
    const Buffer &buffer = problem.buffers[b];
    if (graph.written[b])
      buffers[b].readable.assign(buffer.words, 0);
    if (graph.rewritten[b])
      buffers[b].touched.assign(buffer.words, -1);
    if (buffer.group >= 0) {
      if (groupMembers.size() <= size_t(buffer.group))
        groupMembers.resize(buffer.group + 1);
      groupMembers[buffer.group].push_back(int(b));
    }
  }
  std::vector<int> last(buffers.size(), -1);
  for (size_t c = 0; c < n; ++c) {
    auto touch = [&](int, int, const Access &a) {
      if (last[a.buffer] != int(c))
        ++buffers[a.buffer].remaining;
      last[a.buffer] = int(c);
    };
    forEachRead(problem.chains[c], touch);
    forEachWrite(problem.chains[c], touch);
  }

  forbidden.assign(slices.size(), 0);
  isWeight.assign(buffers.size(), 0);
  if (Status s = placeFixed(); !s)
    return s;
  if (Status s = reserveText(); !s)
    return s;
  return placeInitial();
}

Status ListScheduler::placeFixed() {
  // Fixed buffers may share words when their lives do not overlap; verify()
  // judges that. Words are taken for good.
  for (size_t b = 0; b < buffers.size(); ++b)
    if (problem.buffers[b].place)
      put(int(b), *problem.buffers[b].place);
  return success();
}

Status ListScheduler::reserveText() {
  int64_t words =
      (problem.reservedTextBytes + machine.lanes() - 1) / machine.lanes();
  int64_t usable = 0;
  for (const SliceState &s : slices)
    usable += !s.reserved;
  // Evenly, from the ends of the slices; what one cannot give the next must.
  for (SliceState &s : slices) {
    if (s.reserved)
      continue;
    int64_t share = (words + usable - 1) / usable;
    for (int bank = machine.banks; bank-- > 0 && share > 0;) {
      FreeRanges &free = s.free[bank];
      while (share > 0 && free.lastFreeLength() > 0) {
        int take = int(std::min<int64_t>(share, free.lastFreeLength()));
        free.take(free.lastFreeEnd() - take, take);
        s.used += take;
        share -= take;
        words -= take;
      }
    }
    s.peak = s.used;
    --usable;
  }
  if (words > 0)
    return doesNotFit("program text");
  return success();
}

void ListScheduler::markForbidden(int b) {
  std::fill(forbidden.begin(), forbidden.end(), 0);
  for (size_t i = simultaneous.first[b]; i < simultaneous.first[b + 1]; ++i) {
    const auto &n = simultaneous.neighbours[i];
    const BufferState &other = buffers[n.buffer];
    if (other.placed && !done[n.chain])
      forbidden[other.slice] = 1;
  }
  int group = problem.buffers[b].group;
  if (group >= 0)
    for (int member : groupMembers[group])
      if (member != b && buffers[member].placed)
        forbidden[buffers[member].slice] = 1;
}

/// Slices that the widest chain writes at one time in a hemisphere, and a few
/// for what else goes on.
int ListScheduler::activationSlicesNeeded(Hemisphere h) const {
  size_t most = 0;
  std::vector<int> written;
  for (const Chain &chain : problem.chains) {
    written.clear();
    forEachWrite(chain, [&](int, int, const Access &a) {
      if (hemispheres[a.buffer] == h)
        written.push_back(a.buffer);
    });
    std::sort(written.begin(), written.end());
    written.erase(std::unique(written.begin(), written.end()), written.end());
    most = std::max(most, written.size());
  }
  return int(most) + std::min(6, machine.slices / 4);
}

void ListScheduler::placeWeights(std::vector<int> &others) {
  // Initial buffers that only loads read, in the order of the loads.
  std::vector<int> weights[2];
  int64_t need[2] = {0, 0};
  for (const Chain &chain : problem.chains)
    if (chain.role == MxmRole::Load)
      forEachRead(chain, [&](int, int, const Access &a) {
        const Buffer &buffer = problem.buffers[a.buffer];
        if (isWeight[a.buffer] || !buffer.initial || buffer.place)
          return;
        isWeight[a.buffer] = 1;
        int h = int(hemispheres[a.buffer]);
        weights[h].push_back(a.buffer);
        need[h] += buffer.words;
      });
  for (size_t b = 0; b < buffers.size(); ++b)
    if (problem.buffers[b].initial && !buffers[b].placed && !isWeight[b])
      others.push_back(int(b));

  for (int h = 0; h < 2; ++h) {
    if (weights[h].empty())
      continue;
    // From the outside inwards. Some slices are left to activations; when the
    // others do not suffice, each of these takes an equal share of the rest,
    // in its lower bank first.
    std::vector<int> candidates;
    std::vector<int64_t> quota;
    int64_t room = 0;
    int64_t largest = 1; // words of a buffer: a bank holds whole ones
    for (int b : weights[h])
      largest = std::max<int64_t>(largest, problem.buffers[b].words);
    for (int i = machine.slices; i-- > 0;) {
      int s = sliceIndex(Hemisphere(h), i);
      if (slices[s].reserved)
        continue;
      candidates.push_back(s);
      quota.push_back(0);
      for (const FreeRanges &f : slices[s].free)
        quota.back() += f.total() / largest * largest;
    }
    size_t spare = std::min<size_t>(
        std::max<size_t>(
            std::min<size_t>(tuning.activationSlices, candidates.size() / 2),
            activationSlicesNeeded(Hemisphere(h))),
        candidates.size());
    size_t full = candidates.size() - spare;
    for (size_t i = 0; i < full; ++i)
      room += quota[i];
    int64_t rest = std::max<int64_t>(0, need[h] - room);
    for (size_t i = full; i < candidates.size(); ++i) {
      // Rounding leaves a load's words to each.
      int64_t share = spare ? rest / int64_t(spare) : 0;
      quota[i] = rest > 0 ? std::min(quota[i], share + 64) : 0;
    }
    size_t cursor = 0;
    for (int b : weights[h]) {
      markForbidden(b);
      bool placed = false;
      for (size_t k = 0; k < candidates.size() && !placed; ++k) {
        size_t i = (cursor + k) % candidates.size();
        int s = candidates[i];
        if (forbidden[s] || quota[i] < problem.buffers[b].words || !putIn(b, s))
          continue;
        slices[s].weights = i < full ? 2 : 1;
        quota[i] -= problem.buffers[b].words;
        placed = true;
        cursor = (i + 1) % candidates.size();
      }
      if (!placed)
        others.push_back(b);
    }
  }
}

bool ListScheduler::placeInitialBuffer(int b) {
  markForbidden(b);
  // Least traffic first; outside the slices of weights if possible. Loads may
  // be fed from the other side when their own is full.
  std::vector<int> order;
  for (size_t s = 0; s < slices.size(); ++s)
    if (!slices[s].reserved && !forbidden[s] &&
        (slices[s].hemisphere == hemispheres[b] ||
         (isWeight[b] && !problem.buffers[b].hemisphere)))
      order.push_back(int(s));
  std::sort(order.begin(), order.end(), [&](int l, int r) {
    auto key = [&](const SliceState &s) {
      return std::tuple(s.hemisphere != hemispheres[b], s.weights, s.traffic(),
                        int(s.hemisphere), s.number);
    };
    return key(slices[l]) < key(slices[r]);
  });
  for (int s : order)
    if (putIn(b, s)) {
      hemispheres[b] = slices[s].hemisphere;
      return true;
    }
  return false;
}

Status ListScheduler::placeInitial() {
  std::vector<int> others;
  placeWeights(others);
  for (int b : others)
    if (!placeInitialBuffer(b))
      return doesNotFit("data at cycle 0 (buffer of " +
                        std::to_string(problem.buffers[b].words) + " words)");
  return success();
}
