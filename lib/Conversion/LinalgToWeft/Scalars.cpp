// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scalar operations that the vector unit lacks, in terms of those it has:
// integer division and powers, powers and remainders of floats with the signs
// of IEEE, and the elementary functions beyond exp, log, tanh, sin and cos. The
// latter are within 1e-6 of the true value, relatively, wherever that is no
// subnormal. Where a long body is cut is decided in Elementwise.cpp.

#include "Placer.h"

#include "mlir/IR/Matchers.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace weft;

namespace {

struct Scalars {
  OpBuilder &b;
  Location loc;

  Value number(float v) {
    return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(v));
  }
  Value integer(int32_t v) {
    return arith::ConstantOp::create(b, loc, b.getI32IntegerAttr(v));
  }
  template <typename Op, typename... Args>
  Value make(Args... args) {
    return Op::create(b, loc, args...);
  }
  Value compare(arith::CmpIPredicate p, Value x, Value y) {
    return arith::CmpIOp::create(b, loc, p, x, y);
  }
  Value compare(arith::CmpFPredicate p, Value x, Value y) {
    return arith::CmpFOp::create(b, loc, p, x, y);
  }
  Value select(Value c, Value x, Value y) {
    return arith::SelectOp::create(b, loc, c, x, y);
  }

  /// x / y, truncated. The first quotient of floats is off by up to 2^8 (2^31
  /// at 24 bits), the quotient of what is left over by one, the signs tell
  /// which way.
  Value divide(Value x, Value y) {
    Type f32 = b.getF32Type(), i32 = b.getI32Type();
    Value fy = make<arith::SIToFPOp>(f32, y);
    auto quotient = [&](Value n) {
      Value fn = make<arith::SIToFPOp>(f32, n);
      return make<arith::FPToSIOp>(i32, make<arith::DivFOp>(fn, fy));
    };
    Value q = quotient(x);
    Value rest = make<arith::SubIOp>(x, make<arith::MulIOp>(q, y));
    q = make<arith::AddIOp>(q, quotient(rest));
    rest = make<arith::SubIOp>(x, make<arith::MulIOp>(q, y));
    Value sign = make<arith::OrIOp>(
        make<arith::ShRSIOp>(make<arith::XOrIOp>(x, y), integer(31)),
        integer(1));
    // The rest must have x's sign (or be 0) and be smaller than y.
    Value wrongSign = make<arith::AndIOp>(
        compare(arith::CmpIPredicate::slt, make<arith::XOrIOp>(rest, x),
                integer(0)),
        compare(arith::CmpIPredicate::ne, rest, integer(0)));
    Value large = compare(arith::CmpIPredicate::sge, make<math::AbsIOp>(rest),
                          make<math::AbsIOp>(y));
    Value down =
        select(wrongSign, make<arith::SubIOp>(integer(0), sign), integer(0));
    Value fix = select(wrongSign, down, select(large, sign, integer(0)));
    return make<arith::AddIOp>(q, fix);
  }

  /// x^n by squaring; n below 32 (2^31 is out of range), negative ones give
  /// what truncation leaves of a fraction: 0.
  Value power(Value x, Value n) {
    Value result = integer(1);
    for (int bit = 0; bit < 5; ++bit) {
      Value shifted = bit ? make<arith::ShRSIOp>(n, integer(bit)) : n;
      Value odd = compare(arith::CmpIPredicate::ne,
                          make<arith::AndIOp>(shifted, integer(1)), integer(0));
      result = select(odd, make<arith::MulIOp>(result, x), result);
      if (bit < 4)
        x = make<arith::MulIOp>(x, x);
    }
    return select(compare(arith::CmpIPredicate::slt, n, integer(0)), integer(0),
                  result);
  }

