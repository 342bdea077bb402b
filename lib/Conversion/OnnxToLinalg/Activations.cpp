// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Operators of one tensor, element by element: elementary functions, rounding,
// activations, Clip. Each is one generic with the formula of ONNX's reference.

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Math/IR/Math.h"

#include <cmath>

using namespace mlir;
using namespace weft::onnxtolinalg;

namespace {

/// Short names for the scalar operations of a body on floats.
struct Body {
  OpBuilder &b;
  Location loc;

  Value number(Value like, double value) const {
    return scalar(b, loc, like.getType(), value);
  }
  Value add(Value x, Value y) const { return addScalars(b, loc, x, y); }
  Value sub(Value x, Value y) const {
    return arith::SubFOp::create(b, loc, x, y);
  }
  Value mul(Value x, Value y) const { return mulScalars(b, loc, x, y); }
  Value div(Value x, Value y) const {
    return arith::DivFOp::create(b, loc, x, y);
  }
  Value max(Value x, Value y) const {
    return arith::MaximumFOp::create(b, loc, x, y);
  }
  Value min(Value x, Value y) const {
    return arith::MinimumFOp::create(b, loc, x, y);
  }
  Value exp(Value x) const { return math::ExpOp::create(b, loc, x); }
  Value log(Value x) const { return math::LogOp::create(b, loc, x); }
  Value tanh(Value x) const { return math::TanhOp::create(b, loc, x); }
  Value neg(Value x) const { return arith::NegFOp::create(b, loc, x); }
  Value select(Value c, Value x, Value y) const {
    return arith::SelectOp::create(b, loc, c, x, y);
  }
  Value compare(arith::CmpFPredicate p, Value x, Value y) const {
    return arith::CmpFOp::create(b, loc, p, x, y);
  }
  /// 1 / (1 + exp(-x))
  Value sigmoid(Value x) const {
    Value one = number(x, 1.0);
    return div(one, add(one, exp(neg(x))));
  }
  /// log(1 + exp(x)) = max(x, 0) + log(1 + exp(-|x|)), which never overflows.
  Value softplus(Value x) const {
    Value magnitude = math::AbsFOp::create(b, loc, x);
    Value tail = log(add(number(x, 1.0), exp(neg(magnitude))));
    return add(max(x, number(x, 0.0)), tail);
  }
};

using UnaryBody = llvm::function_ref<Value(const Body &, Value)>;

} // namespace

/// An operator on floats.
static LogicalResult unary(NodeLowering &n, UnaryBody body) {
  if (failed(n.needInputs(1)))
    return failure();
  const OnnxValue &x = n.in(0);
  if (!x.isFloat())
    return n.invalid("expected floats");
  Value result = elementwise(n.b, {x.value}, x.shape(), x.element,
                             [&](OpBuilder &b, Location loc, ValueRange args) {
                               return body(Body{b, loc}, args[0]);
                             });
  n.set(0, result, x.element);
  return success();
}

template <typename Op>
static LogicalResult lowerMath(NodeLowering &n) {
  return unary(n, [](const Body &c, Value x) -> Value {
    return Op::create(c.b, c.loc, x);
  });
}

/// An operator on any numbers, with a body for integers.
static LogicalResult unaryAny(NodeLowering &n, UnaryBody floats,
                              UnaryBody integers) {
  if (failed(n.needInputs(1)))
    return failure();
  const OnnxValue &x = n.in(0);
  Value result = elementwise(n.b, {x.value}, x.shape(), x.element,
                             [&](OpBuilder &b, Location loc, ValueRange args) {
                               return (x.isFloat() ? floats : integers)(
                                   Body{b, loc}, args[0]);
                             });
  n.set(0, result, x.element);
  return success();
}

static LogicalResult lowerAbs(NodeLowering &n) {
  bool isUnsigned = n.has(0) && n.in(0).isUnsigned();
  return unaryAny(
      n,
      [](const Body &c, Value x) -> Value {
        return math::AbsFOp::create(c.b, c.loc, x);
      },
      [&](const Body &c, Value x) -> Value {
        return isUnsigned ? x : Value(math::AbsIOp::create(c.b, c.loc, x));
      });
}

static LogicalResult lowerNeg(NodeLowering &n) {
  return unaryAny(
      n, [](const Body &c, Value x) -> Value { return c.neg(x); },
      [](const Body &c, Value x) -> Value {
        return arith::SubIOp::create(c.b, c.loc, c.number(x, 0), x);
      });
}

