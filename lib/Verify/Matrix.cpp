// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Weights go from streams to the shadow (lw), from there to the plane (iw);
// results come mxmLatency after abc and must be taken by acc in that cycle.

#include "Matrix.h"

namespace weft::verify {

Matrix::Matrix(const Machine &machine)
    : machine(machine), planes(size_t(2 * machine.planes)) {
  for (Plane &plane : planes) {
    plane.loaded.resize(machine.lanes());
    plane.rows.resize(machine.accumulatorRows);
    plane.due.resize(machine.mxmLatency + 1);
  }
}

void Matrix::install(Issuer issuer, Queue queue, const Instruction &inst,
                     int64_t cycle, FaultLog &log) {
  Hold wanted = holdOf(inst.type);
  if (wanted == Hold::Pair)
    queue.index = uint8_t(queue.index / 2 * 2);
  for (int i = 0; i < (wanted == Hold::Pair ? 2 : 1); ++i) {
    Plane &plane = planeOf(queue, i);
    if (plane.shadow == Hold::Nothing)
      log.add(FaultKind::WeightsNotInstalled, issuer, cycle,
              "nothing was loaded since the last iw");
    else if (plane.shadow != wanted)
      log.add(FaultKind::WeightsNotInstalled, issuer, cycle,
              wanted == Hold::Pair ? "the weights were loaded for one plane"
                                   : "the weights were loaded for a pair");
    plane.active = plane.shadow;
    // The new shadow is clear: columns that are not loaded are zero.
    plane.shadow = Hold::Nothing;
    plane.loaded.assign(plane.loaded.size(), false);
  }
}

void Matrix::load(Issuer issuer, Queue queue, const Instruction &inst,
                  int block, int64_t cycle, FaultLog &log) {
  bool pair = inst.opcode == Opcode::LoadWeightsPair;
  // Unpacked fp16 takes two streams for a column.
  int columns =
      pair && !inst.packed ? machine.weightStreams / 2 : machine.weightStreams;
  int blocks = machine.lanes() / columns;
  if (block < 0 || block >= blocks)
    return log.add(FaultKind::OutOfRange, issuer, cycle,
                   "block " + std::to_string(block) + " of " +
                       std::to_string(blocks));
  Hold hold = pair ? Hold::Pair : Hold::Byte;
  for (int i = 0; i < (pair ? 2 : 1); ++i) {
    Plane &plane = planeOf(queue, i);
    if (plane.shadow != Hold::Nothing && plane.shadow != hold)
      log.add(FaultKind::WeightsOverwritten, issuer, cycle,
              "weights of a pair and of one plane are mixed in a shadow");
    plane.shadow = hold;
    for (int c = block * columns; c < (block + 1) * columns; ++c) {
      if (plane.loaded[c])
        log.add(FaultKind::WeightsOverwritten, issuer, cycle,
                "column " + std::to_string(c) +
                    " is loaded a second time, and no iw came between");
      plane.loaded[c] = true;
    }
  }
}

void Matrix::activate(Issuer issuer, Queue queue, const Instruction &inst,
                      int64_t cycle, FaultLog &log) {
  Hold wanted = holdOf(inst.type);
  for (int i = 0; i < (wanted == Hold::Pair ? 2 : 1); ++i) {
    Hold active = planeOf(queue, i).active;
    if (active == Hold::Nothing)
      log.add(FaultKind::WeightsNotInstalled, issuer, cycle,
              "no iw came before this cycle");
    else if (active != wanted)
      log.add(FaultKind::WeightsNotInstalled, issuer, cycle,
              active == Hold::Pair ? "the installed weights are a pair's"
                                   : "the installed weights are one plane's");
  }
  std::vector<Due> &due = planeOf(queue).due;
  int64_t at = cycle + machine.mxmLatency;
  due[at % due.size()] = {at, wanted, false, issuer};
}

void Matrix::accumulate(Issuer issuer, Queue queue, const Instruction &inst,
                        int row, int64_t cycle, FaultLog &log) {
  auto misuse = [&](std::string message) {
    log.add(FaultKind::AccumulatorMisuse, issuer, cycle, std::move(message));
  };
  using Mode = AccumulateMode;
  Mode mode = inst.accumulate;
  Hold wanted = holdOf(inst.type);
  Plane &plane = planeOf(queue);
  if (mode != Mode::Emit) {
    Due &due = plane.due[cycle % plane.due.size()];
    if (due.cycle != cycle)
      misuse("no result appears: no abc in cycle " +
             std::to_string(cycle - machine.mxmLatency));
    else if (due.hold != wanted)
      misuse(wanted == Hold::Pair ? "the result is one plane's"
                                  : "the result is a pair's");
    due.taken = true;
  }
  if (mode == Mode::Pass)
    return;
  if (row < 0 || row >= machine.accumulatorRows)
    return log.add(FaultKind::OutOfRange, issuer, cycle,
                   "row " + std::to_string(row) + " of " +
                       std::to_string(machine.accumulatorRows));
  Hold &held = plane.rows[row];
  if (mode != Mode::Store && mode != Mode::StoreEmit && held != wanted)
    misuse("row " + std::to_string(row) +
           (held == Hold::Nothing
                ? " is taken before it was stored"
                : " holds a result of the other kind, pair or plane"));
  // A pair's rows lie in both of its planes: what either stores on its own
  // replaces them.
  Plane &twin = planeOf(queue, queue.index % 2 == 0 ? 1 : -1);
  held = wanted;
  if (wanted == Hold::Pair)
    twin.rows[row] = Hold::Pair;
  else if (twin.rows[row] == Hold::Pair)
    twin.rows[row] = Hold::Nothing;
}

void Matrix::expire(int64_t cycle, FaultLog &log) {
  for (int p = 0; p < 2 * machine.planes; ++p) {
    const Plane &plane = planes[p];
    const Due &due = plane.due[cycle % plane.due.size()];
    if (due.cycle != cycle || due.taken)
      continue;
    // An acc that meets the result but is itself at fault is the first cause.
    Queue acc{Unit::MxmAccumulate, Hemisphere(p / machine.planes),
              uint8_t(p % machine.planes)};
    if (!log.hasCharged(queueNumber(machine, acc)))
      log.add(FaultKind::AccumulatorMisuse, due.issuer, cycle,
              "the result of the abc in cycle " +
                  std::to_string(cycle - machine.mxmLatency) +
                  " appears and no acc takes it");
  }
}

} // namespace weft::verify