  Value powerOfMagnitude(Value x, Value y) {
    Value log = make<math::LogOp>(make<math::AbsFOp>(x));
    return make<math::ExpOp>(make<arith::MulFOp>(log, y));
  }
  Value powerOfFloats(Value x, Value y) {
    FloatAttr known;
    if (matchPattern(y, m_Constant(&known))) {
      double exponent = known.getValueAsDouble();
      if (exponent != std::floor(exponent))
        return make<math::ExpOp>(make<arith::MulFOp>(make<math::LogOp>(x), y));
      Value p = powerOfMagnitude(x, y);
      if (std::fmod(exponent, 2.0) == 0.0)
        return p;
      return select(compare(arith::CmpFPredicate::OLT, x, number(0.0f)),
                    make<arith::NegFOp>(p), p);
    }
    Value p = powerOfMagnitude(x, y);
    Value half = make<arith::MulFOp>(y, number(0.5f));
    Value even =
        compare(arith::CmpFPredicate::OEQ, half, make<math::FloorOp>(half));
    Value whole = compare(arith::CmpFPredicate::OEQ, y, make<math::FloorOp>(y));
    Value signedPower = select(even, p, make<arith::NegFOp>(p));
    Value ofNegative = select(whole, signedPower,
                              number(std::numeric_limits<float>::quiet_NaN()));
    Value result = select(compare(arith::CmpFPredicate::OLT, x, number(0.0f)),
                          ofNegative, p);
    return select(compare(arith::CmpFPredicate::OEQ, y, number(0.0f)),
                  number(1.0f), result);
  }

  Value add(Value x, Value y) { return make<arith::AddFOp>(x, y); }
  Value sub(Value x, Value y) { return make<arith::SubFOp>(x, y); }
  Value mul(Value x, Value y) { return make<arith::MulFOp>(x, y); }
  Value div(Value x, Value y) { return make<arith::DivFOp>(x, y); }
  Value sqrt(Value x) { return make<math::SqrtOp>(x); }
  Value less(Value x, Value y) {
    return compare(arith::CmpFPredicate::OLT, x, y);
  }
  /// `magnitude` with the sign of x.
  Value withSignOf(Value x, Value magnitude) {
    return select(less(x, number(0.0f)), make<arith::NegFOp>(magnitude),
                  magnitude);
  }
  /// c[0] + c[1] x + c[2] x^2 + ...
  Value polynomial(Value x, ArrayRef<float> c) {
    Value sum = number(c.back());
    for (float coefficient : llvm::reverse(c.drop_back()))
      sum = make<math::FmaOp>(sum, x, number(coefficient));
    return sum;
  }

  /// log(1 + u). Rounding w = 1 + u loses digits of u; log(w) u / (w - 1)
  /// gives them back, for log(w) / (w - 1) hardly changes with w. Where w is 1
  /// the logarithm is u itself, where w - 1 is u nothing was lost.
  Value log1p(Value u) {
    Value one = number(1.0f);
    Value w = add(one, u);
    Value kept = sub(w, one);
    Value log = make<math::LogOp>(w);
    Value exact = compare(arith::CmpFPredicate::OEQ, kept, u);
    Value result = select(exact, log, mul(log, div(u, kept)));
    return select(compare(arith::CmpFPredicate::OEQ, w, one), u, result);
  }

  /// Of a >= 0. atan(a) / a in a^2, coefficients fitted by minimax of the
  /// relative error on [0, 1]: 1.5e-8. Beyond 1 it is pi / 2 - atan(1 / a).
  Value atanOfMagnitude(Value a) {
    Value one = number(1.0f);
    Value beyond = less(one, a);
    Value t = select(beyond, div(one, a), a);
    Value p = polynomial(
        mul(t, t), {1.0f, -0.33333072f, 0.1999262f, -0.14203644f, 0.10640933f,
                    -0.07504294f, 0.04269151f, -0.016068625f, 0.0028498883f});
    p = mul(p, t);
    return select(beyond, sub(number(1.57079633f), p), p);
  }
  Value atan(Value x) {
    return withSignOf(x, atanOfMagnitude(make<math::AbsFOp>(x)));
  }
  /// atan(x / sqrt(1 - x^2)): the quotient is infinite at 1, NaN beyond.
  Value asin(Value x) {
    Value a = make<math::AbsFOp>(x), one = number(1.0f);
    Value root = sqrt(mul(sub(one, a), add(one, a)));
    return withSignOf(x, atanOfMagnitude(div(a, root)));
  }
  /// 2 atan(sqrt((1 - x) / (1 + x))), which is exact at both ends.
  Value acos(Value x) {
    Value one = number(1.0f);
    return mul(number(2.0f),
               atanOfMagnitude(sqrt(div(sub(one, x), add(one, x)))));
  }

