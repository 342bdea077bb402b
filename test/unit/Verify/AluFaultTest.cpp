// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The VXM: chained operands in the one cycle in which they exist, operands and
// types that an operation does not have.

#include "Programs.h"

namespace weft::test {
namespace {

using verify::FaultKind;

/// A byte of MEM 0 (east, x = 1, westward) is at the VXM in 2; `first` in ALU
/// 0 takes it there, and ALU 1 copies ALU 0's result in `cycle`.
Assembler chain(Opcode first, DataType type, int cycle) {
  Assembler a;
  a.image(east, 0, 0, 1);
  a[memRead(east, 0)] = {read(0, westward)};
  Instruction head = a.unary(first, DataType::I8, westward, memRead(east, 0),
                             DataType::I8, -1);
  Instruction tail;
  tail.opcode = Opcode::Copy;
  tail.operands[0].kind = Operand::Kind::Alu;
  tail.operands[0].alu = 0;
  tail.result = 0;
  if (type != DataType::I8) {
    // A wider operand as an immediate: only the time matters.
    head.type = head.resultType = tail.type = tail.resultType = type;
    head.operands[0] = {};
    head.operands[0].kind = Operand::Kind::Immediate;
  }
  a[alu(0)] = {nop(2), head};
  a[alu(1)] = {nop(cycle), tail};
  return a;
}

TEST(AluFault, ChainedOperand) {
  // d = 3: taken in 5, on a stream in 5 + 4 + 3 = 12.
  expectCycles(chain(Opcode::Copy, DataType::I8, 5).program, 13);
  expectFault(chain(Opcode::Copy, DataType::I8, 4), FaultKind::ChainedOperand,
              alu(1), 4, 1);
  expectFault(chain(Opcode::Copy, DataType::I8, 6), FaultKind::ChainedOperand,
              alu(1), 6, 1);
}

TEST(AluFault, TranscendentalsTakeTwiceAsLong) {
  // d = 6: taken in 8, on a stream in 8 + 4 + 3 = 15.
  expectCycles(chain(Opcode::Exp, DataType::F32, 8).program, 16);
  expectFault(chain(Opcode::Exp, DataType::F32, 5), FaultKind::ChainedOperand,
              alu(1), 5, 1);
}

TEST(AluFault, TwoResultsInOneCycle) {
  // exp in 2 and copy in 5 both have their results in 8.
  Assembler a = chain(Opcode::Exp, DataType::F32, 8);
  Instruction copy = a[alu(0)][1];
  copy.opcode = Opcode::Copy;
  a[alu(0)] = {nop(2), a[alu(0)][1], nop(2), copy};
  expectFault(a, FaultKind::ChainedOperand, alu(1), 8, 1);
}

TEST(AluFault, ChainedOperandOfAnotherWidth) {
  Assembler a = chain(Opcode::Copy, DataType::I8, 5);
  a[alu(1)][1].type = a[alu(1)][1].resultType = DataType::I16;
  expectFault(a, FaultKind::ChainedOperand, alu(1), 5, 1);
}

TEST(AluFault, OwnResultAsOperand) {
  // A running sum: each addition takes its own result of 3 cycles before.
  Assembler a = chain(Opcode::Copy, DataType::I8, 5);
  a[alu(0)] = {nop(2), a[alu(0)][1], nop(2), a[alu(1)][1], repeat(2, 3)};
  a[alu(1)].clear();
  // Issues in 5, 8, 11; the last drives in 11 + 4 + 3.
  expectCycles(a.program, 19);
  a[alu(0)].back() = repeat(2, 2);
  expectFault(a, FaultKind::ChainedOperand, alu(0), 7, 3);
}

TEST(AluFault, OperandsAndTypesThatDoNotExist) {
  Assembler a = chain(Opcode::Copy, DataType::I8, 5);
  a[alu(1)][1].operands[0].alu = 16;
  expectFault(a, FaultKind::OutOfRange, alu(1), 5, 1);

  Assembler b = chain(Opcode::Add, DataType::I8, 5); // One operand of two.
  expectFault(b, FaultKind::UnknownInstruction, alu(0), 2, 1);

  Assembler c = chain(Opcode::Exp, DataType::I32, 8);
  expectFault(c, FaultKind::UnknownInstruction, alu(0), 2, 1);

  Assembler d = chain(Opcode::Copy, DataType::I8, 5);
  d[alu(0)][1].resultType = DataType::I32; // Only conversions change types.
  expectFault(d, FaultKind::UnknownInstruction, alu(0), 2, 1);

  Assembler e = chain(Opcode::Copy, DataType::I8, 5);
  e[alu(0)][1].type = DataType(9);
  expectFault(e, FaultKind::UnknownInstruction, alu(0), 2, 1);
}

} // namespace
} // namespace weft::test
