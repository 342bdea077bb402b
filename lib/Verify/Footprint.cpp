// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One case per instruction: operands, types, groups of streams and delays.

#include "weft/Verify/Footprint.h"

namespace weft::verify {
namespace {

bool isFloat(DataType t) { return t == DataType::F16 || t == DataType::F32; }

/// Builds the footprint of one instruction; the first refusal wins.
class FootprintBuilder {
public:
  FootprintBuilder(const Machine &machine, Queue queue, const Instruction &inst,
                   Footprint &out)
      : machine(machine), queue(queue), inst(inst), out(out) {}

  std::optional<Refusal> build() {
    out = {};
    if (int(inst.opcode) >= opcodeCount)
      return Refusal{FaultKind::UnknownInstruction,
                     "opcode " + std::to_string(int(inst.opcode))};
    if (inst.opcode >= Opcode::IFetch)
      unknown("'" + name() + "' is not modelled");
    else if (!isKnown(inst.type) || !isKnown(inst.resultType))
      unknown("no such element type");
    else
      buildUnit();
    return refusal;
  }

private:
  enum class Way { Any, Outward, Inward };

  void buildUnit() {
    switch (queue.unit) {
    case Unit::MemRead:
      return buildMemRead();
    case Unit::MemWrite:
      return buildMemWrite();
    case Unit::Alu:
      return buildAlu();
    case Unit::MxmWeights:
      return buildWeights();
    case Unit::MxmActivate:
      return buildActivate();
    case Unit::MxmAccumulate:
      return buildAccumulate();
    case Unit::Transposer:
      return buildTranspose();
    case Unit::Distributor:
      return buildDistribute();
    case Unit::Permuter:
      return buildPermuter();
    case Unit::Link:
      return buildLink();
    }
    unsuitable();
  }

  void buildMemRead() {
    if (inst.opcode == Opcode::Gather)
      readOperand(0, 2, Way::Any);
    else if (inst.opcode != Opcode::Read)
      return unsuitable();
    notReserved();
    drive(inst.stream, 1, 1, Way::Any, machine.readLatency);
  }

  void buildMemWrite() {
    if (inst.opcode != Opcode::Write && inst.opcode != Opcode::Scatter)
      return unsuitable();
    notReserved();
    readOperand(0, 1, Way::Any);
    if (inst.opcode == Opcode::Scatter)
      readOperand(1, 2, Way::Any);
  }

  void buildAlu() {
    if (!isAluOpcode(inst.opcode))
      return unsuitable();
    if (!typeSuits())
      return;
    for (int i = 0; i < aluOperandCount(inst.opcode); ++i) {
      const Operand &operand = inst.operands[i];
      switch (operand.kind) {
      case Operand::Kind::Immediate:
        break;
      case Operand::Kind::Stream:
        readOperand(i, byteWidth(inst.type), Way::Any);
        break;
      case Operand::Kind::Alu:
        if (operand.alu >= machine.alus)
          return refuse(FaultKind::OutOfRange,
                        "operand " + std::to_string(i) + " is ALU " +
                            std::to_string(operand.alu) + " of " +
                            std::to_string(machine.alus));
        out.chained[out.chainedCount++] = operand.alu;
        break;
      default:
        return unknown("'" + name() + "' lacks operand " + std::to_string(i));
      }
    }
    if (inst.result != -1) {
      int width = byteWidth(inst.resultType);
      drive(inst.result, width, width, Way::Any,
            machine.aluToStream + aluLatency(machine, inst.opcode));
    }
  }

