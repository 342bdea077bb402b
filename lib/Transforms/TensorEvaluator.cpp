// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Evaluates operations that move elements without computing with them:
// reshapes, slices, concatenation, padding. Every one is a copy of a box
// between two strided arrays.

#include "TensorEvaluator.h"

#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

using namespace mlir;
using namespace weft;

namespace {

/// A box inside an array: where it starts and how its dimensions step.
struct Box {
  int64_t offset = 0;
  SmallVector<int64_t> strides;
};

} // namespace

/// Copies a box of shape `sizes`.
static void copyBox(ArrayRef<int64_t> sizes, const std::vector<Scalar> &from,
                    const Box &source, std::vector<Scalar> &to,
                    const Box &target) {
  for (int64_t size : sizes)
    if (size == 0)
      return;
  SmallVector<int64_t> index(sizes.size(), 0);
  int64_t read = source.offset, write = target.offset;
  while (true) {
    to[static_cast<size_t>(write)] = from[static_cast<size_t>(read)];
    size_t d = sizes.size();
    for (; d-- > 0;) {
      read += source.strides[d];
      write += target.strides[d];
      if (++index[d] < sizes[d])
        break;
      read -= source.strides[d] * sizes[d];
      write -= target.strides[d] * sizes[d];
      index[d] = 0;
    }
    if (d == static_cast<size_t>(-1))
      return;
  }
}

/// The box that offsets and strides select in an array of `shape`; nullopt
/// where one is dynamic or the box leaves the array.
static std::optional<Box> select(ArrayRef<int64_t> shape,
                                 ArrayRef<int64_t> offsets,
                                 ArrayRef<int64_t> sizes,
                                 ArrayRef<int64_t> steps) {
  Box box;
  SmallVector<int64_t> strides = rowMajorStrides(shape);
  for (size_t d = 0; d < shape.size(); ++d) {
    if (ShapedType::isDynamic(offsets[d]) || ShapedType::isDynamic(sizes[d]) ||
        ShapedType::isDynamic(steps[d]))
      return std::nullopt;
    int64_t last = offsets[d] + (sizes[d] - 1) * steps[d];
    if (sizes[d] > 0 && (offsets[d] < 0 || offsets[d] >= shape[d] || last < 0 ||
                         last >= shape[d]))
      return std::nullopt;
    box.offset += offsets[d] * strides[d];
    box.strides.push_back(steps[d] * strides[d]);
  }
  return box;
}

/// The same elements in the same order under another shape.
static std::optional<ConstantTensor> retype(const ConstantTensor *source,
                                            Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  if (!source || !tensor || !tensor.hasStaticShape() ||
      tensor.getNumElements() != source->size())
    return std::nullopt;
  ConstantTensor result = *source;
  result.type = tensor;
  return result;
}

static std::optional<ConstantTensor> pad(tensor::PadOp op,
                                         OperandValueFn values) {
  const ConstantTensor *source = values(op.getSource());
  auto result = ConstantTensor::zeros(op.getResultType());
  Value padding = op.getConstantPaddingValue();
  if (!source || !result || !padding ||
      llvm::any_of(op.getStaticLow(), ShapedType::isDynamic))
    return std::nullopt;
  Attribute attr;
  Scalar fill;
  if (const ConstantTensor *known = values(padding);
      known && known->size() == 1)
    fill = known->data.front();
  else if (!matchPattern(padding, m_Constant(&attr)))
    return std::nullopt;
  else if (auto number = dyn_cast<FloatAttr>(attr))
    fill.f = number.getValueAsDouble();
  else if (auto number = dyn_cast<IntegerAttr>(attr))
    fill.i = result->scalarType().wrap(number.getValue().getSExtValue());
  else
    return std::nullopt;
  std::fill(result->data.begin(), result->data.end(), fill);
  ArrayRef<int64_t> sizes = source->type.getShape();
  SmallVector<int64_t> ones(sizes.size(), 1);
  auto box = select(result->type.getShape(), op.getStaticLow(), sizes, ones);
  if (!box)
    return std::nullopt;
  copyBox(sizes, source->data, Box{0, rowMajorStrides(sizes)}, result->data,
          *box);
  return result;
}

