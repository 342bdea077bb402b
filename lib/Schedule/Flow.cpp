// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Flows of values, and the hemispheres that they require of buffers: what
// goes from memory to the VXM or back comes from, or goes to, one side.

#include "Flow.h"

#include <array>
#include <numeric>

using namespace weft;
using namespace weft::schedule;

void schedule::flowsOf(const Machine &machine, const Chain &chain,
                       std::vector<Flow> &flows) {
  flows.assign(chain.values.size(), Flow());
  for (size_t o = 0; o < chain.ops.size(); ++o) {
    const Op &op = chain.ops[o];
    if (op.result < 0)
      continue;
    Flow &flow = flows[op.result];
    flow.producer = int(o);
    flow.position = opPosition(machine, op);
    flow.offset = op.offset + op.resultDelay;
    if (flow.position != 0)
      flow.direction = flow.position > 0 ? -1 : 1;
  }
  for (const Op &op : chain.ops)
    for (int v : op.operands) {
      Flow &flow = flows[v];
      int x = opPosition(machine, op);
      if (!flow.hasOp) {
        flow.lowOp = flow.highOp = x;
        if (flow.producer < 0) {
          flow.position = x;
          flow.offset = op.offset;
        }
      }
      flow.hasOp = true;
      flow.lowOp = std::min(flow.lowOp, x);
      flow.highOp = std::max(flow.highOp, x);
      // From memory or the VXM to a unit outside: outwards.
      if (x != 0 && flow.direction == 0)
        flow.direction = x > 0 ? 1 : -1;
    }
  for (const Write &w : chain.writes)
    flows[w.value].written = true;
  // A VXM result that only the VXM reads may go either way.
  for (Flow &flow : flows)
    if (flow.producer >= 0 && flow.direction == 0 && !flow.written)
      flow.direction = 1;
}

Extent schedule::extentOf(const Chain &chain, Unit unit) {
  Extent e;
  for (const Op &op : chain.ops)
    if (op.unit == unit && op.opcode != Opcode::InstallWeights)
      e.add(op.offset, op.offset + spanOf(op));
  return e;
}

PairUse schedule::pairUse(const Chain &chain) {
  PairUse use;
  auto of = [&](const Op &op) -> PlaneUse & {
    return use[op.index > chain.pair];
  };
  for (const Op &op : chain.ops)
    if (op.unit == Unit::MxmWeights && op.opcode != Opcode::InstallWeights)
      of(op).load.add(op.offset, op.offset + spanOf(op));
    else if (op.opcode == Opcode::Activate)
      of(op).activation.add(op.offset, op.offset + spanOf(op));
  // A pair's iw may stand in a queue of its odd plane.
  for (const Op &op : chain.ops)
    if (op.opcode == Opcode::InstallWeights) {
      bool beside = of(op).activation.empty();
      PlaneUse &plane = beside ? use[0] : of(op);
      plane.install = op.offset;
      plane.amongLoads = op.unit == Unit::MxmWeights && !beside;
    }
  return use;
}

int64_t schedule::loadToPass(const Chain &load, const Chain &pass) {
  PairUse loads = pairUse(load), uses = pairUse(pass);
  int64_t lag = INT64_MIN / 4;
  for (int p : {0, 1})
    if (!loads[p].load.empty() && uses[p].installs())
      lag = std::max(lag, loads[p].load.last + 1 - uses[p].install);
  return lag;
}

namespace {

/// Sets of buffers that must lie in one hemisphere.
class Sides {
public:
  explicit Sides(size_t n) : parent(n), side(n, -1) {
    std::iota(parent.begin(), parent.end(), 0);
  }
  int find(int b) {
    while (parent[b] != b)
      b = parent[b] = parent[parent[b]];
    return b;
  }
  bool require(int b, Hemisphere h) {
    int &s = side[find(b)];
    if (s >= 0 && s != int(h))
      return false;
    s = int(h);
    return true;
  }
  bool join(int a, int b) {
    a = find(a), b = find(b);
    if (a == b)
      return true;
    if (side[a] >= 0 && side[b] >= 0 && side[a] != side[b])
      return false;
    side[a] = std::max(side[a], side[b]);
    parent[b] = a;
    return true;
  }
  int sideOf(int b) { return side[find(b)]; }

private:
  std::vector<int> parent;
  std::vector<int> side;
};

} // namespace

