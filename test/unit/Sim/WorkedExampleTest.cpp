// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The worked example of docs/machine.md: 65 cycles, and its values.

#include "WorkedExample.h"

using namespace weft;
using namespace weft::test;

namespace {

TEST(WorkedExample, TakesSixtyFiveCycles) {
  Builder b = workedExample();
  b.expectCycles(65);
  for (int m = 0; m < 4; ++m) {
    Bytes low = b.word(east, 0, 64 + m), high = b.word(east, 1, 64 + m);
    for (int n = 0; n < 32; ++n) {
      float sum = 0; // Quarters below 2^9: exact in fp16 and fp32.
      for (int k = 0; k < 16; ++k)
        sum += xAt(m, k) * wAt(k, n);
      EXPECT_EQ(low[size_t(n)] | high[size_t(n)] << 8, half(sum))
          << m << ", " << n;
    }
  }
}

TEST(WorkedExample, ReportsWhatWasBusy) {
  Builder b = workedExample();
  SimResult result = b.run();
  // 4 * 8 weight reads and 2 * 4 activation reads on 16 slices in 65 cycles.
  EXPECT_EQ(result.units[size_t(Unit::MemRead)].issues, 40);
  EXPECT_DOUBLE_EQ(result.units[size_t(Unit::MemRead)].utilisation,
                   40.0 / (16 * 65));
  EXPECT_EQ(result.units[size_t(Unit::MxmActivate)].issues, 4);
  // Busy: reads 0-8 and lw 6-13 (0-13), iw 14 and abc 15-18, acc 47-50,
  // convert 53-56, write 61-64: 19 + 4 + 4 + 4 = 31 of 65.
  EXPECT_EQ(result.idleCycles, 34);
}

TEST(WorkedExample, IsTheSameWithoutNamesAndWithAnyThreads) {
  Builder named = workedExample();
  named.program.nodes = {"/MatMul", "/Load"};
  named.program.provenance.resize(1);
  for (auto &[queue, text] : named.program.chips[0].queues)
    named.program.provenance[0].nodes[queue].assign(
        text.size(), queue < named.number(alu(0)) ? 1 : 0);
  SimOptions one, three;
  one.threads = 1;
  three.threads = 3;
  SimResult first = named.run(one);
  ASSERT_EQ(first.nodes.size(), 2u);
  EXPECT_EQ(first.nodes[0].node, "/MatMul");
  // Shares add up to the busy cycles.
  EXPECT_NEAR(first.nodes[0].cycles + first.nodes[1].cycles, 31, 1e-9);
  Bytes words = named.word(east, 0, 64);
  named.program.stripNames();
  SimResult second = named.run(three);
  EXPECT_EQ(second.cycles, first.cycles);
  EXPECT_EQ(named.word(east, 0, 64), words);
  EXPECT_TRUE(second.nodes.empty());
}

} // namespace
