// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The command line of weft-run, as docs/cli.md states it: parsed and checked
// for contradictions, nothing opened yet.

#ifndef WEFT_TOOLS_WEFTRUN_OPTIONS_H
#define WEFT_TOOLS_WEFTRUN_OPTIONS_H

#include "weft/Runtime/Compare.h"

#include <optional>

namespace weft {

struct RunCommand {
  std::string program;
  std::vector<std::pair<std::string, std::string>> inputFiles; ///< Name, file.
  std::string inputs; ///< Folder or .npz.
  std::optional<uint64_t> random;
  std::string output, check, entry, json, trace;
  Tolerance tolerance;
  int threads = 0;
};

/// Usage errors name the option. --help and --version print and exit, as
/// llvm::cl does.
Expected<RunCommand> parseCommandLine(int argc, char **argv);

} // namespace weft

#endif // WEFT_TOOLS_WEFTRUN_OPTIONS_H
