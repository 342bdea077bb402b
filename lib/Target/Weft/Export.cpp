// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The order of writing a program: problem, stamps, queues, memory, bindings,
// names.

#include "weft/Target/Weft/Export.h"

#include "Images.h"
#include "Queues.h"
#include "weft/Dialect/Tsp/Transforms/Accounting.h"

using namespace weft;

mlir::FailureOr<ExportedProgram>
weft::exportProgram(tsp::ProgramOp op, const ExportOptions &options) {
  ExportedProgram out;
  auto scheduling = tsp::buildSchedulingProblem(op);
  if (mlir::failed(scheduling))
    return mlir::failure();
  out.scheduling = std::move(*scheduling);
  const tsp::SchedulingProblem &s = *out.scheduling;
  auto schedule = tsp::stampedSchedule(s, op);
  if (mlir::failed(schedule))
    return mlir::failure();

  Program &program = out.program;
  program.machine = s.machine;
  program.chips.resize(1);
  program.entry = op.getSymName().str();
  program.predictedCycles = schedule->cycles;

  target::Bursts bursts;
  if (mlir::failed(target::collectBursts(s, *schedule, bursts)) ||
      mlir::failed(target::encodeQueues(std::move(bursts), out)))
    return mlir::failure();

  auto places = target::layOutImages(s, *schedule);
  if (mlir::failed(places))
    return mlir::failure();
  auto module = op->getParentOfType<mlir::ModuleOp>();
  WeightFiles files(module);
  if (options.values && mlir::failed(target::fillImages(s, *places, files)))
    return mlir::failure();
  program.chips[0].images = std::move(places->images);
  if (mlir::failed(
          target::exportBindings(op, s, *schedule, files, options, program)))
    return mlir::failure();

  program.tenants = tsp::tenantsOf(s);
  program.tenants.push_back(
      {"program text", MemoryPurpose::Text, weft::textBytes(program)});
  return out;
}
