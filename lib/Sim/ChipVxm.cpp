// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The ALUs: where operands come from and when results are seen. An ALU's
// result is offered to ALUs in exactly one cycle and held by none.

#include "Chip.h"

#include <algorithm>

namespace weft::sim {

/// Finds an operand and adds the addresses of its bytes; false after a fault.
bool Chip::aluOperand(const Issue &issue, int operand, const void **pointers,
                      int &count) {
  const Instruction &inst = issue.inst;
  const Operand &from = inst.operands[size_t(operand)];
  int width = byteWidth(inst.type);
  switch (from.kind) {
  case Operand::Kind::Immediate:
    return true;
  case Operand::Kind::Stream:
    for (int b = 0; b < width; ++b) {
      Vector plane =
          take(issue, from.stream + b, inst.producers[size_t(4 * operand + b)]);
      if (!plane.bytes)
        return false;
      pointers[count++] = plane.bytes;
    }
    return true;
  case Operand::Kind::Alu:
    break;
  case Operand::Kind::None:
    return false; // checkInstruction() refuses it.
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
  if (matches != 1) {
    std::string name = "alu " + std::to_string(from.alu);
    fail(issue, FaultKind::ChainedOperand,
         matches ? name + " has two results in this cycle"
                 : name + " has no result in this cycle");
    return false;
  }
  if (found->width != width) {
    fail(issue, FaultKind::ChainedOperand,
         "the result of alu " + std::to_string(from.alu) + " has " +
             std::to_string(found->width) + " bytes a lane, expected " +
             std::to_string(width));
    return false;
  }
  pointers[count++] = found->values.data();
  return true;
}

void Chip::alu(const Issue &issue) {
  const Instruction &inst = issue.inst;
  const void *in[3][4];
  int counts[3] = {};
  // What other ALUs offer is judged before what streams carry.
  for (bool streams : {false, true})
    for (int i = 0; i < aluOperandCount(inst.opcode); ++i)
      if ((inst.operands[size_t(i)].kind == Operand::Kind::Stream) == streams)
        if (!aluOperand(issue, i, in[i], counts[i]))
          return;

  // The slot of this cycle may hold an operand only if it is of this cycle,
  // which it cannot be: latencies are at least 1 and below the ring's size.
  AluResult &result = aluResults[size_t(issue.queue.id.index) * aluRing +
                                 (now & (aluRing - 1))];
  result.issued = now;
  result.latency = aluLatency(machine, inst.opcode);
  result.width = byteWidth(inst.resultType);
  int planes = inst.result < 0 ? 0 : result.width;
  int operands = counts[0] + counts[1] + counts[2];
  Operation &op = engine.begin(Operation::Alu, inst, size_t(operands + planes));
  op.values = result.values.data();
  const void **next = op.pointers();
  for (int i = 0; i < 3; ++i)
    next = std::copy(in[i], in[i] + counts[i], next);
  Vector out[4];
  results(out, planes, next);
  engine.commit();
  for (int b = 0; b < planes; ++b)
    emit(issue, inst.result + b, machine.aluToStream + result.latency, out[b]);
}

} // namespace weft::sim
