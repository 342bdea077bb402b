// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operands are decoded to int32 or fp32, computed there, and encoded to the
// result's type: integers wrap, fp16 rounds and saturates. Bitwise operations,
// copy and select work on the raw bits. Every NaN that arithmetic makes is the
// canonical one.

#include "VectorOps.h"

#include "Elementary.h"
#include "Float16.h"

#include <cmath>

namespace weft::sim {
namespace {

bool isFloat(DataType t) { return t == DataType::F16 || t == DataType::F32; }
uint32_t maskOf(DataType t) {
  return byteWidth(t) == 4 ? ~0u : (1u << (8 * byteWidth(t))) - 1;
}
bool isCompare(Opcode op) {
  return op >= Opcode::CompareEq && op <= Opcode::CompareGe;
}

/// Raw bits to fp32 (as bits) or to sign-extended int32.
WEFT_SIMD void decode(DataType type, const uint32_t *in, uint32_t *out, int n) {
  switch (type) {
  case DataType::I8:
    for (int i = 0; i < n; ++i)
      out[i] = uint32_t(int32_t(int8_t(in[i])));
    break;
  case DataType::I16:
    for (int i = 0; i < n; ++i)
      out[i] = uint32_t(int32_t(int16_t(in[i])));
    break;
  case DataType::F16:
    for (int i = 0; i < n; ++i)
      out[i] = std::bit_cast<uint32_t>(halfToFloat(in[i]));
    break;
  case DataType::I32:
  case DataType::F32:
    for (int i = 0; i < n; ++i)
      out[i] = in[i];
    break;
  }
}

/// The reverse, in place.
WEFT_SIMD void encode(DataType type, uint32_t *values, int n) {
  if (type == DataType::F16) {
    for (int i = 0; i < n; ++i)
      values[i] = floatToHalf(std::bit_cast<float>(values[i]));
    return;
  }
  uint32_t mask = maskOf(type);
  for (int i = 0; i < n; ++i)
    values[i] &= mask;
}

template <typename F>
WEFT_SIMD_INLINE void mapFloat(const uint32_t *a, const uint32_t *b,
                               const uint32_t *c, uint32_t *out, int n, F f) {
  for (int i = 0; i < n; ++i)
    out[i] = std::bit_cast<uint32_t>(
        canonical(f(std::bit_cast<float>(a[i]), std::bit_cast<float>(b[i]),
                    std::bit_cast<float>(c[i]))));
}

// IEEE 754-2019 maximumNumber: a NaN is ignored, +0 is above -0.
WEFT_SIMD_INLINE float maximum(float x, float y) {
  float larger = x > y || (x == y && !std::signbit(x)) ? x : y;
  return x != x ? y : y != y ? x : larger;
}
WEFT_SIMD_INLINE float minimum(float x, float y) {
  float smaller = x < y || (x == y && std::signbit(x)) ? x : y;
  return x != x ? y : y != y ? x : smaller;
}

WEFT_SIMD void floatArithmetic(Opcode op, const uint32_t *a, const uint32_t *b,
                               const uint32_t *c, uint32_t *out, int n) {
  auto map = [&](auto f) __attribute__((always_inline)) {
    mapFloat(a, b, c, out, n, f);
  };
  switch (op) {
  case Opcode::Add:
    return map([](float x, float y, float) { return x + y; });
  case Opcode::Sub:
    return map([](float x, float y, float) { return x - y; });
  case Opcode::Mul:
    return map([](float x, float y, float) { return x * y; });
  case Opcode::Fma:
    return map([](float x, float y, float z) { return std::fma(x, y, z); });
  case Opcode::Div:
    return map([](float x, float y, float) { return x / y; });
  case Opcode::Min:
    return map([](float x, float y, float) { return minimum(x, y); });
  case Opcode::Max:
    return map([](float x, float y, float) { return maximum(x, y); });
  case Opcode::Neg:
    return map([](float x, float, float) { return -x; });
  case Opcode::Abs:
    return map([](float x, float, float) { return std::fabs(x); });
  case Opcode::Relu: // A NaN stays one; -0 becomes 0.
    return map([](float x, float, float) { return x <= 0 ? 0.0f : x; });
  case Opcode::Floor:
    return map([](float x, float, float) { return std::floor(x); });
  case Opcode::Ceil:
    return map([](float x, float, float) { return std::ceil(x); });
  case Opcode::Round: // Half to even.
    return map([](float x, float, float) { return std::nearbyint(x); });
  default:
    break;
  }
}

template <typename F>
WEFT_SIMD_INLINE void mapInt(const uint32_t *a, const uint32_t *b,
                             const uint32_t *c, uint32_t *out, int n, F f) {
  for (int i = 0; i < n; ++i)
    out[i] = uint32_t(f(int32_t(a[i]), int32_t(b[i]), int32_t(c[i])));
}

/// Truncates; x / 0 is 0 and the one overflow wraps.
WEFT_SIMD_INLINE int32_t divide(int32_t x, int32_t y) {
  if (y == 0)
    return 0;
  return y == -1 ? int32_t(0u - uint32_t(x)) : x / y;
}

WEFT_SIMD void intArithmetic(Opcode op, const uint32_t *a, const uint32_t *b,
                             const uint32_t *c, uint32_t *out, int n) {
  using I = int32_t;
  auto map = [&](auto f)
                 __attribute__((always_inline)) { mapInt(a, b, c, out, n, f); };
  switch (op) {
  case Opcode::Add:
    return map([](I x, I y, I) { return uint32_t(x) + uint32_t(y); });
  case Opcode::Sub:
    return map([](I x, I y, I) { return uint32_t(x) - uint32_t(y); });
  case Opcode::Mul:
    return map([](I x, I y, I) { return uint32_t(x) * uint32_t(y); });
  case Opcode::Fma:
    return map(
        [](I x, I y, I z) { return uint32_t(x) * uint32_t(y) + uint32_t(z); });
  case Opcode::Div:
    return map([](I x, I y, I) { return divide(x, y); });
  case Opcode::Min:
    return map([](I x, I y, I) { return x < y ? x : y; });
  case Opcode::Max:
    return map([](I x, I y, I) { return x > y ? x : y; });
  case Opcode::Neg:
    return map([](I x, I, I) { return 0u - uint32_t(x); });
  case Opcode::Abs:
    return map(
        [](I x, I, I) { return x < 0 ? 0u - uint32_t(x) : uint32_t(x); });
  case Opcode::Relu:
    return map([](I x, I, I) { return x < 0 ? 0 : x; });
  default:
    break;
  }
}

/// 1 or 0, as integers, whatever T is.
template <typename T>
WEFT_SIMD_INLINE void compareAs(Opcode op, const uint32_t *a, const uint32_t *b,
                                uint32_t *out, int n) {
  auto map = [&](auto f) __attribute__((always_inline)) {
    for (int i = 0; i < n; ++i)
      out[i] = f(std::bit_cast<T>(a[i]), std::bit_cast<T>(b[i])) ? 1 : 0;
  };
  switch (op) {
  case Opcode::CompareEq:
    return map([](T x, T y) { return x == y; });
  case Opcode::CompareNe:
    return map([](T x, T y) { return x != y; });
  case Opcode::CompareLt:
    return map([](T x, T y) { return x < y; });
  case Opcode::CompareLe:
    return map([](T x, T y) { return x <= y; });
  case Opcode::CompareGt:
    return map([](T x, T y) { return x > y; });
  default:
    return map([](T x, T y) { return x >= y; });
  }
}

WEFT_SIMD void compare(Opcode op, bool asFloat, const uint32_t *a,
                       const uint32_t *b, uint32_t one, uint32_t *out, int n) {
  if (asFloat)
    compareAs<float>(op, a, b, out, n);
  else
    compareAs<int32_t>(op, a, b, out, n);
  for (int i = 0; i < n; ++i)
    out[i] *= one;
}

/// Operations on raw bits. `a` is sign-extended for arithmetic right shifts
/// only. A shift by the width or more shifts everything out.
WEFT_SIMD void bitwise(Opcode op, DataType type, const uint32_t *a,
                       const uint32_t *b, const uint32_t *c, uint32_t *out,
                       int n) {
  uint32_t width = 8 * uint32_t(byteWidth(type)), mask = maskOf(type);
  // A condition holds unless it is zero; -0.0 is zero.
  uint32_t test = isFloat(type) ? mask >> 1 : mask;
  switch (op) {
  case Opcode::Copy:
    for (int i = 0; i < n; ++i)
      out[i] = a[i];
    break;
  case Opcode::And:
    for (int i = 0; i < n; ++i)
      out[i] = a[i] & b[i];
    break;
  case Opcode::Or:
    for (int i = 0; i < n; ++i)
      out[i] = a[i] | b[i];
    break;
  case Opcode::Xor:
    for (int i = 0; i < n; ++i)
      out[i] = a[i] ^ b[i];
    break;
  case Opcode::Not:
    for (int i = 0; i < n; ++i)
      out[i] = ~a[i] & mask;
    break;
  case Opcode::ShiftLeft:
    for (int i = 0; i < n; ++i)
      out[i] = b[i] < width ? (a[i] << (b[i] & 31)) & mask : 0;
    break;
  case Opcode::ShiftRightLogical:
    for (int i = 0; i < n; ++i)
      out[i] = b[i] < width ? a[i] >> (b[i] & 31) : 0;
    break;
  case Opcode::ShiftRightArithmetic:
    for (int i = 0; i < n; ++i)
      out[i] = uint32_t(int32_t(a[i]) >> (b[i] < 31 ? b[i] : 31)) & mask;
    break;
  case Opcode::Select:
    for (int i = 0; i < n; ++i)
      out[i] = (a[i] & test) != 0 ? b[i] : c[i];
    break;
  default:
    break;
  }
}

/// Decoded values of one domain to the other, or to a narrower integer: to
/// integers half to even, saturating, NaN to 0.
WEFT_SIMD void convert(bool fromFloat, DataType to, const uint32_t *in,
                       uint32_t *out, int n) {
  if (isFloat(to)) {
    if (fromFloat)
      for (int i = 0; i < n; ++i)
        out[i] =
            std::bit_cast<uint32_t>(canonical(std::bit_cast<float>(in[i])));
    else
      for (int i = 0; i < n; ++i)
        out[i] = std::bit_cast<uint32_t>(float(int32_t(in[i])));
    return;
  }
  int64_t high = int64_t(maskOf(to) >> 1);
  int32_t top = int32_t(high), bottom = int32_t(-high - 1);
  if (!fromFloat) {
    for (int i = 0; i < n; ++i) {
      int32_t x = int32_t(in[i]);
      out[i] = uint32_t(x > top ? top : x < bottom ? bottom : x);
    }
    return;
  }
  // 2^31 is the float after `top` of I32; 2^31 - 128 the one before.
  float limit = float(high + 1),
        below = to == DataType::I32 ? 0x1.fffffep30f : float(high);
  for (int i = 0; i < n; ++i) {
    float x = std::nearbyint(std::bit_cast<float>(in[i]));
    x = x == x ? x : 0.0f;
    float clamped = x > below ? below : x < -limit ? -limit : x;
    int32_t y = int32_t(clamped);
    out[i] = uint32_t(x >= limit ? top : y);
  }
}

} // namespace

bool aluSupports(Opcode op, DataType type, DataType resultType) {
  if (!isAluOpcode(op))
    return false;
  if (isCompare(op) || op == Opcode::Convert)
    return true;
  if (type != resultType)
    return false;
  switch (op) {
  case Opcode::ShiftLeft:
  case Opcode::ShiftRightLogical:
  case Opcode::ShiftRightArithmetic:
    return !isFloat(type);
  case Opcode::Exp:
  case Opcode::Log:
  case Opcode::Tanh:
  case Opcode::Sqrt:
  case Opcode::Rsqrt:
  case Opcode::Floor:
  case Opcode::Ceil:
  case Opcode::Round:
  case Opcode::Sin:
  case Opcode::Cos:
    return isFloat(type);
  default:
    return true;
  }
}

void computeAlu(Opcode op, DataType type, DataType resultType,
                const uint32_t *a, const uint32_t *b, const uint32_t *c,
                uint32_t *out, int lanes) {
  switch (op) {
  case Opcode::Copy:
  case Opcode::And:
  case Opcode::Or:
  case Opcode::Xor:
  case Opcode::Not:
  case Opcode::ShiftLeft:
  case Opcode::ShiftRightLogical:
  case Opcode::Select:
    return bitwise(op, type, a, b, c, out, lanes);
  default:
    break;
  }

  alignas(64) uint32_t decoded[3][maxLanes];
  const uint32_t *in[3] = {a, b, c};
  int operands = aluOperandCount(op);
  for (int i = 0; i < 3; ++i) {
    if (i >= operands)
      in[i] = in[0]; // Loops read three operands and ignore what is missing.
    else if (byteWidth(type) < 4) {
      // The count of an arithmetic shift is unsigned.
      if (op != Opcode::ShiftRightArithmetic || i == 0) {
        decode(type, in[i], decoded[i], lanes);
        in[i] = decoded[i];
      }
    }
  }
  if (op == Opcode::ShiftRightArithmetic)
    return bitwise(op, type, in[0], in[1], in[2], out, lanes);
  if (op == Opcode::Convert) {
    convert(isFloat(type), resultType, in[0], out, lanes);
    return encode(resultType, out, lanes);
  }
  if (isCompare(op)) {
    uint32_t one = resultType == DataType::F32   ? 0x3F800000u
                   : resultType == DataType::F16 ? 0x3C00u
                                                 : 1u;
    return compare(op, isFloat(type), in[0], in[1], one, out, lanes);
  }

  auto elementary = [&](void (*f)(const float *, float *, int)) {
    f(reinterpret_cast<const float *>(in[0]), reinterpret_cast<float *>(out),
      lanes);
  };
  switch (op) {
  case Opcode::Exp:
    elementary(expLanes);
    break;
  case Opcode::Log:
    elementary(logLanes);
    break;
  case Opcode::Tanh:
    elementary(tanhLanes);
    break;
  case Opcode::Sqrt:
    elementary(sqrtLanes);
    break;
  case Opcode::Rsqrt:
    elementary(rsqrtLanes);
    break;
  case Opcode::Sin:
    elementary(sinLanes);
    break;
  case Opcode::Cos:
    elementary(cosLanes);
    break;
  default:
    if (isFloat(type))
      floatArithmetic(op, in[0], in[1], in[2], out, lanes);
    else
      intArithmetic(op, in[0], in[1], in[2], out, lanes);
  }
  if (byteWidth(resultType) < 4)
    encode(resultType, out, lanes);
}

WEFT_SIMD void joinPlanes(const uint8_t *const *planes, int width,
                          uint32_t *values, int lanes) {
  const uint8_t *p0 = planes[0];
  if (width == 1) {
    for (int i = 0; i < lanes; ++i)
      values[i] = p0[i];
    return;
  }
  const uint8_t *p1 = planes[1];
  if (width == 2) {
    for (int i = 0; i < lanes; ++i)
      values[i] = p0[i] | uint32_t(p1[i]) << 8;
    return;
  }
  const uint8_t *p2 = planes[2], *p3 = planes[3];
  for (int i = 0; i < lanes; ++i)
    values[i] = p0[i] | uint32_t(p1[i]) << 8 | uint32_t(p2[i]) << 16 |
                uint32_t(p3[i]) << 24;
}

WEFT_SIMD void splitPlanes(const uint32_t *values, int width,
                           uint8_t *const *planes, int lanes) {
  for (int b = 0; b < width; ++b) {
    uint8_t *plane = planes[b];
    for (int i = 0; i < lanes; ++i)
      plane[i] = uint8_t(values[i] >> (8 * b));
  }
}

} // namespace weft::sim
