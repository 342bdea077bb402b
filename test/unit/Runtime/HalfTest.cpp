// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Half precision: known bit patterns, ties, saturation, and that every pattern
// survives the way to float and back.

#include "weft/Runtime/Half.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace weft;

TEST(Half, EveryPatternRoundTrips) {
  for (uint32_t bits = 0; bits < 0x10000; ++bits) {
    float value = floatFromHalf(uint16_t(bits));
    if ((bits & 0x7c00) == 0x7c00 && (bits & 0x3ff)) {
      EXPECT_TRUE(std::isnan(value));
      EXPECT_EQ(halfFromDouble(value) & 0x7e00, 0x7e00);
    } else {
      EXPECT_EQ(halfFromDouble(value), bits);
    }
  }
}

TEST(Half, KnownValues) {
  EXPECT_EQ(halfFromDouble(1.0), 0x3c00);
  EXPECT_EQ(halfFromDouble(-2.0), 0xc000);
  EXPECT_EQ(halfFromDouble(65504.0), 0x7bff);
  EXPECT_EQ(halfFromDouble(std::ldexp(1.0, -24)), 0x0001); // least subnormal
  EXPECT_EQ(halfFromDouble(std::ldexp(1.0, -14)), 0x0400); // least normal
  EXPECT_EQ(floatFromHalf(0x3555), 0.333251953125f);       // 1365 / 4096
}

TEST(Half, TiesGoToEven) {
  double ulp = std::ldexp(1.0, -10); // Between 1 and 2.
  EXPECT_EQ(halfFromDouble(1 + 0.5 * ulp), 0x3c00);
  EXPECT_EQ(halfFromDouble(1 + 1.5 * ulp), 0x3c02);
  // Just beyond the tie, by less than a float can hold: no double rounding.
  EXPECT_EQ(halfFromDouble(1 + 0.5 * ulp + std::ldexp(1.0, -40)), 0x3c01);
  EXPECT_EQ(halfFromDouble(std::ldexp(1.0, -25)), 0x0000);
  EXPECT_EQ(halfFromDouble(std::ldexp(1.5, -25)), 0x0001);
  // The carry out of the mantissa: 2047.75 / 1024 rounds to 2.
  EXPECT_EQ(halfFromDouble(2047.75 / 1024), 0x4000);
}

TEST(Half, OverflowSaturatesOrNot) {
  // 65520 is half way between 65504 and 65536, which is not a half.
  EXPECT_EQ(halfFromDouble(65519.996), 0x7bff);
  EXPECT_EQ(halfFromDouble(65520), 0x7c00);
  EXPECT_EQ(halfFromDoubleSaturating(65520), 0x7bff);
  EXPECT_EQ(halfFromDoubleSaturating(-3.4e38), 0xfbff);
  EXPECT_EQ(halfFromDoubleSaturating(std::numeric_limits<double>::infinity()),
            0x7bff);
  EXPECT_EQ(halfFromDoubleSaturating(std::nan("")) & 0x7e00, 0x7e00);
}

TEST(Half, Bfloat16IsTheUpperHalf) {
  EXPECT_EQ(floatFromBfloat16(0x3f80), 1.0f);
  EXPECT_EQ(floatFromBfloat16(0xc049), -3.140625f); // -(2 + 1 + 9/64)
}
