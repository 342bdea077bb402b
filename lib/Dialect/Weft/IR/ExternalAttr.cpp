// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Checks `#weft.external` and folds reshapes of it. Reading the bytes is left
// to ExternalData.cpp.

#include "weft/Dialect/Weft/IR/ExternalData.h"
#include "weft/Dialect/Weft/IR/WeftDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"
#include "mlir/IR/PatternMatch.h"
#include "llvm/Support/MathExtras.h"

using namespace mlir;

std::optional<int64_t> weft::getPackedByteSize(ShapedType type) {
  if (!type.hasStaticShape())
    return std::nullopt;
  Type element = type.getElementType();
  int64_t bits = 0;
  if (auto complex = dyn_cast<ComplexType>(element)) {
    if (!complex.getElementType().isIntOrFloat())
      return std::nullopt;
    bits = 2 * static_cast<int64_t>(
                   complex.getElementType().getIntOrFloatBitWidth());
  } else if (element.isIntOrFloat()) {
    bits = element.getIntOrFloatBitWidth();
  } else {
    return std::nullopt;
  }
  if (bits == 1)
    bits = 8; // A boolean takes a byte.
  for (int64_t dim : type.getShape())
    if (dim == 0)
      return 0;
  int64_t total = bits;
  for (int64_t dim : type.getShape())
    if (llvm::MulOverflow(total, dim, total))
      return std::nullopt;
  return total / 8 + (total % 8 != 0);
}

LogicalResult weft::ExternalElementsAttr::verify(
    llvm::function_ref<InFlightDiagnostic()> emitError, ShapedType type,
    StringAttr file, int64_t offset, int64_t length) {
  if (!isa<RankedTensorType>(type))
    return emitError()
           << "an external weight needs a ranked tensor type, found " << type;
  std::optional<int64_t> bytes = getPackedByteSize(type);
  if (!bytes)
    return emitError() << "an external weight needs a static shape of numbers, "
                          "found "
                       << type;
  if (file.getValue().empty())
    return emitError() << "an external weight needs a file name";
  if (offset < 0 || length < 0 || llvm::AddOverflow(offset, length, length))
    return emitError() << "an external weight needs an offset and a length "
                          "that are not negative";
  length -= offset;
  if (length != *bytes)
    return emitError() << type << " takes " << *bytes
                       << " bytes, but the external weight has " << length;
  return mlir::success();
}

namespace {

/// A reshape of an external weight is the same bytes under another type.
template <typename Reshape>
struct FoldReshapeOfExternal : OpRewritePattern<Reshape> {
  using OpRewritePattern<Reshape>::OpRewritePattern;

  LogicalResult matchAndRewrite(Reshape op,
                                PatternRewriter &rewriter) const override {
    weft::ExternalElementsAttr weight;
    if (!matchPattern(op->getOperand(0), m_Constant(&weight)))
      return failure();
    auto type = dyn_cast<RankedTensorType>(op->getResult(0).getType());
    if (!type || !type.hasStaticShape())
      return failure();
    auto reshaped = weft::ExternalElementsAttr::get(
        type, weight.getFile(), weight.getOffset(), weight.getLength());
    // The weight keeps its name.
    rewriter.replaceOp(op, arith::ConstantOp::create(rewriter,
                                                     op->getOperand(0).getLoc(),
                                                     type, reshaped));
    return mlir::success();
  }
};

} // namespace

void weft::populateExternalFoldPatterns(RewritePatternSet &patterns) {
  patterns.add<FoldReshapeOfExternal<tensor::ExpandShapeOp>,
               FoldReshapeOfExternal<tensor::CollapseShapeOp>,
               FoldReshapeOfExternal<tensor::ReshapeOp>>(patterns.getContext());
}
