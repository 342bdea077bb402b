// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What each scalar operation of arith and math computes on constants: floats
// are computed in double and rounded once to their own type, which is exact for
// the four basic operations and the square root (53 >= 2*24 + 2 bits), integers
// wrap. Iteration is left to ConstantEvaluator.

#include "weft/Transforms/ScalarProgram.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/ADT/TypeSwitch.h"

#include <cmath>
#include <limits>

using namespace mlir;
using namespace weft;

using Function = std::function<bool(Scalar *, const int64_t *)>;

bool ScalarProgram::run(ArrayRef<int64_t> indices) {
  for (const Function &instruction : instructions)
    if (!instruction(slots.data(), indices.data()))
      return false;
  return true;
}

/// The bits of `value` seen as unsigned.
static uint64_t asUnsigned(int64_t value, unsigned width) {
  return width >= 64
             ? static_cast<uint64_t>(value)
             : static_cast<uint64_t>(value) & ((uint64_t(1) << width) - 1);
}

static double maximum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return std::numeric_limits<double>::quiet_NaN();
  if (a == b)
    return std::signbit(a) ? b : a;
  return a > b ? a : b;
}
static double minimum(double a, double b) {
  if (std::isnan(a) || std::isnan(b))
    return std::numeric_limits<double>::quiet_NaN();
  if (a == b)
    return std::signbit(a) ? a : b;
  return a < b ? a : b;
}

static bool compare(arith::CmpFPredicate predicate, double a, double b) {
  using P = arith::CmpFPredicate;
  bool unordered = std::isnan(a) || std::isnan(b);
  switch (predicate) {
  case P::AlwaysFalse:
    return false;
  case P::AlwaysTrue:
    return true;
  case P::ORD:
    return !unordered;
  case P::UNO:
    return unordered;
  case P::OEQ:
    return a == b;
  case P::OGT:
    return a > b;
  case P::OGE:
    return a >= b;
  case P::OLT:
    return a < b;
  case P::OLE:
    return a <= b;
  case P::ONE:
    return !unordered && a != b;
  case P::UEQ:
    return unordered || a == b;
  case P::UGT:
    return unordered || a > b;
  case P::UGE:
    return unordered || a >= b;
  case P::ULT:
    return unordered || a < b;
  case P::ULE:
    return unordered || a <= b;
  case P::UNE:
    return a != b;
  }
  return false;
}

static bool compare(arith::CmpIPredicate predicate, int64_t a, int64_t b,
                    unsigned width) {
  using P = arith::CmpIPredicate;
  uint64_t ua = asUnsigned(a, width), ub = asUnsigned(b, width);
  switch (predicate) {
  case P::eq:
    return a == b;
  case P::ne:
    return a != b;
  case P::slt:
    return a < b;
  case P::sle:
    return a <= b;
  case P::sgt:
    return a > b;
  case P::sge:
    return a >= b;
  case P::ult:
    return ua < ub;
  case P::ule:
    return ua <= ub;
  case P::ugt:
    return ua > ub;
  case P::uge:
    return ua >= ub;
  }
  return false;
}

using Unary = double (*)(double);
using Binary = double (*)(double, double);

