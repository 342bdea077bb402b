// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The dependence graph of a problem: which chain must follow which, by how
// many cycles from start to start, word by word; and the longest path from
// each chain to the end.

#ifndef WEFT_LIB_SCHEDULE_DEPENDENCES_H
#define WEFT_LIB_SCHEDULE_DEPENDENCES_H

#include "weft/Schedule/Problem.h"

#include <functional>

namespace weft::schedule {

struct Dependence {
  int from = 0, to = 0;
  int64_t lag = 0; ///< start(to) >= start(from) + lag.
};

struct DependenceGraph {
  /// Sorted by `from`, at most one per pair; from < to always.
  std::vector<Dependence> edges;
  std::vector<size_t> firstEdge; ///< chains + 1 entries into `edges`.
  /// Cycles from a chain's start to the end of the longest path through it.
  std::vector<int64_t> pathToEnd;
  /// Buffers that some chain writes after another touched them.
  std::vector<bool> rewritten;
  /// Buffers that some chain writes.
  std::vector<bool> written;
};

/// Builds the graph. `positionOf` gives a buffer's signed position (estimated
/// before placement, exact after it).
DependenceGraph
buildDependences(const Problem &problem,
                 const std::function<int(int buffer)> &positionOf);

/// Largest offset at which something of the chain issues or lands.
int64_t tailOf(const Machine &machine, const Chain &chain,
               const std::function<int(int buffer)> &positionOf);

/// Buffers that some chain reads in overlapping cycles, or writes so: they
/// must lie in different slices. Members of a Buffer::group are not listed
/// against each other. One entry per chain:
/// neighbours[first[b]] .. neighbours[first[b + 1]), sorted.
struct Simultaneity {
  struct Neighbour {
    int buffer, chain;
  };
  std::vector<size_t> first;
  std::vector<Neighbour> neighbours;
};
Simultaneity findSimultaneous(const Problem &problem);

} // namespace weft::schedule

#endif // WEFT_LIB_SCHEDULE_DEPENDENCES_H
