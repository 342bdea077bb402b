// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files whose hashes are right although their contents were made to do harm:
// whatever numbers they hold, reading ends in an error or in a program that
// passes checkProgram(). Run under the sanitizers in continuous integration.

#include "Format.h"
#include "SmallProgram.h"
#include "weft/Program/Writer.h"

#include <algorithm>
#include <gtest/gtest.h>
#include <random>

using namespace weft;
using namespace weft::format;

namespace {

class File {
public:
  File() {
    bytes = *serializeProgram(test::smallProgram());
    EXPECT_TRUE(bool(deserializeProgram(bytes, "p.weft", &sections)));
  }

  /// The bytes with section `s` passed through `edit` and all hashes repaired.
  template <typename Edit>
  std::vector<uint8_t> edited(size_t s, Edit edit) const {
    std::vector<uint8_t> copy = bytes;
    const SectionInfo &section = sections[s];
    edit(std::span(copy).subspan(section.offset, section.length));
    if (s >= 2) {
      // Where the index holds the section's hash.
      uint8_t was[16], is[16];
      put(was, section.hash);
      put(is, hashBytes(std::span(copy).subspan(section.offset,
                                                padded(section.length))));
      std::span<uint8_t> index =
          std::span(copy).subspan(sections[1].offset, sections[1].length);
      auto at = std::search(index.begin(), index.end(), was, was + 16);
      EXPECT_NE(at, index.end());
      std::copy(is, is + 16, at);
    }
    Header header{copy.size(), sections[1].length,
                  hashBytes(std::span(copy).subspan(
                      pageSize, padded(sections[1].length)))};
    writeHeader(header, std::span(copy).first(pageSize));
    return copy;
  }

  std::vector<uint8_t> bytes;
  std::vector<SectionInfo> sections;

private:
  static void put(uint8_t (&to)[16], Hash128 hash) {
    for (int i = 0; i < 8; ++i) {
      to[i] = uint8_t(hash.low >> (8 * i));
      to[8 + i] = uint8_t(hash.high >> (8 * i));
    }
  }
};

/// Reads; whatever was accepted is sound and can be written again.
bool readsSafely(const std::vector<uint8_t> &bytes) {
  Expected<Program> program = deserializeProgram(bytes, "p.weft");
  if (!program) {
    EXPECT_EQ(program.error().kind, ErrorKind::Invalid);
    EXPECT_FALSE(program.error().message.empty());
    return false;
  }
  EXPECT_TRUE(bool(checkProgram(*program, "p.weft")));
  EXPECT_TRUE(bool(serializeProgram(*program)));
  return true;
}

TEST(HostileFile, RepairedHashesAreAccepted) {
  File file;
  EXPECT_TRUE(readsSafely(file.edited(3, [](std::span<uint8_t> image) {
    image[0] ^= 1; // A memory image may hold anything.
  })));
}

TEST(HostileFile, ExtremeNumbersAnywhereInTheIndex) {
  File file;
  for (size_t s : {size_t(1), size_t(5)}) // Index and names.
    for (size_t i = 0; i < file.sections[s].length; ++i)
      for (uint8_t value : {0x01, 0xff})
        readsSafely(file.edited(
            s, [&](std::span<uint8_t> section) { section[i] = value; }));
}

TEST(HostileFile, ExtremeWordsInTheIndex) {
  File file;
  std::mt19937 engine(3);
  for (int round = 0; round < 4000; ++round)
    readsSafely(file.edited(1, [&](std::span<uint8_t> index) {
      size_t width = size_t(1) << (engine() % 4);
      size_t at = engine() % (index.size() / width) * width;
      uint8_t value = engine() % 2 ? 0xff : uint8_t(engine());
      std::fill_n(index.begin() + long(at), width, value);
      if (engine() % 2)
        index[at + width - 1] = 0x7f;
    }));
}

TEST(HostileFile, RandomInstructions) {
  File file;
  std::mt19937 engine(4);
  int accepted = 0;
  for (int round = 0; round < 1000; ++round)
    accepted += readsSafely(file.edited(2, [&](std::span<uint8_t> text) {
      text[engine() % text.size()] = uint8_t(engine());
    }));
  EXPECT_GT(accepted, 0);
  EXPECT_LT(accepted, 1000);
}

TEST(HostileFile, RandomProvenance) {
  File file;
  for (size_t i = 0; i < file.sections[6].length; ++i)
    readsSafely(file.edited(
        6, [&](std::span<uint8_t> section) { section[i] ^= 0x41; }));
}

} // namespace