static Unary unaryFloat(Operation *op) {
  return llvm::StringSwitch<Unary>(op->getName().getStringRef())
      .Case("arith.negf", [](double a) { return -a; })
      .Cases({"arith.extf", "arith.truncf"}, [](double a) { return a; })
      .Case("math.absf", [](double a) { return std::fabs(a); })
      .Case("math.ceil", [](double a) { return std::ceil(a); })
      .Case("math.floor", [](double a) { return std::floor(a); })
      .Case("math.trunc", [](double a) { return std::trunc(a); })
      .Case("math.round", [](double a) { return std::round(a); })
      .Case("math.roundeven", [](double a) { return std::nearbyint(a); })
      .Case("math.sqrt", [](double a) { return std::sqrt(a); })
      .Case("math.rsqrt", [](double a) { return 1.0 / std::sqrt(a); })
      .Case("math.cbrt", [](double a) { return std::cbrt(a); })
      .Case("math.exp", [](double a) { return std::exp(a); })
      .Case("math.exp2", [](double a) { return std::exp2(a); })
      .Case("math.expm1", [](double a) { return std::expm1(a); })
      .Case("math.log", [](double a) { return std::log(a); })
      .Case("math.log2", [](double a) { return std::log2(a); })
      .Case("math.log10", [](double a) { return std::log10(a); })
      .Case("math.log1p", [](double a) { return std::log1p(a); })
      .Case("math.erf", [](double a) { return std::erf(a); })
      .Case("math.tanh", [](double a) { return std::tanh(a); })
      .Case("math.sinh", [](double a) { return std::sinh(a); })
      .Case("math.cosh", [](double a) { return std::cosh(a); })
      .Case("math.asinh", [](double a) { return std::asinh(a); })
      .Case("math.acosh", [](double a) { return std::acosh(a); })
      .Case("math.atanh", [](double a) { return std::atanh(a); })
      .Case("math.sin", [](double a) { return std::sin(a); })
      .Case("math.cos", [](double a) { return std::cos(a); })
      .Case("math.tan", [](double a) { return std::tan(a); })
      .Case("math.asin", [](double a) { return std::asin(a); })
      .Case("math.acos", [](double a) { return std::acos(a); })
      .Case("math.atan", [](double a) { return std::atan(a); })
      .Default(nullptr);
}

static Binary binaryFloat(Operation *op) {
  return llvm::StringSwitch<Binary>(op->getName().getStringRef())
      .Case("arith.addf", [](double a, double b) { return a + b; })
      .Case("arith.subf", [](double a, double b) { return a - b; })
      .Case("arith.mulf", [](double a, double b) { return a * b; })
      .Case("arith.divf", [](double a, double b) { return a / b; })
      .Case("arith.remf", [](double a, double b) { return std::fmod(a, b); })
      .Case("arith.maximumf", maximum)
      .Case("arith.minimumf", minimum)
      .Case("arith.maxnumf", [](double a, double b) { return std::fmax(a, b); })
      .Case("arith.minnumf", [](double a, double b) { return std::fmin(a, b); })
      .Case("math.powf", [](double a, double b) { return std::pow(a, b); })
      .Case("math.atan2", [](double a, double b) { return std::atan2(a, b); })
      .Case("math.copysign",
            [](double a, double b) { return std::copysign(a, b); })
      .Default(nullptr);
}

/// Integer functions of two values; the result is wrapped by the caller.
/// nullopt: division by zero or out of range.
using BinaryInt = std::optional<int64_t> (*)(int64_t, int64_t, unsigned);

static std::optional<int64_t> divideSigned(int64_t a, int64_t b) {
  if (b == 0)
    return std::nullopt;
  // The one quotient that overflows wraps.
  return b == -1 ? static_cast<int64_t>(-static_cast<uint64_t>(a)) : a / b;
}

