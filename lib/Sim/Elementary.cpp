// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One method for every function: widen to binary64, reduce the argument,
// evaluate a Taylor polynomial by Horner's rule with IEEE add, multiply,
// divide and square root only (each rounded on its own: no contraction, no
// libm), and round once to binary32. The relative error before that rounding
// is below 2^-36, so results are within 0.51 ulp, subnormals included.

#include "Elementary.h"

#include "Float16.h"

#include <cmath>
#include <limits>

namespace weft::sim {
namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double ln2 = 0x1.62e42fefa39efp-1;

WEFT_SIMD_INLINE double fromBits(uint64_t bits) {
  return std::bit_cast<double>(bits);
}
WEFT_SIMD_INLINE uint64_t toBits(double x) {
  return std::bit_cast<uint64_t>(x);
}

/// exp(x) for x in [-200, 200]: x = n ln2 + r, |r| <= ln2 / 2; the polynomial
/// ends at r^10 / 10!, so the error is below 0.347^11 / 11! = 2.2e-13.
WEFT_SIMD_INLINE double expReduced(double x) {
  constexpr double log2e = 0x1.71547652b82fep0;
  constexpr double magic = 0x1.8p52; // Adding it rounds to an integer.
  double shifted = x * log2e + magic;
  double n = shifted - magic;
  double r = x - n * ln2;
  double p = 1.0 / 3628800;
  p = p * r + 1.0 / 362880;
  p = p * r + 1.0 / 40320;
  p = p * r + 1.0 / 5040;
  p = p * r + 1.0 / 720;
  p = p * r + 1.0 / 120;
  p = p * r + 1.0 / 24;
  p = p * r + 1.0 / 6;
  p = p * r + 0.5;
  p = p * r + 1.0;
  p = p * r + 1.0;
  // The low bits of `shifted` are n; as an exponent they scale by 2^n.
  return p * fromBits((toBits(shifted) + 1023) << 52);
}

WEFT_SIMD_INLINE float expOne(float in) {
  double x = in;
  // Beyond these exp is 0 or infinite in binary32: 2^-150 = exp(-103.97).
  x = x < -150 ? -150 : x;
  x = x > 150 ? 150 : x;
  // Of a NaN the comparisons leave it, and canonical() makes it the one NaN.
  return canonical(float(expReduced(x)));
}

/// log(m 2^e) = e ln2 + 2 atanh(s), s = (m - 1) / (m + 1), m in [sqrt(1/2),
/// sqrt 2): s^2 <= 0.0295 and the series to s^15 errs by 0.1716^17 * 2 / 17.
WEFT_SIMD_INLINE float logOne(float in) {
  double x = in;
  uint64_t bits = toBits(x);
  // sqrt(1/2) = 0x3FE6A09E667F3BCD.
  uint64_t offset = bits - 0x3FE6A09E667F3BCDull;
  int64_t exponent = int64_t(offset) >> 52;
  double m = fromBits(bits - (uint64_t(exponent) << 52));
  double s = (m - 1) / (m + 1);
  double q = s * s;
  double p = 2.0 / 15;
  p = p * q + 2.0 / 13;
  p = p * q + 2.0 / 11;
  p = p * q + 2.0 / 9;
  p = p * q + 2.0 / 7;
  p = p * q + 2.0 / 5;
  p = p * q + 2.0 / 3;
  p = p * q + 2.0;
  double y = double(exponent) * ln2 + p * s;
  y = x == infinity ? infinity : y;
  y = x == 0 ? -infinity : y;
  y = x < 0 ? std::numeric_limits<double>::quiet_NaN() : y;
  y = x == x ? y : x;
  return canonical(float(y));
}

/// tanh|x| = 1 - 2 / (exp(2|x|) + 1), and x - x^3 / 3 + 2 x^5 / 15 below 2^-5,
/// where the next term, 17 x^7 / 315, is below 5.1e-11 x.
WEFT_SIMD_INLINE float tanhOne(float in) {
  double x = in;
  double magnitude = x < 0 ? -x : x;
  double clamped = magnitude > 20 ? 20 : magnitude; // 1 - 2 e^-40 rounds to 1.
  double large = 1.0 - 2.0 / (expReduced(2 * clamped) + 1.0);
  double q = magnitude * magnitude;
  double small = magnitude + magnitude * q * (q * (2.0 / 15) - 1.0 / 3);
  double y = magnitude < 0x1p-5 ? small : large;
  return canonical(std::copysign(float(y), in));
}

/// 2 / pi = 0.A2F9836E 4E441529 FC2757D1 F534DDC0 DB629599 3C439041 FE5163AB...
/// (hexadecimal); entry i is the 32 bits that end 8 * (i + 1) bits after the
/// point. Entries i, i + 4 and i + 8 are 96 consecutive bits.
constexpr uint32_t twoOverPi[24] = {
    0x000000A2, 0x0000A2F9, 0x00A2F983, 0xA2F9836E, 0xF9836E4E, 0x836E4E44,
    0x6E4E4415, 0x4E441529, 0x441529FC, 0x1529FC27, 0x29FC2757, 0xFC2757D1,
    0x2757D1F5, 0x57D1F534, 0xD1F534DD, 0xF534DDC0, 0x34DDC0DB, 0xDDC0DB62,
    0xC0DB6295, 0xDB629599, 0x6295993C, 0x95993C43, 0x993C4390, 0x3C439041};

/// x modulo pi / 2 for |x| >= 2: significand times 96 bits of 2 / pi, of which
/// the integer part's low two bits and 62 bits of fraction are kept (Payne and
/// Hanek 1983). Gives the quadrant and the rest in [-pi/4, pi/4].
double reduceLarge(uint32_t magnitude, int &quadrant) {
  const uint32_t *words = &twoOverPi[(magnitude >> 26) & 15];
  int shift = (magnitude >> 23) & 7;
  uint32_t significand = ((magnitude & 0xFFFFFF) | 0x800000) << shift;
  uint64_t high = uint64_t(uint32_t(significand * words[0])) << 32;
  uint64_t middle = uint64_t(significand) * words[4];
  uint64_t low = (uint64_t(significand) * words[8]) >> 32;
  uint64_t product = high + middle + low;
  uint64_t n = (product + (uint64_t(1) << 61)) >> 62;
  product -= n << 62;
  quadrant = int(n & 3);
  return double(int64_t(product)) * 0x1.921FB54442D18p-62;
}

/// sin (phase 0) or cos (phase 1). Taylor series on [-pi/4, pi/4]: to x^15 for
/// sin (error 0.786^17 / 17!), to x^14 for cos.
float sinePhase(float in, int phase) {
  uint32_t magnitude = std::bit_cast<uint32_t>(in) & 0x7FFFFFFF;
  if (magnitude >= 0x7F800000)
    return std::bit_cast<float>(canonicalNaN);
  double r = in;
  int quadrant = 0;
  if (magnitude >= 0x41000000) { // 8
    r = reduceLarge(magnitude, quadrant);
    if (in < 0) {
      r = -r;
      quadrant = -quadrant;
    }
  } else {
    // n <= 6; pi/2 in two parts, the first of 33 bits: n * first is exact.
    double n = (r * 0x1.45F306DC9C883p-1 + 0x1.8p52) - 0x1.8p52;
    r = (r - n * 0x1.921FB544p0) - n * 0x1.0B4611A626331p-34;
    quadrant = int(n);
  }
  quadrant = (quadrant + phase) & 3;
  double q = r * r, y;
  if (quadrant & 1) {
    double p = -1.0 / 87178291200.0;
    p = p * q + 1.0 / 479001600;
    p = p * q - 1.0 / 3628800;
    p = p * q + 1.0 / 40320;
    p = p * q - 1.0 / 720;
    p = p * q + 1.0 / 24;
    p = p * q - 0.5;
    y = p * q + 1.0;
  } else {
    double p = -1.0 / 1307674368000.0;
    p = p * q + 1.0 / 6227020800.0;
    p = p * q - 1.0 / 39916800;
    p = p * q + 1.0 / 362880;
    p = p * q - 1.0 / 5040;
    p = p * q + 1.0 / 120;
    p = p * q - 1.0 / 6;
    y = r * (1.0 + q * p); // Keeps the sign of zero.
  }
  return float(quadrant & 2 ? -y : y);
}

} // namespace

