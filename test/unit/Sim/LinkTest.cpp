// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Links: 21 cycles between sends, 217 from send to receive.

#include "Programs.h"

using namespace weft;
using namespace weft::test;

namespace {

// MEM 0 east at hop 1 reads in cycle t: on its stream at the SXM (hop 5) in
// t + 5.
struct LinkTest : ::testing::Test {
  Builder b{2};
  Queue out = unit(Unit::Link, east, 2), in = unit(Unit::Link, west, 3);
  SimOptions options;
  LinkTest() {
    options.cables = {{{0, east, 2}, {1, west, 3}}};
    b.image(east, 0, 0, splat(11)).image(east, 0, 1, splat(12));
  }
  void send(int64_t cycle, int address) {
    b.at(cycle - 5, memRead(east, 0), read(address, 0));
    Instruction inst;
    inst.opcode = Opcode::Send;
    inst.operands[0] = stream(0);
    inst.producers[0] = uint8_t(b.number(memRead(east, 0)));
    b.at(cycle, out, inst);
  }
  /// West of chip 1, inward is eastward; MEM 7 west (-4) is a hop further.
  void receive(int64_t cycle, int address) {
    Instruction inst;
    inst.opcode = Opcode::Receive;
    inst.stream = 9;
    b.at(cycle, in, inst, 1);
    b.at(cycle + 1, memWrite(west, 7), write(address, 9, b.number(in)), 1);
  }
  Fault fault() {
    SimResult result = b.run(options);
    EXPECT_TRUE(result.fault);
    return result.fault.value_or(Fault{});
  }
};

TEST_F(LinkTest, Delivers) {
  send(10, 0);
  send(31, 1);
  receive(227, 5); // 10 + 217.
  receive(248, 6);
  SimResult result = b.run(options);
  ASSERT_FALSE(result.fault) << result.fault->text();
  EXPECT_EQ(result.cycles, 250); // Written in 249.
  EXPECT_EQ(b.word(west, 7, 5, 1), splat(11));
  EXPECT_EQ(b.word(west, 7, 6, 1), splat(12));
}

TEST_F(LinkTest, TwentyCyclesApartIsTooSoon) {
  send(10, 0);
  send(30, 1);
  Fault found = fault();
  EXPECT_EQ(found.kind, FaultKind::LinkTooSoon);
  EXPECT_EQ(found.cycle, 30);
}

TEST_F(LinkTest, WhatArrivesMustBeReceived) {
  send(10, 0);
  Fault found = fault();
  EXPECT_EQ(found.kind, FaultKind::LinkNotReceived);
  EXPECT_EQ(found.cycle, 227);
  EXPECT_EQ(found.chip, 0);
  EXPECT_EQ(found.queue, out);
}

TEST_F(LinkTest, AnEarlyReceiveFindsNothing) {
  send(10, 0);
  receive(226, 5);
  Fault found = fault();
  EXPECT_EQ(found.kind, FaultKind::LinkNotSent);
  EXPECT_EQ(found.cycle, 226);
  EXPECT_EQ(found.chip, 1);
}

TEST_F(LinkTest, AnOpenLinkTakesNothing) {
  options.cables.clear();
  send(10, 0);
  Fault found = fault();
  EXPECT_EQ(found.kind, FaultKind::LinkNotReceived);
  EXPECT_EQ(found.cycle, 10);
}

} // namespace
