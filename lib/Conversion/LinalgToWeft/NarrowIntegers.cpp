// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Integers of 8 and 16 bits in bodies. The vector unit computes in 32 bits, so
// a narrow value is its sign-extended self; what reads it as unsigned, or may
// leave its range, needs an operation more.

#include "Placer.h"

#include "weft/Transforms/IntegerRanges.h"

using namespace mlir;
using namespace weft;

static unsigned narrowWidth(Type type) {
  return type.isInteger(8) || type.isInteger(16) ? type.getIntOrFloatBitWidth()
                                                 : 0;
}

static Value word(OpBuilder &b, Location loc, int32_t value) {
  return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(value));
}

/// The low bits of `x`, sign-extended.
static Value wrapped(OpBuilder &b, Location loc, unsigned width, Value x) {
  Value by = word(b, loc, int32_t(32 - width));
  x = arith::ShLIOp::create(b, loc, x, by);
  return arith::ShRSIOp::create(b, loc, x, by);
}

/// A narrow value as the number that its bits are without a sign.
static Value asUnsigned(OpBuilder &b, Location loc, Value original, Value x) {
  unsigned width = narrowWidth(original.getType());
  if (!width || rangeOf(original).low >= 0)
    return x;
  return arith::AndIOp::create(b, loc, x, word(b, loc, (1 << width) - 1));
}

Value weft::widenScalar(OpBuilder &b, Operation &op, ValueRange in) {
  if (op.getNumOperands() == 0 || !narrowWidth(op.getOperand(0).getType()))
    return {};
  Location loc = op.getLoc();
  auto side = [&](unsigned i) {
    return asUnsigned(b, loc, op.getOperand(i), in[i]);
  };
  if (isa<arith::ExtUIOp, arith::IndexCastUIOp>(op))
    return side(0);
  if (isa<arith::UIToFPOp>(op))
    return arith::SIToFPOp::create(b, loc, b.getF32Type(), side(0));
  auto cmp = dyn_cast<arith::CmpIOp>(op);
  if (cmp && arith::CmpIPredicate::ult <= cmp.getPredicate())
    return arith::CmpIOp::create(b, loc, cmp.getPredicate(), side(0), side(1));
  unsigned width = narrowWidth(op.getOperand(0).getType());
  if (isa<arith::ShRUIOp>(op))
    return wrapped(b, loc, width,
                   arith::ShRUIOp::create(b, loc, side(0), in[1]));
  if (isa<arith::MaxUIOp>(op))
    return wrapped(b, loc, width,
                   arith::MaxSIOp::create(b, loc, side(0), side(1)));
  if (isa<arith::MinUIOp>(op))
    return wrapped(b, loc, width,
                   arith::MinSIOp::create(b, loc, side(0), side(1)));
  return {};
}

void weft::seeUnsigned(OpBuilder &b, Operation &op, MutableArrayRef<Value> in) {
  if (!isa<arith::DivUIOp, arith::RemUIOp>(op))
    return;
  for (auto [original, value] : llvm::zip(op.getOperands(), in))
    value = asUnsigned(b, op.getLoc(), original, value);
}

Value weft::narrowScalar(OpBuilder &b, Operation &op, Value value) {
  unsigned width = narrowWidth(op.getResult(0).getType());
  if (!width ||
      !isa<arith::TruncIOp, arith::AddIOp, arith::SubIOp, arith::MulIOp,
           arith::ShLIOp, arith::FPToUIOp, arith::DivUIOp, arith::RemUIOp>(op))
    return {};
  IntegerRange range = isa<arith::TruncIOp>(op)
                           ? rangeOf(op.getOperand(0))
                           : IntegerRange{INT32_MIN, INT32_MAX};
  if (range.within(signedRange(width)))
    return {};
  return wrapped(b, op.getLoc(), width, value);
}

bool weft::mayNeedHalves(Value placed) {
  while (auto view = placed.getDefiningOp<ViewOp>())
    placed = view.getInput();
  Operation *op = placed.getDefiningOp();
  if (auto product = dyn_cast_or_null<ContractOp>(op))
    return product.getBody().front().getArgument(0).getType().isInteger(32) ||
           product.getStreamed().size() == 1;
  auto map = dyn_cast_or_null<MapOp>(op);
  return map && llvm::any_of(map.getBody().front(), [](Operation &inner) {
           return isa<arith::MulIOp, arith::ShLIOp, arith::FPToSIOp>(inner);
         });
}

FailureOr<Value> Placer::relayoutHalves(Value placed, const Layout &target,
                                        Location loc) {
  auto type = cast<RankedTensorType>(placed.getType());
  AffineMap id = b.getMultiDimIdentityMap(unsigned(type.getRank()));
  auto number = [&](OpBuilder &inner, int32_t v) {
    return arith::ConstantOp::create(inner, loc, inner.getI32IntegerAttr(v));
  };
  Value high = map(loc, placed, {id, id}, type, false,
                   [&](OpBuilder &inner, ValueRange args) -> Value {
                     return arith::ShRSIOp::create(inner, loc, args[0],
                                                   number(inner, 16));
                   });
  Value low = map(loc, placed, {id, id}, type, false,
                  [&](OpBuilder &inner, ValueRange args) -> Value {
                    return arith::AndIOp::create(inner, loc, args[0],
                                                 number(inner, 0xFFFF));
                  });
  auto highThere = relayout(high, target, type.getElementType(), loc);
  auto lowThere = relayout(low, target, type.getElementType(), loc);
  if (failed(highThere) || failed(lowThere))
    return failure();
  return map(loc, ValueRange{*highThere, *lowThere}, {id, id, id},
             placedType(type.getShape(), type.getElementType(), target), false,
             [&](OpBuilder &inner, ValueRange args) -> Value {
               Value top = arith::ShLIOp::create(inner, loc, args[0],
                                                 number(inner, 16));
               return arith::OrIOp::create(inner, loc, top, args[1]);
             });
}
