// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program of one copy through the simulator: inputs in, outputs and cycles
// out, faults as errors.

#include "weft/Runtime/Run.h"

#include <gtest/gtest.h>

using namespace weft;

namespace {
/// y = x, int8[32], from word 0 of east slice 0 to word 0 of east slice 2 on
/// tsp-mini, where slices 0 and 2 are at positions 1 and 2.
Program copyProgram() {
  Program program;
  program.machine = *machinePreset("tsp-mini");
  program.chips.resize(1);
  auto tensor = [](const char *name, uint8_t slice) {
    TensorBinding binding;
    binding.name = name;
    binding.type = TensorType::I8;
    binding.shape = {32};
    Placement place;
    place.storage = DataType::I8;
    place.layout.dims = {{{32, 1, 0, 0}}};
    place.layout.words = 1;
    place.planes = {{Hemisphere::East, slice, 0}};
    binding.copies = {place};
    return binding;
  };
  program.inputs = {tensor("x", 0)};
  program.outputs = {tensor("y", 2)};

  int reader =
      queueNumber(program.machine, {Unit::MemRead, Hemisphere::East, 0});
  int writer =
      queueNumber(program.machine, {Unit::MemWrite, Hemisphere::East, 2});
  // Issued in cycle 0, the read drives (1, 1), which is at position 2 in 2.
  Instruction read;
  read.opcode = Opcode::Read;
  read.stream = 0;
  Instruction wait;
  wait.opcode = Opcode::Nop;
  wait.count = 2;
  Instruction write;
  write.opcode = Opcode::Write;
  write.operands[0].kind = Operand::Kind::Stream;
  write.operands[0].stream = 0;
  write.producers[0] = uint8_t(reader);
  program.chips[0].queues[reader] = {read};
  program.chips[0].queues[writer] = {wait, write};
  return program;
}

NamedTensor input() {
  NamedTensor x{"x", zeros(TensorType::I8, {32})};
  for (int i = 0; i < 32; ++i)
    x.tensor.setInteger(i, 3 * i - 40);
  return x;
}
} // namespace

TEST(Run, CopiesInThreeCycles) {
  Program program = copyProgram();
  int issues = 0;
  RunOptions options;
  options.trace = [&](const IssueEvent &) { ++issues; };
  auto result = runProgram(program, {input()}, options);
  ASSERT_TRUE(result) << result.error().message;
  EXPECT_EQ(result->simulation.cycles, 3); // The write is in cycle 2.
  ASSERT_EQ(result->outputs.size(), 1u);
  EXPECT_EQ(result->outputs[0].name, "y");
  EXPECT_EQ(result->outputs[0].tensor, input().tensor);
  EXPECT_EQ(issues, 2);
}

TEST(Run, FaultsAreErrors) {
  Program program = copyProgram();
  for (auto &[number, queue] : program.chips[0].queues)
    if (queue[0].opcode == Opcode::Nop)
      queue[0].count = 3; // A cycle late: the value has moved on.
  auto result = runProgram(program, {input()});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::MachineFault);
}

TEST(Run, InputsAreCheckedFirst) {
  auto result = runProgram(copyProgram(), {});
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().kind, ErrorKind::Invalid);
}
