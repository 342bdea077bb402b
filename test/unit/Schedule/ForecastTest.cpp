// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// When buffers are expected to be in each other's way, on tsp-mini, counted by
// hand. Bursts that are within 64 cycles of each other count as far as they
// would overlap if one were 64 cycles longer at either end.

#include "Forecast.h"
#include "ProblemBuilder.h"

#include <gtest/gtest.h>

using namespace weft;
using namespace weft::schedule;
using namespace weft::test;

namespace {

constexpr Hemisphere East = Hemisphere::East;

/// Three maps of eight rows: each reads a buffer of its own and writes another.
class ForecastTest : public testing::Test {
protected:
  ForecastTest() : machine(*machinePreset("tsp-mini")), b(machine) {
    for (int i = 0; i < 3; ++i) {
      in.push_back(b.buffer(8, East));
      out.push_back(b.buffer(8, East));
      b.problem.buffers[size_t(in[i])].initial = true;
      b.map({{in[i]}}, {out[i]}, 8);
    }
  }
  Forecast at(std::vector<int64_t> starts) {
    Schedule earlier;
    for (int64_t start : starts)
      earlier.chains.push_back({start, {}, {}, 0});
    return Forecast(b.problem, earlier);
  }
  int slice(int east) const { return machine.slices + east; }

  Machine machine;
  ProblemBuilder b;
  std::vector<int> in, out;
};

TEST_F(ForecastTest, ReadsOfOneSliceAtOneTime) {
  // Two read in cycles 1000..1007 less their flight, the third far from them.
  Forecast f = at({1000, 1000, 5000});
  f.place(in[0], slice(2), 0, 2);
  // All eight cycles, whichever the bank: a slice has one read side.
  EXPECT_EQ(f.conflicts(in[1], slice(2), 0, 2), 8);
  EXPECT_EQ(f.conflicts(in[1], slice(2), 1, 2), 8);
  EXPECT_EQ(f.conflicts(in[2], slice(2), 0, 2), 0);
  EXPECT_EQ(f.conflicts(in[1], slice(3), 0, 2), 0);
}

TEST_F(ForecastTest, NearMissesCountInPart) {
  // 68 cycles later: 1068 - 64 = 1004, so 1004..1007 of the other are near.
  Forecast f = at({1000, 1068, 1080});
  f.place(in[0], slice(2), 0, 2);
  EXPECT_EQ(f.conflicts(in[1], slice(2), 0, 2), 4);
  EXPECT_EQ(f.conflicts(in[2], slice(2), 0, 2), 0);
}

TEST_F(ForecastTest, WritesBarTheirBankToReads) {
  Forecast f = at({1000, 1000, 1000});
  f.place(out[0], slice(2), 1, 2);
  EXPECT_EQ(f.conflicts(in[1], slice(2), 0, 2), 0);  // the other bank
  EXPECT_EQ(f.conflicts(in[1], slice(2), 1, 2), 8);  // one thing at a time
  EXPECT_EQ(f.conflicts(out[1], slice(2), 0, 2), 8); // one write side
}

// Chains that could run at once do: nothing waits the eight cycles that a
// second reader of one slice would.
TEST_F(ForecastTest, SchedulesDoNotCollide) {
  auto schedule = listSchedule(b.problem);
  ASSERT_TRUE(bool(schedule)) << schedule.error().message;
  ASSERT_TRUE(bool(schedule->verify(b.problem)));
  // Two slices are at position 1, the third input is read from position 2: read
  // in 0..7, at the VXM in 3..10, 4 + 3 later on a stream, written a hop
  // further in 11..18.
  EXPECT_EQ(schedule->cycles, 19);
}

} // namespace
