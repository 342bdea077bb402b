// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs the stages one after the other and turns failures into exit codes.

#include "Compilation.h"

#include "weft/Pipelines/Passes.h"

#include "mlir/Support/Timing.h"
#include "llvm/Support/Threading.h"

#include <chrono>

using namespace weft;

static mlir::DialectRegistry dialects() {
  mlir::DialectRegistry all;
  registerDialects(all);
  return all;
}

static double now() {
  return std::chrono::duration<double>(
             std::chrono::steady_clock::now().time_since_epoch())
      .count();
}

Compilation::Stopwatch::Stopwatch(Compilation &compilation, Stage stage)
    : compilation(compilation), stage(stage), start(now()) {}

Compilation::Stopwatch::~Stopwatch() {
  compilation.seconds[int(stage)] += now() - start;
}

Compilation::Compilation(CompileCommand given)
    : command(std::move(given)),
      context(dialects(), mlir::MLIRContext::Threading::DISABLED) {
  llvm::ThreadPoolStrategy strategy =
      llvm::hardware_concurrency(unsigned(command.threads));
  if (strategy.compute_thread_count() > 1) {
    pool = std::make_unique<llvm::DefaultThreadPool>(strategy);
    context.setThreadPool(*pool);
  }
  report.listen(context);
}

int Compilation::run() {
  if (int code = checkFiles())
    return code;
  if (int code = readInput())
    return code;
  if (int code = bindShapes())
    return code;
  StageOptions options;
  options.machine = command.system.machine;
  options.chips = command.system.chips;
  options.scheduler.effort = command.effort;
  options.scheduler.threads = command.threads;
  options.scheduler.progress = [&](size_t done, size_t all) {
    if (all > 0)
      report.progress("schedule: " + std::to_string(100 * done / all) + "%");
  };
  Stage last = std::min(command.to, Stage::Schedule);
  for (int s = int(origin) + 1; s <= int(last); ++s)
    if (int code = runStage(Stage(s), options))
      return code;
  return command.to == Stage::Weft ? writeProgramFile() : writeModule();
}

int Compilation::runStage(Stage stage, const StageOptions &options) {
  Stopwatch watch(*this, stage);
  report.progress(stageName(stage).str());
  mlir::PassManager manager(&context, mlir::ModuleOp::getOperationName());
  if (mlir::failed(mlir::applyPassManagerCLOptions(manager)))
    return report.error(
        {ErrorKind::Usage, "options for passes contradict each other", {}});
  mlir::applyDefaultTimingPassManagerCLOptions(manager);
  addStage(manager, stage, options);
  if (mlir::succeeded(manager.run(*module)))
    return 0;
  return failed(failureOf(*module, stage, origin), stage);
}

int Compilation::failed(ErrorKind kind, Stage stage) {
  if (!report.sawErrors())
    return report.error(
        {ErrorKind::Internal,
         "stage " + stageName(stage).str() + " failed without an error",
         {}},
        command.input);
  return int(kind);
}
