// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The loop of list scheduling: of all chains whose inputs are scheduled, the
// one that can start first goes next, the longer path to the end breaking
// ties. Starts in the heap are lower bounds that only grow as resources fill,
// so an entry is planned when it reaches the top and put back if it must wait.
// Matrix units choose their next pass a load's length ahead, so that weights
// flow while the previous pass computes.

#include "ListState.h"

using namespace weft;
using namespace weft::schedule;

bool ListScheduler::later(const Entry &a, const Entry &b) {
  if (a.start != b.start)
    return a.start > b.start;
  if (a.path != b.path)
    return a.path < b.path;
  return std::pair(a.order, a.unit) > std::pair(b.order, b.unit);
}

int64_t ListScheduler::loadsFrom(const MatrixState &unit,
                                 const Chain &load) const {
  PairUse use = pairUse(load);
  int64_t from = 0;
  for (int p : {0, 1})
    if (!use[p].load.empty())
      from = std::max(from, unit.loadsFrom[p] - use[p].load.first);
  return from;
}

int64_t ListScheduler::passesFrom(const MatrixState &unit,
                                  const Chain &pass) const {
  PairUse use = pairUse(pass);
  int64_t from = 0;
  for (int p : {0, 1})
    if (use[p].installs())
      from = std::max(from, unit.lastActivation[p] - use[p].install);
  return from;
}

void ListScheduler::push(Entry e) {
  heap.push_back(e);
  std::push_heap(heap.begin(), heap.end(), later);
}

/// Whether a pass may claim accumulator rows now. The rows that in-order
/// execution may need stay free for it, in one piece, unless the group can
/// finish with what is scheduled already or is itself next in order; so units
/// never deadlock.
bool ListScheduler::mayOpen(int u, int c) const {
  int g = groupOf[c];
  if (g < 0 || groups[g].row >= 0)
    return true;
  const MatrixState &unit = units[u];
  auto fit = unit.rows.find(groups[g].rows, never);
  if (fit.address < 0)
    return false;
  if (groups[g].waiting == 0)
    return true;
  int first = int(firstUndone);
  if (passOf[first] >= 0)
    first = passOf[first];
  if (groupOf[first] == g)
    return true;
  FreeRanges rest = unit.rows;
  rest.take(fit.address, groups[g].rows);
  return rest.find(unit.reserve, never).address >= 0;
}

/// The pass that can start first on a unit, or soon after; of these the one
/// whose rows have the longest path to the end once they are complete, then the
/// one that goes on with the rows that were begun first. Starts take into
/// account when the slices of weights and activations are free, which is asked
/// for the best candidate only, again and again.
int ListScheduler::choosePass(int u, int64_t &start) {
  const MatrixState &unit = units[u];
  using Key = std::tuple<int64_t, int64_t, int, int>;
  struct Candidate {
    Key key;
    bool exact;
    int64_t at;
  };

  std::vector<Candidate> candidates;
  for (int c : unit.ready) {
    if (tooFar(c) || !mayOpen(u, c))
      continue;
    const Chain &chain = problem.chains[c], &own = problem.chains[chain.load];
    int64_t load = std::max(readyAt[chain.load], loadsFrom(unit, own));
    int64_t at = std::max(
        {readyAt[c], passesFrom(unit, chain), load + loadToPass(own, chain)});
    int g = groupOf[c];
    int last = g >= 0 ? groups[g].members.back() : c;
    // What is left of an older group would hold up all that the window bars.
    int open = g >= 0 && groups[g].row >= 0 ? groups[g].members.front()
                                            : int(done.size());
    candidates.push_back(
        {Key(0, -(graph.pathToEnd[last] + chain.priority) / tuning.pathGrain,
             open, c),
         false, at});
  }
  if (candidates.empty())
    return -1;
  // Looking at more than a few dozen refinements costs more than it brings.
  for (int round = 0;; ++round) {
    int64_t soonest = never;
    for (const Candidate &x : candidates)
      soonest = std::min(soonest, x.at);
    for (Candidate &x : candidates)
      std::get<0>(x.key) = std::max(x.at, soonest + tuning.passSlack);
    auto best = std::min_element(
        candidates.begin(), candidates.end(),
        [](const Candidate &a, const Candidate &b) { return a.key < b.key; });
    auto &at = best->at;
    int c = std::get<3>(best->key);
    if (best->exact || round == 32) {
      start = at;
      return c;
    }
    int l = problem.chains[c].load;
    const Chain &own = problem.chains[l];
    int64_t load = queuesFree(l, std::max(readyAt[l], loadsFrom(unit, own)));
    at = queuesFree(c, std::max(at, load + loadToPass(own, problem.chains[c])));
    best->exact = true;
  }
}

