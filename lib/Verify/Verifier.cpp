// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The whole program: memory at cycle 0, every chip on its own, what crosses
// between chips, outputs, and the cycle count.

#include "weft/Verify/Verifier.h"

#include "ChipVerifier.h"

#include <algorithm>
#include <limits>
#include <tuple>

namespace weft {
namespace verify {
namespace {

Error invalid(std::string message) {
  return {ErrorKind::Invalid, std::move(message), {}};
}

std::string sliceName(Hemisphere hemisphere, int slice) {
  return (hemisphere == Hemisphere::West ? "west mem " : "east mem ") +
         std::to_string(slice);
}

class ProgramVerifier {
public:
  ProgramVerifier(const Program &program, const VerifyOptions &options)
      : program(program), machine(program.machine), options(options) {}

  Expected<Result> run() {
    if (Status valid = validateMachine(machine, "program"); !valid)
      return valid.error();
    for (size_t c = 0; c < program.chips.size(); ++c) {
      Expected<Memory> memory = memoryAtStart(int(c));
      if (!memory)
        return memory.error();
      chips.emplace_back(machine, program.chips[c], std::move(*memory),
                         connectedLinks(int(c)), repeatLimit());
      chips.back().run();
      result.cycles = std::max(result.cycles, chips.back().cycles());
      result.issues += chips.back().issues();
      if (std::optional<Fault> fault = chips.back().takeFault())
        offer(int(c), std::move(*fault));
    }
    matchLinks();
    if (!result.fault)
      if (Status status = checkEnd(); !status)
        return status.error();
    if (result.fault)
      complete(*result.fault);
    return result;
  }

private:
  int64_t repeatLimit() const {
    return options.checkPrediction && program.predictedCycles > 0
               ? program.predictedCycles
               : std::numeric_limits<int64_t>::max();
  }

  /// Keeps the fault of the earliest cycle, then lowest chip and queue.
  void offer(int chip, Fault fault) {
    fault.chip = chip;
    auto key = [](const Fault &f) {
      return std::tuple(f.cycle, f.chip, f.queue);
    };
    if (!result.fault || key(fault) < key(*result.fault))
      result.fault = std::move(fault);
  }

  /// Images of the chip; inputs and looked-up rows are on the first.
  Expected<Memory> memoryAtStart(int chip) const {
    Memory memory(machine);
    for (const MemoryImage &image : program.chips[chip].images) {
      int64_t words = int64_t(image.data.size()) / machine.lanes();
      if (image.data.size() % machine.lanes() != 0 ||
          !memory.exists(image.hemisphere, image.slice, image.address, words))
        return invalid("chip " + std::to_string(chip) + ": the image at " +
                       sliceName(image.hemisphere, image.slice) + " address " +
                       std::to_string(image.address) + " of " +
                       std::to_string(image.data.size()) +
                       " bytes does not fit the slice");
      memory.define(image.hemisphere, image.slice, image.address, int(words));
    }
    if (chip != 0)
      return memory;
    for (const TensorBinding &input : program.inputs)
      for (const Placement &copy : input.copies)
        if (Status s = definePlacement(memory, copy, input.name); !s)
          return s.error();
    for (const HostLookup &lookup : program.lookups)
      for (const Placement &copy : lookup.copies)
        if (Status s = definePlacement(memory, copy, lookup.table); !s)
          return s.error();
    return memory;
  }

  Status checkPlacement(const Memory &memory, const Placement &placement,
                        const std::string &name) const {
    const Layout &layout = placement.layout;
    if (layout.columns < 0 || placement.segmentWords < 0 ||
        int64_t(placement.planes.size()) != int64_t(layout.columns) *
                                                byteWidth(placement.storage) *
                                                placement.segments())
      return invalid("tensor '" + name + "' has " +
                     std::to_string(placement.planes.size()) +
                     " byte planes for " + std::to_string(layout.columns) +
                     " columns");
    for (size_t i = 0; i < placement.planes.size(); ++i) {
      const PlaneAddress &plane = placement.planes[i];
      if (!memory.exists(plane.hemisphere, plane.slice, plane.address,
                         placement.wordsOf(i)))
        return invalid("tensor '" + name + "' does not fit " +
                       sliceName(plane.hemisphere, plane.slice) +
                       " at address " + std::to_string(plane.address));
    }
    return success();
  }

  Status definePlacement(Memory &memory, const Placement &placement,
                         const std::string &name) const {
    if (Status s = checkPlacement(memory, placement, name); !s)
      return s;
    for (size_t i = 0; i < placement.planes.size(); ++i)
      memory.define(placement.planes[i].hemisphere, placement.planes[i].slice,
                    placement.planes[i].address, placement.wordsOf(i));
    return success();
  }

  int linkQueue(const LinkEnd &at) const {
    return queueNumber(machine, {Unit::Link, at.hemisphere, at.link});
  }

  std::set<int> connectedLinks(int chip) const {
    std::set<int> numbers;
    for (const auto &[a, b] : options.cables) {
      if (a.chip == chip)
        numbers.insert(linkQueue(a));
      if (b.chip == chip)
        numbers.insert(linkQueue(b));
    }
    return numbers;
  }

  /// What one end sends in t the other must receive in t + linkLatency.
  void matchLinks() {
    for (const auto &[a, b] : options.cables) {
      matchDirection(a, b);
      matchDirection(b, a);
    }
  }

