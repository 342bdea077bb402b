// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Converts attributes, those of Constant nodes to tensors. The forms are those
// that the description of `weft_onnx.node` lists.

#include "GraphImporter.h"

#include "Types.h"

#include "weft/Dialect/WeftOnnx/IR/WeftOnnxDialect.h"

using namespace mlir;
using namespace weft::onnxir;

using onnx::AttributeProto;

/// The kind of an attribute, guessed from its contents where the model does not
/// say (it had to from IR version 2 on).
static AttributeProto::AttributeType getKind(const AttributeProto &attribute) {
  if (attribute.type() != AttributeProto::UNDEFINED)
    return attribute.type();
  if (attribute.has_f())
    return AttributeProto::FLOAT;
  if (attribute.has_i())
    return AttributeProto::INT;
  if (attribute.has_s())
    return AttributeProto::STRING;
  if (attribute.has_t())
    return AttributeProto::TENSOR;
  if (attribute.has_sparse_tensor())
    return AttributeProto::SPARSE_TENSOR;
  if (attribute.has_tp())
    return AttributeProto::TYPE_PROTO;
  if (attribute.floats_size())
    return AttributeProto::FLOATS;
  if (attribute.ints_size())
    return AttributeProto::INTS;
  if (attribute.strings_size())
    return AttributeProto::STRINGS;
  if (attribute.tensors_size())
    return AttributeProto::TENSORS;
  return AttributeProto::UNDEFINED;
}

/// Converts every entry of `list` with `convert` into an array.
template <typename List, typename Convert>
static llvm::Expected<Attribute>
convertList(MLIRContext *context, const List &list, Convert convert) {
  SmallVector<Attribute> entries;
  for (const auto &entry : list) {
    auto converted = convert(entry);
    if (!converted)
      return converted.takeError();
    entries.push_back(*converted);
  }
  return ArrayAttr::get(context, entries);
}

llvm::Expected<Attribute>
GraphImporter::convertAttribute(const AttributeProto &attribute) {
  Builder builder(context);
  auto convertTensor = [&](const auto &tensor) { return tensors.read(tensor); };
  auto convertTypeAttr =
      [&](const onnx::TypeProto &type) -> llvm::Expected<Attribute> {
    llvm::Expected<Type> converted = convertType(context, type);
    if (!converted)
      return converted.takeError();
    return TypeAttr::get(*converted);
  };
  switch (getKind(attribute)) {
  case AttributeProto::FLOAT:
    return builder.getF32FloatAttr(attribute.f());
  case AttributeProto::INT:
    return builder.getI64IntegerAttr(attribute.i());
  case AttributeProto::STRING:
    return builder.getStringAttr(attribute.s());
  case AttributeProto::TENSOR:
    return tensors.read(attribute.t());
  case AttributeProto::SPARSE_TENSOR:
    return tensors.read(attribute.sparse_tensor());
  case AttributeProto::TYPE_PROTO:
    return convertTypeAttr(attribute.tp());
  case AttributeProto::FLOATS:
    // `array<f32: ...>` prints six digits only; without entries it alone says
    // what it is a list of.
    if (attribute.floats().empty())
      return builder.getDenseF32ArrayAttr({});
    return builder.getF32ArrayAttr(
        ArrayRef(attribute.floats().data(), attribute.floats_size()));
  case AttributeProto::INTS:
    return builder.getDenseI64ArrayAttr(
        ArrayRef(attribute.ints().data(), attribute.ints_size()));
  case AttributeProto::STRINGS: {
    SmallVector<StringRef> strings(attribute.strings().begin(),
                                   attribute.strings().end());
    return builder.getStrArrayAttr(strings);
  }
  case AttributeProto::TENSORS:
    return convertList(context, attribute.tensors(), convertTensor);
  case AttributeProto::SPARSE_TENSORS:
    return convertList(context, attribute.sparse_tensors(), convertTensor);
  case AttributeProto::TYPE_PROTOS:
    return convertList(context, attribute.type_protos(), convertTypeAttr);
  case AttributeProto::GRAPH:
  case AttributeProto::GRAPHS:
  case AttributeProto::UNDEFINED:
    break;
  }
  return makeError("has no value of the kind it states");
}

llvm::Expected<ElementsAttr>
GraphImporter::readConstant(const AttributeProto &attribute) {
  Builder builder(context);
  auto list = [&](int64_t size, Type element) {
    return RankedTensorType::get({size}, element);
  };
  AttributeProto::AttributeType kind = getKind(attribute);
  Type f32 = builder.getF32Type(), i64 = builder.getI64Type();
  if (kind == AttributeProto::TENSOR)
    return tensors.read(attribute.t());
  if (kind == AttributeProto::FLOAT)
    return DenseElementsAttr::get(RankedTensorType::get({}, f32),
                                  attribute.f());
  if (kind == AttributeProto::INT)
    return DenseElementsAttr::get(RankedTensorType::get({}, i64),
                                  attribute.i());
  if (kind == AttributeProto::STRING)
    return DenseElementsAttr::get(
        RankedTensorType::get({}, StringType::get(context)),
        StringRef(attribute.s()));
  if (kind == AttributeProto::FLOATS)
    return DenseElementsAttr::get(
        list(attribute.floats_size(), f32),
        ArrayRef(attribute.floats().data(), attribute.floats_size()));
  if (kind == AttributeProto::INTS)
    return DenseElementsAttr::get(
        list(attribute.ints_size(), i64),
        ArrayRef(attribute.ints().data(), attribute.ints_size()));
  if (kind == AttributeProto::STRINGS) {
    SmallVector<StringRef> strings(attribute.strings().begin(),
                                   attribute.strings().end());
    return DenseElementsAttr::get(
        list(strings.size(), StringType::get(context)), strings);
  }
  if (kind != AttributeProto::SPARSE_TENSOR)
    return makeError("a Constant whose attribute '" + attribute.name() +
                     "' is no value");
  return ElementsAttr();
}

const AttributeProto *GraphImporter::resolve(const AttributeProto &attribute,
                                             const Frame &frame) {
  if (attribute.ref_attr_name().empty())
    return &attribute;
  return frame.attributes.lookup(attribute.ref_attr_name());
}
