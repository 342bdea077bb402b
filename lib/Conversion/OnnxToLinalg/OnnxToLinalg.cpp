// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The pass weft-onnx-to-linalg: walks @main forward, lowers node by node, folds
// what is constant at once so that shapes are known when they are needed, and
// inlines the branch of an `If` whose condition is known.

#include "weft/Conversion/OnnxToLinalg/OnnxToLinalg.h"

#include "Lowering.h"
#include "weft/Dialect/Weft/IR/ExternalData.h"
#include "weft/Dialect/Weft/IR/MainFunction.h"
#include "weft/Transforms/ConstantEvaluator.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace weft::onnxtolinalg;
using weft::ConstantTensor;
using weft::EvaluationLimits;
using weft::ExternalElementsAttr;
using weft::foldToConstants;
using weft::kNameAttr;
using weft::kUnsignedAttr;
using weft::kUnsupportedAttr;
using weft::mainFunction;
using weft::ScalarType;
using weft::WeftDialect;
using weft::WeightFiles;
namespace onnxir = weft::onnxir;

namespace {

/// Notes the operations that a lowering makes, in order.
struct Recorder : OpBuilder::Listener {
  SmallVector<Operation *> inserted;
  void notifyOperationInserted(Operation *op, OpBuilder::InsertPoint) override {
    // Operations in bodies are not folded by themselves.
    if (isa_and_nonnull<func::FuncOp>(op->getParentOp()))
      inserted.push_back(op);
  }
};

/// The conversion of one module.
class Converter {
public:
  explicit Converter(func::FuncOp function)
      : function(function), builder(function.getContext()),
        files(function->getParentOfType<ModuleOp>()) {}

  LogicalResult run();
  bool onlyUnsupported() const { return failures == unsupportedFailures; }

private:
  LogicalResult convertArguments();
  /// Converts the operations of a block; `results` gets the terminator's.
  LogicalResult convertBlock(Block &block, SmallVectorImpl<OnnxValue> &results);
  LogicalResult convertNode(onnxir::NodeOp node);
  LogicalResult convertIf(onnxir::NodeOp node);
  LogicalResult convertConstant(Operation *op, ElementsAttr attr);
  LogicalResult convertReturn(ArrayRef<OnnxValue> results);
  void fold(ArrayRef<Operation *> created);
  void reportUnsupported(Block &block);

  func::FuncOp function;
  OpBuilder builder;
  WeightFiles files;
  llvm::DenseMap<Value, OnnxValue> values;
  /// Results of the node at hand whose defining operation was folded.
  llvm::DenseMap<Value, Value> folded;
  SmallVector<Value> newArguments;
  int64_t failures = 0, unsupportedFailures = 0;
};

} // namespace

/// Whether tensors of an element type can be inputs and outputs of a program.
static bool crossesBoundary(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element))
    return llvm::is_contained({1u, 8u, 16u, 32u, 64u}, integer.getWidth());
  return isa<Float16Type, Float32Type, Float64Type>(element);
}

/// Reports every node of a block that no lowering exists for. The branches of
/// an `If` wait until one is chosen: what the other needs does not matter.
void Converter::reportUnsupported(Block &block) {
  for (auto node : block.getOps<onnxir::NodeOp>()) {
    if (node.is("If") ||
        findLowering(node.getOpType(), node.getDomain(), node.getOpset()))
      continue;
    ++failures;
    ++unsupportedFailures;
    mlir::emitError(node.getLoc())
        << errorPrefix(node) << "unsupported operator";
  }
}

LogicalResult Converter::convertArguments() {
  Block &block = function.getBody().front();
  for (auto [index, argument] :
       llvm::enumerate(llvm::to_vector(block.getArguments()))) {
    auto type = dyn_cast<RankedTensorType>(argument.getType());
    std::string name = ("input " + Twine(index)).str();
    if (auto attr = function.getArgAttrOfType<StringAttr>(index, kNameAttr))
      name = ("input '" + attr.getValue() + "'").str();
    if (!type || !type.hasStaticShape()) {
      ++failures;
      return mlir::emitError(function.getLoc())
             << name << ": expected a tensor of static shape, found "
             << argument.getType()
             << " (bind its dimensions with --dim or --shapes-from)";
    }
    Type element = type.getElementType();
    if (!crossesBoundary(element)) {
      ++failures;
      ++unsupportedFailures;
      return mlir::emitError(function.getLoc())
             << name << ": unsupported element type " << element;
    }
    if (element.isUnsignedInteger())
      function.setArgAttr(index, kUnsignedAttr, builder.getUnitAttr());
    auto converted = type.clone(signless(element));
    // The argument keeps its place; its uses by nodes are replaced one by one.
    if (converted != type)
      argument.setType(converted);
    values[argument] = {argument, element};
  }
  return success();
}

