// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The built-in descriptions. Their marks are in Fields.cpp; a number of
// tsp-mini that is not tsp-v1's is our own and marked so here.

#include "weft/Machine/Fields.h"

namespace weft {
namespace {

// Groq's first chip. "Think Fast" (ISCA 2020), "A Software-defined Tensor
// Streaming Multiprocessor" (ISCA 2022), and code that users wrote for the
// cards.
Machine makeTspV1() {
  Machine m;
  m.name = "tsp-v1";
  m.superlanes = 20; // 20 * 16 = 320 lanes.
  m.slices = 44;
  m.slicesPerHop = 4;    // Slice 43 is at 1 + 43 / 4 = 11.
  m.wordsPerBank = 4096; // 2 * 4096 * 320 B = 2.5 MiB; 88 of them 220 MiB.
  m.sxmPosition = 12;
  m.mxmPosition = 13;
  m.accumulatorRows = 640; // 2 per MAC of a 320-wide plane.
  // Nine slices: four in one hemisphere, five in the other. Which ones is not
  // known; the outermost leave the shortest ways to programs' data near the
  // VXM.
  for (int slice = 40; slice < 44; ++slice)
    m.reserved.push_back({Hemisphere::West, slice});
  for (int slice = 39; slice < 44; ++slice)
    m.reserved.push_back({Hemisphere::East, slice});
  return m;
}

// Two superlanes: small enough that a reader checks every lane by eye.
Machine makeTspMini() {
  Machine v1 = makeTspV1(), m;
  m.name = "tsp-mini";
  m.superlanes = 2; // 2 * 16 = 32 lanes; fp16 tiles have K = 16.
  m.slices = 8;
  m.slicesPerHop = 2; // Slice 7 is at 1 + 7 / 2 = 4.
  m.wordsPerBank = 64;
  m.weightStreams = 4; // A plane of 32 columns is loaded in 8 cycles.
  m.accumulatorRows = 64;
  m.sxmPosition = 5;
  m.mxmPosition = 6;
  m.shiftLatency = 2; // Cross-lane latency 2 + 4 to enter.
  for (const MachineField &field : machineFields())
    if (m.*field.member != v1.*field.member &&
        field.mark != Provenance::Assumed)
      m.marks[field.path()] = Provenance::Assumed;
  m.marks[std::string(reservedField)] = Provenance::Assumed;
  return m;
}

} // namespace

std::vector<std::string> machinePresetNames() { return {"tsp-v1", "tsp-mini"}; }

Expected<Machine> machinePreset(std::string_view name) {
  if (name == "tsp-v1")
    return makeTspV1();
  if (name == "tsp-mini")
    return makeTspMini();
  std::string known;
  for (const std::string &preset : machinePresetNames())
    known += (known.empty() ? "'" : ", '") + preset + "'";
  return Error{
      ErrorKind::Usage,
      "unknown machine '" + std::string(name.substr(0, 64)) + "'",
      {"known machines are " + known + "; a description is told by '.json'"}};
}

} // namespace weft
