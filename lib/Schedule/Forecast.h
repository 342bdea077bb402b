// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// When buffers will be in each other's way. A list schedule places a buffer
// when it is written, before most of its reads are scheduled. A schedule made
// earlier tells when about they will be, so that those go into one slice that
// take turns.

#ifndef WEFT_LIB_SCHEDULE_FORECAST_H
#define WEFT_LIB_SCHEDULE_FORECAST_H

#include "Flow.h"

#include <memory>

namespace weft::schedule {

class Forecast {
public:
  /// Accesses are expected when the chains of `earlier` have them.
  Forecast(const Problem &problem, const Schedule &earlier);

  /// Cycles in which buffer `b`, in a bank of slice `slice` (western slices
  /// first) at position `x`, would want what a buffer placed before wants: one
  /// side of the slice, or the bank for the other side. What comes within
  /// `margin` cycles of each other counts, since no two schedules are alike.
  int64_t conflicts(int b, int slice, int bank, int x) const;

  /// Puts buffer `b` there.
  void place(int b, int slice, int bank, int x);

private:
  static constexpr int64_t margin = 64;
  /// Buckets of a slice at most, as long as programs of four million cycles
  /// have of 64.
  static constexpr int64_t mostBuckets = 1 << 16;

  /// A burst of accesses to a buffer at position 0; one at position x is
  /// direction * x later.
  struct Burst {
    int64_t first, last;
    int direction; ///< 0: inwards if read, outwards if written.
    bool write;
    int64_t shift(int x) const {
      return (direction ? direction : (x > 0) == write ? 1 : -1) * x;
    }
  };
  struct Use {
    int64_t first, last;
    int bank;
    bool write;
  };
  std::shared_ptr<const std::vector<std::vector<Burst>>> bursts; ///< By buffer.
  int64_t step = 64; ///< Cycles of a bucket.
  /// By slice and time; a use is in every bucket that it reaches into.
  std::vector<std::vector<std::vector<Use>>> uses;
};

} // namespace weft::schedule

#endif // WEFT_LIB_SCHEDULE_FORECAST_H
