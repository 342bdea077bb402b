// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What gaps waited for. Programs on tsp-mini, where MEM i is 1 + i / 2 hops
// from the VXM, a read drives one cycle after it issues, and an ALU's result
// is on its stream 4 + 3 cycles after.

#include "WorkedExample.h"

#include "weft/Report/Waits.h"

using namespace weft;
using namespace weft::report;
using namespace weft::test;

namespace {
/// Reads a word of slice `from` in cycle `at`, copies it on ALU 0 and writes it
/// to slice `to`. Gives the cycle of the write.
int64_t copy(Builder &b, int64_t at, int from, int word, int to, int target,
             int count = 1) {
  auto again = [&](Queue queue, int stride) {
    if (count > 1)
      b.repeat(queue, count - 1, 1, stride);
  };
  b.at(at, memRead(east, from), read(word, 32));
  again(memRead(east, from), 1);
  int64_t operands = at + 1 + (1 + from / 2);
  b.at(operands, alu(0),
       op(Opcode::Copy, DataType::I8, DataType::I8, {stream(32)}, 0,
          {{b.number(memRead(east, from))}}));
  again(alu(0), 0);
  int64_t written = operands + 7 + (1 + to / 2);
  b.at(written, memWrite(east, to), write(target, 0, b.number(alu(0))));
  again(memWrite(east, to), 1);
  return written;
}

void nameAll(Builder &b, Queue queue, std::vector<int> nodes) {
  b.program.nodes = {"/A", "/B", "/C"};
  b.program.provenance.resize(1);
  b.program.provenance[0].nodes[b.number(queue)] = {nodes.begin(), nodes.end()};
}

struct Found {
  Expected<ChipActivity> activity;
  std::vector<Gap> gaps;
  const QueueActivity &queue(BurstRef ref) const {
    return activity->queues[size_t(ref.queue)];
  }
};
Found gapsOf(Builder &b, Queue queue, int64_t cycles) {
  Found found{followQueues(b.program, 0), {}};
  EXPECT_TRUE(found.activity);
  const QueueActivity *q = found.activity->find(b.number(queue));
  found.gaps = longestGaps(b.program, *found.activity,
                           int(q - found.activity->queues.data()), cycles, 10);
  return found;
}
} // namespace

TEST(Waits, ForDataThatAnotherChainWrites) {
  Builder b;
  b.image(east, 0, 0, splat(7));
  // Reads at 0, ALU at 2, written at 2 + 7 + 2 = 11: readable at 12.
  ASSERT_EQ(copy(b, 0, 0, 0, 2, 5), 11);
  // Read at 12, ALU at 12 + 1 + 2 = 15, written at 15 + 7 + 3 = 25.
  ASSERT_EQ(copy(b, 12, 2, 5, 4, 1), 25);
  b.expectCycles(26);
  nameAll(b, memWrite(east, 2), {0, 0});
  Found found = gapsOf(b, alu(0), 26);
  // 3 to 14, 16 to 25, 0 to 1.
  ASSERT_EQ(found.gaps.size(), 3u);
  const Gap &gap = found.gaps[0];
  EXPECT_EQ(gap.begin, 3);
  EXPECT_EQ(gap.end, 15);
  ASSERT_EQ(gap.waits.size(), 1u);
  EXPECT_EQ(gap.waits[0].kind, Wait::Kind::Data);
  EXPECT_EQ(found.queue(gap.waits[0].on).queue, memWrite(east, 2));
  EXPECT_EQ(gap.waits[0].cycle, 11);
  EXPECT_EQ(gap.waits[0].slack, 0);
  EXPECT_EQ(gap.waits[0].began, 0);
  // All 12 cycles are that chain's: it began before the gap.
  ASSERT_EQ(gap.parts.size(), 1u);
  EXPECT_EQ(gap.parts[0].node, 0);
  EXPECT_EQ(gap.parts[0].cycles, 12);
  // The end of the program waits for nothing, nor does the first chain.
  EXPECT_EQ(found.gaps[1].begin, 16);
  EXPECT_EQ(found.gaps[1].next.queue, -1);
  EXPECT_TRUE(found.gaps[1].waits.empty());
  EXPECT_EQ(found.gaps[2].begin, 0);
  EXPECT_TRUE(found.gaps[2].waits.empty());
}

TEST(Waits, ForTheTightestWordOfABurst) {
  Builder b;
  b.image(east, 0, 0, splat(7, 4));
  // Four words, written to 64 and on in cycles 11-14: bank 1. Read backwards,
  // from 14 + 1 on, so that the first word read is the last written.
  copy(b, 0, 0, 0, 2, 64, 4);
  b.at(15, memRead(east, 2), read(67, 32)).repeat(memRead(east, 2), 3, 1, -1);
  b.at(18, alu(0),
       op(Opcode::Copy, DataType::I8, DataType::I8, {stream(32)}, 0,
          {{b.number(memRead(east, 2))}}))
      .repeat(alu(0), 3);
  b.expectCycles(29); // the last result is on its stream in 21 + 7
  Found found = gapsOf(b, alu(0), 22);
  ASSERT_FALSE(found.gaps.empty());
  EXPECT_EQ(found.gaps[0].begin, 6);
  EXPECT_EQ(found.gaps[0].end, 18);
  ASSERT_EQ(found.gaps[0].waits.size(), 1u);
  EXPECT_EQ(found.gaps[0].waits[0].kind, Wait::Kind::Data);
  EXPECT_EQ(found.gaps[0].waits[0].cycle, 14);
  EXPECT_EQ(found.gaps[0].waits[0].slack, 0);
}

