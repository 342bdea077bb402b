// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ALUs: where operands come from and when results are seen. An ALU's
// result is offered to ALUs in exactly one cycle and held by none.

#include "Chip.h"

#include <algorithm>

namespace weft::sim {

/// The lanes of an operand, as raw bits; null after a fault.
const uint32_t *Chip::aluOperand(const Issue &issue, int operand) {
  const Instruction &inst = issue.inst;
  const Operand &from = inst.operands[size_t(operand)];
  int width = byteWidth(inst.type);
  std::vector<uint32_t> &values = operandValues[operand];
  switch (from.kind) {
  case Operand::Kind::Immediate: {
    uint32_t mask = width == 4 ? ~0u : (1u << (8 * width)) - 1;
    std::fill(values.begin(), values.end(), from.immediate & mask);
    return values.data();
  }
  case Operand::Kind::Stream: {
    const uint8_t *bytes[4] = {};
    for (int b = 0; b < width; ++b) {
      bytes[b] =
          take(issue, from.stream + b, inst.producers[size_t(4 * operand + b)]);
      if (!bytes[b])
        return nullptr;
    }
    joinPlanes(bytes, width, values.data(), lanes);
    return values.data();
  }
  case Operand::Kind::Alu:
    break;
  case Operand::Kind::None:
    return nullptr; // checkInstruction() refuses it.
  }

  // Results of either latency may be due now.
  const AluResult *found = nullptr;
  int matches = 0;
  int latencies[2] = {machine.aluLatency, machine.transcendentalLatency};
  for (int i = 0; i < (latencies[0] == latencies[1] ? 1 : 2); ++i) {
    int64_t issued = now - latencies[i];
    if (issued < 0)
      continue;
    const AluResult &result =
        aluResults[size_t(from.alu) * aluRing + (issued & (aluRing - 1))];
    if (result.issued == issued && result.latency == latencies[i]) {
      found = &result;
      ++matches;
    }
  }
  std::string name = "alu " + std::to_string(from.alu);
  if (matches != 1) {
    fail(issue, FaultKind::ChainedOperand,
         matches ? name + " has two results in this cycle"
                 : name + " has no result in this cycle");
    return nullptr;
  }
  if (found->width != width) {
    fail(issue, FaultKind::ChainedOperand,
         "the result of " + name + " has " + std::to_string(found->width) +
             " bytes a lane, expected " + std::to_string(width));
    return nullptr;
  }
  return found->values.data();
}

void Chip::alu(const Issue &issue) {
  const Instruction &inst = issue.inst;
  const uint32_t *in[3] = {};
  // What other ALUs offer is judged before what streams carry.
  for (bool streams : {false, true})
    for (int i = 0; i < aluOperandCount(inst.opcode); ++i)
      if ((inst.operands[size_t(i)].kind == Operand::Kind::Stream) == streams)
        if (!(in[i] = aluOperand(issue, i)))
          return;

  // The slot of this cycle may hold an operand only if it is of this cycle,
  // which it cannot be: latencies are at least 1 and below the ring's size.
  AluResult &result = aluResults[size_t(issue.queue.id.index) * aluRing +
                                 (now & (aluRing - 1))];
  result.issued = now;
  result.latency = aluLatency(machine, inst.opcode);
  result.width = byteWidth(inst.resultType);
  computeAlu(inst.opcode, inst.type, inst.resultType, in[0], in[1], in[2],
             result.values.data(), lanes);
  if (inst.result < 0)
    return;
  Block blocks[4];
  uint8_t *bytes[4];
  for (int b = 0; b < result.width; ++b) {
    blocks[b] = streams.allocate();
    bytes[b] = streams.bytes(blocks[b]);
  }
  splitPlanes(result.values.data(), result.width, bytes, lanes);
  for (int b = 0; b < result.width; ++b)
    emit(issue, inst.result + b, machine.aluToStream + result.latency,
         blocks[b]);
}

} // namespace weft::sim