static LogicalResult lowerSign(NodeLowering &n) {
  bool isUnsigned = n.has(0) && n.in(0).isUnsigned();
  return unaryAny(
      n,
      [](const Body &c, Value x) -> Value {
        Value zero = c.number(x, 0.0);
        Value negative = c.compare(arith::CmpFPredicate::OLT, x, zero);
        Value positive = c.compare(arith::CmpFPredicate::OGT, x, zero);
        return c.select(positive, c.number(x, 1.0),
                        c.select(negative, c.number(x, -1.0), zero));
      },
      [&](const Body &c, Value x) -> Value {
        Value one = c.number(x, 1);
        if (isUnsigned)
          return arith::MinUIOp::create(c.b, c.loc, x, one);
        Value low = arith::MaxSIOp::create(c.b, c.loc, x, c.number(x, -1));
        return arith::MinSIOp::create(c.b, c.loc, low, one);
      });
}

static LogicalResult lowerNot(NodeLowering &n) {
  if (n.has(0) && !n.in(0).isBool())
    return n.invalid("expected booleans");
  return unaryAny(
      n, [](const Body &, Value x) -> Value { return x; },
      [](const Body &c, Value x) -> Value {
        return arith::XOrIOp::create(c.b, c.loc, x, c.number(x, 1));
      });
}

static LogicalResult lowerBitwiseNot(NodeLowering &n) {
  if (n.has(0) && n.in(0).isFloat())
    return n.invalid("expected integers");
  return unaryAny(
      n, [](const Body &, Value x) -> Value { return x; },
      [](const Body &c, Value x) -> Value {
        return arith::XOrIOp::create(c.b, c.loc, x, c.number(x, -1));
      });
}

static LogicalResult lowerReciprocal(NodeLowering &n) {
  return unary(
      n, [](const Body &c, Value x) { return c.div(c.number(x, 1.0), x); });
}

static LogicalResult lowerRelu(NodeLowering &n) {
  return unaryAny(
      n, [](const Body &c, Value x) { return c.max(x, c.number(x, 0.0)); },
      [](const Body &c, Value x) -> Value {
        return arith::MaxSIOp::create(c.b, c.loc, x, c.number(x, 0));
      });
}

static LogicalResult lowerSigmoid(NodeLowering &n) {
  return unary(n, [](const Body &c, Value x) { return c.sigmoid(x); });
}

static LogicalResult lowerSoftplus(NodeLowering &n) {
  return unary(n, [](const Body &c, Value x) { return c.softplus(x); });
}

static LogicalResult lowerSoftsign(NodeLowering &n) {
  return unary(n, [](const Body &c, Value x) {
    Value magnitude = math::AbsFOp::create(c.b, c.loc, x);
    return c.div(x, c.add(c.number(x, 1.0), magnitude));
  });
}

static LogicalResult lowerMish(NodeLowering &n) {
  return unary(n, [](const Body &c, Value x) {
    return c.mul(x, c.tanh(c.softplus(x)));
  });
}

/// x * sigmoid(alpha * x)
static LogicalResult lowerSwish(NodeLowering &n) {
  double alpha = n.floatAttr("alpha", 1.0f);
  return unary(n, [=](const Body &c, Value x) {
    Value scaled = alpha == 1.0 ? x : c.mul(x, c.number(x, alpha));
    return c.mul(x, c.sigmoid(scaled));
  });
}

static LogicalResult lowerLeakyRelu(NodeLowering &n) {
  double alpha = n.floatAttr("alpha", 0.01f);
  return unary(n, [=](const Body &c, Value x) {
    Value negative = c.compare(arith::CmpFPredicate::OLT, x, c.number(x, 0.0));
    return c.select(negative, c.mul(x, c.number(x, alpha)), x);
  });
}

/// gamma * (x > 0 ? x : alpha * (exp(x) - 1))
static LogicalResult eluLike(NodeLowering &n, double alpha, double gamma) {
  return unary(n, [=](const Body &c, Value x) {
    Value positive = c.compare(arith::CmpFPredicate::OGT, x, c.number(x, 0.0));
    Value below = c.mul(c.number(x, alpha), c.sub(c.exp(x), c.number(x, 1.0)));
    Value result = c.select(positive, x, below);
    return gamma == 1.0 ? result : c.mul(result, c.number(x, gamma));
  });
}
static LogicalResult lowerElu(NodeLowering &n) {
  return eluLike(n, n.floatAttr("alpha", 1.0f), 1.0);
}
static LogicalResult lowerSelu(NodeLowering &n) {
  return eluLike(n, n.floatAttr("alpha", 1.67326319217681884765625f),
                 n.floatAttr("gamma", 1.05070102214813232421875f));
}

