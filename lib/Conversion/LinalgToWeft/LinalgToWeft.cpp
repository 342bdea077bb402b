// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pass: walks the middle representation in order and hands each operation
// to the part that places it; decides which tables stay on the host.

#include "Placer.h"

#include "weft/Conversion/LinalgToWeft/LinalgToWeft.h"
#include "weft/Dialect/Weft/IR/MainFunction.h"

#include "mlir/IR/Dominance.h"
#include "mlir/IR/Matchers.h"
#include "mlir/Transforms/CSE.h"

using namespace mlir;
using namespace weft;

LogicalResult Placer::placeReturn(func::ReturnOp op) {
  for (auto [i, value] : llvm::enumerate(op.getOperands())) {
    if (failed(finishPending(value)))
      return failure();
    auto type = cast<RankedTensorType>(value.getType());
    auto name = source.getResultAttrOfType<StringAttr>(unsigned(i), kNameAttr);
    if (type.getNumElements() == 0) {
      // Nothing to read: one vector stands for it.
      Layout layout;
      for (int64_t extent : type.getShape())
        layout.dims.push_back({Digit{std::max<int64_t>(extent, 1), 0, 0, 0}});
      layout.words = 1;
      auto zero = DenseElementsAttr::get(
          RankedTensorType::get({}, b.getI32Type()), ArrayRef<int32_t>{0});
      setVersion(
          value,
          ViewOp::create(
              b, op.getLoc(),
              placedType(type.getShape(),
                         storageType(type.getElementType(), false), layout),
              table(zero,
                    placedType({}, storageType(type.getElementType(), false),
                               splatLayout({})),
                    op.getLoc())));
    }
    if (!anyVersion(value)) {
      SmallVector<int> lanes;
      if (type.getRank())
        lanes.push_back(int(type.getRank()) - 1);
      auto made =
          version(value,
                  type.getRank() ? buildLayout(packLanes(type.getShape(), lanes,
                                                         machine.lanes(), 1))
                                 : splatLayout({}),
                  op.getLoc());
      if (failed(made))
        return failure();
    }
    Type element = type.getElementType();
    if (auto integer = dyn_cast<IntegerType>(element);
        integer && source.getResultAttr(unsigned(i), kUnsignedAttr))
      element = b.getIntegerType(integer.getWidth(), /*isSigned=*/false);
    OutputOp::create(b, op.getLoc(), anyVersion(value),
                     name ? name.getValue() : "", element,
                     b.getDenseI64ArrayAttr(type.getShape()));
  }
  return mlir::success();
}

bool Placer::placeEmpty(Operation *op) {
  auto isEmpty = [](Value v) {
    auto type = dyn_cast<RankedTensorType>(v.getType());
    return type && type.getNumElements() == 0;
  };
  if (op->getNumResults() == 0)
    return false;
  auto generic = dyn_cast<linalg::GenericOp>(op);
  bool sumOfNothing = generic && generic.getNumReductionLoops() > 0 &&
                      llvm::any_of(generic.getDpsInputs(), isEmpty);
  if (!sumOfNothing && !llvm::all_of(op->getResults(), isEmpty))
    return false;
  for (auto [i, result] : llvm::enumerate(op->getResults())) {
    auto type = cast<RankedTensorType>(result.getType());
    if (type.getNumElements() == 0) {
      constants[result] = DenseElementsAttr::get(type, ArrayRef<Attribute>());
      continue;
    }
    auto init = dyn_cast_or_null<DenseElementsAttr>(
        constantOf(generic.getDpsInits()[i]));
    if (!init)
      return false;
    constants[result] = init;
  }
  return true;
}

