// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The switch units, which move bytes between lanes: transposers, distributors
// and the permuter. They take outward streams and drive inward ones.

#include "Chip.h"

namespace weft::sim {

void Chip::transpose(const Issue &issue) {
  const Instruction &inst = issue.inst;
  Vector in[16], out[16];
  for (int j = 0; j < 16; ++j) {
    in[j] = take(issue, inst.stream + j, inst.producers[size_t(j)]);
    if (!in[j].bytes)
      return;
  }
  Operation &op = engine.begin(Operation::Transpose, inst, 32);
  for (int j = 0; j < 16; ++j)
    op.pointers()[j] = in[j].bytes;
  results(out, 16, op.pointers() + 16);
  engine.commit();
  for (int j = 0; j < 16; ++j)
    emit(issue, inst.result + j, machine.sxmEnter + machine.transposeLatency,
         out[j]);
}

void Chip::sxm(const Issue &issue) {
  const Instruction &inst = issue.inst;
  if (inst.opcode == Opcode::Transpose)
    return transpose(issue);
  // Vectors that meet: the one that is moved, then what else it takes.
  Vector in[3] = {take(issue, inst.operands[0].stream, inst.producers[0])};
  if (!in[0].bytes)
    return;
  int count = 1, latency = machine.sxmEnter + machine.shiftLatency;
  if (inst.opcode == Opcode::Permute || inst.opcode == Opcode::SelectLanes) {
    int operand = inst.operands[1].stream;
    count = inst.opcode == Opcode::Permute ? 3 : 2;
    for (int i = 1; i < count; ++i)
      in[i] = take(issue, operand + i - 1, inst.producers[size_t(3 + i)]);
    if (!in[1].bytes || !in[count - 1].bytes)
      return;
  }
  if (inst.opcode == Opcode::Permute) {
    engine.wait(in[1]);
    engine.wait(in[2]);
    for (int i = 0; i < lanes; ++i)
      if (int from = in[1].bytes[i] | in[2].bytes[i] << 8; from >= lanes)
        return fail(issue, FaultKind::OutOfRange,
                    "index " + std::to_string(from) + " of lane " +
                        std::to_string(i) + " in " + std::to_string(lanes) +
                        " lanes");
  }
  if (inst.opcode == Opcode::Distribute)
    latency = machine.sxmEnter + machine.distributeLatency;

  Operation &op = engine.begin(Operation::Move, inst, size_t(1 + count));
  Vector out;
  results(&out, 1, op.pointers());
  for (int i = 0; i < count; ++i)
    op.pointers()[1 + i] = in[i].bytes;
  engine.commit();
  emit(issue, inst.result, latency, out);
}

} // namespace weft::sim
