// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// weft-compile: main.

#include "Compilation.h"

#include "weft/Conversion/OnnxToLinalg/OnnxToLinalg.h"

#include "llvm/Support/InitLLVM.h"

#include <csignal>

using namespace weft;

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  // A file that grows past the limit of files is an error of write().
  std::signal(SIGXFSZ, SIG_IGN);
  Expected<CompileCommand> command = parseCommandLine(argc, argv);
  if (!command)
    return Report().error(command.error());
  if (command->listOperators) {
    listSupportedOperators(llvm::outs());
    return 0;
  }
  return Compilation(std::move(*command)).run();
}
