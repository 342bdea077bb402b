// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Progress and errors on standard error.

#include "Report.h"

#include "weft/Dialect/WeftOnnx/IR/NodeLocation.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/raw_ostream.h"

using namespace weft;

Report::Report() : terminal(llvm::sys::Process::StandardErrIsDisplayed()) {}

void Report::progress(const std::string &text) {
  if (!terminal)
    return;
  std::lock_guard<std::mutex> lock(mutex);
  llvm::errs() << "\r\033[K" << text;
  llvm::errs().flush();
  shown = true;
}

void Report::clear() {
  std::lock_guard<std::mutex> lock(mutex);
  if (shown)
    llvm::errs() << "\r\033[K";
  shown = false;
}

void Report::listen(mlir::MLIRContext &context) {
  context.printOpOnDiagnostic(false);
  context.getDiagEngine().registerHandler([this](mlir::Diagnostic &diagnostic) {
    clear();
    onnxir::printDiagnostic(diagnostic, llvm::errs());
    errors += diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error;
    return mlir::success();
  });
}

int Report::error(const Error &error, const std::string &file) {
  clear();
  llvm::errs() << (file.empty() ? "weft-compile" : file) << ": "
               << "error: " << error.message << "\n";
  for (const std::string &note : error.notes)
    llvm::errs() << "  note: " << note << "\n";
  return int(error.kind);
}
