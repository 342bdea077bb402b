// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A tensor of numbers in memory, for the constant evaluator. It decides how an
// element of any type is held while it is computed with, and how it is rounded;
// what is computed is left to ScalarProgram and ConstantEvaluator.

#ifndef WEFT_TRANSFORMS_CONSTANTTENSOR_H
#define WEFT_TRANSFORMS_CONSTANTTENSOR_H

#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"

#include <cstdint>
#include <optional>
#include <vector>

namespace weft {

class WeightFiles;

/// One element: an integer, sign-extended from its type's width (a boolean is
/// 0 or 1), or a float of at most 64 bits, which a double holds exactly.
union Scalar {
  int64_t i;
  double f;
};

/// Which of the two a Scalar holds, and to what it is rounded or wrapped.
struct ScalarType {
  enum Kind : uint8_t { Int, F16, BF16, F32, F64 };
  Kind kind = Int;
  uint8_t width = 64; ///< Bits of an integer.

  bool isFloat() const { return kind != Int; }
  /// nullopt for a type the evaluator does not know (f8, complex, i128).
  /// `index` counts as 64 bits.
  static std::optional<ScalarType> get(mlir::Type type);
  /// Rounds a float to nearest even, wraps an integer; the result is in the
  /// canonical form described at Scalar.
  double round(double value) const;
  int64_t wrap(int64_t value) const;
};

/// A tensor of static shape, row-major.
struct ConstantTensor {
  mlir::RankedTensorType type;
  std::vector<Scalar> data;

  /// All zero; nullopt where the element type is unknown or the shape dynamic.
  static std::optional<ConstantTensor> zeros(mlir::RankedTensorType type);
  /// The values of a constant; nullopt where its element type is unknown or its
  /// bytes cannot be read. Without `files`, an attribute whose bytes are in a
  /// file is not read. `loadAs` overrides the attribute's type (an unsigned
  /// constant seen as a signless one).
  static std::optional<ConstantTensor>
  load(mlir::ElementsAttr attr, WeightFiles *files,
       mlir::RankedTensorType loadAs = nullptr);
  /// Reads little-endian elements, a boolean in one byte.
  static std::optional<ConstantTensor> fromBytes(mlir::RankedTensorType type,
                                                 llvm::ArrayRef<char> bytes);
  /// As a dense attribute (a splat where all elements have equal bits).
  mlir::DenseElementsAttr toAttr() const;

  int64_t size() const { return static_cast<int64_t>(data.size()); }
  ScalarType scalarType() const {
    return *ScalarType::get(type.getElementType());
  }
};

/// Row-major strides in elements.
llvm::SmallVector<int64_t> rowMajorStrides(llvm::ArrayRef<int64_t> shape);

} // namespace weft

#endif // WEFT_TRANSFORMS_CONSTANTTENSOR_H
