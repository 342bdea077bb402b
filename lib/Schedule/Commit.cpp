// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Takes what a plan found for a chain: busy cycles, streams, words, rows; and
// gives back memory and rows whose last user this chain was. Decides nothing.

#include "ListState.h"

using namespace weft;
using namespace weft::schedule;

void ListScheduler::commit(int c, const Plan &plan) {
  const Chain &chain = problem.chains[c];
  flowsOf(machine, chain, flows);
  int64_t t = plan.start;
  for (const Plan::NewPlace &p : plan.places) {
    put(p.buffer, p.place);
    buffers[p.buffer].from = p.from;
  }
  int64_t end = 0;
  for (size_t o = 0; o < chain.ops.size(); ++o) {
    const Op &op = chain.ops[o];
    int64_t first = t + op.offset, last = first + spanOf(op);
    if (op.unit == Unit::Alu)
      alus[plan.alus[o]].add(first, first + aluSpan(machine, op) - 1);
    else
      queue(op).add(first, last);
    end = std::max(end, last + (op.result >= 0 ? op.resultDelay : 0));
  }
  std::vector<std::vector<std::pair<int, int>>> range(chain.values.size());
  for (size_t v = 0; v < chain.values.size(); ++v) {
    const Flow &flow = flows[v];
    std::pair<int, int> r{flow.hasOp ? flow.lowOp : flow.position,
                          flow.hasOp ? flow.highOp : flow.position};
    if (flow.producer >= 0) {
      r.first = std::min(r.first, flow.position);
      r.second = std::max(r.second, flow.position);
    }
    range[v].assign(chain.values[v].width, r);
    if (plan.streams[v] < machine.streams)
      flows[v].direction = 1;
    else
      flows[v].direction = -1;
  }
  auto widen = [&](int v, int p, int x) {
    range[v][p].first = std::min(range[v][p].first, x);
    range[v][p].second = std::max(range[v][p].second, x);
  };
  forEachRead(chain, [&](int v, int p, const Access &a) {
    BufferState &b = buffers[a.buffer];
    SliceState &s = slices[b.slice];
    widen(v, p, s.position);
    int period = chain.values[v].period;
    int64_t first = t + flows[v].at(s.position) - machine.readLatency +
                    int64_t(a.element) * period;
    int64_t last = first + spanOf(a, period);
    s.reads.add(first, last);
    s.bankReads[bankOf(b.place.address)].add(first, last);
    if (tuning.idealMemory)
      b.reads.add(first, last);
    b.lastUse = std::max(b.lastUse, last);
    if (!b.touched.empty())
      for (int i = 0; i < a.count; ++i) {
        int32_t &word = b.touched[a.first + i * a.stride];
        word = std::max(word,
                        int32_t(first + int64_t(i) * a.elementStep * period));
      }
  });
  forEachWrite(chain, [&](int v, int p, const Access &a) {
    BufferState &b = buffers[a.buffer];
    SliceState &s = slices[b.slice];
    widen(v, p, s.position);
    int period = chain.values[v].period;
    int64_t first = t + flows[v].at(s.position) + int64_t(a.element) * period;
    int64_t last = first + spanOf(a, period);
    s.writes.add(first, last);
    s.bankWrites[bankOf(b.place.address)].add(first, last);
    if (tuning.idealMemory)
      b.writes.add(first, last);
    b.lastUse = std::max(b.lastUse, last);
    end = std::max(end, last + machine.writeLatency - 1);
    for (int i = 0; i < a.count; ++i) {
      int word = a.first + i * a.stride;
      auto issue = int32_t(first + int64_t(i) * a.elementStep * period);
      b.readable[word] = issue + machine.writeLatency;
      if (!b.touched.empty())
        b.touched[word] = std::max(b.touched[word], issue);
    }
  });
  for (size_t v = 0; v < chain.values.size(); ++v) {
    const Value &value = chain.values[v];
    int64_t first = t + flows[v].at(0);
    int64_t last = first + int64_t(value.elements - 1) * value.period;
    int base = plan.streams[v] % machine.streams;
    for (int p = 0; p < value.width; ++p)
      streams[flows[v].direction > 0][base + p].add(
          first, last, range[v][p].first, range[v][p].second);
  }
  lastCycle = std::max(lastCycle, end);

  Schedule::ChainTiming &timing = result.chains[c];
  timing.start = t;
  timing.streams = plan.streams;
  timing.alus = plan.alus;
  timing.accumulatorRow = std::max(plan.row, 0);

  // Memory whose last reader this was is free from then on.
  std::vector<int> touchedBuffers;
  auto collect = [&](int, int, const Access &a) {
    touchedBuffers.push_back(a.buffer);
  };
  forEachRead(chain, collect);
  forEachWrite(chain, collect);
  std::sort(touchedBuffers.begin(), touchedBuffers.end());
  touchedBuffers.erase(
      std::unique(touchedBuffers.begin(), touchedBuffers.end()),
      touchedBuffers.end());
  for (int i : touchedBuffers) {
    BufferState &b = buffers[i];
    const Buffer &buffer = problem.buffers[i];
    SliceState &s = slices[b.slice];
    int bank = bankOf(b.place.address);
    if (!isWeight[i])
      --s.pending[bank];
    if (--b.remaining > 0 || buffer.initial || buffer.final || buffer.place)
      continue;
    s.free[bank].give(b.place.address % machine.wordsPerBank, buffer.words,
                      b.lastUse + 1);
    s.used -= buffer.words;
    released = true;
  }

  if (int g = groupOf[c]; g >= 0) {
    GroupState &group = groups[g];
    MatrixState &unit = units[group.unit];
    if (group.row < 0) {
      group.row = plan.row;
      unit.rows.take(group.row, group.rows);
    }
    if (++group.done == group.members.size()) {
      Extent acc = extentOf(chain, Unit::MxmAccumulate);
      unit.rows.give(group.row, group.rows, t + acc.last + 1);
      unit.rowsFreed = true;
      released = true;
    }
  }
  if (chain.role == MxmRole::Pass) {
    MatrixState &unit = units[unitOf[c]];
    PairUse use = pairUse(chain);
    for (const Op &op : chain.ops)
      if (op.opcode == Opcode::Activate)
        unit.half = plan.streams[op.operands[0]] % machine.streams >=
                    machine.streams / 2;
    for (int p : {0, 1})
      if (use[p].installs()) {
        unit.loadsFrom[p] = t + use[p].install + use[p].amongLoads;
        unit.lastActivation[p] =
            std::max(unit.lastActivation[p], t + use[p].activation.last);
      }
    unit.lastGroup = chain.accumulatorGroup;
  }
}
