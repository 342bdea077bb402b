// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pass weft-check-inputs: refuses inputs that the chip has no room for.
// It runs before ONNX nodes are lowered, for a lowering may make constants as
// long as its operands (indices, triangles), which must not exhaust the host.

#include "Work.h"
#include "weft/Dialect/Tsp/Transforms/Accounting.h"
#include "weft/Dialect/Tsp/Transforms/Passes.h"
#include "weft/Dialect/Weft/IR/WeftDialect.h"
#include "weft/Pipelines/Passes.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace weft;

double weft::leastBytes(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!tensor || !tensor.hasStaticShape())
    return 0.0;
  double size = isa<FloatType>(tensor.getElementType()) ? 2
                : tensor.getElementType().isInteger(1) ||
                        tensor.getElementType().isInteger(8)
                    ? 1
                    : 4;
  // An empty tensor counts as if it were not: its layout has all dimensions.
  for (int64_t extent : tensor.getShape())
    size *= double(std::max<int64_t>(extent, 1));
  return size;
}

/// Bytes in the largest number that a text shows.
static int64_t clampBytes(double bytes) {
  constexpr double most = double(int64_t(1) << 60);
  return int64_t(std::min(bytes, most));
}

LogicalResult weft::refuseSize(ModuleOp module, Location loc,
                               ArrayRef<NamedType> tensors, const char *what,
                               const Machine &machine) {
  module->setAttr(kDoesNotFitAttr, UnitAttr::get(module.getContext()));
  double need = 0;
  for (const NamedType &tensor : tensors)
    need += leastBytes(tensor.type);
  InFlightDiagnostic error = emitError(loc);
  error << "does not fit: chip 0 needs " << tsp::bytesText(clampBytes(need))
        << " of SRAM for " << what << " alone, has "
        << tsp::bytesText(machine.usableBytes());
  SmallVector<NamedType> sorted(tensors);
  llvm::sort(sorted, [](const NamedType &a, const NamedType &b) {
    return std::pair(-leastBytes(a.type), StringRef(a.name)) <
           std::pair(-leastBytes(b.type), StringRef(b.name));
  });
  constexpr size_t shown = 5;
  std::string largest;
  llvm::raw_string_ostream text(largest);
  for (const NamedType &tensor : ArrayRef(sorted).take_front(shown))
    text << (largest.empty() ? "'" : ", '") << tensor.name << "' "
         << tsp::bytesText(clampBytes(leastBytes(tensor.type))) << " ("
         << tensor.type << ")";
  error.attachNote(loc) << "largest: " << largest
                        << (sorted.size() > shown ? ", …" : "");
  error.attachNote(loc) << "less is needed with smaller dimensions, by --dim "
                           "or --shapes-from where the model leaves them open";
  if (std::string chips = tsp::chipsText(clampBytes(need), machine);
      !chips.empty())
    error.attachNote(loc) << chips;
  return error;
}

LogicalResult weft::checkInputSizes(ModuleOp module, func::FuncOp function,
                                    const Machine &machine) {
  double bytes = 0;
  SmallVector<NamedType> inputs;
  for (auto [i, type] : llvm::enumerate(function.getArgumentTypes())) {
    auto name = function.getArgAttrOfType<StringAttr>(unsigned(i), kNameAttr);
    inputs.push_back({name ? name.str() : "input_" + std::to_string(i), type});
    bytes += leastBytes(type);
  }
  if (bytes > double(machine.usableBytes()))
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
