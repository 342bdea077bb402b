// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Packing by layout and conversion to storage, on tsp-mini's 32 lanes.

#include "weft/Runtime/Placement.h"

#include <gtest/gtest.h>
#include <numeric>

using namespace weft;

namespace {
Machine mini() { return *machinePreset("tsp-mini"); }

Placement placement(DataType storage, Layout layout, uint32_t padding = 0) {
  Placement p;
  p.storage = storage;
  p.padding = padding;
  for (int i = 0; i < layout.columns * byteWidth(storage); ++i)
    p.planes.push_back({Hemisphere::East, uint8_t(i), 8});
  p.layout = std::move(layout);
  return p;
}

/// Elements 1, 2, 3, ...
StoredElements counting(DataType storage, size_t count) {
  StoredElements elements;
  elements.type = storage;
  elements.bits.resize(count);
  std::iota(elements.bits.begin(), elements.bits.end(), 1);
  return elements;
}
} // namespace

TEST(Placement, RowsInWords) {
  // [2, 3] of two bytes: a row a word, low bytes in plane 0, high in plane 1.
  Layout layout;
  layout.dims = {{{2, 0, 1, 0}}, {{3, 1, 0, 0}}};
  layout.words = 2;
  Placement p = placement(DataType::F16, layout, 0x3c00);
  ASSERT_TRUE(checkPlacement(mini(), p, {2, 3}, "t"));
  StoredElements elements = counting(DataType::F16, 6);
  elements.bits[4] = 0x1234; // Row 1, lane 1.
  auto planes = packPlanes(mini(), p, {2, 3}, elements);
  ASSERT_EQ(planes.size(), 2u);
  ASSERT_EQ(planes[0].size(), 64u); // 2 words of 32 lanes.
  EXPECT_EQ(planes[0][0], 1);
  EXPECT_EQ(planes[0][2], 3);
  EXPECT_EQ(planes[0][32], 4);
  EXPECT_EQ(planes[0][33], 0x34);
  EXPECT_EQ(planes[1][33], 0x12);
  // Padding: 1.0 in half precision is 0x3c00.
  EXPECT_EQ(planes[0][3], 0x00);
  EXPECT_EQ(planes[1][3], 0x3c);
  EXPECT_EQ(planes[1][63], 0x3c);
  EXPECT_EQ(unpackPlanes(mini(), p, {2, 3}, planes).bits, elements.bits);
}

TEST(Placement, ColumnsByDigits) {
  // [2, 80] bytes: 80 = 2.5 * 32 lanes; lane, then column; rows are words.
  Layout layout;
  layout.dims = {{{2, 0, 1, 0}}, {{32, 1, 0, 0}, {3, 0, 0, 1}}};
  layout.words = 2;
  layout.columns = 3;
  Placement p = placement(DataType::I8, layout, 0x55);
  ASSERT_TRUE(checkPlacement(mini(), p, {2, 80}, "t"));
  StoredElements elements = counting(DataType::I8, 160);
  auto planes = packPlanes(mini(), p, {2, 80}, elements);
  ASSERT_EQ(planes.size(), 3u);
  EXPECT_EQ(planes[0][31], 32);       // [0, 31]
  EXPECT_EQ(planes[1][0], 33);        // [0, 32]
  EXPECT_EQ(planes[2][15], 80);       // [0, 79]
  EXPECT_EQ(planes[2][16], 0x55);     // Padding.
  EXPECT_EQ(planes[2][32 + 15], 160); // [1, 79]
  EXPECT_EQ(unpackPlanes(mini(), p, {2, 80}, planes).bits, elements.bits);
}

TEST(Placement, SplatFillsEveryLane) {
  // Three floats, a word each, in four byte planes.
  Layout layout;
  layout.dims = {{{3, 0, 1, 0}}};
  layout.words = 3;
  layout.splat = true;
  Placement p = placement(DataType::F32, layout);
  ASSERT_TRUE(checkPlacement(mini(), p, {3}, "t"));
  StoredElements elements{DataType::F32, {0x3f800000, 0x01020304, 0}};
  auto planes = packPlanes(mini(), p, {3}, elements);
  for (int lane = 0; lane < 32; ++lane) {
    EXPECT_EQ(planes[3][lane], 0x3f);
    EXPECT_EQ(planes[0][32 + lane], 0x04);
    EXPECT_EQ(planes[3][32 + lane], 0x01);
  }
  EXPECT_EQ(unpackPlanes(mini(), p, {3}, planes).bits, elements.bits);
}

TEST(Placement, ScalarsAndOffsets) {
  Layout layout;
  layout.offset = {5, 1, 0};
  layout.words = 2;
  Placement p = placement(DataType::I8, layout);
  ASSERT_TRUE(checkPlacement(mini(), p, {}, "t"));
  auto planes = packPlanes(mini(), p, {}, {DataType::I8, {9}});
  EXPECT_EQ(planes[0][32 + 5], 9);
  auto used = usedWords(p, {});
  EXPECT_EQ(used, (std::vector<std::vector<bool>>{{false, true}}));
}

