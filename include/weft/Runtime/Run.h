// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Runs a program: inputs into SRAM, the simulator from cycle 0 to the end,
// outputs out of SRAM. What is done with the results is the caller's.

#ifndef WEFT_RUNTIME_RUN_H
#define WEFT_RUNTIME_RUN_H

#include "weft/Runtime/Tensor.h"
#include "weft/Sim/Simulator.h"

namespace weft {

struct RunOptions {
  int threads = 0; ///< 0: as many as the host has.
  std::function<void(int64_t)> progress;
  std::function<void(const IssueEvent &)> trace;
};

/// Wall time by phase.
struct RunSeconds {
  double load = 0;     ///< The program and its inputs, where they are files.
  double prepare = 0;  ///< Chips, images and inputs in SRAM.
  double simulate = 0; ///< From cycle 0 to the last.
  double outputs = 0;  ///< Reading outputs back.
};

struct RunResult {
  std::vector<NamedTensor> outputs; ///< In the order of the graph's outputs.
  SimResult simulation;             ///< Cycles and use of units; no fault.
  RunSeconds seconds;               ///< Load: for whoever loads to say.
};

/// Checks the inputs, runs, and reads the outputs. Errors: Invalid inputs or
/// program, MachineFault with the fault's place.
Expected<RunResult> runProgram(const Program &program,
                               const std::vector<NamedTensor> &inputs,
                               const RunOptions &options = {});

/// A machine fault when the program predicts another number of cycles than
/// were simulated; programs without a prediction pass.
Status checkCycles(const Program &program, const SimResult &result);

} // namespace weft

#endif // WEFT_RUNTIME_RUN_H