WEFT_SIMD void expLanes(const float *in, float *out, int count) {
  for (int i = 0; i < count; ++i)
    out[i] = expOne(in[i]);
}
WEFT_SIMD void logLanes(const float *in, float *out, int count) {
  for (int i = 0; i < count; ++i)
    out[i] = logOne(in[i]);
}
WEFT_SIMD void tanhLanes(const float *in, float *out, int count) {
  for (int i = 0; i < count; ++i)
    out[i] = tanhOne(in[i]);
}
/// Correctly rounded by the host's square root; sqrt(-0) = -0.
WEFT_SIMD void sqrtLanes(const float *in, float *out, int count) {
  for (int i = 0; i < count; ++i)
    out[i] = canonical(std::sqrt(in[i]));
}
/// 1 / sqrt(+-0) = +-infinity, as IEEE 754-2008's rSqrt.
WEFT_SIMD void rsqrtLanes(const float *in, float *out, int count) {
  for (int i = 0; i < count; ++i)
    out[i] = canonical(float(1.0 / std::sqrt(double(in[i]))));
}
void sinLanes(const float *in, float *out, int count) {
  for (int i = 0; i < count; ++i)
    out[i] = sinePhase(in[i], 0);
}
void cosLanes(const float *in, float *out, int count) {
  for (int i = 0; i < count; ++i)
    out[i] = sinePhase(in[i], 1);
}

} // namespace weft::sim
