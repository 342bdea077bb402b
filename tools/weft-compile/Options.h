// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// weft-compile's command line, checked.

#ifndef WEFT_TOOLS_WEFT_COMPILE_OPTIONS_H
#define WEFT_TOOLS_WEFT_COMPILE_OPTIONS_H

#include "weft/Pipelines/Stages.h"

namespace weft {

struct CompileCommand {
  std::string input;
  std::string output;
  std::string stats;      ///< "-": standard output; empty: none.
  std::string report;     ///< Page of HTML; empty: none.
  std::string shapesFrom; ///< DIR or F.npz; empty: none.
  std::optional<Stage> from;
  Stage to = Stage::Weft;
  bool listOperators = false; ///< Nothing else then.
  Effort effort = Effort::Default;
  int threads = 0; ///< 0: as many as the host has.
  System system;
  llvm::StringMap<int64_t> dims;
};

/// Parses the command line; prints help and version and exits where they are
/// asked for. MLIR's options (--mlir-timing, ...) are among those known.
Expected<CompileCommand> parseCommandLine(int argc, char **argv);

} // namespace weft

#endif // WEFT_TOOLS_WEFT_COMPILE_OPTIONS_H
