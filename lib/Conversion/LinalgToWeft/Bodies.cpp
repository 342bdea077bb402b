// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bodies of element-wise operations in fewer operations of the vector unit,
// where the results are kept in f16 and its error covers what changes: erf as a
// quotient, x (1 + y) as one multiply-add, zero points and bias of an integer
// product as one. Where what does not vary from row to row is computed is
// decided in Elementwise.cpp.

#include "Placer.h"

#include "mlir/IR/Matchers.h"

#include <cmath>

using namespace mlir;
using namespace weft;

static std::optional<double> constantFloat(Value v) {
  FloatAttr attr;
  if (matchPattern(v, m_Constant(&attr)))
    return attr.getValueAsDouble();
  return std::nullopt;
}

namespace {

struct BodyRewriter {
  linalg::GenericOp generic;

  Value number(OpBuilder &b, Location loc, double v, Type type = {}) {
    return arith::ConstantOp::create(
        b, loc, b.getFloatAttr(type ? type : b.getF32Type(), v));
  }
  void replace(Operation *op, Value with) {
    op->getResult(0).replaceAllUsesWith(with);
    op->erase();
  }
  /// The operand that is no constant, and that constant.
  std::optional<std::pair<Value, double>> timesConstant(Value v) {
    auto mul = v.getDefiningOp<arith::MulFOp>();
    if (!mul)
      return std::nullopt;
    for (auto [x, c] : {std::pair(mul.getLhs(), mul.getRhs()),
                        std::pair(mul.getRhs(), mul.getLhs())})
      if (auto known = constantFloat(c))
        return std::pair(x, *known);
    return std::nullopt;
  }

  bool lowerErf(math::ErfOp op);
  bool fuseOnePlus(arith::MulFOp op);
  bool scaleBefore(arith::MulFOp op);
  bool fuseZeroPoint(arith::AddFOp op);
  bool fuseMultiplyAdd(arith::AddFOp op);
  bool isKnownAhead(Value v);
  /// With `exact`, only what the vector unit lacks.
  void run(bool exact);
};

} // namespace

/// erf(x) = tanh(x (b - a / (x^2 + c))) within 4.3e-5 (coefficients by minimax
/// on [0, 6]; beyond, the argument keeps growing): below the resolution of f16
/// at 1 (4.9e-4). A factor on the way to x goes into the coefficients.
bool BodyRewriter::lowerErf(math::ErfOp op) {
  OpBuilder b(op);
  Location loc = op.getLoc();
  Value x = op.getOperand();
  double k = 1.0;
  // Of a size at which the coefficients and x^2 + c stay far within f32.
  auto take = [&](Value from, double factor) {
    if (std::abs(factor) < 0x1p-10 || std::abs(factor) > 0x1p10)
      return;
    x = from;
    k = factor;
  };
  if (auto scaled = timesConstant(x))
    take(scaled->first, scaled->second);
  else if (auto div = x.getDefiningOp<arith::DivFOp>())
    if (auto by = constantFloat(div.getRhs()); by && *by != 0.0)
      take(div.getLhs(), 1.0 / *by);
  if (!x.getType().isF32())
    x = arith::ExtFOp::create(b, loc, b.getF32Type(), x);
  Value below =
      math::FmaOp::create(b, loc, x, x, number(b, loc, 53.595020 / (k * k)));
  Value quotient =
      arith::DivFOp::create(b, loc, number(b, loc, -299.45130 / k), below);
  Value linear =
      arith::MulFOp::create(b, loc, x, number(b, loc, 6.7154051 * k));
  Value result = math::TanhOp::create(
      b, loc, math::FmaOp::create(b, loc, quotient, x, linear));
  if (!op.getType().isF32())
    result = arith::TruncFOp::create(b, loc, op.getType(), result);
  replace(op, result);
  return true;
}

/// x (y + 1) = x y + x
bool BodyRewriter::fuseOnePlus(arith::MulFOp op) {
  for (auto [x, sum] : {std::pair(op.getLhs(), op.getRhs()),
                        std::pair(op.getRhs(), op.getLhs())}) {
    auto add = sum.getDefiningOp<arith::AddFOp>();
    if (!add || !add->hasOneUse() || x == sum)
      continue;
    for (auto [y, one] : {std::pair(add.getLhs(), add.getRhs()),
                          std::pair(add.getRhs(), add.getLhs())}) {
      if (constantFloat(one) != 1.0)
        continue;
      OpBuilder b(op);
      replace(op, math::FmaOp::create(b, op.getLoc(), x, y, x));
      add.erase();
      return true;
    }
  }
  return false;
}

/// (x y + x) 2^n = (x 2^n) y + x 2^n: one value waits for y, not two.
bool BodyRewriter::scaleBefore(arith::MulFOp op) {
  auto scaled = timesConstant(op.getResult());
  if (!scaled)
    return false;
  int exponent;
  auto fma = scaled->first.getDefiningOp<math::FmaOp>();
  if (!fma || !fma->hasOneUse() || fma.getA() != fma.getC() ||
      std::frexp(scaled->second, &exponent) != 0.5)
    return false;
  OpBuilder b(op);
  Location loc = op.getLoc();
  Value x = arith::MulFOp::create(b, loc, fma.getA(),
                                  number(b, loc, scaled->second, op.getType()));
  replace(op, math::FmaOp::create(b, loc, x, fma.getB(), x));
  fma.erase();
  return true;
}

