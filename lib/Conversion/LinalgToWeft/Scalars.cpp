// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scalar operations that the vector unit lacks, in terms of those it has:
// integer division and powers, and powers of floats with the signs of IEEE.
// Where a long body is cut is decided in Elementwise.cpp.

#include "Placer.h"

#include "mlir/IR/Matchers.h"

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
  return {};
}