TEST(Waits, ForABankThatIsWrittenTo) {
  Builder b;
  b.image(east, 0, 0, splat(7, 4));
  b.image(east, 2, 0, splat(9));
  // Words 8-11 of MEM 2 are written in cycles 11-14; word 0, in the same bank,
  // can be read from 15 on.
  copy(b, 0, 0, 0, 2, 8, 4);
  copy(b, 15, 2, 0, 4, 1);
  b.run();
  EXPECT_FALSE(b.run().fault);
  Found found = gapsOf(b, alu(0), 30);
  ASSERT_FALSE(found.gaps.empty());
  EXPECT_EQ(found.gaps[0].end, 18); // 15 + 1 + 2
  ASSERT_FALSE(found.gaps[0].waits.empty());
  EXPECT_EQ(found.gaps[0].waits[0].kind, Wait::Kind::Bank);
  EXPECT_EQ(found.gaps[0].waits[0].cycle, 14);
  EXPECT_EQ(found.gaps[0].waits[0].slack, 0);
}

TEST(Waits, ForAUnitOfTheChain) {
  Builder b;
  b.image(east, 0, 0, splat(7, 8));
  b.image(east, 2, 0, splat(9));
  // MEM 4 writes in cycles 12-19 what ALU 0 makes of MEM 0; the copy of MEM 2
  // goes there as well, at once after it: read in 20 - 13 = 7.
  ASSERT_EQ(copy(b, 0, 0, 0, 4, 0, 8), 12);
  b.at(7, memRead(east, 2), read(0, 33));
  b.at(10, alu(1),
       op(Opcode::Copy, DataType::I8, DataType::I8, {stream(33)}, 1,
          {{b.number(memRead(east, 2))}}));
  b.at(20, memWrite(east, 4), write(40, 1, b.number(alu(1))));
  b.expectCycles(21);
  Found found = gapsOf(b, alu(1), 21);
  ASSERT_FALSE(found.gaps.empty());
  const Gap &gap = found.gaps[1]; // 11 to 20 is as long, and later
  EXPECT_EQ(found.gaps[0].begin, 0);
  EXPECT_EQ(gap.begin, 11);
  ASSERT_FALSE(found.gaps[0].waits.empty());
  EXPECT_EQ(found.gaps[0].waits[0].kind, Wait::Kind::Unit);
  EXPECT_EQ(found.queue(found.gaps[0].waits[0].on).queue, memWrite(east, 4));
  EXPECT_EQ(found.gaps[0].waits[0].cycle, 19);
  EXPECT_EQ(found.gaps[0].waits[0].slack, 0);
}

TEST(Waits, ForWeights) {
  // abc in 15 is bound to iw in 14, which waits for lw until 13.
  Builder b = workedExample();
  Found found = gapsOf(b, unit(Unit::MxmActivate, east), 65);
  ASSERT_EQ(found.gaps.size(), 2u);
  const Gap &gap = found.gaps[1];
  EXPECT_EQ(gap.begin, 0);
  EXPECT_EQ(gap.end, 15);
  ASSERT_EQ(gap.waits.size(), 1u);
  EXPECT_EQ(gap.waits[0].kind, Wait::Kind::Weights);
  EXPECT_EQ(found.queue(gap.waits[0].on).queue, unit(Unit::MxmWeights, east));
  EXPECT_EQ(gap.waits[0].cycle, 13);
  EXPECT_EQ(gap.waits[0].slack, 0);
  EXPECT_EQ(gap.waits[0].began, 0); // reads of weights, 0-7
}

TEST(Waits, ForRoomInMemory) {
  Builder b;
  b.image(east, 2, 0, splat(1, 64));
  b.image(east, 0, 0, splat(7));
  // Words 8-20 of MEM 2 are read in 0-12, word 20 last; it is written in 13:
  // read in 2, ALU in 4.
  b.at(0, memRead(east, 2), read(8, 5)).repeat(memRead(east, 2), 12, 1, 1);
  ASSERT_EQ(copy(b, 2, 0, 0, 2, 20), 13);
  b.expectCycles(14);
  Found found = gapsOf(b, alu(0), 14);
  const Gap &gap = found.gaps[1];
  EXPECT_EQ(gap.begin, 0);
  EXPECT_EQ(gap.end, 4);
  ASSERT_FALSE(gap.waits.empty());
  EXPECT_EQ(gap.waits[0].kind, Wait::Kind::Room);
  EXPECT_EQ(gap.waits[0].cycle, 12);
  EXPECT_EQ(gap.waits[0].slack, 0);
}

TEST(Waits, BusiestQueueIssuesMost) {
  Builder b = workedExample();
  Expected<ChipActivity> activity = followQueues(b.program, 0);
  ASSERT_TRUE(activity);
  // 8 lw and iw.
  EXPECT_EQ(activity->queues[size_t(busiestQueue(*activity))].queue,
            unit(Unit::MxmWeights, east));
  EXPECT_EQ(busiestQueue(ChipActivity()), -1);
  Builder empty;
  Expected<ChipActivity> none = followQueues(empty.program, 0);
  ASSERT_TRUE(none);
  EXPECT_TRUE(longestGaps(empty.program, *none, -1, 10, 10).empty());
}
