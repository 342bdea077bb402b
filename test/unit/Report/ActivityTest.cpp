// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Queues as bursts: waits, repeats, what cannot be followed.

#include "Programs.h"

#include "weft/Report/Activity.h"

using namespace weft;
using namespace weft::report;
using namespace weft::test;

TEST(Activity, AddsUpWaitsAndRepeats) {
  Builder b;
  Queue queue = memRead(east, 3);
  // 4, 7, 10 and, after a wait, 20.
  b.at(4, queue, read(5, 0)).repeat(queue, 2, 3, -1);
  b.at(20, queue, read(9, 1));
  Expected<ChipActivity> activity = followQueues(b.program, 0);
  ASSERT_TRUE(activity);
  EXPECT_EQ(activity->end, 21);
  ASSERT_EQ(activity->queues.size(), 1u);
  const QueueActivity &q = activity->queues[0];
  EXPECT_EQ(activity->find(b.number(queue)), &q);
  EXPECT_EQ(activity->find(b.number(queue) + 1), nullptr);
  EXPECT_EQ(q.issues, 4);
  ASSERT_EQ(q.bursts.size(), 2u);
  EXPECT_EQ(q.bursts[0].first, 4);
  EXPECT_EQ(q.bursts[0].issues, 3);
  EXPECT_EQ(q.bursts[0].distance, 3);
  EXPECT_EQ(q.bursts[0].stride, -1);
  EXPECT_EQ(q.bursts[0].last(), 10);
  EXPECT_EQ(q.instruction(q.bursts[0]).address, 5);
  // nop, read, repeat, nop, read.
  EXPECT_EQ(q.bursts[1].instruction, 4);
  EXPECT_EQ(q.bursts[1].first, 20);
  EXPECT_EQ(q.burstAt(7), 0);
  EXPECT_EQ(q.burstAt(8), -1);
  EXPECT_EQ(q.burstAt(20), 1);
  EXPECT_EQ(q.burstBefore(3), -1);
  EXPECT_EQ(q.burstBefore(19), 0);
}

TEST(Activity, CountsIssuesInCycles) {
  Burst burst;
  burst.first = 4;
  burst.issues = 3;
  burst.distance = 3; // 4, 7, 10
  EXPECT_EQ(burst.issuesIn(0, 100), 3);
  EXPECT_EQ(burst.issuesIn(4, 10), 2);
  EXPECT_EQ(burst.issuesIn(5, 7), 0);
  EXPECT_EQ(burst.issuesIn(5, 8), 1);
  EXPECT_EQ(burst.issuesIn(11, 100), 0);
  EXPECT_EQ(burst.issuesIn(0, 4), 0);
  EXPECT_EQ(burst.issueAt(10), 2);
  EXPECT_EQ(burst.issueAt(13), -1);
}

TEST(Activity, NodesComeFromProvenance) {
  Builder b;
  Queue queue = memRead(east, 0);
  b.at(2, queue, read(0, 0)).at(3, queue, read(1, 0));
  b.program.nodes = {"/A", "/B"};
  b.program.provenance.resize(1);
  b.program.provenance[0].nodes[b.number(queue)] = {1, 1, 0};
  Expected<ChipActivity> activity = followQueues(b.program, 0);
  ASSERT_TRUE(activity);
  EXPECT_EQ(activity->queues[0].bursts[0].node, 1);
  EXPECT_EQ(activity->queues[0].bursts[1].node, 0);
}

TEST(Activity, RefusesWhatCannotBeFollowed) {
  Queue queue = memRead(east, 0);
  Instruction repeat, nop;
  repeat.opcode = Opcode::Repeat;
  repeat.count = 2;
  nop.count = 3;
  auto message = [&](std::vector<Instruction> text) {
    Builder b;
    b.program.chips[0].queues[b.number(queue)] = std::move(text);
    Expected<ChipActivity> activity = followQueues(b.program, 0);
    return activity ? std::string() : activity.error().message;
  };
  EXPECT_EQ(message({repeat}),
            "east mem 0 read, instruction 0: no instruction stands before it "
            "that can be repeated");
  EXPECT_NE(message({read(0, 0), nop, repeat}), "");
  EXPECT_NE(message({read(0, 0), repeat, repeat}), "");
  repeat.distance = 0;
  EXPECT_NE(message({read(0, 0), repeat}), "");
  repeat.distance = repeat.count = 0xffffffff;
  EXPECT_NE(message({read(0, 0), repeat}), "");
  nop.count = 0xffffffff;
  EXPECT_NE(message({nop, read(0, 0)}), "");
}
