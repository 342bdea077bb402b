// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The timeline in few bytes. That the page reads it is tested in a browser.

#include "Programs.h"

#include "Timeline.h"

using namespace weft;
using namespace weft::report;
using namespace weft::test;

TEST(Timeline, PatternsAreTextsWithoutNumbers) {
  TextPatterns patterns;
  std::vector<uint64_t> numbers;
  EXPECT_EQ(patterns.split("read 0:0012 -> e3", numbers), 0);
  EXPECT_EQ(numbers, (std::vector<uint64_t>{0, 12, 3}));
  EXPECT_EQ(patterns.split("read 1:0007 -> e31", numbers), 0);
  EXPECT_EQ(patterns.split("read 1:1207 -> e31", numbers), 1);
  ASSERT_EQ(patterns.all().size(), 2u);
  EXPECT_EQ(patterns.all()[0], "read \1:\1{4} -> e\1");
  EXPECT_EQ(patterns.all()[1], "read \1:\1 -> e\1");
}

TEST(Timeline, NumbersInBase64) {
  NumberStream numbers;
  numbers.put(0);
  numbers.put(300);      // 0x2c | 0x80, 0x02
  numbers.putSigned(-2); // 3
  // 00 ac 02 03: "AKwCAw==" (RFC 4648).
  EXPECT_EQ(numbers.base64(), "AKwCAw==");
}

TEST(Timeline, JoinsNeighboursOfOneNode) {
  auto burst = [](int64_t first, int64_t issues, int node) {
    Burst b;
    b.first = first;
    b.issues = issues;
    b.node = node;
    return b;
  };
  // 0-3 and 5-6 of one node, 7 of another, 20 of that one.
  std::vector<Burst> bursts = {burst(0, 4, 1), burst(5, 2, 1), burst(7, 1, 2),
                               burst(20, 1, 2)};
  std::vector<Burst> runs = joined(bursts, 1);
  ASSERT_EQ(runs.size(), 3u);
  EXPECT_EQ(runs[0].issues, 6);
  EXPECT_EQ(runs[0].distance, 7); // its length
  EXPECT_EQ(joined(bursts, 12).size(), 2u);
}

TEST(Timeline, OneBurstIsAFewNumbers) {
  Builder b;
  b.at(5, memRead(east, 0), read(3, 2)).repeat(memRead(east, 0), 3, 2, 1);
  Expected<ChipActivity> activity = followQueues(b.program, 0);
  ASSERT_TRUE(activity);
  TextPatterns patterns;
  // First 5, issues - 1 = 3, distance - 1 = 1, stride 1 as 2, node + 1 = 0,
  // instruction 1, pattern 0, bank 0, word 3, stream 2.
  NumberStream expected;
  for (uint64_t number : {5, 3, 1, 2, 0, 1, 0, 0, 3, 2})
    expected.put(number);
  EXPECT_EQ(encodeTimeline(b.program.machine, *activity, 0, patterns),
            expected.base64());
}
