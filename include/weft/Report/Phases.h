// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program in windows of equal length, each with its work and the least time
// that the machine needs for it: the points of a roofline. Definitions:
// docs/report.md.

#ifndef WEFT_REPORT_PHASES_H
#define WEFT_REPORT_PHASES_H

#include "weft/Report/Activity.h"

namespace weft::report {

/// What the units did in cycles [begin, end).
struct Phase {
  int64_t begin = 0, end = 0;
  int64_t rowsF16 = 0, rowsI8 = 0; ///< abc issues: fp16 pairs, int8 planes.
  /// Multiply-adds of the model in them; without padding.
  double multiplyAddsF16 = 0, multiplyAddsI8 = 0;
  int64_t bytes = 0;     ///< That MXM queues took from outward streams.
  int64_t aluIssues = 0; ///< Of all ALUs.
  int32_t node = -1;     ///< Who issues most in it.
};

/// Limits of one chip, per cycle.
struct Peaks {
  int64_t multiplyAddsF16 = 0, multiplyAddsI8 = 0;
  int64_t bytes = 0; ///< All outward streams.
  int64_t aluIssues = 0;
};
Peaks peaksOf(const Machine &machine);

/// The least cycles that a phase's work takes, and what imposes it: "mxm",
/// "streams" or "vxm".
struct PhaseBound {
  double cycles = 0;
  const char *resource = "mxm";
};
PhaseBound boundOf(const Phase &phase, const Peaks &peaks);

/// Cuts [0, cycles) into at most `count` windows. `multiplyAdds`: of the model,
/// by index in Program::nodes, spread evenly over the node's abc issues; empty:
/// what the tiles could have done counts instead.
std::vector<Phase> phasesOf(const Program &program,
                            const ChipActivity &activity, int64_t cycles,
                            const std::vector<double> &multiplyAdds, int count);

} // namespace weft::report

#endif // WEFT_REPORT_PHASES_H