/// x > 0 ? x : alpha * (exp(x / alpha) - 1)
static LogicalResult lowerCelu(NodeLowering &n) {
  double alpha = n.floatAttr("alpha", 1.0f);
  return unary(n, [=](const Body &c, Value x) {
    Value zero = c.number(x, 0.0), a = c.number(x, alpha);
    Value below = c.mul(a, c.sub(c.exp(c.div(x, a)), c.number(x, 1.0)));
    return c.add(c.max(x, zero), c.min(zero, below));
  });
}

static Value hardSigmoid(const Body &c, Value x, double alpha, double beta) {
  Value line = c.add(c.mul(x, c.number(x, alpha)), c.number(x, beta));
  return c.max(c.min(line, c.number(x, 1.0)), c.number(x, 0.0));
}
static LogicalResult lowerHardSigmoid(NodeLowering &n) {
  double alpha = n.floatAttr("alpha", 0.2f), beta = n.floatAttr("beta", 0.5f);
  return unary(n, [=](const Body &c, Value x) {
    return hardSigmoid(c, x, alpha, beta);
  });
}
static LogicalResult lowerHardSwish(NodeLowering &n) {
  return unary(n, [](const Body &c, Value x) {
    return c.mul(x, hardSigmoid(c, x, 1.0 / 6.0, 0.5));
  });
}

static LogicalResult lowerThresholdedRelu(NodeLowering &n) {
  double alpha = n.floatAttr("alpha", 1.0f);
  return unary(n, [=](const Body &c, Value x) {
    Value above = c.compare(arith::CmpFPredicate::OGT, x, c.number(x, alpha));
    return c.select(above, x, c.number(x, 0.0));
  });
}

/// x / 2 * (1 + erf(x / sqrt 2))
static Value geluErf(const Body &c, Value x) {
  Value scaled = c.mul(x, c.number(x, 0.70710678118654752440));
  Value erf = math::ErfOp::create(c.b, c.loc, scaled);
  return c.mul(c.mul(x, c.number(x, 0.5)), c.add(erf, c.number(x, 1.0)));
}
/// x / 2 * (1 + tanh(sqrt(2 / pi) * (x + 0.044715 x^3)))
static Value geluTanh(const Body &c, Value x) {
  Value cube = c.mul(c.mul(x, x), x);
  Value inner = c.add(x, c.mul(cube, c.number(x, 0.044715)));
  Value tanh = c.tanh(c.mul(inner, c.number(x, 0.79788456080286535588)));
  return c.mul(c.mul(x, c.number(x, 0.5)), c.add(tanh, c.number(x, 1.0)));
}

static LogicalResult lowerGelu(NodeLowering &n) {
  StringRef form = n.stringAttr("approximate", "none");
  if (form != "none" && form != "tanh")
    return n.invalid("expected approximate to be none or tanh, found " + form);
  return unary(n, form == "tanh" ? geluTanh : geluErf);
}

/// com.microsoft's Gelu, BiasGelu and FastGelu: an optional bias first.
static LogicalResult biasGelu(NodeLowering &n, bool tanh) {
  if (failed(n.needInputs(1)))
    return failure();
  const OnnxValue &x = n.in(0);
  SmallVector<Value> inputs{x.value};
  if (n.has(1))
    inputs.push_back(n.in(1).value);
  if (!x.isFloat() || (n.has(1) && n.in(1).element != x.element))
    return n.invalid("expected floats of one type");
  if (n.has(1) && broadcastShapes(x.shape(), n.in(1).shape()) !=
                      std::optional<Shape>(Shape(x.shape())))
    return n.invalid("expected a bias that broadcasts to the input");
  Value result = elementwise(n.b, inputs, x.shape(), x.element,
                             [&](OpBuilder &b, Location loc, ValueRange args) {
                               Body c{b, loc};
                               Value sum = args.size() > 1
                                               ? c.add(args[0], args[1])
                                               : args[0];
                               return tanh ? geluTanh(c, sum) : geluErf(c, sum);
                             });
  n.set(0, result, x.element);
  return success();
}
static LogicalResult lowerBiasGelu(NodeLowering &n) {
  return biasGelu(n, false);
}
static LogicalResult lowerFastGelu(NodeLowering &n) {
  return biasGelu(n, true);
}

