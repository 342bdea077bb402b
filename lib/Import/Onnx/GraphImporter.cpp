// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Graphs, scopes and single nodes. Attributes are converted in Attributes.cpp,
// calls of model-local functions inlined in Functions.cpp.

#include "GraphImporter.h"

#include "Functions.h"
#include "Types.h"

#include "weft/Dialect/WeftOnnx/IR/NodeLocation.h"
#include "weft/Dialect/WeftOnnx/IR/WeftOnnxOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"

using namespace mlir;
using namespace weft;
using namespace weft::onnxir;

std::string weft::onnxir::normalizeDomain(const std::string &domain) {
  return domain == "ai.onnx" ? "" : domain;
}

OpsetMap weft::onnxir::readOpsets(
    const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>
        &imports) {
  OpsetMap opsets;
  for (const auto &entry : imports) {
    int64_t &version = opsets[normalizeDomain(entry.domain())];
    version = std::max(version, entry.version());
  }
  return opsets;
}

/// Domains that are used without being imported have version 1.
static int64_t getOpset(const Frame &frame, const std::string &domain) {
  auto it = frame.opsets.find(domain);
  return it == frame.opsets.end() ? 1 : it->second;
}

NameLoc GraphImporter::getLoc(const onnx::NodeProto &node,
                              const Frame &frame) const {
  std::string domain = normalizeDomain(node.domain());
  return getNodeLoc(file, frame.prefix + getNodeName(node), domain,
                    node.op_type(), getOpset(frame, domain));
}

LogicalResult GraphImporter::importInitializers(const onnx::GraphProto &graph,
                                                Scope &scope,
                                                OpBuilder &builder) {
  auto define =
      [&](const std::string &name,
          llvm::function_ref<llvm::Expected<Value>()> build) -> LogicalResult {
    if (name.empty())
      return emitError(file) << "an initializer has no name";
    if (scope.values.contains(name))
      return emitError(file) << "initializer '" << name << "' is defined twice";
    llvm::Expected<Value> value = build();
    if (!value)
      return emitError(file) << "initializer '" << name
                             << "': " << llvm::toString(value.takeError());
    scope.values[name] = *value;
    return mlir::success();
  };
  for (const auto &tensor : graph.initializer()) {
    NameLoc loc = getInitializerLoc(file, tensor.name());
    auto build = [&]() -> llvm::Expected<Value> {
      llvm::Expected<ElementsAttr> attr = tensors.read(tensor);
      if (!attr)
        return attr.takeError();
      return arith::ConstantOp::create(builder, loc, cast<TypedAttr>(*attr))
          .getResult();
    };
    if (failed(define(tensor.name(), build)))
      return failure();
  }
  for (const auto &sparse : graph.sparse_initializer()) {
    const std::string &name = sparse.values().name();
    NameLoc loc = getInitializerLoc(file, name);
    auto build = [&]() -> llvm::Expected<Value> {
      llvm::Expected<DictionaryAttr> attr = tensors.read(sparse);
      if (!attr)
        return attr.takeError();
      // Version 11 is the first whose Constant has a sparse value.
      auto attrs = builder.getDictionaryAttr(
          builder.getNamedAttr("sparse_value", *attr));
      auto node = NodeOp::create(
          builder, loc, TypeRange{UnknownType::get(context)}, "Constant", "",
          /*opset=*/11, attrs, ArrayAttr(), ValueRange(), 0);
      return node.getResult(0);
    };
    if (failed(define(name, build)))
      return failure();
  }
  return mlir::success();
}

LogicalResult GraphImporter::importBody(const onnx::GraphProto &graph,
                                        Scope &scope, const Frame &frame,
                                        OpBuilder &builder,
                                        SmallVectorImpl<Value> &outputs) {
  if (failed(importInitializers(graph, scope, builder)) ||
      failed(importNodes(graph.node(), scope, frame, builder)))
    return failure();
  for (const auto &output : graph.output()) {
    const Value *value = scope.find(output.name());
    if (!value)
      return emitError(file)
             << "graph '" << graph.name() << "': its output '" << output.name()
             << "' is defined by no node, input or initializer";
    if (!*value) // An absent input of the function around.
      return emitError(file)
             << "graph '" << graph.name() << "': its output '" << output.name()
             << "' is an optional input that the call leaves out";
    llvm::Expected<Type> type = convertType(context, output.type());
    if (!type)
      return emitError(file) << "output '" << output.name()
                             << "': " << llvm::toString(type.takeError());
    // A graph's interface is the one place where types that the model states
    // are taken over.
    if (value->getDefiningOp<NodeOp>() && isa<UnknownType>(value->getType()))
      Value(*value).setType(*type);
    outputs.push_back(*value);
  }
  return mlir::success();
}

