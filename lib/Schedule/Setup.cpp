// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Before the loop: who depends on whom, fixed places, room for program text,
// and places for everything that holds data at cycle 0. Weights of one load
// lie in different slices; the loads of one stretch of the program rotate over
// one part of the slices and leave the others to that stretch's activations.

#include "ListState.h"

#include <map>

using namespace weft;
using namespace weft::schedule;

ListScheduler::ListScheduler(const Problem &problem,
                             const SchedulerOptions &options,
                             const Tuning &tuning, const Forecast *forecast)
    : problem(problem), machine(*problem.machine), options(options),
      tuning(tuning) {
  if (forecast)
    this->forecast = *forecast;
}

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
  if (movableSet[b] >= 0)
    setPlaced[movableSet[b]] = 1;
  state.place = place;
  state.slice = sliceIndex(place.hemisphere, place.slice);
  SliceState &slice = slices[state.slice];
  slice.free[bankOf(place.address)].take(place.address % machine.wordsPerBank,
                                         problem.buffers[b].words);
  slice.used += problem.buffers[b].words;
  slice.peak = std::max(slice.peak, slice.used);
  if (!isWeight[b])
    slice.pending[bankOf(place.address)] += state.remaining;
  if (forecast)
    forecast->place(b, state.slice, bankOf(place.address), slice.position);
}

bool ListScheduler::putIn(int b, int s) {
  // The emptier bank first: what is left in both lets a slice be written in
  // one while it is read in the other.
  FreeRanges::Fit best;
  int bestBank = -1;
  for (int bank = 0; bank < machine.banks; ++bank) {
    auto fit = slices[s].free[bank].find(problem.buffers[b].words, 0);
    if (fit.address < 0 || fit.from > 0)
      continue;
    if (bestBank < 0 ||
        slices[s].free[bank].total() > slices[s].free[bestBank].total()) {
      best = fit;
      bestBank = bank;
    }
  }
  if (bestBank < 0)
    return false;
  put(b, {slices[s].hemisphere, slices[s].number,
          bestBank * machine.wordsPerBank + best.address});
  return true;
}

