// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// fp16 to fp32 and back, on bits and without branches, so that loops over
// lanes vectorise. fp32 to fp16 rounds half to even and saturates at +-65504
// (docs/machine.md, Arithmetic); NaN becomes the one NaN 0x7E00.

#ifndef WEFT_SIM_FLOAT16_H
#define WEFT_SIM_FLOAT16_H

#include "Simd.h"

#include <bit>
#include <cstdint>

namespace weft::sim {

/// The one NaN that arithmetic makes, so that hosts that differ in the sign or
/// payload of a NaN agree.
constexpr uint32_t canonicalNaN = 0x7FC00000;

/// Compares and selects integers: compilers take the NaN of an operation to be
/// any NaN, and drop a selection among floats.
WEFT_SIMD_INLINE float canonical(float x) {
  uint32_t bits = std::bit_cast<uint32_t>(x);
  bits = (bits & 0x7FFFFFFF) > 0x7F800000 ? canonicalNaN : bits;
  return std::bit_cast<float>(bits);
}

/// Exact; every NaN becomes the canonical one.
WEFT_SIMD_INLINE float halfToFloat(uint32_t half) {
  uint32_t magnitude = half & 0x7FFF;
  // Exponent and mantissa moved to their places are off by 2^112 (biases 127
  // and 15); the product is exact for subnormals too.
  float value =
      std::bit_cast<float>(magnitude << 13) * std::bit_cast<float>(0x77800000u);
  uint32_t bits = std::bit_cast<uint32_t>(value);
  bits = magnitude >= 0x7C00 ? 0x7F800000u : bits;
  bits |= (half & 0x8000) << 16;
  bits = magnitude > 0x7C00 ? canonicalNaN : bits;
  return std::bit_cast<float>(bits);
}

WEFT_SIMD_INLINE uint32_t floatToHalf(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  uint32_t sign = (bits >> 16) & 0x8000;
  uint32_t magnitude = bits & 0x7FFFFFFF;
  // 65504 = 0x477FE000; what rounds to it or beyond stays at it.
  uint32_t clamped = magnitude > 0x477FE000u ? 0x477FE000u : magnitude;
  // 13 bits are dropped: add half of their ulp, less one if the rest is even.
  uint32_t normal =
      (clamped + 0xFFF + ((clamped >> 13) & 1) - 0x38000000u) >> 13;
  // Below 2^-14 the ulp is 2^-24, which is the ulp of 0.5: the addition rounds.
  float shifted = std::bit_cast<float>(clamped) + 0.5f;
  uint32_t subnormal = std::bit_cast<uint32_t>(shifted) - 0x3F000000u;
  uint32_t half = (clamped < 0x38800000u ? subnormal : normal) | sign;
  return magnitude > 0x7F800000u ? 0x7E00u : half;
}

} // namespace weft::sim

#endif // WEFT_SIM_FLOAT16_H
