// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Passes that decide what runs where, and the one place that registers every
// dialect, pass and pipeline.

#ifndef WEFT_PIPELINES_PASSES_H
#define WEFT_PIPELINES_PASSES_H

#include "weft/Machine/Machine.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/DialectRegistry.h"
#include "mlir/Pass/Pass.h"

#include <memory>

namespace weft {

/// On the module: names of the tables whose rows the host looks up, as an
/// array of strings.
inline constexpr llvm::StringLiteral kHostTablesAttr = "weft.host_tables";

/// The pass `weft-partition`: everything runs on the chip, save for look-ups of
/// tables by graph inputs when weights and tables would take more than 88% of
/// the SRAM; then the largest tables stay on the host, with a remark. Leaves
/// the graph's inputs and its work on the module for later stages
/// (weft/Target/Weft/Export.h).
std::unique_ptr<mlir::Pass> createPartitionPass(const Machine &machine);

/// The pass `weft-check-inputs`: refuses inputs that the chip has no room for.
std::unique_ptr<mlir::Pass> createCheckInputsPass(const Machine &machine);

/// The pass `weft-shard`: one chip takes everything; more are an error.
std::unique_ptr<mlir::Pass> createShardPass(int chips);

/// Dialects, passes, pipelines. Passes that depend on a machine take an option
/// machine=NAME|FILE.json.
void registerAll(mlir::DialectRegistry &registry);
/// The dialects alone.
void registerDialects(mlir::DialectRegistry &registry);

} // namespace weft

#endif // WEFT_PIPELINES_PASSES_H
