// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pass weft-shard: which chip holds what. There is one chip.

#include "weft/Pipelines/Passes.h"

using namespace weft;

namespace {

class ShardPass
    : public mlir::PassWrapper<ShardPass, mlir::OperationPass<mlir::ModuleOp>> {
public:
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(ShardPass)

  explicit ShardPass(int chips = 1) { this->chips = chips; }
  ShardPass(const ShardPass &other) : PassWrapper(other) {}

  llvm::StringRef getArgument() const override { return "weft-shard"; }
  llvm::StringRef getDescription() const override {
    return "Decide which chips hold what (one chip so far)";
  }

  void runOnOperation() override {
    if (chips == 1)
      return;
    getOperation().emitError(
        "systems of more than one chip are not supported yet");
    signalPassFailure();
  }

private:
  Option<int> chips{*this, "chips", llvm::cl::desc("Chips of the system"),
                    llvm::cl::init(1)};
};

} // namespace

std::unique_ptr<mlir::Pass> weft::createShardPass(int chips) {
  return std::make_unique<ShardPass>(chips);
}
