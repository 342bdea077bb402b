// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cycles by node: by hand, and as the simulator counts them.

#include "WorkedExample.h"

#include "weft/Report/Nodes.h"

using namespace weft;
using namespace weft::report;
using namespace weft::test;

namespace {
/// Gives every instruction of a queue a node.
void name(Builder &b, Queue queue, int node) {
  auto &text = b.program.chips[0].queues[b.number(queue)];
  b.program.provenance.resize(1);
  b.program.provenance[0].nodes[b.number(queue)].assign(text.size(), node);
}
} // namespace

TEST(Nodes, CyclesAreDividedByWhatIssues) {
  Builder b;
  // Node 0 in cycles 0-3, node 1 in 2-3 and 5 twice.
  b.at(0, memRead(east, 0), read(0, 0)).repeat(memRead(east, 0), 3);
  for (int slice : {1, 2})
    b.at(2, memRead(east, slice), read(0, slice))
        .repeat(memRead(east, slice), 1)
        .at(5, memRead(east, slice), read(0, slice));
  b.program.nodes = {"/A", "/B", "/C"};
  name(b, memRead(east, 0), 0);
  name(b, memRead(east, 1), 1);
  name(b, memRead(east, 2), 1);
  Expected<ChipActivity> activity = followQueues(b.program, 0);
  ASSERT_TRUE(activity);
  NodeShares shares = nodeShares(b.program, *activity, 7);
  // Cycles 0, 1 whole, 2, 3 a third each; the other two thirds and cycle 5.
  EXPECT_NEAR(shares.nodes[0].cycles, 2 + 2.0 / 3, 1e-9);
  EXPECT_NEAR(shares.nodes[1].cycles, 1 + 4.0 / 3, 1e-9);
  EXPECT_EQ(shares.nodes[0].issues, 4);
  EXPECT_EQ(shares.nodes[1].issues, 6);
  EXPECT_EQ(shares.nodes[1].first, 2);
  EXPECT_EQ(shares.nodes[1].last, 5);
  EXPECT_EQ(shares.nodes[1].unitIssues[size_t(Unit::MemRead)], 6);
  EXPECT_EQ(shares.nodes[2].issues, 0);
  EXPECT_EQ(shares.idle, 2); // 4 and 6
}

TEST(Nodes, AreAsTheSimulatorCounts) {
  Builder b = workedExample();
  b.program.nodes = {"/MatMul", "/Cast"};
  for (const auto &[number, text] : b.program.chips[0].queues) {
    Queue queue = *queueOfNumber(b.program.machine, number);
    bool cast = queue.unit == Unit::Alu || queue.unit == Unit::MemWrite;
    name(b, queue, cast ? 1 : 0);
  }
  SimResult simulated = b.run();
  Expected<ChipActivity> activity = followQueues(b.program, 0);
  ASSERT_TRUE(activity);
  NodeShares shares = nodeShares(b.program, *activity, simulated.cycles);
  ASSERT_EQ(simulated.nodes.size(), 2u);
  for (size_t i = 0; i < 2; ++i) {
    EXPECT_NEAR(shares.nodes[i].cycles, simulated.nodes[i].cycles, 1e-9);
    EXPECT_EQ(shares.nodes[i].issues, simulated.nodes[i].issues);
    EXPECT_EQ(shares.nodes[i].first, simulated.nodes[i].firstCycle);
    EXPECT_EQ(shares.nodes[i].last, simulated.nodes[i].lastCycle);
    EXPECT_EQ(shares.nodes[i].unitIssues, simulated.nodes[i].unitIssues);
  }
  EXPECT_EQ(double(shares.idle), simulated.idleCycles);
}
