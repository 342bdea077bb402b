// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Cast and CastLike between numbers and booleans. Floats become integers by
// truncation; what does not fit is left undefined, as ONNX does.

#include "Lowering.h"

#include "weft/Transforms/ConstantTensor.h"

#include "mlir/Dialect/Arith/IR/Arith.h"

using namespace mlir;
using namespace weft::onnxtolinalg;

Value weft::onnxtolinalg::castScalar(OpBuilder &b, Location loc, Value x,
                                     Type from, Type to) {
  if (from == to)
    return x;
  Type target = signless(to);
  auto fromFloat = dyn_cast<FloatType>(from), toFloat = dyn_cast<FloatType>(to);
  bool fromUnsigned = from.isInteger(1) || from.isUnsignedInteger();
  if (to.isInteger(1)) {
    Value zero = scalar(b, loc, from, 0.0);
    if (fromFloat)
      return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNE, x, zero);
    return arith::CmpIOp::create(b, loc, arith::CmpIPredicate::ne, x, zero);
  }
  if (fromFloat && toFloat) {
    unsigned narrow = fromFloat.getWidth(), wide = toFloat.getWidth();
    if (narrow == wide) { // f16 and bf16: by way of f32.
      x = arith::ExtFOp::create(b, loc, b.getF32Type(), x);
      return arith::TruncFOp::create(b, loc, target, x);
    }
    if (narrow < wide)
      return arith::ExtFOp::create(b, loc, target, x);
    return arith::TruncFOp::create(b, loc, target, x);
  }
  if (fromFloat) {
    if (to.isUnsignedInteger())
      return arith::FPToUIOp::create(b, loc, target, x);
    return arith::FPToSIOp::create(b, loc, target, x);
  }
  if (toFloat) {
    if (fromUnsigned)
      return arith::UIToFPOp::create(b, loc, target, x);
    return arith::SIToFPOp::create(b, loc, target, x);
  }
  unsigned narrow = from.getIntOrFloatBitWidth();
  unsigned wide = to.getIntOrFloatBitWidth();
  if (narrow == wide)
    return x;
  if (narrow > wide)
    return arith::TruncIOp::create(b, loc, target, x);
  if (fromUnsigned)
    return arith::ExtUIOp::create(b, loc, target, x);
  return arith::ExtSIOp::create(b, loc, target, x);
}

OnnxValue weft::onnxtolinalg::castTo(ImplicitLocOpBuilder &b,
                                     const OnnxValue &value, Type to) {
  if (value.element == to)
    return value;
  // Between signs of one width the bits stay.
  if (signless(value.element) == signless(to) && !isa<FloatType>(to))
    return {value.value, to};
  Value result =
      elementwise(b, {value.value}, value.shape(), to,
                  [&](OpBuilder &nested, Location loc, ValueRange args) {
                    return castScalar(nested, loc, args[0], value.element, to);
                  });
  return {result, to};
}

/// The element type that ONNX numbers `type`, or null.
static Type elementType(Builder &b, int64_t type) {
  auto integer = [&](unsigned width, bool isUnsigned) {
    return b.getIntegerType(width, !isUnsigned);
  };
  switch (type) {
  case 1:
    return b.getF32Type();
  case 2:
    return integer(8, true);
  case 3:
    return b.getI8Type();
  case 4:
    return integer(16, true);
  case 5:
    return b.getI16Type();
  case 6:
    return b.getI32Type();
  case 7:
    return b.getI64Type();
  case 9:
    return b.getI1Type();
  case 10:
    return b.getF16Type();
  case 11:
    return b.getF64Type();
  case 12:
    return integer(32, true);
  case 13:
    return integer(64, true);
  case 16:
    return b.getBF16Type();
  default:
    return nullptr;
  }
}

static LogicalResult lowerCast(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  int64_t code = n.intAttr("to", 0);
  if (code == 0)
    return n.invalid("expected attribute 'to', the element type to cast to");
  Type to = elementType(n.b, code);
  if (!to)
    return n.unsupported("unsupported target type " + Twine(code));
  n.set(0, castTo(n.b, n.in(0), to));
  return success();
}

static LogicalResult lowerCastLike(NodeLowering &n) {
  if (failed(n.needInputs(2)))
    return failure();
  n.set(0, castTo(n.b, n.in(0), n.in(1).element));
  return success();
}

void weft::onnxtolinalg::addCastLowerings(LoweringTable &table) {
  table.push_back({"Cast", "", 6, kLatest, lowerCast});
  table.push_back({"CastLike", "", 15, kLatest, lowerCastLike});
}
