// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What writer and reader of .weft files share: the header page, the order of
// the sections, hashes and page arithmetic. docs/weft-format.md describes the
// same.

#ifndef WEFT_LIB_PROGRAM_FORMAT_H
#define WEFT_LIB_PROGRAM_FORMAT_H

#include "weft/Program/Program.h"
#include "weft/Program/Reader.h"

#include <span>

namespace weft::format {

inline constexpr uint64_t pageSize = 4096;
inline constexpr uint32_t formatVersion = 1;
inline constexpr std::array<uint8_t, 8> magic = {0x89, 'W',  'E',  'F',
                                                 'T',  '\r', '\n', 0x1a};

/// `length` up to the next page.
constexpr uint64_t padded(uint64_t length) {
  return (length + pageSize - 1) / pageSize * pageSize;
}

/// XXH3-128.
Hash128 hashBytes(std::span<const uint8_t> bytes);
/// The same, of bytes that lie in several places.
Hash128 hashParts(std::span<const std::span<const uint8_t>> parts);

/// Hash of Weft.fbs as it was when this library was built.
Hash128 schemaHash();

/// The first page. Fields lie one after the other, little-endian, at the
/// offsets given; bytes between them and the hash are zero.
struct Header {
  uint64_t fileLength = 0;  ///< 32
  uint64_t indexLength = 0; ///< 48, the index is the second page onwards
  Hash128 indexHash;        ///< 56, of the index with its padding
};
void writeHeader(const Header &header, std::span<uint8_t> page);
/// Checks magic, version, schema and the page's own hash.
Expected<Header> readHeader(std::span<const uint8_t> page,
                            const std::string &file);

/// Sections in the order of the file. Every chip has Text and Images; one
/// Lookups follows; Names, then one Provenance per chip, unless stripped.
struct SectionName {
  uint8_t kind = 0; ///< SectionKind of the schema.
  uint32_t chip = 0;
};
std::vector<SectionName> sectionOrder(size_t chips, bool named);
/// "text of chip 0", "lookups", "names", ...
std::string sectionTitle(SectionName section);

} // namespace weft::format

#endif // WEFT_LIB_PROGRAM_FORMAT_H
