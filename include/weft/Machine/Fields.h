// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The numbers of a machine description as a table: name in the file, member,
// accepted range, unit and mark. Reading, writing, range checks and the
// documentation's tables all walk it, so a number is described once. Rules
// that relate several numbers are in Validate.cpp.

#ifndef WEFT_MACHINE_FIELDS_H
#define WEFT_MACHINE_FIELDS_H

#include "weft/Machine/Machine.h"

#include <span>

namespace weft {

/// One number of a description.
struct MachineField {
  std::string_view group;  ///< Object of the file that holds it: "memory".
  std::string_view name;   ///< Key in that object: "slices".
  int Machine::*member;    ///< Where it is held.
  int minimum, maximum;    ///< Accepted range, inclusive.
  Provenance mark;         ///< Of tsp-v1's number.
  std::string_view unit;   ///< "cycles", "hops", ...
  std::string_view remark; ///< What it counts.

  /// "memory.slices", as errors and Machine::marks spell it.
  std::string path() const;
};

/// Every number, in the order of the file.
std::span<const MachineField> machineFields();

/// Path and tsp-v1 mark of the list of reserved slices, the one entry that is
/// not a number.
inline constexpr std::string_view reservedField = "memory.reserved";
inline constexpr Provenance reservedMark = Provenance::Inferred;

/// "pub", "inf", "asm".
std::string_view markName(Provenance mark);

/// Mark of a number of this description: its own, else tsp-v1's.
Provenance markOf(const Machine &machine, std::string_view path,
                  Provenance fallback);

/// A Markdown table of every number of the description with unit and mark.
std::string machineToMarkdown(const Machine &machine);

} // namespace weft

#endif // WEFT_MACHINE_FIELDS_H