Expected<SideChoice> schedule::assignHemispheres(const Problem &problem) {
  const Machine &m = *problem.machine;
  size_t n = problem.buffers.size();
  Sides sides(n);
  std::vector<std::array<int64_t, 2>> votes(n, {0, 0});
  for (size_t b = 0; b < n; ++b) {
    const Buffer &buffer = problem.buffers[b];
    if (buffer.place)
      sides.require(int(b), buffer.place->hemisphere);
    else if (buffer.hemisphere)
      sides.require(int(b), *buffer.hemisphere);
  }

  std::vector<Flow> flows;
  for (const Chain &chain : problem.chains) {
    flowsOf(m, chain, flows);
    bool good = true;
    std::vector<int> firstRead(chain.values.size(), -1),
        firstWrite(chain.values.size(), -1);
    forEachRead(chain, [&](int v, int, const Access &a) {
      const Flow &f = flows[v];
      bool atVxm = f.lowOp <= 0 && f.highOp >= 0;
      if (!atVxm) {
        votes[a.buffer][f.lowOp > 0] += a.count;
        return;
      }
      if (firstRead[v] < 0)
        firstRead[v] = a.buffer;
      good &= sides.join(firstRead[v], a.buffer);
      if (f.direction != 0)
        good &= sides.require(a.buffer, f.direction > 0 ? Hemisphere::West
                                                        : Hemisphere::East);
    });
    forEachWrite(chain, [&](int v, int, const Access &a) {
      const Flow &f = flows[v];
      if (f.producer < 0 || f.position != 0)
        return;
      if (firstWrite[v] < 0)
        firstWrite[v] = a.buffer;
      good &= sides.join(firstWrite[v], a.buffer);
      if (f.direction != 0)
        good &= sides.require(a.buffer, f.direction > 0 ? Hemisphere::East
                                                        : Hemisphere::West);
    });
    if (!good)
      return Error{ErrorKind::Invalid,
                   "chain '" + chain.name +
                       "' needs one value's buffers in both hemispheres",
                   {}};
  }

  // Votes are counted per set; without any, the emptier hemisphere.
  std::vector<std::array<int64_t, 2>> total(n, {0, 0});
  std::vector<int64_t> words(n, 0);
  std::array<int64_t, 2> used = {0, 0};
  SideChoice result{std::vector<Hemisphere>(n), std::vector<int>(n, -1),
                    std::vector<char>(n, 0)};
  for (size_t b = 0; b < n; ++b) {
    int root = sides.find(int(b));
    total[root][0] += votes[b][0];
    total[root][1] += votes[b][1];
    words[root] += problem.buffers[b].words;
    result.voted[root] = (total[root][0] == 0) != (total[root][1] == 0);
    if (sides.sideOf(int(b)) < 0)
      result.movableSet[b] = root;
    else
      used[sides.sideOf(int(b))] += problem.buffers[b].words;
  }
  // Sets with votes first, so that the others balance what is known.
  for (bool voted : {true, false})
    for (size_t b = 0; b < n; ++b) {
      int root = sides.find(int(b));
      if (sides.sideOf(root) < 0) {
        if ((total[root][0] != total[root][1]) != voted)
          continue;
        int h = voted ? total[root][1] > total[root][0] : used[1] < used[0];
        sides.require(root, Hemisphere(h));
        used[h] += words[root];
      }
      result.side[b] = Hemisphere(sides.sideOf(root));
    }
  return result;
}
