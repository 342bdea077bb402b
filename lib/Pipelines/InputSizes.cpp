// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pass weft-check-inputs: refuses inputs that the chip has no room for.
// It runs before ONNX nodes are lowered, for a lowering may make constants as
// long as its operands (indices, triangles), which must not exhaust the host.

#include "Work.h"
#include "weft/Dialect/Tsp/Transforms/Accounting.h"
#include "weft/Dialect/Tsp/Transforms/Passes.h"
#include "weft/Pipelines/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace weft;

double weft::leastBytes(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return 0.0;
  double size = isa<FloatType>(tensor.getElementType()) ? 2
                : tensor.getElementType().isInteger(1)  ? 1
                                                        : 4;
  // An empty tensor counts as if it were not: its layout has all dimensions.
  for (int64_t extent : tensor.getShape())
    size *= double(std::max<int64_t>(extent, 1));
  return size;
}

LogicalResult weft::refuseSize(ModuleOp module, Location loc, double need,
                               const char *what, const Machine &machine) {
  module->setAttr(kDoesNotFitAttr, UnitAttr::get(module.getContext()));
  constexpr double most = double(int64_t(1) << 60);
  return emitError(loc) << "does not fit: chip 0 needs "
                        << tsp::bytesText(int64_t(std::min(need, most)))
                        << " of SRAM for " << what << " alone, has "
                        << tsp::bytesText(machine.usableBytes());
}

LogicalResult weft::checkInputSizes(ModuleOp module, func::FuncOp function,
                                    const Machine &machine) {
  double inputs = 0;
  for (Type type : function.getArgumentTypes())
    inputs += leastBytes(type);
  if (inputs > double(machine.usableBytes()))
    return refuseSize(module, module.getLoc(), inputs, "the inputs", machine);
  return mlir::success();
}

namespace {

class CheckInputsPass
    : public PassWrapper<CheckInputsPass, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(CheckInputsPass)

  explicit CheckInputsPass(const Machine &machine) : machine(machine) {}

  StringRef getArgument() const override { return "weft-check-inputs"; }
  StringRef getDescription() const override {
    return "Refuse inputs that the chip has no room for";
  }

  void runOnOperation() override {
    auto function = getOperation().lookupSymbol<func::FuncOp>("main");
    if (function && failed(checkInputSizes(getOperation(), function, machine)))
      signalPassFailure();
  }

private:
  Machine machine;
};

} // namespace

std::unique_ptr<Pass> weft::createCheckInputsPass(const Machine &machine) {
  return std::make_unique<CheckInputsPass>(machine);
}
