// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Layouts: where the elements of a tensor lie in vectors. A layout is a mixed
// radix: each dimension is split into digits, and every digit steps the lane,
// the word and the column (a set of memory slices, one per byte plane). It
// decides no addresses: a placement gives each column a slice and a base.
// The formalism is CuTe's shape:stride (NVIDIA, CUTLASS 3 documentation), with
// three targets instead of one.

#ifndef WEFT_MACHINE_LAYOUT_H
#define WEFT_MACHINE_LAYOUT_H

#include "weft/Machine/Error.h"

#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace weft {

/// One digit of a dimension, inner digits first. Index i contributes
/// (i / product of inner extents) % extent times each stride.
struct Digit {
  int64_t extent = 1;
  int32_t lane = 0;
  int32_t word = 0;
  int32_t column = 0;
  friend bool operator==(const Digit &, const Digit &) = default;
};

/// Where one element lies. `word` counts words from the column's base.
struct LayoutPosition {
  int32_t lane = 0;
  int32_t word = 0;
  int32_t column = 0;
  friend auto operator<=>(const LayoutPosition &,
                          const LayoutPosition &) = default;
};

/// The layout of a tensor of rank dims.size(). Lanes that hold no element are
/// padding. In a splat layout no digit steps the lane, and every lane of a
/// vector holds the same element.
struct Layout {
  std::vector<std::vector<Digit>> dims;
  LayoutPosition offset; ///< Position of element (0, ..., 0).
  int32_t words = 0;     ///< Words per column.
  int32_t columns = 1;
  bool splat = false;

  friend bool operator==(const Layout &, const Layout &) = default;
  LayoutPosition at(std::span<const int64_t> index) const {
    LayoutPosition p = offset;
    for (size_t d = 0; d < dims.size(); ++d) {
      int64_t rest = index[d];
      for (const Digit &digit : dims[d]) {
        int64_t i = &digit == &dims[d].back() ? rest : rest % digit.extent;
        rest /= digit.extent;
        p.lane += int32_t(i) * digit.lane;
        p.word += int32_t(i) * digit.word;
        p.column += int32_t(i) * digit.column;
      }
    }
    return p;
  }
};

/// Checks that a layout can hold a tensor of this shape in vectors of `lanes`
/// lanes: one list of digits per dimension, extents that cover the dimension,
/// and every element within the lanes, words and columns. Takes time in the
/// number of digits only, whatever the numbers; afterwards at() is defined for
/// every element. Invalid otherwise; the message names dimension and digit.
Status checkLayout(const Layout &layout, std::span<const int64_t> shape,
                   int lanes);

/// Whether no two elements share a position. Needs checkLayout() before; may
/// take time and memory in proportion to the positions.
bool layoutIsInjective(const Layout &layout, std::span<const int64_t> shape,
                       int lanes);

/// "[4:lane 1 * 2:word 1][16:column 1] + lane 2, words 8, columns 16": per
/// dimension its digits, inner ones first, with the strides that are not zero.
std::string layoutToText(const Layout &layout);

} // namespace weft

#endif // WEFT_MACHINE_LAYOUT_H
