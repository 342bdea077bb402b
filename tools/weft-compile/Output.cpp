// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes the result: a module's text or a program, whole or not at all, and
// statistics.

#include "Compilation.h"
#include "Summary.h"

#include "weft/Pipelines/Passes.h"
#include "weft/Program/Writer.h"
#include "weft/Report/Report.h"
#include "weft/Runtime/TensorIO.h"
#include "weft/Target/Weft/Export.h"

#include "llvm/Support/FormatVariadic.h"

using namespace weft;
namespace json = llvm::json;

int Compilation::writeModule() {
  // Locations hold the names of nodes and tables, which later stages need.
  std::string text;
  llvm::raw_string_ostream out(text);
  mlir::OpPrintingFlags flags;
  flags.enableDebugInfo(true, /*prettyForm=*/false);
  module->print(out, flags);
  out << "\n";
  report.clear();
  if (command.output == "-") {
    llvm::outs() << text;
    llvm::outs().flush();
    if (llvm::outs().has_error()) {
      llvm::outs().clear_error();
      return report.error(
          {ErrorKind::Usage, "cannot write to standard output", {}});
    }
    return 0;
  }
  OutputFiles files;
  if (Status added = files.add(command.output, text); !added)
    return report.error(added.error(), "");
  if (Status written = files.commit(); !written)
    return report.error(written.error(), "");
  return 0;
}

int Compilation::writeProgramFile() {
  auto programs = llvm::to_vector(module->getOps<tsp::ProgramOp>());
  if (programs.size() != 1)
    return report.error(
        {ErrorKind::Invalid,
         "expected one tsp.program, found " + std::to_string(programs.size()),
         {}},
        command.input);
  tsp::ProgramOp program = programs.front();
  std::string statistics;
  ExportedProgram exported;
  {
    Stopwatch watch(*this, Stage::Weft);
    report.progress("weft");
    auto made = exportProgram(program);
    // Weights out of range, files that are gone: the model's fault.
    if (mlir::failed(made))
      return failed(ErrorKind::Invalid, Stage::Weft);
    exported = std::move(*made);
    if (mlir::failed(verifyExported(program, exported)))
      return failed(failureOf(*module, Stage::Weft, origin), Stage::Weft);
    auto text = programStatistics(program, exported);
    if (mlir::failed(text))
      return failed(ErrorKind::Internal, Stage::Weft);
    statistics = exported.program.statsJson = std::move(*text);
    if (Status written = writeProgram(exported.program, command.output);
        !written)
      return report.error(written.error(), "");
  }
  if (!command.report.empty())
    if (int code = writeReport(program, exported))
      return code;
  report.clear();
  llvm::Expected<json::Value> value = json::parse(statistics);
  if (!value)
    return report.error(
        {ErrorKind::Internal, llvm::toString(value.takeError()), {}});
  json::Object &stats = *value->getAsObject();
  json::Object times;
  for (auto [stage, time] : seconds)
    times[stageName(Stage(stage))] = time;
  stats["seconds"] = std::move(times);
  return writeStatistics(*value);
}

int Compilation::writeReport(tsp::ProgramOp program,
                             const ExportedProgram &exported) {
  report.progress("report");
  auto sram = sramUse(program, exported);
  if (mlir::failed(sram))
    return failed(ErrorKind::Internal, Stage::Weft);
  Expected<std::string> page = reportPage(
      {exported.program, {*sram}, multiplyAddsByNode(program, exported)});
  if (!page)
    return report.error(page.error());
  OutputFiles files;
  if (Status added = files.add(command.report, *page); !added)
    return report.error(added.error(), "");
  if (Status written = files.commit(); !written)
    return report.error(written.error(), "");
  return 0;
}

int Compilation::writeStatistics(const json::Value &stats) {
  std::string summary = summaryText(command.output, *stats.getAsObject());
  std::string text = llvm::formatv("{0:2}\n", stats).str();
  if (command.stats == "-") {
    llvm::outs() << text;
    llvm::outs().flush();
    llvm::errs() << summary;
    return 0;
  }
  llvm::outs() << summary;
  llvm::outs().flush();
  if (command.stats.empty())
    return 0;
  OutputFiles files;
  if (Status added = files.add(command.stats, text); !added)
    return report.error(added.error(), "");
  if (Status written = files.commit(); !written)
    return report.error(written.error(), "");
  return 0;
}
