// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What can be said of an instruction without knowing when it issues: whether
// its queue has it, and whether its streams, types and fields exist.

#include "Chip.h"

namespace weft::sim {
namespace {

using Result = std::optional<StaticFault>;

enum class Way { Any, Outward, Inward };

class Checker {
public:
  Checker(const Machine &machine, Queue queue, const Instruction &inst)
      : machine(machine), queue(queue), inst(inst) {}

  Result run() {
    if (int(inst.opcode) >= opcodeCount ||
        int(inst.type) > int(DataType::F32) ||
        int(inst.resultType) > int(DataType::F32))
      return none("unknown opcode or type");
    if (machine.isReserved(queue.hemisphere, queue.index) &&
        (queue.unit == Unit::MemRead || queue.unit == Unit::MemWrite))
      return StaticFault{FaultKind::OutOfRange,
                         "the slice is reserved for the system"};
    switch (queue.unit) {
    case Unit::MemRead:
    case Unit::MemWrite:
      return memory();
    case Unit::Alu:
      return alu();
    case Unit::MxmWeights:
      return weights();
    case Unit::MxmActivate:
      return activate();
    case Unit::MxmAccumulate:
      return accumulate();
    case Unit::Transposer:
    case Unit::Distributor:
    case Unit::Permuter:
      return sxm();
    case Unit::Link:
      return link();
    }
    return none("no such queue");
  }

private:
  Result none(std::string message) const {
    return StaticFault{FaultKind::NoSuchInstruction, std::move(message)};
  }
  Result foreign() const { return none("not an instruction of this queue"); }

  /// `width` streams from `first` on, aligned, of a direction.
  Result group(int first, int width, Way way) const {
    int perDirection = machine.streams;
    if (first < 0 || first + width > 2 * perDirection)
      return StaticFault{FaultKind::OutOfRange,
                         "stream " + std::to_string(first) + " of " +
                             std::to_string(2 * perDirection)};
    bool eastward = first < perDirection;
    bool outward = eastward == (queue.hemisphere == Hemisphere::East);
    if (way != Way::Any && outward != (way == Way::Outward))
      return StaticFault{FaultKind::OutOfRange,
                         "stream " + std::to_string(first) + " flows " +
                             (outward ? "outward" : "inward") +
                             ", the wrong way for this unit"};
    if (first % perDirection % width != 0 ||
        first % perDirection + width > perDirection)
      return StaticFault{FaultKind::Misaligned,
                         "stream " + std::to_string(first) +
                             " does not begin a group of " +
                             std::to_string(width)};
    return std::nullopt;
  }
  Result streamOperand(int i, int width, Way way) const {
    const Operand &operand = inst.operands[size_t(i)];
    if (operand.kind != Operand::Kind::Stream)
      return none("operand " + std::to_string(i) + " must be a stream");
    return group(operand.stream, width, way);
  }

  Result memory() const {
    bool reads = queue.unit == Unit::MemRead;
    switch (inst.opcode) {
    case Opcode::Read:
      return reads ? group(inst.stream, 1, Way::Any) : foreign();
    case Opcode::Write:
      return reads ? foreign() : streamOperand(0, 1, Way::Any);
    case Opcode::Gather:
      if (!reads)
        return foreign();
      if (inst.length == 0)
        return StaticFault{FaultKind::OutOfRange, "a table of no words"};
      if (Result wrong = group(inst.stream, 1, Way::Any))
        return wrong;
      return streamOperand(0, 2, Way::Any);
    case Opcode::Scatter:
      if (reads)
        return foreign();
      if (inst.length == 0)
        return StaticFault{FaultKind::OutOfRange, "a table of no words"};
      if (Result wrong = streamOperand(0, 1, Way::Any))
        return wrong;
      return streamOperand(1, 2, Way::Any);
    default:
      return foreign();
    }
  }

  Result alu() const {
    if (!isAluOpcode(inst.opcode))
      return foreign();
    if (!aluSupports(inst.opcode, inst.type, inst.resultType))
      return none("not on operands and results of these types");
    for (int i = 0; i < aluOperandCount(inst.opcode); ++i) {
      const Operand &operand = inst.operands[size_t(i)];
      switch (operand.kind) {
      case Operand::Kind::None:
        return none("operand " + std::to_string(i) + " is missing");
      case Operand::Kind::Stream:
        if (Result wrong =
                group(operand.stream, byteWidth(inst.type), Way::Any))
          return wrong;
        break;
      case Operand::Kind::Alu:
        if (operand.alu >= machine.alus)
          return StaticFault{FaultKind::OutOfRange,
                             "alu " + std::to_string(operand.alu) + " of " +
                                 std::to_string(machine.alus)};
        break;
      case Operand::Kind::Immediate:
        break;
      }
    }
    if (inst.result == -1)
      return std::nullopt;
    return group(inst.result, byteWidth(inst.resultType), Way::Any);
  }