LogicalResult Converter::convertConstant(Operation *op, ElementsAttr attr) {
  auto type = dyn_cast<RankedTensorType>(attr.getType());
  if (!type || !ScalarType::get(type.getElementType()) ||
      !type.hasStaticShape()) {
    // Strings and the like: an error only where somebody uses them.
    return success();
  }
  Type element = type.getElementType();
  Type plain = signless(element);
  ElementsAttr converted = attr;
  if (plain != element) {
    auto result = type.clone(plain);
    if (auto external = dyn_cast<ExternalElementsAttr>(attr))
      converted =
          ExternalElementsAttr::get(result, external.getFile(),
                                    external.getOffset(), external.getLength());
    else if (auto dense = dyn_cast<DenseIntElementsAttr>(attr))
      converted = dense.bitcast(plain);
    else if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr))
      converted =
          DenseResourceElementsAttr::get(result, resource.getRawHandle());
  }
  auto constant = arith::ConstantOp::create(builder, op->getLoc(),
                                            cast<TypedAttr>(converted));
  values[op->getResult(0)] = {constant, element};
  return success();
}

void Converter::fold(ArrayRef<Operation *> created) {
  // Shape arithmetic and small tables; weights are left to weft-fold-constants.
  constexpr EvaluationLimits limits{1 << 18, 1 << 26};
  for (Operation *op : created) {
    auto results = foldToConstants(op, &files, limits);
    if (!results)
      continue;
    builder.setInsertionPoint(op);
    for (auto [value, attr] : llvm::zip_equal(op->getResults(), *results)) {
      Value constant = arith::ConstantOp::create(builder, op->getLoc(),
                                                 cast<TypedAttr>(attr));
      value.replaceAllUsesWith(constant);
      folded[value] = constant;
    }
  }
}

/// Erases those of `created` that nobody uses, last first.
static void eraseDead(ArrayRef<Operation *> created,
                      llvm::function_ref<bool(Operation *)> isResult) {
  for (Operation *op : llvm::reverse(created))
    if (op->use_empty() && !isResult(op))
      op->erase();
}

LogicalResult Converter::convertIf(onnxir::NodeOp node) {
  OnnxValue condition = values.lookup(node.getInputOrNull(0));
  if (!condition) {
    ++failures;
    return mlir::emitError(node.getLoc())
           << errorPrefix(node) << "expected a condition, found none";
  }
  ElementsAttr attr;
  std::optional<ConstantTensor> known;
  if (matchPattern(condition.value, m_Constant(&attr)))
    known = ConstantTensor::load(attr, &files);
  if (!known || known->size() != 1) {
    ++failures;
    ++unsupportedFailures;
    return unknownValue(node, "the condition");
  }
  Region *branch =
      node.getSubgraph(known->data.front().i ? "then_branch" : "else_branch");
  if (!branch) {
    ++failures;
    return mlir::emitError(node.getLoc())
           << errorPrefix(node) << "expected two branches";
  }
  reportUnsupported(branch->front());
  SmallVector<OnnxValue> results;
  if (failures || failed(convertBlock(branch->front(), results)))
    return failure();
  if (results.size() != node->getNumResults()) {
    ++failures;
    return mlir::emitError(node.getLoc())
           << errorPrefix(node) << "expected " << node->getNumResults()
           << " outputs of the branch, found " << results.size();
  }
  for (auto [old, value] : llvm::zip_equal(node->getResults(), results))
    values[old] = value;
  return success();
}

LogicalResult Converter::convertNode(onnxir::NodeOp node) {
  if (node.is("If"))
    return convertIf(node);
  // Checked for the whole block before.
  const Lowering *row =
      findLowering(node.getOpType(), node.getDomain(), node.getOpset());
  if (!row)
    return failure();
  SmallVector<OnnxValue> inputs;
  for (auto [index, operand] : llvm::enumerate(node.getInputs())) {
    if (operand.getDefiningOp<onnxir::AbsentOp>()) {
      inputs.push_back({});
      continue;
    }
    OnnxValue value = values.lookup(operand);
    if (!value) {
      ++failures;
      ++unsupportedFailures;
      return mlir::emitError(node.getLoc())
             << errorPrefix(node) << "expected a tensor of numbers for input "
             << index << ", found " << operand.getType();
    }
    inputs.push_back(value);
  }
  Recorder recorder;
  builder.setListener(&recorder);
  bool isUnsupported = false;
  NodeLowering lowering(node, builder, inputs, files, isUnsupported);
  lowering.b.setInsertionPoint(builder.getInsertionBlock(),
                               builder.getInsertionPoint());
  LogicalResult result = row->lower(lowering);
  builder.setListener(nullptr);
  if (failed(result)) {
    ++failures;
    unsupportedFailures += isUnsupported;
    return failure();
  }
  OpBuilder::InsertPoint end = lowering.b.saveInsertionPoint();
  folded.clear();
  fold(recorder.inserted);
  builder.restoreInsertionPoint(end);

  llvm::DenseSet<Value> kept;
  for (auto [index, old] : llvm::enumerate(node->getResults())) {
    OnnxValue value = lowering.resultValues()[index];
    if (!value) {
      if (old.use_empty())
        continue;
      ++failures;
      ++unsupportedFailures;
      return mlir::emitError(node.getLoc())
             << errorPrefix(node) << "unsupported use of output " << index;
    }
    if (Value constant = folded.lookup(value.value))
      value.value = constant;
    values[old] = value;
    kept.insert(value.value);
  }
  eraseDead(recorder.inserted, [&](Operation *op) {
    return llvm::any_of(op->getResults(),
                        [&](Value v) { return kept.contains(v); });
  });
  return success();
}

