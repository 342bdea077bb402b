// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The SXM: latencies, directions and ranges of transpose, distribute, shift,
// permute and select.

#include "Programs.h"

namespace weft::test {
namespace {

using verify::FaultKind;

constexpr Queue transposer{Unit::Transposer, east, 0};
constexpr Queue distributor{Unit::Distributor, east, 0};
constexpr Queue permuter{Unit::Permuter, east, 0};

/// `inst` in `queue` of the east SXM in 5, when what east MEM 0 (x = 1) read
/// in 0 on streams 0 is at x = 5.
Assembler pass(Queue queue, Instruction inst) {
  Assembler a;
  a.image(east, 0, 0, 1);
  a[memRead(east, 0)] = {read(0, 0)};
  for (int i = 0; i < 2; ++i)
    a.take(inst, i, 0, 2, memRead(east, 0));
  inst.result = westward;
  a[queue] = {nop(5), inst};
  return a;
}

Instruction of(Opcode op) {
  Instruction inst;
  inst.opcode = op;
  return inst;
}

TEST(SwitchFault, Distribute) {
  // 4 to enter, 2 to distribute: out in 11.
  Assembler a = pass(distributor, of(Opcode::Distribute));
  expectCycles(a.program, 12);
  a[distributor][1].map[15] = 17;
  expectFault(a, FaultKind::OutOfRange, distributor, 5, 1);
}

TEST(SwitchFault, Shift) {
  // 4 to enter, 2 across lanes: out in 11.
  Assembler a = pass(permuter, of(Opcode::Shift));
  expectCycles(a.program, 12);
  a[permuter][1].shift = -31;
  expectCycles(a.program, 12);
  a[permuter][1].shift = 32;
  expectFault(a, FaultKind::OutOfRange, permuter, 5, 1);
}

TEST(SwitchFault, SelectLanes) {
  Instruction select = of(Opcode::SelectLanes);
  select.shift = 30;
  select.length = 2;
  Assembler a = pass(permuter, select);
  expectCycles(a.program, 12);
  a[permuter][1].length = 3;
  expectFault(a, FaultKind::OutOfRange, permuter, 5, 1);
}

TEST(SwitchFault, PermuteTakesAnIndexPair) {
  Assembler a = pass(permuter, of(Opcode::Permute));
  // Streams 0 and 1, and nobody drives 1.
  expectFault(a, FaultKind::StreamNotDriven, permuter, 5, 1);
  a.image(east, 1, 0, 1);
  a[memRead(east, 1)] = {read(0, 1)};
  a[permuter][1].producers[5] = uint8_t(a.number(memRead(east, 1)));
  expectCycles(a.program, 12);
}

TEST(SwitchFault, Transpose) {
  // 16 streams from MEM 0-7 in both halves: MEM i drives i in one cycle and
  // 8 + i has to come from elsewhere, so west MEM 0-7 drive those.
  Assembler a;
  Instruction inst = of(Opcode::Transpose);
  inst.result = westward;
  for (int i = 0; i < 8; ++i) {
    a.image(east, i, 0, 1);
    a.image(west, i, 0, 1);
    // All are at x = 5 in 10: east MEM i is 4 - i / 2 hops away, west MEM i
    // 6 + i / 2, and a read drives a cycle after its issue.
    a[memRead(east, i)] = {nop(10 - (4 - i / 2) - 1), read(0, i)};
    a[memRead(west, i)] = {nop(10 - (6 + i / 2) - 1), read(0, 8 + i)};
    inst.producers[i] = uint8_t(a.number(memRead(east, i)));
    inst.producers[8 + i] = uint8_t(a.number(memRead(west, i)));
  }
  a[transposer] = {nop(10), inst};
  // 4 to enter, 4 to transpose: out in 18.
  expectCycles(a.program, 19);
  a[transposer][1].stream = 8;
  expectFault(a, FaultKind::Misaligned, transposer, 10, 1);
  a[transposer][1].stream = 16;
  expectFault(a, FaultKind::StreamNotDriven, transposer, 10, 1);
  a[transposer][1].stream = 0;
  a[transposer][1].result = 0;
  expectFault(a, FaultKind::OutOfRange, transposer, 10, 1);
}

TEST(SwitchFault, TakesOutwardStreamsOnly) {
  Assembler a = pass(distributor, of(Opcode::Distribute));
  a[distributor][1].operands[0].stream = westward;
  expectFault(a, FaultKind::OutOfRange, distributor, 5, 1);
  a[distributor][1].operands[0] = {};
  expectFault(a, FaultKind::UnknownInstruction, distributor, 5, 1);
}

} // namespace
} // namespace weft::test