LogicalResult GraphImporter::importMain(ModuleOp module) {
  const onnx::GraphProto &graph = model.graph();
  llvm::StringSet<> initialized;
  for (const auto &tensor : graph.initializer())
    initialized.insert(tensor.name());
  for (const auto &tensor : graph.sparse_initializer())
    initialized.insert(tensor.values().name());

  OpBuilder builder(context);
  auto describe = [&](const onnx::ValueInfoProto &info) {
    NamedAttrList attrs;
    attrs.set(kNameAttr, builder.getStringAttr(info.name()));
    if (ArrayAttr dims = convertDims(context, info.type()))
      attrs.set(kDimsAttr, dims);
    return attrs.getDictionary(context);
  };

  SmallVector<Type> inputTypes, outputTypes;
  SmallVector<Attribute> inputAttrs, outputAttrs;
  SmallVector<const onnx::ValueInfoProto *> inputs;
  llvm::StringSet<> names;
  for (const auto &input : graph.input()) {
    // Before IR version 4 every initializer had to be an input as well.
    if (initialized.contains(input.name()))
      continue;
    if (input.name().empty())
      return emitError(file) << "an input without a name";
    if (!names.insert(input.name()).second)
      return emitError(file)
             << "two inputs have the name '" << input.name() << "'";
    llvm::Expected<Type> type = convertType(context, input.type());
    if (!type || isa<UnknownType>(*type))
      return emitError(file)
             << "input '" << input.name() << "': "
             << (type ? "has no type" : llvm::toString(type.takeError()));
    inputs.push_back(&input);
    inputTypes.push_back(*type);
    inputAttrs.push_back(describe(input));
  }

  builder.setInsertionPointToEnd(module.getBody());
  auto func = func::FuncOp::create(builder, file, "main",
                                   builder.getFunctionType(inputTypes, {}));
  Block *entry = func.addEntryBlock();
  builder.setInsertionPointToStart(entry);
  Scope scope;
  for (auto [info, argument] : llvm::zip(inputs, entry->getArguments())) {
    argument.setLoc(NameLoc::get(builder.getStringAttr(info->name()), file));
    scope.values[info->name()] = argument;
  }
  Frame frame;
  frame.opsets = readOpsets(model.opset_import());
  SmallVector<Value> outputs;
  if (failed(importBody(graph, scope, frame, builder, outputs)))
    return failure();
  names.clear();
  for (const auto &[info, value] : llvm::zip(graph.output(), outputs)) {
    if (!names.insert(info.name()).second)
      return emitError(file)
             << "two outputs have the name '" << info.name() << "'";
    outputTypes.push_back(value.getType());
    outputAttrs.push_back(describe(info));
  }
  func::ReturnOp::create(builder, file, outputs);
  func.setFunctionType(builder.getFunctionType(inputTypes, outputTypes));
  func.setAllArgAttrs(inputAttrs);
  func.setAllResultAttrs(outputAttrs);
  return mlir::success();
}

LogicalResult GraphImporter::importNodes(const NodeList &nodes, Scope &scope,
                                         const Frame &frame,
                                         OpBuilder &builder) {
  SortedNodes sorted = topologicalSort(nodes);
  if (sorted.wrongNode >= 0)
    return emitError(getLoc(nodes[sorted.wrongNode], frame)) << sorted.wrong;
  if (!sorted.superseded.empty()) {
    const onnx::NodeProto &first = nodes[sorted.superseded.front()];
    emitWarning(getLoc(first, frame))
        << "value '" << first.output(0) << "' is defined twice by Constants"
        << (sorted.superseded.size() > 1
                ? ", and so are " +
                      std::to_string(sorted.superseded.size() - 1) + " more"
                : std::string())
        << "; the last definition is used";
  }
  for (int index : sorted.order)
    if (failed(importNode(nodes[index], scope, frame, builder)))
      return failure();
  return mlir::success();
}

LogicalResult GraphImporter::getInputs(const onnx::NodeProto &node,
                                       const Scope &scope, Location loc,
                                       SmallVectorImpl<Value> &inputs) {
  for (int i = 0; i < node.input_size(); ++i) {
    const std::string &name = node.input(i);
    if (name.empty()) {
      inputs.push_back({});
      continue;
    }
    const Value *value = scope.find(name);
    if (!value)
      return emitError(loc) << "input " << i << " is '" << name
                            << "', which no node, input or initializer "
                               "defines";
    inputs.push_back(*value);
  }
  while (!inputs.empty() && !inputs.back())
    inputs.pop_back();
  return mlir::success();
}

