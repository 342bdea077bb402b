// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Arithmetic, comparison and logic, element by element with broadcasting.
// Activations and Cast have files of their own.

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace weft::onnxtolinalg;

static std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "[";
  llvm::interleaveComma(shape, os);
  os << "]";
  return text;
}

/// Before opset 7 the second input was broadcast only on request, from `axis`.
static Value alignLegacy(NodeLowering &n, const OnnxValue &lhs,
                         const OnnxValue &rhs) {
  std::optional<int64_t> axis = n.node.getIntAttr("axis");
  if (n.opset() >= 7 || !axis || n.intAttr("broadcast", 0) == 0)
    return rhs.value;
  int64_t first = *axis < 0 ? *axis + lhs.rank() : *axis;
  Shape shape(rhs.shape());
  while (first + static_cast<int64_t>(shape.size()) < lhs.rank())
    shape.push_back(1);
  return reshape(n.b, rhs.value, shape);
}

/// Checks that all inputs have one element type and shapes that broadcast.
static FailureOr<Shape> checkBroadcast(NodeLowering &n,
                                       ArrayRef<OnnxValue> inputs) {
  Shape shape;
  for (auto [index, input] : llvm::enumerate(inputs)) {
    if (!input)
      return n.invalid("expected input " + Twine(index) + ", found none");
    auto next = broadcastShapes(shape, input.shape());
    if (!next)
      return n.invalid("expected shapes that broadcast together, found " +
                       shapeText(shape) + " and " + shapeText(input.shape()));
    shape = *next;
  }
  return shape;
}

static LogicalResult checkSameType(NodeLowering &n, const OnnxValue &a,
                                   const OnnxValue &b) {
  if (a.element == b.element)
    return success();
  std::string text;
  llvm::raw_string_ostream(text) << a.element << " and " << b.element;
  return n.invalid("expected inputs of one element type, found " + text);
}

/// Body of a binary operator, told whether integers are unsigned.
using BinaryBody = Value (*)(OpBuilder &, Location, Value, Value,
                             bool isUnsigned);

/// A binary operator whose result has `element` (null: that of the inputs).
static LogicalResult binary(NodeLowering &n, BinaryBody body,
                            Type element = nullptr) {
  if (failed(n.needInputs(2)) || failed(checkSameType(n, n.in(0), n.in(1))))
    return failure();
  OnnxValue lhs = n.in(0), rhs = n.in(1);
  rhs.value = alignLegacy(n, lhs, rhs);
  auto shape = checkBroadcast(n, {lhs, rhs});
  if (failed(shape))
    return failure();
  if (!element)
    element = lhs.element;
  Value result =
      elementwise(n.b, {lhs.value, rhs.value}, *shape, element,
                  [&](OpBuilder &b, Location loc, ValueRange args) {
                    return body(b, loc, args[0], args[1], lhs.isUnsigned());
                  });
  n.set(0, result, element);
  return success();
}

template <typename Float, typename Signed, typename Unsigned>
static Value arithmetic(OpBuilder &b, Location loc, Value x, Value y,
                        bool isUnsigned) {
  if (isa<FloatType>(x.getType()))
    return Float::create(b, loc, x, y);
  if (isUnsigned)
    return Unsigned::create(b, loc, x, y);
  return Signed::create(b, loc, x, y);
}

static LogicalResult lowerAdd(NodeLowering &n) {
  return binary(n, arithmetic<arith::AddFOp, arith::AddIOp, arith::AddIOp>);
}
static LogicalResult lowerSub(NodeLowering &n) {
  return binary(n, arithmetic<arith::SubFOp, arith::SubIOp, arith::SubIOp>);
}
static LogicalResult lowerMul(NodeLowering &n) {
  return binary(n, arithmetic<arith::MulFOp, arith::MulIOp, arith::MulIOp>);
}
/// Integers are truncated toward zero.
static LogicalResult lowerDiv(NodeLowering &n) {
  return binary(n, arithmetic<arith::DivFOp, arith::DivSIOp, arith::DivUIOp>);
}

