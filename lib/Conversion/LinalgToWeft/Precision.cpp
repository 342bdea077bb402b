// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is rounded to integers further on is computed with more precision than
// fp16 has: an error far below a step turns one value in a hundred into the
// next, and that is a whole step. Which values those are, and what they need.

#include "Placer.h"

#include "weft/Dialect/Weft/IR/ExternalData.h"
#include "weft/Runtime/Half.h"

#include <cstring>

using namespace mlir;
using namespace weft;

bool weft::roundsToIntegers(linalg::GenericOp op) {
  return llvm::any_of(op.getBody()->without_terminator(), [](Operation &inner) {
    return isa<arith::FPToSIOp, arith::FPToUIOp>(inner);
  });
}

/// Whether what is rounded is divided by something that is computed: a scale
/// that follows the data, and is wider than fp16's error by far. What leads to
/// such a division stays fp16.
static bool hasComputedScale(linalg::GenericOp op) {
  return llvm::any_of(
      op.getBody()->without_terminator(), [&](Operation &inner) {
        auto division = dyn_cast<arith::DivFOp>(inner);
        auto divisor = division ? dyn_cast<BlockArgument>(division.getRhs())
                                : BlockArgument();
        return divisor && divisor.getOwner() == op.getBody() &&
               divisor.getArgNumber() < op.getNumDpsInputs() &&
               !op.getDpsInputs()[divisor.getArgNumber()]
                    .getDefiningOp<arith::ConstantOp>();
      });
}

static bool reachesRounding(Value value, llvm::SmallPtrSetImpl<Value> &seen) {
  if (!isa<FloatType>(getElementTypeOrSelf(value.getType())) ||
      !seen.insert(value).second)
    return false;
  return llvm::any_of(value.getUsers(), [&](Operation *user) {
    auto generic = dyn_cast<linalg::GenericOp>(user);
    if (generic && isContraction(generic))
      return false;
    if (generic && roundsToIntegers(generic))
      return generic.getNumLoops() > 0 && !hasComputedScale(generic);
    return llvm::any_of(user->getResults(), [&](Value result) {
      return reachesRounding(result, seen);
    });
  });
}

bool weft::quantised(Value value) {
  llvm::SmallPtrSet<Value, 32> seen;
  return reachesRounding(value, seen);
}

bool weft::onlyQuantised(Value value) {
  bool rounded = false;
  return llvm::all_of(value.getUsers(),
                      [&](Operation *user) {
                        auto generic = dyn_cast<linalg::GenericOp>(user);
                        if (!generic || isContraction(generic))
                          return false;
                        StringRef kind = combinerKind(generic);
                        if (kind == "max" || kind == "min")
                          return true;
                        rounded |= roundsToIntegers(generic);
                        return kind.empty() && roundsToIntegers(generic);
                      }) &&
         rounded;
}

/// erf(x) = tanh(x p(x^2)) with p of degree 5, within 4.6e-7; coefficients
/// fitted by iterated least squares on [0, 3.5], where erf is 1 - 7.4e-7.
static Value preciseErf(OpBuilder &b, Location loc, Value x) {
  auto number = [&](float v) {
    return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(v));
  };
  Value square = arith::MulFOp::create(b, loc, x, x);
  square = arith::MinimumFOp::create(b, loc, square, number(12.25f));
  Value p = number(-3.00049057e-6f);
  for (float c : {7.00708516e-5f, -5.69634282e-4f, -2.54119704e-4f,
                  1.02798392e-1f, 1.12837583f})
    p = math::FmaOp::create(b, loc, p, square, number(c));
  return math::TanhOp::create(b, loc, arith::MulFOp::create(b, loc, p, x));
}

void weft::refineQuantised(func::FuncOp function) {
  for (auto generic : function.getBody().front().getOps<linalg::GenericOp>()) {
    if (llvm::none_of(generic.getResults(), quantised))
      continue;
    for (Operation &op : llvm::make_early_inc_range(*generic.getBody())) {
      auto erf = dyn_cast<math::ErfOp>(op);
      if (!erf || !erf.getType().isF32())
        continue;
      OpBuilder b(erf);
      erf.replaceAllUsesWith(preciseErf(b, erf.getLoc(), erf.getOperand()));
      erf.erase();
    }
  }
}

ElementsAttr weft::remainderOfHalf(ModuleOp module, ElementsAttr value) {
  if (!value.getElementType().isF32())
    return {};
  WeightFiles files(module);
  auto bytes = files.bytes(value);
  if (!bytes) {
    llvm::consumeError(bytes.takeError());
    return {};
  }
  size_t count = size_t(value.getNumElements());
  if (bytes->size() != 4 * count)
    return {};
  std::vector<float> rest(count);
  for (size_t i = 0; i < count; ++i) {
    float v;
    std::memcpy(&v, bytes->data() + 4 * i, 4);
    rest[i] = v - floatFromHalf(halfFromDoubleSaturating(v));
  }
  if (llvm::all_of(rest, [](float v) { return v == 0.0f; }))
    return {};
  return DenseElementsAttr::get(cast<ShapedType>(value.getType()),
                                ArrayRef<float>(rest));
}