Status ListScheduler::prepare() {
  auto sides = assignHemispheres(problem);
  if (!sides)
    return sides.error();
  hemispheres = std::move(sides->side);
  movableSet = std::move(sides->movableSet);
  votedSet = std::move(sides->voted);
  setPlaced.assign(hemispheres.size(), 0);
  setMembers.resize(hemispheres.size());
  for (size_t b = 0; b < movableSet.size(); ++b)
    if (movableSet[b] >= 0)
      setMembers[movableSet[b]].push_back(int(b));

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
  for (size_t c = 0; c < n; ++c) {
    auto touch = [&](int, int, const Access &a) {
      BufferState &b = buffers[a.buffer];
      if (b.lastChain != int(c))
        ++b.remaining;
      b.lastChain = int(c);
      if (b.firstChain < 0)
        b.firstChain = int(c);
    };
    forEachRead(problem.chains[c], touch);
    forEachWrite(problem.chains[c], touch);
  }

  forbidden.assign(slices.size(), 0);
  isWeight.assign(buffers.size(), 0);
  isLoaded.assign(buffers.size(), 0);
  for (const Chain &chain : problem.chains)
    if (chain.role == MxmRole::Load)
      forEachRead(chain, [&](int, int, const Access &a) {
        isLoaded[a.buffer] = graph.written[a.buffer];
      });
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

/// Loads of weights from a slice while a buffer lives, in program order.
int ListScheduler::loadsDuring(const SliceState &s, int b) const {
  const BufferState &buffer = buffers[b];
  if (buffer.firstChain < 0 || s.loadsBefore.empty())
    return 0;
  return s.loadsBefore[buffer.lastChain / loadStep + 1] -
         s.loadsBefore[buffer.firstChain / loadStep];
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

  size_t widest = 1; // slices that one load reads weights from at one time
  for (const Chain &chain : problem.chains)
    if (chain.role == MxmRole::Load)
      for (const Value &value : chain.values)
        widest = std::max<size_t>(
            widest, std::count_if(value.planes.begin(), value.planes.end(),
                                  [&](const std::vector<Access> &plane) {
                                    return !plane.empty() &&
                                           isWeight[plane.front().buffer];
                                  }));
  for (int h = 0; h < 2; ++h) {
    if (weights[h].empty())
      continue;
    std::vector<int> candidates; // from the outside inwards
    int64_t room = 0;
    int64_t largest = 1; // words of a buffer: a bank holds whole ones
    for (int b : weights[h])
      largest = std::max<int64_t>(largest, problem.buffers[b].words);
    for (int i = machine.slices; i-- > 0;) {
      int s = sliceIndex(Hemisphere(h), i);
      if (slices[s].reserved)
        continue;
      candidates.push_back(s);
      for (const FreeRanges &f : slices[s].free)
        room += f.total() / largest * largest;
    }
    size_t parts = std::clamp<size_t>(candidates.size() / widest, 1,
                                      std::max(tuning.parts, 1));
    // Parts that are needed are filled to one level, in turn.
    size_t used = parts;
    while (used > 1 && need[h] * int64_t(parts) <= room * int64_t(used - 1))
      --used;
    int64_t placedWords = 0;
    std::vector<size_t> cursor(parts, 0);
    for (int b : weights[h]) {
      markForbidden(b);
      // Parts differ by a slice; each takes as much as its slices.
      size_t part = 0;
      while (part + 1 < used &&
             placedWords * int64_t(candidates.size() * used / parts) >=
                 need[h] * int64_t(candidates.size() * (part + 1) / parts))
        ++part;
      bool placed = false;
      for (size_t q = 0; q < parts && !placed; ++q) {
        size_t now = (part + q) % parts;
        size_t begin = candidates.size() * now / parts;
        size_t size = candidates.size() * (now + 1) / parts - begin;
        for (size_t k = 0; k < size && !placed; ++k) {
          size_t i = (cursor[now] + k) % size;
          int s = candidates[begin + i];
          if (forbidden[s] || !putIn(b, s))
            continue;
          placed = true;
          cursor[now] = (i + 1) % size;
        }
      }
      placedWords += problem.buffers[b].words;
      if (!placed)
        others.push_back(b);
    }
  }
}

/// What it costs to put a buffer into a bank. A bank does one thing at a time,
/// a slice one read: keep away from what is still to be read. Loads of one
/// unit never overlap, so what loads read goes to where weights are read, all
/// else away from there. Then close to the VXM.
int64_t ListScheduler::placeCost(const SliceState &s, int bank, int b) const {
  int64_t cost = int64_t(std::max(0, roomyWords - (machine.words() - s.used))) *
                     tuning.roomCost / 64 +
                 std::abs(s.position);
  if (forecast)
    return cost + forecast->conflicts(b, sliceIndex(s.hemisphere, s.number),
                                      bank, s.position) *
                      tuning.conflictCost;
  int64_t loads = loadsDuring(s, b);
  return cost + int64_t(s.pending[bank]) * tuning.bankCost +
         int64_t(s.traffic()) * tuning.sliceCost +
         loads * (isLoaded[b] ? -tuning.loadedCost : tuning.weightCost) / 8;
}

/// Counts the loads that read each slice, for the weights placed so far.
void ListScheduler::countLoads() {
  size_t steps = problem.chains.size() / loadStep + 2;
  for (SliceState &s : slices)
    s.loadsBefore.assign(steps, 0);
  for (size_t c = 0; c < problem.chains.size(); ++c)
    if (problem.chains[c].role == MxmRole::Load)
      forEachRead(problem.chains[c], [&](int, int, const Access &a) {
        if (isWeight[a.buffer] && buffers[a.buffer].placed)
          ++slices[buffers[a.buffer].slice].loadsBefore[c / loadStep + 1];
      });
  for (SliceState &s : slices)
    for (size_t i = 1; i < steps; ++i)
      s.loadsBefore[i] += s.loadsBefore[i - 1];
}

bool ListScheduler::placeInitialBuffer(int b) {
  markForbidden(b);
  if (int set = movableSet[b]; set >= 0 && !setPlaced[set] && !isWeight[b]) {
    int64_t free[2] = {0, 0};
    for (const SliceState &s : slices)
      if (!s.reserved)
        free[int(s.hemisphere)] += machine.words() - s.used;
    // What one matrix unit streams stays on its side while there is room.
    int own = int(hemispheres[b]);
    if (!votedSet[set] || free[own] * 10 < free[1 - own] * 9)
      for (int member : setMembers[set])
        hemispheres[member] = Hemisphere(free[1] > free[0]);
  }
  // Least traffic and most room first, away from weights if possible. Loads
  // may be fed from the other side when their own is full.
  std::vector<int> order;
  for (size_t s = 0; s < slices.size(); ++s)
    if (!slices[s].reserved && !forbidden[s] &&
        (slices[s].hemisphere == hemispheres[b] ||
         (isWeight[b] && !problem.buffers[b].hemisphere)))
      order.push_back(int(s));
  std::sort(order.begin(), order.end(), [&](int l, int r) {
    auto key = [&](const SliceState &s) {
      return std::tuple(s.hemisphere != hemispheres[b],
                        3 * s.traffic() + 16 * loadsDuring(s, b) + s.used / 4,
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
  countLoads();
  // What is read beside many others first, while slices are free: a mask that
  // every chain reads bars a slice to each of them, they bar all to it.
  auto degree = [&](int b) {
    return simultaneous.first[b + 1] - simultaneous.first[b];
  };
  std::vector<std::pair<int64_t, size_t>> keys;
  for (size_t i = 0; i < others.size(); ++i)
    keys.emplace_back(-int64_t(degree(others[i])), i);
  std::sort(keys.begin(), keys.end());
  std::vector<int> inOrder;
  for (auto [key, i] : keys)
    inOrder.push_back(others[i]);
  others = std::move(inOrder);
  for (int b : others)
    if (!placeInitialBuffer(b))
      return doesNotFit("data at cycle 0 (buffer of " +
                        std::to_string(problem.buffers[b].words) + " words)");
  return success();
}
