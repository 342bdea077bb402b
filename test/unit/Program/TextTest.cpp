// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Instructions as text and the cycles in which queues issue them.

#include "weft/Program/Text.h"

#include <gtest/gtest.h>

using namespace weft;

namespace {

TEST(Text, Instructions) {
  Machine m = *machinePreset("tsp-v1");
  Instruction in;
  in.opcode = Opcode::Read;
  in.address = 4096 + 12;
  in.stream = 33;
  EXPECT_EQ(instructionText(m, in), "read 1:0012 -> w1");

  in = {};
  in.opcode = Opcode::Fma;
  in.type = in.resultType = DataType::F32;
  in.operands[0] = {Operand::Kind::Stream, 4, 0, 0};
  in.operands[1] = {Operand::Kind::Alu, 0, 2, 0};
  in.operands[2] = {Operand::Kind::Immediate, 0, 0, 0x3f800000};
  in.result = 36;
  in.producers = {1, 1, 1, 1};
  EXPECT_EQ(instructionText(m, in),
            "fma f32 e4..7, alu 2, #0x3f800000 -> f32 w4..7");
  EXPECT_EQ(producersText(m, in), "from west mem 1 read");

  in = {};
  in.opcode = Opcode::Accumulate;
  in.type = DataType::F16;
  in.accumulate = AccumulateMode::AddEmit;
  in.address = 9;
  in.result = 32;
  EXPECT_EQ(instructionText(m, in), "acc f16 add.emit row 9 -> w0..3");
  EXPECT_EQ(producersText(m, in), "");

  // Whatever decodes has a text.
  for (int op = 0; op < opcodeCount; ++op) {
    in = {};
    in.opcode = Opcode(op);
    EXPECT_EQ(instructionText(m, in).find(opcodeName(in.opcode)), 0u);
  }
}

TEST(Text, IssueCycles) {
  // nop 11 waits 0..10; a read in 11, repeated three times every 2 cycles in
  // 13, 15, 17; the next issues in 18.
  Instruction nop, read, repeat;
  nop.count = 11;
  read.opcode = Opcode::Read;
  repeat.opcode = Opcode::Repeat;
  repeat.count = 3;
  repeat.distance = 2;
  std::vector<IssueSpan> spans = issueSpans({nop, read, repeat, read});
  auto span = [&](size_t i) {
    return std::pair(spans[i].first, spans[i].last);
  };
  EXPECT_EQ(span(0), std::pair(int64_t(0), int64_t(10)));
  EXPECT_EQ(span(1), std::pair(int64_t(11), int64_t(11)));
  EXPECT_EQ(span(2), std::pair(int64_t(13), int64_t(17)));
  EXPECT_EQ(span(3), std::pair(int64_t(18), int64_t(18)));

  repeat.count = repeat.distance = UINT32_MAX;
  spans = issueSpans({read, repeat, repeat, repeat, read});
  EXPECT_EQ(spans.back().first, int64_t(1) << 62);
}

} // namespace
