// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Work and bounds of windows, on the worked example of docs/machine.md: lw in
// cycles 6-13 from 4 streams, abc in 15-18, convert in 53-56.

#include "WorkedExample.h"

#include "weft/Report/Phases.h"

using namespace weft;
using namespace weft::report;
using namespace weft::test;

TEST(Phases, PeaksOfTheMachine) {
  // docs/machine.md: 409,600 int8 or 102,400 fp16 multiply-adds a cycle, and
  // 64 streams of 320 bytes toward the MXMs.
  Peaks peaks = peaksOf(*machinePreset("tsp-v1"));
  EXPECT_EQ(peaks.multiplyAddsI8, 409'600);
  EXPECT_EQ(peaks.multiplyAddsF16, 102'400);
  EXPECT_EQ(peaks.bytes, 20'480);
  EXPECT_EQ(peaks.aluIssues, 16);
}

TEST(Phases, CountWorkInWindows) {
  Builder b = workedExample();
  Expected<ChipActivity> activity = followQueues(b.program, 0);
  ASSERT_TRUE(activity);
  // 13 cycles each: 0-12, 13-25, 26-38, 39-51, 52-64.
  std::vector<Phase> phases = phasesOf(b.program, *activity, 65, {}, 5);
  ASSERT_EQ(phases.size(), 5u);
  EXPECT_EQ(phases[4].begin, 52);
  EXPECT_EQ(phases[4].end, 65);
  // 7 of the 8 lw: 7 cycles * 4 streams * 32 bytes.
  EXPECT_EQ(phases[0].bytes, 7 * 4 * 32);
  EXPECT_EQ(phases[0].rowsF16, 0);
  // The last lw, and 4 rows of 2 streams; a tile of 16 x 32 for each row.
  EXPECT_EQ(phases[1].bytes, 4 * 32 + 4 * 2 * 32);
  EXPECT_EQ(phases[1].rowsF16, 4);
  EXPECT_EQ(phases[1].multiplyAddsF16, 4 * 16 * 32);
  EXPECT_EQ(phases[1].multiplyAddsI8, 0);
  EXPECT_EQ(phases[2].bytes, 0);
  EXPECT_EQ(phases[4].aluIssues, 4);
}

TEST(Phases, TheModelsMultiplyAddsAreSpreadOverRows) {
  Builder b = workedExample();
  Queue activate = unit(Unit::MxmActivate, east);
  b.program.nodes = {"/Other", "/MatMul"};
  b.program.provenance.resize(1);
  b.program.provenance[0].nodes[b.number(activate)] = {1, 1, 1};
  Expected<ChipActivity> activity = followQueues(b.program, 0);
  ASSERT_TRUE(activity);
  // 1000 over 4 rows, of which the first window has cycles 0-16: 15 and 16.
  std::vector<Phase> phases = phasesOf(b.program, *activity, 34, {77, 1000}, 2);
  EXPECT_EQ(phases[0].multiplyAddsF16, 500);
  EXPECT_EQ(phases[1].multiplyAddsF16, 500);
  EXPECT_EQ(phases[0].node, 1);
}

TEST(Phases, OneStreamForTwoPlanesCountsOnce) {
  Builder b;
  Instruction abc;
  abc.opcode = Opcode::Activate;
  abc.type = DataType::I8;
  abc.operands[0] = stream(4);
  for (int plane : {0, 1})
    b.at(7, unit(Unit::MxmActivate, east, plane), abc);
  Expected<ChipActivity> activity = followQueues(b.program, 0);
  ASSERT_TRUE(activity);
  Phase phase = phasesOf(b.program, *activity, 10, {}, 1)[0];
  EXPECT_EQ(phase.bytes, 32);
  EXPECT_EQ(phase.rowsI8, 2);
  EXPECT_EQ(phase.multiplyAddsI8, 2 * 32 * 32);
}

TEST(Phases, BoundIsTheLargestOfThree) {
  Peaks peaks = peaksOf(*machinePreset("tsp-v1"));
  Phase phase;
  phase.end = 100;
  phase.multiplyAddsF16 = 10 * 102'400;
  phase.multiplyAddsI8 = 5 * 409'600;
  phase.bytes = 12 * 20'480;
  phase.aluIssues = 14 * 16;
  EXPECT_EQ(boundOf(phase, peaks).cycles, 15); // 10 + 5
  EXPECT_STREQ(boundOf(phase, peaks).resource, "mxm");
  phase.bytes = 16 * 20'480;
  EXPECT_EQ(boundOf(phase, peaks).cycles, 16);
  EXPECT_STREQ(boundOf(phase, peaks).resource, "streams");
  phase.aluIssues = 17 * 16;
  EXPECT_EQ(boundOf(phase, peaks).cycles, 17);
  EXPECT_STREQ(boundOf(phase, peaks).resource, "vxm");
}

TEST(Phases, FewCyclesAreFewWindows) {
  Builder b;
  b.at(0, memRead(east, 0), read(0, 0));
  Expected<ChipActivity> activity = followQueues(b.program, 0);
  ASSERT_TRUE(activity);
  EXPECT_EQ(phasesOf(b.program, *activity, 3, {}, 32).size(), 3u);
  EXPECT_EQ(phasesOf(b.program, *activity, 0, {}, 32).size(), 1u);
}
