// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds scheduling problems for tests: buffers, loads, passes and map chains
// with offsets that follow from docs/machine.md. What the results should be is
// stated in the tests, by hand.

#ifndef WEFT_TEST_SCHEDULE_PROBLEMBUILDER_H
#define WEFT_TEST_SCHEDULE_PROBLEMBUILDER_H

#include "weft/Schedule/Scheduler.h"

namespace weft::test {

/// Byte planes of one column of a tensor: buffer indices.
using Planes = std::vector<int>;

class ProblemBuilder {
public:
  explicit ProblemBuilder(const Machine &machine) {
    problem.machine = &machine;
  }

  int buffer(int words, std::optional<Hemisphere> h = std::nullopt,
             int group = -1) {
    Buffer b;
    b.words = words;
    b.hemisphere = h;
    b.group = group;
    problem.buffers.push_back(b);
    return int(problem.buffers.size()) - 1;
  }
  Planes planes(int count, int words,
                std::optional<Hemisphere> h = std::nullopt, int group = -1) {
    Planes p;
    for (int i = 0; i < count; ++i)
      p.push_back(buffer(words, h, group));
    return p;
  }
  Planes initial(Planes p) {
    for (int b : p)
      problem.buffers[b].initial = true;
    return p;
  }
  Planes final(Planes p) {
    for (int b : p)
      problem.buffers[b].final = true;
    return p;
  }
  void place(int b, Hemisphere h, int slice, int address) {
    problem.buffers[b].place = Buffer::Place{h, slice, address};
  }
  int newGroup() { return groups++; }

  /// Accesses of `count` words of each plane, in order.
  static std::vector<std::vector<Access>> whole(const Planes &p, int count) {
    std::vector<std::vector<Access>> planes;
    for (int b : p) {
      Access a;
      a.buffer = b;
      a.stride = 1;
      a.count = count;
      planes.push_back({a});
    }
    return planes;
  }
  /// Word 0 of each plane, `count` times: a broadcast row.
  static std::vector<std::vector<Access>> repeated(const Planes &p, int count) {
    auto planes = whole(p, count);
    for (auto &plane : planes)
      plane[0].stride = 0;
    return planes;
  }

  static int value(Chain &c, int width, int elements,
                   std::vector<std::vector<Access>> planes = {}) {
    Value v;
    v.width = width;
    v.elements = elements;
    v.planes = std::move(planes);
    c.values.push_back(std::move(v));
    return int(c.values.size()) - 1;
  }
  static Op &op(Chain &c, Unit unit, Opcode opcode, int offset, int count,
                std::vector<int> operands = {}) {
    Op o;
    o.unit = unit;
    o.opcode = opcode;
    o.hemisphere = c.hemisphere;
    o.index = c.pair;
    o.offset = offset;
    o.count = count;
    o.operands = std::move(operands);
    c.ops.push_back(std::move(o));
    return c.ops.back();
  }
  int add(Chain c) {
    problem.chains.push_back(std::move(c));
    return int(problem.chains.size()) - 1;
  }

  /// lw of one tile: `cycles` issues, one word of every plane each.
  int load(Hemisphere h, const Planes &weights, int cycles) {
    Chain c;
    c.name = "load " + std::to_string(problem.chains.size());
    c.role = MxmRole::Load;
    c.hemisphere = h;
    int v = value(c, int(weights.size()), cycles, whole(weights, cycles));
    op(c, Unit::MxmWeights, Opcode::LoadWeightsPair, 0, cycles, {v});
    return add(std::move(c));
  }

  /// iw at 0, abc at 1, acc at 1 + mxmLatency.
  Chain pass(Hemisphere h, int load, const Planes &x, int rows) {
    Chain c;
    c.name = "pass " + std::to_string(problem.chains.size());
    c.role = MxmRole::Pass;
    c.hemisphere = h;
    c.load = load;
    int v = value(c, int(x.size()), rows, whole(x, rows));
    op(c, Unit::MxmWeights, Opcode::InstallWeights, 0, 1);
    op(c, Unit::MxmActivate, Opcode::Activate, 1, rows, {v});
    op(c, Unit::MxmAccumulate, Opcode::Accumulate,
       1 + problem.machine->mxmLatency, rows);
    return c;
  }
  /// The accumulated rows leave for the VXM, become fp16 there and are
  /// written: arrival at the VXM mxmPosition cycles after acc, on the stream
  /// aluToStream + aluLatency after that.
  void emit(Chain &c, const std::vector<Planes> &copies, int rows) {
    const Machine &m = *problem.machine;
    int y = value(c, 4, rows);
    Op &acc = c.ops.back();
    acc.result = y;
    int arrival = acc.offset + m.mxmPosition;
    for (const Planes &p : copies) {
      int z = value(c, int(p.size()), rows);
      Op &convert = op(c, Unit::Alu, Opcode::Convert, arrival, rows, {y});
      convert.result = z;
      convert.resultDelay = m.aluToStream + m.aluLatency;
      c.writes.push_back({z, whole(p, rows)});
    }
  }

  /// One ALU op on every row: `operands` are read together, the result is
  /// written.
  int map(const std::vector<Planes> &operands, const Planes &out, int rows) {
    const Machine &m = *problem.machine;
    Chain c;
    c.name = "map " + std::to_string(problem.chains.size());
    std::vector<int> in;
    for (const Planes &p : operands)
      in.push_back(value(c, int(p.size()), rows, whole(p, rows)));
    int z = value(c, int(out.size()), rows);
    Op &o = op(c, Unit::Alu, Opcode::Add, 0, rows, in);
    o.result = z;
    o.resultDelay = m.aluToStream + m.aluLatency;
    c.writes.push_back({z, whole(out, rows)});
    return add(std::move(c));
  }

  Problem problem;

private:
  int groups = 0;
};

} // namespace weft::test

#endif // WEFT_TEST_SCHEDULE_PROBLEMBUILDER_H
