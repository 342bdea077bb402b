// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory: bank conflicts, words never written, addresses, gather and scatter,
// reserved slices.

#include "Programs.h"

namespace weft::test {
namespace {

using verify::FaultKind;

/// Word 0 of east MEM 0, read in 0, goes to bank 1 of MEM 2, one hop on.
Assembler copyOneWord() {
  Assembler a;
  a.image(east, 0, 0, 1);
  a[memRead(east, 0)] = {read(0, 0)};
  a[memWrite(east, 2)] = {nop(2), a.write(bank1, 0, memRead(east, 0))};
  return a;
}

TEST(MemoryFault, ReadAndWriteOfOneBankInOneCycle) {
  Assembler a = copyOneWord();
  expectCycles(a.program, 3);
  a.image(east, 2, 0, 1);
  a.image(east, 2, bank1 + 1, 1);
  // The other bank may be read while bank 1 is written.
  a[memRead(east, 2)] = {nop(2), read(0, 1)};
  expectCycles(a.program, 4); // Its value is driven in 3.
  a[memRead(east, 2)][1] = read(bank1 + 1, 1);
  expectFault(a, FaultKind::BankConflict, memWrite(east, 2), 2, 1);
}

TEST(MemoryFault, ReadOfAWordNeverWritten) {
  Assembler a = workedExample();
  a[memRead(east, 0)][0].address = 1; // Words 1-8; 8 is in no image.
  expectFault(a, FaultKind::NeverWritten, memRead(east, 0), 7, 0);
}

TEST(MemoryFault, WrittenWordIsReadableInTheNextCycle) {
  Assembler a = copyOneWord(); // Written in 2.
  a[memRead(east, 2)] = {nop(3), read(bank1, 1)};
  expectCycles(a.program, 5);
  a[memRead(east, 2)] = {nop(1), read(bank1, 1)};
  expectFault(a, FaultKind::NeverWritten, memRead(east, 2), 1, 1);
}

TEST(MemoryFault, InputsAndLookedUpRowsAreWritten) {
  Assembler a = workedExample();
  a.program.inputs.clear();
  expectFault(a, FaultKind::NeverWritten, memRead(east, 4), 11, 1);
  HostLookup lookup;
  lookup.copies = workedExample().program.inputs[0].copies;
  a.program.lookups = {lookup};
  expectCycles(a.program, 65);
}

TEST(MemoryFault, AddressOutOfRange) {
  Assembler a = copyOneWord();
  a[memRead(east, 0)] = {read(128, 0)};
  expectFault(a, FaultKind::OutOfRange, memRead(east, 0), 0, 0);

  // Strides lead below word 0 in the second issue.
  Assembler b = copyOneWord();
  b[memRead(east, 0)] = {read(0, 0), repeat(1, 5, -1)};
  expectFault(b, FaultKind::OutOfRange, memRead(east, 0), 5, 0);

  Assembler c = copyOneWord();
  c[memWrite(east, 2)] = {nop(2), c.write(128, 0, memRead(east, 0))};
  expectFault(c, FaultKind::OutOfRange, memWrite(east, 2), 2, 1);
}

/// An index pair from MEM 0, 1 (x = 1, driven in 1) reaches MEM 2 at x = 2 in
/// 2, which looks up a table of `length` words at `base`.
Assembler gatherProgram(int base, int length) {
  Assembler a;
  a.image(east, 0, 0, 1);
  a.image(east, 1, 0, 1);
  a.image(east, 2, 8, 4);
  a[memRead(east, 0)] = {read(0, 2)};
  a[memRead(east, 1)] = {read(0, 3)};
  Instruction gather;
  gather.opcode = Opcode::Gather;
  gather.stream = 7;
  gather.address = uint16_t(base);
  gather.length = uint16_t(length);
  a.take(gather, 0, 2, 2, memRead(east, 0));
  gather.producers[1] = uint8_t(a.number(memRead(east, 1)));
  a[memRead(east, 2)] = {nop(2), gather};
  return a;
}

TEST(MemoryFault, Gather) {
  // Issued in 2, drives in 3.
  expectCycles(gatherProgram(8, 4).program, 4);
  // Which word it takes is data, but one must hold something.
  expectFault(gatherProgram(16, 4), FaultKind::NeverWritten, memRead(east, 2),
              2, 1);
  // 60 + 8 words leave bank 0.
  expectFault(gatherProgram(60, 8), FaultKind::OutOfRange, memRead(east, 2), 2,
              1);
  expectFault(gatherProgram(8, 0), FaultKind::OutOfRange, memRead(east, 2), 2,
              1);
  Assembler a = gatherProgram(8, 4);
  a[memRead(east, 2)][1].operands[0].stream = 3;
  expectFault(a, FaultKind::Misaligned, memRead(east, 2), 2, 1);
}

TEST(MemoryFault, Scatter) {
  Assembler a = gatherProgram(8, 4);
  // The gathered value is at x = 4 in 5; an index pair from MEM 4, 5 (x = 3)
  // read in 3 is there in 5 too.
  a.image(east, 4, 0, 1);
  a.image(east, 5, 0, 1);
  a[memRead(east, 4)] = {nop(3), read(0, 2)};
  a[memRead(east, 5)] = {nop(3), read(0, 3)};
  Instruction scatter;
  scatter.opcode = Opcode::Scatter;
  scatter.address = 0;
  scatter.length = 16;
  a.take(scatter, 0, 7, 1, memRead(east, 2));
  a.take(scatter, 1, 2, 2, memRead(east, 4));
  scatter.producers[5] = uint8_t(a.number(memRead(east, 5)));
  a[memWrite(east, 6)] = {nop(5), scatter};
  expectCycles(a.program, 6);
  // Any word of the table may have been written.
  a[memRead(east, 6)] = {nop(6), read(15, 9)};
  expectCycles(a.program, 8);
  a[memWrite(east, 6)][1].length = 65;
  expectFault(a, FaultKind::OutOfRange, memWrite(east, 6), 5, 1);
}

TEST(MemoryFault, ReservedSlice) {
  Assembler a = copyOneWord();
  a.program.machine.reserved = {{east, 2}};
  expectFault(a, FaultKind::OutOfRange, memWrite(east, 2), 2, 1);
}

} // namespace
} // namespace weft::test