/// Bounds were attributes before opset 11 and are optional inputs since.
static LogicalResult lowerClip(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  const OnnxValue &x = n.in(0);
  SmallVector<Value> inputs{x.value};
  std::optional<double> lowAttr, highAttr;
  int lowAt = -1, highAt = -1;
  if (n.opset() < 11) {
    lowAttr = n.node.getFloatAttr("min");
    highAttr = n.node.getFloatAttr("max");
  } else {
    for (unsigned i : {1u, 2u}) {
      if (!n.has(i))
        continue;
      if (n.in(i).type().getNumElements() != 1 || n.in(i).element != x.element)
        return n.invalid("expected bounds that are scalars of the input's "
                         "type");
      (i == 1 ? lowAt : highAt) = static_cast<int>(inputs.size());
      inputs.push_back(reshape(n.b, n.in(i).value, {}));
    }
  }
  bool isUnsigned = x.isUnsigned();
  Value result = elementwise(
      n.b, inputs, x.shape(), x.element,
      [&](OpBuilder &b, Location loc, ValueRange args) {
        Value y = args[0];
        if (lowAt > 0)
          y = maxScalars(b, loc, y, args[lowAt], isUnsigned);
        else if (lowAttr)
          y = maxScalars(b, loc, y, scalar(b, loc, x.element, *lowAttr),
                         isUnsigned);
        if (highAt > 0)
          y = minScalars(b, loc, y, args[highAt], isUnsigned);
        else if (highAttr)
          y = minScalars(b, loc, y, scalar(b, loc, x.element, *highAttr),
                         isUnsigned);
        return y;
      });
  n.set(0, result, x.element);
  return success();
}

void weft::onnxtolinalg::addActivationLowerings(LoweringTable &table) {
  auto add = [&](StringRef op, int64_t since, LoweringFn fn,
                 StringRef domain = "") {
    table.push_back({op, domain, since, kLatest, fn});
  };
  add("Abs", 1, lowerAbs);
  add("Neg", 1, lowerNeg);
  add("Sign", 9, lowerSign);
  add("Not", 1, lowerNot);
  add("BitwiseNot", 18, lowerBitwiseNot);
  add("Sqrt", 1, lowerMath<math::SqrtOp>);
  add("Exp", 1, lowerMath<math::ExpOp>);
  add("Log", 1, lowerMath<math::LogOp>);
  add("Erf", 9, lowerMath<math::ErfOp>);
  add("Tanh", 1, lowerMath<math::TanhOp>);
  add("Sin", 7, lowerMath<math::SinOp>);
  add("Cos", 7, lowerMath<math::CosOp>);
  add("Tan", 7, lowerMath<math::TanOp>);
  add("Sinh", 9, lowerMath<math::SinhOp>);
  add("Cosh", 9, lowerMath<math::CoshOp>);
  add("Asin", 7, lowerMath<math::AsinOp>);
  add("Acos", 7, lowerMath<math::AcosOp>);
  add("Atan", 7, lowerMath<math::AtanOp>);
  add("Asinh", 9, lowerMath<math::AsinhOp>);
  add("Acosh", 9, lowerMath<math::AcoshOp>);
  add("Atanh", 9, lowerMath<math::AtanhOp>);
  add("Floor", 1, lowerMath<math::FloorOp>);
  add("Ceil", 1, lowerMath<math::CeilOp>);
  add("Round", 11, lowerMath<math::RoundEvenOp>);
  add("Reciprocal", 1, lowerReciprocal);
  add("Relu", 1, lowerRelu);
  add("LeakyRelu", 1, lowerLeakyRelu);
  add("ThresholdedRelu", 10, lowerThresholdedRelu);
  add("Elu", 1, lowerElu);
  add("Selu", 1, lowerSelu);
  add("Celu", 12, lowerCelu);
  add("Sigmoid", 1, lowerSigmoid);
  add("HardSigmoid", 1, lowerHardSigmoid);
  add("HardSwish", 14, lowerHardSwish);
  add("Swish", 24, lowerSwish);
  add("Mish", 18, lowerMish);
  add("Softplus", 1, lowerSoftplus);
  add("Softsign", 1, lowerSoftsign);
  add("Gelu", 20, lowerGelu);
  add("Clip", 1, lowerClip);
  add("Gelu", 1, lowerBiasGelu, "com.microsoft");
  add("BiasGelu", 1, lowerBiasGelu, "com.microsoft");
  add("FastGelu", 1, lowerFastGelu, "com.microsoft");
  add(
      "QuickGelu", 1,
      [](NodeLowering &n) -> LogicalResult {
        double alpha = n.floatAttr("alpha", 1.702f);
        return unary(n, [=](const Body &c, Value x) {
          return c.mul(x, c.sigmoid(c.mul(x, c.number(x, alpha))));
        });
      },
      "com.microsoft");
}
