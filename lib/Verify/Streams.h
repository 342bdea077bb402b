// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The streams of one chip in space and time. A value moves one hop a cycle, so
// all places it visits lie on one diagonal, t - x eastward and t + x westward;
// a diagonal remembers only who drove it last, since that is what every reader
// further along sees.

#ifndef WEFT_LIB_VERIFY_STREAMS_H
#define WEFT_LIB_VERIFY_STREAMS_H

#include "FaultLog.h"
#include "weft/Verify/Footprint.h"

namespace weft::verify {

class Streams {
public:
  explicit Streams(const Machine &machine);

  /// The issuer drives `count` streams at its unit's position in `cycle`.
  /// Cycles must not descend, and drives of a cycle come before its reads.
  void drive(Issuer issuer, int first, int count, int64_t cycle, FaultLog &log);

  /// The issuer takes what its footprint reads at its unit's position.
  void read(Issuer issuer, const Footprint &footprint, int64_t cycle,
            FaultLog &log) const;

private:
  struct Value {
    int32_t diagonal;
    int32_t cycle; ///< When it was driven.
    int32_t queue; ///< By whom.
  };

  int32_t diagonalOf(int stream, int position, int64_t cycle) const {
    return int32_t(stream < streams ? cycle - position : cycle + position);
  }
  size_t slotOf(int stream, int32_t diagonal) const {
    return size_t(stream) * (mask + 1) + (uint32_t(diagonal) & mask);
  }

  const Machine &machine;
  int streams;
  uint32_t mask;              ///< Diagonals remembered per stream, less one.
  std::vector<int> positions; ///< By queue number.
  std::vector<Value> values;
};

} // namespace weft::verify

#endif // WEFT_LIB_VERIFY_STREAMS_H
