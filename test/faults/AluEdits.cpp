// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Chained operands: the consumer issues exactly when the producer's result is
// there.

#include "Edit.h"

namespace weft::faults {
namespace {

/// Whether an ALU's result is offered to ALUs in a cycle.
bool hasResult(const Plan &plan, int alu, int64_t cycle) {
  int number = plan.number(Unit::Alu, Hemisphere::West, alu);
  auto found = plan.queues.find(number);
  if (found == plan.queues.end())
    return false;
  const Machine &m = plan.machine;
  for (int d : {m.aluLatency, m.transcendentalLatency})
    if (auto issue = found->second.find(cycle - d);
        issue != found->second.end() &&
        aluLatency(m, issue->second.inst.opcode) == d)
      return true;
  return false;
}

/// The ALU operand of an instruction, or -1.
int chainedOperand(const Instruction &inst) {
  for (int i = 0; i < aluOperandCount(inst.opcode); ++i)
    if (inst.operands[i].kind == Operand::Kind::Alu)
      return i;
  return -1;
}

std::optional<Edit> otherAlu(const Plan &plan, std::mt19937 &random) {
  return changeOne(plan, plan.issuesOf(Unit::Alu, random), kinds::chained,
                   [&](Instruction &inst, Place place) {
                     int i = chainedOperand(inst);
                     if (i < 0)
                       return false;
                     for (int a = 0; a < plan.machine.alus; ++a)
                       if (!hasResult(plan, a, place.cycle)) {
                         inst.operands[i].alu = uint8_t(a);
                         return true;
                       }
                     return false;
                   });
}

/// A consumer that issues `by` cycles off.
std::optional<Edit> moved(const Plan &plan, std::mt19937 &random, int by) {
  for (Place place : plan.issuesOf(Unit::Alu, random)) {
    const Issue &issue = plan.at(place);
    int i = chainedOperand(issue.inst);
    if (i < 0 || !plan.isIdle(place.queue, place.cycle + by) ||
        hasResult(plan, issue.inst.operands[i].alu, place.cycle + by))
      continue;
    bool streams = false;
    for (const Operand &operand : issue.inst.operands)
      streams |= operand.kind == Operand::Kind::Stream;
    if (streams)
      continue;
    Timeline timeline = plan.queues.at(place.queue);
    timeline[place.cycle + by] = issue;
    timeline.erase(place.cycle);
    return Edit{plan.with(place.queue, timeline),
                kinds::chained,
                {place.queue, place.cycle + by}};
  }
  return std::nullopt;
}

/// The producer is left out.
std::optional<Edit> noProducer(const Plan &plan, std::mt19937 &random) {
  for (Place place : plan.issuesOf(Unit::Alu, random)) {
    const Instruction &inst = plan.at(place).inst;
    int64_t ready = place.cycle + aluLatency(plan.machine, inst.opcode);
    // The lowest queue that takes the result.
    for (int a = 0; a < plan.machine.alus; ++a) {
      int number = plan.number(Unit::Alu, Hemisphere::West, a);
      if (plan.isIdle(number, ready))
        continue;
      const Instruction &user = plan.at({number, ready}).inst;
      for (int i = 0; i < aluOperandCount(user.opcode); ++i)
        if (user.operands[i].kind == Operand::Kind::Alu &&
            user.operands[i].alu == plan.queue(place.queue).index)
          return without(plan, place, kinds::chained, {number, ready});
    }
  }
  return std::nullopt;
}

} // namespace

std::vector<Maker> aluMakers() {
  auto by = [](int cycles) {
    return [cycles](const Plan &plan, std::mt19937 &random) {
      return moved(plan, random, cycles);
    };
  };
  return {
      {"chained-operand: another alu", otherAlu},
      {"chained-operand: a cycle late", by(1)},
      {"chained-operand: a cycle early", by(-1)},
      {"chained-operand: no producer", noProducer},
  };
}

} // namespace weft::faults