static std::optional<ConstantTensor> concat(tensor::ConcatOp op,
                                            OperandValueFn values) {
  auto result = ConstantTensor::zeros(op.getResultType());
  if (!result)
    return std::nullopt;
  SmallVector<int64_t> strides = rowMajorStrides(result->type.getShape());
  uint64_t axis = op.getDim();
  int64_t at = 0;
  for (Value input : op.getInputs()) {
    const ConstantTensor *source = values(input);
    if (!source)
      return std::nullopt;
    ArrayRef<int64_t> sizes = source->type.getShape();
    copyBox(sizes, source->data, Box{0, rowMajorStrides(sizes)}, result->data,
            Box{at * strides[axis], strides});
    at += sizes[axis];
  }
  return result;
}

static std::optional<ConstantTensor> slice(tensor::ExtractSliceOp op,
                                           OperandValueFn values) {
  const ConstantTensor *source = values(op.getSource());
  auto result = ConstantTensor::zeros(op.getResultType());
  if (!source || !result)
    return std::nullopt;
  ArrayRef<int64_t> sizes = op.getStaticSizes();
  auto box = select(source->type.getShape(), op.getStaticOffsets(), sizes,
                    op.getStaticStrides());
  if (!box)
    return std::nullopt;
  // Unit dimensions that the result drops do not change the order.
  copyBox(sizes, source->data, *box, result->data,
          Box{0, rowMajorStrides(sizes)});
  return result;
}

static std::optional<ConstantTensor> insert(tensor::InsertSliceOp op,
                                            OperandValueFn values) {
  const ConstantTensor *source = values(op.getSource());
  const ConstantTensor *target = values(op.getDest());
  if (!source || !target)
    return std::nullopt;
  ConstantTensor result = *target;
  ArrayRef<int64_t> sizes = op.getStaticSizes();
  auto box = select(result.type.getShape(), op.getStaticOffsets(), sizes,
                    op.getStaticStrides());
  if (!box)
    return std::nullopt;
  copyBox(sizes, source->data, Box{0, rowMajorStrides(sizes)}, result.data,
          *box);
  return result;
}

std::optional<ConstantTensor> weft::evaluateTensorOp(Operation *op,
                                                     OperandValueFn values) {
  using Result = std::optional<ConstantTensor>;
  return llvm::TypeSwitch<Operation *, Result>(op)
      .Case([&](tensor::EmptyOp empty) -> Result {
        return ConstantTensor::zeros(empty.getType());
      })
      .Case<tensor::ExpandShapeOp, tensor::CollapseShapeOp, tensor::CastOp>(
          [&](auto reshape) -> Result {
            return retype(values(reshape->getOperand(0)),
                          reshape->getResult(0).getType());
          })
      .Case([&](tensor::ReshapeOp reshape) -> Result {
        return retype(values(reshape.getSource()), reshape.getType());
      })
      .Case([&](tensor::SplatOp splat) -> Result {
        const ConstantTensor *scalar = values(splat.getInput());
        auto result = ConstantTensor::zeros(splat.getType());
        if (!scalar || !result || scalar->size() != 1)
          return std::nullopt;
        std::fill(result->data.begin(), result->data.end(),
                  scalar->data.front());
        return result;
      })
      .Case([&](tensor::FromElementsOp list) -> Result {
        auto result = ConstantTensor::zeros(list.getType());
        if (!result)
          return std::nullopt;
        for (auto [k, element] : llvm::enumerate(list.getElements())) {
          const ConstantTensor *scalar = values(element);
          if (!scalar || scalar->size() != 1)
            return std::nullopt;
          result->data[k] = scalar->data.front();
        }
        return result;
      })
      .Case([&](tensor::ConcatOp op) { return concat(op, values); })
      .Case([&](tensor::ExtractSliceOp op) { return slice(op, values); })
      .Case([&](tensor::InsertSliceOp op) { return insert(op, values); })
      .Case([&](tensor::PadOp op) { return pad(op, values); })
      .Default([](Operation *) -> Result { return std::nullopt; });
}