  void matchDirection(const LinkEnd &from, const LinkEnd &to) {
    auto cyclesOf = [&](const LinkEnd &at, bool sends) {
      std::map<int64_t, Issuer> cycles;
      if (at.chip >= 0 && at.chip < int(chips.size()))
        for (const Transfer &t :
             sends ? chips[at.chip].sends() : chips[at.chip].receives())
          if (t.issuer.queue == linkQueue(at))
            cycles[t.cycle] = t.issuer;
      return cycles;
    };
    std::map<int64_t, Issuer> sends = cyclesOf(from, true),
                              receives = cyclesOf(to, false);
    for (const auto &[cycle, issuer] : sends)
      if (!receives.contains(cycle + machine.linkLatency))
        offerLink(FaultKind::LinkNotReceived, from.chip, issuer,
                  cycle + machine.linkLatency,
                  "what was sent in cycle " + std::to_string(cycle) +
                      " arrives, and chip " + std::to_string(to.chip) +
                      " does not receive it");
    for (const auto &[cycle, issuer] : receives)
      if (!sends.contains(cycle - machine.linkLatency))
        offerLink(FaultKind::LinkNotSent, to.chip, issuer, cycle,
                  "chip " + std::to_string(from.chip) +
                      " sent nothing in cycle " +
                      std::to_string(cycle - machine.linkLatency));
  }

  void offerLink(FaultKind kind, int chip, Issuer issuer, int64_t cycle,
                 std::string message) {
    Fault fault;
    fault.kind = kind;
    fault.queue = issuer.queue;
    fault.instruction = issuer.instruction;
    fault.cycle = cycle;
    fault.message = std::move(message);
    offer(chip, std::move(fault));
  }

  /// After the last cycle: outputs are read, and the cycles were promised.
  Status checkEnd() {
    if (options.checkOutputs && !chips.empty())
      for (const TensorBinding &output : program.outputs)
        if (!output.copies.empty())
          if (Status s = checkOutput(output); !s)
            return s;
    if (!result.fault && options.checkPrediction &&
        program.predictedCycles > 0 && program.predictedCycles != result.cycles)
      offerEnd(FaultKind::CyclesDiffer,
               "the program takes " + std::to_string(result.cycles) +
                   " cycles, and " + std::to_string(program.predictedCycles) +
                   " were predicted");
    return success();
  }

  void offerEnd(FaultKind kind, std::string message) {
    offerLink(kind, 0, {}, result.cycles, std::move(message));
  }

  /// Every word that holds an element of the output must have been written.
  Status checkOutput(const TensorBinding &output) {
    const Memory &memory = chips.front().memoryAtEnd();
    const Placement &placement = output.copies.front();
    if (Status s = checkPlacement(memory, placement, output.name); !s)
      return s;
    const std::vector<int64_t> &shape = placement.layoutShape(output.shape);
    if (Status s = checkLayout(placement.layout, shape, machine.lanes()); !s)
      return invalid("output '" + output.name + "': " + s.error().message);
    if (std::ranges::find(shape, 0) != shape.end())
      return success();
    int bytes = byteWidth(placement.storage);
    std::vector<int64_t> index(shape.size(), 0);
    while (true) {
      LayoutPosition at = placement.layout.at(index);
      for (int b = 0; b < bytes; ++b) {
        Placement::Spot spot = placement.spotOf(at, b);
        const PlaneAddress &plane = placement.planes[spot.plane];
        if (!memory.isDefined(plane.hemisphere, plane.slice,
                              plane.address + spot.word)) {
          offerEnd(FaultKind::NeverWritten,
                   "word " + std::to_string(plane.address + spot.word) +
                       " of " + sliceName(plane.hemisphere, plane.slice) +
                       ", which holds output '" + output.name + "'");
          return success();
        }
      }
      size_t d = index.size();
      while (d > 0 && ++index[d - 1] == shape[d - 1])
        index[--d] = 0;
      if (d == 0)
        return success();
    }
  }

  /// Adds opcode and ONNX node of the instruction at fault.
  void complete(Fault &fault) const {
    if (fault.queue < 0 || fault.instruction < 0)
      return;
    const auto &queues = program.chips[fault.chip].queues;
    if (auto text = queues.find(fault.queue);
        text != queues.end() &&
        fault.instruction < int64_t(text->second.size()))
      fault.opcode = text->second[fault.instruction].opcode;
    if (fault.chip >= int(program.provenance.size()))
      return;
    const auto &nodes = program.provenance[fault.chip].nodes;
    auto found = nodes.find(fault.queue);
    if (found == nodes.end() ||
        fault.instruction >= int64_t(found->second.size()))
      return;
    int32_t node = found->second[fault.instruction];
    if (node >= 0 && node < int32_t(program.nodes.size()))
      fault.node = program.nodes[node];
  }

  const Program &program;
  const Machine &machine;
  const VerifyOptions &options;
  std::vector<ChipVerifier> chips;
  Result result;
};

} // namespace
} // namespace verify

Expected<verify::Result> followProgram(const Program &program,
                                       const VerifyOptions &options) {
  return verify::ProgramVerifier(program, options).run();
}

Status verifyProgram(const Program &program, const VerifyOptions &options) {
  Expected<verify::Result> result = followProgram(program, options);
  if (!result)
    return result.error();
  if (!result->fault)
    return success();
  return Error{ErrorKind::MachineFault,
               verify::faultText(program.machine, *result->fault),
               {}};
}

} // namespace weft
