// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// weft-opt: mlir-opt with every dialect, pass and pipeline of Weft.

#include "weft/Pipelines/Passes.h"

#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Tools/mlir-opt/MlirOptMain.h"
#include "mlir/Transforms/Passes.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"

#include <csignal>

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  // A file that grows past the limit of files is an error of write().
  std::signal(SIGXFSZ, SIG_IGN);
  llvm::cl::AddExtraVersionPrinter(
      [](llvm::raw_ostream &os) { os << "weft-opt " WEFT_VERSION "\n"; });
  llvm::cl::extrahelp examples(
      "\nEXAMPLES:\n\n"
      "  One pass on a module of any stage:\n"
      "    weft-compile m.onnx --dim batch=1 --compile-to=import -o m.mlir\n"
      "    weft-opt m.mlir --weft-onnx-to-linalg --weft-simplify\n"
      "  Passes that need a machine:\n"
      "    weft-opt linalg.mlir --weft-place=machine=tsp-mini\n"
      "  Schedule chains, and prove a schedule:\n"
      "    weft-opt tsp.mlir --tsp-schedule --tsp-verify-schedule\n");
  mlir::DialectRegistry registry;
  weft::registerAll(registry);
  mlir::registerTransformsPasses();
  mlir::registerLinalgPasses();
  return mlir::asMainReturnCode(mlir::MlirOptMain(
      argc, argv, "weft-opt: Weft's modular optimizer driver\n", registry));
}
