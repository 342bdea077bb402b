// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program as one self-contained page of HTML: floorplan, timeline, roofline,
// nodes, gaps. It shows what the program and its statistics say and decides
// nothing. What each figure means is docs/report.md.

#ifndef WEFT_REPORT_REPORT_H
#define WEFT_REPORT_REPORT_H

#include "weft/Program/Program.h"

#include <array>

namespace weft {

/// What the words of one slice are for.
struct SliceUse {
  Hemisphere hemisphere = Hemisphere::West;
  int slice = 0;
  static constexpr uint8_t free = 0xff;
  /// By word: a MemoryPurpose, or `free` for words that nothing ever holds.
  std::vector<uint8_t> words;
};

struct PageInput {
  const Program &program;
  /// By chip; a chip without has no floorplan of its SRAM.
  std::vector<std::vector<SliceUse>> sram;
  /// Multiply-adds of the model by index in Program::nodes; empty: unknown.
  std::vector<double> multiplyAdds;
  /// A program with more bursts than this shows neighbouring bursts of a node
  /// as one, so that the page stays of use.
  size_t maxBursts = 600'000;
};

/// The page. The same program gives the same page on every host. Invalid when
/// a queue cannot be followed.
Expected<std::string> reportPage(const PageInput &input);

} // namespace weft

#endif // WEFT_REPORT_REPORT_H
