// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whether a machine description is complete and free of contradiction. Every
// size that other code relies on (encodings, producer numbers, memory that a
// simulator allocates) is bounded here and nowhere else.

#include "weft/Machine/Fields.h"
#include "weft/Machine/Instruction.h"

#include <bit>
#include <set>

namespace weft {
namespace {

Error fieldError(std::string_view file, std::string_view field,
                 std::string message) {
  return {ErrorKind::Invalid,
          std::string(file) + ": machine field '" + std::string(field) +
              "': " + std::move(message),
          {}};
}

bool isName(std::string_view name) {
  if (name.empty() || name.size() > 64)
    return false;
  for (char c : name)
    if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
          (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.'))
      return false;
  return true;
}

Status checkReserved(const Machine &machine, std::string_view file) {
  std::set<std::pair<Hemisphere, int>> seen;
  for (const ReservedSlice &r : machine.reserved) {
    std::string what =
        (r.hemisphere == Hemisphere::West ? "west slice " : "east slice ") +
        std::to_string(r.slice);
    if (r.slice < 0 || r.slice >= machine.slices)
      return fieldError(file, reservedField,
                        what + " does not exist; 'memory.slices' is " +
                            std::to_string(machine.slices));
    if (!seen.insert({r.hemisphere, r.slice}).second)
      return fieldError(file, reservedField, what + " is listed twice");
  }
  if (int(seen.size()) >= 2 * machine.slices)
    return fieldError(file, reservedField,
                      "no slice is left for programs: all " +
                          std::to_string(seen.size()) + " are reserved");
  return success();
}

} // namespace

Status validateMachine(const Machine &machine, std::string_view file) {
  if (!isName(machine.name))
    return fieldError(file, "name",
                      "expected 1 to 64 letters, digits, '-', '_' or '.'");
  for (const MachineField &field : machineFields()) {
    int value = machine.*field.member;
    if (value < field.minimum || value > field.maximum)
      return fieldError(file, field.path(),
                        (field.minimum == field.maximum
                             ? "must be " + std::to_string(field.minimum)
                             : "must lie in " + std::to_string(field.minimum) +
                                   ".." + std::to_string(field.maximum)) +
                            ", found " + std::to_string(value));
  }

  if (!std::has_single_bit(unsigned(machine.streams)))
    return fieldError(file, "lanes.streams",
                      "must be a power of two, found " +
                          std::to_string(machine.streams));
  if (!std::has_single_bit(unsigned(machine.wordsPerBank)))
    return fieldError(file, "memory.words_per_bank",
                      "must be a power of two, since the top address bit tells "
                      "the bank; found " +
                          std::to_string(machine.wordsPerBank));
  if (machine.slicesPerHop > machine.slices)
    return fieldError(file, "memory.slices_per_hop",
                      std::to_string(machine.slicesPerHop) +
                          " slices share a hop, but 'memory.slices' is " +
                          std::to_string(machine.slices));

  // MEM, SXM and MXM stand in this order outward from the VXM.
  int outermost = machine.slicePosition(Hemisphere::East, machine.slices - 1);
  if (machine.sxmPosition <= outermost)
    return fieldError(file, "sxm.position",
                      "must lie beyond the last memory slice at hop " +
                          std::to_string(outermost) + ", found " +
                          std::to_string(machine.sxmPosition));
  if (machine.mxmPosition <= machine.sxmPosition)
    return fieldError(file, "mxm.position",
                      "must lie beyond 'sxm.position' " +
                          std::to_string(machine.sxmPosition) + ", found " +
                          std::to_string(machine.mxmPosition));

  if (machine.planes % 2 != 0)
    return fieldError(file, "mxm.planes",
                      "must be even, since two planes make an fp16 pair; "
                      "found " +
                          std::to_string(machine.planes));
  if (!std::has_single_bit(unsigned(machine.weightStreams)) ||
      machine.weightStreams > machine.streams)
    return fieldError(file, "mxm.weight_streams",
                      "must be a power of two of at most 'lanes.streams' " +
                          std::to_string(machine.streams) + ", found " +
                          std::to_string(machine.weightStreams));
  // lanes() is a multiple of 16, so every such number divides it. The words of
  // a tile that one stream loads lie in one buffer.
  if (machine.lanes() > machine.weightStreams * machine.segmentWords())
    return fieldError(
        file, "mxm.weight_streams",
        "must be at least " +
            std::to_string((machine.lanes() - 1) / machine.segmentWords() + 1) +
            ", so that a column of " + std::to_string(machine.segmentWords()) +
            " words holds its part of a tile of " +
            std::to_string(machine.lanes()) + " columns; found " +
            std::to_string(machine.weightStreams));

  if (machine.transposers > 0 && machine.streams < 16)
    return fieldError(file, "sxm.transposers",
                      "a transposer takes 16 streams, but 'lanes.streams' is " +
                          std::to_string(machine.streams));
  if (machine.transcendentalLatency < machine.aluLatency)
    return fieldError(file, "vxm.transcendental_latency",
                      "must be at least 'vxm.latency' " +
                          std::to_string(machine.aluLatency) + ", found " +
                          std::to_string(machine.transcendentalLatency));
  // What waits travels through copies, which take that long each.
  if (machine.transcendentalLatency % machine.aluLatency != 0)
    return fieldError(file, "vxm.transcendental_latency",
                      "must be a multiple of 'vxm.latency' " +
                          std::to_string(machine.aluLatency) + ", found " +
                          std::to_string(machine.transcendentalLatency));

  // A stream's producer is named in one byte.
  if (int queues = queueCount(machine); queues > 256)
    return fieldError(file, "memory.slices",
                      "the chip has " + std::to_string(queues) +
                          " issue queues, of which at most 256 can be named");
  return checkReserved(machine, file);
}

} // namespace weft