  // Comparisons and conversions alone give another type than they take. Shifts
  // count bits of integers; what is defined on fractions needs them.
  bool typeSuits() {
    bool floating = isFloat(inst.type), suits = true;
    switch (inst.opcode) {
    case Opcode::Convert:
    case Opcode::CompareEq:
    case Opcode::CompareNe:
    case Opcode::CompareLt:
    case Opcode::CompareLe:
    case Opcode::CompareGt:
    case Opcode::CompareGe:
      return true;
    case Opcode::ShiftLeft:
    case Opcode::ShiftRightLogical:
    case Opcode::ShiftRightArithmetic:
      suits = !floating;
      break;
    case Opcode::Exp:
    case Opcode::Log:
    case Opcode::Tanh:
    case Opcode::Sqrt:
    case Opcode::Rsqrt:
    case Opcode::Floor:
    case Opcode::Ceil:
    case Opcode::Round:
    case Opcode::Sin:
    case Opcode::Cos:
      suits = floating;
      break;
    default:
      break;
    }
    if (!suits)
      unknown(
          "'" + name() +
          (floating ? "' of a floating-point type" : "' of an integer type"));
    else if (inst.type != inst.resultType)
      unknown("'" + name() + "' with a result of another type");
    return !refusal;
  }

  /// In any queue of its plane; a pair's in any of either plane.
  void buildInstall() {
    if (inst.type != DataType::I8 && inst.type != DataType::F16)
      unknown("'iw' of neither int8 nor fp16");
  }

  void buildWeights() {
    if (inst.opcode == Opcode::InstallWeights)
      return buildInstall();
    if (inst.opcode == Opcode::LoadWeightsPair)
      evenPlane();
    else if (inst.opcode != Opcode::LoadWeights)
      return unsuitable();
    int count = machine.weightStreams;
    if (count > int(out.reads.size()) ||
        (inst.opcode == Opcode::LoadWeightsPair && !inst.packed && count < 2))
      return unknown("'" + name() + "' of " + std::to_string(count) +
                     " streams");
    readStreams(inst.stream, count, count, 0, Way::Outward);
  }

  void buildActivate() {
    if (inst.opcode == Opcode::InstallWeights)
      return buildInstall();
    if (inst.opcode != Opcode::Activate)
      return unsuitable();
    if (matrixType())
      readOperand(0, byteWidth(inst.type), Way::Outward);
  }

  void buildAccumulate() {
    if (inst.opcode == Opcode::InstallWeights)
      return buildInstall();
    if (inst.opcode != Opcode::Accumulate)
      return unsuitable();
    if (inst.accumulate > AccumulateMode::Emit)
      return unknown("accumulate mode " + std::to_string(int(inst.accumulate)));
    if (!matrixType())
      return;
    if (inst.accumulate == AccumulateMode::Store ||
        inst.accumulate == AccumulateMode::Add) {
      if (inst.result != -1)
        unknown("'acc' that emits nothing names a stream");
      return;
    }
    if (inst.result == -1)
      return unknown("'acc' that emits names no stream");
    // int32 or fp32: a group of four, in the cycle that y appears.
    drive(inst.result, 4, 4, Way::Inward, 0);
  }

  void buildTranspose() {
    if (inst.opcode != Opcode::Transpose)
      return unsuitable();
    readStreams(inst.stream, 16, 16, 0, Way::Outward);
    drive(inst.result, 16, 16, Way::Inward,
          machine.sxmEnter + machine.transposeLatency);
  }

  void buildDistribute() {
    if (inst.opcode != Opcode::Distribute)
      return unsuitable();
    for (uint8_t lane : inst.map)
      if (lane > 16)
        return refuse(FaultKind::OutOfRange,
                      "map entry " + std::to_string(lane) +
                          "; a superlane has lanes 0..15, and 16 is zero");
    readOperand(0, 1, Way::Outward);
    drive(inst.result, 1, 1, Way::Inward,
          machine.sxmEnter + machine.distributeLatency);
  }

  void buildPermuter() {
    int lanes = machine.lanes();
    switch (inst.opcode) {
    case Opcode::Shift:
      if (inst.shift <= -lanes || inst.shift >= lanes)
        return refuse(FaultKind::OutOfRange,
                      "shift by " + std::to_string(inst.shift) + " of " +
                          std::to_string(lanes) + " lanes");
      break;
    case Opcode::Permute:
      readOperand(1, 2, Way::Outward);
      break;
    case Opcode::SelectLanes:
      if (inst.shift < 0 || inst.shift + int(inst.length) > lanes)
        return refuse(FaultKind::OutOfRange,
                      "lanes " + std::to_string(inst.shift) + " to " +
                          std::to_string(inst.shift + int(inst.length)) +
                          " of " + std::to_string(lanes));
      readOperand(1, 1, Way::Outward);
      break;
    default:
      return unsuitable();
    }
    readOperand(0, 1, Way::Outward);
    drive(inst.result, 1, 1, Way::Inward,
          machine.sxmEnter + machine.shiftLatency);
  }

