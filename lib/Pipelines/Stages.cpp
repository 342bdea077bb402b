// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which passes make up which stage.

#include "weft/Pipelines/Stages.h"

#include "weft/Conversion/LinalgToWeft/LinalgToWeft.h"
#include "weft/Conversion/OnnxToLinalg/OnnxToLinalg.h"
#include "weft/Conversion/WeftToTsp/WeftToTsp.h"
#include "weft/Dialect/Tsp/Transforms/Passes.h"
#include "weft/Dialect/Weft/IR/WeftDialect.h"
#include "weft/Dialect/WeftOnnx/IR/WeftOnnxOps.h"
#include "weft/Pipelines/Passes.h"
#include "weft/Target/Weft/Export.h"
#include "weft/Transforms/Passes.h"

#include "llvm/ADT/StringExtras.h"

using namespace weft;

static constexpr llvm::StringLiteral names[] = {
    "import", "linalg", "partition", "shard",
    "place",  "tsp",    "schedule",  "weft"};
static_assert(std::size(names) == stageCount);

llvm::StringRef weft::stageName(Stage stage) { return names[int(stage)]; }

std::optional<Stage> weft::parseStage(llvm::StringRef name) {
  for (int i = 0; i < stageCount; ++i)
    if (names[i] == name)
      return Stage(i);
  return std::nullopt;
}

std::string weft::stageNames() {
  return llvm::join(std::begin(names), std::end(names), ", ");
}

void weft::addStage(mlir::OpPassManager &manager, Stage stage,
                    const StageOptions &options) {
  switch (stage) {
  case Stage::Import:
  case Stage::Weft:
    return;
  case Stage::Linalg:
    manager.addPass(createCheckInputsPass(options.machine));
    manager.addPass(createOnnxToLinalgPass());
    manager.addPass(createSimplifyPass());
    return;
  case Stage::Partition:
    manager.addPass(createAdoptLinalgPass());
    manager.addPass(createPartitionPass(options.machine));
    return;
  case Stage::Shard:
    manager.addPass(createShardPass(options.chips));
    return;
  case Stage::Place:
    manager.addPass(createPlacePass(options.machine));
    return;
  case Stage::Tsp:
    manager.addPass(createWeftToTspPass(options.machine));
    return;
  case Stage::Schedule:
    manager.addPass(tsp::createSchedulePass(options.scheduler));
    manager.addPass(createVerifySchedulePass());
    return;
  }
}

Stage weft::stageOf(mlir::ModuleOp module) {
  Stage stage = Stage::Linalg;
  module.walk([&](mlir::Operation *op) {
    if (auto program = llvm::dyn_cast<tsp::ProgramOp>(op)) {
      stage = program.getCycles() ? Stage::Schedule : Stage::Tsp;
      return mlir::WalkResult::interrupt();
    }
    if (llvm::isa_and_nonnull<WeftDialect>(op->getDialect())) {
      stage = Stage::Place;
      return mlir::WalkResult::interrupt();
    }
    if (llvm::isa_and_nonnull<onnxir::WeftOnnxDialect>(op->getDialect())) {
      stage = Stage::Import;
      return mlir::WalkResult::interrupt();
    }
    return mlir::WalkResult::advance();
  });
  return stage;
}

ErrorKind weft::failureOf(mlir::ModuleOp module, Stage stage, Stage origin) {
  switch (stage) {
  case Stage::Import:
    return ErrorKind::Invalid;
  case Stage::Linalg:
    if (module->hasAttr(kDoesNotFitAttr))
      return ErrorKind::DoesNotFit;
    return module->hasAttr(kUnsupportedAttr) ? ErrorKind::Unsupported
                                             : ErrorKind::Invalid;
  case Stage::Partition:
    if (module->hasAttr(kDoesNotFitAttr))
      return ErrorKind::DoesNotFit;
    return origin == Stage::Linalg ? ErrorKind::Invalid : ErrorKind::Internal;
  case Stage::Shard:
  case Stage::Place:
  case Stage::Tsp:
    return ErrorKind::Unsupported;
  case Stage::Schedule:
    if (module->hasAttr(kDoesNotFitAttr))
      return ErrorKind::DoesNotFit;
    // Chains that somebody wrote may be wrong; ours may not.
    return origin == Stage::Tsp ? ErrorKind::Invalid : ErrorKind::Internal;
  case Stage::Weft:
    return origin == Stage::Schedule ? ErrorKind::MachineFault
                                     : ErrorKind::Internal;
  }
  return ErrorKind::Internal;
}
