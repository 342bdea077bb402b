// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lower bounds: from the model's work alone, from what each resource must do
// for what was placed, and along dependences.

#include "weft/Schedule/Bounds.h"

#include "Dependences.h"
#include "Flow.h"

#include <algorithm>

using namespace weft;
using namespace weft::schedule;

static int64_t divideUp(int64_t a, int64_t b) { return (a + b - 1) / b; }

/// Cycles of one unit (pair in fp16, plane in int8) for a product whose
/// [k x n] operand is installed while m rows stream.
static int64_t installedCycles(const Machine &machine, const MatrixWork &w,
                               int64_t m, int64_t n) {
  int64_t tileK = w.int8 ? machine.lanes() : machine.halfLanes();
  int64_t tileN = machine.lanes();
  // Small products share a tile block-diagonally where both sides fit.
  int64_t shared = std::max<int64_t>(1, std::min(tileK / w.k, tileN / n));
  auto tile = [&](int64_t columns) {
    return std::max(m, divideUp(columns, machine.weightStreams));
  };
  auto tiles = [&](int64_t columns) {
    int64_t rest = columns % tileN;
    return columns / tileN * tile(tileN) + (rest > 0 ? tile(rest) : 0);
  };
  int64_t rest = w.batch % shared;
  return divideUp(w.k, tileK) * (w.batch / shared * tiles(n * shared) +
                                 (rest > 0 ? tiles(n * rest) : 0));
}

Bound weft::workBound(const Machine &machine, const Work &work) {
  int64_t planeCycles = 0; // of one plane; a pair is two
  int64_t streamCycles16 = 0, streamCycles8 = 0;
  int64_t bytes16 = 0, bytes8 = 0;
  for (const MatrixWork &w : work.matrices) {
    if (w.batch <= 0 || w.m <= 0 || w.n <= 0 || w.k <= 0)
      continue;
    int64_t cycles = std::min(installedCycles(machine, w, w.m, w.n),
                              installedCycles(machine, w, w.n, w.m));
    planeCycles += w.int8 ? cycles : 2 * cycles;
    if (w.constantOperand)
      (w.int8 ? bytes8 : bytes16) += w.batch * w.k * w.n * (w.int8 ? 1 : 2);
  }
  // Both planes of a pair take the same weightStreams streams; in int8 every
  // plane takes its own.
  int64_t perCycle16 = 2 * int64_t(machine.weightStreams) * machine.lanes();
  int64_t perCycle8 =
      2 *
      std::min<int64_t>(machine.streams,
                        int64_t(machine.planes) * machine.weightStreams) *
      machine.lanes();
  streamCycles16 = divideUp(bytes16, perCycle16);
  streamCycles8 = divideUp(bytes8, perCycle8);

  Bound best{divideUp(planeCycles, 2 * int64_t(machine.planes)), "mxm"};
  auto consider = [&](int64_t cycles, const char *resource) {
    if (cycles > best.cycles)
      best = {cycles, resource};
  };
  consider(streamCycles16 + streamCycles8, "streams");
  consider(
      divideUp(work.vectorOperations, int64_t(machine.alus) * machine.lanes()),
      "vxm");
  return best;
}

double weft::peakShare(const Machine &machine, const Work &work,
                       int64_t cycles) {
  // Cycles of one plane with every tile full; a pair in fp16 is two planes.
  double planeCycles = 0;
  for (const MatrixWork &w : work.matrices) {
    double products = double(w.batch) * double(w.m) * double(w.n) * double(w.k);
    double tile = double(machine.lanes()) *
                  (w.int8 ? machine.lanes() : machine.halfLanes());
    planeCycles += products / tile * (w.int8 ? 1 : 2);
  }
  double offered = double(cycles) * 2 * machine.planes;
  return offered > 0 ? planeCycles / offered : 0;
}

namespace {

/// Vector-cycles on the streams of one direction, by position; the fullest
/// position counts.
class StreamLoad {
public:
  explicit StreamLoad(const Machine &m)
      : reach(m.mxmPosition), steps(2 * reach + 2, 0) {}
  void add(int low, int high, int64_t elements) {
    steps[low + reach] += elements;
    steps[high + reach + 1] -= elements;
  }
  int64_t fullest() const {
    int64_t now = 0, most = 0;
    for (int64_t s : steps)
      most = std::max(most, now += s);
    return most;
  }

private:
  int reach;
  std::vector<int64_t> steps;
};

} // namespace

static int64_t criticalPathOf(const Problem &problem,
                              const std::function<int(int)> &positionOf) {
  const Machine &m = *problem.machine;
  DependenceGraph graph = buildDependences(problem, positionOf);
  // Nothing issues before cycle 0.
  std::vector<int64_t> start(problem.chains.size(), 0);
  std::vector<Flow> flows;
  int64_t longest = 0;
  for (size_t c = 0; c < problem.chains.size(); ++c) {
    const Chain &chain = problem.chains[c];
    flowsOf(m, chain, flows);
    for (const Op &op : chain.ops)
      start[c] = std::max<int64_t>(start[c], -op.offset);
    forEachRead(chain, [&](int v, int, const Access &a) {
      int x = positionOf(a.buffer);
      Flow flow = flows[v];
      if (flow.direction == 0)
        flow.direction = x > 0 ? -1 : 1;
      start[c] = std::max<int64_t>(start[c], m.readLatency - flow.at(x) -
                                                 int64_t(a.element) *
                                                     chain.values[v].period);
    });
    // pathToEnd counts to the last event; +1 makes it cycles.
    longest = std::max(longest, start[c] + graph.pathToEnd[c] + 1);
    for (size_t e = graph.firstEdge[c]; e < graph.firstEdge[c + 1]; ++e) {
      int64_t &to = start[graph.edges[e].to];
      to = std::max(to, start[c] + graph.edges[e].lag);
    }
  }
  return longest;
}

