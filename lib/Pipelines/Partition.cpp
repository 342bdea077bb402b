// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pass weft-partition: what stays on the host, and why.

#include "Work.h"
#include "weft/Conversion/OnnxToLinalg/OnnxToLinalg.h"
#include "weft/Dialect/Tsp/Transforms/Accounting.h"
#include "weft/Dialect/Tsp/Transforms/Passes.h"
#include "weft/Dialect/Weft/IR/MainFunction.h"
#include "weft/Dialect/Weft/IR/WeftDialect.h"
#include "weft/Pipelines/Passes.h"
#include "weft/Target/Weft/Export.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace weft;

namespace {

class PartitionPass
    : public PassWrapper<PartitionPass, OperationPass<ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PartitionPass)

  explicit PartitionPass(const Machine &machine) : machine(machine) {}

  StringRef getArgument() const override { return "weft-partition"; }
  StringRef getDescription() const override {
    return "Decide which tables stay on the host";
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    func::FuncOp function = mainFunction(module);
    if (!function)
      return signalPassFailure();
    if (failed(declareInputs(module, function)))
      return signalPassFailure();
    module->setAttr(kWorkAttr, collectWork(function));
    chooseHostTables(module, function);
    if (failed(checkSizes(module, function)))
      return signalPassFailure();
  }

private:
  LogicalResult declareInputs(ModuleOp module, func::FuncOp function) {
    Builder b(&getContext());
    SmallVector<Attribute> inputs;
    for (unsigned i = 0; i < function.getNumArguments(); ++i) {
      auto type = dyn_cast<RankedTensorType>(function.getArgument(i).getType());
      if (!type || !type.hasStaticShape())
        return function.emitError()
               << "input " << i << " is no tensor of static shape";
      auto name = function.getArgAttrOfType<StringAttr>(i, kNameAttr);
      if (auto integer = dyn_cast<IntegerType>(type.getElementType());
          integer && function.getArgAttr(i, kUnsignedAttr))
        type = type.clone(IntegerType::get(&getContext(), integer.getWidth(),
                                           IntegerType::Unsigned));
      inputs.push_back(b.getDictionaryAttr(
          {b.getNamedAttr("name",
                          name ? name
                               : b.getStringAttr("input_" + std::to_string(i))),
           b.getNamedAttr("type", TypeAttr::get(type))}));
    }
    module->setAttr(kInputsAttr, b.getArrayAttr(inputs));
    return mlir::success();
  }

  /// Refuses what cannot fit whatever its placement, before anybody builds
  /// it: all inputs together, and any one result.
  LogicalResult checkSizes(ModuleOp module, func::FuncOp function) {
    if (failed(checkInputSizes(module, function, machine)))
      return failure();
    for (Operation &op : function.getBody().front()) {
      if (isa<arith::ConstantOp, tensor::EmptyOp, linalg::FillOp>(op))
        continue;
      // What is returned lies on the chip, constants too.
      TypeRange types = isa<func::ReturnOp>(op)
                            ? TypeRange(op.getOperandTypes())
                            : TypeRange(op.getResultTypes());
      for (auto [i, type] : llvm::enumerate(types))
        if (leastBytes(type) > double(machine.usableBytes()))
          return refuseSize(module, op.getLoc(),
                            {NamedType{"result " + std::to_string(i), type}},
                            "one result", machine);
    }
    return mlir::success();
  }

  /// Tables leave the chip where they do not fit, and where looking them up
  /// takes longer than the rows take to arrive.
  void chooseHostTables(ModuleOp module, func::FuncOp function) {
    ResidentBytes resident = estimateResident(function, machine);
    int64_t total = resident.weights;
    for (auto &[name, table] : resident.tables)
      total += table.bytes;
    // An eighth or so is left to activations and program text.
    int64_t room = machine.usableBytes() / 100 * 88;
    int64_t needed = total;
    SmallVector<Attribute> chosen;
    Builder b(&getContext());
    while (total > room && !resident.tables.empty()) {
      auto largest = resident.tables.begin();
      for (auto it = resident.tables.begin(); it != resident.tables.end(); ++it)
        if (it->second.bytes > largest->second.bytes)
          largest = it;
      emitRemark(largest->second.loc)
          << "table '" << largest->first
          << "' stays on the host, which looks its rows up before the run: "
             "weights and "
             "tables would take "
          << tsp::bytesText(needed) << " of the chip's "
          << tsp::bytesText(machine.usableBytes());
      chosen.push_back(b.getStringAttr(largest->first));
      total -= largest->second.bytes;
      resident.tables.erase(largest);
    }
    // 31.5 GB/s of PCIe Gen4 x16 in bytes a cycle. Fewer cycles than some trips
    // through memory take are not worth another transfer.
    const double transferred = 31.5e3 / machine.clockMHz;
    constexpr int64_t worthwhile = 1000;
    for (auto it = resident.tables.begin(); it != resident.tables.end();) {
      const HostTable &table = it->second;
      auto arrival = int64_t(double(table.rowBytes) / transferred);
      if (table.chipCycles < worthwhile || table.chipCycles <= arrival) {
        ++it;
        continue;
      }
      emitRemark(table.loc)
          << "table '" << it->first
          << "' stays on the host, which looks its rows up before the run: on "
             "the chip that would take "
          << table.chipCycles << " cycles, while the rows arrive in "
          << arrival;
      chosen.push_back(b.getStringAttr(it->first));
      it = resident.tables.erase(it);
    }
    if (!chosen.empty())
      module->setAttr(kHostTablesAttr, b.getArrayAttr(chosen));
  }

  Machine machine;
};

} // namespace

std::unique_ptr<Pass> weft::createPartitionPass(const Machine &machine) {
  return std::make_unique<PartitionPass>(machine);
}
