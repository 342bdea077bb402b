// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Access to a node's inputs and attributes, its errors, and the table of
// operators. What an operator means is in the files of the families.

#include "Lowering.h"

#include "weft/Conversion/OnnxToLinalg/OnnxToLinalg.h"
#include "weft/Dialect/WeftOnnx/IR/NodeLocation.h"
#include "weft/Transforms/ConstantTensor.h"

#include "mlir/IR/Matchers.h"

#include <map>

using namespace mlir;
using namespace weft::onnxtolinalg;
using weft::ConstantTensor;
using weft::Scalar;
using weft::WeightFiles;
namespace onnxir = weft::onnxir;

/// The first name in a location.
static StringRef nameOf(Location loc) {
  if (auto name = dyn_cast<NameLoc>(loc))
    return name.getName().getValue();
  if (auto fused = dyn_cast<FusedLoc>(loc))
    for (Location part : fused.getLocations())
      if (StringRef name = nameOf(part); !name.empty())
        return name;
  if (auto call = dyn_cast<CallSiteLoc>(loc))
    return nameOf(call.getCallee());
  return {};
}

std::string weft::onnxtolinalg::errorPrefix(onnxir::NodeOp node) {
  // An imported node's location says so itself wherever it is printed.
  if (onnxir::describeLocation(node.getLoc()).find("node '") !=
      std::string::npos)
    return {};
  std::string text = "node '";
  text += nameOf(node.getLoc());
  text += "' (";
  if (!node.getDomain().empty()) {
    text += node.getDomain();
    text += ".";
  }
  text += node.getOpType();
  text += ", opset " + std::to_string(node.getOpset()) + "): ";
  return text;
}

LogicalResult NodeLowering::invalid(const Twine &message) {
  return mlir::emitError(node.getLoc()) << errorPrefix(node) << message;
}

LogicalResult NodeLowering::unsupported(const Twine &message) {
  unsupportedFlag = true;
  return mlir::emitError(node.getLoc()) << errorPrefix(node) << message;
}

InFlightDiagnostic weft::onnxtolinalg::unknownValue(onnxir::NodeOp node,
                                                    const Twine &what) {
  InFlightDiagnostic error = mlir::emitError(node.getLoc());
  error << errorPrefix(node) << "expected " << what
        << " to be known at compile time, found a value that depends on the "
           "model's inputs";
  error.attachNote(node.getLoc())
      << "a program has one shape and one flow: export the model with that "
         "value as a constant, or computed from shapes";
  return error;
}

LogicalResult NodeLowering::dependsOnInputs(const Twine &what) {
  unsupportedFlag = true;
  return unknownValue(node, what);
}

LogicalResult NodeLowering::needInputs(unsigned count) {
  for (unsigned i = 0; i < count; ++i)
    if (!has(i))
      return invalid("expected at least " + Twine(count) +
                     " inputs, found input " + Twine(i) + " missing");
  return success();
}

std::optional<SmallVector<int64_t>> NodeLowering::intsAttr(StringRef name) {
  if (auto values = node.getIntsAttr(name))
    return SmallVector<int64_t>(*values);
  // An empty list may have lost its kind on the way.
  if (auto list = dyn_cast_or_null<ArrayAttr>(node.getNodeAttr(name));
      list && list.empty())
    return SmallVector<int64_t>();
  return std::nullopt;
}

/// Reads a small constant.
static std::optional<ConstantTensor> loadSmall(Value value,
                                               WeightFiles &files) {
  ElementsAttr attr;
  constexpr int64_t limit = 1 << 20;
  if (!matchPattern(value, m_Constant(&attr)) || attr.getNumElements() > limit)
    return std::nullopt;
  return ConstantTensor::load(attr, &files);
}

std::optional<SmallVector<int64_t>> NodeLowering::constantInts(unsigned i) {
  if (!has(i))
    return std::nullopt;
  auto tensor = loadSmall(in(i).value, files);
  if (!tensor || tensor->scalarType().isFloat())
    return std::nullopt;
  SmallVector<int64_t> values;
  for (const Scalar &element : tensor->data)
    values.push_back(element.i);
  return values;
}

