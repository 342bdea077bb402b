// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Numbers, names and positions of queues, and properties of opcodes.

#include "weft/Machine/Instruction.h"

#include <gtest/gtest.h>
#include <set>

using namespace weft;

namespace {

TEST(Queue, NumbersAreDense) {
  for (const std::string &name : machinePresetNames()) {
    Machine m = *machinePreset(name);
    std::set<std::string> names;
    for (int n = 0; n < queueCount(m); ++n) {
      std::optional<Queue> queue = queueOfNumber(m, n);
      ASSERT_TRUE(queue);
      EXPECT_EQ(queueNumber(m, *queue), n);
      EXPECT_TRUE(names.insert(queueName(*queue)).second);
    }
    EXPECT_FALSE(queueOfNumber(m, queueCount(m)));
    EXPECT_FALSE(queueOfNumber(m, -1));
  }
}

TEST(Queue, CountsAndOrder) {
  Machine m = *machinePreset("tsp-v1");
  // 88 slices with two sides, 16 ALUs, 4 planes with three queues, and per
  // hemisphere 2 transposers, 4 distributors, a permuter, 8 links.
  EXPECT_EQ(queueCount(m), 2 * 88 + 16 + 3 * 4 + 2 * (2 + 4 + 1 + 8));
  EXPECT_EQ(queueNumber(m, {Unit::MemRead, Hemisphere::West, 0}), 0);
  EXPECT_EQ(queueNumber(m, {Unit::MemRead, Hemisphere::East, 0}), 44);
  EXPECT_EQ(queueNumber(m, {Unit::MemWrite, Hemisphere::West, 0}), 88);
  EXPECT_EQ(queueNumber(m, {Unit::Alu, Hemisphere::West, 5}), 181);
  EXPECT_EQ(queueNumber(m, {Unit::MxmWeights, Hemisphere::East, 1}), 195);
  EXPECT_EQ(queueNumber(m, {Unit::Link, Hemisphere::East, 7}), 233);
  EXPECT_EQ(queueNumber(m, {Unit::Alu, Hemisphere::East, 0}), -1);
  EXPECT_EQ(queueNumber(m, {Unit::MemRead, Hemisphere::West, 44}), -1);
}

TEST(Queue, NamesAndPositions) {
  Machine m = *machinePreset("tsp-v1");
  auto at = [&](Unit unit, Hemisphere h, uint8_t i) {
    return queueName({unit, h, i}) + " at " +
           std::to_string(queuePosition(m, {unit, h, i}));
  };
  const auto west = Hemisphere::West, east = Hemisphere::East;
  EXPECT_EQ(at(Unit::MemRead, west, 3), "west mem 3 read at -1");
  EXPECT_EQ(at(Unit::MemWrite, east, 4), "east mem 4 write at 2");
  EXPECT_EQ(at(Unit::Alu, west, 5), "alu 5 at 0");
  EXPECT_EQ(at(Unit::MxmAccumulate, east, 0), "east mxm 0 acc at 13");
  EXPECT_EQ(at(Unit::Transposer, west, 1), "west sxm transposer 1 at -12");
  EXPECT_EQ(at(Unit::Link, east, 2), "east link 2 at 12");
}

TEST(Opcode, OperandsAndLatencies) {
  Machine m = *machinePreset("tsp-v1");
  EXPECT_EQ(aluOperandCount(Opcode::Fma), 3);
  EXPECT_EQ(aluOperandCount(Opcode::CompareGe), 2);
  EXPECT_EQ(aluOperandCount(Opcode::Convert), 1);
  EXPECT_EQ(aluOperandCount(Opcode::Read), 0);
  EXPECT_EQ(aluLatency(m, Opcode::Mul), 3);
  EXPECT_EQ(aluLatency(m, Opcode::Floor), 3);
  for (Opcode op : {Opcode::Div, Opcode::Exp, Opcode::Log, Opcode::Tanh,
                    Opcode::Sqrt, Opcode::Rsqrt, Opcode::Sin, Opcode::Cos})
    EXPECT_EQ(aluLatency(m, op), 6) << opcodeName(op);
  EXPECT_FALSE(isAluOpcode(Opcode::Scatter));
  EXPECT_TRUE(isAluOpcode(Opcode::Copy));
  EXPECT_TRUE(isAluOpcode(Opcode::Cos));
  EXPECT_FALSE(isAluOpcode(Opcode::LoadWeights));
  std::set<std::string_view> names;
  for (int i = 0; i < opcodeCount; ++i)
    EXPECT_TRUE(names.insert(opcodeName(Opcode(i))).second);
  EXPECT_EQ(opcodeName(Opcode::LoadWeightsPair), "lw.pair");
  EXPECT_EQ(opcodeName(Opcode::Cos), "cos");
  EXPECT_EQ(opcodeName(Opcode::Deskew), "deskew");
  EXPECT_EQ(opcodeName(Opcode(200)), "unknown");
}

} // namespace
