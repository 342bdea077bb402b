// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One run of weft-compile: read, bind shapes, run the stages, write. What the
// stages do is theirs.

#ifndef WEFT_TOOLS_WEFT_COMPILE_COMPILATION_H
#define WEFT_TOOLS_WEFT_COMPILE_COMPILATION_H

#include "Options.h"
#include "Report.h"
#include "weft/Target/Weft/Export.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/Support/JSON.h"
#include "llvm/Support/ThreadPool.h"

#include <map>
#include <memory>

namespace weft {

class Compilation {
public:
  explicit Compilation(CompileCommand command);

  /// Does it all; gives the exit code, every error having been printed.
  int run();

private:
  struct Stopwatch;

  // Each gives 0 or an exit code. Input.cpp:
  int checkFiles();
  int readInput();
  int bindShapes();
  // Compilation.cpp:
  int runStage(Stage stage, const StageOptions &options);
  /// Says something where a stage failed without a word.
  int failed(ErrorKind kind, Stage stage);
  // Output.cpp:
  int writeModule();
  int writeProgramFile();
  int writeReport(tsp::ProgramOp program, const ExportedProgram &exported);
  int writeStatistics(const llvm::json::Value &stats);

  CompileCommand command;
  Report report;                                 // Outlives the context.
  std::unique_ptr<llvm::DefaultThreadPool> pool; // Outlives the context.
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Stage origin = Stage::Import;  ///< What the input had been through.
  std::map<int, double> seconds; ///< By stage.
};

/// Notes how long a stage took.
struct Compilation::Stopwatch {
  Stopwatch(Compilation &compilation, Stage stage);
  ~Stopwatch();
  Compilation &compilation;
  Stage stage;
  double start;
};

} // namespace weft

#endif // WEFT_TOOLS_WEFT_COMPILE_COMPILATION_H
