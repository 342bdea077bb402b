// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The error of the elementary functions against the host's long double
// functions, over all exponents, and their special values.

#include "Elementary.h"

#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <limits>
#include <vector>

using namespace weft::sim;

namespace {

constexpr float inf = std::numeric_limits<float>::infinity();
constexpr float nan = std::numeric_limits<float>::quiet_NaN();

using Lanes = void (*)(const float *, float *, int);
using Reference = long double (*)(long double);

float one(Lanes f, float x) {
  float y;
  f(&x, &y, 1);
  return y;
}

/// In units of the last place of binary32 at the exact value.
double ulpError(float found, long double exact) {
  // What rounds beyond the largest finite value is infinite.
  if (std::fabs(exact) >= 0x1.ffffffp127L)
    return found == std::copysign(inf, float(exact)) ? 0 : 1e9;
  if (!std::isfinite(found))
    return 1e9;
  int exponent = exact == 0 ? -126 : std::max(std::ilogb(exact), -126);
  return double(std::fabs(found - exact) / std::ldexp(1.0L, exponent - 23));
}

/// The largest error over every `step`th float of either sign.
double worst(Lanes f, Reference reference, uint32_t step, uint32_t from = 0,
             uint32_t to = 0x7F800000, bool negative = true) {
  double result = 0;
  std::vector<float> in, out;
  for (uint64_t bits = from; bits < to; bits += step) {
    in.push_back(std::bit_cast<float>(uint32_t(bits)));
    if (negative)
      in.push_back(-in.back());
  }
  out.resize(in.size());
  f(in.data(), out.data(), int(in.size()));
  for (size_t i = 0; i < in.size(); ++i)
    result = std::max(result, ulpError(out[i], reference(in[i])));
  return result;
}

constexpr uint32_t sparse = 20011; // A prime: about 100,000 of 2^31.

TEST(Elementary, ExpIsWithinTwoUlp) {
  EXPECT_LE(worst(expLanes, std::exp, sparse), 0.51);
  // From 2^-12 to 128, densely.
  EXPECT_LE(worst(expLanes, std::exp, 1009, 0x39800000, 0x43000000), 0.51);
  EXPECT_EQ(one(expLanes, 0), 1);
  EXPECT_EQ(one(expLanes, -inf), 0);
  EXPECT_EQ(one(expLanes, inf), inf);
  EXPECT_TRUE(std::isnan(one(expLanes, nan)));
  // exp(-103.2) = 1.5e-45 rounds to the smallest subnormal, 2^-149 = 1.4e-45.
  EXPECT_EQ(one(expLanes, -103.2f), 0x1p-149f);
}

TEST(Elementary, LogIsWithinTwoUlp) {
  EXPECT_LE(worst(logLanes, std::log, sparse, 1, 0x7F800000, false), 0.51);
  // Around 1, where the result vanishes: 0.5 to 2.
  EXPECT_LE(worst(logLanes, std::log, 101, 0x3F000000, 0x40000000, false),
            0.51);
  EXPECT_EQ(one(logLanes, 1), 0);
  EXPECT_EQ(one(logLanes, 0), -inf);
  EXPECT_EQ(one(logLanes, -0.0f), -inf);
  EXPECT_EQ(one(logLanes, inf), inf);
  EXPECT_TRUE(std::isnan(one(logLanes, -1)));
  EXPECT_TRUE(std::isnan(one(logLanes, nan)));
}

TEST(Elementary, TanhIsWithinTwoUlp) {
  EXPECT_LE(worst(tanhLanes, std::tanh, sparse), 0.51);
  EXPECT_LE(worst(tanhLanes, std::tanh, 1009, 0x39800000, 0x41200000), 0.51);
  EXPECT_EQ(one(tanhLanes, inf), 1);
  EXPECT_EQ(one(tanhLanes, -inf), -1);
  EXPECT_TRUE(std::signbit(one(tanhLanes, -0.0f)));
  EXPECT_TRUE(std::isnan(one(tanhLanes, nan)));
}

TEST(Elementary, SquareRoots) {
  EXPECT_LE(worst(sqrtLanes, std::sqrt, sparse, 1, 0x7F800000, false), 0.5);
  EXPECT_LE(worst(
                rsqrtLanes,
                [](long double x) -> long double { return 1 / std::sqrt(x); },
                sparse, 1, 0x7F800000, false),
            0.51);
  EXPECT_EQ(one(rsqrtLanes, 0), inf);
  EXPECT_EQ(one(rsqrtLanes, -0.0f), -inf);
  EXPECT_EQ(one(rsqrtLanes, inf), 0);
  EXPECT_TRUE(std::isnan(one(rsqrtLanes, -1)));
  EXPECT_TRUE(std::isnan(one(sqrtLanes, -1)));
}

TEST(Elementary, SineAndCosineAreWithinTwoUlpToTheLargestArgument) {
  EXPECT_LE(worst(sinLanes, std::sin, sparse), 0.51);
  EXPECT_LE(worst(cosLanes, std::cos, sparse), 0.51);
  // From 2^-3 to 2^7, densely: both reductions and their seam at 8.
  EXPECT_LE(worst(sinLanes, std::sin, 503, 0x3E000000, 0x43000000), 0.51);
  EXPECT_LE(worst(cosLanes, std::cos, 503, 0x3E000000, 0x43000000), 0.51);
  EXPECT_TRUE(std::signbit(one(sinLanes, -0.0f)));
  EXPECT_EQ(one(cosLanes, 0), 1);
  EXPECT_TRUE(std::isnan(one(sinLanes, inf)));
  EXPECT_TRUE(std::isnan(one(cosLanes, nan)));
}

TEST(Elementary, EveryNaNIsTheOneNaN) {
  for (Lanes f : {expLanes, logLanes, tanhLanes, sqrtLanes, rsqrtLanes,
                  sinLanes, cosLanes})
    for (uint32_t bits : {0x7F800001u, 0x7FC00001u, 0xFFC00000u, 0xFFFFFFFFu})
      EXPECT_EQ(std::bit_cast<uint32_t>(one(f, std::bit_cast<float>(bits))),
                0x7FC00000u);
  EXPECT_EQ(std::bit_cast<uint32_t>(one(sqrtLanes, -2)), 0x7FC00000u);
}

TEST(Elementary, ALaneDoesNotDependOnItsNeighbours) {
  // Vector loops and their scalar remainder give the same bits.
  std::vector<float> in(67), out(67);
  for (size_t i = 0; i < in.size(); ++i)
    in[i] = float(i) * 0.37f - 9.0f;
  for (Lanes f : {expLanes, tanhLanes, sinLanes, cosLanes}) {
    f(in.data(), out.data(), 67);
    for (size_t i = 0; i < in.size(); ++i)
      EXPECT_EQ(one(f, in[i]), out[i]);
  }
}

} // namespace
