// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations on a program in memory.

#include "weft/Program/Program.h"

namespace weft {

void Program::stripNames() {
  entry = "main";
  nodes.clear();
  provenance.clear();
  tenants.clear();
  predictedCycles = 0;
  statsJson.clear();
}

int64_t textBytes(const Program &program) {
  int64_t instructions = 0;
  for (const ChipProgram &chip : program.chips)
    for (const auto &[number, queue] : chip.queues)
      instructions += int64_t(queue.size());
  return instructions * program.machine.instructionBytes;
}

} // namespace weft