/// With fmod the remainder takes the dividend's sign, else the divisor's.
static LogicalResult lowerMod(NodeLowering &n) {
  if (n.intAttr("fmod", 0) != 0)
    return binary(n, arithmetic<arith::RemFOp, arith::RemSIOp, arith::RemUIOp>);
  if (n.has(0) && n.in(0).isFloat())
    return n.invalid("expected integers where fmod is 0, found floats");
  return binary(n,
                [](OpBuilder &b, Location loc, Value x, Value y,
                   bool isUnsigned) -> Value {
                  if (isUnsigned)
                    return arith::RemUIOp::create(b, loc, x, y);
                  Value remainder = arith::RemSIOp::create(b, loc, x, y);
                  Value zero = scalar(b, loc, x.getType(), 0);
                  Value nonZero = arith::CmpIOp::create(
                      b, loc, arith::CmpIPredicate::ne, remainder, zero);
                  Value mixed = arith::XOrIOp::create(b, loc, remainder, y);
                  Value signsDiffer = arith::CmpIOp::create(
                      b, loc, arith::CmpIPredicate::slt, mixed, zero);
                  Value fix =
                      arith::AndIOp::create(b, loc, nonZero, signsDiffer);
                  Value moved = arith::AddIOp::create(b, loc, remainder, y);
                  return arith::SelectOp::create(b, loc, fix, moved, remainder);
                });
}

template <typename Op>
static Value integerOnly(OpBuilder &b, Location loc, Value x, Value y, bool) {
  return Op::create(b, loc, x, y);
}

template <typename Op, bool BoolOnly>
static LogicalResult lowerLogic(NodeLowering &n) {
  if (n.has(0) && (BoolOnly ? !n.in(0).isBool() : n.in(0).isFloat()))
    return n.invalid(BoolOnly ? "expected booleans" : "expected integers");
  return binary(n, integerOnly<Op>);
}

template <arith::CmpFPredicate F, arith::CmpIPredicate S,
          arith::CmpIPredicate U>
static LogicalResult lowerCompare(NodeLowering &n) {
  return binary(
      n,
      [](OpBuilder &b, Location loc, Value x, Value y,
         bool isUnsigned) -> Value {
        if (isa<FloatType>(x.getType()))
          return arith::CmpFOp::create(b, loc, F, x, y);
        return arith::CmpIOp::create(b, loc, isUnsigned ? U : S, x, y);
      },
      n.b.getI1Type());
}

/// Min, Max, Sum and Mean of any number of inputs: one generic.
static LogicalResult variadic(NodeLowering &n, BinaryBody combine,
                              bool mean = false) {
  if (failed(n.needInputs(1)))
    return failure();
  OnnxValue first = n.in(0);
  SmallVector<Value> values;
  for (const OnnxValue &input : n.inputs()) {
    if (!input)
      return n.invalid("expected all inputs to be present");
    if (failed(checkSameType(n, first, input)))
      return failure();
    values.push_back(input.value);
  }
  auto shape = checkBroadcast(n, n.inputs());
  if (failed(shape))
    return failure();
  if (values.size() == 1) {
    n.set(0, first);
    return success();
  }
  Value result =
      elementwise(n.b, values, *shape, first.element,
                  [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                    Value all = args[0];
                    for (Value next : args.drop_front())
                      all = combine(b, loc, all, next, first.isUnsigned());
                    if (!mean)
                      return all;
                    Value count = scalar(b, loc, all.getType(),
                                         static_cast<double>(args.size()));
                    return arith::DivFOp::create(b, loc, all, count);
                  });
  n.set(0, result, first.element);
  return success();
}

static LogicalResult lowerMin(NodeLowering &n) {
  return variadic(n, [](OpBuilder &b, Location loc, Value x, Value y, bool u) {
    return minScalars(b, loc, x, y, u);
  });
}
static LogicalResult lowerMax(NodeLowering &n) {
  return variadic(n, [](OpBuilder &b, Location loc, Value x, Value y, bool u) {
    return maxScalars(b, loc, x, y, u);
  });
}
static LogicalResult lowerSum(NodeLowering &n) {
  return variadic(n, [](OpBuilder &b, Location loc, Value x, Value y, bool) {
    return addScalars(b, loc, x, y);
  });
}
static LogicalResult lowerMean(NodeLowering &n) {
  if (n.has(0) && !n.in(0).isFloat())
    return n.invalid("expected floats");
  return variadic(
      n,
      [](OpBuilder &b, Location loc, Value x, Value y, bool) {
        return addScalars(b, loc, x, y);
      },
      /*mean=*/true);
}

