// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Queues: nops, repeats, and when a program ends.

#include "Programs.h"

using namespace weft;
using namespace weft::test;

namespace {

Instruction nop(uint32_t count) {
  Instruction inst;
  inst.count = count;
  return inst;
}

TEST(Queue, RepeatsKeepTheirDistanceAndStride) {
  // Reads of words 4, 6, 8 in cycles 0, 3, 6; the next instruction is at 7.
  // One hop from MEM 0 to MEM 2 east: writes in 2, 5, 8 and 9.
  Builder b;
  for (int i = 0; i < 9; ++i)
    b.image(east, 0, i, splat(i));
  int from = b.number(memRead(east, 0));
  b.at(0, memRead(east, 0), read(4, 0)).repeat(memRead(east, 0), 2, 3, 2);
  b.at(7, memRead(east, 0), read(1, 0));
  b.at(2, memWrite(east, 2), write(12, 0, from))
      .repeat(memWrite(east, 2), 2, 3, -1);
  b.at(9, memWrite(east, 2), write(20, 0, from));
  b.expectCycles(10);
  EXPECT_EQ(b.word(east, 2, 12), splat(4));
  EXPECT_EQ(b.word(east, 2, 11), splat(6));
  EXPECT_EQ(b.word(east, 2, 10), splat(8));
  EXPECT_EQ(b.word(east, 2, 20), splat(1));
}

TEST(Queue, NopsAloneTakeNoTime) {
  Builder b;
  auto &text = b.program.chips[0].queues[b.number(memRead(east, 0))];
  text = {nop(1000)};
  b.expectCycles(0);
  // A read in 5000 lands in 5001; the nop after it does not count.
  b.image(east, 0, 0, splat(1));
  text = {nop(1000), nop(4000), read(0, 0), nop(1u << 31)};
  b.expectCycles(5002);
}

TEST(Queue, ARepeatOfZeroIssuesNothing) {
  Builder b;
  b.image(east, 0, 0, splat(1));
  Instruction repeat;
  repeat.opcode = Opcode::Repeat;
  b.program.chips[0].queues[b.number(memRead(east, 0))] = {read(0, 0), repeat,
                                                           read(0, 1)};
  b.expectCycles(3); // Reads in 0 and 1, the second on its stream in 2.
}

TEST(Queue, RepeatsWithoutAnInstructionOrPastTheEnd) {
  Builder b;
  b.image(east, 0, 0, splat(1));
  Instruction repeat;
  repeat.opcode = Opcode::Repeat;
  repeat.count = 1;
  auto &text = b.program.chips[0].queues[b.number(memRead(east, 0))];
  Queue queue = memRead(east, 0);
  text = {repeat};
  b.expectFault(FaultKind::BadRepeat, 0, queue, 0);
  text = {read(0, 0), nop(2), repeat};
  b.expectFault(FaultKind::BadRepeat, 3, queue, 2);
  text = {read(0, 0), repeat, repeat};
  b.expectFault(FaultKind::BadRepeat, 2, queue, 2);
  repeat.distance = 0;
  text = {read(0, 0), repeat};
  b.expectFault(FaultKind::QueueConflict, 0, queue, 1);
  repeat.count = repeat.distance = 1u << 16; // 2^32 cycles.
  text = {read(0, 0), repeat};
  b.expectFault(FaultKind::BadRepeat, 1, queue, 1);
  text = {nop(1u << 31), read(0, 0)};
  b.expectFault(FaultKind::PastLimit, int64_t(1) << 31, queue, 1);
}

TEST(Queue, TheFirstFaultIsOfTheEarliestCycleThenTheLowestQueue) {
  Builder b;
  b.at(3, memRead(west, 1), read(0, 0));
  b.at(2, memWrite(east, 0), write(0, 0, 0));
  b.at(2, memRead(east, 5), read(0, 0));
  b.program.nodes = {"/a", "/b"};
  b.program.provenance.resize(1);
  b.program.provenance[0].nodes[b.number(memRead(east, 5))] = {-1, 1};
  SimResult result = b.run();
  ASSERT_TRUE(result.fault);
  EXPECT_EQ(result.fault->text(),
            "chip 0, east mem 5 read, cycle 2, instruction 1, node '/b': read "
            "of a word never written: read: word 0 was never written");
}

TEST(Queue, WhatDoesNotExistIsRefused) {
  Builder b;
  auto &text = b.program.chips[0].queues[b.number(memRead(east, 0))];
  for (Opcode opcode : {Opcode::Write, Opcode::Activate, Opcode::Sync,
                        Opcode::IFetch, Opcode(200)}) {
    Instruction inst = read(0, 0);
    inst.opcode = opcode;
    text = {inst};
    b.expectFault(FaultKind::NoSuchInstruction, 0, memRead(east, 0), 0);
  }
}

TEST(Queue, BadProgramsAreNotLoaded) {
  Builder b;
  b.image(east, 9, 0, splat(1)); // Slices are 0-7.
  EXPECT_FALSE(Simulator::create(b.program));
  Builder c;
  c.image(east, 0, 127, splat(1, 2)); // Words are 0-127.
  EXPECT_FALSE(Simulator::create(c.program));
  Builder d;
  d.program.chips[0].queues[250] = {};
  EXPECT_FALSE(Simulator::create(d.program));
}

} // namespace