/// Cycles before its pass that a load is looked at: lw itself, the flight from
/// the furthest slice, and some tuning.passSlack for busy slices.
static int64_t leadOf(const Machine &m, const Extent &lw) {
  return lw.last - lw.first + 1 + m.mxmPosition + 64;
}

void ListScheduler::pushUnit(int u) {
  MatrixState &unit = units[u];
  if (unit.bound >= 0)
    return;
  int64_t start = 0;
  int c = choosePass(u, start);
  if (c < 0)
    return;
  Extent lw =
      extentOf(problem.chains[problem.chains[c].load], Unit::MxmWeights);
  int64_t at = std::max<int64_t>(0, start - leadOf(machine, lw));
  if (at >= unit.queued)
    return;
  unit.queued = at;
  push({at, graph.pathToEnd[c] + problem.chains[c].priority, u, true});
}

void ListScheduler::becomeReady(int c) {
  const Chain &chain = problem.chains[c];
  readyAt[c] = readyCycle(c);
  if (chain.role != MxmRole::Pass) {
    push({readyAt[c], graph.pathToEnd[c] + chain.priority, c, false});
    return;
  }
  readyAt[chain.load] = readyCycle(chain.load);
  units[unitOf[c]].ready.push_back(c);
  pushUnit(unitOf[c]);
}

void ListScheduler::scheduled(int c) {
  done[c] = true;
  if (problem.chains[c].role == MxmRole::Pass) {
    MatrixState &unit = units[unitOf[c]];
    unit.bound = -1;
    unit.ready.erase(std::find(unit.ready.begin(), unit.ready.end(), c));
  }
  std::vector<int> wake;
  for (size_t i = graph.firstEdge[c]; i < graph.firstEdge[c + 1]; ++i) {
    int to = graph.edges[i].to;
    if (passOf[to] >= 0)
      to = passOf[to];
    if (problem.chains[to].load == c)
      continue;
    if (int g = groupOf[to]; g >= 0 && groupOf[c] != g)
      if (--groups[g].waiting == 0)
        wake.push_back(groups[g].unit);
    if (--waiting[to] == 0)
      becomeReady(to);
  }
  size_t before = firstUndone;
  while (firstUndone < done.size() && done[firstUndone])
    ++firstUndone;
  if (firstUndone != before && firstUndone < done.size() &&
      unitOf[firstUndone] >= 0)
    wake.push_back(unitOf[firstUndone]);
  if (firstUndone != before && tuning.window < int(done.size())) {
    for (const Entry &e : std::exchange(deferred, {}))
      push(e);
    for (size_t u = 0; u < units.size(); ++u)
      wake.push_back(int(u));
  }
  if (problem.chains[c].role == MxmRole::Pass)
    wake.push_back(unitOf[c]);
  for (int u : wake)
    pushUnit(u);
  if (released) {
    released = false;
    for (const Entry &e : blocked)
      push(e);
    blocked.clear();
    for (size_t u = 0; u < units.size(); ++u)
      if (std::exchange(units[u].rowsFreed, false))
        pushUnit(int(u));
  }
}

