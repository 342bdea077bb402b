// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The pass weft-fold-constants. What a computation yields is decided by the
// evaluator; this file decides which are worth it.

#include "weft/Dialect/Weft/IR/ExternalData.h"
#include "weft/Transforms/Passes.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;

/// Whether `op` only moves elements.
static bool isMovement(Operation *op) {
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    return llvm::hasSingleElement(*structured.getBlock());
  return isa_and_nonnull<tensor::TensorDialect>(op->getDialect());
}

static bool readsExternal(Operation *op) {
  return llvm::any_of(op->getOperands(), [](Value operand) {
    weft::ExternalElementsAttr attr;
    return matchPattern(operand, m_Constant(&attr));
  });
}

/// A slice that is one run of bytes of a weight in a file, as a weight of its
/// own; null for any other operation.
static Attribute sliceOfExternal(Operation *op) {
  auto slice = dyn_cast<tensor::ExtractSliceOp>(op);
  weft::ExternalElementsAttr weight;
  if (!slice || !matchPattern(slice.getSource(), m_Constant(&weight)))
    return nullptr;
  RankedTensorType source = slice.getSourceType(), type = slice.getType();
  unsigned bits = type.getElementType().isIntOrFloat()
                      ? type.getElementType().getIntOrFloatBitWidth()
                      : 0;
  if (!type.hasStaticShape() || bits < 8 || bits % 8 != 0)
    return nullptr;
  // One run: single elements, then a range, then whole dimensions.
  bool ranged = false;
  int64_t offset = 0;
  for (int64_t d = 0; d < source.getRank(); ++d) {
    int64_t from = slice.getStaticOffsets()[d];
    int64_t size = slice.getStaticSizes()[d], all = source.getDimSize(d);
    if (ShapedType::isDynamic(from) || ShapedType::isDynamic(size) ||
        (size != 1 && slice.getStaticStrides()[d] != 1) ||
        (ranged && size != all))
      return nullptr;
    ranged |= size != 1;
    offset = offset * all + from;
  }
  int64_t bytes = bits / 8;
  return weft::ExternalElementsAttr::get(type, weight.getFile(),
                                         weight.getOffset() + offset * bytes,
                                         type.getNumElements() * bytes);
}

/// Where the result of an operation on constants comes from. A weight that is
/// only moved, scaled or cut is still that weight by name: the constant of the
/// model with the most elements, if it has those of the result at least. Any
/// other result is the operation's.
static Location foldedLocation(Operation *op) {
  int64_t most = 0;
  for (Type type : op->getResultTypes())
    if (auto shaped = dyn_cast<ShapedType>(type);
        shaped && shaped.hasStaticShape())
      most = std::max(most, shaped.getNumElements());
  Location found = op->getLoc();
  for (Value operand : op->getOperands()) {
    auto constant = operand.getDefiningOp<arith::ConstantOp>();
    auto shaped = dyn_cast<ShapedType>(operand.getType());
    auto name = constant ? dyn_cast<NameLoc>(constant.getLoc()) : NameLoc();
    auto kind = name ? dyn_cast<NameLoc>(name.getChildLoc()) : NameLoc();
    if (!kind || kind.getName() != weft::kInitializerLocation || !shaped ||
        shaped.getNumElements() < most)
      continue;
    most = shaped.getNumElements() + 1; // Of two alike the first.
    found = constant.getLoc();
  }
  return found;
}

void weft::foldConstants(Operation *root, WeightFiles &files,
                         const EvaluationLimits &limits) {
  SmallVector<Operation *> candidates;
  root->walk<WalkOrder::PreOrder>([&](Operation *op) {
    if (isa<func::FuncOp, ModuleOp>(op))
      return WalkResult::advance();
    candidates.push_back(op);
    return WalkResult::skip(); // Bodies are not folded by themselves.
  });
  for (Operation *op : candidates) {
    if (isMovement(op) && readsExternal(op)) {
      if (Attribute weight = sliceOfExternal(op)) {
        OpBuilder builder(op);
        op->getResult(0).replaceAllUsesWith(arith::ConstantOp::create(
            builder, foldedLocation(op), cast<TypedAttr>(weight)));
        op->erase();
      }
      continue;
    }
    auto results = foldToConstants(op, &files, limits);
    if (!results)
      continue;
    OpBuilder builder(op);
    for (auto [value, attr] : llvm::zip_equal(op->getResults(), *results))
      value.replaceAllUsesWith(arith::ConstantOp::create(
          builder, foldedLocation(op), cast<TypedAttr>(attr)));
    op->erase();
  }
}

namespace {

struct FoldConstantsPass
    : PassWrapper<FoldConstantsPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(FoldConstantsPass)

  FoldConstantsPass() = default;
  FoldConstantsPass(const FoldConstantsPass &other) : PassWrapper(other) {}

  StringRef getArgument() const override { return "weft-fold-constants"; }
  StringRef getDescription() const override {
    return "Evaluate linalg and tensor operations on constants";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<arith::ArithDialect, tensor::TensorDialect>();
  }

  void runOnOperation() override {
    weft::WeightFiles files(getOperation());
    weft::EvaluationLimits limits;
    limits.maxElements = maxElements;
    weft::foldConstants(getOperation(), files, limits);
  }

  Option<int64_t> maxElements{
      *this, "max-elements",
      llvm::cl::desc("Elements that an operand or a result may have"),
      llvm::cl::init(weft::EvaluationLimits().maxElements)};
};

} // namespace

std::unique_ptr<Pass> weft::createFoldConstantsPass() {
  return std::make_unique<FoldConstantsPass>();
}

void weft::registerTransformsPasses() {
  PassRegistration<FoldConstantsPass>();
  registerPass([] { return createSimplifyPass(); });
  registerPass([] { return createAdoptLinalgPass(); });
}
