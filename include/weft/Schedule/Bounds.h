// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lower bounds on cycles: work_bound from the model's work and the machine
// before placement, placed_bound from what each resource must do for what was
// placed, and the dependence-critical path with exact latencies. Definitions:
// docs/bounds.md.

#ifndef WEFT_SCHEDULE_BOUNDS_H
#define WEFT_SCHEDULE_BOUNDS_H

#include "weft/Schedule/Problem.h"

#include <map>

namespace weft {

/// A matrix product of the model: batch * [m x k] . [k x n].
struct MatrixWork {
  int64_t batch = 1, m = 0, n = 0, k = 0;
  bool int8 = false;
  bool constantOperand = true; ///< One operand is a resident weight.
};

/// The model's work, as the operators ask for it.
struct Work {
  std::vector<MatrixWork> matrices;
  /// ALU operations, in elements, one per scalar operation of the model.
  int64_t vectorOperations = 0;
};

struct Bound {
  int64_t cycles = 0;
  std::string resource; ///< What imposes it: "mxm", "streams", "vxm", ...
};

/// For every product the better choice of installed operand: tiles of
/// halfLanes x lanes (fp16) or lanes x lanes (int8), max(rows, load cycles)
/// cycles a tile, over all pairs (planes) of the chip; two heads of a batched
/// product may share a tile where their k fits (block diagonal). Weight bytes
/// over the outward streams; vector operations over ALUs and lanes. The
/// largest of them.
Bound workBound(const Machine &machine, const Work &work);

/// Useful multiply-adds of the products over what the matrix units could do in
/// so many cycles: 1 is every element of every tile busy in every cycle. 0
/// where there are no products or cycles.
double peakShare(const Machine &machine, const Work &work, int64_t cycles);

/// Busy cycles and capacity (cycles offered) of one class of resource.
struct ResourceUse {
  int64_t busy = 0;
  int64_t capacity = 0;
};

struct PlacedBounds {
  Bound placed;             ///< Largest over resources.
  int64_t criticalPath = 0; ///< Longest dependence path, exact latencies.
  std::map<std::string, ResourceUse>
      resources; ///< capacity over schedule.cycles.
};
PlacedBounds placedBounds(const Problem &problem, const Schedule &schedule);

} // namespace weft

#endif // WEFT_SCHEDULE_BOUNDS_H
