// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What Problem::check() refuses, each beside a problem that it accepts.

#include "ProblemBuilder.h"

#include <gtest/gtest.h>

using namespace weft;
using namespace weft::test;

namespace {

class ProblemCheck : public testing::Test {
protected:
  ProblemCheck() : m(*machinePreset("tsp-mini")), b(m) {
    x = b.initial(b.planes(2, 4));
    y = b.planes(2, 4);
    b.map({x}, y, 4);
    int l =
        b.load(Hemisphere::East,
               b.initial(b.planes(4, 8, Hemisphere::East, b.newGroup())), 8);
    Chain c = b.pass(Hemisphere::East, l, y, 4);
    b.emit(c, {b.final(b.planes(2, 4))}, 4);
    b.add(c);
  }
  std::string message() {
    Status s = b.problem.check();
    return s ? "" : s.error().message;
  }

  Machine m;
  ProblemBuilder b;
  Planes x, y;
};

TEST_F(ProblemCheck, AcceptsAGoodProblem) { EXPECT_EQ(message(), ""); }

TEST_F(ProblemCheck, WordNobodyWrites) {
  b.problem.buffers[x[0]].initial = false;
  EXPECT_NE(message().find("no earlier chain writes"), std::string::npos);
}
TEST_F(ProblemCheck, AccessOutsideItsBuffer) {
  b.problem.buffers[x[0]].words = 3;
  EXPECT_NE(message().find("leaves buffer"), std::string::npos);
}
TEST_F(ProblemCheck, PassWithoutLoad) {
  b.problem.chains[2].load = -1;
  EXPECT_NE(message().find("no pass installs"), std::string::npos);
}
TEST_F(ProblemCheck, ActivationsBeforeInstall) {
  b.problem.chains[2].ops[0].offset = 1;
  EXPECT_NE(message().find("do not follow"), std::string::npos);
}
TEST_F(ProblemCheck, ConsumerWhereTheValueIsNot) {
  b.problem.chains[2].ops[3].offset += 1; // the VXM one cycle late
  EXPECT_NE(message().find("is not at an op"), std::string::npos);
}
TEST_F(ProblemCheck, BufferLargerThanABank) {
  b.problem.buffers[x[0]].words = 65;
  EXPECT_NE(message().find("a bank has 64"), std::string::npos);
}
TEST_F(ProblemCheck, ReservedSlice) {
  m.reserved.push_back({Hemisphere::East, 3});
  b.place(x[0], Hemisphere::East, 3, 0);
  EXPECT_NE(message().find("reserved"), std::string::npos);
}
TEST_F(ProblemCheck, TwoProducers) {
  Chain &c = b.problem.chains[2];
  c.ops[1].result = c.ops[2].result;
  EXPECT_NE(message().find("one producer"), std::string::npos);
}
TEST_F(ProblemCheck, TooManyRows) {
  b.problem.chains[2].accumulatorGroup = 0;
  b.problem.chains[2].accumulatorRows = 65;
  EXPECT_NE(message().find("accumulator rows"), std::string::npos);
}

} // namespace
