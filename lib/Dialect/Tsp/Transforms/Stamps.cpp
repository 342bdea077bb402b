// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Schedules as attributes: written onto a program, and read back from it.
// Streams are numbered as in instructions: those that flow west come after all
// that flow east.

#include "Stamps.h"

using namespace weft;
using namespace weft::tsp;
using llvm::dyn_cast;
using mlir::FailureOr;

/// Whether a value flows east: from memory to the first op that takes it,
/// inward from the matrix unit, from the vector unit to where it is written.
static bool flowsEast(const SchedulingProblem &s, const Chain &chain, int v,
                      const Schedule &schedule) {
  const Machine &m = s.machine;
  const Value &value = chain.values[size_t(v)];
  auto positionOf = [&](const std::vector<std::vector<Access>> &planes) {
    for (auto &plane : planes)
      for (const Access &a : plane) {
        const Buffer::Place &p = schedule.places[size_t(a.buffer)];
        return m.slicePosition(p.hemisphere, p.slice);
      }
    return 0;
  };
  for (const weft::Op &op : chain.ops) {
    if (op.result == v) {
      if (op.unit != Unit::Alu)
        return op.hemisphere == Hemisphere::West;
      for (const Write &w : chain.writes)
        if (w.value == v)
          return positionOf(w.planes) > 0;
    }
    if (!value.planes.empty() && llvm::is_contained(op.operands, v))
      return opPosition(m, op) > positionOf(value.planes);
  }
  return true;
}

void tsp::stampSchedule(const SchedulingProblem &s, ProgramOp program,
                        const Schedule &schedule) {
  mlir::Builder b(program.getContext());
  program.setCycles(schedule.cycles);
  for (auto [op, first] : s.memory) {
    llvm::SmallVector<int64_t> places;
    for (unsigned i = 0; i < op->getNumResults(); ++i) {
      const Buffer::Place &p = schedule.places[size_t(first) + i];
      places.append({int64_t(p.hemisphere), p.slice, p.address});
    }
    op->setAttr("places", b.getDenseI64ArrayAttr(places));
  }
  for (auto [c, map] : llvm::enumerate(s.chains)) {
    const Chain &chain = s.problem.chains[c];
    const Schedule::ChainTiming &timing = schedule.chains[c];
    ChainOp op = map.op;
    op.setStart(timing.start);
    if (chain.accumulatorGroup >= 0)
      op.setRow(timing.accumulatorRow);
    for (auto [v, value] : llvm::enumerate(map.values)) {
      int stream = timing.streams[v] % s.machine.streams;
      if (!flowsEast(s, chain, int(v), schedule))
        stream += s.machine.streams;
      value.getDefiningOp()->setAttr("stream", b.getI64IntegerAttr(stream));
    }
    for (auto [o, inner] : llvm::enumerate(map.ops))
      if (auto alu = dyn_cast<AluOp>(inner))
        alu.setAlu(timing.alus[o]);
  }
}

FailureOr<Schedule> tsp::stampedSchedule(const SchedulingProblem &s,
                                         ProgramOp program) {
  Schedule schedule;
  if (!program.getCycles())
    return program.emitOpError("is not scheduled: it has no cycles");
  schedule.cycles = int64_t(*program.getCycles());
  schedule.peakWords.assign(size_t(2 * s.machine.slices), 0);
  for (size_t b = 0; b < s.problem.buffers.size(); ++b) {
    const std::optional<Buffer::Place> &place = s.problem.buffers[b].place;
    if (!place) {
      for (auto [op, first] : s.memory)
        if (size_t(first) <= b && b < size_t(first) + op->getNumResults())
          return op->emitOpError("is not scheduled: it has no places");
    }
    schedule.places.push_back(*place);
  }
  auto numberOf = [](mlir::Operation *op, llvm::StringRef name, int64_t limit,
                     int64_t &number) -> mlir::LogicalResult {
    auto attr = op->getAttrOfType<mlir::IntegerAttr>(name);
    if (!attr)
      return op->emitOpError("is not scheduled: it has no ") << name;
    number = attr.getInt();
    if (number < 0 || number >= limit)
      return op->emitOpError("has a ") << name << " out of range";
    return mlir::success();
  };
  for (auto [c, map] : llvm::enumerate(s.chains)) {
    const Chain &chain = s.problem.chains[c];
    Schedule::ChainTiming timing;
    if (mlir::failed(numberOf(map.op, "start", int64_t(1) << 40, timing.start)))
      return mlir::failure();
    int64_t number = 0;
    if (chain.accumulatorGroup >= 0) {
      if (mlir::failed(
              numberOf(map.op, "row", s.machine.accumulatorRows, number)))
        return mlir::failure();
      timing.accumulatorRow = int(number);
    }
    for (mlir::Value value : map.values) {
      if (mlir::failed(numberOf(value.getDefiningOp(), "stream",
                                2 * s.machine.streams, number)))
        return mlir::failure();
      timing.streams.push_back(int(number));
    }
    for (mlir::Operation *op : map.ops) {
      number = -1;
      if (llvm::isa<AluOp>(op) &&
          mlir::failed(numberOf(op, "alu", s.machine.alus, number)))
        return mlir::failure();
      timing.alus.push_back(int(number));
    }
    schedule.chains.push_back(std::move(timing));
  }
  return schedule;
}
