// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The kernels of the matrix units. A panel of 32 columns stays in the first
// cache (160 * 32 * 4 bytes = 20 KiB) while all rows of a batch pass it, and
// sums stay in registers while k runs.

#include "Matrix.h"

#include "Float16.h"
#include "VectorOps.h"

#include <cstring>

namespace weft::sim {
namespace {

typedef uint16_t Halves __attribute__((vector_size(32)));
typedef uint8_t Bytes16 __attribute__((vector_size(16)));
typedef float Floats16 __attribute__((vector_size(64)));
typedef float Floats8 __attribute__((vector_size(32)));

constexpr uint8_t zeros[maxLanes] = {};

template <typename V>
WEFT_SIMD_INLINE V load(const void *from) {
  V v;
  std::memcpy(&v, from, sizeof v);
  return v;
}

/// Not V{} + x, which is an addition: -0 + 0 is 0.
template <typename V>
WEFT_SIMD_INLINE V splat(float x) {
  V v;
  for (size_t l = 0; l < sizeof(V) / sizeof(float); ++l)
    v[l] = x;
  return v;
}

WEFT_SIMD_INLINE Halves interleaveLow(Halves a, Halves b) {
  return __builtin_shufflevector(a, b, 0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21,
                                 6, 22, 7, 23);
}
WEFT_SIMD_INLINE Halves interleaveHigh(Halves a, Halves b) {
  return __builtin_shufflevector(a, b, 8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13,
                                 29, 14, 30, 15, 31);
}

/// 16 x 16 transposed: four times, rows i and i + 8 are interleaved.
WEFT_SIMD_INLINE void transpose(Halves (&rows)[16]) {
  for (int stage = 0; stage < 4; ++stage) {
    Halves next[16];
    for (int i = 0; i < 8; ++i) {
      next[2 * i] = interleaveLow(rows[i], rows[i + 8]);
      next[2 * i + 1] = interleaveHigh(rows[i], rows[i + 8]);
    }
    for (int i = 0; i < 16; ++i)
      rows[i] = next[i];
  }
}

/// 32 columns of an fp16 tile.
WEFT_SIMD void buildHalfPanel(const Tile::Column *columns, int depth,
                              uint16_t *out) {
  const uint8_t *low[panelColumns], *high[panelColumns];
  for (int j = 0; j < panelColumns; ++j) {
    low[j] = columns[j].lowBytes ? columns[j].lowBytes : zeros;
    high[j] = columns[j].lowBytes ? columns[j].highBytes : zeros;
  }
  int k = 0;
  for (; k + 16 <= depth; k += 16)
    for (int n = 0; n < panelColumns; n += 16) {
      Halves rows[16];
      for (int j = 0; j < 16; ++j)
        rows[j] =
            __builtin_convertvector(load<Bytes16>(low[n + j] + k), Halves) |
            __builtin_convertvector(load<Bytes16>(high[n + j] + k), Halves)
                << 8;
      transpose(rows);
      for (int i = 0; i < 16; ++i)
        std::memcpy(out + size_t(k + i) * panelColumns + n, &rows[i],
                    sizeof rows[i]);
    }
  for (; k < depth; ++k)
    for (int j = 0; j < panelColumns; ++j)
      out[size_t(k) * panelColumns + size_t(j)] =
          uint16_t(low[j][k] | high[j][k] << 8);
}

/// Exact; hosts that can have an instruction for it.
WEFT_SIMD void panelToFloats(const uint16_t *halves, float *out, int count) {
  for (int i = 0; i < count; ++i)
    out[i] = float(std::bit_cast<_Float16>(halves[i]));
}

WEFT_SIMD void buildByteColumn(const uint8_t *bytes, int depth, int16_t *out) {
  for (int k = 0; k < depth; ++k)
    out[size_t(k / 2) * 2 * panelColumns + size_t(k % 2)] = int8_t(bytes[k]);
}

WEFT_SIMD void halvesToFloats(const uint8_t *low, const uint8_t *high,
                              float *out, int count) {
  for (int k = 0; k < count; ++k)
    out[k] = halfToFloat(low[k] | uint32_t(high[k]) << 8);
}

/// y[r][0..32) = sum over k of a[r][k] * panel[k][0..32) for Rows rows.
template <int Rows, typename V>
WEFT_SIMD_INLINE void kernel(const float *a, const float *panel, float *y,
                             int depth, int stride) {
  // A product of two fp16 numbers has 22 bits and is exact in fp32, so that
  // fusing it with the sum rounds as the sum alone does.
#pragma clang fp contract(fast)
  constexpr int lanes = sizeof(V) / sizeof(float), count = panelColumns / lanes;
  V sum[Rows][count] = {};
  for (int k = 0; k < depth; ++k, panel += panelColumns) {
    V column[count];
    for (int j = 0; j < count; ++j)
      column[j] = load<V>(panel + lanes * j);
    for (int r = 0; r < Rows; ++r) {
      V x = splat<V>(a[size_t(r) * size_t(depth) + size_t(k)]);
      for (int j = 0; j < count; ++j)
        sum[r][j] = sum[r][j] + x * column[j];
    }
  }
  for (int r = 0; r < Rows; ++r, y += stride) {
    for (int j = 0; j < count; ++j)
      std::memcpy(y + lanes * j, &sum[r][j], sizeof(V));
    for (int n = 0; n < panelColumns; ++n)
      y[n] = canonical(y[n]);
  }
}

template <int Rows, typename V>
WEFT_SIMD_INLINE void panelTimesRows(const float *&a, const float *panel,
                                     float *&y, int &rows, int depth,
                                     int stride) {
  for (; rows >= Rows; rows -= Rows) {
    kernel<Rows, V>(a, panel, y, depth, stride);
    a += size_t(Rows) * size_t(depth);
    y += size_t(Rows) * size_t(stride);
  }
}

/// For 32 registers of 16 floats, and for 16 of 8.
WEFT_SIMD void tallPanel(const float *a, const float *panel, float *y, int rows,
                         int depth, int stride) {
  panelTimesRows<8, Floats16>(a, panel, y, rows, depth, stride);
  panelTimesRows<4, Floats16>(a, panel, y, rows, depth, stride);
  panelTimesRows<1, Floats16>(a, panel, y, rows, depth, stride);
}
WEFT_SIMD void flatPanel(const float *a, const float *panel, float *y, int rows,
                         int depth, int stride) {
  panelTimesRows<2, Floats8>(a, panel, y, rows, depth, stride);
  panelTimesRows<1, Floats8>(a, panel, y, rows, depth, stride);
}

/// Pairs of k lie together, so that a pair's products are added in one step.
WEFT_SIMD void bytePanel(const int16_t *a, const int16_t *panel, uint32_t *y,
                         int depth) {
  for (int n = 0; n < panelColumns; n += 16) {
    int32_t sum[16] = {};
    for (int k = 0; k < depth; k += 2) {
      int32_t a0 = a[k], a1 = a[k + 1];
      const int16_t *pair = panel + size_t(k) * panelColumns + size_t(2) * n;
      for (int j = 0; j < 16; ++j)
        sum[j] += a0 * pair[2 * j] + a1 * pair[2 * j + 1];
    }
    for (int j = 0; j < 16; ++j)
      y[n + j] = uint32_t(sum[j]);
  }
}

bool wideRegisters() {
#if defined(__x86_64__) && defined(__linux__)
  static const bool wide = __builtin_cpu_supports("avx512f");
  return wide;
#else
  return false;
#endif
}

} // namespace

void buildTile(Tile &tile) {
  int padded = paddedColumns(tile.lanes);
  if (tile.type == DataType::F16) {
    int depth = tile.lanes / 2;
    tile.f.resize(size_t(depth) * size_t(padded));
    for (int n = 0; n < padded; n += panelColumns) {
      Tile::Column columns[panelColumns];
      for (int j = 0; j < panelColumns && n + j < tile.lanes; ++j)
        columns[j] = tile.columns[size_t(n + j)];
      buildHalfPanel(columns, depth, tile.f.data() + size_t(n) * size_t(depth));
    }
    return;
  }
  int depth = tile.lanes;
  tile.i.resize(size_t(depth) * size_t(padded));
  for (int n = 0; n < padded; ++n) {
    const uint8_t *bytes =
        n < tile.lanes ? tile.columns[size_t(n)].lowBytes : nullptr;
    buildByteColumn(bytes ? bytes : zeros, depth,
                    tile.i.data() +
                        size_t(n / panelColumns) * size_t(depth) *
                            panelColumns +
                        size_t(n % panelColumns) * 2);
  }
}

void computeBatch(Batch &batch, MatrixScratch &scratch) {
  const Tile &tile = *batch.tile;
  int lanes = tile.lanes, padded = paddedColumns(lanes), rows = batch.rows;
  batch.results.resize(size_t(Batch::maxRows) * size_t(padded));
  if (tile.type == DataType::F16) {
    int depth = lanes / 2;
    scratch.floats.resize(size_t(rows) * size_t(depth));
    for (int r = 0; r < rows; ++r) {
      int lane = batch.upper[size_t(r)] ? depth : 0;
      halvesToFloats(batch.low[size_t(r)].bytes + lane,
                     batch.high[size_t(r)].bytes + lane,
                     scratch.floats.data() + size_t(r) * size_t(depth), depth);
    }
    auto *panel = wideRegisters() ? tallPanel : flatPanel;
    int size = depth * panelColumns;
    scratch.panel.resize(size_t(size));
    for (int n = 0; n < padded; n += panelColumns) {
      panelToFloats(tile.f.data() + size_t(n) * size_t(depth),
                    scratch.panel.data(), size);
      panel(scratch.floats.data(), scratch.panel.data(),
            reinterpret_cast<float *>(batch.results.data()) + n, rows, depth,
            padded);
    }
    return;
  }
  scratch.bytes.resize(size_t(rows) * size_t(lanes));
  for (int r = 0; r < rows; ++r) {
    const uint8_t *from = batch.low[size_t(r)].bytes;
    int16_t *to = scratch.bytes.data() + size_t(r) * size_t(lanes);
    for (int k = 0; k < lanes; ++k)
      to[k] = int8_t(from[k]);
  }
  for (int n = 0; n < padded; n += panelColumns)
    for (int r = 0; r < rows; ++r)
      bytePanel(scratch.bytes.data() + size_t(r) * size_t(lanes),
                tile.i.data() + size_t(n) * size_t(lanes),
                batch.results.data() + size_t(r) * size_t(padded) + n, lanes);
}

} // namespace weft::sim
