// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Dependences through memory words, weight loads and accumulator groups, in
// program order, and which buffers are touched at one time.

#include "Dependences.h"

#include "Flow.h"

#include <algorithm>
#include <map>

using namespace weft;
using namespace weft::schedule;

namespace {

/// Direction of a value once its buffers' positions are known.
int directionOf(const Flow &flow, int bufferPosition) {
  if (flow.direction != 0)
    return flow.direction;
  bool fromMemory = flow.producer < 0;
  // Memory to the VXM: from the west eastwards. VXM to memory: outwards.
  return (bufferPosition > 0) != fromMemory ? 1 : -1;
}

class Builder {
public:
  Builder(const Problem &problem, const std::function<int(int)> &positionOf)
      : problem(problem), machine(*problem.machine), positionOf(positionOf),
        lagFrom(problem.chains.size(), 0), stamp(problem.chains.size(), -1),
        words(problem.buffers.size()), touches(problem.buffers.size()) {}

  DependenceGraph run();

private:
  struct WordWrite {
    int chain = -1;
    int offset = 0;
  };
  struct Touch {
    int chain, low, high;
    int64_t last;
  };

  void depend(int from, int64_t lag) {
    if (from == current)
      return;
    if (stamp[from] != current) {
      stamp[from] = current;
      lagFrom[from] = lag;
      producers.push_back(from);
    } else {
      lagFrom[from] = std::max(lagFrom[from], lag);
    }
  }
  void readWords(const Chain &chain);
  void writeWords(const Chain &chain);

  const Problem &problem;
  const Machine &machine;
  const std::function<int(int)> &positionOf;
  DependenceGraph graph;
  int current = 0;
  std::vector<int64_t> lagFrom;
  std::vector<int> stamp;
  std::vector<int> producers;
  std::vector<std::vector<WordWrite>> words;
  std::vector<std::vector<Touch>> touches;
  std::vector<Flow> flows;
};

void Builder::readWords(const Chain &chain) {
  forEachRead(chain, [&](int v, int, const Access &a) {
    if (!graph.written[a.buffer])
      return;
    Flow flow = flows[v];
    int x = positionOf(a.buffer);
    flow.direction = directionOf(flow, x);
    int period = chain.values[v].period;
    int64_t base = flow.at(x) - machine.readLatency;
    auto &w = words[a.buffer];
    for (int i = 0; i < a.count; ++i) {
      const WordWrite &write = w[a.first + i * a.stride];
      int64_t issue = base + int64_t(a.element + i * a.elementStep) * period;
      if (write.chain >= 0)
        depend(write.chain, write.offset + machine.writeLatency - issue);
    }
    int end = a.first + (a.count - 1) * a.stride;
    touches[a.buffer].push_back(
        {current, std::min(a.first, end), std::max(a.first, end),
         base + int64_t(a.element) * period + spanOf(a, period)});
  });
}

void Builder::writeWords(const Chain &chain) {
  forEachWrite(chain, [&](int v, int, const Access &a) {
    Flow flow = flows[v];
    int x = positionOf(a.buffer);
    flow.direction = directionOf(flow, x);
    int period = chain.values[v].period;
    int64_t first = flow.at(x) + int64_t(a.element) * period;
    int end = a.first + (a.count - 1) * a.stride;
    int low = std::min(a.first, end), high = std::max(a.first, end);
    for (const Touch &t : touches[a.buffer])
      if (t.chain != current && t.low <= high && t.high >= low) {
        depend(t.chain, t.last + 1 - first);
        graph.rewritten[a.buffer] = true;
      }
    touches[a.buffer].push_back(
        {current, low, high, first + spanOf(a, period)});
  });
  forEachWrite(chain, [&](int v, int, const Access &a) {
    Flow flow = flows[v];
    int x = positionOf(a.buffer);
    flow.direction = directionOf(flow, x);
    int period = chain.values[v].period;
    auto &w = words[a.buffer];
    if (w.empty())
      w.resize(problem.buffers[a.buffer].words);
    for (int i = 0; i < a.count; ++i)
      w[a.first + i * a.stride] = {
          current, flow.at(x) + (a.element + i * a.elementStep) * period};
  });
}

DependenceGraph Builder::run() {
  size_t n = problem.chains.size();
  graph.written.assign(problem.buffers.size(), false);
  graph.rewritten.assign(problem.buffers.size(), false);
  for (const Chain &chain : problem.chains)
    forEachWrite(chain, [&](int, int, const Access &a) {
      graph.written[a.buffer] = true;
    });
  for (size_t b = 0; b < problem.buffers.size(); ++b)
    if (graph.written[b])
      words[b].resize(problem.buffers[b].words);

  std::map<int, int> groupTail; // accumulator group -> its last chain so far
  for (size_t c = 0; c < n; ++c) {
    const Chain &chain = problem.chains[c];
    current = int(c);
    producers.clear();
    flowsOf(machine, chain, flows);
    readWords(chain);
    writeWords(chain);
    if (chain.role == MxmRole::Pass) {
      // iw comes after the load's last lw.
      depend(chain.load, loadToPass(problem.chains[chain.load], chain));
    }
    if (chain.accumulatorGroup >= 0) {
      auto [it, fresh] = groupTail.try_emplace(chain.accumulatorGroup, int(c));
      if (!fresh) {
        Extent before =
            extentOf(problem.chains[it->second], Unit::MxmAccumulate);
        Extent after = extentOf(chain, Unit::MxmAccumulate);
        if (!before.empty() && !after.empty())
          depend(it->second, before.last + 1 - after.first);
        it->second = int(c);
      }
    }
    for (int p : producers)
      graph.edges.push_back({p, int(c), lagFrom[p]});
  }

  std::sort(graph.edges.begin(), graph.edges.end(),
            [](const Dependence &a, const Dependence &b) {
              return std::pair(a.from, a.to) < std::pair(b.from, b.to);
            });
  graph.firstEdge.assign(n + 1, 0);
  for (const Dependence &e : graph.edges)
    ++graph.firstEdge[e.from + 1];
  for (size_t c = 0; c < n; ++c)
    graph.firstEdge[c + 1] += graph.firstEdge[c];

  graph.pathToEnd.assign(n, 0);
  for (size_t c = n; c-- > 0;) {
    int64_t path = tailOf(machine, problem.chains[c], positionOf);
    for (size_t e = graph.firstEdge[c]; e < graph.firstEdge[c + 1]; ++e)
      path = std::max(path,
                      graph.edges[e].lag + graph.pathToEnd[graph.edges[e].to]);
    graph.pathToEnd[c] = path;
  }
  return std::move(graph);
}

} // namespace

