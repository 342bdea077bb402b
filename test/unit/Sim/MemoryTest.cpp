// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory slices and streams: when values are where.

#include "Programs.h"

using namespace weft;
using namespace weft::test;

namespace {

TEST(Memory, CopiesAcrossTheChip) {
  // MEM 7 west is at -4, MEM 6 east at +4. Read in 0: on its stream at
  // (-4, 1), eight hops later (4, 9); a write issued in 9 ends it at 10.
  Builder b;
  b.image(west, 7, 5, lanes([](int i) { return 3 * i; }));
  b.at(0, memRead(west, 7), read(5, 9));
  b.at(9, memWrite(east, 6), write(100, 9, b.number(memRead(west, 7))));
  b.expectCycles(10);
  EXPECT_EQ(b.word(east, 6, 100), lanes([](int i) { return 3 * i; }));
}

TEST(Memory, AWrittenWordIsReadableInTheNextCycle) {
  // MEM 0 and 1 are both at 1: read in 0, on the stream at (1, 1), written in
  // 1, read in 2, at (1, 3), written in 3.
  Builder b;
  b.image(east, 0, 0, splat(7));
  b.at(0, memRead(east, 0), read(0, 0));
  b.at(1, memWrite(east, 1), write(3, 0, b.number(memRead(east, 0))));
  b.at(2, memRead(east, 1), read(3, 1));
  b.at(3, memWrite(east, 0), write(1, 1, b.number(memRead(east, 1))));
  b.expectCycles(4);
  EXPECT_EQ(b.word(east, 0, 1), splat(7));
}

TEST(Memory, ManyReadersSeeOneValueAndALaterDriverReplacesIt) {
  // MEM 0 (hop 1) drives (1, 1). MEM 2 (hop 2) takes it at 2 and drives
  // (3, ...) not at all; MEM 4 (hop 3) drives over it at (3, 3).
  Builder b;
  int first = b.number(memRead(east, 0)), second = b.number(memRead(east, 4));
  b.image(east, 0, 0, splat(1)).image(east, 4, 0, splat(2));
  b.at(0, memRead(east, 0), read(0, 6));
  b.at(2, memRead(east, 4), read(0, 6));
  b.at(2, memWrite(east, 2), write(64, 6, first));
  b.at(2, memWrite(east, 3), write(64, 6, first));
  b.at(3, memWrite(east, 4), write(64, 6, second));
  b.at(4, memWrite(east, 6), write(64, 6, second));
  b.expectCycles(5);
  EXPECT_EQ(b.word(east, 2, 64), splat(1));
  EXPECT_EQ(b.word(east, 3, 64), splat(1));
  EXPECT_EQ(b.word(east, 4, 64), splat(2));
  EXPECT_EQ(b.word(east, 6, 64), splat(2));
}

TEST(Memory, AReadThatNobodyTakesLandsInTheNextCycle) {
  // Issued in 4, on its stream in 5: six cycles.
  Builder b;
  b.image(east, 0, 0, splat(1));
  b.at(4, memRead(east, 0), read(0, 0));
  b.expectCycles(6);
}

TEST(Memory, GathersAWordPerSuperlane) {
  // Table of four words in MEM 2 at 10, word r = 16 r + lane % 16. The map
  // asks for row 3 in superlane 0 and row 1 in superlane 1. Map bytes in MEM 0
  // and 1: on streams 2, 3 at (1, 1), at hop 2 in 2. Result at (2, 3), at hop
  // 3 in 4.
  Builder b;
  Bytes table;
  for (int r = 0; r < 4; ++r)
    for (int i = 0; i < 32; ++i)
      table.push_back(uint8_t(16 * r + i % 16));
  b.image(east, 2, 10, table);
  b.image(east, 0, 0, lanes([](int i) { return i < 16 ? 3 : 1; }));
  b.image(east, 1, 0, splat(0));
  b.at(0, memRead(east, 0), read(0, 2)).at(0, memRead(east, 1), read(0, 3));
  Instruction gather = read(10, 8);
  gather.opcode = Opcode::Gather;
  gather.length = 4;
  gather.operands[0] = stream(2);
  gather.producers[0] = uint8_t(b.number(memRead(east, 0)));
  gather.producers[1] = uint8_t(b.number(memRead(east, 1)));
  b.at(2, memRead(east, 2), gather);
  b.at(4, memWrite(east, 4), write(0, 8, b.number(memRead(east, 2))));
  b.expectCycles(5);
  EXPECT_EQ(b.word(east, 4, 0),
            lanes([](int i) { return i < 16 ? 48 + i : 16 + i % 16; }));

  // One row fewer, and superlane 0 asks past the end.
  gather.length = 3;
  b.program.chips[0].queues[b.number(memRead(east, 2))].back() = gather;
  b.expectFault(FaultKind::OutOfRange, 2, memRead(east, 2), 1);
}

TEST(Memory, ScattersPerSuperlaneAndSkips) {
  // Data on stream 0 and the map on 2, 3, all at (1, 1), at hop 2 in 2.
  // Superlane 0 goes to word 20 + 1; superlane 1 says 0xFFFF.
  Builder b;
  b.image(east, 2, 20, splat(9, 2));
  b.image(west, 0, 0, splat(5));
  b.image(east, 0, 0, lanes([](int i) { return i < 16 ? 1 : 0xFF; }));
  b.image(east, 1, 0, lanes([](int i) { return i < 16 ? 0 : 0xFF; }));
  // From -1, two hops earlier than from 1: read in 0 is at (1, 3).
  b.at(0, memRead(west, 0), read(0, 0));
  b.at(2, memRead(east, 0), read(0, 2)).at(2, memRead(east, 1), read(0, 3));
  Instruction scatter = write(20, 0, b.number(memRead(west, 0)));
  scatter.opcode = Opcode::Scatter;
  scatter.length = 2;
  scatter.operands[1] = stream(2);
  scatter.producers[4] = uint8_t(b.number(memRead(east, 0)));
  scatter.producers[5] = uint8_t(b.number(memRead(east, 1)));
  b.at(4, memWrite(east, 2), scatter);
  b.expectCycles(5);
  EXPECT_EQ(b.word(east, 2, 20), splat(9));
  EXPECT_EQ(b.word(east, 2, 21), lanes([](int i) { return i < 16 ? 5 : 9; }));
}

TEST(Memory, InputsCountAsWritten) {
  Builder b;
  b.at(0, memRead(east, 0), read(3, 0));
  b.expectFault(FaultKind::UnwrittenRead, 0, memRead(east, 0), 0);
  ASSERT_TRUE(b.simulator->write(0, east, 0, 3, splat(4)));
  EXPECT_FALSE(b.simulator->run()->fault);
  // Half a word, a word beyond the end, a chip that is not there.
  EXPECT_FALSE(b.simulator->write(0, east, 0, 3, Bytes(16)));
  EXPECT_FALSE(b.simulator->write(0, east, 0, 127, splat(4, 2)));
  EXPECT_FALSE(b.simulator->write(1, east, 0, 3, splat(4)));
}

} // namespace
