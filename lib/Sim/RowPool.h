// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Rows of activations times installed weights, computed by any thread between
// the cycle of abc and the cycle in which the result is due. A row depends on
// nothing but its job, so the bits do not depend on who computes it or when.

#ifndef WEFT_SIM_ROWPOOL_H
#define WEFT_SIM_ROWPOOL_H

#include "VectorOps.h"

#include <atomic>
#include <memory>
#include <thread>

namespace weft::sim {

/// The weights of one plane (I8) or of a pair (F16).
struct Tile {
  DataType type = DataType::F16;
  int lanes = 0;
  /// F16: value of (k, n) at [k * lanes + n], K = lanes / 2.
  std::vector<float> f;
  /// I8: value of (k, n) at [(k / 2 * lanes + n) * 2 + k % 2], K = lanes.
  std::vector<int16_t> i;
  std::vector<bool> loaded; ///< By column, since the last iw.
};

/// One activation row; the result is 32-bit lanes (I32 or F32).
struct RowJob {
  enum State : int { Idle, Queued, Running, Done };
  std::atomic<int> state{Idle};
  std::shared_ptr<const Tile> tile;
  alignas(64) float activation[maxLanes / 2];
  alignas(64) int16_t bytes[maxLanes];
  alignas(64) uint32_t result[maxLanes];

  // Of the owner only.
  int64_t due = -1; ///< Cycle in which the result appears.
  bool taken = false;
  int instruction = 0; ///< Of the abc.
};

/// Computes a row on the calling thread: fp16 products are exact in fp32 and
/// added in ascending k from 0; int8 sums are exact.
void computeRow(RowJob &job);

class RowPool {
public:
  /// With no workers every row is computed when it is needed.
  explicit RowPool(int workers);
  ~RowPool();
  RowPool(const RowPool &) = delete;
  RowPool &operator=(const RowPool &) = delete;

  /// Hands over a job that is filled in. The job outlives the pool's use of
  /// it: finish() before reusing it.
  void submit(RowJob &job);
  /// Returns when the result is there; computes it here if nobody has begun.
  void finish(RowJob &job);

private:
  static constexpr unsigned capacity = 4096;
  void work();
  static bool tryRun(RowJob &job);

  std::vector<std::atomic<RowJob *>> ring;
  std::atomic<unsigned> head{0}, tail{0};
  std::atomic<int> sleepers{0};
  std::atomic<bool> stopping{false};
  std::vector<std::thread> threads;
};

} // namespace weft::sim

#endif // WEFT_SIM_ROWPOOL_H