/// Where a constant says that the source is not, the value.
LogicalResult Placer::fillPadding(tensor::PadOp pad) {
  Location loc = pad.getLoc();
  Value placed = anyVersion(pad.getResult());
  auto type = cast<RankedTensorType>(placed.getType());
  ArrayRef<int64_t> low = pad.getStaticLow(),
                    source = pad.getSourceType().getShape();
  std::vector<int32_t> outside;
  for (int64_t i = 0; i < type.getNumElements(); ++i) {
    int64_t rest = i;
    bool in = true;
    for (int64_t d = type.getRank() - 1; d >= 0; --d) {
      int64_t at = rest % type.getDimSize(unsigned(d)) - low[size_t(d)];
      rest /= type.getDimSize(unsigned(d));
      in &= at >= 0 && at < source[size_t(d)];
    }
    outside.push_back(!in);
  }
  auto dense = DenseElementsAttr::get(
      RankedTensorType::get(type.getShape(), b.getI32Type()),
      ArrayRef<int32_t>(outside));
  Value mask = table(
      dense, placedType(type.getShape(), b.getI32Type(), layoutOf(type)), loc);
  AffineMap id = b.getMultiDimIdentityMap(unsigned(type.getRank()));
  auto constantOp =
      pad.getConstantPaddingValue().getDefiningOp<arith::ConstantOp>();
  versions[pad.getResult()] = {map(
      loc, ValueRange{placed, mask}, {id, id, id}, type,
      hasPadding(layoutOf(type)),
      [&](OpBuilder &inner, ValueRange args) -> Value {
        IRMapping mapping;
        cloneScalar(inner, *constantOp, mapping);
        Value zero =
            arith::ConstantOp::create(inner, loc, inner.getI32IntegerAttr(0));
        Value isOutside = arith::CmpIOp::create(
            inner, loc, arith::CmpIPredicate::ne, args[1], zero);
        return arith::SelectOp::create(inner, loc, isOutside,
                                       mapping.lookup(constantOp.getResult()),
                                       args[0]);
      })};
  return mlir::success();
}

LogicalResult Placer::place(Operation *op) {
  if (isa<arith::ConstantOp, tensor::EmptyOp, linalg::FillOp>(op))
    return mlir::success();
  if (placeEmpty(op))
    return mlir::success();
  if (auto generic = dyn_cast<linalg::GenericOp>(op)) {
    for (Operation &inner : generic.getBody()->without_terminator())
      if (auto extract = dyn_cast<tensor::ExtractOp>(inner))
        return placeGather(generic, extract);
    // Only an element-wise operation takes a waiting product in.
    bool elementwise = generic.getNumParallelLoops() == generic.getNumLoops();
    if (!elementwise)
      for (Value v : generic.getDpsInputs())
        if (failed(finishPending(v)))
          return failure();
    if (elementwise)
      return placeElementwise(generic);
    if (isContraction(generic))
      return placeContraction(generic);
    StringRef kind = combinerKind(generic);
    if (!kind.empty())
      return placeReduction(generic, kind);
    return op->emitError("this operator is not supported on the chip");
  }
  if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(op))
    return placeReshape(op);
  if (auto slice = dyn_cast<tensor::ExtractSliceOp>(op))
    return placeSlice(slice);
  if (auto concat = dyn_cast<tensor::ConcatOp>(op)) {
    SmallVector<Value> parts(concat.getInputs());
    SmallVector<SmallVector<int64_t>> offsets;
    int64_t at = 0;
    llvm::erase_if(parts, [](Value v) {
      return cast<RankedTensorType>(v.getType()).getNumElements() == 0;
    });
    for (Value v : parts) {
      offsets.emplace_back(size_t(concat.getResultType().getRank()), 0);
      offsets.back()[concat.getDim()] = at;
      at += cast<RankedTensorType>(v.getType())
                .getDimSize(unsigned(concat.getDim()));
    }
    return placeAssembly(op, parts, offsets);
  }
  if (auto pad = dyn_cast<tensor::PadOp>(op)) {
    auto value = pad.getConstantPaddingValue();
    if (!value || !value.getDefiningOp<arith::ConstantOp>())
      return op->emitError(
          "padding with a computed value is not supported on the chip");
    SmallVector<int64_t> low(pad.getStaticLow());
    if (failed(placeAssembly(op, {pad.getSource()}, {low})))
      return failure();
    return matchPattern(value, m_AnyZeroFloat()) ||
                   matchPattern(value, m_Zero())
               ? mlir::success()
               : fillPadding(pad);
  }
  if (auto insert = dyn_cast<tensor::InsertSliceOp>(op)) {
    ElementsAttr into = constantOf(insert.getDest());
    auto dense = dyn_cast_or_null<DenseElementsAttr>(into);
    bool zero =
        isa_and_nonnull<tensor::EmptyOp>(insert.getDest().getDefiningOp()) ||
        (dense && dense.isSplat() &&
         (isa<FloatType>(dense.getElementType())
              ? dense.getSplatValue<APFloat>().isZero()
              : dense.getSplatValue<APInt>().isZero()));
    if (zero &&
        insert.getSourceType().getRank() == insert.getDestType().getRank() &&
        insert.hasUnitStride())
      return placeAssembly(op, {insert.getSource()},
                           {SmallVector<int64_t>(insert.getStaticOffsets())});
  }
  if (auto ret = dyn_cast<func::ReturnOp>(op))
    return placeReturn(ret);
  return op->emitError("this operator is not supported on the chip ('")
         << op->getName() << "')";
}

