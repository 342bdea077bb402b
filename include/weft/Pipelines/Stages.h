// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The stages of compilation, the same in every tool, and the passes of each.
// What a pass does is the pass's business.

#ifndef WEFT_PIPELINES_STAGES_H
#define WEFT_PIPELINES_STAGES_H

#include "weft/Import/Onnx.h"
#include "weft/Machine/Machine.h"
#include "weft/Schedule/Scheduler.h"

#include "mlir/Pass/PassManager.h"

namespace weft {

/// In order; a module "at" a stage has been through it.
enum class Stage {
  Import,    ///< weft_onnx, as the model came in.
  Linalg,    ///< linalg on static shapes, simplified.
  Partition, ///< What stays on the host is marked.
  Shard,     ///< What is on which chip.
  Place,     ///< weft kernels on placed tensors.
  Tsp,       ///< Chains of instructions.
  Schedule,  ///< The same with cycles and addresses, verified.
  Weft,      ///< A .weft program.
};
constexpr int stageCount = int(Stage::Weft) + 1;

/// "import", "linalg", ...
llvm::StringRef stageName(Stage stage);
std::optional<Stage> parseStage(llvm::StringRef name);
/// "import, linalg, ...": for messages.
std::string stageNames();

/// What the stages need to know.
struct StageOptions {
  Machine machine;
  int chips = 1;
  DimBindings dims;
  SchedulerOptions scheduler;
};

/// Adds the passes that take a module from the stage before to this one. None
/// for Import and Weft, which read and write files.
void addStage(mlir::OpPassManager &manager, Stage stage,
              const StageOptions &options);

/// The stage that a module is at, by the operations in it.
Stage stageOf(mlir::ModuleOp module);

/// What it means that a stage failed on a module that had been through
/// `origin` by other means (ONNX: Import).
ErrorKind failureOf(mlir::ModuleOp module, Stage stage, Stage origin);

} // namespace weft

#endif // WEFT_PIPELINES_STAGES_H
