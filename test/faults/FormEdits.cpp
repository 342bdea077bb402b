// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The form of instructions: streams that do not exist or are not aligned,
// instructions that do not exist, repeats.

#include "Edit.h"

namespace weft::faults {
namespace {

using Change = std::function<bool(const Plan &, Instruction &, Place)>;

Maker changing(std::string name, Unit unit, Kind kind, Change change) {
  return {std::move(name), [=](const Plan &plan, std::mt19937 &random) {
            return changeOne(plan, plan.issuesOf(unit, random), kind,
                             [&](Instruction &inst, Place place) {
                               return change(plan, inst, place);
                             });
          }};
}

/// A group that begins a stream too late, or too early where that would leave
/// the direction.
int misaligned(const Plan &plan, int first, int width) {
  int streams = plan.machine.streams;
  return first % streams + width < streams ? first + 1 : first - 1;
}

bool misalignOperand(const Plan &plan, Instruction &inst, Place) {
  for (int i = 0; i < 3; ++i)
    if (inst.operands[i].kind == Operand::Kind::Stream &&
        byteWidth(inst.type) > 1) {
      inst.operands[i].stream = Stream(
          misaligned(plan, inst.operands[i].stream, byteWidth(inst.type)));
      return true;
    }
  return false;
}

bool misalignResult(const Plan &plan, Instruction &inst, Place) {
  int width =
      inst.opcode == Opcode::Accumulate ? 4 : byteWidth(inst.resultType);
  if (inst.result < 0 || width < 2)
    return false;
  inst.result = int16_t(misaligned(plan, inst.result, width));
  return true;
}

bool noStream(const Plan &plan, Instruction &inst, Place) {
  if (inst.opcode == Opcode::Read || inst.opcode == Opcode::LoadWeights ||
      inst.opcode == Opcode::LoadWeightsPair) {
    inst.stream = Stream(2 * plan.machine.streams);
    return true;
  }
  if (inst.result >= 0) {
    inst.result = int16_t(2 * plan.machine.streams);
    return true;
  }
  inst.operands[0].stream = Stream(2 * plan.machine.streams);
  return inst.operands[0].kind == Operand::Kind::Stream;
}

/// The same stream of the other direction, which no unit of the MXM takes.
bool wrongDirection(const Plan &plan, Instruction &inst, Place) {
  int streams = plan.machine.streams;
  if (inst.result >= 0)
    inst.result = int16_t((inst.result + streams) % (2 * streams));
  else if (inst.operands[0].kind == Operand::Kind::Stream)
    inst.operands[0].stream =
        Stream((inst.operands[0].stream + streams) % (2 * streams));
  else
    return false;
  return true;
}

Change becomes(Opcode opcode) {
  return [opcode](const Plan &, Instruction &inst, Place) {
    inst.opcode = opcode;
    return true;
  };
}

bool noOperand(const Plan &, Instruction &inst, Place) {
  inst.operands[0].kind = Operand::Kind::None;
  return true;
}

/// An operation whose types do not go together.
bool badTypes(const Plan &, Instruction &inst, Place) {
  inst.opcode = Opcode::Add;
  inst.operands[1] = inst.operands[0];
  inst.type = DataType::F32;
  inst.resultType = DataType::F16;
  return true;
}

enum class Repeat { SameCycle, PastEnd, FarPastEnd, OfNothing, OfNop };

/// Repeats, in the queue's own text.
std::optional<Edit> repeat(const Plan &plan, std::mt19937 &random, Unit unit,
                           Repeat how) {
  std::vector<int> numbers;
  for (Place place : plan.issuesOf(unit, random))
    numbers.push_back(place.queue);
  for (int number : numbers) {
    const auto &text = plan.program.chips.front().queues.at(number);
    int64_t cycle = 0; // In which the next instruction issues.
    for (size_t i = 0; i < text.size(); ++i) {
      const Instruction &inst = text[i];
      bool issues = false;
      if (inst.opcode == Opcode::Nop)
        cycle += inst.count;
      else if (inst.opcode == Opcode::Repeat)
        cycle += int64_t(inst.count) * inst.distance;
      else
        issues = ++cycle;
      bool repeated = i + 1 < text.size() &&
                      text[i + 1].opcode == Opcode::Repeat && text[i + 1].count;
      Edit edit{plan.program, kinds::badRepeat, {number, cycle}};
      auto &edited = edit.program.chips.front().queues[number];
      switch (how) {
      case Repeat::SameCycle:
        if (!issues || !repeated)
          continue;
        edited[i + 1].distance = 0;
        edit.kind = kinds::queueConflict;
        edit.place.cycle = cycle - 1;
        return edit;
      case Repeat::PastEnd:
      case Repeat::FarPastEnd:
        // The last repeat of the queue.
        if (!issues || !repeated || i + 2 != text.size())
          continue;
        if (how == Repeat::FarPastEnd) {
          edited[i + 1].distance = edited[i + 1].count = 1u << 31;
          return edit;
        }
        edited[i + 1].count = uint32_t(plan.program.predictedCycles);
        edit.hasEnd = true;
        return edit;
      case Repeat::OfNothing:
        if (!issues || !repeated || cycle != 1)
          continue;
        edited.erase(edited.begin() + ptrdiff_t(i));
        edit.place.cycle = 0;
        return edit;
      case Repeat::OfNop:
        if (!issues || !repeated)
          continue;
        edited.insert(edited.begin() + ptrdiff_t(i) + 1, Instruction{});
        // One cycle only: what the repeat would have driven is missed later.
        edited[i + 1].count = 1;
        edit.place.cycle = cycle + 1;
        return edit;
      }
    }
  }
  return std::nullopt;
}

Maker repeating(std::string name, Unit unit, Repeat how) {
  return {std::move(name), [=](const Plan &plan, std::mt19937 &random) {
            return repeat(plan, random, unit, how);
          }};
}

} // namespace

std::vector<Maker> formMakers() {
  std::vector<Maker> makers = {
      changing("type-group-misaligned: alu operand", Unit::Alu,
               kinds::misaligned, misalignOperand),
      changing("type-group-misaligned: alu result", Unit::Alu,
               kinds::misaligned, misalignResult),
      changing("type-group-misaligned: abc", Unit::MxmActivate,
               kinds::misaligned, misalignOperand),
      changing("type-group-misaligned: acc", Unit::MxmAccumulate,
               kinds::misaligned, misalignResult),
      changing("type-group-misaligned: lw", Unit::MxmWeights, kinds::misaligned,
               [](const Plan &plan, Instruction &inst, Place) {
                 inst.stream = Stream(
                     misaligned(plan, inst.stream, plan.machine.weightStreams));
                 return inst.opcode != Opcode::InstallWeights;
               }),
      changing("stream-out-of-range: read", Unit::MemRead, kinds::outOfRange,
               noStream),
      changing("stream-out-of-range: write", Unit::MemWrite, kinds::outOfRange,
               noStream),
      changing("stream-out-of-range: alu", Unit::Alu, kinds::outOfRange,
               noStream),
      changing("stream-out-of-range: lw", Unit::MxmWeights, kinds::outOfRange,
               noStream),
      changing("stream-out-of-range: inward abc", Unit::MxmActivate,
               kinds::outOfRange, wrongDirection),
      changing("stream-out-of-range: outward acc", Unit::MxmAccumulate,
               kinds::outOfRange, wrongDirection),
      changing("no-such-instruction: opcode", Unit::MemRead, kinds::unknown,
               becomes(Opcode(opcodeCount))),
      changing("no-such-instruction: write on the read side", Unit::MemRead,
               kinds::unknown, becomes(Opcode::Write)),
      changing("no-such-instruction: read on an alu", Unit::Alu, kinds::unknown,
               becomes(Opcode::Read)),
      changing("no-such-instruction: add in abc's queue", Unit::MxmActivate,
               kinds::unknown, becomes(Opcode::Add)),
      changing("no-such-instruction: missing operand", Unit::Alu,
               kinds::unknown, noOperand),
      changing("no-such-instruction: types", Unit::Alu, kinds::unknown,
               badTypes),
      changing("no-such-instruction: acc mode", Unit::MxmAccumulate,
               kinds::unknown,
               [](const Plan &, Instruction &inst, Place) {
                 inst.accumulate = AccumulateMode(7);
                 return true;
               }),
      changing("no-such-instruction: abc of fp32", Unit::MxmActivate,
               kinds::unknown,
               [](const Plan &, Instruction &inst, Place) {
                 inst.type = DataType::F32;
                 return true;
               }),
  };
  for (Opcode opcode : {Opcode::IFetch, Opcode::Sync, Opcode::Notify,
                        Opcode::Config, Opcode::Deskew})
    for (Unit unit : {Unit::MemWrite, Unit::Alu, Unit::MxmWeights})
      makers.push_back(
          changing("no-such-instruction: " + std::string(opcodeName(opcode)),
                   unit, kinds::unknown, becomes(opcode)));
  for (auto [unit, name] : {std::pair(Unit::MemRead, "read side"),
                            {Unit::MemWrite, "write side"},
                            {Unit::Alu, "alu"},
                            {Unit::MxmWeights, "lw"}}) {
    makers.push_back(
        repeating(std::string("two-instructions-in-one-cycle: ") + name, unit,
                  Repeat::SameCycle));
    makers.push_back(repeating(std::string("repeat-of-a-nop: ") + name, unit,
                               Repeat::OfNop));
  }
  makers.push_back(
      repeating("repeat-of-nothing", Unit::MemRead, Repeat::OfNothing));
  makers.push_back(
      repeating("repeat-past-the-end", Unit::MemWrite, Repeat::PastEnd));
  makers.push_back(
      repeating("repeat-past-all-cycles", Unit::MemWrite, Repeat::FarPastEnd));
  return makers;
}

} // namespace weft::faults