LogicalResult GraphImporter::importSubgraph(const onnx::GraphProto &graph,
                                            const Scope &scope,
                                            const Frame &frame, Location loc,
                                            Region &region) {
  OpBuilder builder(context);
  Block *block = builder.createBlock(&region);
  Scope inner;
  inner.parent = &scope;
  llvm::StringSet<> initialized;
  for (const auto &tensor : graph.initializer())
    initialized.insert(tensor.name());
  for (const auto &input : graph.input()) {
    if (initialized.contains(input.name()))
      continue;
    if (inner.values.contains(input.name()))
      return emitError(loc) << "two inputs of its subgraph have the name '"
                            << input.name() << "'";
    llvm::Expected<Type> type = convertType(context, input.type());
    if (!type)
      return emitError(loc)
             << "input '" << input.name()
             << "' of its subgraph: " << llvm::toString(type.takeError());
    inner.values[input.name()] = block->addArgument(
        *type, NameLoc::get(builder.getStringAttr(input.name()), file));
  }
  SmallVector<Value> outputs;
  if (failed(importBody(graph, inner, frame, builder, outputs)))
    return failure();
  YieldOp::create(builder, loc, outputs);
  return mlir::success();
}

LogicalResult GraphImporter::importNode(const onnx::NodeProto &node,
                                        Scope &scope, const Frame &frame,
                                        OpBuilder &builder) {
  NameLoc loc = getLoc(node, frame);
  if (node.op_type().empty())
    return emitError(loc) << "a node without an operator";
  // Functions that call functions can say much with little.
  if (++nodeCount > 1'000'000)
    return emitError(loc) << "more than a million nodes, counting those of "
                             "functions once for every call";
  for (const std::string &name : node.output())
    if (!name.empty() && scope.values.contains(name))
      return emitError(loc) << "defines value '" << name
                            << "', which is an input or initializer already";
  SmallVector<Value> inputs;
  if (failed(getInputs(node, scope, loc, inputs)))
    return failure();

  std::string domain = normalizeDomain(node.domain());
  if (const onnx::FunctionProto *function = functions.lookup(
          getFunctionKey(domain, node.op_type(), getOverload(node))))
    return inlineCall(node, *function, inputs, scope, frame, loc, builder);

  NamedAttrList attrs;
  SmallVector<std::pair<std::string, const onnx::GraphProto *>> graphs;
  for (const onnx::AttributeProto &stated : node.attribute()) {
    const onnx::AttributeProto *attribute = resolve(stated, frame);
    if (!attribute)
      continue;
    const std::string &name = stated.name();
    if (name.empty())
      return emitError(loc) << "an attribute without a name";
    if (attribute->has_g())
      graphs.emplace_back(name, &attribute->g());
    for (int i = 0; i < attribute->graphs_size(); ++i)
      graphs.emplace_back(name + "[" + std::to_string(i) + "]",
                          &attribute->graphs(i));
    if (attribute->has_g() || attribute->graphs_size() > 0) {
      if (attribute != &stated)
        return emitError(loc) << "attribute '" << name
                              << "' is a graph that the function's caller "
                                 "gives, which is not supported";
      continue;
    }
    if (domain.empty() && node.op_type() == "Constant" &&
        node.output_size() == 1 && node.attribute_size() == 1) {
      llvm::Expected<ElementsAttr> value = readConstant(*attribute);
      if (!value)
        return emitError(loc) << llvm::toString(value.takeError());
      if (*value) {
        scope.values[node.output(0)] =
            arith::ConstantOp::create(builder, loc, cast<TypedAttr>(*value));
        return mlir::success();
      }
    }
    llvm::Expected<Attribute> converted = convertAttribute(*attribute);
    if (!converted)
      return emitError(loc) << "attribute '" << name
                            << "': " << llvm::toString(converted.takeError());
    if (attrs.get(name))
      return emitError(loc) << "two attributes have the name '" << name << "'";
    attrs.set(name, *converted);
  }

  Value absent;
  for (Value &input : inputs) {
    if (input)
      continue;
    if (!absent)
      absent = AbsentOp::create(builder, loc, builder.getNoneType());
    input = absent;
  }
  SmallVector<Type> types;
  for (const std::string &name : node.output())
    types.push_back(name.empty() ? Type(builder.getNoneType())
                                 : UnknownType::get(context));
  SmallVector<Attribute> graphNames;
  for (const auto &entry : graphs)
    graphNames.push_back(builder.getStringAttr(entry.first));
  auto op = NodeOp::create(
      builder, loc, types, node.op_type(), domain, getOpset(frame, domain),
      attrs.empty() ? DictionaryAttr() : attrs.getDictionary(context),
      graphs.empty() ? ArrayAttr() : builder.getArrayAttr(graphNames), inputs,
      graphs.size());
  for (auto [entry, region] : llvm::zip(graphs, op.getBodies()))
    if (failed(importSubgraph(*entry.second, scope, frame, loc, region)))
      return failure();
  for (auto [name, result] : llvm::zip(node.output(), op.getOutputs()))
    if (!name.empty())
      scope.values[name] = result;
  return mlir::success();
}
