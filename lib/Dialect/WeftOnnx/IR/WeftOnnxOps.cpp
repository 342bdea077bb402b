// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Verifies and inspects the operations of the `weft_onnx` dialect. What an
// operator means is left to the conversions.

#include "weft/Dialect/WeftOnnx/IR/WeftOnnxOps.h"

#include "mlir/IR/Builders.h"

using namespace mlir;
using namespace weft::onnxir;

#define GET_OP_CLASSES
#include "weft/Dialect/WeftOnnx/IR/WeftOnnxOps.cpp.inc"

Value NodeOp::getInputOrNull(unsigned index) {
  if (index >= getInputs().size())
    return {};
  Value input = getInputs()[index];
  return input.getDefiningOp<AbsentOp>() ? Value() : input;
}

Attribute NodeOp::getNodeAttr(StringRef name) {
  DictionaryAttr attrs = getAttrsAttr();
  return attrs ? attrs.get(name) : Attribute();
}

std::optional<int64_t> NodeOp::getIntAttr(StringRef name) {
  if (auto attr = dyn_cast_or_null<IntegerAttr>(getNodeAttr(name)))
    return attr.getValue().getSExtValue();
  return std::nullopt;
}

std::optional<float> NodeOp::getFloatAttr(StringRef name) {
  auto attr = dyn_cast_or_null<FloatAttr>(getNodeAttr(name));
  if (attr && attr.getType().isF32())
    return attr.getValue().convertToFloat();
  return std::nullopt;
}

std::optional<StringRef> NodeOp::getStringAttr(StringRef name) {
  if (auto attr = dyn_cast_or_null<StringAttr>(getNodeAttr(name)))
    return attr.getValue();
  return std::nullopt;
}

std::optional<ArrayRef<int64_t>> NodeOp::getIntsAttr(StringRef name) {
  if (auto attr = dyn_cast_or_null<DenseI64ArrayAttr>(getNodeAttr(name)))
    return attr.asArrayRef();
  return std::nullopt;
}

std::optional<SmallVector<float>> NodeOp::getFloatsAttr(StringRef name) {
  if (auto attr = dyn_cast_or_null<DenseF32ArrayAttr>(getNodeAttr(name)))
    return llvm::to_vector(attr.asArrayRef());
  auto list = dyn_cast_or_null<ArrayAttr>(getNodeAttr(name));
  if (!list || list.empty())
    return std::nullopt;
  SmallVector<float> values;
  for (Attribute entry : list) {
    auto value = dyn_cast<FloatAttr>(entry);
    if (!value || !value.getType().isF32())
      return std::nullopt;
    values.push_back(value.getValue().convertToFloat());
  }
  return values;
}

ElementsAttr NodeOp::getTensorAttr(StringRef name) {
  return dyn_cast_or_null<ElementsAttr>(getNodeAttr(name));
}

Region *NodeOp::getSubgraph(StringRef name) {
  ArrayAttr names = getSubgraphsAttr();
  if (!names)
    return nullptr;
  for (auto [attr, region] : llvm::zip(names, getBodies()))
    if (cast<StringAttr>(attr).getValue() == name)
      return &region;
  return nullptr;
}

LogicalResult NodeOp::verify() {
  if (getOpType().empty())
    return emitOpError("needs an operator's name");
  if (getDomain() == "ai.onnx")
    return emitOpError("spells the default domain \"ai.onnx\" where \"\" is "
                       "its only spelling");
  size_t named = getSubgraphsAttr() ? getSubgraphsAttr().size() : 0;
  if (named != getBodies().size())
    return emitOpError("names ") << named << " subgraphs but has "
                                 << getBodies().size() << " regions";
  for (auto [index, region] : llvm::enumerate(getBodies())) {
    if (!region.hasOneBlock())
      return emitOpError("subgraph ") << index << " must have one block";
    if (region.front().empty() || !isa<YieldOp>(region.front().back()))
      return emitOpError("subgraph ")
             << index << " must end in weft_onnx.yield";
  }
  return mlir::success();
}

void NodeOp::getEffects(
    SmallVectorImpl<SideEffects::EffectInstance<MemoryEffects::Effect>>
        &effects) {
  // ONNX's operators are functions of their inputs, save those that draw
  // random numbers: two of these must not become one.
  WalkResult random = getOperation()->walk([](NodeOp node) {
    StringRef type = node.getOpType();
    if (type.starts_with("Random") || type == "Multinomial" ||
        type == "Bernoulli" || type == "Dropout")
      return WalkResult::interrupt();
    return WalkResult::advance();
  });
  if (random.wasInterrupted())
    effects.emplace_back(MemoryEffects::Write::get());
}
