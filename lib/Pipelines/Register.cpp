// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registers everything, so that every tool knows the same.

#include "weft/Conversion/LinalgToWeft/LinalgToWeft.h"
#include "weft/Conversion/OnnxToLinalg/OnnxToLinalg.h"
#include "weft/Conversion/WeftToTsp/WeftToTsp.h"
#include "weft/Dialect/Tsp/IR/Tsp.h"
#include "weft/Dialect/Tsp/Transforms/Passes.h"
#include "weft/Dialect/Weft/IR/WeftOps.h"
#include "weft/Dialect/WeftOnnx/IR/WeftOnnxOps.h"
#include "weft/Pipelines/Passes.h"
#include "weft/Pipelines/Stages.h"
#include "weft/Target/Weft/Export.h"
#include "weft/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Pass/PassRegistry.h"

using namespace mlir;
using namespace weft;

namespace {

using MachinePass = std::unique_ptr<Pass> (*)(const Machine &);

FailureOr<System> systemOf(Operation *op, StringRef text) {
  weft::Expected<System> system = parseSystem(std::string(text));
  if (system)
    return std::move(*system);
  InFlightDiagnostic error = op->emitError(system.error().message);
  for (const std::string &note : system.error().notes)
    error.attachNote() << note;
  return failure();
}

/// A pass that depends on a machine, with the machine as an option.
class WithMachine : public OperationPass<ModuleOp> {
public:
  WithMachine(TypeID id, MachinePass create)
      : OperationPass(id), id(id), create(create), sample(create(Machine())) {}
  WithMachine(const WithMachine &other)
      : OperationPass(other), id(other.id), create(other.create),
        sample(other.create(Machine())) {}

  StringRef getArgument() const override { return sample->getArgument(); }
  StringRef getDescription() const override { return sample->getDescription(); }
  StringRef getName() const override { return sample->getName(); }
  void getDependentDialects(DialectRegistry &registry) const override {
    sample->getDependentDialects(registry);
  }
  std::unique_ptr<Pass> clonePass() const override {
    return std::make_unique<WithMachine>(*this);
  }
  void runOnOperation() override {
    auto system = systemOf(getOperation(), machine);
    if (failed(system))
      return signalPassFailure();
    OpPassManager inner(ModuleOp::getOperationName());
    inner.addPass(create(system->machine));
    if (failed(runPipeline(inner, getOperation())))
      signalPassFailure();
  }

  Option<std::string> machine{*this, "machine",
                              llvm::cl::desc("Machine: NAME or FILE.json"),
                              llvm::cl::init("tsp-v1")};

private:
  TypeID id;
  MachinePass create;
  std::unique_ptr<Pass> sample;
};

struct CheckInputsId {};
struct PartitionId {};
struct PlaceId {};
struct TspId {};

template <typename Id>
void registerWithMachine(MachinePass create) {
  registerPass([create]() -> std::unique_ptr<Pass> {
    return std::make_unique<WithMachine>(TypeID::get<Id>(), create);
  });
}

struct ChipOptions : PassPipelineOptions<ChipOptions> {
  Option<std::string> machine{*this, "machine",
                              llvm::cl::desc("Machine: NAME or FILE.json"),
                              llvm::cl::init("tsp-v1")};
};

template <typename Id>
std::unique_ptr<Pass> withMachine(MachinePass create,
                                  const std::string &machine) {
  auto pass = std::make_unique<WithMachine>(TypeID::get<Id>(), create);
  pass->machine = machine;
  return pass;
}

} // namespace

void weft::registerDialects(DialectRegistry &registry) {
  registry.insert<arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect,
                  math::MathDialect, tensor::TensorDialect, WeftDialect,
                  onnxir::WeftOnnxDialect, tsp::TspDialect>();
}

void weft::registerAll(DialectRegistry &registry) {
  registerDialects(registry);
  registerOnnxToLinalgPass();
  registerTransformsPasses();
  registerWithMachine<CheckInputsId>(createCheckInputsPass);
  registerWithMachine<PartitionId>(createPartitionPass);
  registerPass([] { return createShardPass(1); });
  registerWithMachine<PlaceId>(createPlacePass);
  registerWithMachine<TspId>(createWeftToTspPass);
  tsp::registerSchedulePass();
  registerVerifySchedulePass();
  PassPipelineRegistration<>(
      "weft-linalg-pipeline", "From weft_onnx to simplified linalg",
      [](OpPassManager &manager) { addStage(manager, Stage::Linalg, {}); });
  PassPipelineRegistration<ChipOptions>(
      "weft-chip-pipeline", "From linalg to a verified schedule",
      [](OpPassManager &manager, const ChipOptions &options) {
        manager.addPass(createAdoptLinalgPass());
        manager.addPass(
            withMachine<PartitionId>(createPartitionPass, options.machine));
        manager.addPass(createShardPass(1));
        manager.addPass(withMachine<PlaceId>(createPlacePass, options.machine));
        manager.addPass(
            withMachine<TspId>(createWeftToTspPass, options.machine));
        manager.addPass(tsp::createSchedulePass());
        manager.addPass(createVerifySchedulePass());
      });
}