static BinaryInt binaryInt(Operation *op) {
  using U = uint64_t;
  return llvm::StringSwitch<BinaryInt>(op->getName().getStringRef())
      .Case("arith.addi",
            [](int64_t a, int64_t b, unsigned) -> std::optional<int64_t> {
              return static_cast<int64_t>(U(a) + U(b));
            })
      .Case("arith.subi",
            [](int64_t a, int64_t b, unsigned) -> std::optional<int64_t> {
              return static_cast<int64_t>(U(a) - U(b));
            })
      .Case("arith.muli",
            [](int64_t a, int64_t b, unsigned) -> std::optional<int64_t> {
              return static_cast<int64_t>(U(a) * U(b));
            })
      .Case("arith.divsi",
            [](int64_t a, int64_t b, unsigned) { return divideSigned(a, b); })
      .Case("arith.remsi",
            [](int64_t a, int64_t b, unsigned) -> std::optional<int64_t> {
              if (b == 0)
                return std::nullopt;
              return b == -1 ? 0 : a % b;
            })
      .Case("arith.floordivsi",
            [](int64_t a, int64_t b, unsigned) -> std::optional<int64_t> {
              auto quotient = divideSigned(a, b);
              if (quotient && b != -1 && a % b != 0 && (a < 0) != (b < 0))
                --*quotient;
              return quotient;
            })
      .Case("arith.ceildivsi",
            [](int64_t a, int64_t b, unsigned) -> std::optional<int64_t> {
              auto quotient = divideSigned(a, b);
              if (quotient && b != -1 && a % b != 0 && (a < 0) == (b < 0))
                ++*quotient;
              return quotient;
            })
      .Case("arith.divui",
            [](int64_t a, int64_t b, unsigned w) -> std::optional<int64_t> {
              if (b == 0)
                return std::nullopt;
              return static_cast<int64_t>(asUnsigned(a, w) / asUnsigned(b, w));
            })
      .Case("arith.remui",
            [](int64_t a, int64_t b, unsigned w) -> std::optional<int64_t> {
              if (b == 0)
                return std::nullopt;
              return static_cast<int64_t>(asUnsigned(a, w) % asUnsigned(b, w));
            })
      .Case("arith.andi",
            [](int64_t a, int64_t b, unsigned) -> std::optional<int64_t> {
              return a & b;
            })
      .Case("arith.ori",
            [](int64_t a, int64_t b, unsigned) -> std::optional<int64_t> {
              return a | b;
            })
      .Case("arith.xori",
            [](int64_t a, int64_t b, unsigned) -> std::optional<int64_t> {
              return a ^ b;
            })
      .Case("arith.shli",
            [](int64_t a, int64_t b, unsigned w) -> std::optional<int64_t> {
              if (asUnsigned(b, w) >= w)
                return std::nullopt;
              return static_cast<int64_t>(U(a) << b);
            })
      .Case("arith.shrsi",
            [](int64_t a, int64_t b, unsigned w) -> std::optional<int64_t> {
              if (asUnsigned(b, w) >= w)
                return std::nullopt;
              return a >> b;
            })
      .Case("arith.shrui",
            [](int64_t a, int64_t b, unsigned w) -> std::optional<int64_t> {
              if (asUnsigned(b, w) >= w)
                return std::nullopt;
              return static_cast<int64_t>(asUnsigned(a, w) >> b);
            })
      .Case("arith.maxsi",
            [](int64_t a, int64_t b, unsigned) -> std::optional<int64_t> {
              return std::max(a, b);
            })
      .Case("arith.minsi",
            [](int64_t a, int64_t b, unsigned) -> std::optional<int64_t> {
              return std::min(a, b);
            })
      .Case("arith.maxui",
            [](int64_t a, int64_t b, unsigned w) -> std::optional<int64_t> {
              return asUnsigned(a, w) > asUnsigned(b, w) ? a : b;
            })
      .Case("arith.minui",
            [](int64_t a, int64_t b, unsigned w) -> std::optional<int64_t> {
              return asUnsigned(a, w) < asUnsigned(b, w) ? a : b;
            })
      .Default(nullptr);
}

/// Float to integer, truncating. What does not fit saturates (the operation
/// leaves it undefined); NaN gives 0.
static int64_t truncateToInt(double value, unsigned width, bool isSigned) {
  if (std::isnan(value))
    return 0;
  double low = isSigned ? -std::ldexp(1.0, width - 1) : 0.0;
  double high = std::ldexp(1.0, isSigned ? width - 1 : width);
  value = std::trunc(value);
  if (value < low)
    value = low;
  if (value >= high)
    return isSigned ? static_cast<int64_t>((uint64_t(1) << (width - 1)) - 1)
                    : static_cast<int64_t>(asUnsigned(-1, width));
  return isSigned ? static_cast<int64_t>(value)
                  : static_cast<int64_t>(static_cast<uint64_t>(value));
}

