// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where layouts put elements, and which layouts are refused.

#include "weft/Machine/Layout.h"

#include <array>
#include <gtest/gtest.h>
#include <limits>

using namespace weft;

namespace {

/// [4, 40] in rows: 16 lanes, then words, then 4 columns.
Layout rows() {
  Layout layout;
  layout.dims = {{{4, 0, 0, 1}}, {{16, 1, 0, 0}, {3, 0, 1, 0}}};
  layout.words = 3;
  layout.columns = 4;
  return layout;
}
constexpr std::array<int64_t, 2> shape = {4, 40};

std::string errorOf(const Layout &layout, std::span<const int64_t> shape) {
  Status status = checkLayout(layout, shape, 16);
  return status ? "valid" : status.error().message;
}

TEST(Layout, PositionsAndText) {
  Layout layout = rows();
  std::array<int64_t, 2> index = {2, 37}; // 37 = 5 + 2 * 16.
  EXPECT_EQ(layout.at(index), (LayoutPosition{5, 2, 2}));
  EXPECT_EQ(errorOf(layout, shape), "valid");
  EXPECT_TRUE(layoutIsInjective(layout, shape, 16));
  EXPECT_EQ(layoutToText(layout),
            "[4:column 1][16:lane 1 * 3:word 1], words 3, columns 4");
}

TEST(Layout, OutOfRangeIsRefused) {
  Layout layout = rows();
  layout.words = 2;
  EXPECT_EQ(errorOf(layout, shape), "layout: elements lie on words 0..2 of 2");
  layout = rows();
  layout.offset.lane = -1;
  EXPECT_EQ(errorOf(layout, shape),
            "layout: elements lie on lanes -1..14 of 16");
  // The last digit would reach word 3, but element 48 does not exist.
  layout = rows();
  layout.dims[1][1].extent = 4;
  EXPECT_EQ(errorOf(layout, shape), "valid");
  layout.dims[1][1].extent = 2;
  EXPECT_EQ(errorOf(layout, shape),
            "layout: dimension 1: digits cover 32 of 40 elements");
  layout.dims.pop_back();
  EXPECT_EQ(errorOf(layout, shape),
            "layout: has 1 dimensions for a tensor of 2");
}

TEST(Layout, AbsurdNumbersAreRefused) {
  constexpr int32_t most = std::numeric_limits<int32_t>::max();
  constexpr int64_t huge = std::numeric_limits<int64_t>::max();
  std::array<int64_t, 1> one = {huge};
  Layout layout;
  layout.words = 1;
  layout.dims = {{{huge, most, most, most}}};
  EXPECT_NE(errorOf(layout, one), "valid");
  layout.dims = {{{most, most, 0, 0}, {most, most, 0, 0}, {most, 0, 0, 0}}};
  EXPECT_NE(errorOf(layout, one), "valid");
  layout.dims = {std::vector<Digit>(100, Digit{most, most, most, most})};
  EXPECT_NE(errorOf(layout, one), "valid");
  layout.dims = {{{0, 1, 0, 0}}};
  EXPECT_NE(errorOf(layout, std::array<int64_t, 1>{4}), "valid");
  layout = rows();
  layout.columns = most;
  EXPECT_NE(errorOf(layout, shape), "valid");
}

TEST(Layout, TwoElementsOnOnePosition) {
  Layout layout = rows();
  layout.dims[0][0].column = 0; // All rows on one another.
  EXPECT_EQ(errorOf(layout, shape), "valid");
  EXPECT_FALSE(layoutIsInjective(layout, shape, 16));
  // Strides 2 and 3 meet at 6 = 3 * 2 = 2 * 3 but for extents 3 and 2.
  layout = {};
  layout.words = 1;
  layout.dims = {{{3, 2, 0, 0}}, {{2, 3, 0, 0}}};
  EXPECT_TRUE(layoutIsInjective(layout, std::array<int64_t, 2>{3, 2}, 16));
  layout.dims = {{{4, 2, 0, 0}}, {{3, 3, 0, 0}}};
  EXPECT_EQ(errorOf(layout, std::array<int64_t, 2>{4, 3}), "valid");
  EXPECT_FALSE(layoutIsInjective(layout, std::array<int64_t, 2>{4, 3}, 16));
}

TEST(Layout, SplatsAndScalars) {
  Layout layout;
  layout.words = 2;
  layout.splat = true;
  layout.dims = {{{2, 0, 1, 0}}};
  EXPECT_EQ(errorOf(layout, std::array<int64_t, 1>{2}), "valid");
  layout.dims = {{{2, 1, 0, 0}}};
  EXPECT_EQ(errorOf(layout, std::array<int64_t, 1>{2}),
            "layout: dimension 0: digit 0 of a splat steps the lane");
  layout.dims = {};
  EXPECT_EQ(errorOf(layout, {}), "valid");
  EXPECT_EQ(layoutToText(layout), "scalar, words 2, columns 1, splat");
}

} // namespace
