// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The switch units, which move bytes between lanes: transposers, distributors
// and the permuter. They take outward streams and drive inward ones.

#include "Chip.h"

#include <cstring>

namespace weft::sim {

void Chip::transpose(const Issue &issue) {
  const Instruction &inst = issue.inst;
  const uint8_t *in[16];
  Block blocks[16];
  for (int j = 0; j < 16; ++j) {
    in[j] = take(issue, inst.stream + j, inst.producers[size_t(j)]);
    if (!in[j])
      return;
  }
  for (int j = 0; j < 16; ++j) {
    blocks[j] = streams.allocate();
    uint8_t *out = streams.bytes(blocks[j]);
    for (int base = 0; base < lanes; base += 16)
      for (int i = 0; i < 16; ++i)
        out[base + i] = in[i][base + j];
  }
  for (int j = 0; j < 16; ++j)
    emit(issue, inst.result + j, machine.sxmEnter + machine.transposeLatency,
         blocks[j]);
}

void Chip::permute(const Issue &issue, const uint8_t *in, uint8_t *out) {
  const Instruction &inst = issue.inst;
  int map = inst.operands[1].stream;
  const uint8_t *low = take(issue, map, inst.producers[4]);
  const uint8_t *high = take(issue, map + 1, inst.producers[5]);
  if (!low || !high)
    return;
  for (int i = 0; i < lanes; ++i) {
    int from = low[i] | high[i] << 8;
    if (from >= lanes)
      return fail(issue, FaultKind::OutOfRange,
                  "index " + std::to_string(from) + " of lane " +
                      std::to_string(i) + " in " + std::to_string(lanes) +
                      " lanes");
    out[i] = in[from];
  }
}

void Chip::sxm(const Issue &issue) {
  const Instruction &inst = issue.inst;
  if (inst.opcode == Opcode::Transpose)
    return transpose(issue);
  const uint8_t *in = take(issue, inst.operands[0].stream, inst.producers[0]);
  if (!in)
    return;
  Block block = streams.allocate();
  uint8_t *out = streams.bytes(block);
  int latency = machine.sxmEnter + machine.shiftLatency;
  switch (inst.opcode) {
  case Opcode::Shift:
    for (int i = 0; i < lanes; ++i) {
      int from = i - inst.shift;
      if (inst.rotate)
        from = (from + lanes) % lanes;
      out[i] = from >= 0 && from < lanes ? in[from] : 0;
    }
    break;
  case Opcode::Permute:
    permute(issue, in, out);
    break;
  case Opcode::SelectLanes: {
    const uint8_t *other =
        take(issue, inst.operands[1].stream, inst.producers[4]);
    if (!other)
      return;
    std::memcpy(out, in, size_t(lanes));
    std::memcpy(out + inst.shift, other + inst.shift, inst.length);
    break;
  }
  default: // Distribute.
    latency = machine.sxmEnter + machine.distributeLatency;
    for (int i = 0; i < lanes; ++i) {
      int from = inst.map[size_t(i) % 16];
      out[i] = from < 16 ? in[i / 16 * 16 + from] : 0;
    }
    break;
  }
  emit(issue, inst.result, latency, block);
}

} // namespace weft::sim
