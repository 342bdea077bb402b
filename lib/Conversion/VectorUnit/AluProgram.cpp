// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Lowers a scalar body to ALU operations and times them: as early as their
// operands allow, operations that read only streams as late as their users
// allow, and copies where a value waits.

#include "weft/Conversion/VectorUnit/AluProgram.h"

#include "llvm/ADT/bit.h"

#include <cmath>

using namespace mlir;
using namespace weft;

namespace {

class ProgramBuilder {
public:
  ProgramBuilder(const Machine &machine, ArrayRef<DataType> leaves)
      : machine(machine), leaves(leaves) {}

  LogicalResult lower(Block &body, ArrayRef<DataType> results, bool masked);
  AluProgram finish();

private:
  static AluArgument leaf(int index) {
    return {AluArgument::Kind::Leaf, index, 0};
  }
  static AluArgument immediate(uint32_t bits) {
    return {AluArgument::Kind::Immediate, 0, bits};
  }
  static AluArgument number(float value) {
    return immediate(llvm::bit_cast<uint32_t>(value));
  }
  AluArgument node(Opcode opcode, DataType type,
                   ArrayRef<AluArgument> arguments,
                   std::optional<DataType> resultType = std::nullopt) {
    AluNode n;
    n.opcode = opcode;
    n.type = type;
    n.resultType = resultType.value_or(type);
    n.arguments.assign(arguments.begin(), arguments.end());
    for (auto [i, other] : llvm::enumerate(program.nodes))
      if (other.opcode == n.opcode && other.type == n.type &&
          other.resultType == n.resultType && other.arguments == n.arguments)
        return {AluArgument::Kind::Node, int(i), 0};
    program.nodes.push_back(n);
    return {AluArgument::Kind::Node, int(program.nodes.size()) - 1, 0};
  }
  LogicalResult lowerOp(Operation &op);
  bool isWhole(const AluArgument &x) const;
  AluArgument asByte(AluArgument value);
  std::optional<AluArgument> unwidened(AluArgument value,
                                       DataType stored) const;
  void dropUnused();
  void time();
  void insertCopies();

