// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the matrix units compute: weights as they were loaded, made into a form
// that kernels read fast, and batches of activation rows times such a tile. A
// batch depends on nothing but itself and its tile, so the bits do not depend
// on who computes it, when, or with which other rows.

#ifndef WEFT_SIM_MATRIX_H
#define WEFT_SIM_MATRIX_H

#include "Vectors.h"

#include "weft/Machine/Instruction.h"

#include <array>
#include <atomic>

namespace weft::sim {

/// Columns that a kernel takes at a time; tiles are padded to them.
constexpr int panelColumns = 32;
inline int paddedColumns(int lanes) {
  return (lanes + panelColumns - 1) / panelColumns * panelColumns;
}

/// The weights of one plane (I8) or of a pair (F16).
struct Tile {
  struct Column {
    Vector low, high;
    /// The first byte of each that counts; null: never loaded, so zero.
    const uint8_t *lowBytes = nullptr, *highBytes = nullptr;
  };
  enum State : int { Raw, Building, Built };

  DataType type = DataType::F16;
  int lanes = 0;
  int users = 0;     ///< Planes and batches; of the stepping thread only.
  uint64_t made = 0; ///< When the bytes of all columns are there.
  std::vector<Column> columns;

  std::atomic<int> state{Raw};
  /// F16: bits of (k, n) at [(n / 32 * K + k) * 32 + n % 32], K = lanes / 2.
  Lines<uint16_t> f;
  /// I8: value of (k, n) at [(n / 32 * K + k - k % 2) * 32 + n % 32 * 2 + k %
  /// 2], K = lanes.
  Lines<int16_t> i;
};

/// Rows of activations for one tile; the results are 32-bit lanes (I32, F32).
struct Batch {
  static constexpr int maxRows = 32;
  enum State : int { Open, Launched, Running, Done, Free };

  std::atomic<int> state{Open};
  std::atomic<uint64_t> made{0}; ///< When the bytes of all operands are there.
  Tile *tile = nullptr;
  int rows = 0;
  std::array<Vector, maxRows> low, high;
  std::array<bool, maxRows> upper; ///< F16: of the upper half of the lanes.
  int taken = 0;                   ///< Rows; of the executing thread only.
  Lines<uint32_t> results;         ///< Rows of paddedColumns(lanes).

  uint32_t *row(int r) {
    return results.data() + size_t(r) * size_t(paddedColumns(tile->lanes));
  }
};

/// Memory that a thread reuses from batch to batch.
struct MatrixScratch {
  Lines<float> floats, panel;
  Lines<int16_t> bytes;
};

/// Fills f or i from the columns.
void buildTile(Tile &tile);
/// Computes all rows of a batch whose tile is built: fp16 products are exact
/// in fp32 and added in ascending k from 0; int8 sums are exact.
void computeBatch(Batch &batch, MatrixScratch &scratch);

} // namespace weft::sim

#endif // WEFT_SIM_MATRIX_H
