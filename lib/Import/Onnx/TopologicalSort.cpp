// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Kahn's algorithm (Communications of the ACM 5, 1962), taking of the nodes
// that are ready always the first of the file.

#include "TopologicalSort.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/StringSet.h"

#include <functional>
#include <queue>

using llvm::StringRef;
using namespace weft::onnxir;

std::string weft::onnxir::getNodeName(const onnx::NodeProto &node) {
  if (!node.name().empty())
    return node.name();
  for (const std::string &output : node.output())
    if (!output.empty())
      return node.op_type() + ":" + output;
  return node.op_type();
}

static void collectFreeNames(const onnx::GraphProto &graph,
                             llvm::StringSet<> &names);

/// Adds the names of every value that a node reads.
static void collectReadNames(const onnx::NodeProto &node,
                             llvm::StringSet<> &names) {
  for (const std::string &input : node.input())
    if (!input.empty())
      names.insert(input);
  for (const auto &attribute : node.attribute()) {
    if (attribute.has_g())
      collectFreeNames(attribute.g(), names);
    for (const auto &graph : attribute.graphs())
      collectFreeNames(graph, names);
  }
}

/// Adds the names that a graph uses without defining them.
static void collectFreeNames(const onnx::GraphProto &graph,
                             llvm::StringSet<> &names) {
  llvm::StringSet<> defined, used;
  for (const auto &input : graph.input())
    defined.insert(input.name());
  for (const auto &tensor : graph.initializer())
    defined.insert(tensor.name());
  for (const auto &tensor : graph.sparse_initializer())
    defined.insert(tensor.values().name());
  for (const auto &node : graph.node()) {
    for (const std::string &output : node.output())
      defined.insert(output);
    collectReadNames(node, used);
  }
  for (const auto &output : graph.output())
    used.insert(output.name());
  for (const auto &entry : used)
    if (!defined.contains(entry.getKey()))
      names.insert(entry.getKey());
}

static bool isConstant(const onnx::NodeProto &node) {
  return node.op_type() == "Constant" && node.output_size() == 1 &&
         node.input_size() == 0;
}

SortedNodes weft::onnxir::topologicalSort(const NodeList &nodes) {
  SortedNodes result;
  llvm::StringMap<int> definer;
  std::vector<bool> leftOut(nodes.size(), false);
  for (int i = 0; i < nodes.size(); ++i)
    for (const std::string &output : nodes[i].output()) {
      if (output.empty())
        continue;
      auto [it, isNew] = definer.try_emplace(output, i);
      if (isNew)
        continue;
      int earlier = it->second;
      if (earlier != i && isConstant(nodes[earlier]) && isConstant(nodes[i])) {
        leftOut[earlier] = true;
        result.superseded.push_back(earlier);
        it->second = i;
        continue;
      }
      result.wrongNode = i;
      result.wrong = "defines value '" + output + "', which node '" +
                     getNodeName(nodes[earlier]) + "' defines as well";
      return result;
    }

  std::vector<llvm::SmallVector<int, 2>> readers(nodes.size());
  std::vector<int> waiting(nodes.size(), 0);
  for (int i = 0; i < nodes.size(); ++i) {
    llvm::StringSet<> names;
    collectReadNames(nodes[i], names);
    for (const auto &entry : names) {
      auto it = definer.find(entry.getKey());
      if (it == definer.end())
        continue;
      readers[it->second].push_back(i);
      ++waiting[i];
    }
  }
  std::priority_queue<int, std::vector<int>, std::greater<int>> ready;
  for (int i = 0; i < nodes.size(); ++i)
    if (waiting[i] == 0 && !leftOut[i])
      ready.push(i);
  while (!ready.empty()) {
    int i = ready.top();
    ready.pop();
    result.order.push_back(i);
    for (int reader : readers[i])
      if (--waiting[reader] == 0)
        ready.push(reader);
  }
  for (int i = 0; i < nodes.size(); ++i)
    if (waiting[i] != 0) {
      result.wrongNode = i;
      result.wrong = "is part of a cycle, or needs a value that is: it can "
                     "never be computed";
      break;
    }
  return result;
}
