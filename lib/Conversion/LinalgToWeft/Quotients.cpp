// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of quotients: sum over k of (x / d) y is (sum over k of x y) / d
// where d does not depend on k, as softmax's denominators in attention. The
// quotient of fewer elements then is part of the product's epilogue, and
// neither it nor the sums that it divides by are waited for before. Only an x
// that others read too, as the sums do, is taken: it lies in memory as f16 in
// any case, so nothing is lost. One that only the quotient reads may be far
// beyond f16 where x / d is not.

#include "Placer.h"

#include "mlir/IR/PatternMatch.h"

using namespace mlir;
using namespace weft;

namespace {

struct Quotient {
  Value dividend, divisor;
  AffineMap divisorMap; ///< From dimensions of the quotient.
};

/// Matches an element-wise x / d that has one user, where x has others.
std::optional<Quotient> match(Value value) {
  auto op = value.getDefiningOp<linalg::GenericOp>();
  if (!op || !value.hasOneUse() || op.getNumResults() != 1 ||
      op.getNumDpsInputs() != 2 ||
      op.getNumParallelLoops() != op.getNumLoops() ||
      !llvm::hasSingleElement(op.getBody()->without_terminator()))
    return std::nullopt;
  auto division = dyn_cast<arith::DivFOp>(op.getBody()->front());
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  if (!division || !maps[2].isIdentity())
    return std::nullopt;
  auto x = dyn_cast<BlockArgument>(division.getLhs()),
       d = dyn_cast<BlockArgument>(division.getRhs());
  if (!x || !d || x == d || x.getArgNumber() > 1 || d.getArgNumber() > 1 ||
      !maps[x.getArgNumber()].isIdentity() ||
      !maps[d.getArgNumber()].isProjectedPermutation() ||
      op.getDpsInputs()[x.getArgNumber()].hasOneUse())
    return std::nullopt;
  return Quotient{op.getDpsInputs()[x.getArgNumber()],
                  op.getDpsInputs()[d.getArgNumber()], maps[d.getArgNumber()]};
}

} // namespace

void weft::divideProducts(func::FuncOp function, const Machine &machine) {
  IRRewriter rewriter(function.getContext());
  SmallVector<linalg::GenericOp> products;
  function.walk([&](linalg::GenericOp op) {
    if (isContraction(op) && exchangesComputed(op, machine))
      products.push_back(op);
  });
  for (linalg::GenericOp product : products) {
    auto found = match(product.getDpsInputs()[0]);
    if (!found)
      continue;
    // The divisor's dimensions, seen from the result.
    SmallVector<AffineMap> maps = product.getIndexingMapsArray();
    SmallVector<AffineExpr> exprs;
    for (unsigned i = 0; i < found->divisorMap.getNumResults(); ++i) {
      unsigned loop =
          maps[0].getDimPosition(found->divisorMap.getDimPosition(i));
      if (auto at = maps[2].getResultPosition(rewriter.getAffineDimExpr(loop)))
        exprs.push_back(rewriter.getAffineDimExpr(*at));
    }
    if (exprs.size() != found->divisorMap.getNumResults())
      continue;
    Operation *quotient = product.getDpsInputs()[0].getDefiningOp();
    rewriter.modifyOpInPlace(product,
                             [&] { product.setOperand(0, found->dividend); });
    rewriter.setInsertionPointAfter(product);
    auto type = cast<RankedTensorType>(product.getResult(0).getType());
    unsigned rank = unsigned(type.getRank());
    AffineMap id = rewriter.getMultiDimIdentityMap(rank);
    SmallVector<utils::IteratorType> loops(rank, utils::IteratorType::parallel);
    Location loc = quotient->getLoc();
    Value init = tensor::EmptyOp::create(rewriter, loc, type.getShape(),
                                         type.getElementType());
    auto divided = linalg::GenericOp::create(
        rewriter, loc, type, ValueRange{product.getResult(0), found->divisor},
        init,
        SmallVector<AffineMap>{
            id, AffineMap::get(rank, 0, exprs, rewriter.getContext()), id},
        loops, [](OpBuilder &b, Location at, ValueRange args) {
          Value result = arith::DivFOp::create(b, at, args[0], args[1]);
          linalg::YieldOp::create(b, at, result);
        });
    rewriter.replaceAllUsesExcept(product.getResult(0), divided.getResult(0),
                                  divided);
    rewriter.eraseOp(quotient);
  }
}
