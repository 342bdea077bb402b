// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pass weft-adopt-linalg: brings linalg that another compiler or a person
// wrote into the form that placement reads. Named operations, softmax and
// arithmetic on whole tensors become linalg.generic, and what then is noise is
// simplified. What Weft's own stage linalg writes is in that form already and
// is left as it is, to the byte.

#include "weft/Dialect/Weft/IR/WeftDialect.h"
#include "weft/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Linalg/Passes.h"
#include "mlir/Dialect/Linalg/Transforms/Transforms.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/Pass/PassManager.h"
#include "mlir/Transforms/WalkPatternRewriteDriver.h"
#include "llvm/ADT/StringSet.h"

using namespace mlir;

namespace {

/// Whether an operation is another spelling of linalg.generic. A fill is read
/// as it is.
bool isNamed(Operation *op) {
  if (isa<linalg::GenericOp, linalg::FillOp>(op))
    return false;
  if (isa<linalg::LinalgOp, linalg::AggregatedOpInterface>(op))
    return true;
  return OpTrait::hasElementwiseMappableTraits(op) &&
         llvm::any_of(op->getResultTypes(),
                      [](Type type) { return isa<RankedTensorType>(type); });
}

struct AdoptLinalgPass : PassWrapper<AdoptLinalgPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(AdoptLinalgPass)

  StringRef getArgument() const override { return "weft-adopt-linalg"; }
  StringRef getDescription() const override {
    return "Turn named linalg operations and arithmetic on tensors into "
           "linalg.generic, and the only public function into @main";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, linalg::LinalgDialect,
                    math::MathDialect, tensor::TensorDialect>();
  }

  void runOnOperation() override {
    func::FuncOp main = chooseMain();
    if (!main)
      return signalPassFailure();
    if (failed(nameTensors(main)) || failed(generalize(main)))
      return signalPassFailure();
  }

private:
  /// The function to compile: @main, or else the only public one, which is
  /// called so from here on.
  func::FuncOp chooseMain() {
    ModuleOp module = getOperation();
    auto main = module.lookupSymbol<func::FuncOp>("main");
    if (!main) {
      SmallVector<func::FuncOp> candidates;
      for (auto function : module.getOps<func::FuncOp>())
        if (function.isPublic() && !function.isDeclaration())
          candidates.push_back(function);
      if (candidates.size() != 1) {
        InFlightDiagnostic error =
            module.emitError("expected a function @main, or only one public "
                             "function; found ")
            << candidates.size() << " public functions";
        for (func::FuncOp function : candidates)
          error.attachNote(function.getLoc()) << "@" << function.getSymName();
        return {};
      }
      main = candidates.front();
      main.setSymName("main");
    }
    if (!main.getBody().hasOneBlock()) {
      main.emitError("expected one block, found ")
          << main.getBody().getBlocks().size();
      return {};
    }
    WalkResult calls = main.walk([](CallOpInterface call) {
      call.emitError("calls are not supported").attachNote()
          << "mlir-opt --inline takes them away";
      return WalkResult::interrupt();
    });
    return calls.wasInterrupted() ? func::FuncOp() : main;
  }

  /// Gives inputs and outputs names by which a run can call them; given ones
  /// are kept.
  static LogicalResult nameTensors(func::FuncOp main) {
    Builder builder(main.getContext());
    llvm::StringSet<> inputs, outputs;
    for (unsigned i = 0; i < main.getNumArguments(); ++i) {
      if (!main.getArgAttrOfType<StringAttr>(i, weft::kNameAttr))
        main.setArgAttr(i, weft::kNameAttr,
                        builder.getStringAttr("input_" + Twine(i)));
      auto name = main.getArgAttrOfType<StringAttr>(i, weft::kNameAttr);
      if (!inputs.insert(name.getValue()).second)
        return main.emitError("two inputs have the name ") << name;
    }
    for (unsigned i = 0; i < main.getNumResults(); ++i) {
      if (!main.getResultAttrOfType<StringAttr>(i, weft::kNameAttr))
        main.setResultAttr(i, weft::kNameAttr,
                           builder.getStringAttr("output_" + Twine(i)));
      auto name = main.getResultAttrOfType<StringAttr>(i, weft::kNameAttr);
      if (!outputs.insert(name.getValue()).second)
        return main.emitError("two outputs have the name ") << name;
    }
    return success();
  }

  LogicalResult generalize(func::FuncOp main) {
    SmallVector<Operation *> named;
    // Bodies of linalg operations hold scalars: only what is outside counts.
    for (Operation &op : main.getBody().front())
      if (isNamed(&op))
        named.push_back(&op);
    if (named.empty())
      return success();
    IRRewriter rewriter(&getContext());
    for (Operation *op : named)
      if (failed(decompose(op, rewriter)))
        return op->emitError("this form of the operation is not supported");
    RewritePatternSet patterns(&getContext());
    linalg::populateElementwiseToLinalgConversionPatterns(patterns);
    walkAndApplyPatterns(main, std::move(patterns));
    main.walk([&](linalg::GenericOp op) { useEmptyInits(op, rewriter); });
    OpPassManager simplify(ModuleOp::getOperationName());
    simplify.addPass(weft::createSimplifyPass());
    return runPipeline(simplify, getOperation());
  }

  /// Upstream writes results over operands of their type, which would then be
  /// computed for their shape alone.
  static void useEmptyInits(linalg::GenericOp op, IRRewriter &rewriter) {
    rewriter.setInsertionPoint(op);
    for (OpOperand &init : op.getDpsInitsMutable()) {
      auto type = dyn_cast<RankedTensorType>(init.get().getType());
      if (!type || !type.hasStaticShape() ||
          init.get().getDefiningOp<tensor::EmptyOp>() ||
          op.payloadUsesValueFromOperand(&init))
        continue;
      init.set(tensor::EmptyOp::create(rewriter, op.getLoc(), type.getShape(),
                                       type.getElementType()));
    }
  }

  static LogicalResult decompose(Operation *op, IRRewriter &rewriter) {
    rewriter.setInsertionPoint(op);
    if (auto aggregate = dyn_cast<linalg::AggregatedOpInterface>(op)) {
      FailureOr<SmallVector<Value>> values =
          aggregate.decomposeOperation(rewriter);
      if (failed(values))
        return failure();
      rewriter.replaceOp(op, *values);
      return success();
    }
    if (auto linalgOp = dyn_cast<linalg::LinalgOp>(op))
      return LogicalResult(linalg::generalizeNamedOp(rewriter, linalgOp));
    return success();
  }
};

} // namespace

std::unique_ptr<Pass> weft::createAdoptLinalgPass() {
  return std::make_unique<AdoptLinalgPass>();
}
