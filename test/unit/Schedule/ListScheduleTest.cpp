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
#define EXPECT_GOOD(e) expectGood(e)
void expectGood(const Status &s) { EXPECT_TRUE(bool(s)) << s.error().message; }

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

// Two tiles on both planes at once, one row each that comes with the last cycle
// of the next tile: 8 cycles a tile where iw stands in a queue that is free,
// one more where abc or lw take its cycle.
TEST(ListSchedule, InstallsGoBesideLoads) {
  Machine m = mini();
  for (auto [queue, load1, pass1] : {std::tuple(Unit::MxmAccumulate, 14, 22),
                                     std::tuple(Unit::MxmActivate, 14, 23),
                                     std::tuple(Unit::MxmWeights, 15, 23)}) {
    ProblemBuilder b(m);
    Planes x = b.initial(b.planes(1, 2, Hemisphere::West));
    for (int tile = 0; tile < 2; ++tile) {
      Chain load;
      load.role = MxmRole::Load;
      load.hemisphere = East;
      for (int plane : {0, 1}) {
        Planes w = b.initial(b.planes(4, 8, East));
        for (int i = 0; i < 4; ++i)
          b.place(w[i], East, 4 * plane + i, 8 * tile);
        int v = b.value(load, 4, 8, b.whole(w, 8));
        b.op(load, Unit::MxmWeights, Opcode::LoadWeights, 0, 8, {v}).index =
            plane;
      }
      Chain pass;
      pass.role = MxmRole::Pass;
      pass.hemisphere = East;
      pass.load = b.add(load);
      int v = b.value(pass, 1, 1, b.whole({x[0]}, 1));
      for (int plane : {0, 1}) {
        b.op(pass, queue, Opcode::InstallWeights, 0, 1).index = plane;
        b.op(pass, Unit::MxmActivate, Opcode::Activate, 8, 1, {v}).index =
            plane;
        b.op(pass, Unit::MxmAccumulate, Opcode::Accumulate, 8 + m.mxmLatency, 1)
            .index = plane;
      }
      b.add(pass);
    }
    auto s = listSchedule(b.problem);
    ASSERT_GOOD(s);
    EXPECT_GOOD(s->verify(b.problem));
    EXPECT_EQ(s->chains[0].start, 6); // MEM 0 reads at 0, five hops, +1
    EXPECT_EQ(s->chains[1].start, 14);
    EXPECT_EQ(s->chains[2].start, load1);
    EXPECT_EQ(s->chains[3].start, pass1);

    // A cycle less, and the tile before is installed over or in use.
    s->chains[2].start = 13;
    EXPECT_FALSE(bool(s->verify(b.problem)));
  }
}

// MatMul -> elementwise -> MatMul, columns of 8 rows: the second product takes
// the first column while later columns are still being computed.
TEST(ListSchedule, OperatorsOverlap) {
  Machine m = mini();
  ProblemBuilder b(m);
  int rows = 24, columns = 4;
  Planes x = b.initial(b.planes(2, rows, East));
  std::vector<Planes> y(columns), g(columns);
  std::vector<int> first, last;
  for (int n = 0; n < columns; ++n) {
    y[n] = b.planes(2, rows, East);
    int l = b.load(East, b.initial(b.planes(4, 8, East, b.newGroup())), 8);
    Chain c = b.pass(East, l, x, rows);
    b.emit(c, {y[n]}, rows);
    first.push_back(b.add(c));
  }
  for (int n = 0; n < columns; ++n) {
    g[n] = b.planes(2, rows, East);
    b.map({y[n]}, g[n], rows);
  }
  Planes z = b.final(b.planes(2, rows, East));
  for (int k = 0; k < columns; ++k) {
    int l = b.load(East, b.initial(b.planes(4, 8, East, b.newGroup())), 8);
    Chain c = b.pass(East, l, g[k], rows);
    c.accumulatorGroup = 0;
    c.accumulatorRows = rows;
    if (k + 1 == columns)
      b.emit(c, {z}, rows);
    last.push_back(b.add(c));
  }
  auto s = listSchedule(b.problem);
  ASSERT_GOOD(s);
  ASSERT_GOOD(s->verify(b.problem));
  // Last write of the first product: y is written from offset 1 + 32 + 6 + 7
  // at the VXM, one hop at least and rows - 1 cycles later.
  int64_t lastWrite = s->chains[first.back()].start + 46 + 1 + rows - 1;
  EXPECT_LT(s->chains[last.front()].start + 1, lastWrite);
}

// Loads and passes of one unit take turns; with rows >= the 8 load cycles
// weights are ready in time and passes follow each other without a bubble:
// iw in the cycle of the previous pass's last abc.
TEST(ListSchedule, PassesFollowWithoutBubbles) {
  Machine m = mini();
  ProblemBuilder b(m);
  Planes x = b.initial(b.planes(2, 16, East));
  std::vector<int> passes;
  for (int k = 0; k < 4; ++k) {
    int l = b.load(East, b.initial(b.planes(4, 8, East, b.newGroup())), 8);
    Chain c = b.pass(East, l, x, 16);
    c.accumulatorGroup = 0;
    c.accumulatorRows = 16;
    if (k == 3)
      b.emit(c, {b.final(b.planes(2, 16, East))}, 16);
    passes.push_back(b.add(c));
  }
  auto s = listSchedule(b.problem);
  ASSERT_GOOD(s);
  ASSERT_GOOD(s->verify(b.problem));
  for (int k = 1; k < 4; ++k)
    EXPECT_EQ(s->chains[passes[k]].start, s->chains[passes[k - 1]].start + 16);
}

