// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One program, two verdicts.

#include "Judge.h"

#include "weft/Runtime/Binding.h"

namespace weft::faults {

Expected<Verdicts> Judge::judge(const Program &program, int64_t end,
                                bool hasCable) const {
  Expected<Verdict> verifier = verify(program, end, hasCable);
  if (!verifier)
    return verifier.error();
  Expected<Verdict> simulator = simulate(program, end, hasCable);
  if (!simulator)
    return simulator.error();
  return Verdicts{std::move(*verifier), std::move(*simulator)};
}

Expected<Verdict> Judge::verify(const Program &program, int64_t end,
                                bool hasCable) const {
  // The prediction is the unedited program's, and only a repeat is held to it.
  VerifyOptions options;
  options.checkOutputs = false;
  options.checkPrediction = end > 0;
  if (hasCable)
    options.cables = {{{0, Hemisphere::West, 0}, {0, Hemisphere::East, 0}}};
  Expected<verify::Result> result = followProgram(program, options);
  if (!result)
    return result.error();
  Verdict verdict;
  verdict.cycles = result->cycles;
  if (const std::optional<verify::Fault> &fault = result->fault)
    verdict = {true,
               int(fault->kind),
               std::string(verify::faultKindName(fault->kind)),
               {fault->queue, fault->cycle},
               fault->instruction,
               fault->node,
               faultText(machine, *fault),
               0};
  return verdict;
}

Expected<Verdict> Judge::simulate(const Program &program, int64_t end,
                                  bool hasCable) const {
  SimOptions options;
  options.threads = 1;
  if (end > 0)
    options.cycleLimit = end;
  if (hasCable)
    options.cables = {{{0, Hemisphere::West, 0}, {0, Hemisphere::East, 0}}};
  Expected<Simulator> simulator = Simulator::create(program, options);
  if (!simulator)
    return simulator.error();
  SramAccess sram;
  sram.write = [&](const PlaneAddress &at, std::span<const uint8_t> bytes) {
    return simulator->write(0, at.hemisphere, at.slice, at.address, bytes);
  };
  if (Status written = writeInputs(program, inputs, sram); !written)
    return written.error();
  Expected<SimResult> result = simulator->run();
  if (!result)
    return result.error();
  Verdict verdict;
  verdict.cycles = result->cycles;
  if (const std::optional<Fault> &fault = result->fault)
    verdict = {true,
               int(fault->kind),
               std::string(faultKindName(fault->kind)),
               {queueNumber(machine, fault->queue), fault->cycle},
               fault->instruction,
               fault->node,
               fault->text(),
               0};
  return verdict;
}

std::string Judge::describe(const Verdict &verdict) const {
  if (!verdict.fault)
    return "none in " + std::to_string(verdict.cycles) + " cycles";
  std::optional<Queue> queue = queueOfNumber(machine, verdict.place.queue);
  return verdict.kindName + " at " + (queue ? queueName(*queue) : "no queue") +
         " cycle " + std::to_string(verdict.place.cycle);
}

bool Judge::agree(const Verdicts &v) {
  if (v.verifier.fault != v.simulator.fault)
    return false;
  if (!v.verifier.fault)
    return v.verifier.cycles == v.simulator.cycles;
  return v.verifier.place == v.simulator.place &&
         v.verifier.instruction == v.simulator.instruction &&
         v.verifier.node == v.simulator.node;
}

bool Judge::namesPlace(const Verdict &v) const {
  std::optional<Queue> queue = queueOfNumber(machine, v.place.queue);
  return queue && !v.node.empty() &&
         v.text.starts_with("chip 0, " + queueName(*queue) + ", cycle " +
                            std::to_string(v.place.cycle) + ", instruction " +
                            std::to_string(v.instruction)) &&
         v.text.find(", node '" + v.node + "': ") != std::string::npos;
}

bool Judge::asExpected(const Verdicts &v, const Edit &edit) const {
  if (edit.isClean)
    return agree(v) && !v.verifier.fault;
  if (!v.simulator.fault || v.simulator.kind != int(edit.kind.simulator) ||
      v.simulator.place != edit.place)
    return false;
  if (!namesPlace(v.simulator))
    return false;
  if (edit.isData)
    return !v.verifier.fault;
  return agree(v) && v.verifier.kind == int(edit.kind.verifier) &&
         namesPlace(v.verifier);
}

} // namespace weft::faults
