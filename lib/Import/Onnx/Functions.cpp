// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Inlines calls of model-local functions. Fields of functions that are newer
// than the protobuf schema in use (overload, default values of attributes) are
// read from its unknown fields; the numbers are those of onnx.proto.

#include "Functions.h"
#include "GraphImporter.h"

#include "mlir/IR/Diagnostics.h"

#include <google/protobuf/unknown_field_set.h>

using namespace mlir;
using namespace weft::onnxir;

static std::string getUnknownString(const google::protobuf::Message &message,
                                    int number) {
  const auto &fields = message.GetReflection()->GetUnknownFields(message);
  for (int i = fields.field_count() - 1; i >= 0; --i) {
    const auto &field = fields.field(i);
    if (field.number() == number &&
        field.type() == google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED)
      return field.length_delimited();
  }
  return "";
}

std::string weft::onnxir::getOverload(const onnx::NodeProto &node) {
  return getUnknownString(node, 8);
}

std::string weft::onnxir::getOverload(const onnx::FunctionProto &function) {
  return getUnknownString(function, 13);
}

std::string weft::onnxir::getFunctionKey(const std::string &domain,
                                         const std::string &name,
                                         const std::string &overload) {
  return normalizeDomain(domain) + '\0' + name + '\0' + overload;
}

GraphImporter::GraphImporter(const onnx::ModelProto &model, Location file,
                             TensorReader &tensors)
    : model(model), context(file.getContext()), file(file), tensors(tensors) {
  for (const auto &function : model.functions()) {
    functions[getFunctionKey(function.domain(), function.name(),
                             getOverload(function))] = &function;
    const auto &fields = function.GetReflection()->GetUnknownFields(function);
    for (int i = 0; i < fields.field_count(); ++i) {
      const auto &field = fields.field(i); // attribute_proto
      if (field.number() != 11 ||
          field.type() != google::protobuf::UnknownField::TYPE_LENGTH_DELIMITED)
        continue;
      onnx::AttributeProto &attribute = defaults[&function].emplace_back();
      if (!attribute.ParseFromString(field.length_delimited()))
        defaults[&function].pop_back();
    }
  }
}

LogicalResult GraphImporter::inlineCall(const onnx::NodeProto &node,
                                        const onnx::FunctionProto &function,
                                        ArrayRef<Value> inputs, Scope &scope,
                                        const Frame &frame, Location loc,
                                        OpBuilder &builder) {
  unsigned depth = 0;
  for (const Frame *outer = &frame; outer; outer = outer->caller, ++depth)
    if (outer->function == &function || depth > 64)
      return emitError(loc)
             << "function '" << function.name() << "' calls itself";
  if (static_cast<int>(inputs.size()) > function.input_size() ||
      node.output_size() > function.output_size())
    return emitError(loc) << "has " << inputs.size() << " inputs and "
                          << node.output_size() << " outputs where function '"
                          << function.name() << "' has "
                          << function.input_size() << " and "
                          << function.output_size();

  Frame inner;
  inner.opsets = readOpsets(function.opset_import());
  // A function names the domains it uses; where it does not, the model does.
  inner.opsets.insert(frame.opsets.begin(), frame.opsets.end());
  inner.prefix = frame.prefix + getNodeName(node) + "/";
  inner.function = &function;
  inner.caller = &frame;
  if (auto it = defaults.find(&function); it != defaults.end())
    for (const onnx::AttributeProto &attribute : it->second)
      inner.attributes[attribute.name()] = &attribute;
  for (const onnx::AttributeProto &stated : node.attribute())
    if (const onnx::AttributeProto *attribute = resolve(stated, frame))
      inner.attributes[stated.name()] = attribute;

  Scope body;
  for (int i = 0; i < function.input_size(); ++i) {
    if (body.values.contains(function.input(i)))
      return emitError(loc) << "two inputs of function '" << function.name()
                            << "' have the name '" << function.input(i) << "'";
    body.values[function.input(i)] =
        i < static_cast<int>(inputs.size()) ? inputs[i] : Value();
  }
  if (failed(importNodes(function.node(), body, inner, builder)))
    return failure();
  for (int i = 0; i < node.output_size(); ++i) {
    if (node.output(i).empty())
      continue;
    const Value *value = body.find(function.output(i));
    if (!value)
      return emitError(loc) << "output '" << function.output(i)
                            << "' of function '" << function.name()
                            << "' is defined by none of its nodes or inputs";
    scope.values[node.output(i)] = *value;
  }
  return mlir::success();
}