  const Machine &machine;
  ArrayRef<DataType> leaves;
  AluProgram program;
  DenseMap<Value, AluArgument> values;
};

DataType computeType(Type type) {
  return isa<FloatType>(type) ? DataType::F32 : DataType::I32;
}

std::optional<Opcode> simpleOpcode(Operation &op) {
  return llvm::TypeSwitch<Operation *, std::optional<Opcode>>(&op)
      .Case<arith::AddFOp, arith::AddIOp>([](auto) { return Opcode::Add; })
      .Case<arith::SubFOp, arith::SubIOp>([](auto) { return Opcode::Sub; })
      .Case<arith::MulFOp, arith::MulIOp>([](auto) { return Opcode::Mul; })
      .Case<arith::DivFOp>([](auto) { return Opcode::Div; })
      .Case<arith::MaximumFOp, arith::MaxNumFOp, arith::MaxSIOp,
            arith::MaxUIOp>([](auto) { return Opcode::Max; })
      .Case<arith::MinimumFOp, arith::MinNumFOp, arith::MinSIOp,
            arith::MinUIOp>([](auto) { return Opcode::Min; })
      .Case<arith::AndIOp>([](auto) { return Opcode::And; })
      .Case<arith::OrIOp>([](auto) { return Opcode::Or; })
      .Case<arith::XOrIOp>([](auto) { return Opcode::Xor; })
      .Case<arith::ShLIOp>([](auto) { return Opcode::ShiftLeft; })
      .Case<arith::ShRSIOp>([](auto) { return Opcode::ShiftRightArithmetic; })
      .Case<arith::ShRUIOp>([](auto) { return Opcode::ShiftRightLogical; })
      .Case<arith::NegFOp>([](auto) { return Opcode::Neg; })
      .Case<math::AbsFOp, math::AbsIOp>([](auto) { return Opcode::Abs; })
      .Case<math::ExpOp>([](auto) { return Opcode::Exp; })
      .Case<math::LogOp>([](auto) { return Opcode::Log; })
      .Case<math::TanhOp>([](auto) { return Opcode::Tanh; })
      .Case<math::SqrtOp>([](auto) { return Opcode::Sqrt; })
      .Case<math::RsqrtOp>([](auto) { return Opcode::Rsqrt; })
      .Case<math::FloorOp>([](auto) { return Opcode::Floor; })
      .Case<math::CeilOp>([](auto) { return Opcode::Ceil; })
      .Case<math::RoundEvenOp>([](auto) { return Opcode::Round; })
      .Case<math::SinOp>([](auto) { return Opcode::Sin; })
      .Case<math::CosOp>([](auto) { return Opcode::Cos; })
      .Default([](Operation *) { return std::nullopt; });
}

Opcode compareOpcode(arith::CmpFPredicate predicate) {
  switch (predicate) {
  case arith::CmpFPredicate::OEQ:
  case arith::CmpFPredicate::UEQ:
    return Opcode::CompareEq;
  case arith::CmpFPredicate::OLT:
  case arith::CmpFPredicate::ULT:
    return Opcode::CompareLt;
  case arith::CmpFPredicate::OLE:
  case arith::CmpFPredicate::ULE:
    return Opcode::CompareLe;
  case arith::CmpFPredicate::OGT:
  case arith::CmpFPredicate::UGT:
    return Opcode::CompareGt;
  case arith::CmpFPredicate::OGE:
  case arith::CmpFPredicate::UGE:
    return Opcode::CompareGe;
  default:
    return Opcode::CompareNe;
  }
}

Opcode compareOpcode(arith::CmpIPredicate predicate) {
  switch (predicate) {
  case arith::CmpIPredicate::eq:
    return Opcode::CompareEq;
  case arith::CmpIPredicate::ne:
    return Opcode::CompareNe;
  case arith::CmpIPredicate::slt:
  case arith::CmpIPredicate::ult:
    return Opcode::CompareLt;
  case arith::CmpIPredicate::sle:
  case arith::CmpIPredicate::ule:
    return Opcode::CompareLe;
  case arith::CmpIPredicate::sgt:
  case arith::CmpIPredicate::ugt:
    return Opcode::CompareGt;
  default:
    return Opcode::CompareGe;
  }
}

/// Whether a node's f32 is known to be a whole number.
bool ProgramBuilder::isWhole(const AluArgument &x) const {
  if (x.kind == AluArgument::Kind::Immediate) {
    auto value = llvm::bit_cast<float>(x.immediate);
    return value == std::nearbyint(value);
  }
  if (x.kind != AluArgument::Kind::Node)
    return false;
  const AluNode &n = program.nodes[size_t(x.index)];
  switch (n.opcode) {
  case Opcode::Round:
  case Opcode::Floor:
  case Opcode::Ceil:
    return true;
  case Opcode::Convert:
    return n.type == DataType::I32;
  case Opcode::Add:
  case Opcode::Sub:
  case Opcode::Mul:
  case Opcode::Max:
  case Opcode::Min:
    return n.type == DataType::F32 && isWhole(n.arguments[0]) &&
           isWhole(n.arguments[1]);
  default:
    return false;
  }
}

/// An integer as a byte. What was converted from a float between -128 and 127
/// needs no bounds: conversion to bytes saturates, and rounds.
AluArgument ProgramBuilder::asByte(AluArgument value) {
  auto plain = [&] {
    return node(Opcode::Convert, DataType::I32, {value}, DataType::I8);
  };
  if (value.kind != AluArgument::Kind::Node)
    return plain();
  const AluNode n = program.nodes[size_t(value.index)];
  if (n.opcode != Opcode::Convert || n.type != DataType::F32)
    return plain();
  AluArgument x = n.arguments[0];
  for (auto [opcode, limit] :
       {std::pair(Opcode::Min, 127.0f), std::pair(Opcode::Max, -128.0f)}) {
    if (x.kind != AluArgument::Kind::Node)
      return plain();
    const AluNode &bound = program.nodes[size_t(x.index)];
    if (bound.opcode != opcode || bound.arguments[1] != number(limit))
      return plain();
    x = bound.arguments[0];
  }
  if (x.kind == AluArgument::Kind::Node)
    if (const AluNode &round = program.nodes[size_t(x.index)];
        round.opcode == Opcode::Round)
      x = round.arguments[0];
  return node(Opcode::Convert, DataType::F32, {x}, DataType::I8);
}

/// The operand that a value is, widened, if it is stored as it came.
std::optional<AluArgument> ProgramBuilder::unwidened(AluArgument value,
                                                     DataType stored) const {
  if (value.kind != AluArgument::Kind::Node)
    return std::nullopt;
  const AluNode &n = program.nodes[size_t(value.index)];
  if (n.opcode != Opcode::Convert || n.type != stored ||
      stored != DataType::F16 || n.arguments[0].kind != AluArgument::Kind::Leaf)
    return std::nullopt;
  return n.arguments[0];
}

/// Removes nodes that no result needs.
void ProgramBuilder::dropUnused() {
  SmallVector<bool> used(program.nodes.size(), false);
  for (int r : program.results)
    used[size_t(r)] = true;
  for (size_t i = program.nodes.size(); i-- > 0;)
    if (used[i])
      for (const AluArgument &a : program.nodes[i].arguments)
        if (a.kind == AluArgument::Kind::Node)
          used[size_t(a.index)] = true;
  SmallVector<int> number;
  SmallVector<AluNode> kept;
  for (auto [i, n] : llvm::enumerate(program.nodes)) {
    number.push_back(int(kept.size()));
    if (!used[i])
      continue;
    for (AluArgument &a : n.arguments)
      if (a.kind == AluArgument::Kind::Node)
        a.index = number[size_t(a.index)];
    kept.push_back(n);
  }
  for (int &r : program.results)
    r = number[size_t(r)];
  program.nodes = std::move(kept);
}

LogicalResult ProgramBuilder::lowerOp(Operation &op) {
  auto in = [&](unsigned i) { return values.lookup(op.getOperand(i)); };
  auto set = [&](AluArgument value) {
    values[op.getResult(0)] = value;
    return mlir::success();
  };
  if (auto constant = dyn_cast<arith::ConstantOp>(op)) {
    Attribute value = constant.getValue();
    if (auto f = dyn_cast<FloatAttr>(value))
      return set(number(float(f.getValueAsDouble())));
    auto i = dyn_cast<IntegerAttr>(value);
    if (!i)
      return op.emitError("expected a scalar constant in the body of a kernel");
    APInt bits = i.getValue();
    bool isBool = bits.getBitWidth() == 1;
    int64_t n = isBool ? int64_t(bits.getZExtValue()) : bits.getSExtValue();
    // The chip counts in 32 bits; limits of 64 bits (slice ends) saturate.
    n = std::clamp<int64_t>(n, INT32_MIN, INT32_MAX);
    return set(immediate(uint32_t(int32_t(n))));
  }
  if (isa<arith::TruncFOp>(op) && op.getResult(0).getType().isF16())
    return set(node(Opcode::Convert, DataType::F32, {in(0)}, DataType::F16));
  if (isa<arith::ExtFOp>(op) && op.getOperand(0).getType().isF16())
    return set(node(Opcode::Convert, DataType::F16, {in(0)}, DataType::F32));
  if (isa<arith::ExtUIOp, arith::ExtSIOp, arith::IndexCastOp, arith::ExtFOp,
          arith::TruncFOp>(op)) {
    bool fromBool = op.getOperand(0).getType().isInteger(1);
    if (fromBool && isa<arith::ExtSIOp>(op))
      return set(node(Opcode::Neg, DataType::I32, {in(0)}));
    return set(in(0));
  }
  if (isa<arith::TruncIOp>(op)) {
    if (op.getResult(0).getType().isInteger(1))
      return set(node(Opcode::And, DataType::I32, {in(0), immediate(1)}));
    return set(in(0));
  }
  if (isa<arith::SIToFPOp, arith::UIToFPOp>(op))
    return set(node(Opcode::Convert, DataType::I32, {in(0)}, DataType::F32));
  if (isa<arith::FPToSIOp, arith::FPToUIOp>(op) && isWhole(in(0))) {
    // Conversion rounds to even by itself.
    AluArgument x = in(0);
    if (const AluNode &n = program.nodes[size_t(x.index)];
        n.opcode == Opcode::Round)
      x = n.arguments[0];
    return set(node(Opcode::Convert, DataType::F32, {x}, DataType::I32));
  }
  if (isa<arith::FPToSIOp, arith::FPToUIOp>(op)) {
    // Conversion rounds to even; a cast truncates.
    AluArgument negative = node(Opcode::CompareLt, DataType::F32,
                                {in(0), number(0.0f)}, DataType::I32);
    AluArgument down = node(Opcode::Floor, DataType::F32, {in(0)});
    AluArgument up = node(Opcode::Ceil, DataType::F32, {in(0)});
    AluArgument whole =
        node(Opcode::Select, DataType::F32, {negative, up, down});
    return set(node(Opcode::Convert, DataType::F32, {whole}, DataType::I32));
  }
  if (auto cmp = dyn_cast<arith::CmpFOp>(op))
    return set(node(compareOpcode(cmp.getPredicate()), DataType::F32,
                    {in(0), in(1)}, DataType::I32));
  if (auto cmp = dyn_cast<arith::CmpIOp>(op))
    return set(node(compareOpcode(cmp.getPredicate()), DataType::I32,
                    {in(0), in(1)}, DataType::I32));
  if (isa<arith::SelectOp>(op))
    return set(node(Opcode::Select, computeType(op.getResult(0).getType()),
                    {in(0), in(1), in(2)}));
  if (isa<math::FmaOp>(op))
    return set(node(Opcode::Fma, DataType::F32, {in(0), in(1), in(2)}));
  if (isa<math::PowFOp>(op)) {
    AluArgument log = node(Opcode::Log, DataType::F32, {in(0)});
    AluArgument power = node(Opcode::Mul, DataType::F32, {log, in(1)});
    return set(node(Opcode::Exp, DataType::F32, {power}));
  }
  if (isa<math::Log1pOp>(op))
    return set(node(Opcode::Log, DataType::F32,
                    {node(Opcode::Add, DataType::F32, {in(0), number(1.0f)})}));
  if (std::optional<Opcode> opcode = simpleOpcode(op)) {
    SmallVector<AluArgument> arguments;
    for (unsigned i = 0; i < op.getNumOperands(); ++i)
      arguments.push_back(in(i));
    return set(
        node(*opcode, computeType(op.getResult(0).getType()), arguments));
  }
  return op.emitError("the vector unit has no '") << op.getName() << "'";
}

LogicalResult ProgramBuilder::lower(Block &body, ArrayRef<DataType> results,
                                    bool masked) {
  for (auto [i, argument] : llvm::enumerate(body.getArguments())) {
    AluArgument value = leaf(int(i));
    if (leaves[i] == DataType::F16)
      value = node(Opcode::Convert, DataType::F16, {value}, DataType::F32);
    else if (leaves[i] == DataType::I8 || leaves[i] == DataType::I16)
      value = node(Opcode::Convert, leaves[i], {value}, DataType::I32);
    values[argument] = value;
  }
  for (Operation &op : body.without_terminator())
    if (failed(lowerOp(op)))
      return failure();
  program.leafTime.assign(body.getNumArguments() + (masked ? 1 : 0), -1);
  for (auto [i, operand] :
       llvm::enumerate(body.getTerminator()->getOperands())) {
    AluArgument value = values.lookup(operand);
    DataType type = operand.getType().isF16() ? DataType::F16
                                              : computeType(operand.getType());
    if (masked)
      value = node(Opcode::And, DataType::I32,
                   {value, leaf(int(body.getNumArguments()))});
    if (results[i] == DataType::I8 && type == DataType::I32)
      value = asByte(value);
    else if (std::optional<AluArgument> same = unwidened(value, results[i]))
      value = node(Opcode::Copy, results[i], {*same});
    else if (results[i] != type)
      value = node(Opcode::Convert, type, {value}, results[i]);
    if (value.kind != AluArgument::Kind::Node)
      value = node(Opcode::Copy, type, {value});
    program.results.push_back(value.index);
  }
  return mlir::success();
}

/// Nodes are in dependence order; a node that reads only leaves, or one node
/// and nothing else, waits until its first user needs it: copies of what it
/// reads are no more than those of its result would be, and serve others.
void ProgramBuilder::time() {
  auto readsMany = [](const AluNode &n) {
    std::optional<int> only;
    bool leaf = false;
    for (const AluArgument &a : n.arguments) {
      leaf |= a.kind == AluArgument::Kind::Leaf;
      if (a.kind != AluArgument::Kind::Node)
        continue;
      if (leaf || (only && *only != a.index))
        return true;
      only = a.index;
    }
    return only && leaf;
  };
  for (AluNode &n : program.nodes) {
    n.time = 0;
    for (const AluArgument &a : n.arguments)
      if (a.kind == AluArgument::Kind::Node) {
        const AluNode &from = program.nodes[a.index];
        n.time = std::max(n.time, from.time + aluLatency(machine, from.opcode));
      }
  }
  for (int i = int(program.nodes.size()) - 1; i >= 0; --i) {
    AluNode &n = program.nodes[i];
    if (readsMany(n))
      continue;
    int latest = INT_MAX;
    for (const AluNode &user : program.nodes)
      for (const AluArgument &a : user.arguments)
        if (a.kind == AluArgument::Kind::Node && a.index == i)
          latest = std::min(latest, user.time - aluLatency(machine, n.opcode));
    if (latest != INT_MAX)
      n.time = latest;
  }
}

void ProgramBuilder::insertCopies() {
  const int step = aluLatency(machine, Opcode::Copy);
  size_t count = program.nodes.size();
  // Leaves arrive when first needed.
  for (const AluNode &n : program.nodes)
    for (const AluArgument &a : n.arguments)
      if (a.kind == AluArgument::Kind::Leaf) {
        int &time = program.leafTime[a.index];
        time = time < 0 ? n.time : std::min(time, n.time);
      }
  // One line of copies per value serves all its users: copy j is at hand
  // (j + 1) * step cycles after the value.
  DenseMap<std::pair<int, int>, SmallVector<int>> lines;
  for (size_t i = 0; i < count; ++i)
    for (size_t k = 0; k < program.nodes[i].arguments.size(); ++k) {
      AluArgument a = program.nodes[i].arguments[k];
      if (a.kind == AluArgument::Kind::Immediate)
        continue;
      bool fromLeaf = a.kind == AluArgument::Kind::Leaf;
      int ready = 0;
      DataType type = DataType::I32;
      if (fromLeaf) {
        ready = program.leafTime[a.index];
        type = a.index < int(leaves.size()) ? leaves[a.index] : DataType::I32;
      } else {
        const AluNode &from = program.nodes[a.index];
        ready = from.time + aluLatency(machine, from.opcode);
        type = from.resultType;
      }
      int wait = program.nodes[i].time - ready;
      if (wait == 0)
        continue;
      SmallVector<int> &line = lines[{fromLeaf ? 1 : 0, a.index}];
      while (int(line.size()) * step < wait) {
        AluNode copy;
        copy.opcode = Opcode::Copy;
        copy.type = copy.resultType = type;
        copy.time = ready + int(line.size()) * step;
        copy.arguments.push_back(
            line.empty()
                ? a
                : AluArgument{AluArgument::Kind::Node, line.back(), 0});
        program.nodes.push_back(copy);
        line.push_back(int(program.nodes.size()) - 1);
      }
      program.nodes[i].arguments[k] = {AluArgument::Kind::Node,
                                       line[wait / step - 1], 0};
    }
}

AluProgram ProgramBuilder::finish() {
  dropUnused();
  time();
  insertCopies();
  return std::move(program);
}

} // namespace

FailureOr<AluProgram> weft::buildAluProgram(const Machine &machine, Block &body,
                                            ArrayRef<DataType> leaves,
                                            ArrayRef<DataType> results,
                                            bool masked) {
  ProgramBuilder builder(machine, leaves);
  if (failed(builder.lower(body, results, masked)))
    return failure();
  return builder.finish();
}
