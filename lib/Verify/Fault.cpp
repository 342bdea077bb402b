// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names of faults and the text of one.

#include "weft/Verify/Verifier.h"

namespace weft::verify {

std::string_view faultKindName(FaultKind kind) {
  switch (kind) {
  case FaultKind::StreamNotDriven:
    return "stream not driven";
  case FaultKind::WrongProducer:
    return "stream driven by another unit";
  case FaultKind::TwoDrivers:
    return "two drivers";
  case FaultKind::BankConflict:
    return "bank conflict";
  case FaultKind::NeverWritten:
    return "word never written";
  case FaultKind::QueueConflict:
    return "two instructions in one cycle";
  case FaultKind::ChainedOperand:
    return "chained operand at the wrong cycle";
  case FaultKind::WeightsNotInstalled:
    return "weights not installed";
  case FaultKind::WeightsOverwritten:
    return "weights overwritten while in use";
  case FaultKind::AccumulatorMisuse:
    return "accumulator misuse";
  case FaultKind::OutOfRange:
    return "out of range";
  case FaultKind::Misaligned:
    return "streams misaligned";
  case FaultKind::LinkTooSoon:
    return "link used too soon";
  case FaultKind::LinkNotReceived:
    return "link not received";
  case FaultKind::LinkNotSent:
    return "link received without a send";
  case FaultKind::UnknownInstruction:
    return "no such instruction";
  case FaultKind::BadRepeat:
    return "bad repeat";
  case FaultKind::CyclesDiffer:
    return "cycles differ";
  }
  return "unknown fault";
}

std::string faultText(const Machine &machine, const Fault &fault) {
  std::string text = "chip " + std::to_string(fault.chip);
  if (std::optional<Queue> queue = queueOfNumber(machine, fault.queue))
    text += ", " + queueName(*queue);
  else if (fault.queue >= 0)
    text += ", queue " + std::to_string(fault.queue);
  text += ", cycle " + std::to_string(fault.cycle);
  if (fault.instruction >= 0)
    text += ", instruction " + std::to_string(fault.instruction) + " (" +
            std::string(opcodeName(fault.opcode)) + ")";
  if (!fault.node.empty())
    text += ", node '" + fault.node + "'";
  return text + ": " + std::string(faultKindName(fault.kind)) + ": " +
         fault.message;
}

} // namespace weft::verify
