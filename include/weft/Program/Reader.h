// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reading .weft files. A file that was damaged or made to do harm is refused:
// every byte is hashed, every number checked before use, and memory stays in
// proportion to the file. What the instructions do is the verifier's.

#ifndef WEFT_PROGRAM_READER_H
#define WEFT_PROGRAM_READER_H

#include "weft/Program/Program.h"

#include <span>

namespace weft {

/// 128 bits of XXH3.
struct Hash128 {
  uint64_t low = 0, high = 0;
  friend bool operator==(const Hash128 &, const Hash128 &) = default;
};

/// One hashed part of a file; bytes from the start of the file.
struct SectionInfo {
  std::string title; ///< "index", "text of chip 0", ...
  uint64_t offset = 0, length = 0;
  Hash128 hash;
};

/// Reads a program. Usage error when the file cannot be read; Invalid when it
/// is not a .weft file of this version or is damaged, naming the section.
/// `sections`, where given, receives what the file consists of.
Expected<Program> readProgram(const std::string &path,
                              std::vector<SectionInfo> *sections = nullptr);

/// The same from bytes in memory; `file` is used in messages only.
Expected<Program>
deserializeProgram(std::span<const uint8_t> bytes, const std::string &file,
                   std::vector<SectionInfo> *sections = nullptr);

/// Whether everything that indexes something is in range: queue numbers,
/// images, placements, shapes, provenance. Writer and reader both ask.
Status checkProgram(const Program &program, const std::string &file);

} // namespace weft

#endif // WEFT_PROGRAM_READER_H
