// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Runs structured operations on constants, and dispatches the tensor operations
// to TensorEvaluator.cpp. Iterates row-major over the loops as written, so sums
// are added in that order.

#include "weft/Transforms/ConstantEvaluator.h"

#include "TensorEvaluator.h"
#include "weft/Dialect/Weft/IR/ExternalData.h"
#include "weft/Transforms/ScalarProgram.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace weft;

/// The tensor type under which a value is evaluated: scalars have rank 0.
static RankedTensorType evaluationType(Type type) {
  if (auto tensor = dyn_cast<RankedTensorType>(type))
    return tensor;
  if (type.isIntOrIndexOrFloat())
    return RankedTensorType::get({}, type);
  return nullptr;
}

namespace {

/// offset = base + sum over loops of coefficient * iv, in elements.
struct LinearAccess {
  int64_t base = 0;
  SmallVector<int64_t> coefficients;
};

} // namespace

/// Adds `scale * expr` to `access`. False where `expr` is not linear.
static bool addExpr(AffineExpr expr, int64_t scale, LinearAccess &access) {
  if (auto dim = dyn_cast<AffineDimExpr>(expr)) {
    access.coefficients[dim.getPosition()] += scale;
    return true;
  }
  if (auto constant = dyn_cast<AffineConstantExpr>(expr)) {
    access.base += scale * constant.getValue();
    return true;
  }
  auto binary = dyn_cast<AffineBinaryOpExpr>(expr);
  if (!binary)
    return false;
  if (binary.getKind() == AffineExprKind::Add)
    return addExpr(binary.getLHS(), scale, access) &&
           addExpr(binary.getRHS(), scale, access);
  if (binary.getKind() == AffineExprKind::Mul)
    if (auto factor = dyn_cast<AffineConstantExpr>(binary.getRHS()))
      return addExpr(binary.getLHS(), scale * factor.getValue(), access);
  return false;
}

static std::optional<LinearAccess>
linearAccess(AffineMap map, ArrayRef<int64_t> shape, unsigned numLoops) {
  LinearAccess access;
  access.coefficients.assign(numLoops, 0);
  SmallVector<int64_t> strides = rowMajorStrides(shape);
  for (auto [expr, stride] : llvm::zip_equal(map.getResults(), strides))
    if (!addExpr(expr, stride, access))
      return std::nullopt;
  return access;
}

