// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Why something did not start sooner. Streams cannot wait, so an instruction
// is rigidly bound to everything that its values pass through on the way from
// SRAM to SRAM: its chain. The chain starts when the words that it reads have
// been written, its weights are installed and its units are free; whichever
// came last is what it waited for. Definitions: docs/report.md.

#ifndef WEFT_REPORT_WAITS_H
#define WEFT_REPORT_WAITS_H

#include "weft/Report/Activity.h"

#include <memory>
#include <optional>

namespace weft::report {

/// A burst of a chip.
struct BurstRef {
  int queue = -1; ///< Index in ChipActivity::queues.
  int burst = -1; ///< Index in its bursts.
  friend auto operator<=>(const BurstRef &, const BurstRef &) = default;
};

/// What a burst waited for, as the cycles that it could have started sooner
/// if nothing else had held it.
struct Wait {
  enum class Kind : uint8_t {
    Data,    ///< A word, or a row of the accumulators, that `on` wrote.
    Weights, ///< The weights that `on` loaded or installed.
    Room,    ///< Memory or weights that `on` was still reading.
    Bank,    ///< A bank that `on` wrote to, or read from.
    Unit,    ///< A queue of the chain, busy with `on`.
  };
  Kind kind = Kind::Unit;
  BurstRef on;
  int64_t cycle = 0; ///< Of the issue of `on` that was waited for.
  int64_t slack = 0; ///< Cycles between the two that nothing here explains.
  int64_t began = 0; ///< First cycle of the chain of `on`.
};

/// A time in which a queue issued nothing.
struct Gap {
  int64_t begin = 0, end = 0; ///< Cycles [begin, end).
  BurstRef next;              ///< What ended it; none at the program's end.
  /// What `next` waited for, what that waited for, and so on back to the
  /// beginning of the gap; empty where nothing in the program explains it.
  std::vector<Wait> waits;

  /// Cycles of the gap that passed in something of one node.
  struct Part {
    int32_t node = -1;
    int64_t cycles = 0;
  };
  /// The gap divided among the nodes in `waits`: each wait has the cycles from
  /// the beginning of the chain that was waited for to where the wait before it
  /// left off. Most first; what is left over is nobody's doing.
  std::vector<Part> parts;
};

/// Finds what bursts waited for. `program` and `activity` outlive it.
class WaitFinder {
public:
  WaitFinder(const Program &program, const ChipActivity &activity);
  ~WaitFinder();

  /// What held a burst most closely, but for its own queue; nothing when its
  /// chain depends on nothing that the program does.
  std::optional<Wait> waitOf(BurstRef burst);

private:
  struct Impl;
  std::unique_ptr<Impl> impl;
};

/// Index of the queue that issues in most cycles, the lowest number of equals;
/// -1 when nothing issues.
int busiestQueue(const ChipActivity &activity);

/// The longest `count` gaps of a queue within [0, cycles), longest first, then
/// earliest.
std::vector<Gap> longestGaps(const Program &program,
                             const ChipActivity &activity, int queue,
                             int64_t cycles, size_t count);

} // namespace weft::report

#endif // WEFT_REPORT_WAITS_H
