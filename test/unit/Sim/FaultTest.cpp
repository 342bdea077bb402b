// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Faults of streams and banks; those of queues, matrix units, switches and
// links are beside the units' own tests.

#include "Programs.h"

using namespace weft;
using namespace weft::test;

namespace {

TEST(Fault, AStreamWithoutAValue) {
  // Read in 0: at (2, 2), and no longer at 3.
  Builder b;
  b.image(east, 0, 0, splat(1));
  b.at(0, memRead(east, 0), read(0, 0));
  b.at(3, memWrite(east, 2), write(0, 0, b.number(memRead(east, 0))));
  b.expectFault(FaultKind::StreamNotDriven, 3, memWrite(east, 2), 1);
}

TEST(Fault, AStreamThatFlowsTheOtherWay) {
  Builder b;
  b.image(east, 0, 0, splat(1));
  b.at(0, memRead(east, 0), read(0, 32));
  b.at(2, memWrite(east, 2), write(0, 32, b.number(memRead(east, 0))));
  b.expectFault(FaultKind::StreamNotDriven, 2, memWrite(east, 2), 1);
}

TEST(Fault, AValueReplacedOnItsWay) {
  // MEM 2 at hop 2 drives over MEM 0's value at (2, 2).
  Builder b;
  b.image(east, 0, 0, splat(1)).image(east, 2, 0, splat(2));
  b.at(0, memRead(east, 0), read(0, 0));
  b.at(1, memRead(east, 2), read(0, 0));
  b.at(3, memWrite(east, 4), write(0, 0, b.number(memRead(east, 0))));
  b.expectFault(FaultKind::StreamWrongProducer, 3, memWrite(east, 4), 1);
}

TEST(Fault, TwoDriversAtOnePlaceAndTime) {
  // MEM 0 and 1 share hop 1; both drive stream 0 there in 4.
  Builder b;
  b.image(east, 0, 0, splat(1)).image(east, 1, 0, splat(2));
  b.at(3, memRead(east, 0), read(0, 0));
  b.at(3, memRead(east, 1), read(0, 0));
  b.expectFault(FaultKind::TwoDrivers, 4, memRead(east, 1), 1);
}

TEST(Fault, AReadAndAWriteInOneBank) {
  // Words 0-63 are bank 0. The write in 2 at hop 1 of what was read in 0 west.
  Builder b;
  b.image(west, 0, 0, splat(1)).image(east, 0, 0, splat(2));
  b.at(0, memRead(west, 0), read(0, 0));
  b.at(3, memRead(east, 0), read(0, 1));
  b.at(3, memWrite(east, 0), write(63, 0, b.number(memRead(west, 0))));
  b.expectFault(FaultKind::BankConflict, 3, memWrite(east, 0), 1);

  Builder other; // The same with word 64: the other bank.
  other.image(west, 0, 0, splat(1)).image(east, 0, 0, splat(2));
  other.at(0, memRead(west, 0), read(0, 0));
  other.at(3, memRead(east, 0), read(0, 1));
  other.at(3, memWrite(east, 0), write(64, 0, other.number(memRead(west, 0))));
  other.expectCycles(5);
}

TEST(Fault, AddressesStepOutOfRange) {
  Builder b;
  b.image(east, 0, 0, splat(1, 3));
  b.at(0, memRead(east, 0), read(2, 0)).repeat(memRead(east, 0), 5, 1, -1);
  b.expectFault(FaultKind::OutOfRange, 3, memRead(east, 0), 0);
  Builder c;
  c.at(0, memRead(east, 0), read(128, 0));
  c.expectFault(FaultKind::OutOfRange, 0, memRead(east, 0), 0);
}

TEST(Fault, StreamsMustExist) {
  Builder b;
  b.image(east, 0, 0, splat(1));
  b.at(0, memRead(east, 0), read(0, 64));
  b.expectFault(FaultKind::OutOfRange, 0, memRead(east, 0), 0);
}

TEST(Fault, ReservedSlicesAreNotForPrograms) {
  Builder b;
  b.program.machine.reserved = {{east, 3}};
  b.at(0, memRead(east, 3), read(0, 0));
  b.expectFault(FaultKind::OutOfRange, 0, memRead(east, 3), 0);
}

} // namespace
