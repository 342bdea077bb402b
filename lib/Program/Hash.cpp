// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Header page, section order and hashes of .weft files. XXH3-128 (xxHash, by
// Yann Collet) finds damage; it is no protection against someone who can
// compute it, so the reader trusts nothing because its hash is right.

#define XXH_INLINE_ALL
#include "Format.h"
#include "WeftSchemaText.h"
#include "Weft_generated.h"

#include <algorithm>
#include <memory>
#include <xxhash.h>

namespace weft::format {
namespace {

constexpr size_t hashAt = pageSize - 16;

void put(std::span<uint8_t> page, size_t at, uint64_t value, size_t bytes) {
  for (size_t i = 0; i < bytes; ++i)
    page[at + i] = uint8_t(value >> (8 * i));
}

uint64_t get(std::span<const uint8_t> page, size_t at, size_t bytes) {
  uint64_t value = 0;
  for (size_t i = 0; i < bytes; ++i)
    value |= uint64_t(page[at + i]) << (8 * i);
  return value;
}

void putHash(std::span<uint8_t> page, size_t at, Hash128 hash) {
  put(page, at, hash.low, 8);
  put(page, at + 8, hash.high, 8);
}

Hash128 getHash(std::span<const uint8_t> page, size_t at) {
  return {get(page, at, 8), get(page, at + 8, 8)};
}

} // namespace

Hash128 hashBytes(std::span<const uint8_t> bytes) {
  XXH128_hash_t hash = XXH3_128bits(bytes.data(), bytes.size());
  return {hash.low64, hash.high64};
}

Hash128 hashParts(std::span<const std::span<const uint8_t>> parts) {
  std::unique_ptr<XXH3_state_t, XXH_errorcode (*)(XXH3_state_t *)> state(
      XXH3_createState(), XXH3_freeState);
  XXH3_128bits_reset(state.get());
  for (std::span<const uint8_t> part : parts)
    XXH3_128bits_update(state.get(), part.data(), part.size());
  XXH128_hash_t hash = XXH3_128bits_digest(state.get());
  return {hash.low64, hash.high64};
}

Hash128 schemaHash() {
  return hashBytes({reinterpret_cast<const uint8_t *>(weftSchemaText),
                    sizeof(weftSchemaText) - 1});
}

void writeHeader(const Header &header, std::span<uint8_t> page) {
  std::copy(magic.begin(), magic.end(), page.begin());
  put(page, 8, formatVersion, 4);
  put(page, 12, pageSize, 4);
  putHash(page, 16, schemaHash());
  put(page, 32, header.fileLength, 8);
  put(page, 40, pageSize, 8); // Where the index begins.
  put(page, 48, header.indexLength, 8);
  putHash(page, 56, header.indexHash);
  putHash(page, hashAt, hashBytes(page.first(hashAt)));
}

Expected<Header> readHeader(std::span<const uint8_t> page,
                            const std::string &file) {
  auto fail = [&](const char *why) {
    return Error{ErrorKind::Invalid, file + ": " + why, {}};
  };
  if (page.size() < pageSize ||
      !std::equal(magic.begin(), magic.end(), page.begin()))
    return fail("not a .weft program");
  if (hashBytes(page.first(hashAt)) != getHash(page, hashAt))
    return fail("damaged: the header does not match its hash");
  if (get(page, 8, 4) != formatVersion || getHash(page, 16) != schemaHash()) {
    Error error = fail("written by another version of Weft");
    error.notes.push_back("compile the model again with this version");
    return error;
  }
  // What the hash covers may still have been written to do harm.
  std::span<const uint8_t> rest = page.subspan(72, hashAt - 72);
  if (get(page, 12, 4) != pageSize || get(page, 40, 8) != pageSize ||
      std::any_of(rest.begin(), rest.end(), [](uint8_t b) { return b != 0; }))
    return fail("damaged: the header has fields that no program has");
  return Header{get(page, 32, 8), get(page, 48, 8), getHash(page, 56)};
}

std::vector<SectionName> sectionOrder(size_t chips, bool named) {
  std::vector<SectionName> order;
  for (uint32_t chip = 0; chip < chips; ++chip) {
    order.push_back({uint8_t(fbs::SectionKind::Text), chip});
    order.push_back({uint8_t(fbs::SectionKind::Images), chip});
  }
  order.push_back({uint8_t(fbs::SectionKind::Lookups), 0});
  if (!named)
    return order;
  order.push_back({uint8_t(fbs::SectionKind::Names), 0});
  for (uint32_t chip = 0; chip < chips; ++chip)
    order.push_back({uint8_t(fbs::SectionKind::Provenance), chip});
  return order;
}

std::string sectionTitle(SectionName section) {
  std::string chip = " of chip " + std::to_string(section.chip);
  switch (fbs::SectionKind(section.kind)) {
  case fbs::SectionKind::Text:
    return "text" + chip;
  case fbs::SectionKind::Images:
    return "memory images" + chip;
  case fbs::SectionKind::Lookups:
    return "host tables";
  case fbs::SectionKind::Names:
    return "names";
  case fbs::SectionKind::Provenance:
    return "provenance" + chip;
  }
  return "unknown section";
}

} // namespace weft::format