PlacedBounds weft::placedBounds(const Problem &problem,
                                const Schedule &schedule) {
  const Machine &m = *problem.machine;
  auto positionOf = [&](int b) {
    const Buffer::Place &p = schedule.places[b];
    return m.slicePosition(p.hemisphere, p.slice);
  };
  std::vector<int64_t> reads(2 * m.slices, 0), writes(2 * m.slices, 0);
  std::map<std::tuple<int, int, int>, int64_t> units;
  StreamLoad west(m), east(m);
  int64_t alu = 0;
  std::vector<Flow> flows;
  for (size_t c = 0; c < problem.chains.size(); ++c) {
    const Chain &chain = problem.chains[c];
    for (const Op &op : chain.ops) {
      if (op.unit == Unit::Alu)
        alu += op.count;
      else if (op.opcode != Opcode::InstallWeights ||
               (op.unit == Unit::MxmWeights && op.index == chain.pair))
        // An iw in another queue than that of the lw is in nobody's way.
        units[{int(op.unit), int(op.hemisphere), op.index}] += op.count;
    }
    flowsOf(m, chain, flows);
    std::vector<std::vector<std::pair<int, int>>> range(chain.values.size());
    for (size_t v = 0; v < chain.values.size(); ++v) {
      const Flow &f = flows[v];
      int low = f.hasOp ? f.lowOp : f.position;
      int high = f.hasOp ? f.highOp : f.position;
      if (f.producer >= 0) {
        low = std::min(low, f.position);
        high = std::max(high, f.position);
      }
      range[v].assign(chain.values[v].width, {low, high});
    }
    auto touch = [&](std::vector<int64_t> &side, int v, int p,
                     const Access &a) {
      const Buffer::Place &place = schedule.places[a.buffer];
      side[int(place.hemisphere) * m.slices + place.slice] += a.count;
      auto &[low, high] = range[v][p];
      int x = positionOf(a.buffer);
      low = std::min(low, x);
      high = std::max(high, x);
    };
    forEachRead(chain,
                [&](int v, int p, const Access &a) { touch(reads, v, p, a); });
    forEachWrite(
        chain, [&](int v, int p, const Access &a) { touch(writes, v, p, a); });
    for (size_t v = 0; v < range.size(); ++v)
      for (auto [low, high] : range[v])
        (schedule.chains[c].streams[v] < m.streams ? east : west)
            .add(low, high, chain.values[v].elements);
  }

  PlacedBounds result;
  int64_t cycles = std::max<int64_t>(schedule.cycles, 1);
  auto consider = [&](int64_t needed, const std::string &resource) {
    if (needed > result.placed.cycles)
      result.placed = {needed, resource};
  };
  auto record = [&](const std::string &name, int64_t busy, int64_t count) {
    ResourceUse &use = result.resources[name];
    use.busy += busy;
    use.capacity += count * cycles;
  };
  int usable = 2 * m.slices - int(m.reserved.size());
  int64_t readSum = 0, writeSum = 0;
  for (int s = 0; s < 2 * m.slices; ++s) {
    readSum += reads[s];
    writeSum += writes[s];
    consider(reads[s], "memory reads");
    consider(writes[s], "memory writes");
  }
  record("memory reads", readSum, usable);
  record("memory writes", writeSum, usable);
  record("vxm", alu, m.alus);
  consider(divideUp(alu, m.alus), "vxm");
  // A pair does one activation a cycle and has one queue of each kind.
  int64_t matrixUnits = 0;
  for (auto &[key, busy] : units)
    matrixUnits += std::get<0>(key) == int(Unit::MxmActivate);
  matrixUnits = std::max<int64_t>(matrixUnits, m.planes);
  record("mxm", 0, matrixUnits);
  record("mxm weights", 0, matrixUnits);
  record("streams east", east.fullest(), m.streams);
  record("streams west", west.fullest(), m.streams);
  consider(divideUp(east.fullest(), m.streams), "streams east");
  consider(divideUp(west.fullest(), m.streams), "streams west");
  for (auto &[key, busy] : units) {
    auto unit = Unit(std::get<0>(key));
    if (unit == Unit::MxmAccumulate)
      continue; // follows the activations
    std::string name = unit == Unit::MxmActivate  ? "mxm"
                       : unit == Unit::MxmWeights ? "mxm weights"
                       : unit == Unit::Link       ? "links"
                                                  : "sxm";
    consider(busy, name);
    bool matrix = unit == Unit::MxmActivate || unit == Unit::MxmWeights;
    record(name, busy, matrix ? 0 : 1);
  }
  result.criticalPath = criticalPathOf(problem, positionOf);
  return result;
}
