// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Operators that make constants or pass values through: Constant,
// ConstantOfShape, Range, NonZero, Identity, Dropout at inference.

#include "Lowering.h"

#include "weft/Dialect/Weft/IR/ExternalData.h"
#include "weft/Transforms/ConstantTensor.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

#include <cmath>

using namespace mlir;
using namespace weft::onnxtolinalg;
using weft::ConstantTensor;
using weft::ExternalElementsAttr;
using weft::ScalarType;

/// A tensor attribute as a value with signless integers.
static LogicalResult setTensor(NodeLowering &n, ElementsAttr attr) {
  auto type = dyn_cast<RankedTensorType>(attr.getType());
  if (!type || !ScalarType::get(type.getElementType()))
    return n.unsupported("unsupported element type of a constant");
  Type element = type.getElementType();
  auto plain = type.clone(signless(element));
  TypedAttr value;
  if (plain == type)
    value = cast<TypedAttr>(attr);
  else if (auto external = dyn_cast<ExternalElementsAttr>(attr))
    value = ExternalElementsAttr::get(
        plain, external.getFile(), external.getOffset(), external.getLength());
  else if (auto dense = dyn_cast<DenseIntElementsAttr>(attr))
    value = dense.bitcast(plain.getElementType());
  else
    return n.unsupported("unsupported form of a constant");
  n.set(0, arith::ConstantOp::create(n.b, plain, value), element);
  return success();
}

static LogicalResult lowerConstant(NodeLowering &n) {
  auto &b = n.b;
  if (ElementsAttr value = n.node.getTensorAttr("value"))
    return setTensor(n, value);
  if (auto value = n.node.getIntAttr("value_int")) {
    n.set(0, intConstant(b, *value, {}, b.getI64Type()), b.getI64Type());
    return success();
  }
  if (auto values = n.intsAttr("value_ints")) {
    n.set(0,
          intConstant(b, *values, {static_cast<int64_t>(values->size())},
                      b.getI64Type()),
          b.getI64Type());
    return success();
  }
  if (auto value = n.node.getFloatAttr("value_float")) {
    n.set(0, splat(b, {}, b.getF32Type(), *value), b.getF32Type());
    return success();
  }
  if (auto values = n.node.getFloatsAttr("value_floats")) {
    auto type = RankedTensorType::get({static_cast<int64_t>(values->size())},
                                      b.getF32Type());
    n.set(0,
          arith::ConstantOp::create(
              b, type, DenseElementsAttr::get(type, ArrayRef<float>(*values))),
          b.getF32Type());
    return success();
  }
  return n.unsupported("expected a dense tensor of numbers as the value");
}

static LogicalResult lowerConstantOfShape(NodeLowering &n) {
  auto shape = n.requireInts(0, "the shape");
  if (failed(shape))
    return failure();
  if (llvm::any_of(*shape, [](int64_t s) { return s < 0; }))
    return n.invalid("expected a shape without negative sizes");
  ElementsAttr given = n.node.getTensorAttr("value");
  if (!given) {
    n.set(0, splat(n.b, *shape, n.b.getF32Type(), 0.0), n.b.getF32Type());
    return success();
  }
  Type element = given.getElementType();
  auto one = ConstantTensor::load(
      given, nullptr, RankedTensorType::get({1}, signless(element)));
  if (!one)
    return n.invalid("expected a value of one number");
  one->type = RankedTensorType::get({}, signless(element));
  auto type = RankedTensorType::get(*shape, signless(element));
  auto attr = one->toAttr();
  n.set(0,
        arith::ConstantOp::create(
            n.b, type,
            DenseElementsAttr::get(type, attr.getSplatValue<Attribute>())),
        element);
  return success();
}

