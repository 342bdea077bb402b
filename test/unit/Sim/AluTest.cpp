// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ALUs: when results are where, chaining, and what every operation computes
// on the corner cases of its types.

#include "Programs.h"

#include "Float16.h"
#include "VectorOps.h"

#include <bit>
#include <cmath>
#include <limits>

using namespace weft;
using namespace weft::test;

namespace {

constexpr DataType i8 = DataType::I8, i16 = DataType::I16, i32 = DataType::I32,
                   f16 = DataType::F16, f32 = DataType::F32;
constexpr float inf = std::numeric_limits<float>::infinity();
uint32_t bits(float x) { return std::bit_cast<uint32_t>(x); }
const uint32_t nan32 = 0x7FC00000;

uint32_t compute(Opcode op, DataType type, DataType result, uint32_t a,
                 uint32_t b = 0, uint32_t c = 0) {
  std::vector<uint32_t> x(32, a), y(32, b), z(32, c), out(32);
  EXPECT_TRUE(sim::aluSupports(op, type, result));
  sim::computeAlu(op, type, result, x.data(), y.data(), z.data(), out.data(),
                  32);
  EXPECT_EQ(out[0], out[31]);
  return out[0];
}

TEST(Alu, ResultsAreOnTheirStreamAfterFourAndTheLatency) {
  // MEM 1 east at hop 1, westward in 1, at the VXM in 2: 2 + 4 + 3 = 9, and a
  // hop west of it in 10. The same through tanh (6): 12 and 13.
  Builder b;
  b.image(east, 1, 0, splat(5));
  int source = b.number(memRead(east, 1));
  b.at(0, memRead(east, 1), read(0, 40));
  b.at(2, alu(0),
       op(Opcode::Add, i8, i8, {stream(40), immediate(250)}, 41, {{source}}));
  b.at(2, alu(15), op(Opcode::Convert, i8, f32, {stream(40)}, -1, {{source}}));
  b.at(5, alu(3), op(Opcode::Sqrt, f32, f32, {chained(15)}, 44));
  b.at(10, memWrite(west, 0), write(1, 41, b.number(alu(0))));
  // Issued in 5, on the streams at 5 + 4 + 6 = 15, west of it in 16: the top
  // byte of sqrt(5) = 2.236... = 0x400F1BBD.
  b.at(16, memWrite(west, 1), write(2, 47, b.number(alu(3))));
  b.expectCycles(17);
  EXPECT_EQ(b.word(west, 0, 1), splat(255)); // 5 + 250 = -1 in eight bits.
  EXPECT_EQ(b.word(west, 1, 2), splat(0x40));
}

TEST(Alu, ChainsIntoItself) {
  // Sums of 1.5 every three cycles: 1.5, 3, 4.5, 6.
  Builder b;
  int own = b.number(alu(7));
  b.at(0, alu(7), op(Opcode::Copy, f32, f32, {immediate(bits(1.5f))}, -1));
  b.at(3, alu(7),
       op(Opcode::Add, f32, f32, {chained(7), immediate(bits(1.5f))}, 0))
      .repeat(alu(7), 2, 3);
  // The last issues in 9: at the VXM in 16, at hop 1 in 17, at hop 2 in 18.
  for (int j = 0; j < 4; ++j)
    b.at(17 + j / 2, memWrite(east, j), write(0, j, own));
  b.expectCycles(19);
  uint32_t six = bits(6.0f);
  for (int j = 0; j < 4; ++j)
    EXPECT_EQ(b.word(east, j, 0), splat(int(six >> (8 * j) & 0xFF)));
}

TEST(Alu, LongChainsGiveTheSameWithAnyThreads) {
  // 10,000 times 3, every three cycles from 3 on: the last issues in 30,000,
  // is at the VXM in 30,007, at hop 1 in 30,008 and at hop 2 in 30,009. More
  // than is handed over to other threads at a time.
  Builder b;
  int own = b.number(alu(7));
  b.at(0, alu(7), op(Opcode::Copy, i32, i32, {immediate(0)}, -1));
  b.at(3, alu(7), op(Opcode::Add, i32, i32, {chained(7), immediate(3)}, 0))
      .repeat(alu(7), 9999, 3);
  for (int j = 0; j < 4; ++j)
    b.at(30008 + j / 2, memWrite(east, j), write(0, j, own));
  for (int threads : {1, 2, 4}) {
    SimOptions options;
    options.threads = threads;
    SimResult result = b.run(options);
    ASSERT_FALSE(result.fault) << result.fault->text();
    EXPECT_EQ(result.cycles, 30010);
    EXPECT_EQ(b.word(east, 0, 0), splat(0x30)); // 30,000 = 0x7530.
    EXPECT_EQ(b.word(east, 1, 0), splat(0x75));
    EXPECT_EQ(b.word(east, 2, 0), splat(0));
    EXPECT_EQ(b.word(east, 3, 0), splat(0));
  }
}

TEST(Alu, ChainedOperandsAreNotHeld) {
  Builder b;
  b.at(0, alu(0), op(Opcode::Copy, f32, f32, {immediate(0)}, -1));
  b.at(4, alu(1), op(Opcode::Neg, f32, f32, {chained(0)}, -1));
  b.expectFault(FaultKind::ChainedOperand, 4, alu(1), 1);
}

TEST(Alu, AChainedOperandHasTheWidthOfTheResult) {
  Builder b;
  b.at(0, alu(0), op(Opcode::Copy, f16, f16, {immediate(0)}, -1));
  b.at(3, alu(1), op(Opcode::Neg, f32, f32, {chained(0)}, -1));
  b.expectFault(FaultKind::ChainedOperand, 3, alu(1), 1);
}

TEST(Alu, TwoResultsInOneCycleCannotBeToldApart) {
  // exp issued in 0 and copy in 3 both come in 6.
  Builder b;
  b.at(0, alu(0), op(Opcode::Exp, f32, f32, {immediate(0)}, -1));
  b.at(3, alu(0), op(Opcode::Copy, f32, f32, {immediate(0)}, -1));
  b.at(6, alu(1), op(Opcode::Neg, f32, f32, {chained(0)}, -1));
  b.expectFault(FaultKind::ChainedOperand, 6, alu(1), 1);
}

TEST(Alu, GroupsAreAlignedAndTypesExist) {
  Builder b;
  b.at(0, alu(0), op(Opcode::Copy, f32, f32, {immediate(0)}, 2));
  b.expectFault(FaultKind::Misaligned, 0, alu(0), 0);
  Builder c;
  c.at(0, alu(0), op(Opcode::Exp, i32, i32, {immediate(0)}, 0));
  c.expectFault(FaultKind::NoSuchInstruction, 0, alu(0), 0);
  Builder d;
  d.at(0, alu(0), op(Opcode::Add, f32, f32, {immediate(0)}, 0));
  d.expectFault(FaultKind::NoSuchInstruction, 0, alu(0), 0);
}

TEST(Alu, FloatArithmetic) {
  EXPECT_EQ(compute(Opcode::Add, f32, f32, bits(1), bits(2)), bits(3));
  EXPECT_EQ(compute(Opcode::Sub, f32, f32, bits(inf), bits(inf)), nan32);
  EXPECT_EQ(compute(Opcode::Div, f32, f32, bits(1), bits(3)), 0x3EAAAAABu);
  // Subnormals are kept: 2^-126 / 2 = 2^-127.
  EXPECT_EQ(compute(Opcode::Mul, f32, f32, 0x00800000, bits(0.5f)),
            0x00400000u);
  // (1 + 2^-12)^2 - 1 = 2^-11 + 2^-24 with one rounding; the product alone
  // would lose the 2^-24.
  EXPECT_EQ(compute(Opcode::Fma, f32, f32, bits(1 + 0x1p-12f),
                    bits(1 + 0x1p-12f), bits(-1)),
            bits(0x1p-11f + 0x1p-24f));
  EXPECT_EQ(compute(Opcode::Max, f32, f32, nan32, bits(-2)), bits(-2));
  EXPECT_EQ(compute(Opcode::Min, f32, f32, bits(-2), nan32), bits(-2));
  EXPECT_EQ(compute(Opcode::Max, f32, f32, nan32, 0xFFC00001), nan32);
  EXPECT_EQ(compute(Opcode::Max, f32, f32, bits(-0.0f), bits(0.0f)), 0u);
  EXPECT_EQ(compute(Opcode::Min, f32, f32, bits(0.0f), bits(-0.0f)),
            bits(-0.0f));
  EXPECT_EQ(compute(Opcode::Relu, f32, f32, bits(-3)), 0u);
  EXPECT_EQ(compute(Opcode::Relu, f32, f32, nan32), nan32);
  EXPECT_EQ(compute(Opcode::Round, f32, f32, bits(2.5f)), bits(2));
  EXPECT_EQ(compute(Opcode::Round, f32, f32, bits(3.5f)), bits(4));
  EXPECT_EQ(compute(Opcode::Floor, f32, f32, bits(-0.5f)), bits(-1));
  EXPECT_EQ(compute(Opcode::Ceil, f32, f32, bits(0.25f)), bits(1));
  EXPECT_EQ(compute(Opcode::Abs, f32, f32, bits(-7)), bits(7));
}

TEST(Alu, HalfArithmeticRoundsAndSaturates) {
  // 1 + 2^-11 is halfway to the next half (1 + 2^-10): to even, 1.
  EXPECT_EQ(compute(Opcode::Add, f16, f16, 0x3C00, 0x1000), 0x3C00u);
  EXPECT_EQ(compute(Opcode::Mul, f16, f16, 0x7BFF, 0x4000), 0x7BFFu);
  EXPECT_EQ(compute(Opcode::Neg, f16, f16, 0x3C00), 0xBC00u);
  EXPECT_EQ(compute(Opcode::Sqrt, f16, f16, 0x4400), 0x4000u); // 4 to 2.
  EXPECT_EQ(compute(Opcode::Max, f16, f16, 0x7E00, 0xBC00), 0xBC00u);
}

TEST(Alu, IntegersWrap) {
  EXPECT_EQ(compute(Opcode::Add, i32, i32, 0x7FFFFFFF, 1), 0x80000000u);
  EXPECT_EQ(compute(Opcode::Mul, i8, i8, 100, 3), 44u); // 300 - 256.
  EXPECT_EQ(compute(Opcode::Sub, i16, i16, 0, 1), 0xFFFFu);
  EXPECT_EQ(compute(Opcode::Fma, i32, i32, 7, 0xFFFFFFFF, 10), 3u);
  EXPECT_EQ(compute(Opcode::Div, i32, i32, uint32_t(-7), 2), uint32_t(-3));
  EXPECT_EQ(compute(Opcode::Div, i32, i32, 7, 0), 0u);
  EXPECT_EQ(compute(Opcode::Div, i32, i32, 0x80000000, uint32_t(-1)),
            0x80000000u);
  EXPECT_EQ(compute(Opcode::Min, i8, i8, 0x80, 0x7F), 0x80u);
  EXPECT_EQ(compute(Opcode::Max, i8, i8, 0x80, 0x7F), 0x7Fu);
  EXPECT_EQ(compute(Opcode::Abs, i8, i8, 0x80), 0x80u);
}

TEST(Alu, Bits) {
  EXPECT_EQ(compute(Opcode::Not, i8, i8, 0x0F), 0xF0u);
  EXPECT_EQ(compute(Opcode::Xor, f16, f16, 0xFF00, 0x0FF0), 0xF0F0u);
  EXPECT_EQ(compute(Opcode::ShiftLeft, i8, i8, 0x81, 1), 0x02u);
  EXPECT_EQ(compute(Opcode::ShiftLeft, i32, i32, 1, 32), 0u);
  EXPECT_EQ(compute(Opcode::ShiftRightLogical, i8, i8, 0x80, 7), 1u);
  EXPECT_EQ(compute(Opcode::ShiftRightArithmetic, i8, i8, 0x80, 3), 0xF0u);
  EXPECT_EQ(compute(Opcode::ShiftRightArithmetic, i8, i8, 0x80, 200), 0xFFu);
  EXPECT_EQ(compute(Opcode::Select, f32, f32, bits(-0.0f), 1, 2), 2u);
  EXPECT_EQ(compute(Opcode::Select, f32, f32, nan32, 1, 2), 1u);
  EXPECT_EQ(compute(Opcode::Select, i8, i8, 0x80, 1, 2), 1u);
}

TEST(Alu, ComparisonsGiveOneOrZeroOfTheResultType) {
  EXPECT_EQ(compute(Opcode::CompareLt, f32, f32, bits(1), bits(2)), bits(1));
  EXPECT_EQ(compute(Opcode::CompareLt, f32, i8, bits(1), bits(2)), 1u);
  EXPECT_EQ(compute(Opcode::CompareGe, f32, f16, bits(2), bits(2)), 0x3C00u);
  EXPECT_EQ(compute(Opcode::CompareEq, f32, i32, nan32, nan32), 0u);
  EXPECT_EQ(compute(Opcode::CompareNe, f32, i32, nan32, nan32), 1u);
  EXPECT_EQ(compute(Opcode::CompareGt, i8, i32, 0x01, 0xFF), 1u); // 1 > -1.
  EXPECT_EQ(compute(Opcode::CompareLe, i32, i32, 5, 4), 0u);
}

TEST(Alu, Conversions) {
  auto convert = [](DataType from, DataType to, uint32_t x) {
    return compute(Opcode::Convert, from, to, x);
  };
  EXPECT_EQ(convert(f32, f16, bits(3.4e38f)), 0x7BFFu); // 65504
  EXPECT_EQ(convert(f32, f16, bits(-inf)), 0xFBFFu);
  EXPECT_EQ(convert(f32, f16, bits(65519)), 0x7BFFu);
  EXPECT_EQ(convert(f32, f16, nan32), 0x7E00u);
  EXPECT_EQ(convert(f32, f16, bits(0x1p-25f)), 0u); // Half of 2^-24: to even.
  EXPECT_EQ(convert(f32, i8, bits(2.5f)), 2u);
  EXPECT_EQ(convert(f32, i8, bits(-3.5f)), 0xFCu); // -4.
  EXPECT_EQ(convert(f32, i8, bits(127.5f)), 127u);
  EXPECT_EQ(convert(f32, i8, bits(-1e9f)), 0x80u);
  EXPECT_EQ(convert(f32, i8, nan32), 0u);
  EXPECT_EQ(convert(f32, i16, bits(40000)), 0x7FFFu);
  EXPECT_EQ(convert(f32, i32, bits(inf)), 0x7FFFFFFFu);
  EXPECT_EQ(convert(f32, i32, bits(0x1p31f)), 0x7FFFFFFFu);
  EXPECT_EQ(convert(f32, i32, bits(-0x1p31f)), 0x80000000u);
  EXPECT_EQ(convert(f32, i32, bits(2147483520.0f)), 2147483520u);
  EXPECT_EQ(convert(i32, f32, 16777217), bits(16777216)); // To even.
  EXPECT_EQ(convert(i32, f16, uint32_t(-100000)), 0xFBFFu);
  EXPECT_EQ(convert(i8, f32, 0x80), bits(-128));
  EXPECT_EQ(convert(i8, i32, 0xFF), 0xFFFFFFFFu);
  EXPECT_EQ(convert(i32, i8, 300), 127u);
  EXPECT_EQ(convert(i32, i16, uint32_t(-40000)), 0x8000u);
  EXPECT_EQ(convert(f16, f32, 0x0001), bits(0x1p-24f));
  EXPECT_EQ(convert(f16, i8, 0x5640), 100u);
  EXPECT_EQ(convert(f16, f16, 0x7C00), 0x7BFFu); // A store saturates.
}

TEST(Alu, EveryHalfConvertsExactlyAndBack) {
  for (uint32_t h = 0; h < 0x10000; ++h) {
    float expected = float(std::bit_cast<_Float16>(uint16_t(h)));
    float found = sim::halfToFloat(h);
    if (expected != expected) {
      EXPECT_EQ(bits(found), nan32);
      continue;
    }
    ASSERT_EQ(bits(found), bits(expected)) << h;
    if (std::isfinite(expected))
      ASSERT_EQ(sim::floatToHalf(found), h);
  }
}

TEST(Alu, FloatsRoundToHalfAsTheHostDoes) {
  for (uint64_t b = 0; b < (uint64_t(1) << 32); b += 4099) {
    float x = std::bit_cast<float>(uint32_t(b));
    if (!(std::fabs(x) < 65520.0f))
      continue;
    ASSERT_EQ(sim::floatToHalf(x), std::bit_cast<uint16_t>(_Float16(x))) << x;
  }
}

} // namespace
