// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// SXM units of tsp-mini's east side, at hop 5: they take eastward streams and
// drive westward ones (32-63).

#include "Programs.h"

using namespace weft;
using namespace weft::test;

namespace {

// MEM 0-7 stand at hops 1, 1, 2, 2, 3, 3, 4, 4: a read at 4 - hop + 1 of slice
// s is on its stream at hop 5 in cycle 6. Results drive hop 5 and are at MEM 7
// (hop 4) one cycle later.
int readCycle(int slice) { return 6 - 1 - (5 - (1 + slice / 2)); }

struct Switch : ::testing::Test {
  Builder b;
  Instruction inst;
  void source(int slice, int s, Bytes data) {
    b.image(east, slice, 0, std::move(data));
    b.at(readCycle(slice), memRead(east, slice), read(0, s));
  }
  int producer(int slice) { return b.number(memRead(east, slice)); }
  /// Issues in 6, driving after `latency`; written into MEM 7 one hop on.
  Bytes through(Unit kind, int latency) {
    Queue queue = unit(kind, east);
    b.at(6, queue, inst);
    b.at(6 + latency + 1, memWrite(east, 7), write(64, 32, b.number(queue)));
    b.expectCycles(6 + latency + 2);
    return b.word(east, 7, 64);
  }
};

TEST_F(Switch, Shifts) {
  source(0, 3, lanes([](int i) { return i + 1; }));
  inst.opcode = Opcode::Shift;
  inst.operands[0] = stream(3);
  inst.producers[0] = uint8_t(producer(0));
  inst.result = 32;
  inst.shift = 5;
  // Enter 4, shift 2 on tsp-mini.
  EXPECT_EQ(through(Unit::Permuter, 6),
            lanes([](int i) { return i < 5 ? 0 : i - 4; }));
}

TEST_F(Switch, Rotates) {
  source(0, 3, lanes([](int i) { return i; }));
  inst.opcode = Opcode::Shift;
  inst.operands[0] = stream(3);
  inst.producers[0] = uint8_t(producer(0));
  inst.result = 32;
  inst.shift = -3;
  inst.rotate = true;
  EXPECT_EQ(through(Unit::Permuter, 6),
            lanes([](int i) { return (i + 3) % 32; }));
}

TEST_F(Switch, Distributes) {
  source(0, 3, lanes([](int i) { return i + 100; }));
  inst.opcode = Opcode::Distribute;
  inst.operands[0] = stream(3);
  inst.producers[0] = uint8_t(producer(0));
  inst.result = 32;
  for (int i = 0; i < 16; ++i)
    inst.map[size_t(i)] = uint8_t(i == 0 ? 16 : 15 - i);
  // Enter 4, distribute 2. Within each superlane of 16.
  EXPECT_EQ(through(Unit::Distributor, 6), lanes([](int i) {
              return i % 16 == 0 ? 0 : 100 + i / 16 * 16 + 15 - i % 16;
            }));
}

TEST_F(Switch, Permutes) {
  source(0, 3, lanes([](int i) { return i * 2; }));
  source(1, 4, lanes([](int i) { return 31 - i; })); // Low bytes.
  source(2, 5, splat(0));
  inst.opcode = Opcode::Permute;
  inst.operands[0] = stream(3);
  inst.operands[1] = stream(4);
  inst.producers[0] = uint8_t(producer(0));
  inst.producers[4] = uint8_t(producer(1));
  inst.producers[5] = uint8_t(producer(2));
  inst.result = 32;
  EXPECT_EQ(through(Unit::Permuter, 6),
            lanes([](int i) { return (31 - i) * 2; }));
}

TEST_F(Switch, PermuteIndicesMustExist) {
  source(0, 3, splat(0));
  source(1, 4, splat(32));
  source(2, 5, splat(0));
  inst.opcode = Opcode::Permute;
  inst.operands[0] = stream(3);
  inst.operands[1] = stream(4);
  inst.producers[0] = uint8_t(producer(0));
  inst.producers[4] = uint8_t(producer(1));
  inst.producers[5] = uint8_t(producer(2));
  inst.result = 32;
  b.at(6, unit(Unit::Permuter, east), inst);
  b.expectFault(FaultKind::OutOfRange, 6, unit(Unit::Permuter, east), 1);
}

TEST_F(Switch, SelectsLanes) {
  source(0, 3, splat(1));
  source(1, 4, splat(2));
  inst.opcode = Opcode::SelectLanes;
  inst.operands[0] = stream(3);
  inst.operands[1] = stream(4);
  inst.producers[0] = uint8_t(producer(0));
  inst.producers[4] = uint8_t(producer(1));
  inst.shift = 10;
  inst.length = 4;
  inst.result = 32;
  // Lanes 10-13 of the second operand, the rest of the first.
  EXPECT_EQ(through(Unit::Permuter, 6),
            lanes([](int i) { return i >= 10 && i < 14 ? 2 : 1; }));
}

TEST_F(Switch, Transposes) {
  // Eight slices can feed 16 streams in one cycle from two sides: the west's
  // MEM s (hop -(1 + s / 2)) is 4 - readCycle earlier.
  for (int j = 0; j < 16; ++j) {
    Hemisphere h = j < 8 ? east : west;
    int slice = j % 8, hop = (h == east ? 1 : -1) * (1 + slice / 2);
    b.image(h, slice, 0, lanes([&](int i) { return 16 * (i % 16) + j; }));
    // On its stream at (hop, t + 1), at hop 5 in 20.
    b.at(20 - 1 - (5 - hop), memRead(h, slice), read(0, j));
    inst.producers[size_t(j)] = uint8_t(b.number(memRead(h, slice)));
  }
  inst.opcode = Opcode::Transpose;
  inst.result = 32;
  Queue queue = unit(Unit::Transposer, east, 1);
  b.at(20, queue, inst);
  // Enter 4, transpose 4: at hop 5 in 28, at hop 4 in 29. Stream 3 and 8.
  b.at(29, memWrite(east, 6), write(1, 32 + 3, b.number(queue)));
  b.at(29, memWrite(east, 7), write(1, 32 + 8, b.number(queue)));
  b.expectCycles(30);
  // Lane i of stream j is lane j of stream i: 16 j + i.
  EXPECT_EQ(b.word(east, 6, 1), lanes([](int i) { return 48 + i % 16; }));
  EXPECT_EQ(b.word(east, 7, 1), lanes([](int i) { return 128 + i % 16; }));
}

TEST_F(Switch, TakesOutwardAndDrivesInward) {
  source(0, 3, splat(1));
  inst.opcode = Opcode::Shift;
  inst.operands[0] = stream(3);
  inst.producers[0] = uint8_t(producer(0));
  inst.result = 4; // Eastward.
  b.at(6, unit(Unit::Permuter, east), inst);
  b.expectFault(FaultKind::OutOfRange, 6, unit(Unit::Permuter, east), 1);
}

} // namespace
