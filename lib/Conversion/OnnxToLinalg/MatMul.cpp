// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// MatMul and Gemm as contractions whose bodies are a multiplication and an
// addition. Leading dimensions stay loops of their own.

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace weft::onnxtolinalg;

static std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  llvm::interleaveComma(shape, os);
  return text;
}

/// Drops batch dimensions of size 1 that the other operand broadcasts, and
/// numbers the loops of the rest.
static Value dropBroadcast(NodeLowering &n, const OnnxValue &x,
                           ArrayRef<int64_t> batch, int64_t matrixDims,
                           SmallVectorImpl<unsigned> &dims) {
  int64_t own = x.rank() - matrixDims;
  int64_t lead = static_cast<int64_t>(batch.size()) - own;
  Shape kept;
  for (int64_t d = 0; d < x.rank(); ++d) {
    int64_t size = x.shape()[d];
    if (d < own) {
      if (size == 1 && batch[lead + d] != 1)
        continue;
      dims.push_back(static_cast<unsigned>(lead + d));
    }
    kept.push_back(size);
  }
  return reshape(n.b, x.value, kept);
}

FailureOr<Value> weft::onnxtolinalg::matMul(NodeLowering &n, const OnnxValue &a,
                                            const OnnxValue &b) {
  if (a.rank() == 0 || b.rank() == 0)
    return n.invalid("expected tensors of rank 1 or more, found a scalar");
  int64_t aMatrix = std::min<int64_t>(a.rank(), 2);
  int64_t bMatrix = std::min<int64_t>(b.rank(), 2);
  auto batch = broadcastShapes(a.shape().drop_back(aMatrix),
                               b.shape().drop_back(bMatrix));
  int64_t k = a.shape().back();
  if (!batch || b.shape()[b.rank() - bMatrix] != k)
    return n.invalid("expected shapes that multiply, found [" +
                     shapeText(a.shape()) + "] and [" + shapeText(b.shape()) +
                     "]");
  // Loops: batch..., m, n, k, without m or n where the operand is a vector.
  auto loop = static_cast<unsigned>(batch->size());
  SmallVector<unsigned> aDims, bDims, outDims;
  for (unsigned d = 0; d < loop; ++d)
    outDims.push_back(d);
  Value lhs = dropBroadcast(n, a, *batch, aMatrix, aDims);
  Value rhs = dropBroadcast(n, b, *batch, bMatrix, bDims);
  unsigned mLoop = 0, nLoop = 0;
  if (aMatrix == 2)
    outDims.push_back(mLoop = loop++);
  if (bMatrix == 2)
    outDims.push_back(nLoop = loop++);
  unsigned kLoop = loop++;
  if (aMatrix == 2)
    aDims.push_back(mLoop);
  aDims.push_back(kLoop);
  bDims.push_back(kLoop);
  if (bMatrix == 2)
    bDims.push_back(nLoop);
  return contract(n.b, lhs, aDims, rhs, bDims, outDims, loop);
}

static LogicalResult lowerMatMul(NodeLowering &n) {
  if (failed(n.needInputs(2)))
    return failure();
  const OnnxValue &a = n.in(0), &b = n.in(1);
  if (a.element != b.element)
    return n.invalid("expected inputs of one element type");
  auto product = matMul(n, a, b);
  if (failed(product))
    return failure();
  n.set(0, *product, a.element);
  return success();
}

/// alpha * A' * B' + beta * C
static LogicalResult lowerGemm(NodeLowering &n) {
  if (failed(n.needInputs(2)))
    return failure();
  const OnnxValue &a = n.in(0), &b = n.in(1);
  bool transA = n.intAttr("transA", 0) != 0, transB = n.intAttr("transB", 0);
  if (a.rank() != 2 || b.rank() != 2 || a.element != b.element)
    return n.invalid("expected two matrices of one element type, found [" +
                     shapeText(a.shape()) + "] and [" + shapeText(b.shape()) +
                     "]");
  if (a.shape()[transA ? 0 : 1] != b.shape()[transB ? 1 : 0])
    return n.invalid("expected matrices that multiply, found [" +
                     shapeText(a.shape()) + "] and [" + shapeText(b.shape()) +
                     "]");
  SmallVector<unsigned> aDims =
      transA ? SmallVector<unsigned>{2, 0} : SmallVector<unsigned>{0, 2};
  SmallVector<unsigned> bDims =
      transB ? SmallVector<unsigned>{1, 2} : SmallVector<unsigned>{2, 1};
  Value result = contract(n.b, a.value, aDims, b.value, bDims, {0, 1}, 3);
  float alpha = n.floatAttr("alpha", 1.0f), beta = n.floatAttr("beta", 1.0f);
  bool hasBias = n.has(2) && beta != 0.0f;
  if (!a.isFloat() && (alpha != 1.0f || beta != 1.0f))
    return n.unsupported("expected alpha and beta of 1 for integers");
  if (alpha == 1.0f && !hasBias) {
    n.set(0, result, a.element);
    return success();
  }
  SmallVector<Value> inputs{result};
  auto shape = cast<RankedTensorType>(result.getType()).getShape();
  if (hasBias) {
    if (n.in(2).element != a.element ||
        broadcastShapes(shape, n.in(2).shape()) !=
            std::optional<Shape>(Shape(shape)))
      return n.invalid("expected C to broadcast to [" + shapeText(shape) +
                       "], found [" + shapeText(n.in(2).shape()) + "]");
    inputs.push_back(n.in(2).value);
  }
  Value out = elementwise(
      n.b, inputs, shape, a.element,
      [&](OpBuilder &builder, Location loc, ValueRange args) -> Value {
        auto scaled = [&](Value x, float factor) -> Value {
          if (factor == 1.0f)
            return x;
          return mulScalars(builder, loc, x,
                            scalar(builder, loc, a.element, factor));
        };
        Value y = scaled(args[0], alpha);
        if (hasBias)
          y = addScalars(builder, loc, y, scaled(args[1], beta));
        return y;
      });
  n.set(0, out, a.element);
  return success();
}

void weft::onnxtolinalg::addMatMulLowerings(LoweringTable &table) {
  table.push_back({"MatMul", "", 1, kLatest, lowerMatMul});
  // Before opset 7 C was broadcast on request, by the same rule.
  table.push_back({"Gemm", "", 6, kLatest, lowerGemm});
}
