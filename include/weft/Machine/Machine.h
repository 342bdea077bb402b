// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The description of one chip: floorplan, sizes, latencies. Scheduler,
// verifier and simulator read the same description; it decides nothing else.
// Every number is published, inferred or assumed (docs/machine.md); the mark
// is kept in the description file.

#ifndef WEFT_MACHINE_MACHINE_H
#define WEFT_MACHINE_MACHINE_H

#include "weft/Machine/Error.h"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <vector>

namespace weft {

enum class Hemisphere : uint8_t { West = 0, East = 1 };

/// Where a number of the description comes from.
enum class Provenance : uint8_t { Published, Inferred, Assumed };

/// A memory slice that the system keeps for itself.
struct ReservedSlice {
  Hemisphere hemisphere;
  int slice;
};

/// One chip. Positions are hops from the VXM: negative to the west, positive
/// to the east. Latencies are cycles.
struct Machine {
  std::string name;

  // Lanes.
  int superlanes = 0;      ///< 20: a vector is superlanes * superlaneLanes.
  int superlaneLanes = 16; ///< 16 lanes of one byte each.
  int streams = 32;        ///< Streams per direction.

  // Memory.
  int slices = 0;       ///< Slices per hemisphere.
  int slicesPerHop = 0; ///< Slices that share one position.
  int banks = 2;        ///< Banks per slice, told by the top address bit.
  int wordsPerBank = 0; ///< Words of one vector of bytes each.
  std::vector<ReservedSlice> reserved;
  int readLatency = 1;  ///< A read issued in t drives (x, t + 1).
  int writeLatency = 1; ///< A write issued in t is readable from t + 1.

  // VXM, at position 0.
  int alus = 16;
  int aluLatency = 3;            ///< d of ordinary operations.
  int transcendentalLatency = 6; ///< d of div, exp, log, tanh, rsqrt, sqrt.
  int aluToStream = 4;           ///< A result is on its stream at t + 4 + d.

  // MXM, at +-mxmPosition.
  int mxmPosition = 0;
  int planes = 2;          ///< Planes per hemisphere; two make an fp16 pair.
  int weightStreams = 16;  ///< Streams that one lw takes.
  int mxmLatency = 32;     ///< From activation to result.
  int accumulatorRows = 0; ///< Rows per plane; a pair has as many.

  // SXM, at +-sxmPosition.
  int sxmPosition = 0;
  int transposers = 2;
  int distributors = 4;
  int sxmEnter = 4;          ///< Cycles to enter any SXM unit.
  int transposeLatency = 4;  ///< After entering.
  int distributeLatency = 2; ///< After entering.
  int shiftLatency = 20;     ///< After entering; permute and select as well.

  // Links, at the SXM.
  int links = 8;         ///< Per hemisphere.
  int linkInterval = 21; ///< Cycles between two vectors on one link.
  int linkLatency = 217; ///< From send to receive.

  int instructionBytes = 16; ///< Text per instruction.
  int clockMHz = 900;

  /// Marks of numbers that are not as on tsp-v1, by field ("memory.slices");
  /// see machineFields() in Fields.h. Nothing computes with them.
  std::map<std::string, Provenance, std::less<>> marks;

  /// Lanes of a vector: 320 on tsp-v1.
  int lanes() const { return superlanes * superlaneLanes; }
  /// K of one fp16 tile (half of the lanes) and of an int8 tile (all lanes).
  int halfLanes() const { return lanes() / 2; }
  int words() const { return banks * wordsPerBank; }
  /// Signed position of a memory slice: 1 + slice / slicesPerHop.
  int slicePosition(Hemisphere h, int slice) const {
    int hops = 1 + slice / slicesPerHop;
    return h == Hemisphere::East ? hops : -hops;
  }
  int mxmAt(Hemisphere h) const {
    return h == Hemisphere::East ? mxmPosition : -mxmPosition;
  }
  int sxmAt(Hemisphere h) const {
    return h == Hemisphere::East ? sxmPosition : -sxmPosition;
  }
  bool isReserved(Hemisphere h, int slice) const {
    for (const ReservedSlice &r : reserved)
      if (r.hemisphere == h && r.slice == slice)
        return true;
    return false;
  }
  /// Words of one buffer that the compiler allocates: tensors with more words
  /// per column take several. Shorter ones find room and let a reader start
  /// while the next is written; longer ones take fewer instructions.
  int segmentWords() const { return wordsPerBank < 64 ? wordsPerBank : 64; }
  /// Bytes of SRAM that programs may use: without the reserved slices.
  int64_t usableBytes() const {
    return int64_t(2 * slices - int(reserved.size())) * words() * lanes();
  }
};

/// The built-in description NAME ("tsp-v1", "tsp-mini"); a usage error that
/// lists the known names otherwise.
Expected<Machine> machinePreset(std::string_view name);

/// Names of the built-in descriptions.
std::vector<std::string> machinePresetNames();

/// Reads a description from JSON text (format: docs/machine.md). `file` is
/// used in messages only. Errors name the field.
Expected<Machine> parseMachine(std::string_view json, std::string_view file);

/// The JSON text of a description, every number with its mark.
std::string machineToJson(const Machine &machine);

/// Checks that a description is complete and free of contradiction.
Status validateMachine(const Machine &machine, std::string_view file);

/// A machine and how many chips of it: "NAME", "NAME:CHIPS" or "FILE.json".
struct System {
  Machine machine;
  int chips = 1;
};
Expected<System> parseSystem(std::string_view text);

} // namespace weft

#endif // WEFT_MACHINE_MACHINE_H
