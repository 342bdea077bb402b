// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Programs as a person reads them: instructions as text, queues with the cycle
// of each instruction, memory maps. For reading only; nothing parses it.

#ifndef WEFT_PROGRAM_TEXT_H
#define WEFT_PROGRAM_TEXT_H

#include "weft/Program/Program.h"

namespace weft {

/// "e4" or "w0..3": a group of streams by direction and number within it.
std::string streamText(const Machine &machine, int first, int width);

/// "1:0012": bank and word within it.
std::string wordText(const Machine &machine, int address);

/// "read 1:0012 -> e0", "fma f32 e0..3, alu 2, #0x3f800000 -> f16 w4..5", ...
std::string instructionText(const Machine &machine,
                            const Instruction &instruction);

/// Producers that the instruction names, "from east mem 3 read"; empty when it
/// reads no stream. Widths of its operands decide which bytes are looked at.
std::string producersText(const Machine &machine,
                          const Instruction &instruction);

/// The cycles in which an instruction of a queue issues: first and last; a
/// nop's are those that it waits. A queue that waits past 2^62 stays there.
struct IssueSpan {
  int64_t first = 0, last = 0;
};
std::vector<IssueSpan> issueSpans(const std::vector<Instruction> &queue);

} // namespace weft

#endif // WEFT_PROGRAM_TEXT_H
