// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What weft-compile says while it works and when it fails: progress on a
// terminal, diagnostics, errors. Exit codes are the callers'.

#ifndef WEFT_TOOLS_WEFT_COMPILE_REPORT_H
#define WEFT_TOOLS_WEFT_COMPILE_REPORT_H

#include "weft/Machine/Error.h"

#include "mlir/IR/MLIRContext.h"

#include <mutex>
#include <string>

namespace weft {

class Report {
public:
  Report();
  ~Report() { clear(); }

  /// Shows one line on a terminal, rewritten each time; nothing on a pipe.
  void progress(const std::string &text);
  void clear();

  /// Prints the diagnostics of `context` from here on; the report outlives it.
  void listen(mlir::MLIRContext &context);
  /// Whether any diagnostic was an error.
  bool sawErrors() const { return errors > 0; }

  /// Prints `FILE: error: ...` with its notes (no file: without) and gives the
  /// exit code for it.
  int error(const Error &error, const std::string &file = "weft-compile");

private:
  bool terminal;
  bool shown = false;
  int errors = 0;
  std::mutex mutex;
};

} // namespace weft

#endif // WEFT_TOOLS_WEFT_COMPILE_REPORT_H
