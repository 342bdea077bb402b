// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Queues: repeats that cannot be, instructions that do not exist or stand in
// another unit's queue.

#include "Programs.h"

namespace weft::test {
namespace {

using verify::FaultKind;

/// Ten words of east MEM 0, nine of them by a repeat, two cycles apart: issues
/// in 0, 2, ..., 18, the last drives in 19.
Assembler tenReads() {
  Assembler a;
  a.image(east, 0, 0, 10);
  a[memRead(east, 0)] = {read(0, 0), repeat(9, 2, 1)};
  return a;
}

TEST(QueueFault, RepeatOccupiesItsQueueToTheLastIssue) {
  Assembler a = tenReads();
  expectCycles(a.program, 20);
  a[memRead(east, 0)].push_back(read(0, 0)); // In 19, drives in 20.
  expectCycles(a.program, 21);
  // A nop delays nothing that comes not after it.
  a[memRead(east, 0)].push_back(nop(100));
  expectCycles(a.program, 21);
}

TEST(QueueFault, RepeatOfNothing) {
  Assembler a = tenReads();
  a[memRead(east, 0)].erase(a[memRead(east, 0)].begin());
  expectFault(a, FaultKind::BadRepeat, memRead(east, 0), 0, 0);

  Assembler b = tenReads();
  b[memRead(east, 0)] = {read(0, 0), nop(4), repeat(1)};
  expectFault(b, FaultKind::BadRepeat, memRead(east, 0), 5, 2);

  // One level: a repeat is not repeated.
  Assembler c = tenReads();
  c[memRead(east, 0)].push_back(repeat(1));
  expectFault(c, FaultKind::BadRepeat, memRead(east, 0), 19, 2);
}

TEST(QueueFault, RepeatPastTheEnd) {
  Assembler a = tenReads();
  a.program.predictedCycles = 20;
  expectCycles(a.program, 20);
  a[memRead(east, 0)][1].count = 10;
  a.image(east, 0, 10, 1);
  // Until 20. It is refused where it begins, a cycle after what it repeats.
  expectFault(a, FaultKind::BadRepeat, memRead(east, 0), 1, 1);

  Assembler b = tenReads();
  b[memRead(east, 0)][1].distance = 0x80000000; // 2^31 cycles.
  expectFault(b, FaultKind::BadRepeat, memRead(east, 0), 1, 1);

  Assembler c = tenReads();
  c[memRead(east, 0)].insert(c[memRead(east, 0)].begin(), nop(0));
  c[memRead(east, 0)][0].count = 0xffffffff;
  expectFault(c, FaultKind::BadRepeat, memRead(east, 0), int64_t(1) << 31, 1);
}

TEST(QueueFault, TwoInstructionsInOneCycle) {
  Assembler a = tenReads();
  a[memRead(east, 0)][1].distance = 0;
  expectFault(a, FaultKind::QueueConflict, memRead(east, 0), 0, 1);
}

TEST(QueueFault, InstructionThatDoesNotExist) {
  for (Opcode op : {Opcode::IFetch, Opcode::Sync, Opcode::Notify,
                    Opcode::Config, Opcode::Deskew, Opcode(opcodeCount)}) {
    Assembler a = tenReads();
    a[memRead(east, 0)][0].opcode = op;
    expectFault(a, FaultKind::UnknownInstruction, memRead(east, 0), 0, 0);
  }
}

TEST(QueueFault, InstructionOfAnotherUnit) {
  Assembler a = tenReads();
  const Queue queues[] = {memWrite(east, 0),
                          alu(0),
                          weights(east, 0),
                          activate(east, 0),
                          accumulate(east, 0),
                          {Unit::Transposer, east, 0},
                          {Unit::Distributor, east, 0},
                          {Unit::Permuter, east, 0},
                          {Unit::Link, east, 0}};
  for (Queue queue : queues) {
    Assembler b = a;
    b[queue] = {read(0, 0)};
    expectFault(b, FaultKind::UnknownInstruction, queue, 0, 0);
  }
  a[memRead(east, 0)][0].opcode = Opcode::Write;
  expectFault(a, FaultKind::UnknownInstruction, memRead(east, 0), 0, 0);
}

TEST(QueueFault, QueueThatDoesNotExist) {
  Assembler a = tenReads();
  a.program.chips[0].queues[250] = {read(0, 0)};
  Expected<verify::Result> result = followProgram(a.program);
  ASSERT_TRUE(result && result->fault);
  EXPECT_EQ(result->fault->kind, FaultKind::UnknownInstruction);
  EXPECT_EQ(result->fault->queue, 250);
}

} // namespace
} // namespace weft::test
