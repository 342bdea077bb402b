// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pass tsp-schedule: hands programs to the scheduler and turns what it
// says into attributes or diagnostics.

#include "Stamps.h"
#include "weft/Dialect/Tsp/Transforms/Accounting.h"
#include "weft/Dialect/Tsp/Transforms/Passes.h"

using namespace weft;
using namespace weft::tsp;

namespace {

class SchedulePass
    : public mlir::PassWrapper<SchedulePass,
                               mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(SchedulePass)

  SchedulePass() = default;
  explicit SchedulePass(SchedulerOptions options)
      : options(std::move(options)) {}
  SchedulePass(const SchedulePass &other)
      : PassWrapper(other), options(other.options) {}

  llvm::StringRef getArgument() const override { return "tsp-schedule"; }
  llvm::StringRef getDescription() const override {
    return "Decide cycle, stream, unit and address of everything in a program";
  }

  void runOnOperation() override {
    for (ProgramOp program : getOperation().getOps<ProgramOp>())
      if (mlir::failed(schedule(program)))
        return signalPassFailure();
  }

private:
  mlir::LogicalResult schedule(ProgramOp program) {
    auto scheduling = buildSchedulingProblem(program);
    if (mlir::failed(scheduling))
      return mlir::failure();
    SchedulingProblem &s = **scheduling;
    s.problem.reservedTextBytes = estimateTextBytes(s);
    Expected<Schedule> result = listSchedule(s.problem, options);
    if (!result)
      return report(program, s, result.error());
    // The proof shares no data with the algorithm.
    if (Status proof = result->verify(s.problem); !proof)
      return program.emitError("internal error: ") << proof.error().message;
    stampSchedule(s, program, *result);
    chains += s.chains.size();
    return mlir::success();
  }

  mlir::LogicalResult report(ProgramOp program, const SchedulingProblem &s,
                             const Error &error) {
    if (error.kind != ErrorKind::DoesNotFit) {
      mlir::InFlightDiagnostic diagnostic = program.emitError(error.message);
      for (const std::string &note : error.notes)
        diagnostic.attachNote() << note;
      return mlir::failure();
    }
    getOperation()->setAttr(kDoesNotFitAttr,
                            mlir::UnitAttr::get(&getContext()));
    SramNeed need = sramNeed(s, s.problem.reservedTextBytes);
    int64_t available = s.machine.usableBytes();
    mlir::InFlightDiagnostic diagnostic = program.emitError();
    if (need.total() > available)
      diagnostic << "does not fit: chip 0 needs " << bytesText(need.total())
                 << " of SRAM, has " << bytesText(available);
    else
      // Slices, banks and lifetimes stand in the way.
      diagnostic << error.message << " (chip 0 needs "
                 << bytesText(need.total()) << " of SRAM at least, has "
                 << bytesText(available) << ")";
    diagnostic.attachNote()
        << "weights " << bytesText(need.weights) << " · activations "
        << bytesText(need.activations) << " · tables " << bytesText(need.tables)
        << " · program text " << bytesText(need.text);
    std::string largest;
    for (const Tenant &tenant : tenantsOf(s)) {
      if (llvm::StringRef(largest).count('\'') >= 10)
        break;
      largest += (largest.empty() ? "'" : ", '") + tenant.name + "' " +
                 bytesText(tenant.bytes);
    }
    diagnostic.attachNote() << "largest: " << largest;
    // Chips of which one has bytes enough are short of slices to read at one
    // time, not of room.
    if (need.total() <= available)
      diagnostic.attachNote()
          << "bytes are free, but all that a step reads or writes at one time "
             "lies in slices of its own, of which there are too few: a machine "
             "with more has them (memory.slices)";
    if (std::string chips = chipsText(need.total(), s.machine); !chips.empty())
      diagnostic.attachNote() << chips;
    else
      for (const std::string &note : error.notes)
        diagnostic.attachNote() << note;
    return mlir::failure();
  }

  SchedulerOptions options;
  Statistic chains{this, "chains", "Chains scheduled"};
};

} // namespace

std::unique_ptr<mlir::Pass>
tsp::createSchedulePass(const SchedulerOptions &options) {
  return std::make_unique<SchedulePass>(options);
}

void tsp::registerSchedulePass() {
  mlir::registerPass([] { return createSchedulePass(); });
}