LogicalResult Placer::run(func::FuncOp function) {
  source = function;
  for (BlockArgument argument : function.getArguments())
    inputs[argument] = argument.getArgNumber();
  if (auto tables = module->getAttrOfType<ArrayAttr>("weft.host_tables"))
    for (Attribute table : tables)
      hostTables[cast<StringAttr>(table).getValue()] = true;
  splitVariances(function);
  normalizeForPlacement(function);
  divideProducts(function, machine);
  refineQuantised(function);
  simplifyBodies(function);
  for (Operation &op : function.getBody().front())
    if (failed(place(&op)))
      return failure();
  return mlir::success();
}

namespace {

struct PlacePass : PassWrapper<PlacePass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(PlacePass)
  explicit PlacePass(Machine machine) : machine(std::move(machine)) {}

  StringRef getArgument() const override { return "weft-place"; }
  StringRef getDescription() const override {
    return "Turn linalg on tensors into kernels on placed tensors";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<WeftDialect, arith::ArithDialect, math::MathDialect>();
  }
  void runOnOperation() override {
    ModuleOp module = getOperation();
    func::FuncOp function = mainFunction(module);
    if (!function)
      return signalPassFailure();
    OpBuilder builder(function);
    auto placed = func::FuncOp::create(builder, function.getLoc(), "main",
                                       builder.getFunctionType({}, {}));
    Block *block = placed.addEntryBlock();
    builder.setInsertionPointToEnd(block);
    if (failed(Placer(module, machine, builder).run(function))) {
      placed.erase();
      return signalPassFailure();
    }
    builder.setInsertionPointToEnd(block);
    func::ReturnOp::create(builder, function.getLoc());
    function.erase();
    // Constants of relayouts and copies that several kernels asked for.
    IRRewriter rewriter(builder);
    DominanceInfo dominance(placed);
    eliminateCommonSubExpressions(rewriter, dominance, placed);
    eraseDead(*block); // versions that nothing reads
    removeCopies(placed, machine);
    fuseMaps(placed, machine);
    eraseDead(*block);
    mergeSmallMaps(placed, machine);
  }
  static void eraseDead(Block &block) {
    bool changed = true;
    while (changed) {
      changed = false;
      for (Operation &op : llvm::make_early_inc_range(llvm::reverse(block)))
        if (isOpTriviallyDead(&op)) {
          op.erase();
          changed = true;
        }
    }
  }

  Machine machine;
};

} // namespace

std::unique_ptr<Pass> weft::createPlacePass(const Machine &machine) {
  return std::make_unique<PlacePass>(machine);
}
