// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Finds products of two dequantised tensors, as graphs in QDQ form have them,
// and makes each one node that has the quantised tensors and their scales: its
// sums are of integers, and exact. Decides by what is known before shapes are:
// scales that are constants, bytes that constants or QuantizeLinear give.

#include "Lowering.h"

#include "weft/Dialect/WeftOnnx/IR/NodeLocation.h"

#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace weft::onnxtolinalg;
namespace onnxir = weft::onnxir;

static ElementsAttr constantOf(Value value) {
  ElementsAttr attr;
  if (!value || !matchPattern(value, m_Constant(&attr)))
    return {};
  return attr;
}

/// Whether a value is known to have elements of 8 bits.
static bool isBytes(Value value) {
  if (auto tensor = dyn_cast<TensorType>(value.getType()))
    return tensor.getElementType().isInteger(8);
  auto node = value.getDefiningOp<onnxir::NodeOp>();
  if (!node)
    return false;
  if (node.is("DynamicQuantizeLinear"))
    return value == node->getResult(0);
  if (node.is("QuantizeLinear") || node.is("QLinearMatMul")) {
    unsigned zero = node.is("QuantizeLinear") ? 2 : 7;
    Value point = node.getInputOrNull(zero);
    if (!point)
      return !node.getIntAttr("output_dtype");
    return isBytes(point);
  }
  // Movement keeps what it moves.
  if (node.is("Reshape") || node.is("Transpose") || node.is("Squeeze") ||
      node.is("Unsqueeze") || node.is("Identity") || node.is("Flatten") ||
      node.is("Slice") || node.is("Gather"))
    return isBytes(node.getInputs()[0]);
  return false;
}

/// The DequantizeLinear that makes a value from bytes with a constant scale:
/// one for the tensor, or, where `columns` says so, one for each index of
/// `axis`.
static onnxir::NodeOp dequantizer(Value value, bool columns, int64_t axis,
                                  int64_t rank) {
  auto node = value.getDefiningOp<onnxir::NodeOp>();
  if (!node || !node.is("DequantizeLinear") || node.getInputs().size() < 2 ||
      node.getIntAttr("block_size").value_or(0) != 0 ||
      !isBytes(node.getInputs()[0]))
    return {};
  ElementsAttr scale = constantOf(node.getInputs()[1]);
  if (!scale || !scale.getElementType().isF32())
    return {};
  // Zero points of a tensor that is streamed are one number as well.
  if (Value zero = node.getInputOrNull(2))
    if (ElementsAttr known = constantOf(zero);
        !known || known.getNumElements() != scale.getNumElements())
      return {};
  if (scale.getNumElements() == 1)
    return node;
  int64_t own = node.getIntAttr("axis").value_or(1);
  if (own < 0)
    own += rank;
  auto type = cast<ShapedType>(scale.getType());
  return columns && type.getRank() == 1 && own == axis ? node
                                                       : onnxir::NodeOp();
}

static void fuse(onnxir::NodeOp node) {
  bool gemm = node.is("Gemm");
  if ((!gemm && !node.is("MatMul")) || node.getInputs().size() < 2)
    return;
  Value rhs = node.getInputs()[1];
  bool columns = false;
  int64_t axis = 1, rank = 2;
  if (gemm) {
    columns = true;
    axis = node.getIntAttr("transB").value_or(0) ? 0 : 1;
  } else if (auto source = rhs.getDefiningOp<onnxir::NodeOp>();
             source && !source.getInputs().empty()) {
    // Columns of a batch of matrices would need the rank: constants have one.
    auto type = dyn_cast<RankedTensorType>(source.getInputs()[0].getType());
    columns = type && type.getRank() == 2;
  }
  onnxir::NodeOp a = dequantizer(node.getInputs()[0], false, 0, 0);
  onnxir::NodeOp b = dequantizer(rhs, columns, axis, rank);
  if (!a || !b)
    return;
  OpBuilder builder(node);
  SmallVector<Value> inputs;
  Value absent;
  auto add = [&](Value value) {
    if (!value) {
      if (!absent)
        absent = onnxir::AbsentOp::create(builder, node.getLoc(),
                                          builder.getNoneType());
      value = absent;
    }
    inputs.push_back(value);
  };
  for (onnxir::NodeOp side : {a, b}) {
    add(side.getInputs()[0]);
    add(side.getInputs()[1]);
    add(side.getInputOrNull(2));
  }
  if (gemm)
    add(node.getInputOrNull(2));
  auto fused = onnxir::NodeOp::create(
      builder, node.getLoc(), node->getResultTypes(), node.getOpTypeAttr(),
      builder.getStringAttr(kInternalDomain), node.getOpsetAttr(),
      node.getAttrsAttr(), ArrayAttr(), inputs, 0u);
  node->replaceAllUsesWith(fused->getResults());
  node->erase();
  for (onnxir::NodeOp side : {a, b})
    if (side->use_empty())
      side->erase();
}

void weft::onnxtolinalg::fuseDequantizedProducts(Block &block) {
  SmallVector<onnxir::NodeOp> nodes(block.getOps<onnxir::NodeOp>());
  // Users only: what is fused away comes before in the list and is no product.
  SmallVector<onnxir::NodeOp> products;
  for (onnxir::NodeOp node : nodes)
    if (node.is("MatMul") || node.is("Gemm"))
      products.push_back(node);
  for (onnxir::NodeOp node : products)
    fuse(node);
}
