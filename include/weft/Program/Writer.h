// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writing .weft files: the same program gives the same bytes on every host.

#ifndef WEFT_PROGRAM_WRITER_H
#define WEFT_PROGRAM_WRITER_H

#include "weft/Program/Program.h"

namespace weft {

/// The bytes of a program's file. Invalid when the program has an instruction
/// that cannot be encoded, naming queue and number, or fails checkProgram().
/// Names and predictions are left out when there are none (stripNames()).
Expected<std::vector<uint8_t>> serializeProgram(const Program &program);

/// Writes the file whole or not at all: beside it first, then renamed. A
/// device or pipe is written to as it is. Usage error when it cannot be
/// written.
Status writeProgram(const Program &program, const std::string &path);

} // namespace weft

#endif // WEFT_PROGRAM_WRITER_H