/// Conversions, comparisons and the other operations with operands of mixed
/// kinds. Null where the operation is unknown.
static Function mixed(Operation *op, unsigned result, ArrayRef<unsigned> in,
                      ScalarType from, ScalarType to) {
  unsigned a = in.empty() ? 0 : in[0];
  unsigned b = in.size() < 2 ? 0 : in[1];
  unsigned c = in.size() < 3 ? 0 : in[2];
  unsigned width = from.width;
  return llvm::TypeSwitch<Operation *, Function>(op)
      .Case([&](arith::CmpFOp cmp) -> Function {
        return [=, p = cmp.getPredicate()](Scalar *s, const int64_t *) {
          s[result].i = compare(p, s[a].f, s[b].f);
          return true;
        };
      })
      .Case([&](arith::CmpIOp cmp) -> Function {
        return [=, p = cmp.getPredicate()](Scalar *s, const int64_t *) {
          s[result].i = compare(p, s[a].i, s[b].i, width);
          return true;
        };
      })
      .Case([&](arith::SelectOp) -> Function {
        return [=](Scalar *s, const int64_t *) {
          s[result] = s[a].i ? s[b] : s[c];
          return true;
        };
      })
      .Case([&](math::FmaOp) -> Function {
        return [=](Scalar *s, const int64_t *) {
          s[result].f = to.kind == ScalarType::F32
                            ? std::fmaf(static_cast<float>(s[a].f),
                                        static_cast<float>(s[b].f),
                                        static_cast<float>(s[c].f))
                            : to.round(std::fma(s[a].f, s[b].f, s[c].f));
          return true;
        };
      })
      .Case<arith::SIToFPOp>([&](auto) -> Function {
        return [=](Scalar *s, const int64_t *) {
          // -1 for a true boolean, as the operation says of i1.
          int64_t v = width == 1 ? -s[a].i : s[a].i;
          s[result].f = to.kind == ScalarType::F32
                            ? static_cast<double>(static_cast<float>(v))
                            : to.round(static_cast<double>(v));
          return true;
        };
      })
      .Case<arith::UIToFPOp>([&](auto) -> Function {
        return [=](Scalar *s, const int64_t *) {
          uint64_t v = asUnsigned(s[a].i, width);
          s[result].f = to.kind == ScalarType::F32
                            ? static_cast<double>(static_cast<float>(v))
                            : to.round(static_cast<double>(v));
          return true;
        };
      })
      .Case<arith::FPToSIOp, arith::FPToUIOp>([&](auto conversion) -> Function {
        bool isSigned = isa<arith::FPToSIOp>(conversion.getOperation());
        return [=](Scalar *s, const int64_t *) {
          s[result].i = to.wrap(truncateToInt(s[a].f, to.width, isSigned));
          return true;
        };
      })
      .Case<arith::ExtUIOp, arith::IndexCastUIOp>([&](auto) -> Function {
        return [=](Scalar *s, const int64_t *) {
          s[result].i =
              to.wrap(static_cast<int64_t>(asUnsigned(s[a].i, width)));
          return true;
        };
      })
      .Case<arith::ExtSIOp, arith::TruncIOp, arith::IndexCastOp>(
          [&](auto) -> Function {
            return [=](Scalar *s, const int64_t *) {
              int64_t v = width == 1 ? -s[a].i : s[a].i;
              s[result].i = to.wrap(v);
              return true;
            };
          })
      .Case<math::AbsIOp>([&](auto) -> Function {
        return [=](Scalar *s, const int64_t *) {
          s[result].i = to.wrap(
              static_cast<int64_t>(s[a].i < 0 ? -static_cast<uint64_t>(s[a].i)
                                              : static_cast<uint64_t>(s[a].i)));
          return true;
        };
      })
      .Case<math::IPowIOp>([&](auto) -> Function {
        return [=](Scalar *s, const int64_t *) {
          int64_t base = s[a].i, exponent = s[b].i;
          if (exponent < 0) {
            if (base == 0)
              return false;
            s[result].i = base == 1    ? 1
                          : base == -1 ? (exponent % 2 ? -1 : 1)
                                       : 0;
            return true;
          }
          uint64_t power = 1, square = static_cast<uint64_t>(base);
          for (; exponent; exponent >>= 1, square *= square)
            if (exponent & 1)
              power *= square;
          s[result].i = to.wrap(static_cast<int64_t>(power));
          return true;
        };
      })
      .Case<math::FPowIOp>([&](auto) -> Function {
        return [=](Scalar *s, const int64_t *) {
          s[result].f = to.round(std::pow(s[a].f, static_cast<double>(s[b].i)));
          return true;
        };
      })
      .Case([&](linalg::IndexOp index) -> Function {
        return [=, dim = index.getDim()](Scalar *s, const int64_t *indices) {
          s[result].i = indices[dim];
          return true;
        };
      })
      .Default(Function());
}

