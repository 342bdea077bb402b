// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Who takes how much of a chip's SRAM: for errors, memory maps and statistics.
// Where anything lies is none of its business.

#ifndef WEFT_DIALECT_TSP_TRANSFORMS_ACCOUNTING_H
#define WEFT_DIALECT_TSP_TRANSFORMS_ACCOUNTING_H

#include "weft/Dialect/Tsp/Transforms/SchedulingProblem.h"
#include "weft/Program/Program.h"

namespace weft::tsp {

/// What memory of a program is for. Constants of the model are weights, those
/// that the compiler made (masks, counters, matrices of ones) are tables.
MemoryPurpose purposeOf(mlir::Operation *memory);

/// Bytes of every named thing, largest first, then by name. Scratch memory is
/// counted as if it were never reused.
std::vector<Tenant> tenantsOf(const SchedulingProblem &scheduling);

/// Bytes of a chip, by purpose. Activations (with inputs and looked-up rows):
/// the most that is alive at a time when chains run in the order of the text.
struct SramNeed {
  int64_t weights = 0, tables = 0, activations = 0, text = 0;
  int64_t total() const { return weights + tables + activations + text; }
};
SramNeed sramNeed(const SchedulingProblem &scheduling, int64_t textBytes);

/// A note that says how many chips would hold so many bytes; empty where one
/// has bytes enough (and something else stands in the way), or no number does.
std::string chipsText(int64_t bytes, const Machine &machine);

/// "231.4 MiB", "12.5 KiB", "640 bytes".
std::string bytesText(int64_t bytes);

} // namespace weft::tsp

#endif // WEFT_DIALECT_TSP_TRANSFORMS_ACCOUNTING_H
