// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The worked example of docs/machine.md is without fault and takes 65 cycles;
// how a fault reads, predictions, outputs, and programs that cannot be
// followed.

#include "Programs.h"

namespace weft::test {
namespace {

using verify::FaultKind;

TEST(WorkedExample, Takes65Cycles) {
  // The last writes issue in 64.
  expectCycles(workedExample().program, 65);
  EXPECT_TRUE(bool(verifyProgram(workedExample().program)));
}

TEST(WorkedExample, CountsIssues) {
  Expected<verify::Result> result = followProgram(workedExample().program);
  ASSERT_TRUE(bool(result));
  // 4 * 8 reads of w, 2 * 4 of x, 8 lw, 1 iw, 4 each of abc, acc and convert,
  // 2 * 4 writes.
  EXPECT_EQ(result->issues, 32 + 8 + 8 + 1 + 12 + 8);
}

TEST(WorkedExample, FaultNamesChipUnitCycleInstructionAndNode) {
  Assembler a = workedExample();
  a[memRead(east, 4)][0] = nop(12);
  a.program.nodes = {"/encoder/MatMul"};
  a.program.provenance.resize(1);
  a.program.provenance[0].nodes[a.number(activate(east, 0))] = {-1, 0, 0};
  Status status = verifyProgram(a.program);
  ASSERT_FALSE(bool(status));
  EXPECT_EQ(status.error().kind, ErrorKind::MachineFault);
  EXPECT_EQ(status.error().message,
            "chip 0, east mxm 0 abc, cycle 15, instruction 1 (abc), node "
            "'/encoder/MatMul': stream not driven: stream 4 at position 6 "
            "should carry the value of east mem 4 read, but carries none");
}

TEST(WorkedExample, PredictedCyclesMustBeTrue) {
  Assembler a = workedExample();
  a.program.predictedCycles = 65;
  expectCycles(a.program, 65);
  a.program.predictedCycles = 66;
  Expected<verify::Result> result = followProgram(a.program);
  ASSERT_TRUE(result && result->fault);
  EXPECT_EQ(result->fault->kind, FaultKind::CyclesDiffer);
  EXPECT_EQ(result->fault->message,
            "the program takes 65 cycles, and 66 were predicted");
  expectCycles(a.program, 65, {.checkPrediction = false});
}

TEST(WorkedExample, OutputsMustBeWritten) {
  Assembler a = workedExample();
  a[memWrite(east, 1)].back() = repeat(2, 1, 1);
  Expected<verify::Result> result = followProgram(a.program);
  ASSERT_TRUE(result && result->fault);
  EXPECT_EQ(result->fault->kind, FaultKind::NeverWritten);
  EXPECT_EQ(result->fault->message,
            "word 67 of east mem 1, which holds output 'y'");
  expectCycles(a.program, 65, {.checkOutputs = false});
}

TEST(WorkedExample, EarliestFaultThenLowestQueueIsTold) {
  Assembler a = workedExample();
  // In cycle 61 both writes name ALU 1; MEM 0's queue comes first.
  a[memWrite(east, 0)][1] = a.write(bank1, 0, alu(1));
  a[memWrite(east, 1)][1] = a.write(bank1, 1, alu(1));
  expectFault(a, FaultKind::WrongProducer, memWrite(east, 0), 61, 1);
  // In cycle 53 the conversion reads a group that nobody drives.
  a[alu(0)][1].operands[0].stream = westward + 4;
  expectFault(a, FaultKind::StreamNotDriven, alu(0), 53, 1);
}

TEST(WorkedExample, ImagesAndPlacementsMustFit) {
  Assembler a = workedExample();
  a.image(east, 7, 121, 8); // 121 + 8 = 129 of 128 words.
  Expected<verify::Result> result = followProgram(a.program);
  ASSERT_FALSE(bool(result));
  EXPECT_EQ(result.error().kind, ErrorKind::Invalid);

  Assembler b = workedExample();
  b.program.inputs[0].copies[0].planes.pop_back();
  EXPECT_FALSE(bool(followProgram(b.program)));

  Assembler c = workedExample();
  c.program.machine.slices = 0;
  EXPECT_FALSE(bool(followProgram(c.program)));
}

TEST(WorkedExample, EmptyProgramTakesNoCycles) {
  expectCycles(Assembler().program, 0);
}

} // namespace
} // namespace weft::test
