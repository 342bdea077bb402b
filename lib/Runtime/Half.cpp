// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Conversions between binary64, binary32 and binary16 by integer arithmetic on
// the bit patterns, so that every host gives the same bits.

#include "weft/Runtime/Half.h"

#include <bit>
#include <cmath>

using namespace weft;

uint16_t weft::halfFromDouble(double value) {
  uint64_t bits = std::bit_cast<uint64_t>(value);
  uint16_t sign = uint16_t(bits >> 48) & 0x8000;
  int biased = int(bits >> 52) & 0x7ff;
  uint64_t mantissa = bits & ((uint64_t(1) << 52) - 1);
  if (biased == 0x7ff) {
    if (mantissa == 0)
      return sign | 0x7c00;
    // Quiet NaN, with the upper payload bits.
    return sign | 0x7e00 | uint16_t(mantissa >> 42);
  }
  int exponent = biased - 1023;
  if (exponent > 15)
    return sign | 0x7c00;
  // The smallest subnormal is 2^-24; below 2^-25 everything rounds to zero.
  if (biased == 0 || exponent < -25)
    return sign;
  uint64_t full = mantissa | (uint64_t(1) << 52);
  // 53 significant bits to 11 for normal numbers (exponent >= -14), one fewer
  // for every power of two below.
  int shift = exponent >= -14 ? 42 : 42 + (-14 - exponent);
  uint64_t kept = full >> shift;
  uint64_t rest = full & ((uint64_t(1) << shift) - 1);
  uint64_t tie = uint64_t(1) << (shift - 1);
  if (rest > tie || (rest == tie && (kept & 1)))
    ++kept;
  // kept holds the implicit bit 2^10, which adds one to the exponent field; a
  // carry out of the rounding moves into the exponent by itself, up to
  // infinity.
  uint64_t field = exponent >= -14 ? uint64_t(exponent + 14) << 10 : 0;
  return sign | uint16_t(field + kept);
}

uint16_t weft::halfFromDoubleSaturating(double value) {
  uint16_t bits = halfFromDouble(value);
  if ((bits & 0x7fff) == 0x7c00)
    return (bits & 0x8000) | 0x7bff;
  return bits;
}

float weft::floatFromHalf(uint16_t bits) {
  uint32_t sign = uint32_t(bits & 0x8000) << 16;
  uint32_t exponent = (bits >> 10) & 0x1f;
  uint32_t mantissa = bits & 0x3ff;
  if (exponent == 0x1f)
    return std::bit_cast<float>(sign | 0x7f800000 | (mantissa << 13));
  if (exponent == 0) {
    float magnitude = std::ldexp(float(mantissa), -24);
    return sign ? -magnitude : magnitude;
  }
  return std::bit_cast<float>(sign | ((exponent + 112) << 23) |
                              (mantissa << 13));
}

float weft::floatFromBfloat16(uint16_t bits) {
  return std::bit_cast<float>(uint32_t(bits) << 16);
}
