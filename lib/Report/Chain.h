// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The issues that are rigidly bound to one another: by streams, by ALUs that
// hand on results, by activations, the weights that are installed for them and
// the accumulators that they appear at.

#ifndef WEFT_LIB_REPORT_CHAIN_H
#define WEFT_LIB_REPORT_CHAIN_H

#include "weft/Report/Waits.h"
#include "weft/Verify/Footprint.h"

namespace weft::report {

/// One issue of a burst.
struct Issue {
  BurstRef ref;
  int64_t cycle = 0;
};

class ChainFinder {
public:
  ChainFinder(const Program &program, const ChipActivity &activity);

  /// Everything that is bound to `start`, itself first; at most one issue of
  /// each queue and cycle. Stops at `limit` issues.
  std::vector<Issue> chainOf(const Issue &start, size_t limit = 512);

private:
  const verify::Footprint &footprintOf(BurstRef ref);
  int position(int queue) const { return positions[size_t(queue)]; }
  void producers(const Issue &issue, std::vector<Issue> &out);
  void consumers(const Issue &issue, std::vector<Issue> &out);
  /// Index of a queue, or -1 when it issues nothing.
  int indexOf(Queue queue) const;
  const Instruction &instructionOf(BurstRef ref) const;
  /// The issue in `cycle` of another queue of the same plane.
  std::optional<Issue> ofPlane(Queue queue, Unit unit, int64_t cycle) const;
  /// The issue of `queue` (an index) in `cycle`.
  std::optional<Issue> issueAt(int queue, int64_t cycle) const;

  const Program &program;
  const ChipActivity &activity;
  std::vector<int> positions; ///< By index of the queue.
  std::vector<int> byNumber;  ///< Index of the queue, or -1.
  std::map<BurstRef, verify::Footprint> footprints;
};

} // namespace weft::report

#endif // WEFT_LIB_REPORT_CHAIN_H