/// Runs a structured operation.
static std::optional<SmallVector<ConstantTensor>>
evaluateStructured(linalg::LinalgOp op, OperandValueFn values,
                   const EvaluationLimits &limits) {
  if (!op.hasPureTensorSemantics() ||
      op.getNumReductionLoops() + op.getNumParallelLoops() != op.getNumLoops())
    return std::nullopt;
  Block *body = op.getBlock();
  SmallVector<int64_t> ranges = op.getStaticLoopRanges();
  int64_t points = 1;
  for (int64_t range : ranges) {
    if (ShapedType::isDynamic(range) ||
        llvm::MulOverflow(points, range, points))
      return std::nullopt;
  }
  int64_t work = 0;
  auto bodySize = static_cast<int64_t>(body->getOperations().size());
  if (llvm::MulOverflow(points, bodySize, work) || work > limits.maxWork)
    return std::nullopt;

  auto scalarOf = [&](Value value) -> std::optional<Scalar> {
    Attribute attr;
    if (matchPattern(value, m_Constant(&attr))) {
      Scalar scalar;
      auto type = ScalarType::get(value.getType());
      if (auto number = dyn_cast<FloatAttr>(attr); number && type) {
        scalar.f = number.getValueAsDouble();
        return scalar;
      }
      if (auto number = dyn_cast<IntegerAttr>(attr); number && type) {
        scalar.i = type->wrap(number.getValue().getSExtValue());
        return scalar;
      }
      return std::nullopt;
    }
    const ConstantTensor *known = values(value);
    if (!known || known->size() != 1)
      return std::nullopt;
    return known->data.front();
  };
  auto program = ScalarProgram::build(*body, values, scalarOf);
  if (!program || program->numArguments() != op->getNumOperands())
    return std::nullopt;

  SmallVector<ConstantTensor> results;
  SmallVector<const ConstantTensor *> inputs;
  SmallVector<LinearAccess> accesses;
  for (OpOperand &operand : op->getOpOperands()) {
    const ConstantTensor *value = nullptr;
    // An initial value that the body ignores need not be known.
    if (op.isDpsInit(&operand) && !op.payloadUsesValueFromOperand(&operand)) {
      auto zero = ConstantTensor::zeros(
          cast<RankedTensorType>(operand.get().getType()));
      if (!zero || zero->size() > limits.maxElements)
        return std::nullopt;
      results.push_back(std::move(*zero));
    } else {
      value = values(operand.get());
      if (!value)
        return std::nullopt;
      if (op.isDpsInit(&operand))
        results.push_back(*value);
    }
    inputs.push_back(value);
    auto shape = op.getShape(&operand);
    auto access = linearAccess(op.getMatchingIndexingMap(&operand), shape,
                               op.getNumLoops());
    if (!access)
      return std::nullopt;
    accesses.push_back(std::move(*access));
  }

  auto firstInit = static_cast<size_t>(op.getNumDpsInputs());
  size_t numLoops = ranges.size();
  SmallVector<int64_t> indices(numLoops, 0);
  SmallVector<int64_t> offsets;
  for (const LinearAccess &access : accesses)
    offsets.push_back(access.base);
  for (int64_t point = 0; point < points; ++point) {
    for (size_t k = 0; k < firstInit; ++k)
      program->slot(k) = inputs[k]->data[static_cast<size_t>(offsets[k])];
    for (size_t k = firstInit; k < accesses.size(); ++k)
      program->slot(k) =
          results[k - firstInit].data[static_cast<size_t>(offsets[k])];
    if (!program->run(indices))
      return std::nullopt;
    for (auto [k, slot] : llvm::enumerate(program->results()))
      results[k].data[static_cast<size_t>(offsets[firstInit + k])] =
          program->slot(slot);
    // Next point: the innermost loop first.
    for (size_t d = numLoops; d-- > 0;) {
      if (++indices[d] < ranges[d]) {
        for (size_t k = 0; k < accesses.size(); ++k)
          offsets[k] += accesses[k].coefficients[d];
        break;
      }
      for (size_t k = 0; k < accesses.size(); ++k)
        offsets[k] -= accesses[k].coefficients[d] * (ranges[d] - 1);
      indices[d] = 0;
    }
  }
  return results;
}

std::optional<SmallVector<ConstantTensor>>
weft::evaluate(Operation *op, OperandValueFn values,
               const EvaluationLimits &limits) {
  for (Type type : op->getResultTypes()) {
    RankedTensorType tensor = evaluationType(type);
    if (!tensor || !tensor.hasStaticShape() ||
        tensor.getNumElements() > limits.maxElements)
      return std::nullopt;
  }
  if (auto structured = dyn_cast<linalg::LinalgOp>(op))
    return evaluateStructured(structured, values, limits);
  auto result = evaluateTensorOp(op, values);
  if (!result)
    return std::nullopt;
  SmallVector<ConstantTensor> results;
  results.push_back(std::move(*result));
  return results;
}

