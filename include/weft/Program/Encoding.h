// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The 16 bytes of text that an instruction is. What cannot be told in them
// (a third immediate, a field that the opcode has not) is not an instruction
// of the machine. Whether it makes sense where it stands is the verifier's.

#ifndef WEFT_PROGRAM_ENCODING_H
#define WEFT_PROGRAM_ENCODING_H

#include "weft/Machine/Instruction.h"

#include <span>

namespace weft {

/// Bytes of text per instruction, and of a file's record: the text, then the
/// names of the expected producers. The names are there for checking; a chip
/// would not hold them and they do not count as text.
inline constexpr size_t textSize = 16;
inline constexpr size_t recordSize = 32;

/// The text of an instruction. Invalid when it cannot be told in 16 bytes: a
/// VXM operation with more than two distinct immediates, a stream or ALU
/// number past 63, a distribute map entry past 16, or a field set that the
/// opcode's encoding has not (decode() could not give it back).
Expected<std::array<uint8_t, textSize>> encode(const Instruction &instruction);

/// The instruction of a text, producers all zero. Invalid when the bytes are
/// not what encode() writes for any instruction.
Expected<Instruction> decode(std::span<const uint8_t, textSize> text);

} // namespace weft

#endif // WEFT_PROGRAM_ENCODING_H
