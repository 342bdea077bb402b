// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Streams: not driven, driven by another, replaced on the way, two drivers,
// out of range, misaligned.

#include "Programs.h"

namespace weft::test {
namespace {

using verify::FaultKind;

TEST(StreamFault, NotDriven) {
  Assembler a = workedExample();
  // x leaves MEM 4 a cycle late: at x = 6 from 16 on.
  a[memRead(east, 4)][0] = nop(12);
  expectFault(a, FaultKind::StreamNotDriven, activate(east, 0), 15, 1);
}

TEST(StreamFault, BurstEndsTooSoon) {
  Assembler a = workedExample();
  a[memRead(east, 4)][2] = repeat(2, 1, 1);
  // The fourth abc is instruction 1, repeated.
  expectFault(a, FaultKind::StreamNotDriven, activate(east, 0), 18, 1);
}

TEST(StreamFault, DrivenByAnotherThanNamed) {
  Assembler a = workedExample();
  a[activate(east, 0)][1] = a.abc(4, memRead(east, 4), memRead(east, 3));
  expectFault(a, FaultKind::WrongProducer, activate(east, 0), 15, 1);
}

TEST(StreamFault, ReplacedBeforeItsReader) {
  Assembler a = workedExample();
  a.image(east, 6, 0, 1);
  // MEM 6 at x = 4 drives stream 4 in 13, where x's first byte passes that
  // MEM 4 at x = 3 drove in 12; it is at x = 6 in 15.
  a[memRead(east, 6)] = {nop(12), read(0, 4)};
  expectFault(a, FaultKind::WrongProducer, activate(east, 0), 15, 1);
  // Another stream harms nobody.
  a[memRead(east, 6)] = {nop(12), read(0, 6)};
  expectCycles(a.program, 65);
}

TEST(StreamFault, DrivingOverAValueThatIsReadBeforeIsAllowed) {
  // MEM 0 (x = 1) reads in 0: at x = 1 in 1, x = 2 in 2, x = 3 in 3. MEM 2
  // takes it at x = 2; MEM 4 at x = 3 drives over it and MEM 6 takes that at
  // x = 4 in 4.
  Assembler a;
  a.image(east, 0, 0, 1);
  a.image(east, 4, 0, 1);
  a[memRead(east, 0)] = {read(0, 7)};
  a[memRead(east, 4)] = {nop(2), read(0, 7)};
  a[memWrite(east, 2)] = {nop(2), a.write(0, 7, memRead(east, 0))};
  a[memWrite(east, 6)] = {nop(4), a.write(0, 7, memRead(east, 4))};
  expectCycles(a.program, 5);
  // MEM 4 itself, at x = 3 in 3, already sees its own value.
  a[memWrite(east, 4)] = {nop(3), a.write(bank1, 7, memRead(east, 0))};
  expectFault(a, FaultKind::WrongProducer, memWrite(east, 4), 3, 1);
}

TEST(StreamFault, WestwardValuesPassTheVxm) {
  // East MEM 0 at x = 1 drives in 1; west MEM 1 at x = -1 takes it in 3.
  Assembler a;
  a.image(east, 0, 0, 1);
  a[memRead(east, 0)] = {read(0, westward + 5)};
  a[memWrite(west, 1)] = {nop(3), a.write(0, westward + 5, memRead(east, 0))};
  expectCycles(a.program, 4);
  // A writer on the other side of the driver sees nothing.
  a[memWrite(east, 2)] = {a.write(0, westward + 5, memRead(east, 0))};
  expectFault(a, FaultKind::StreamNotDriven, memWrite(east, 2), 0, 0);
}

TEST(StreamFault, TwoDrivers) {
  Assembler a = workedExample();
  a.image(east, 5, 0, 4);
  // MEM 4 and MEM 5 share x = 3.
  a[memRead(east, 5)][1] = read(0, 4);
  // MEM 5 drives second; what abc finds on stream 5 comes later.
  expectFault(a, FaultKind::TwoDrivers, memRead(east, 5), 12, 1);
}

TEST(StreamFault, OutOfRange) {
  Assembler a = workedExample();
  a[memRead(east, 0)][0].stream = 64;
  expectFault(a, FaultKind::OutOfRange, memRead(east, 0), 0, 0);

  Assembler b = workedExample();
  b[alu(0)][1].result = 64;
  expectFault(b, FaultKind::OutOfRange, alu(0), 53, 1);
}

TEST(StreamFault, MatrixTakesOutwardAndDrivesInwardStreams) {
  Assembler a = workedExample();
  a[activate(east, 0)][1].operands[0].stream = westward + 4;
  expectFault(a, FaultKind::OutOfRange, activate(east, 0), 15, 1);

  Assembler b = workedExample();
  b[accumulate(east, 0)][1].result = 0;
  expectFault(b, FaultKind::OutOfRange, accumulate(east, 0), 47, 1);

  Assembler c = workedExample();
  c[accumulate(east, 0)][1].result = -1;
  expectFault(c, FaultKind::UnknownInstruction, accumulate(east, 0), 47, 1);
}

TEST(StreamFault, GroupsAreAlignedOnTheirWidth) {
  Assembler a = workedExample();
  a[activate(east, 0)][1].operands[0].stream = 5; // fp16: even streams.
  expectFault(a, FaultKind::Misaligned, activate(east, 0), 15, 1);

  Assembler b = workedExample();
  b[accumulate(east, 0)][1].result = westward + 2; // fp32: multiples of 4.
  expectFault(b, FaultKind::Misaligned, accumulate(east, 0), 47, 1);

  Assembler c = workedExample();
  c[alu(0)][1].operands[0].stream = westward + 1;
  expectFault(c, FaultKind::Misaligned, alu(0), 53, 1);

  Assembler d = workedExample();
  d[weights(east, 0)][1].stream = 2; // lw: groups of four streams.
  expectFault(d, FaultKind::Misaligned, weights(east, 0), 6, 1);
}

} // namespace
} // namespace weft::test