static LogicalResult lowerWhere(NodeLowering &n) {
  if (failed(n.needInputs(3)) || failed(checkSameType(n, n.in(1), n.in(2))))
    return failure();
  if (!n.in(0).isBool())
    return n.invalid("expected a condition of booleans");
  auto shape = checkBroadcast(n, n.inputs().take_front(3));
  if (failed(shape))
    return failure();
  Value result = elementwise(
      n.b, {n.in(0).value, n.in(1).value, n.in(2).value}, *shape,
      n.in(1).element,
      [](OpBuilder &b, Location loc, ValueRange args) -> Value {
        return arith::SelectOp::create(b, loc, args[0], args[1], args[2]);
      });
  n.set(0, result, n.in(1).element);
  return success();
}

/// x to a power known at compile time, for the few that are cheaper than powf.
static Value smallPower(OpBuilder &b, Location loc, Value x, double exponent) {
  auto mul = [&](Value l, Value r) { return mulScalars(b, loc, l, r); };
  Type type = x.getType();
  if (exponent == 0.0)
    return scalar(b, loc, type, 1.0);
  if (exponent == 1.0)
    return x;
  if (exponent == 2.0)
    return mul(x, x);
  if (exponent == 3.0)
    return mul(mul(x, x), x);
  if (exponent == 4.0) {
    Value square = mul(x, x);
    return mul(square, square);
  }
  if (!isa<FloatType>(type))
    return {};
  if (exponent == 0.5)
    return math::SqrtOp::create(b, loc, x);
  if (exponent == -0.5)
    return math::RsqrtOp::create(b, loc, x);
  if (exponent == -1.0)
    return arith::DivFOp::create(b, loc, scalar(b, loc, type, 1.0), x);
  if (exponent == -2.0)
    return arith::DivFOp::create(b, loc, scalar(b, loc, type, 1.0), mul(x, x));
  return {};
}

static LogicalResult lowerPow(NodeLowering &n) {
  if (failed(n.needInputs(2)))
    return failure();
  OnnxValue base = n.in(0), power = n.in(1);
  power.value = alignLegacy(n, base, power);
  auto shape = checkBroadcast(n, {base, power});
  if (failed(shape))
    return failure();
  std::optional<double> known;
  if (auto values = n.constantFloats(1);
      values && !values->empty() && llvm::all_equal(*values))
    known = values->front();
  Type type = signless(base.element);
  auto isSmall = [&] {
    for (double special : {0.0, 1.0, 2.0, 3.0, 4.0})
      if (known == special)
        return true;
    for (double special : {0.5, -0.5, -1.0, -2.0})
      if (base.isFloat() && known == special)
        return true;
    return false;
  };
  Value result;
  if (known && isSmall()) {
    result = elementwise(n.b, {base.value}, *shape, type,
                         [&](OpBuilder &b, Location loc, ValueRange args) {
                           return smallPower(b, loc, args[0], *known);
                         });
  } else if (!base.isFloat() && !power.isFloat()) {
    OnnxValue exponent = castTo(n.b, power, base.element);
    result =
        elementwise(n.b, {base.value, exponent.value}, *shape, type,
                    [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
                      return math::IPowIOp::create(b, loc, args[0], args[1]);
                    });
  } else {
    Type compute = base.isFloat() ? base.element : power.element;
    result = elementwise(
        n.b, {base.value, power.value}, *shape, type,
        [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
          Value x = castScalar(b, loc, args[0], base.element, compute);
          Value y = castScalar(b, loc, args[1], power.element, compute);
          Value p = math::PowFOp::create(b, loc, x, y);
          return castScalar(b, loc, p, compute, base.element);
        });
  }
  n.set(0, result, base.element);
  return success();
}

