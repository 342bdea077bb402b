// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a run is told about: agreement, cycles, time, use of units, nodes. As
// text for people and as JSON for programs (docs/cli.md).

#ifndef WEFT_RUNTIME_REPORT_H
#define WEFT_RUNTIME_REPORT_H

#include "weft/Runtime/Compare.h"
#include "weft/Runtime/Run.h"

namespace weft {

/// Everything a report draws on. The parts outlive it.
struct RunReport {
  const Program &program;
  const RunResult &result;
  const std::vector<Agreement> *agreements = nullptr; ///< With a check.
};

/// Several lines, newline at the end. Nodes: the `topNodes` that took most.
std::string reportText(const RunReport &report, size_t topNodes = 10);

/// What weft-compile's --stats holds, and simulated_cycles, microseconds,
/// outputs, utilisation, nodes, transfer, seconds. Numbers that JSON cannot say
/// are null.
std::string reportJson(const RunReport &report);

} // namespace weft

#endif // WEFT_RUNTIME_REPORT_H
