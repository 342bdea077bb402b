// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The threads that compute rows, and the two kernels. Threads take jobs from a
// ring that only hints: the state of a job decides who computes it, so a stale
// hint does no harm.

#include "RowPool.h"

#include "Float16.h"

namespace weft::sim {
namespace {

void pause() {
#if defined(__x86_64__)
  __builtin_ia32_pause();
#else
  std::this_thread::yield();
#endif
}

typedef float Floats __attribute__((vector_size(64)));
typedef int32_t Ints __attribute__((vector_size(64)));

/// y[n..n+16*Count) = sum over k of a[k] * w[k][n...]; Count vectors stay in
/// registers while k runs.
template <int Count>
WEFT_SIMD_INLINE void rowBlock(const float *a, const float *w, float *y, int k,
                               int lanes) {
  Floats sum[Count] = {};
  for (int i = 0; i < k; ++i, w += lanes) {
    Floats x = Floats{} + a[i];
    for (int j = 0; j < Count; ++j) {
      Floats column;
      __builtin_memcpy(&column, w + 16 * j, sizeof column);
      sum[j] += x * column;
    }
  }
  for (int j = 0; j < Count; ++j)
    __builtin_memcpy(y + 16 * j, &sum[j], sizeof sum[j]);
}

WEFT_SIMD void halfRow(const float *a, const float *w, uint32_t *out,
                       int lanes) {
  int k = lanes / 2, n = 0;
  alignas(64) float y[maxLanes];
  for (; n + 64 <= lanes; n += 64)
    rowBlock<4>(a, w + n, y + n, k, lanes);
  for (; n < lanes; n += 16)
    rowBlock<1>(a, w + n, y + n, k, lanes);
  for (int i = 0; i < lanes; ++i)
    out[i] = std::bit_cast<uint32_t>(canonical(y[i]));
}

/// Pairs of k lie together, so that a pair's products are added in one step.
WEFT_SIMD void byteRow(const int16_t *a, const int16_t *w, uint32_t *out,
                       int lanes) {
  for (int n = 0; n < lanes; n += 16) {
    int32_t sum[16] = {};
    for (int k = 0; k < lanes; k += 2) {
      int32_t a0 = a[k], a1 = a[k + 1];
      const int16_t *pair = w + size_t(k) * lanes + size_t(2) * n;
      for (int j = 0; j < 16; ++j)
        sum[j] += a0 * pair[2 * j] + a1 * pair[2 * j + 1];
    }
    for (int j = 0; j < 16; ++j)
      out[n + j] = uint32_t(sum[j]);
  }
}

} // namespace

void computeRow(RowJob &job) {
  const Tile &tile = *job.tile;
  if (tile.type == DataType::F16)
    halfRow(job.activation, tile.f.data(), job.result, tile.lanes);
  else
    byteRow(job.bytes, tile.i.data(), job.result, tile.lanes);
}

RowPool::RowPool(int workers) : ring(capacity) {
  for (int i = 0; i < workers; ++i)
    threads.emplace_back([this] { work(); });
}

RowPool::~RowPool() {
  stopping = true;
  tail.fetch_add(1); // Wakes those that wait for it to change.
  tail.notify_all();
  for (std::thread &thread : threads)
    thread.join();
}

bool RowPool::tryRun(RowJob &job) {
  int expected = RowJob::Queued;
  if (!job.state.compare_exchange_strong(expected, RowJob::Running,
                                         std::memory_order_acquire))
    return false;
  computeRow(job);
  job.state.store(RowJob::Done, std::memory_order_release);
  return true;
}

void RowPool::submit(RowJob &job) {
  job.state.store(RowJob::Queued, std::memory_order_release);
  if (threads.empty())
    return;
  unsigned end = tail.load(std::memory_order_relaxed);
  if (end - head.load() >= capacity)
    return; // finish() will compute it.
  ring[end % capacity].store(&job, std::memory_order_relaxed);
  tail.store(end + 1);
  if (sleepers.load() > 0)
    tail.notify_one();
}

void RowPool::finish(RowJob &job) {
  if (tryRun(job))
    return;
  for (int spins = 0; job.state.load(std::memory_order_acquire) != RowJob::Done;
       ++spins)
    if (spins < 1000)
      pause();
    else
      std::this_thread::yield(); // Its thread may not be running.
}

void RowPool::work() {
  constexpr int spins = 4000;
  int idle = 0;
  while (!stopping) {
    unsigned begin = head.load();
    unsigned end = tail.load();
    if (begin == end) {
      if (++idle < spins) {
        pause();
        continue;
      }
      idle = 0;
      ++sleepers;
      if (!stopping && head.load() == end)
        tail.wait(end);
      --sleepers;
      continue;
    }
    idle = 0;
    RowJob *job = ring[begin % capacity].load(std::memory_order_relaxed);
    if (head.compare_exchange_weak(begin, begin + 1) && job)
      tryRun(*job);
  }
}

} // namespace weft::sim