  bool pairType() const { return inst.type == DataType::F16; }
  /// A type of the MXM, fp16 in the queue of the even plane only.
  Result mxmType() const {
    if (inst.type != DataType::I8 && !pairType())
      return none("the MXM knows int8 and fp16 only");
    if (pairType() && queue.index % 2 != 0)
      return none("a pair is told by its even plane");
    return std::nullopt;
  }

  Result weights() const {
    switch (inst.opcode) {
    case Opcode::LoadWeights:
      return group(inst.stream, machine.weightStreams, Way::Outward);
    case Opcode::LoadWeightsPair:
      if (queue.index % 2 != 0)
        return none("a pair is told by its even plane");
      return group(inst.stream, machine.weightStreams, Way::Outward);
    case Opcode::InstallWeights:
      return install();
    default:
      return foreign();
    }
  }
  /// In any queue of its plane; of a pair in any of either plane.
  Result install() const {
    if (inst.type == DataType::F16)
      return std::nullopt;
    return mxmType();
  }
  Result activate() const {
    if (inst.opcode == Opcode::InstallWeights)
      return install();
    if (inst.opcode != Opcode::Activate)
      return foreign();
    if (Result wrong = mxmType())
      return wrong;
    return streamOperand(0, pairType() ? 2 : 1, Way::Outward);
  }
  Result accumulate() const {
    if (inst.opcode == Opcode::InstallWeights)
      return install();
    if (inst.opcode != Opcode::Accumulate ||
        int(inst.accumulate) > int(AccumulateMode::Emit))
      return foreign();
    if (Result wrong = mxmType())
      return wrong;
    bool quiet = inst.accumulate == AccumulateMode::Store ||
                 inst.accumulate == AccumulateMode::Add;
    if (quiet != (inst.result == -1))
      return none(quiet ? "this mode emits nothing, but a stream is named"
                        : "this mode emits, but no stream is named");
    return quiet ? std::nullopt : group(inst.result, 4, Way::Inward);
  }

  Result sxm() const {
    Unit unit = queue.unit;
    switch (inst.opcode) {
    case Opcode::Transpose:
      if (unit != Unit::Transposer)
        return foreign();
      if (Result wrong = group(inst.stream, 16, Way::Outward))
        return wrong;
      return group(inst.result, 16, Way::Inward);
    case Opcode::Distribute:
      if (unit != Unit::Distributor)
        return foreign();
      for (uint8_t from : inst.map)
        if (from > 16)
          return StaticFault{FaultKind::OutOfRange,
                             "source lane " + std::to_string(from) + " of 16"};
      break;
    case Opcode::Shift:
      if (unit != Unit::Permuter)
        return foreign();
      if (inst.shift <= -machine.lanes() || inst.shift >= machine.lanes())
        return StaticFault{FaultKind::OutOfRange,
                           "a shift by " + std::to_string(inst.shift) + " of " +
                               std::to_string(machine.lanes()) + " lanes"};
      break;
    case Opcode::Permute:
      if (unit != Unit::Permuter)
        return foreign();
      if (Result wrong = streamOperand(1, 2, Way::Outward))
        return wrong;
      break;
    case Opcode::SelectLanes:
      if (unit != Unit::Permuter)
        return foreign();
      if (Result wrong = streamOperand(1, 1, Way::Outward))
        return wrong;
      if (inst.shift < 0 || inst.shift + inst.length > machine.lanes())
        return StaticFault{FaultKind::OutOfRange,
                           "lanes " + std::to_string(inst.shift) + " to " +
                               std::to_string(inst.shift + inst.length) +
                               " of " + std::to_string(machine.lanes())};
      break;
    default:
      return foreign();
    }
    if (Result wrong = streamOperand(0, 1, Way::Outward))
      return wrong;
    return group(inst.result, 1, Way::Inward);
  }

  Result link() const {
    switch (inst.opcode) {
    case Opcode::Send:
      return streamOperand(0, 1, Way::Outward);
    case Opcode::Receive:
      return group(inst.stream, 1, Way::Inward);
    default:
      return foreign();
    }
  }

  const Machine &machine;
  Queue queue;
  const Instruction &inst;
};

} // namespace

std::optional<StaticFault> checkInstruction(const Machine &machine, Queue queue,
                                            const Instruction &inst) {
  return Checker(machine, queue, inst).run();
}

} // namespace weft::sim