/// IsNaN, and IsInf with attributes for the signs that count.
template <bool Infinity>
static LogicalResult lowerIsSpecial(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  if (!n.in(0).isFloat())
    return n.invalid("expected floats");
  bool negative = n.intAttr("detect_negative", 1) != 0;
  bool positive = n.intAttr("detect_positive", 1) != 0;
  Value result = elementwise(
      n.b, {n.in(0).value}, n.b.getI1Type(),
      [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
        Value x = args[0];
        if (!Infinity)
          return arith::CmpFOp::create(b, loc, arith::CmpFPredicate::UNO, x, x);
        double infinity = std::numeric_limits<double>::infinity();
        if (negative && positive)
          x = math::AbsFOp::create(b, loc, x);
        Value limit =
            scalar(b, loc, x.getType(), positive ? infinity : -infinity);
        Value same =
            arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OEQ, x, limit);
        if (negative || positive)
          return same;
        return scalar(b, loc, b.getI1Type(), 0);
      });
  n.set(0, result, n.b.getI1Type());
  return success();
}

/// x where it is not negative, else slope * x; the slope broadcasts to x.
static LogicalResult lowerPRelu(NodeLowering &n) {
  return binary(
      n, [](OpBuilder &b, Location loc, Value x, Value slope, bool) -> Value {
        Value zero = scalar(b, loc, x.getType(), 0);
        Value negative;
        if (isa<FloatType>(x.getType()))
          negative =
              arith::CmpFOp::create(b, loc, arith::CmpFPredicate::OLT, x, zero);
        else
          negative =
              arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, x, zero);
        return arith::SelectOp::create(b, loc, negative,
                                       mulScalars(b, loc, slope, x), x);
      });
}

static LogicalResult lowerBitShift(NodeLowering &n) {
  if (n.has(0) && n.in(0).isFloat())
    return n.invalid("expected integers");
  if (n.stringAttr("direction", "") == "LEFT")
    return binary(n, integerOnly<arith::ShLIOp>);
  return binary(n, integerOnly<arith::ShRUIOp>);
}

void weft::onnxtolinalg::addElementwiseLowerings(LoweringTable &table) {
  using F = arith::CmpFPredicate;
  using I = arith::CmpIPredicate;
  auto add = [&](StringRef op, int64_t since, LoweringFn fn) {
    table.push_back({op, "", since, kLatest, fn});
  };
  add("Add", 1, lowerAdd);
  add("Sub", 1, lowerSub);
  add("Mul", 1, lowerMul);
  add("Div", 1, lowerDiv);
  add("Mod", 10, lowerMod);
  add("Pow", 1, lowerPow);
  add("And", 1, lowerLogic<arith::AndIOp, true>);
  add("Or", 1, lowerLogic<arith::OrIOp, true>);
  add("Xor", 1, lowerLogic<arith::XOrIOp, true>);
  add("BitwiseAnd", 18, lowerLogic<arith::AndIOp, false>);
  add("BitwiseOr", 18, lowerLogic<arith::OrIOp, false>);
  add("BitwiseXor", 18, lowerLogic<arith::XOrIOp, false>);
  add("BitShift", 11, lowerBitShift);
  add("Equal", 1, lowerCompare<F::OEQ, I::eq, I::eq>);
  add("Greater", 1, lowerCompare<F::OGT, I::sgt, I::ugt>);
  add("Less", 1, lowerCompare<F::OLT, I::slt, I::ult>);
  add("GreaterOrEqual", 12, lowerCompare<F::OGE, I::sge, I::uge>);
  add("LessOrEqual", 12, lowerCompare<F::OLE, I::sle, I::ule>);
  add("Min", 6, lowerMin);
  add("Max", 6, lowerMax);
  add("Sum", 6, lowerSum);
  add("Mean", 6, lowerMean);
  add("Where", 9, lowerWhere);
  add("IsNaN", 9, lowerIsSpecial<false>);
  add("IsInf", 10, lowerIsSpecial<true>);
  add("PRelu", 7, lowerPRelu);
}