int64_t schedule::tailOf(const Machine &machine, const Chain &chain,
                         const std::function<int(int)> &positionOf) {
  int64_t tail = 0;
  for (const Op &op : chain.ops) {
    tail = std::max(tail, op.offset + spanOf(op));
    if (op.result >= 0)
      tail = std::max(tail, op.offset + op.resultDelay + spanOf(op));
  }
  std::vector<Flow> flows;
  flowsOf(machine, chain, flows);
  forEachWrite(chain, [&](int v, int, const Access &a) {
    Flow flow = flows[v];
    int x = positionOf(a.buffer);
    flow.direction = directionOf(flow, x);
    int period = chain.values[v].period;
    tail = std::max(tail, flow.at(x) + int64_t(a.element) * period +
                              spanOf(a, period));
  });
  return tail;
}

DependenceGraph
schedule::buildDependences(const Problem &problem,
                           const std::function<int(int)> &positionOf) {
  return Builder(problem, positionOf).run();
}

Simultaneity schedule::findSimultaneous(const Problem &problem) {
  const Machine &m = *problem.machine;
  struct Use {
    int buffer, position;
    int64_t first, last;
  };
  std::vector<std::tuple<int, int, int>> pairs;
  int current = 0;
  std::vector<Use> reads, writes;
  std::vector<Flow> flows;

  auto consider = [&](const Use &a, const Use &b) {
    if (a.buffer == b.buffer)
      return;
    const Buffer &x = problem.buffers[a.buffer];
    const Buffer &y = problem.buffers[b.buffer];
    if ((x.group >= 0 && x.group == y.group) || (x.place && y.place))
      return;
    // In one slice both are at the same distance from one unit; from
    // different units the distances differ by at most the axis.
    int64_t slack = a.position == b.position ? 0 : 2 * m.mxmPosition;
    if (a.first <= b.last + slack && b.first <= a.last + slack) {
      pairs.emplace_back(a.buffer, b.buffer, current);
      pairs.emplace_back(b.buffer, a.buffer, current);
    }
  };
  auto collect = [&](const std::vector<Use> &uses) {
    for (size_t i = 0; i < uses.size(); ++i)
      for (size_t j = i + 1; j < uses.size(); ++j)
        consider(uses[i], uses[j]);
  };
  for (const Chain &chain : problem.chains) {
    flowsOf(m, chain, flows);
    reads.clear();
    writes.clear();
    auto use = [&](int v, const Access &a) {
      int period = chain.values[v].period;
      int64_t first = flows[v].offset + int64_t(a.element) * period;
      return Use{a.buffer, flows[v].position, first, first + spanOf(a, period)};
    };
    forEachRead(chain, [&](int v, int, const Access &a) {
      reads.push_back(use(v, a));
    });
    forEachWrite(chain, [&](int v, int, const Access &a) {
      writes.push_back(use(v, a));
    });
    collect(reads);
    collect(writes);
    // A rigid chain that reads and writes one bank at a time never fits: keep
    // what it reads and what it writes in different slices. A read issues
    // before its consumer and a write after its producer, by the flight.
    for (const Use &r : reads)
      for (Use w : writes) {
        w.first -= 2 * m.mxmPosition;
        w.last += 2 * m.mxmPosition;
        consider(r, w);
      }
    ++current;
  }
  std::sort(pairs.begin(), pairs.end());
  pairs.erase(std::unique(pairs.begin(), pairs.end()), pairs.end());

  Simultaneity result;
  result.first.assign(problem.buffers.size() + 1, 0);
  for (auto [a, b, chain] : pairs) {
    ++result.first[a + 1];
    result.neighbours.push_back({b, chain});
  }
  for (size_t b = 0; b < problem.buffers.size(); ++b)
    result.first[b + 1] += result.first[b];
  return result;
}