std::optional<SmallVector<double>> NodeLowering::constantFloats(unsigned i) {
  if (!has(i))
    return std::nullopt;
  auto tensor = loadSmall(in(i).value, files);
  if (!tensor)
    return std::nullopt;
  bool isFloat = tensor->scalarType().isFloat();
  SmallVector<double> values;
  for (const Scalar &element : tensor->data)
    values.push_back(isFloat ? element.f : static_cast<double>(element.i));
  return values;
}

FailureOr<SmallVector<int64_t>> NodeLowering::requireInts(unsigned i,
                                                          StringRef what) {
  if (auto values = constantInts(i))
    return *values;
  if (!has(i))
    return invalid("expected input " + Twine(i) + " (" + what +
                   "), found none");
  return dependsOnInputs(what);
}

FailureOr<int64_t> NodeLowering::normalizeAxis(int64_t axis, int64_t rank) {
  int64_t normal = axis < 0 ? axis + rank : axis;
  if (normal < 0 || normal >= rank)
    return invalid("expected an axis of a tensor of rank " + Twine(rank) +
                   ", found " + Twine(axis));
  return normal;
}

FailureOr<std::optional<SmallVector<int64_t>>>
NodeLowering::axes(unsigned i, int64_t rank) {
  std::optional<SmallVector<int64_t>> given = intsAttr("axes");
  if (!given && has(i)) {
    auto values = requireInts(i, "axes");
    if (failed(values))
      return failure();
    given = *values;
  }
  if (!given)
    return given;
  for (int64_t &axis : *given) {
    auto normal = normalizeAxis(axis, rank);
    if (failed(normal))
      return failure();
    axis = *normal;
  }
  llvm::sort(*given);
  given->erase(llvm::unique(*given), given->end());
  return given;
}

const LoweringTable &weft::onnxtolinalg::loweringTable() {
  static const LoweringTable table = [] {
    LoweringTable rows;
    addConstantLowerings(rows);
    addElementwiseLowerings(rows);
    addActivationLowerings(rows);
    addCastLowerings(rows);
    addReduceLowerings(rows);
    addMatMulLowerings(rows);
    addEinsumLowerings(rows);
    addNormalizationLowerings(rows);
    addSoftmaxLowerings(rows);
    addShapeLowerings(rows);
    addMovementLowerings(rows);
    addGatherLowerings(rows);
    addScanLowerings(rows);
    addQuantizationLowerings(rows);
    addIntegerMatMulLowerings(rows);
    return rows;
  }();
  return table;
}

const Lowering *weft::onnxtolinalg::findLowering(StringRef op, StringRef domain,
                                                 int64_t opset) {
  // Exporters write operators of ONNX Runtime's own into the default domain,
  // whose opsets say nothing about them.
  const Lowering *contrib = nullptr;
  for (const Lowering &row : loweringTable()) {
    if (row.op != op)
      continue;
    if (row.domain == domain && opset >= row.since && opset <= row.until)
      return &row;
    if (row.domain == "com.microsoft")
      contrib = &row;
  }
  return domain.empty() ? contrib : nullptr;
}

void weft::listSupportedOperators(raw_ostream &os) {
  // Rows of one operator with adjoining opsets become one line.
  std::map<std::pair<StringRef, StringRef>, std::pair<int64_t, int64_t>> ranges;
  for (const Lowering &row : loweringTable()) {
    if (row.domain == kInternalDomain)
      continue;
    auto [it, inserted] = ranges.try_emplace({row.domain, row.op},
                                             std::pair{row.since, row.until});
    if (!inserted) {
      it->second.first = std::min(it->second.first, row.since);
      it->second.second = std::max(it->second.second, row.until);
    }
  }
  // `If` is inlined by the pass itself.
  ranges.try_emplace({"", "If"}, std::pair<int64_t, int64_t>{1, kLatest});
  os << "| operator | domain | opsets |\n| --- | --- | --- |\n";
  for (const auto &[key, range] : ranges) {
    os << "| " << key.second << " | "
       << (key.first.empty() ? StringRef("ai.onnx") : key.first) << " | "
       << range.first;
    if (range.second == kLatest)
      os << " and later";
    else if (range.second != range.first)
      os << "–" << range.second;
    os << " |\n";
  }
}
