// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Every opcode, with its fields drawn at random, goes through its 16 bytes
// unchanged; what they cannot tell is refused.

#include "weft/Program/Encoding.h"

#include <gtest/gtest.h>
#include <random>

using namespace weft;

namespace {

class Draw {
public:
  explicit Draw(uint32_t seed) : engine(seed) {}
  /// 0 to last.
  uint32_t upTo(uint32_t last) {
    return last == UINT32_MAX ? engine() : engine() % (last + 1);
  }
  bool coin() { return upTo(1) != 0; }

  Operand stream() {
    Operand operand;
    operand.kind = Operand::Kind::Stream;
    operand.stream = uint8_t(upTo(63));
    return operand;
  }
  Operand any(std::array<uint32_t, 2> immediates) {
    Operand operand;
    switch (upTo(3)) {
    case 1:
      return stream();
    case 2:
      operand.kind = Operand::Kind::Alu;
      operand.alu = uint8_t(upTo(63));
      return operand;
    case 3:
      operand.kind = Operand::Kind::Immediate;
      operand.immediate = immediates[upTo(1)];
      return operand;
    default:
      return operand;
    }
  }

  /// An instruction with every field that the opcode's encoding has.
  Instruction instruction(Opcode opcode) {
    Instruction in;
    in.opcode = opcode;
    if (opcode == Opcode::Nop || opcode == Opcode::Repeat) {
      in.count = upTo(UINT32_MAX);
      in.distance = upTo(UINT32_MAX);
      in.stride = int16_t(upTo(UINT16_MAX));
      return in;
    }
    in.result = int16_t(int(upTo(64)) - 1);
    if (opcode == Opcode::Distribute) {
      in.operands[0] = stream();
      for (uint8_t &lane : in.map)
        lane = uint8_t(upTo(16));
      return in;
    }
    in.type = DataType(upTo(4));
    in.resultType = DataType(upTo(4));
    if (isAluOpcode(opcode)) {
      std::array<uint32_t, 2> immediates = {upTo(UINT32_MAX), upTo(UINT32_MAX)};
      for (Operand &operand : in.operands)
        operand = any(immediates);
      return in;
    }
    in.accumulate = AccumulateMode(upTo(5));
    in.upper = coin();
    in.packed = coin();
    in.rotate = coin();
    in.stream = uint8_t(upTo(63));
    in.address = uint16_t(upTo(UINT16_MAX));
    in.length = uint16_t(upTo(UINT16_MAX));
    in.shift = int16_t(upTo(UINT16_MAX));
    for (Operand &operand : in.operands)
      if (coin())
        operand = stream();
    return in;
  }

private:
  std::mt19937 engine;
};

TEST(Encoding, EveryOpcodeRoundTrips) {
  Draw draw(1);
  for (int op = 0; op < opcodeCount; ++op)
    for (int i = 0; i < 200; ++i) {
      Instruction in = draw.instruction(Opcode(op));
      auto text = encode(in);
      ASSERT_TRUE(bool(text)) << text.error().message;
      Expected<Instruction> back = decode(*text);
      ASSERT_TRUE(bool(back)) << opcodeName(in.opcode);
      EXPECT_EQ(*back, in) << opcodeName(in.opcode);
    }
}

TEST(Encoding, ProducersAreNotText) {
  Instruction in;
  in.opcode = Opcode::Read;
  auto without = encode(in);
  in.producers.fill(7);
  auto with = encode(in);
  ASSERT_TRUE(without && with);
  EXPECT_EQ(*without, *with);
  EXPECT_EQ(decode(*with)->producers, (std::array<uint8_t, 16>{}));
}

TEST(Encoding, TwoImmediates) {
  Instruction in;
  in.opcode = Opcode::Fma;
  in.type = in.resultType = DataType::F32;
  for (Operand &operand : in.operands)
    operand = {Operand::Kind::Immediate, 0, 0, 5};
  EXPECT_TRUE(bool(encode(in)));
  in.operands[1].immediate = 6;
  EXPECT_TRUE(bool(encode(in)));
  in.operands[2].immediate = 7;
  auto text = encode(in);
  ASSERT_FALSE(bool(text));
  EXPECT_EQ(text.error().kind, ErrorKind::Invalid);
  EXPECT_NE(text.error().message.find("two immediates at most"),
            std::string::npos);
}

TEST(Encoding, WhatDoesNotFitIsRefused) {
  auto encodes = [](Opcode opcode, auto edit) {
    Instruction in;
    in.opcode = opcode;
    edit(in);
    return bool(encode(in));
  };
  EXPECT_TRUE(encodes(Opcode::Read, [](Instruction &in) { in.stream = 63; }));
  EXPECT_FALSE(encodes(Opcode::Read, [](Instruction &in) { in.stream = 64; }));
  EXPECT_FALSE(encodes(Opcode::Add, [](Instruction &in) { in.result = 64; }));
  EXPECT_FALSE(encodes(Opcode::Add, [](Instruction &in) { in.result = -2; }));
  EXPECT_FALSE(encodes(Opcode::Add, [](Instruction &in) {
    in.operands[0] = {Operand::Kind::Alu, 0, 64, 0};
  }));
  EXPECT_FALSE(encodes(Opcode::Write, [](Instruction &in) {
    in.operands[0] = {Operand::Kind::Immediate, 0, 0, 1};
  }));
  EXPECT_FALSE(
      encodes(Opcode::Distribute, [](Instruction &in) { in.map[3] = 17; }));
  EXPECT_FALSE(encodes(Opcode(opcodeCount), [](Instruction &) {}));
  // Fields that the opcode has not.
  EXPECT_FALSE(encodes(Opcode::Add, [](Instruction &in) { in.address = 1; }));
  EXPECT_FALSE(encodes(Opcode::Read, [](Instruction &in) { in.count = 1; }));
  EXPECT_FALSE(encodes(Opcode::Read, [](Instruction &in) { in.map[0] = 1; }));
  EXPECT_FALSE(encodes(Opcode::Nop, [](Instruction &in) { in.stream = 1; }));
}

TEST(Encoding, OneInstructionHasOneText) {
  // Whatever bytes decode, encode gives the same bytes back; most do not.
  std::mt19937 engine(2);
  int decoded = 0;
  for (int i = 0; i < 200000; ++i) {
    std::array<uint8_t, textSize> text{};
    text[0] = uint8_t(engine() % (opcodeCount + 2));
    for (size_t byte = 1; byte < textSize; ++byte)
      text[byte] = engine() % 3 ? 0 : uint8_t(engine());
    Expected<Instruction> in = decode(text);
    if (!in)
      continue;
    ++decoded;
    auto again = encode(*in);
    ASSERT_TRUE(bool(again)) << again.error().message;
    EXPECT_EQ(*again, text);
  }
  EXPECT_GT(decoded, 1000);
  std::array<uint8_t, textSize> unknown{};
  unknown[0] = opcodeCount;
  EXPECT_FALSE(bool(decode(unknown)));
}

} // namespace