  void buildLink() {
    if (inst.opcode == Opcode::Send)
      return readOperand(0, 1, Way::Outward);
    if (inst.opcode != Opcode::Receive)
      return unsuitable();
    // The wire time is in the cycles from send to receive.
    drive(inst.stream, 1, 1, Way::Inward, 0);
  }

  // Checks, shared by the cases.

  static bool isKnown(DataType t) { return t <= DataType::F32; }
  std::string name() const { return std::string(opcodeName(inst.opcode)); }

  void refuse(FaultKind kind, std::string message) {
    if (!refusal)
      refusal = Refusal{kind, std::move(message)};
  }
  void unknown(std::string message) {
    refuse(FaultKind::UnknownInstruction, std::move(message));
  }
  void unsuitable() {
    unknown("'" + name() + "' in the queue of " + queueName(queue));
  }

  void notReserved() {
    if (machine.isReserved(queue.hemisphere, queue.index))
      refuse(FaultKind::OutOfRange, "the slice is reserved for the system");
  }

  // A pair is told by its even plane.
  void evenPlane() {
    if (queue.index % 2 != 0)
      unknown("'" + name() +
              "' for a pair of planes in the queue of its odd plane");
  }

  bool matrixType() {
    if (inst.type == DataType::F16)
      evenPlane();
    else if (inst.type != DataType::I8)
      unknown("'" + name() + "' of neither int8 nor fp16");
    return !refusal;
  }

  // Outward is away from the VXM: eastward in the east.
  bool groupFits(int first, int count, int align, Way way, const char *what) {
    int perDirection = machine.streams;
    std::string group = std::string(what) + " stream " + std::to_string(first);
    if (first < 0 || first + count > 2 * perDirection) {
      refuse(FaultKind::OutOfRange,
             group + " of " + std::to_string(2 * perDirection));
      return false;
    }
    bool eastward = first < perDirection;
    if (way != Way::Any &&
        eastward !=
            ((queue.hemisphere == Hemisphere::East) == (way == Way::Outward))) {
      refuse(FaultKind::OutOfRange,
             group + (way == Way::Outward ? " does not flow outward here"
                                          : " does not flow inward here"));
      return false;
    }
    if ((first % perDirection) % align != 0 ||
        first % perDirection + count > perDirection) {
      refuse(FaultKind::Misaligned,
             group + " does not begin a group of " + std::to_string(align));
      return false;
    }
    return true;
  }

  void readStreams(int first, int count, int align, int producer, Way way) {
    if (!groupFits(first, count, align, way, "operand"))
      return;
    for (int j = 0; j < count; ++j)
      out.reads[out.readCount++] = {Stream(first + j),
                                    inst.producers[producer + j]};
  }

  void readOperand(int i, int width, Way way) {
    if (inst.operands[i].kind != Operand::Kind::Stream)
      return unknown("operand " + std::to_string(i) + " of '" + name() +
                     "' must be a stream");
    readStreams(inst.operands[i].stream, width, width, 4 * i, way);
  }

  void drive(int first, int count, int align, Way way, int delay) {
    if (!groupFits(first, count, align, way, "result"))
      return;
    out.driveFirst = Stream(first);
    out.driveCount = uint8_t(count);
    out.driveDelay = delay;
  }

  const Machine &machine;
  Queue queue;
  const Instruction &inst;
  Footprint &out;
  std::optional<Refusal> refusal;
};

} // namespace

std::optional<Refusal> takeFootprint(const Machine &machine, Queue queue,
                                     const Instruction &instruction,
                                     Footprint &footprint) {
  return FootprintBuilder(machine, queue, instruction, footprint).build();
}

} // namespace weft::verify
