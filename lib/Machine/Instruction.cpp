// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names, numbers and positions of issue queues, and the properties of opcodes
// that do not depend on a program.

#include "weft/Machine/Instruction.h"

namespace weft {
namespace {

// Queues of one kind in one hemisphere; the VXM has no hemisphere and counts
// as West.
int unitsPerHemisphere(const Machine &machine, Unit unit) {
  switch (unit) {
  case Unit::MemRead:
  case Unit::MemWrite:
    return machine.slices;
  case Unit::Alu:
    return machine.alus;
  case Unit::MxmWeights:
  case Unit::MxmActivate:
  case Unit::MxmAccumulate:
    return machine.planes;
  case Unit::Transposer:
    return machine.transposers;
  case Unit::Distributor:
    return machine.distributors;
  case Unit::Permuter:
    return 1;
  case Unit::Link:
    return machine.links;
  }
  return 0;
}

int hemispheresOf(Unit unit) { return unit == Unit::Alu ? 1 : 2; }

constexpr std::string_view opcodeNames[] = {
    "nop",     "repeat",       "read",      "write",   "gather",
    "scatter", "copy",         "add",       "sub",     "mul",
    "fma",     "div",          "min",       "max",     "neg",
    "abs",     "and",          "or",        "xor",     "not",
    "shl",     "shr.logical",  "shr.arith", "cmp.eq",  "cmp.ne",
    "cmp.lt",  "cmp.le",       "cmp.gt",    "cmp.ge",  "select",
    "convert", "relu",         "exp",       "log",     "tanh",
    "sqrt",    "rsqrt",        "floor",     "ceil",    "round",
    "sin",     "cos",          "lw",        "lw.pair", "iw",
    "abc",     "acc",          "transpose", "shift",   "distribute",
    "permute", "select.lanes", "send",      "receive", "ifetch",
    "sync",    "notify",       "config",    "deskew",
};
static_assert(std::size(opcodeNames) == opcodeCount);

} // namespace

int queueCount(const Machine &machine) {
  int count = 0;
  for (int unit = 0; unit < unitKinds; ++unit)
    count +=
        hemispheresOf(Unit(unit)) * unitsPerHemisphere(machine, Unit(unit));
  return count;
}

int queueNumber(const Machine &machine, Queue queue) {
  int base = 0;
  for (int unit = 0; unit < unitKinds; ++unit) {
    int units = unitsPerHemisphere(machine, Unit(unit));
    int hemispheres = hemispheresOf(Unit(unit));
    if (Unit(unit) == queue.unit) {
      int hemisphere = int(queue.hemisphere);
      if (hemisphere >= hemispheres || queue.index >= units)
        return -1;
      return base + hemisphere * units + queue.index;
    }
    base += hemispheres * units;
  }
  return -1;
}

std::optional<Queue> queueOfNumber(const Machine &machine, int number) {
  if (number < 0)
    return std::nullopt;
  for (int unit = 0; unit < unitKinds; ++unit) {
    int units = unitsPerHemisphere(machine, Unit(unit));
    int all = hemispheresOf(Unit(unit)) * units;
    if (number < all)
      return Queue{Unit(unit), Hemisphere(number / units),
                   uint8_t(number % units)};
    number -= all;
  }
  return std::nullopt;
}

std::string queueName(Queue queue) {
  std::string side = queue.hemisphere == Hemisphere::West ? "west " : "east ";
  std::string index = std::to_string(queue.index);
  switch (queue.unit) {
  case Unit::MemRead:
    return side + "mem " + index + " read";
  case Unit::MemWrite:
    return side + "mem " + index + " write";
  case Unit::Alu:
    return "alu " + index;
  case Unit::MxmWeights:
    return side + "mxm " + index + " weights";
  case Unit::MxmActivate:
    return side + "mxm " + index + " abc";
  case Unit::MxmAccumulate:
    return side + "mxm " + index + " acc";
  case Unit::Transposer:
    return side + "sxm transposer " + index;
  case Unit::Distributor:
    return side + "sxm distributor " + index;
  case Unit::Permuter:
    return side + "sxm permuter";
  case Unit::Link:
    return side + "link " + index;
  }
  return "unknown unit";
}

int queuePosition(const Machine &machine, Queue queue) {
  switch (queue.unit) {
  case Unit::MemRead:
  case Unit::MemWrite:
    return machine.slicePosition(queue.hemisphere, queue.index);
  case Unit::Alu:
    return 0;
  case Unit::MxmWeights:
  case Unit::MxmActivate:
  case Unit::MxmAccumulate:
    return machine.mxmAt(queue.hemisphere);
  case Unit::Transposer:
  case Unit::Distributor:
  case Unit::Permuter:
  case Unit::Link:
    return machine.sxmAt(queue.hemisphere);
  }
  return 0;
}

std::string_view opcodeName(Opcode op) {
  return int(op) < opcodeCount ? opcodeNames[int(op)] : "unknown";
}

bool isAluOpcode(Opcode op) { return op >= Opcode::Copy && op <= Opcode::Cos; }

int aluOperandCount(Opcode op) {
  switch (op) {
  case Opcode::Fma:
  case Opcode::Select:
    return 3;
  case Opcode::Add:
  case Opcode::Sub:
  case Opcode::Mul:
  case Opcode::Div:
  case Opcode::Min:
  case Opcode::Max:
  case Opcode::And:
  case Opcode::Or:
  case Opcode::Xor:
  case Opcode::ShiftLeft:
  case Opcode::ShiftRightLogical:
  case Opcode::ShiftRightArithmetic:
  case Opcode::CompareEq:
  case Opcode::CompareNe:
  case Opcode::CompareLt:
  case Opcode::CompareLe:
  case Opcode::CompareGt:
  case Opcode::CompareGe:
    return 2;
  default:
    return isAluOpcode(op) ? 1 : 0;
  }
}

int aluLatency(const Machine &machine, Opcode op) {
  switch (op) {
  case Opcode::Div:
  case Opcode::Exp:
  case Opcode::Log:
  case Opcode::Tanh:
  case Opcode::Sqrt:
  case Opcode::Rsqrt:
  case Opcode::Sin:
  case Opcode::Cos:
    return machine.transcendentalLatency;
  default:
    return machine.aluLatency;
  }
}

} // namespace weft