// Each of 40 results of 2 planes x 64 words is read once by the next chain.
// All together need 5,120 words; tsp-mini has 2,048: words are used again.
TEST(ListSchedule, MemoryIsReused) {
  Machine m = mini();
  ProblemBuilder b(m);
  Planes x = b.initial(b.planes(2, 64));
  for (int i = 0; i < 40; ++i) {
    Planes y = b.planes(2, 64);
    b.map({x}, y, 64);
    x = y;
  }
  b.final(x);
  auto s = listSchedule(b.problem);
  ASSERT_GOOD(s);
  EXPECT_GOOD(s->verify(b.problem));
}

// 17 results of 2 planes x 64 words that all live to the end: 2,176 words of
// 2,048.
TEST(ListSchedule, DoesNotFit) {
  Machine m = mini();
  ProblemBuilder b(m);
  Planes x = b.initial(b.planes(2, 1));
  for (int i = 0; i < 17; ++i) {
    Planes y = b.final(b.planes(2, 64));
    Chain c;
    c.name = "broadcast";
    int v = b.value(c, 2, 64, b.repeated(x, 64));
    int z = b.value(c, 2, 64);
    Op &o = b.op(c, Unit::Alu, Opcode::Copy, 0, 64, {v});
    o.result = z;
    o.resultDelay = 7;
    c.writes.push_back({z, b.whole(y, 64)});
    b.add(c);
  }
  auto s = listSchedule(b.problem);
  ASSERT_FALSE(bool(s));
  EXPECT_EQ(s.error().kind, ErrorKind::DoesNotFit);
}

// A hemisphere without slices: the weights of its matrix unit have no place on
// their side, whether memory is nearly full or not.
TEST(ListSchedule, OneHemisphereIsReserved) {
  Machine m = mini();
  for (int slice = 0; slice < m.slices; ++slice)
    m.reserved.push_back({Hemisphere::West, slice});
  for (bool full : {false, true}) {
    ProblemBuilder b(m);
    Planes x = b.initial(b.planes(2, 1));
    for (int tile = 0; tile < 4; ++tile) {
      int l = b.load(Hemisphere::West, b.initial(b.planes(4, 8)), 8);
      b.add(b.pass(Hemisphere::West, l, x, 1));
    }
    // With these 962 of 1,024 words.
    if (full)
      b.initial(b.planes(13, 64));
    auto s = listSchedule(b.problem);
    if (s)
      EXPECT_GOOD(s->verify(b.problem));
    else
      EXPECT_EQ(s.error().kind, ErrorKind::DoesNotFit);
  }
}

// Text takes all 16 x 128 words of 32 B but one word for each slice.
TEST(ListSchedule, TextTakesRoom) {
  Machine m = mini();
  ProblemBuilder b(m);
  Planes x = b.initial(b.planes(2, 1)), y = b.final(b.planes(2, 1));
  b.map({x}, y, 1);
  b.problem.reservedTextBytes = 16 * 127 * 32;
  auto s = listSchedule(b.problem);
  ASSERT_GOOD(s);
  EXPECT_GOOD(s->verify(b.problem));
  b.problem.reservedTextBytes = 16 * 128 * 32;
  s = listSchedule(b.problem);
  ASSERT_FALSE(bool(s));
  EXPECT_EQ(s.error().kind, ErrorKind::DoesNotFit);
}

// Weights of 1,024 words for the east, which has as many: 20 tiles of 4 x 12
// and 4 of 4 x 4 words, so that a bank of 64 is filled by five buffers and one.
// 576 for the west, 2 of x and 330 of text: 1,932 of 2,048 in all. Text goes
// where weights leave room, and some tiles for the east lie in the west, if
// they may.
TEST(ListSchedule, WeightsFillAFullMemory) {
  Machine m = mini();
  for (bool mayCross : {true, false}) {
    ProblemBuilder b(m);
    Planes x = b.initial(b.planes(2, 1));
    auto tile = [&](Hemisphere h, int words) {
      Planes w = b.initial(b.planes(4, words, h, b.newGroup()));
      for (int i : w)
        b.problem.buffers[i].mayCross = mayCross;
      int l = b.load(h, w, words);
      b.add(b.pass(h, l, x, 1));
    };
    for (int i = 0; i < 4; ++i)
      tile(East, 4);
    for (int i = 0; i < 20; ++i)
      tile(East, 12);
    for (int i = 0; i < 12; ++i)
      tile(Hemisphere::West, 12);
    b.problem.reservedTextBytes = 330 * m.lanes();
    auto s = listSchedule(b.problem);
    ASSERT_EQ(bool(s), mayCross);
    if (mayCross)
      EXPECT_GOOD(s->verify(b.problem));
    else
      EXPECT_EQ(s.error().kind, ErrorKind::DoesNotFit);
  }
}

} // namespace
