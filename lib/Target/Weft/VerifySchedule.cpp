// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pass tsp-verify-schedule: a scheduled program is written down and the
// instructions are judged by WeftVerify, which shares nothing with the
// scheduler.

#include "weft/Target/Weft/Export.h"
#include "weft/Verify/Verifier.h"

using namespace weft;

mlir::LogicalResult weft::verifyExported(tsp::ProgramOp op,
                                         const ExportedProgram &exported) {
  Expected<verify::Result> result = followProgram(exported.program);
  if (!result)
    return op.emitError(result.error().message);
  if (!result->fault) {
    // The prediction of 0 cycles is one as well.
    if (result->cycles == exported.program.predictedCycles)
      return mlir::success();
    return op.emitError() << "the program takes " << result->cycles
                          << " cycles, and " << exported.program.predictedCycles
                          << " were predicted";
  }
  const verify::Fault &fault = *result->fault;
  mlir::Operation *at = op;
  auto queue = exported.origins.find(fault.queue);
  if (queue != exported.origins.end() && fault.instruction >= 0 &&
      size_t(fault.instruction) < queue->second.size())
    at = queue->second[size_t(fault.instruction)];
  return at->emitError(verify::faultText(exported.program.machine, fault));
}

namespace {

class VerifySchedulePass
    : public mlir::PassWrapper<VerifySchedulePass,
                               mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(VerifySchedulePass)

  llvm::StringRef getArgument() const override { return "tsp-verify-schedule"; }
  llvm::StringRef getDescription() const override {
    return "Prove that a scheduled program has no fault and takes the cycles "
           "it says";
  }

  void runOnOperation() override {
    for (tsp::ProgramOp program : getOperation().getOps<tsp::ProgramOp>()) {
      auto exported = exportProgram(program, {.values = false});
      if (mlir::failed(exported) ||
          mlir::failed(verifyExported(program, *exported)))
        return signalPassFailure();
    }
    markAllAnalysesPreserved();
  }
};

} // namespace

std::unique_ptr<mlir::Pass> weft::createVerifySchedulePass() {
  return std::make_unique<VerifySchedulePass>();
}

void weft::registerVerifySchedulePass() {
  mlir::registerPass([] { return createVerifySchedulePass(); });
}