/// Handles one entry; false on an error.
bool ListScheduler::step(const Entry &e, Error &error) {
  auto mustWait = [&](const Entry &now) {
    return now.start > e.start && !heap.empty() && later(now, heap.front());
  };
  int c = e.order;
  int64_t bound = e.start;
  int pass = -1;
  if (!e.unit && tooFar(c)) {
    deferred.push_back(e);
    return true;
  }
  if (e.unit) {
    MatrixState &unit = units[e.order];
    unit.queued = std::min(unit.queued, e.start);
    if (unit.queued == e.start)
      unit.queued = never;
    if (unit.bound >= 0)
      return true;
    int64_t start = 0;
    pass = choosePass(e.order, start);
    if (pass < 0)
      return true;
    c = problem.chains[pass].load;
    Extent lw = extentOf(problem.chains[c], Unit::MxmWeights);
    Entry now = e;
    now.start = std::max<int64_t>(0, start - leadOf(machine, lw));
    if (mustWait(now)) {
      unit.queued = now.start;
      push(now);
      return true;
    }
    bound = std::max(readyAt[c], loadsFrom(unit, problem.chains[c]));
  }

  Plan p;
  switch (plan(c, bound, p)) {
  case Outcome::Placed:
    break;
  case Outcome::NoMemory:
  case Outcome::NoRows:
    blocked.push_back(e);
    // Where memory is this short a narrower window does better, and sooner.
    if (++refusals > done.size() / 2 + 1000 && tuning.window > 16) {
      error = deadlock();
      return false;
    }
    return true;
  case Outcome::Stuck:
    error = {ErrorKind::Internal,
             "chain '" + problem.chains[c].name +
                 "' cannot be placed in any cycle: it uses one unit or slice "
                 "twice at a time",
             {}};
    return false;
  }
  Entry now = e;
  now.start = p.start;
  if (pass < 0 && mustWait(now)) {
    push(now);
    return true;
  }
  commit(c, p);
  if (pass >= 0) {
    MatrixState &unit = units[e.order];
    unit.bound = pass;
    const Chain &own = problem.chains[pass];
    Entry next{std::max({readyAt[pass], passesFrom(unit, own),
                         p.start + loadToPass(problem.chains[c], own)}),
               graph.pathToEnd[pass] + problem.chains[pass].priority, pass,
               false};
    scheduled(c);
    // The pass goes with its load, before others take its cycles.
    if (plan(pass, next.start, p) == Outcome::Placed) {
      commit(pass, p);
      scheduled(pass);
    } else {
      push(next);
    }
    return true;
  }
  scheduled(c);
  return true;
}

Error ListScheduler::deadlock() const {
  if (!blocked.empty()) {
    const Entry &e = blocked.front();
    std::string name = e.unit ? "weights" : problem.chains[e.order].name;
    return doesNotFit("no memory for the results of '" + name + "'");
  }
  return Error{ErrorKind::Internal,
               "scheduling stopped before chain '" +
                   problem.chains[firstUndone].name + "'",
               {}};
}

Expected<Schedule> ListScheduler::run() {
  if (Status s = prepare(); !s)
    return s.error();
  size_t n = problem.chains.size(), count = 0;
  for (size_t c = 0; c < n; ++c)
    if (waiting[c] == 0 && problem.chains[c].role != MxmRole::Load)
      becomeReady(int(c));
  Error error;
  for (size_t steps = 0; !heap.empty(); ++steps) {
    std::pop_heap(heap.begin(), heap.end(), later);
    Entry e = heap.back();
    heap.pop_back();
    if (!step(e, error))
      return error;
    if (options.progress && steps % 1024 == 0) {
      for (count = firstUndone; count < n && done[count]; ++count)
        ;
      options.progress(count, n);
    }
  }
  if (firstUndone < n)
    return deadlock();
  for (size_t b = 0; b < buffers.size(); ++b) {
    result.places.push_back(buffers[b].place);
    // What no chain touches lies anywhere on its side.
    if (!buffers[b].placed)
      result.places.back().hemisphere = hemispheres[b];
  }
  for (const SliceState &s : slices)
    result.peakWords.push_back(s.peak);
  result.cycles = lastCycle + 1;
  if (options.progress)
    options.progress(n, n);
  return std::move(result);
}
