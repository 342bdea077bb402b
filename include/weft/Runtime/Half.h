// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Half precision and bfloat16 as bit patterns. Rounds to nearest, ties to even;
// whether overflow becomes infinity or saturates is the caller's choice.

#ifndef WEFT_RUNTIME_HALF_H
#define WEFT_RUNTIME_HALF_H

#include <cstdint>

namespace weft {

/// IEEE binary16 nearest to `value`, ties to even; overflow gives infinity.
/// Takes a double so that no value is rounded twice.
uint16_t halfFromDouble(double value);

/// As halfFromDouble, but what would be infinite (infinity too) becomes
/// +-65504, as stores on the chip do. NaN stays NaN.
uint16_t halfFromDoubleSaturating(double value);

/// Exact.
float floatFromHalf(uint16_t bits);

/// Exact: bfloat16 is the upper half of binary32.
float floatFromBfloat16(uint16_t bits);

} // namespace weft

#endif // WEFT_RUNTIME_HALF_H
