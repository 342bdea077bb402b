// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks and the text form of layouts. A layout may come from a damaged file:
// the range check holds for any numbers and bounds the work of what follows.

#include "weft/Machine/Layout.h"

#include <algorithm>
#include <array>

namespace weft {
namespace {

// Past any machine, and small enough that products of them stay in 64 bits.
constexpr int32_t maxWords = 1 << 16;
constexpr int32_t maxColumns = 1 << 20;

constexpr std::array<std::string_view, 3> axisNames = {"lane", "word",
                                                       "column"};

std::array<int32_t, 3> stridesOf(const Digit &digit) {
  return {digit.lane, digit.word, digit.column};
}

/// Largest value of digit i of dimension d, given the product of the extents
/// of the digits inside it.
int64_t topOf(const std::vector<Digit> &digits, size_t i, int64_t size,
              int64_t inner) {
  int64_t top = (size - 1) / inner;
  return i + 1 == digits.size() ? top : std::min(top, digits[i].extent - 1);
}

/// a * b, or the largest number: only compared with sizes.
int64_t saturatingProduct(int64_t a, int64_t b) {
  return a > INT64_MAX / b ? INT64_MAX : a * b;
}

Error invalid(std::string message) {
  return {ErrorKind::Invalid, "layout: " + std::move(message), {}};
}

} // namespace

Status checkLayout(const Layout &layout, std::span<const int64_t> shape,
                   int lanes) {
  if (layout.dims.size() != shape.size())
    return invalid("has " + std::to_string(layout.dims.size()) +
                   " dimensions for a tensor of " +
                   std::to_string(shape.size()));
  if (layout.words < 0 || layout.words > maxWords || layout.columns < 0 ||
      layout.columns > maxColumns)
    return invalid("words and columns must lie in 0.." +
                   std::to_string(maxWords) + " and 0.." +
                   std::to_string(maxColumns));
  std::array<int64_t, 3> limit = {lanes, layout.words, layout.columns};
  std::array<int64_t, 3> low = {layout.offset.lane, layout.offset.word,
                                layout.offset.column};
  std::array<int64_t, 3> high = low;
  bool empty = false;
  for (size_t d = 0; d < shape.size(); ++d) {
    auto fail = [&](std::string why) {
      return invalid("dimension " + std::to_string(d) + ": " + why);
    };
    if (shape[d] < 0)
      return fail("size " + std::to_string(shape[d]) + " is negative");
    empty |= shape[d] == 0;
    int64_t inner = 1;
    for (size_t i = 0; i < layout.dims[d].size(); ++i) {
      const Digit &digit = layout.dims[d][i];
      if (digit.extent < 1)
        return fail("extent " + std::to_string(digit.extent) + " of digit " +
                    std::to_string(i) + " is not positive");
      // Nothing on a chip has 2^31 of anything; at() counts in 32 bits.
      if (digit.extent > INT32_MAX)
        return fail("extent of digit " + std::to_string(i) + " is absurd");
      if (layout.splat && digit.lane != 0)
        return fail("digit " + std::to_string(i) +
                    " of a splat steps the lane");
      int64_t top =
          shape[d] > 0 ? topOf(layout.dims[d], i, shape[d], inner) : 0;
      if (top >= digit.extent)
        return fail("digits cover " +
                    std::to_string(saturatingProduct(inner, digit.extent)) +
                    " of " + std::to_string(shape[d]) + " elements");
      auto strides = stridesOf(digit);
      for (size_t axis = 0; axis < 3; ++axis) {
        int64_t step = top * strides[axis]; // < 2^31 * 2^31
        if (step > INT32_MAX || step < INT32_MIN)
          return fail("digit " + std::to_string(i) + " leaves the " +
                      std::string(axisNames[axis]) + "s");
        (step > 0 ? high : low)[axis] += step;
      }
      inner =
          inner > (INT64_MAX / digit.extent) ? INT64_MAX : inner * digit.extent;
      if (i >= 63)
        return fail("has more than 63 digits");
    }
    if (layout.dims[d].empty() && shape[d] > 1)
      return fail("digits cover 1 of " + std::to_string(shape[d]) +
                  " elements");
    if (d >= 63)
      return invalid("has more than 63 dimensions");
  }
  if (empty)
    return success();
  for (size_t axis = 0; axis < 3; ++axis)
    if (low[axis] < 0 || high[axis] >= limit[axis])
      return invalid("elements lie on " + std::string(axisNames[axis]) + "s " +
                     std::to_string(low[axis]) + ".." +
                     std::to_string(high[axis]) + " of " +
                     std::to_string(limit[axis]));
  return success();
}

bool layoutIsInjective(const Layout &layout, std::span<const int64_t> shape,
                       int lanes) {
  // Positions as numbers: lane + lanes * (word + words * column).
  struct Step {
    int64_t stride, count;
  };
  std::vector<Step> steps;
  int64_t elements = 1;
  for (size_t d = 0; d < shape.size(); ++d) {
    if (shape[d] == 0)
      return true;
    int64_t inner = 1;
    for (size_t i = 0; i < layout.dims[d].size(); ++i) {
      const Digit &digit = layout.dims[d][i];
      int64_t top = topOf(layout.dims[d], i, shape[d], inner);
      int64_t stride =
          digit.lane +
          int64_t(lanes) * (digit.word + int64_t(layout.words) * digit.column);
      inner = saturatingProduct(inner, digit.extent);
      if (top == 0)
        continue;
      if (stride == 0)
        return false;
      steps.push_back({std::abs(stride), top + 1});
    }
    if (elements > INT64_MAX / shape[d])
      return false;
    elements *= shape[d];
  }
  int64_t positions = int64_t(lanes) * layout.words * layout.columns;
  if (elements > positions)
    return false;

  // Enough: every stride steps over all that smaller strides reach.
  std::sort(steps.begin(), steps.end(),
            [](Step a, Step b) { return a.stride < b.stride; });
  int64_t reach = 0;
  bool separate = true;
  for (Step step : steps) {
    separate &= step.stride > reach;
    reach += step.stride * (step.count - 1);
  }
  if (separate)
    return true;

  // Strides interleave, or a dimension ends inside a digit: look at each.
  std::vector<int64_t> taken;
  taken.reserve(size_t(elements));
  std::vector<int64_t> index(shape.size(), 0);
  for (int64_t n = 0; n < elements; ++n) {
    LayoutPosition p = layout.at(index);
    taken.push_back(p.lane + int64_t(lanes) *
                                 (p.word + int64_t(layout.words) * p.column));
    for (size_t d = shape.size(); d-- > 0;) {
      if (++index[d] < shape[d])
        break;
      index[d] = 0;
    }
  }
  std::sort(taken.begin(), taken.end());
  return std::adjacent_find(taken.begin(), taken.end()) == taken.end();
}

std::string layoutToText(const Layout &layout) {
  std::string out;
  for (const std::vector<Digit> &digits : layout.dims) {
    out += '[';
    for (const Digit &digit : digits) {
      if (&digit != &digits.front())
        out += " * ";
      out += std::to_string(digit.extent);
      auto strides = stridesOf(digit);
      char separator = ':';
      for (size_t axis = 0; axis < 3; ++axis) {
        if (strides[axis] == 0)
          continue;
        out += separator + std::string(axisNames[axis]) + " " +
               std::to_string(strides[axis]);
        separator = ',';
      }
    }
    out += ']';
  }
  std::array<int32_t, 3> offset = {layout.offset.lane, layout.offset.word,
                                   layout.offset.column};
  for (size_t axis = 0; axis < 3; ++axis)
    if (offset[axis] != 0)
      out += " + " + std::string(axisNames[axis]) + " " +
             std::to_string(offset[axis]);
  out += layout.dims.empty() ? "scalar" : "";
  out += ", words " + std::to_string(layout.words) + ", columns " +
         std::to_string(layout.columns);
  return out + (layout.splat ? ", splat" : "");
}

} // namespace weft
