// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Ties bindings to the simulator.

#include "weft/Runtime/Run.h"

#include "weft/Runtime/Binding.h"

#include <chrono>
#include <utility>

using namespace weft;

namespace {
/// Seconds since the last call, or since it was made.
class Stopwatch {
public:
  double lap() {
    auto now = std::chrono::steady_clock::now();
    return std::chrono::duration<double>(now - std::exchange(last, now))
        .count();
  }

private:
  std::chrono::steady_clock::time_point last = std::chrono::steady_clock::now();
};
} // namespace

Expected<RunResult> weft::runProgram(const Program &program,
                                     const std::vector<NamedTensor> &inputs,
                                     const RunOptions &options) {
  if (Status fine = checkInputs(program, inputs); !fine)
    return fine.error();
  RunSeconds seconds;
  Stopwatch watch;
  SimOptions simOptions;
  simOptions.threads = options.threads;
  simOptions.progress = options.progress;
  simOptions.trace = options.trace;
  Expected<Simulator> simulator = Simulator::create(program, simOptions);
  if (!simulator)
    return simulator.error();

  // Bindings carry no chip: inputs and outputs are on the first.
  SramAccess sram;
  sram.write = [&](const PlaneAddress &at, std::span<const uint8_t> bytes) {
    return simulator->write(0, at.hemisphere, at.slice, at.address, bytes);
  };
  sram.read = [&](const PlaneAddress &at, std::span<uint8_t> bytes) {
    return simulator->read(0, at.hemisphere, at.slice, at.address, bytes);
  };
  if (Status written = writeInputs(program, inputs, sram); !written)
    return written.error();
  seconds.prepare = watch.lap();
  Expected<SimResult> simulation = simulator->run();
  seconds.simulate = watch.lap();
  if (!simulation)
    return simulation.error();
  if (simulation->fault)
    return simulation->fault->toError();
  Expected<std::vector<NamedTensor>> outputs = readOutputs(program, sram);
  if (!outputs)
    return outputs.error();
  seconds.outputs = watch.lap();
  return RunResult{std::move(*outputs), std::move(*simulation), seconds};
}

Status weft::checkCycles(const Program &program, const SimResult &result) {
  if (program.predictedCycles <= 0 || program.predictedCycles == result.cycles)
    return success();
  return Error{ErrorKind::MachineFault,
               "simulated " + std::to_string(result.cycles) +
                   " cycles, predicted " +
                   std::to_string(program.predictedCycles),
               {}};
}