/// tensor.extract from a captured constant.
static Function extract(unsigned result, ArrayRef<unsigned> in,
                        const ConstantTensor *table) {
  SmallVector<int64_t> shape(table->type.getShape());
  SmallVector<int64_t> strides = rowMajorStrides(shape);
  SmallVector<unsigned> where(in);
  return [=](Scalar *s, const int64_t *) {
    int64_t offset = 0;
    for (size_t d = 0; d < where.size(); ++d) {
      int64_t index = s[where[d]].i;
      if (index < 0 || index >= shape[d])
        return false;
      offset += index * strides[d];
    }
    s[result] = table->data[static_cast<size_t>(offset)];
    return true;
  };
}

/// The operations whose operands and result have one and the same kind.
static Function uniform(Operation *op, unsigned result, ArrayRef<unsigned> in,
                        ScalarType to) {
  unsigned a = in.empty() ? 0 : in[0];
  unsigned b = in.size() < 2 ? 0 : in[1];
  if (Unary f = unaryFloat(op))
    return [=](Scalar *s, const int64_t *) {
      s[result].f = to.round(f(s[a].f));
      return true;
    };
  if (Binary f = binaryFloat(op))
    return [=](Scalar *s, const int64_t *) {
      s[result].f = to.round(f(s[a].f, s[b].f));
      return true;
    };
  if (BinaryInt f = binaryInt(op))
    return [=](Scalar *s, const int64_t *) {
      std::optional<int64_t> value = f(s[a].i, s[b].i, to.width);
      if (!value)
        return false;
      s[result].i = to.wrap(*value);
      return true;
    };
  return Function();
}

std::optional<ScalarProgram>
ScalarProgram::build(Block &body, CaptureFn captures, ScalarFn scalars) {
  ScalarProgram program;
  llvm::DenseMap<Value, unsigned> slotOf;
  auto newSlot = [&](Value value) {
    unsigned slot = static_cast<unsigned>(program.slots.size());
    program.slots.push_back(Scalar());
    program.slots.back().i = 0;
    slotOf[value] = slot;
    return slot;
  };
  for (BlockArgument argument : body.getArguments()) {
    if (!ScalarType::get(argument.getType()))
      return std::nullopt;
    newSlot(argument);
  }
  program.arguments = body.getNumArguments();

  auto slotsOf =
      [&](ValueRange values) -> std::optional<SmallVector<unsigned>> {
    SmallVector<unsigned> result;
    for (Value value : values) {
      auto it = slotOf.find(value);
      if (it == slotOf.end()) {
        std::optional<Scalar> scalar = scalars(value);
        if (!scalar)
          return std::nullopt;
        unsigned slot = newSlot(value);
        program.slots[slot] = *scalar;
        result.push_back(slot);
        continue;
      }
      result.push_back(it->second);
    }
    return result;
  };

  for (Operation &op : body.without_terminator()) {
    if (op.getNumResults() != 1 || op.getNumRegions() != 0)
      return std::nullopt;
    Value value = op.getResult(0);
    auto to = ScalarType::get(value.getType());
    if (!to)
      return std::nullopt;
    if (isa<arith::ConstantOp>(op)) {
      std::optional<Scalar> scalar = scalars(value);
      if (!scalar)
        return std::nullopt;
      program.slots[newSlot(value)] = *scalar;
      continue;
    }
    ValueRange operands = op.getOperands();
    const ConstantTensor *table = nullptr;
    if (auto load = dyn_cast<tensor::ExtractOp>(op)) {
      table = captures(load.getTensor());
      if (!table)
        return std::nullopt;
      operands = load.getIndices();
    }
    auto in = slotsOf(operands);
    if (!in)
      return std::nullopt;
    ScalarType from = *to;
    if (!table && !operands.empty()) {
      auto type = ScalarType::get(operands.front().getType());
      if (!type)
        return std::nullopt;
      from = *type;
    }
    unsigned result = newSlot(value);
    Function function;
    if (table)
      function = extract(result, *in, table);
    else if (!(function = uniform(&op, result, *in, *to)))
      function = mixed(&op, result, *in, from, *to);
    if (!function)
      return std::nullopt;
    program.instructions.push_back(std::move(function));
  }
  auto yielded = slotsOf(body.getTerminator()->getOperands());
  if (!yielded)
    return std::nullopt;
  program.yielded = *yielded;
  return program;
}