LogicalResult Converter::convertBlock(Block &block,
                                      SmallVectorImpl<OnnxValue> &results) {
  for (Operation &op : llvm::make_early_inc_range(block)) {
    if (auto node = dyn_cast<onnxir::NodeOp>(op)) {
      if (failed(convertNode(node)))
        return failure();
      continue;
    }
    ElementsAttr attr;
    if (op.getNumResults() == 1 && matchPattern(&op, m_Constant(&attr))) {
      if (!values.contains(op.getResult(0)) &&
          failed(convertConstant(&op, attr)))
        return failure();
      continue;
    }
    if (op.hasTrait<OpTrait::IsTerminator>()) {
      for (Value value : op.getOperands())
        results.push_back(values.lookup(value));
      return success();
    }
  }
  return success();
}

LogicalResult Converter::convertReturn(ArrayRef<OnnxValue> results) {
  Operation *terminator = function.getBody().front().getTerminator();
  SmallVector<Value> operands;
  SmallVector<Type> types;
  for (auto [index, value] : llvm::enumerate(results)) {
    std::string name = ("output " + Twine(index)).str();
    if (auto attr = function.getResultAttrOfType<StringAttr>(index, kNameAttr))
      name = ("output '" + attr.getValue() + "'").str();
    if (!value) {
      ++failures;
      ++unsupportedFailures;
      return mlir::emitError(function.getLoc())
             << name << ": expected a tensor of numbers";
    }
    if (!crossesBoundary(value.element)) {
      ++failures;
      ++unsupportedFailures;
      return mlir::emitError(function.getLoc())
             << name << ": unsupported element type " << value.element;
    }
    auto declared =
        dyn_cast<RankedTensorType>(terminator->getOperand(index).getType());
    if (declared && declared.getElementType() != value.element) {
      ++failures;
      return mlir::emitError(function.getLoc())
             << name << ": expected " << declared << " as the model declares, "
             << "found elements of type " << value.element;
    }
    // Declared shapes of outputs are often wrong, and nobody relies on them.
    if (declared && failed(verifyCompatibleShape(declared, value.type())))
      mlir::emitWarning(function.getLoc())
          << name << ": expected " << declared << " as the model declares, "
          << "found " << value.type();
    if (value.element.isUnsignedInteger())
      function.setResultAttr(index, kUnsignedAttr, builder.getUnitAttr());
    operands.push_back(value.value);
    types.push_back(value.value.getType());
  }
  terminator->setOperands(operands);
  SmallVector<Type> inputs(function.getBody().front().getArgumentTypes());
  function.setFunctionType(builder.getFunctionType(inputs, types));
  return success();
}

LogicalResult Converter::run() {
  Block &block = function.getBody().front();
  reportUnsupported(block);
  if (failures)
    return failure();
  fuseDequantizedProducts(block);
  if (failed(convertArguments()))
    return failure();
  // New operations go before the terminator, after everything that is old.
  SmallVector<Operation *> old;
  for (Operation &op : block.without_terminator())
    old.push_back(&op);
  builder.setInsertionPoint(block.getTerminator());
  SmallVector<OnnxValue> results;
  for (Operation *op : old) {
    if (auto node = dyn_cast<onnxir::NodeOp>(op)) {
      if (failed(convertNode(node)))
        return failure();
      continue;
    }
    ElementsAttr attr;
    if (op->getNumResults() == 1 && matchPattern(op, m_Constant(&attr)))
      if (failed(convertConstant(op, attr)))
        return failure();
  }
  for (Value value : block.getTerminator()->getOperands())
    results.push_back(values.lookup(value));
  if (failed(convertReturn(results)))
    return failure();
  for (Operation *op : llvm::reverse(old)) {
    op->dropAllUses();
    op->erase();
  }
  return success();
}

namespace {

struct OnnxToLinalgPass
    : PassWrapper<OnnxToLinalgPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(OnnxToLinalgPass)

  StringRef getArgument() const override { return "weft-onnx-to-linalg"; }
  StringRef getDescription() const override {
    return "Convert ONNX nodes to linalg, tensor, arith and math on static "
           "shapes";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry
        .insert<arith::ArithDialect, func::FuncDialect, linalg::LinalgDialect,
                math::MathDialect, tensor::TensorDialect, WeftDialect>();
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    func::FuncOp main = mainFunction(module);
    if (!main)
      return signalPassFailure();
    Converter converter(main);
    if (failed(converter.run())) {
      if (converter.onlyUnsupported())
        module->setAttr(kUnsupportedAttr, UnitAttr::get(&getContext()));
      return signalPassFailure();
    }
  }
};

} // namespace

std::unique_ptr<Pass> weft::createOnnxToLinalgPass() {
  return std::make_unique<OnnxToLinalgPass>();
}

void weft::registerOnnxToLinalgPass() { PassRegistration<OnnxToLinalgPass>(); }
