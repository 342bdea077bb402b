// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// List scheduling on tsp-mini, small enough to derive every start by hand.
// tsp-mini: MEM i at +-(1 + i / 2), SXM +-5, MXM +-6, mxmLatency 32.

#include "ProblemBuilder.h"

#include <gtest/gtest.h>

using namespace weft;
using namespace weft::test;

namespace {

Machine mini() { return *machinePreset("tsp-mini"); }
constexpr Hemisphere East = Hemisphere::East;

#define ASSERT_GOOD(e) ASSERT_TRUE(bool(e)) << (e).error().message

// docs/machine.md, "A worked example, to the cycle".
TEST(ListSchedule, WorkedExampleTakes65Cycles) {
  Machine m = mini();
  ProblemBuilder b(m);
  Planes w = b.initial(b.planes(4, 8, East, b.newGroup()));
  Planes x = b.initial(b.planes(2, 4, East));
  Planes y = b.final(b.planes(2, 4, East));
  for (int i = 0; i < 4; ++i)
    b.place(w[i], East, i, 0);
  for (int i = 0; i < 2; ++i) {
    b.place(x[i], East, 4 + i, 0);
    b.place(y[i], East, i, 64); // the other bank
  }
  int load = b.load(East, w, 8);
  Chain pass = b.pass(East, load, x, 4);
  b.emit(pass, {y}, 4);
  b.add(pass);

  auto s = listSchedule(b.problem);
  ASSERT_GOOD(s);
  ASSERT_GOOD(s->verify(b.problem));
  EXPECT_EQ(s->chains[0].start, 6);  // MEM 0 reads at 0, five hops, +1
  EXPECT_EQ(s->chains[1].start, 14); // iw after lw 6..13
  EXPECT_EQ(s->cycles, 65);          // last write at 64
  EXPECT_EQ(s->chains[1].streams[1] % 4, 0);
  EXPECT_GE(s->chains[1].streams[1], m.streams); // results flow west
  EXPECT_LT(s->chains[1].streams[2], m.streams); // and back east
}

} // namespace
