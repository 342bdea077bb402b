// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Schedules of random problems prove themselves, are the same every time, and
// fail the proof when tampered with.

#include "EncoderProblem.h"

#include <gtest/gtest.h>

#include <random>

using namespace weft;
using namespace weft::test;

namespace {

/// A random mix of products and maps over a growing pool of tensors.
Problem randomProblem(const Machine &m, unsigned seed) {
  std::mt19937 random(seed);
  auto pick = [&](int n) { return int(random() % unsigned(n)); };
  ProblemBuilder b(m);
  int rows = 1 + pick(12);
  std::vector<Planes> pool = {b.initial(b.planes(2, rows)),
                              b.initial(b.planes(2, rows))};
  int group = 0;
  for (int i = 0; i < 16; ++i) {
    Planes y = b.planes(2, rows);
    if (pick(2)) {
      std::vector<Planes> in = {pool[pick(int(pool.size()))]};
      if (pick(2))
        in.push_back(pool[pick(int(pool.size()))]);
      if (in.size() == 2 && in[0] == in[1])
        in.pop_back();
      // Operands come together from memory: from one side each.
      b.map(in, y, rows);
    } else {
      auto h = Hemisphere(pick(2));
      int kTiles = 1 + pick(3);
      for (int k = 0; k < kTiles; ++k) {
        int lw = m.lanes() / m.weightStreams;
        int l = b.load(h,
                       b.initial(b.planes(m.weightStreams, lw, std::nullopt,
                                          b.newGroup())),
                       lw);
        Chain c = b.pass(h, l, pool[pick(int(pool.size()))], rows);
        if (kTiles > 1) {
          c.accumulatorGroup = group;
          c.accumulatorRows = rows;
        }
        if (k + 1 == kTiles)
          b.emit(c, {y}, rows);
        b.add(c);
      }
      ++group;
    }
    pool.push_back(y);
    if (pool.size() > 6)
      pool.erase(pool.begin());
  }
  for (const Planes &p : pool)
    b.final(p);
  return b.problem;
}

TEST(RandomSchedule, Verifies) {
  Machine mini = *machinePreset("tsp-mini"), v1 = *machinePreset("tsp-v1");
  for (unsigned seed = 0; seed < 200; ++seed) {
    Problem p = randomProblem(seed % 4 ? mini : v1, seed);
    auto s = listSchedule(p);
    ASSERT_TRUE(bool(s)) << "seed " << seed << ": " << s.error().message << "; "
                         << s.error().notes[0] << "; " << s.error().notes[1];
    Status proof = s->verify(p);
    ASSERT_TRUE(bool(proof))
        << "seed " << seed << ": " << proof.error().message;
  }
}

TEST(RandomSchedule, IsDeterministic) {
  Machine m = *machinePreset("tsp-v1");
  for (unsigned seed = 0; seed < 8; ++seed) {
    Problem p = randomProblem(m, seed);
    auto a = listSchedule(p), b = listSchedule(p);
    ASSERT_TRUE(a && b);
    EXPECT_EQ(a->cycles, b->cycles);
    EXPECT_EQ(a->places, b->places);
    for (size_t c = 0; c < p.chains.size(); ++c) {
      EXPECT_EQ(a->chains[c].start, b->chains[c].start);
      EXPECT_EQ(a->chains[c].streams, b->chains[c].streams);
      EXPECT_EQ(a->chains[c].alus, b->chains[c].alus);
    }
  }
}

// Starting any one chain earlier breaks something whenever it depends on
// another or on a resource; moving a chain to start before its inputs always
// does.
TEST(RandomSchedule, TamperingIsFound) {
  Machine m = *machinePreset("tsp-mini");
  Problem p = randomProblem(m, 3);
  auto good = listSchedule(p);
  ASSERT_TRUE(bool(good));
  ASSERT_TRUE(bool(good->verify(p)));

  Schedule s = *good;
  s.cycles += 1;
  EXPECT_FALSE(bool(s.verify(p)));

  for (size_t c = 0; c < p.chains.size(); ++c) {
    s = *good;
    s.chains[c].start = -1000;
    EXPECT_FALSE(bool(s.verify(p))) << c;
  }
  // Two chains that use one unit at one time.
  for (size_t c = 1; c < p.chains.size(); ++c)
    if (p.chains[c].role == MxmRole::Pass) {
      s = *good;
      s.chains[c].start = s.chains[p.chains[c].load].start;
      EXPECT_FALSE(bool(s.verify(p))) << c;
    }
  // A buffer on top of another that lives at the time.
  s = *good;
  s.places[1] = s.places[0];
  EXPECT_FALSE(bool(s.verify(p)));
}

// Two encoder layers of BERT's proportions: products are over 85% of what the
// busiest matrix unit must do at least.
TEST(Encoder, KeepsMatrixUnitsBusy) {
  Machine m = *machinePreset("tsp-v1");
  EncoderBuilder b(m, 128);
  buildEncoder(b, 2, 2);
  auto s = listSchedule(b.problem);
  ASSERT_TRUE(bool(s)) << s.error().message;
  Status proof = s->verify(b.problem);
  ASSERT_TRUE(bool(proof)) << proof.error().message;
  EXPECT_GT(100 * b.passes / 2, 85 * s->cycles);
}

// Weights that are activations: K's rows are written to eight pairs of slices,
// row 8 i + j as word i of pair j, so that one lw takes eight rows of K. The
// load waits for the pass that makes K, a second product installs it.
TEST(Encoder, ActivationsBecomeWeights) {
  Machine m = *machinePreset("tsp-v1");
  int rows = 128;
  ProblemBuilder b(m);
  // A copy of x for each unit: one slice cannot feed both at a time.
  Planes copies[] = {b.initial(b.planes(2, rows, Hemisphere::West)),
                     b.initial(b.planes(2, rows, Hemisphere::East))};
  for (int head = 0; head < 12; ++head) {
    auto h = Hemisphere(head % 2);
    const Planes &x = copies[head % 2];
    Planes w = b.initial(b.planes(16, 20, h, b.newGroup()));
    Planes k = b.planes(16, rows / 8, h, b.newGroup());
    int l = b.load(h, w, 20);
    Chain make = b.pass(h, l, x, rows);
    b.emit(make, {Planes{0, 1}}, rows); // planes are replaced below
    Write &write = make.writes.back();
    for (int plane = 0; plane < 2; ++plane) {
      write.planes[plane].clear();
      for (int j = 0; j < 8; ++j) {
        Access a;
        a.buffer = k[2 * j + plane];
        a.stride = 1;
        a.count = rows / 8;
        a.element = j;
        a.elementStep = 8;
        write.planes[plane].push_back(a);
      }
    }
    b.add(make);
    int l2 = b.load(h, k, rows / 8);
    Chain scores = b.pass(h, l2, x, rows);
    b.emit(scores, {b.final(b.planes(2, rows))}, rows);
    b.add(scores);
  }
  auto s = listSchedule(b.problem);
  ASSERT_TRUE(bool(s)) << s.error().message;
  Status proof = s->verify(b.problem);
  ASSERT_TRUE(bool(proof)) << proof.error().message;
  // 24 passes of 128 rows on two units: 1,536 cycles, and the way of the first
  // row to K and of the last row to its result, twice about 90 and 128.
  EXPECT_LT(s->cycles, 1536 + 400);
}

} // namespace
