// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What values a scalar in a body can take, from the operations that make it: so
// that bytes are widened and narrowed without ado. Decides nothing.

#ifndef WEFT_TRANSFORMS_INTEGERRANGES_H
#define WEFT_TRANSFORMS_INTEGERRANGES_H

#include "mlir/IR/Value.h"

#include <cstdint>

namespace weft {

/// An interval of integers, both ends included.
struct IntegerRange {
  int64_t low = 0, high = 0;
  bool within(IntegerRange other) const {
    return other.low <= low && high <= other.high;
  }
};

/// All values of a signed (or unsigned) integer of `width` bits, up to 63.
IntegerRange signedRange(unsigned width);
IntegerRange unsignedRange(unsigned width);

/// An interval that holds a scalar integer, seen as signed; at worst all values
/// of its type. Looks at a few operations only.
IntegerRange rangeOf(mlir::Value value);

} // namespace weft

#endif // WEFT_TRANSFORMS_INTEGERRANGES_H
