// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bounds, against arithmetic worked out in the comments.

#include "weft/Schedule/Bounds.h"

#include "ProblemBuilder.h"

#include <gtest/gtest.h>

using namespace weft;
using namespace weft::test;

namespace {

// BERT-base, sequence 128, fp16; tiles of 160 x 320, two pairs.
TEST(WorkBound, BertBase) {
  Machine m = *machinePreset("tsp-v1");
  Work w;
  for (int layer = 0; layer < 12; ++layer) {
    w.matrices.push_back({1, 128, 2304, 768, false, true}); // 5 * 8 tiles
    w.matrices.push_back({1, 128, 768, 768, false, true});  // 5 * 3
    w.matrices.push_back({1, 128, 3072, 768, false, true}); // 5 * 10
    w.matrices.push_back({1, 128, 768, 3072, false, true}); // 20 * 3
    // Scores: k = 64, so two heads share a tile: 6 tiles of 128 rows.
    w.matrices.push_back({12, 128, 128, 64, false, false});
  }
  // (40 + 15 + 50 + 60 + 6) * 128 = 21,888 a layer; over two pairs and twelve
  // layers 21,888 * 12 / 2 = 131,328.
  Bound b = workBound(m, w);
  EXPECT_EQ(b.cycles, 131328);
  EXPECT_EQ(b.resource, "mxm");
  // P . V has k = 128: one head a tile. With V installed 128 rows stream,
  // with P installed only 64: 12 * 64 * 12 / 2 = 4,608 more.
  for (int layer = 0; layer < 12; ++layer)
    w.matrices.push_back({12, 128, 64, 128, false, false});
  EXPECT_EQ(workBound(m, w).cycles, 131328 + 4608);
}

// One row: a tile costs its load, 20 cycles, as long as its weights take on
// the streams: 160 * 320 * 2 B = 102,400 B at 5,120 B a cycle and hemisphere.
TEST(WorkBound, OneRowIsBoundByLoading) {
  Machine m = *machinePreset("tsp-v1");
  Work w;
  w.matrices.push_back({1, 1, 640, 160, false, true});
  EXPECT_EQ(workBound(m, w).cycles, 20); // two tiles, two pairs
  // 96 of 320 columns more are 6 cycles of 16 columns: (20 + 20 + 6) / 2.
  w.matrices[0].n = 736;
  EXPECT_EQ(workBound(m, w).cycles, 23);
}

// 16 ALUs of 320 lanes: 5,120 operations a cycle.
TEST(WorkBound, VectorOperations) {
  Machine m = *machinePreset("tsp-v1");
  Work w;
  w.vectorOperations = 51201;
  Bound b = workBound(m, w);
  EXPECT_EQ(b.cycles, 11);
  EXPECT_EQ(b.resource, "vxm");
}

// int8: 320 x 320 tiles on four planes: 2 * 2 tiles of 100 rows, one each.
TEST(WorkBound, Int8UsesEveryPlane) {
  Machine m = *machinePreset("tsp-v1");
  Work w;
  w.matrices.push_back({1, 100, 640, 640, true, true});
  EXPECT_EQ(workBound(m, w).cycles, 100);
}

// Two maps of 4 rows on tsp-mini, one after the other: reads in MEM 0 (one
// hop) at 0..3, at the VXM in 2..5, results on the stream 4 + 3 later, one hop
// to MEM 0: word 0 is written in 10, readable from 11. The second reads at
// 11..14 and writes at 21..24: 25 cycles along dependences. But a bank does one
// thing a cycle: the second waits until the write of 13 is done, reads at
// 14..17 and writes at 24..27: 28 cycles. No slice is read longer than 4.
TEST(PeakShare, FullAndPartialTiles) {
  Machine m = *machinePreset("tsp-v1");
  // 160 x 320 weights fill one of the two pairs' tiles: half of the peak.
  EXPECT_DOUBLE_EQ(peakShare(m, {{{1, 100, 320, 160, false, true}}, 0}, 100),
                   0.5);
  // In int8 a plane holds 320 x 320, and there are four.
  EXPECT_DOUBLE_EQ(peakShare(m, {{{1, 100, 320, 320, true, true}}, 0}, 100),
                   0.25);
  // 409,600 int8 multiply-adds a cycle are the whole chip (machine.md).
  EXPECT_DOUBLE_EQ(peakShare(m, {{{1, 1, 409600, 1, true, true}}, 0}, 1), 1.0);
  EXPECT_EQ(peakShare(m, {}, 100), 0);
}

TEST(PlacedBounds, TwoMaps) {
  Machine m = *machinePreset("tsp-mini");
  ProblemBuilder b(m);
  Planes x = b.initial(b.planes(1, 4)), y = b.planes(1, 4),
         z = b.final(b.planes(1, 4));
  b.place(x[0], Hemisphere::East, 0, 0);
  b.place(y[0], Hemisphere::East, 1, 0);
  b.place(z[0], Hemisphere::East, 0, 64);
  b.map({x}, y, 4);
  b.map({y}, z, 4);
  auto s = listSchedule(b.problem);
  ASSERT_TRUE(bool(s)) << s.error().message;
  PlacedBounds bounds = placedBounds(b.problem, *s);
  EXPECT_EQ(bounds.criticalPath, 25);
  EXPECT_EQ(s->cycles, 28);
  EXPECT_EQ(bounds.placed.cycles, 4);
  EXPECT_EQ(bounds.resources["vxm"].busy, 8);
  EXPECT_EQ(bounds.resources["vxm"].capacity, 16 * 28);
  EXPECT_EQ(bounds.resources["memory reads"].busy, 8);
}

} // namespace
