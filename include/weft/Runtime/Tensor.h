// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tensor on the host: element type, shape, bytes. What files it comes from is
// TensorIO.h; where it goes on the chip is Binding.h.

#ifndef WEFT_RUNTIME_TENSOR_H
#define WEFT_RUNTIME_TENSOR_H

#include "weft/Program/Program.h"

#include <optional>
#include <string>
#include <vector>

namespace weft {

/// Row-major elements, little-endian, elementBytes(type) each. Booleans are
/// one byte, 0 or 1.
struct Tensor {
  TensorType type = TensorType::F32;
  std::vector<int64_t> shape;
  std::vector<uint8_t> bytes;
  friend bool operator==(const Tensor &, const Tensor &) = default;

  int64_t elements() const;
  /// Element `i` of the flattened tensor as a double. 64-bit integers beyond
  /// 2^53 are rounded; use integer() for those.
  double number(int64_t i) const;
  /// Element `i` of an integer or boolean tensor. U64 values are wrapped.
  int64_t integer(int64_t i) const;
  /// Writes element `i`: rounded to nearest even for floats (F16 overflow gives
  /// infinity), truncated toward zero and clamped for integers (NaN gives 0),
  /// 0 or 1 for Bool.
  void setNumber(int64_t i, double value);
  /// Writes element `i`: by value for floats and Bool, low bits for integers.
  void setInteger(int64_t i, int64_t value);
};

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

/// Bytes per element, 0 for a number that is not a TensorType.
int elementBytes(TensorType type);
bool isFloat(TensorType type);
/// "float32", "int64", "bool", ... as NumPy spells them.
std::string typeName(TensorType type);
/// "float32[2, 3]".
std::string typeAndShape(TensorType type, const std::vector<int64_t> &shape);

/// Product of the extents; nothing for a negative extent or beyond 2^62.
std::optional<int64_t> elementCount(const std::vector<int64_t> &shape);

/// Zeros of the given type and shape; the shape must be valid.
Tensor zeros(TensorType type, std::vector<int64_t> shape);

/// "[1, 0, 5]": the index of flattened position `i`, for messages.
std::string indexText(int64_t i, const std::vector<int64_t> &shape);

} // namespace weft

#endif // WEFT_RUNTIME_TENSOR_H
