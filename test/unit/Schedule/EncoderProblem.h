// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Problems shaped like transformer encoders, for quality and speed: matrix
// products tiled over both hemispheres with their epilogues, and map chains
// between them.

#ifndef WEFT_TEST_SCHEDULE_ENCODERPROBLEM_H
#define WEFT_TEST_SCHEDULE_ENCODERPROBLEM_H

#include "ProblemBuilder.h"

namespace weft::test {

/// A tensor [rows x columns * halfLanes] in fp16: per column one copy in each
/// hemisphere, so that both matrix units and the VXM can read it.
struct Tensor {
  std::vector<std::array<Planes, 2>> columns;
};

class EncoderBuilder : public ProblemBuilder {
public:
  EncoderBuilder(const Machine &machine, int rows)
      : ProblemBuilder(machine), rows(rows) {}

  Tensor tensor(int columns) {
    Tensor t;
    for (int i = 0; i < columns; ++i)
      t.columns.push_back({planes(2, rows, Hemisphere::West),
                           planes(2, rows, Hemisphere::East)});
    return t;
  }

  /// y = x . w with kTiles = x.columns and nTiles tiles of `lanes` columns,
  /// which are two columns of y each; n-tiles alternate between hemispheres
  /// over all products. With `adds`, the epilogue adds that tensor (a
  /// residual).
  Tensor matmul(const Tensor &x, int nTiles, const Tensor *adds = nullptr) {
    const Machine &m = *problem.machine;
    int kTiles = int(x.columns.size());
    Tensor y = tensor(nTiles * 2);
    int lw = m.lanes() / m.weightStreams;
    for (int n = 0; n < nTiles; ++n) {
      auto h = Hemisphere(nextGroup % 2);
      int group = nextGroup++;
      for (int k = 0; k < kTiles; ++k) {
        int l =
            load(h, initial(planes(m.weightStreams, lw, h, newGroup())), lw);
        passes += rows;
        Chain c = pass(h, l, x.columns[k][int(h)], rows);
        c.accumulatorGroup = group;
        c.accumulatorRows = rows;
        if (k + 1 == kTiles) {
          // Lanes 0..159 and 160..319 become two columns; each is written to
          // both hemispheres by an ALU of its own.
          epilogue(c, y, 2 * n, adds);
        }
        add(std::move(c));
      }
    }
    return y;
  }

  /// out = f(x), column by column, in both hemispheres.
  Tensor mapAll(const Tensor &x) {
    Tensor y = tensor(int(x.columns.size()));
    for (size_t i = 0; i < x.columns.size(); ++i) {
      const Machine &m = *problem.machine;
      Chain c;
      c.name = "map";
      int v = value(c, 2, rows, whole(x.columns[i][i % 2], rows));
      for (int h = 0; h < 2; ++h) {
        int z = value(c, 2, rows);
        Op &o = op(c, Unit::Alu, Opcode::Copy, 0, rows, {v});
        o.result = z;
        o.resultDelay = m.aluToStream + m.aluLatency;
        c.writes.push_back({z, whole(y.columns[i][h], rows)});
      }
      add(std::move(c));
    }
    return y;
  }

  int64_t passes = 0; ///< abc cycles of both units together.

private:
  void epilogue(Chain &c, const Tensor &y, int column, const Tensor *adds) {
    const Machine &m = *problem.machine;
    int v = value(c, 4, rows);
    Op &acc = c.ops.back();
    acc.result = v;
    int arrival = acc.offset + m.mxmPosition;
    for (int half = 0; half < 2; ++half) {
      std::vector<int> in = {v};
      if (adds)
        in.push_back(value(
            c, 2, rows,
            whole(adds->columns[column + half][int(c.hemisphere)], rows)));
      for (int h = 0; h < 2; ++h) {
        int z = value(c, 2, rows);
        Op &o = op(c, Unit::Alu, Opcode::Add, arrival, rows, in);
        o.result = z;
        o.resultDelay = m.aluToStream + m.aluLatency;
        c.writes.push_back({z, whole(y.columns[column + half][h], rows)});
      }
    }
  }

  int rows;
  int nextGroup = 0;
};

/// `layers` encoder layers of hidden size `hidden` columns (160 wide each):
/// q, k, v in one product, a stand-in of the same size for attention, its
/// output product, two feed-forward products, residuals and two map layers.
inline void buildEncoder(EncoderBuilder &b, int layers, int hiddenTiles) {
  int columns = 2 * hiddenTiles; // each n-tile is two columns
  Tensor x = b.tensor(columns);
  for (auto &column : x.columns)
    for (Planes &p : column)
      b.initial(p);
  for (int l = 0; l < layers; ++l) {
    Tensor qkv = b.matmul(x, 3 * hiddenTiles);
    Tensor part;
    part.columns.assign(qkv.columns.begin(), qkv.columns.begin() + columns);
    Tensor attention = b.mapAll(part);
    Tensor y = b.mapAll(b.matmul(attention, hiddenTiles, &x));
    Tensor inner = b.matmul(y, 4 * hiddenTiles);
    x = b.mapAll(b.matmul(inner, hiddenTiles, &y));
  }
  for (auto &column : x.columns)
    for (Planes &p : column)
      b.final(p);
}

} // namespace weft::test

#endif // WEFT_TEST_SCHEDULE_ENCODERPROBLEM_H