  /// exp(a) / 2; exp(a / 2)^2 overflows where the half of it does.
  Value halfExp(Value a) {
    Value root = make<math::ExpOp>(mul(a, number(0.5f)));
    return mul(mul(root, number(0.5f)), root);
  }
  Value cosh(Value x) {
    Value half = halfExp(make<math::AbsFOp>(x));
    return add(half, div(number(0.25f), half));
  }
  /// Below 1 the two exponentials cancel: sinh(x) / x in x^2 there, fitted by
  /// minimax of the relative error: 2e-8.
  Value sinh(Value x) {
    Value a = make<math::AbsFOp>(x);
    Value half = halfExp(a);
    Value large = sub(half, div(number(0.25f), half));
    Value small =
        polynomial(mul(a, a), {1.0f, 0.16666734f, 0.008329912f, 0.0002039399f});
    return withSignOf(x, select(less(a, number(1.0f)), mul(small, a), large));
  }
  /// Beyond 1e4 the root is a itself (to 1 / 2a^2 < 1e-8), and a^2 overflows
  /// sooner or later: log(2 a).
  Value logOfDouble(Value a, Value otherwise) {
    Value log = add(make<math::LogOp>(a), number(0.693147181f));
    return select(less(number(1e4f), a), log, otherwise);
  }
  /// log(a + sqrt(a^2 + 1)) = log1p(a + a^2 / (1 + sqrt(a^2 + 1)))
  Value asinh(Value x) {
    Value a = make<math::AbsFOp>(x), one = number(1.0f);
    Value square = mul(a, a);
    Value root = sqrt(add(square, one));
    Value small = log1p(add(a, div(square, add(one, root))));
    return withSignOf(x, logOfDouble(a, small));
  }
  /// log(x + sqrt(x^2 - 1)) = log1p(t + sqrt(t (t + 2))) where t = x - 1
  Value acosh(Value x) {
    Value t = sub(x, number(1.0f));
    Value root = sqrt(mul(t, add(t, number(2.0f))));
    return logOfDouble(x, log1p(add(t, root)));
  }
  /// log((1 + a) / (1 - a)) / 2 = log1p(2 a / (1 - a)) / 2
  Value atanh(Value x) {
    Value a = make<math::AbsFOp>(x);
    Value u = div(add(a, a), sub(number(1.0f), a));
    return withSignOf(x, mul(number(0.5f), log1p(u)));
  }

  /// The remainder of a truncated quotient, exact for quotients below 2^46. A
  /// rounded quotient q leaves x - q y, which fma gives exactly; a second one
  /// reduces what is left where q has more than 24 bits, and what is off by
  /// one y in the end (a quotient rounded up to a whole number) is put right.
  Value remainder(Value x, Value y) {
    Value ax = make<math::AbsFOp>(x), ay = make<math::AbsFOp>(y);
    Value minus = make<arith::NegFOp>(ay);
    Value rest = ax;
    for (int i = 0; i < 2; ++i)
      rest = make<math::FmaOp>(make<math::FloorOp>(div(rest, ay)), minus, rest);
    rest = select(less(rest, number(0.0f)), add(rest, ay), rest);
    rest = select(less(rest, ay), rest, sub(rest, ay));
    // Also where y is infinite.
    return withSignOf(x, select(less(ax, ay), ax, rest));
  }
};

} // namespace

Value weft::expandScalar(OpBuilder &b, Operation &op, ValueRange in) {
  Scalars s{b, op.getLoc()};
  if (isa<arith::DivSIOp, arith::DivUIOp>(op))
    return s.divide(in[0], in[1]);
  if (isa<arith::RemSIOp, arith::RemUIOp>(op))
    return arith::SubIOp::create(
        b, op.getLoc(), in[0],
        arith::MulIOp::create(b, op.getLoc(), s.divide(in[0], in[1]), in[1]));
  if (isa<math::IPowIOp>(op))
    return s.power(in[0], in[1]);
  if (isa<math::PowFOp>(op))
    return s.powerOfFloats(in[0], in[1]);
  if (isa<arith::RemFOp>(op))
    return s.remainder(in[0], in[1]);
  return llvm::TypeSwitch<Operation *, Value>(&op)
      .Case([&](math::TanOp) {
        return s.div(s.make<math::SinOp>(in[0]), s.make<math::CosOp>(in[0]));
      })
      .Case([&](math::AtanOp) { return s.atan(in[0]); })
      .Case([&](math::AsinOp) { return s.asin(in[0]); })
      .Case([&](math::AcosOp) { return s.acos(in[0]); })
      .Case([&](math::SinhOp) { return s.sinh(in[0]); })
      .Case([&](math::CoshOp) { return s.cosh(in[0]); })
      .Case([&](math::AsinhOp) { return s.asinh(in[0]); })
      .Case([&](math::AcoshOp) { return s.acosh(in[0]); })
      .Case([&](math::AtanhOp) { return s.atanh(in[0]); })
      .Default(Value());
}
