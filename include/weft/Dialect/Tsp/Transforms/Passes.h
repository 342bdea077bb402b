// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes over the `tsp` dialect.

#ifndef WEFT_DIALECT_TSP_TRANSFORMS_PASSES_H
#define WEFT_DIALECT_TSP_TRANSFORMS_PASSES_H

#include "weft/Schedule/Scheduler.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

#include <memory>

namespace weft {

/// Unit attribute left on a module whose program does not fit the chip.
inline constexpr llvm::StringLiteral kDoesNotFitAttr = "weft.does_not_fit";

namespace tsp {

/// The pass `tsp-schedule`: cycle, stream, ALU, accumulator row and address of
/// everything in every tsp.program of the module. When a program does not fit,
/// the error says what is needed and available and who takes it, and the
/// module gets kDoesNotFitAttr.
std::unique_ptr<mlir::Pass>
createSchedulePass(const SchedulerOptions &options = {});
void registerSchedulePass();

} // namespace tsp
} // namespace weft

#endif // WEFT_DIALECT_TSP_TRANSFORMS_PASSES_H
