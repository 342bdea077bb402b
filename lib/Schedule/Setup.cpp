// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Before the loop: who depends on whom, the state of every resource, fixed
// places, and what places cost. InitialData.cpp places what holds data at
// cycle 0.

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
  full = isFull();
  if (!full)
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
