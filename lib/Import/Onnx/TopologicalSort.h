// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Puts the nodes of a graph into an order in which every value is defined
// before it is used, which ONNX asks for and exporters do not always deliver.

#ifndef WEFT_LIB_IMPORT_ONNX_TOPOLOGICALSORT_H
#define WEFT_LIB_IMPORT_ONNX_TOPOLOGICALSORT_H

#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringRef.h"

#include <onnx/onnx_pb.h>

#include <string>

namespace weft::onnxir {

using NodeList = google::protobuf::RepeatedPtrField<onnx::NodeProto>;

/// What topologicalSort found.
struct SortedNodes {
  /// Indices of the nodes, in order. The order of the file is kept wherever it
  /// is possible; a file in order comes back as it is.
  llvm::SmallVector<int> order;
  /// Nodes left out: Constants whose value a later Constant defines again. ONNX
  /// forbids that; ONNX Runtime takes the last one, and tools that edit models
  /// rely on it.
  llvm::SmallVector<int> superseded;
  /// Where there is no order: a node that is wrong and what is wrong with it
  /// (two nodes define one value, or values depend on themselves).
  int wrongNode = -1;
  std::string wrong;
};

/// Sorts `nodes`. A node depends on the nodes that define its inputs and the
/// values that its subgraphs capture; names that no node of the list defines
/// are somebody else's.
SortedNodes topologicalSort(const NodeList &nodes);

/// The name of a node: its own, or "OP:FIRST_OUTPUT" where it has none.
std::string getNodeName(const onnx::NodeProto &node);

} // namespace weft::onnxir

#endif // WEFT_LIB_IMPORT_ONNX_TOPOLOGICALSORT_H