TEST(Placement, SegmentsOfAReshape) {
  // A [2, 3, 1] tensor as [6], a word an element, in segments of 4 words:
  // elements 0-3 in the first, 4 and 5 in the second, which has 2 words.
  Layout layout;
  layout.dims = {{{6, 0, 1, 0}}};
  layout.words = 6;
  Placement p = placement(DataType::I8, layout);
  p.shape = {6};
  p.segmentWords = 4;
  p.planes = {{Hemisphere::East, 0, 8}, {Hemisphere::East, 1, 126}};
  ASSERT_TRUE(checkPlacement(mini(), p, {2, 3, 1}, "t"));
  EXPECT_FALSE(checkPlacement(mini(), p, {2, 2}, "t"));
  StoredElements elements{DataType::I8, {1, 2, 3, 4, 5, 6}};
  auto planes = packPlanes(mini(), p, {2, 3, 1}, elements);
  ASSERT_EQ(planes.size(), 2u);
  ASSERT_EQ(planes[0].size(), 4u * 32);
  ASSERT_EQ(planes[1].size(), 2u * 32);
  EXPECT_EQ(planes[0][3 * 32], 4);
  EXPECT_EQ(planes[1][0], 5);
  EXPECT_EQ(planes[1][32], 6);
  EXPECT_EQ(unpackPlanes(mini(), p, {2, 3, 1}, planes).bits, elements.bits);
  EXPECT_EQ(
      usedWords(p, {2, 3, 1}),
      (std::vector<std::vector<bool>>{{true, true, true, true}, {true, true}}));
  // Bytes of a plane follow each other: [byte * segments + segment].
  Placement wide = p;
  wide.storage = DataType::F16;
  EXPECT_FALSE(checkPlacement(mini(), wide, {6}, "t"));
  wide.planes.insert(wide.planes.end(), p.planes.begin(), p.planes.end());
  EXPECT_TRUE(checkPlacement(mini(), wide, {6}, "t"));
  EXPECT_EQ(wide.spotOf({0, 5, 0}, 1).plane, 3u);
  EXPECT_EQ(wide.spotOf({0, 5, 0}, 1).word, 1);
  EXPECT_EQ(wide.wordsOf(2), 4);
  EXPECT_EQ(wide.wordsOf(3), 2);
}

TEST(Placement, OutOfBoundsIsRefused) {
  auto check = [](Placement p, std::vector<int64_t> shape) {
    return bool(checkPlacement(mini(), p, shape, "t"));
  };
  Layout row;
  row.dims = {{{32, 1, 0, 0}}};
  row.words = 1;
  Placement good = placement(DataType::I8, row);
  EXPECT_TRUE(check(good, {32}));
  EXPECT_FALSE(check(good, {33}));               // Beyond the lanes.
  EXPECT_FALSE(check(good, {4, 8}));             // Rank.
  EXPECT_FALSE(check(good, {int64_t(1) << 40})); // More than the places.
  Placement slice = good;
  slice.planes[0].slice = 8; // tsp-mini has 0 to 7.
  EXPECT_FALSE(check(slice, {32}));
  Placement address = good;
  address.planes[0].address = 128; // 2 banks of 64 words.
  EXPECT_FALSE(check(address, {32}));
  Placement planes = good;
  planes.planes.clear();
  EXPECT_FALSE(check(planes, {32}));
  Placement digit = good;
  digit.layout.dims[0][0].extent = 0;
  EXPECT_FALSE(check(digit, {32}));
}

TEST(Storage, FloatsSaturateInHalf) {
  Tensor tensor = zeros(TensorType::F32, {4});
  double values[] = {1.5, -3.4e38, 65519, 1 + 1.0 / 2048};
  for (int i = 0; i < 4; ++i)
    tensor.setNumber(i, values[i]);
  auto stored = toStorage(tensor, DataType::F16, "x");
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->bits,
            (std::vector<uint32_t>{0x3e00, 0xfbff, 0x7bff, 0x3c00}));
}

TEST(Storage, IntegersAreChecked) {
  Tensor tensor = zeros(TensorType::I64, {2, 2});
  tensor.setInteger(0, -2147483648LL);
  tensor.setInteger(1, 2147483647LL);
  auto stored = toStorage(tensor, DataType::I32, "ids");
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->bits[0], 0x80000000u);
  Tensor back = fromStorage(*stored, TensorType::I64, {2, 2});
  EXPECT_EQ(back, tensor);

  tensor.setInteger(3, 2147483648LL);
  auto error = toStorage(tensor, DataType::I32, "ids");
  ASSERT_FALSE(error);
  EXPECT_EQ(error.error().kind, ErrorKind::Invalid);
  EXPECT_EQ(error.error().message,
            "'ids' at [1, 1]: value 2147483648 is outside [-2147483648, "
            "2147483647]; int64 is held as I32 on the chip");
}

TEST(Storage, BooleansAndUnsignedBytes) {
  Tensor boolean = zeros(TensorType::Bool, {2});
  boolean.bytes = {0, 1};
  EXPECT_EQ(toStorage(boolean, DataType::I8, "m")->bits,
            (std::vector<uint32_t>{0, 1}));
  EXPECT_EQ(toStorage(boolean, DataType::F16, "m")->bits,
            (std::vector<uint32_t>{0, 0x3c00}));
  EXPECT_EQ(fromStorage({DataType::I32, {0, 7}}, TensorType::Bool, {2}),
            boolean);
  // uint8 keeps its pattern in I8, both ways.
  Tensor bytes = zeros(TensorType::U8, {1});
  bytes.bytes = {200};
  auto stored = toStorage(bytes, DataType::I8, "b");
  ASSERT_TRUE(stored);
  EXPECT_EQ(stored->bits[0] & 0xff, 200u);
  EXPECT_EQ(fromStorage(*stored, TensorType::U8, {1}), bytes);
}
