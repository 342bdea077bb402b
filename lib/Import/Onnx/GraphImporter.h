// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Builds `weft_onnx` operations from graphs: scopes of names, subgraphs as
// regions, model-local functions inlined. Reading the file and making the
// module is left to OnnxImport.cpp.

#ifndef WEFT_LIB_IMPORT_ONNX_GRAPHIMPORTER_H
#define WEFT_LIB_IMPORT_ONNX_GRAPHIMPORTER_H

#include "Tensors.h"
#include "TopologicalSort.h"

#include "mlir/IR/Builders.h"
#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <list>
#include <map>
#include <string>

namespace weft::onnxir {

/// The values that names mean in a graph; what it lacks is looked up in the
/// graph around it. A null value is an optional input of a function that the
/// caller left out.
struct Scope {
  const Scope *parent = nullptr;
  llvm::StringMap<mlir::Value> values;

  /// Where `name` is defined, or null.
  const mlir::Value *find(llvm::StringRef name) const {
    for (const Scope *scope = this; scope; scope = scope->parent) {
      auto it = scope->values.find(name);
      if (it != scope->values.end())
        return &it->second;
    }
    return nullptr;
  }
};

/// Versions by domain; the default domain is "".
using OpsetMap = std::map<std::string, int64_t>;

/// What surrounds the nodes of the model's graph, or of one call of a function.
struct Frame {
  OpsetMap opsets;
  /// Prefix of the nodes' names: those of the calls around, each with a '/'.
  std::string prefix;
  /// The function called and the values of its attributes; null in the graph.
  const onnx::FunctionProto *function = nullptr;
  llvm::StringMap<const onnx::AttributeProto *> attributes;
  const Frame *caller = nullptr;
};

/// "" for the default domain's two spellings.
std::string normalizeDomain(const std::string &domain);

/// The versions that a model or function imports.
OpsetMap
readOpsets(const google::protobuf::RepeatedPtrField<onnx::OperatorSetIdProto>
               &imports);

/// Imports the graphs of one model. Every error is emitted as a diagnostic.
class GraphImporter {
public:
  GraphImporter(const onnx::ModelProto &model, mlir::Location file,
                TensorReader &tensors);

  /// Adds @main to `module`.
  mlir::LogicalResult importMain(mlir::ModuleOp module);

private:
  /// Imports everything of a graph but its inputs, which `scope` has already
  /// where no initializer stands for them; `outputs` are the graph's.
  mlir::LogicalResult importBody(const onnx::GraphProto &graph, Scope &scope,
                                 const Frame &frame, mlir::OpBuilder &builder,
                                 llvm::SmallVectorImpl<mlir::Value> &outputs);
  mlir::LogicalResult importInitializers(const onnx::GraphProto &graph,
                                         Scope &scope,
                                         mlir::OpBuilder &builder);
  mlir::LogicalResult importNodes(const NodeList &nodes, Scope &scope,
                                  const Frame &frame, mlir::OpBuilder &builder);
  mlir::LogicalResult importNode(const onnx::NodeProto &node, Scope &scope,
                                 const Frame &frame, mlir::OpBuilder &builder);
  mlir::LogicalResult importSubgraph(const onnx::GraphProto &graph,
                                     const Scope &scope, const Frame &frame,
                                     mlir::Location loc, mlir::Region &region);
  mlir::LogicalResult inlineCall(const onnx::NodeProto &node,
                                 const onnx::FunctionProto &function,
                                 llvm::ArrayRef<mlir::Value> inputs,
                                 Scope &scope, const Frame &frame,
                                 mlir::Location loc, mlir::OpBuilder &builder);
  /// The node's inputs, null where one is left out.
  mlir::LogicalResult getInputs(const onnx::NodeProto &node, const Scope &scope,
                                mlir::Location loc,
                                llvm::SmallVectorImpl<mlir::Value> &inputs);
  /// The constant that a Constant node is, or null where it is none.
  llvm::Expected<mlir::ElementsAttr>
  readConstant(const onnx::AttributeProto &attribute);
  llvm::Expected<mlir::Attribute>
  convertAttribute(const onnx::AttributeProto &attribute);
  /// `attribute` itself, or the one of the call that it refers to, or null
  /// where the call lacks that.
  static const onnx::AttributeProto *
  resolve(const onnx::AttributeProto &attribute, const Frame &frame);
  mlir::NameLoc getLoc(const onnx::NodeProto &node, const Frame &frame) const;

  const onnx::ModelProto &model;
  mlir::MLIRContext *context;
  mlir::Location file;
  TensorReader &tensors;
  /// By domain, name and overload, separated by zero bytes.
  llvm::StringMap<const onnx::FunctionProto *> functions;
  /// Default values of functions' attributes, which the parser in use does not
  /// know and so has to be told.
  std::map<const onnx::FunctionProto *, std::list<onnx::AttributeProto>>
      defaults;
  int64_t nodeCount = 0;
};

} // namespace weft::onnxir

#endif // WEFT_LIB_IMPORT_ONNX_GRAPHIMPORTER_H