/// Whether a value of the body comes from operands alone that lack one of the
/// loops: it is computed once for all its indices.
bool BodyRewriter::isKnownAhead(Value v) {
  if (auto argument = dyn_cast<BlockArgument>(v)) {
    if (argument.getOwner() != generic.getBody() ||
        argument.getArgNumber() >= generic.getNumDpsInputs())
      return false;
    AffineMap map = generic.getIndexingMapsArray()[argument.getArgNumber()];
    return map.getNumResults() < generic.getNumLoops();
  }
  Operation *op = v.getDefiningOp();
  return isa<arith::ConstantOp>(op) ||
         (op->getBlock() == generic.getBody() && op->getNumOperands() > 0 &&
          llvm::all_of(op->getOperands(),
                       [&](Value in) { return isKnownAhead(in); }));
}

/// float(n - z) s + c = float(n) s + (c - float(z) s) for an integer n that is
/// a sum of products, and z, s and c that are known ahead.
bool BodyRewriter::fuseZeroPoint(arith::AddFOp op) {
  for (auto [product, c] : {std::pair(op.getLhs(), op.getRhs()),
                            std::pair(op.getRhs(), op.getLhs())}) {
    auto mul = product.getDefiningOp<arith::MulFOp>();
    if (!mul || !mul->hasOneUse() || !op.getType().isF32() || !isKnownAhead(c))
      continue;
    for (auto [real, s] : {std::pair(mul.getLhs(), mul.getRhs()),
                           std::pair(mul.getRhs(), mul.getLhs())}) {
      auto cast = real.getDefiningOp<arith::SIToFPOp>();
      auto sub =
          cast ? cast.getIn().getDefiningOp<arith::SubIOp>() : arith::SubIOp();
      if (!sub || !cast->hasOneUse() || !sub->hasOneUse() || !isKnownAhead(s) ||
          !isKnownAhead(sub.getRhs()) || isKnownAhead(sub.getLhs()))
        continue;
      OpBuilder b(op);
      Location loc = op.getLoc();
      Type f32 = b.getF32Type();
      Value zero = arith::SIToFPOp::create(b, loc, f32, sub.getRhs());
      Value shift = arith::SubFOp::create(
          b, loc, c, arith::MulFOp::create(b, loc, zero, s));
      Value sum = arith::SIToFPOp::create(b, loc, f32, sub.getLhs());
      replace(op, math::FmaOp::create(b, loc, sum, s, shift));
      mul.erase();
      cast.erase();
      sub.erase();
      return true;
    }
  }
  return false;
}

/// x y + z where x is a sum of integer products.
bool BodyRewriter::fuseMultiplyAdd(arith::AddFOp op) {
  for (auto [product, z] : {std::pair(op.getLhs(), op.getRhs()),
                            std::pair(op.getRhs(), op.getLhs())}) {
    auto mul = product.getDefiningOp<arith::MulFOp>();
    if (!mul || !mul->hasOneUse() ||
        !mul.getLhs().getDefiningOp<arith::SIToFPOp>())
      continue;
    OpBuilder b(op);
    replace(op,
            math::FmaOp::create(b, op.getLoc(), mul.getLhs(), mul.getRhs(), z));
    mul.erase();
    return true;
  }
  return false;
}

void BodyRewriter::run(bool exact) {
  bool changed = true;
  while (changed) {
    changed = false;
    for (Operation &op : *generic.getBody()) {
      if (op.getNumResults() != 1 || !(op.getResult(0).getType().isF32() ||
                                       op.getResult(0).getType().isF16()))
        continue;
      if (auto erf = dyn_cast<math::ErfOp>(op))
        changed = lowerErf(erf);
      else if (exact)
        continue;
      else if (auto mul = dyn_cast<arith::MulFOp>(op))
        changed = fuseOnePlus(mul) || scaleBefore(mul);
      else if (auto add = dyn_cast<arith::AddFOp>(op))
        changed = fuseZeroPoint(add) || fuseMultiplyAdd(add);
      if (changed)
        break;
    }
  }
  // What nothing uses any more.
  for (Operation &op :
       llvm::make_early_inc_range(llvm::reverse(*generic.getBody())))
    if (isOpTriviallyDead(&op))
      op.erase();
}

void weft::simplifyBodies(func::FuncOp function) {
  for (auto generic : function.getBody().front().getOps<linalg::GenericOp>()) {
    // What is rounded to integers at once, or further on without a scale that
    // follows the data, keeps ONNX's operations.
    if (generic.getNumParallelLoops() == generic.getNumLoops())
      BodyRewriter{generic}.run(roundsToIntegers(generic) ||
                                llvm::any_of(generic.getResults(), quantised));
  }
}