std::optional<SmallVector<ElementsAttr>>
weft::foldToConstants(Operation *op, WeightFiles *files,
                      const EvaluationLimits &limits) {
  // A fill stays, so that it is seen where a reduction starts from.
  if (op->getNumResults() == 0 || op->hasTrait<OpTrait::ConstantLike>() ||
      isa<tensor::EmptyOp, linalg::FillOp>(op))
    return std::nullopt;
  for (Type type : op->getResultTypes())
    if (!isa<RankedTensorType>(type))
      return std::nullopt;
  auto structured = dyn_cast<linalg::LinalgOp>(op);
  // Cheap refusals first: every tensor that is read must be a constant.
  auto isKnown = [&](Value value) {
    Attribute attr;
    if (auto fill = value.getDefiningOp<linalg::FillOp>())
      value = fill.getInputs()[0];
    return matchPattern(value, m_Constant(&attr));
  };
  for (OpOperand &operand : op->getOpOperands()) {
    if (structured && structured.isDpsInit(&operand) &&
        !structured.payloadUsesValueFromOperand(&operand))
      continue;
    if (!isKnown(operand.get()))
      return std::nullopt;
  }
  llvm::DenseMap<Value, std::unique_ptr<ConstantTensor>> loaded;
  auto values = [&](Value value) -> const ConstantTensor * {
    auto [it, inserted] = loaded.try_emplace(value);
    if (!inserted)
      return it->second.get();
    RankedTensorType type = evaluationType(value.getType());
    if (!type || !type.hasStaticShape() ||
        type.getNumElements() > limits.maxElements)
      return nullptr;
    std::optional<ConstantTensor> tensor;
    Attribute attr;
    if (auto fill = value.getDefiningOp<linalg::FillOp>())
      value = fill.getInputs()[0];
    if (matchPattern(value, m_Constant(&attr))) {
      if (auto elements = dyn_cast<ElementsAttr>(attr)) {
        tensor = ConstantTensor::load(elements, files);
      } else if (auto scalar = ScalarType::get(type.getElementType())) {
        tensor = ConstantTensor::zeros(type);
        if (auto number = dyn_cast<FloatAttr>(attr))
          tensor->data.assign(tensor->data.size(),
                              {.f = number.getValueAsDouble()});
        else if (auto number = dyn_cast<IntegerAttr>(attr))
          tensor->data.assign(
              tensor->data.size(),
              {.i = scalar->wrap(number.getValue().getSExtValue())});
        else
          tensor.reset();
      }
    }
    if (tensor)
      it->second = std::make_unique<ConstantTensor>(std::move(*tensor));
    return it->second.get();
  };
  auto results = evaluate(op, values, limits);
  if (!results)
    return std::nullopt;
  SmallVector<ElementsAttr> attrs;
  for (const ConstantTensor &result : *results)
    attrs.push_back(result.toAttr());
  return attrs;
}

std::optional<SmallVector<ConstantTensor>>
weft::interpret(func::FuncOp function, ArrayRef<ConstantTensor> arguments,
                WeightFiles *files) {
  if (!llvm::hasSingleElement(function.getBody()) ||
      function.getNumArguments() != arguments.size()) {
    function.emitError("expected one block and ")
        << arguments.size() << " arguments";
    return std::nullopt;
  }
  llvm::DenseMap<Value, std::unique_ptr<ConstantTensor>> known;
  for (auto [value, tensor] :
       llvm::zip_equal(function.getArguments(), arguments))
    known[value] = std::make_unique<ConstantTensor>(tensor);
  auto values = [&](Value value) -> const ConstantTensor * {
    auto it = known.find(value);
    return it == known.end() ? nullptr : it->second.get();
  };
  EvaluationLimits unlimited{std::numeric_limits<int64_t>::max(),
                             std::numeric_limits<int64_t>::max()};
  Block &block = function.getBody().front();
  for (Operation &op : block.without_terminator()) {
    if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
      std::optional<ConstantTensor> tensor;
      if (auto elements = dyn_cast<ElementsAttr>(constant.getValue())) {
        tensor = ConstantTensor::load(elements, files);
      } else {
        tensor = ConstantTensor::zeros(evaluationType(constant.getType()));
        if (auto number = dyn_cast<FloatAttr>(constant.getValue()))
          tensor->data.front().f = number.getValueAsDouble();
        else if (auto number = dyn_cast<IntegerAttr>(constant.getValue()))
          tensor->data.front().i =
              tensor->scalarType().wrap(number.getValue().getSExtValue());
      }
      if (!tensor) {
        op.emitError("cannot read this constant");
        return std::nullopt;
      }
      known[constant] = std::make_unique<ConstantTensor>(std::move(*tensor));
      continue;
    }
    auto results = evaluate(&op, values, unlimited);
    if (!results) {
      op.emitError("cannot evaluate this operation");
      return std::nullopt;
    }
    for (auto [value, tensor] : llvm::zip_equal(op.getResults(), *results))
      known[value] = std::make_unique<ConstantTensor>(std::move(tensor));
  }
  SmallVector<ConstantTensor> outputs;
  for (Value value : block.getTerminator()->getOperands()) {
    const ConstantTensor *tensor = values(value);
    if (!tensor)
      return std::nullopt;
    outputs.push_back(*tensor);
  }
  return outputs;
}
