// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where a chip's cycles went, by ONNX node, as the simulator counts them: each
// cycle is divided among the nodes in proportion to what they issue in it.

#ifndef WEFT_REPORT_NODES_H
#define WEFT_REPORT_NODES_H

#include "weft/Report/Activity.h"

#include <array>

namespace weft::report {

struct NodeShare {
  double cycles = 0;
  int64_t issues = 0;
  int64_t first = 0, last = 0; ///< Cycles of its first and last issue.
  std::array<int64_t, unitKinds> unitIssues{};
};

struct NodeShares {
  std::vector<NodeShare> nodes; ///< By index in Program::nodes.
  int64_t idle = 0;             ///< Cycles of [0, cycles) without an issue.
};

/// Shares of the cycles [0, cycles). Takes time in issues, memory in nodes.
NodeShares nodeShares(const Program &program, const ChipActivity &activity,
                      int64_t cycles);

} // namespace weft::report

#endif // WEFT_REPORT_NODES_H
