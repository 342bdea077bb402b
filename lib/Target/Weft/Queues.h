// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bursts of instructions, and queues built of them.

#ifndef WEFT_LIB_TARGET_WEFT_QUEUES_H
#define WEFT_LIB_TARGET_WEFT_QUEUES_H

#include "weft/Target/Weft/Export.h"

namespace weft::target {

/// `count` issues of one instruction, `distance` cycles apart; `stride` steps
/// its address.
struct Burst {
  int64_t cycle = 0;
  int64_t count = 1;
  int64_t distance = 1;
  int64_t stride = 0;
  Instruction instruction;
  mlir::Operation *origin = nullptr;

  int64_t lastCycle() const { return cycle + (count - 1) * distance; }
  int64_t lastAddress() const {
    return int64_t(instruction.address) + (count - 1) * stride;
  }
};

/// Bursts by queue number, in any order.
using Bursts = std::map<int, std::vector<Burst>>;

/// Bursts of every chain of a program, by its stamps.
mlir::LogicalResult collectBursts(const tsp::SchedulingProblem &scheduling,
                                  const Schedule &schedule, Bursts &bursts);

/// Orders the bursts of every queue and encodes them with waits and repeats.
/// Bursts that interleave are issued one by one. Fills queues, provenance and
/// origins.
mlir::LogicalResult encodeQueues(Bursts bursts, ExportedProgram &out);

} // namespace weft::target

#endif // WEFT_LIB_TARGET_WEFT_QUEUES_H