static LogicalResult lowerRange(NodeLowering &n) {
  if (failed(n.needInputs(3)))
    return failure();
  Type element = n.in(0).element;
  auto tensor = [&](int64_t count) {
    return *ConstantTensor::zeros(
        RankedTensorType::get({count}, signless(element)));
  };
  constexpr int64_t limit = 1 << 28;
  std::optional<ConstantTensor> result;
  if (n.in(0).isFloat()) {
    SmallVector<double> values;
    for (unsigned i : {0u, 1u, 2u})
      if (auto known = n.constantFloats(i); known && known->size() == 1)
        values.push_back(known->front());
    if (values.size() != 3)
      return n.dependsOnInputs("start, limit and delta");
    double count = std::ceil((values[1] - values[0]) / values[2]);
    if (values[2] == 0.0 || !(count < static_cast<double>(limit)))
      return n.invalid("expected a delta that reaches the limit");
    result = tensor(std::max<int64_t>(0, static_cast<int64_t>(count)));
    ScalarType scalarType = result->scalarType();
    for (int64_t k = 0; k < result->size(); ++k)
      result->data[k].f = scalarType.round(
          values[0] + scalarType.round(static_cast<double>(k) * values[2]));
  } else {
    SmallVector<int64_t> values;
    for (unsigned i : {0u, 1u, 2u}) {
      auto known = n.requireInts(i, "start, limit and delta");
      if (failed(known))
        return failure();
      if (known->size() != 1)
        return n.invalid("expected scalars");
      values.push_back(known->front());
    }
    if (values[2] == 0)
      return n.invalid("expected a delta other than 0");
    double span =
        static_cast<double>(values[1]) - static_cast<double>(values[0]);
    double count = std::ceil(span / static_cast<double>(values[2]));
    if (!(count < static_cast<double>(limit)))
      return n.invalid("expected a range of fewer elements");
    result = tensor(std::max<int64_t>(0, static_cast<int64_t>(count)));
    for (int64_t k = 0; k < result->size(); ++k)
      result->data[k].i = result->scalarType().wrap(values[0] + k * values[2]);
  }
  n.set(0, arith::ConstantOp::create(n.b, result->type, result->toAttr()),
        element);
  return success();
}

/// Of a known tensor: how many there are is the shape of the result. Exporters
/// write NonZero(ConstantOfShape(n)) for 0 ... n-1.
static LogicalResult lowerNonZero(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  const OnnxValue &x = n.in(0);
  SmallVector<bool> set;
  if (x.isFloat()) {
    if (auto known = n.constantFloats(0))
      for (double value : *known)
        set.push_back(value != 0.0);
    else
      return n.dependsOnInputs("the tensor");
  } else {
    auto known = n.requireInts(0, "the tensor");
    if (failed(known))
      return failure();
    for (int64_t value : *known)
      set.push_back(value != 0);
  }
  // Coordinates by dimension: [rank, count].
  SmallVector<int64_t> strides = weft::rowMajorStrides(x.shape());
  SmallVector<int64_t> coordinates;
  for (auto [size, stride] : llvm::zip_equal(x.shape(), strides))
    for (auto [at, isSet] : llvm::enumerate(set))
      if (isSet)
        coordinates.push_back(static_cast<int64_t>(at) / stride % size);
  n.set(0,
        intConstant(n.b, coordinates, {x.rank(), llvm::count(set, true)},
                    n.b.getI64Type()),
        n.b.getI64Type());
  return success();
}

static LogicalResult lowerIdentity(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  n.set(0, n.in(0));
  return success();
}

/// Inference: the input itself; the mask is all true.
static LogicalResult lowerDropout(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  if (n.opset() >= 12 && n.has(2)) {
    auto training = n.constantInts(2);
    auto ratio = n.constantFloats(1);
    bool none = ratio && ratio->size() == 1 && ratio->front() == 0.0;
    if (!training && !none)
      return n.dependsOnInputs("training_mode");
    if (!none && (training->size() != 1 || training->front() != 0))
      return n.unsupported("training_mode is true, and programs only infer: "
                           "export the model for inference (in PyTorch after "
                           "model.eval())");
  }
  if (n.opset() < 7 && n.intAttr("is_test", 0) == 0)
    return n.unsupported("is_test is 0, and programs only infer: export the "
                         "model for inference (in PyTorch after model.eval())");
  n.set(0, n.in(0));
  // A mask of the input's own type before opset 10.
  Type mask = n.opset() < 10 ? n.in(0).element : Type(n.b.getI1Type());
  if (n.hasResult(1))
    n.set(1, splat(n.b, n.in(0).shape(), mask, 1.0), mask);
  return success();
}

void weft::onnxtolinalg::addConstantLowerings(LoweringTable &table) {
  auto add = [&](StringRef op, int64_t since, LoweringFn fn) {
    table.push_back({op, "", since, kLatest, fn});
  };
  add("Constant", 1, lowerConstant);
  add("ConstantOfShape", 9, lowerConstantOfShape);
  add("Range", 11, lowerRange);
  add("NonZero", 9, lowerNonZero);
  add("Identity", 1, lowerIdentity);
  add("Dropout", 1, lowerDropout);
}
