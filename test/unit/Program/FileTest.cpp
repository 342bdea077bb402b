// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// .weft files: what was written is read back, equal programs give equal
// bytes, and a file with any byte changed, cut short or made to do harm is
// refused with an error.

#include "SmallProgram.h"
#include "weft/Program/Reader.h"
#include "weft/Program/Writer.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>

using namespace weft;
using weft::test::smallProgram;

namespace {

std::vector<uint8_t> bytesOf(const Program &program) {
  Expected<std::vector<uint8_t>> bytes = serializeProgram(program);
  EXPECT_TRUE(bool(bytes)) << bytes.error().message;
  return *bytes;
}

std::string errorOf(const std::vector<uint8_t> &bytes) {
  Expected<Program> program = deserializeProgram(bytes, "p.weft");
  if (program)
    return "accepted";
  EXPECT_EQ(program.error().kind, ErrorKind::Invalid);
  return program.error().message;
}

TEST(ProgramFile, RoundTrips) {
  Program program = smallProgram();
  std::vector<uint8_t> bytes = bytesOf(program);
  EXPECT_EQ(bytes, bytesOf(smallProgram()));
  EXPECT_EQ(bytes.size() % 4096, 0u);

  std::vector<SectionInfo> sections;
  Expected<Program> back = deserializeProgram(bytes, "p.weft", &sections);
  ASSERT_TRUE(bool(back)) << back.error().message;
  EXPECT_EQ(bytesOf(*back), bytes);
  EXPECT_EQ(back->machine.name, "tsp-mini");
  EXPECT_EQ(back->chips[0].queues, program.chips[0].queues);
  ASSERT_EQ(back->chips[0].images.size(), 2u);
  EXPECT_EQ(back->chips[0].images[0].data, program.chips[0].images[0].data);
  EXPECT_EQ(back->chips[0].images[0].address, 64);
  const TensorBinding &x = back->inputs.at(0);
  EXPECT_EQ(x.name, "x");
  EXPECT_EQ(x.shape, (std::vector<int64_t>{4, 16}));
  EXPECT_EQ(x.copies.at(1).layout, program.inputs[0].copies[1].layout);
  EXPECT_EQ(x.copies.at(1).planes, program.inputs[0].copies[1].planes);
  EXPECT_EQ(x.copies.at(0).padding, 0x3c00u);
  EXPECT_EQ(x.indexLow, -3);
  EXPECT_EQ(x.indexTable, "table");
  EXPECT_EQ(back->lookups.at(0).data, program.lookups[0].data);
  EXPECT_EQ(back->nodes, program.nodes);
  EXPECT_EQ(back->provenance.at(0).nodes, program.provenance[0].nodes);
  EXPECT_EQ(back->entry, "encode");
  EXPECT_EQ(back->predictedCycles, 65);
  EXPECT_EQ(textBytes(*back), 4 * 16);
  // Header, index, text, images, tables, names, provenance.
  EXPECT_EQ(sections.size(), 7u);
}

TEST(ProgramFile, ShapesAndSegmentsOfCopies) {
  Program program = smallProgram();
  Placement &copy = program.inputs[0].copies[0]; // 4 words of 16 lanes, F16
  copy.shape = {2, 32};
  copy.layout.dims = {{{2, 0, 2, 0}}, {{16, 1, 0, 0}, {2, 0, 1, 0}}};
  copy.segmentWords = 3; // Of three words and of one.
  PlaneAddress low = copy.planes[0], high = copy.planes[1];
  copy.planes = {low, {Hemisphere::East, 7, 127}, high, low};
  std::vector<uint8_t> bytes = bytesOf(program);
  Expected<Program> back = deserializeProgram(bytes, "p.weft");
  ASSERT_TRUE(bool(back)) << back.error().message;
  EXPECT_EQ(back->inputs[0].copies[0].shape, copy.shape);
  EXPECT_EQ(back->inputs[0].copies[0].segmentWords, 3);
  EXPECT_EQ(back->inputs[0].copies[0].planes, copy.planes);

  copy.shape = {2, 31};
  EXPECT_FALSE(bool(serializeProgram(program)));
  copy.shape = {2, 32};
  copy.segmentWords = -1;
  EXPECT_FALSE(bool(serializeProgram(program)));
  copy.segmentWords = 2; // Two words do not fit at word 127 of 128.
  EXPECT_FALSE(bool(serializeProgram(program)));
}

TEST(ProgramFile, StrippedOfNames) {
  Program program = smallProgram();
  program.stripNames();
  std::vector<uint8_t> bytes = bytesOf(program);
  std::vector<SectionInfo> sections;
  Expected<Program> back = deserializeProgram(bytes, "p.weft", &sections);
  ASSERT_TRUE(bool(back)) << back.error().message;
  EXPECT_EQ(sections.size(), 5u);
  EXPECT_EQ(back->entry, "main");
  EXPECT_TRUE(back->nodes.empty());
  EXPECT_EQ(back->predictedCycles, 0);
  EXPECT_EQ(back->chips[0].queues, program.chips[0].queues);
}

TEST(ProgramFile, EveryByteFlippedIsRefused) {
  for (bool stripped : {false, true}) {
    Program program = smallProgram();
    if (stripped)
      program.stripNames();
    std::vector<uint8_t> bytes = bytesOf(program);
    for (size_t i = 0; i < bytes.size(); i += stripped ? 7 : 1) {
      uint8_t flip = uint8_t(1u << (i % 8));
      bytes[i] ^= flip;
      std::string error = errorOf(bytes);
      EXPECT_NE(error, "accepted") << "byte " << i;
      bytes[i] ^= flip;
    }
    EXPECT_EQ(errorOf(bytes), "accepted");
  }
}

TEST(ProgramFile, ErrorsNameTheSection) {
  std::vector<uint8_t> bytes = bytesOf(smallProgram());
  std::vector<SectionInfo> sections;
  ASSERT_TRUE(bool(deserializeProgram(bytes, "p.weft", &sections)));
  for (const SectionInfo &section : sections) {
    // The last byte of the section, and of the padding behind it.
    for (size_t at :
         {size_t(section.offset + section.length - 1),
          size_t((section.offset + section.length + 4095) / 4096 * 4096 - 1)}) {
      bytes[at] ^= 0x80;
      EXPECT_NE(errorOf(bytes).find("damaged: "), std::string::npos);
      EXPECT_NE(errorOf(bytes).find(section.title), std::string::npos)
          << errorOf(bytes);
      bytes[at] ^= 0x80;
    }
  }
}

TEST(ProgramFile, CutShortOrLongIsRefused) {
  std::vector<uint8_t> bytes = bytesOf(smallProgram());
  for (size_t length = 0; length < bytes.size();
       length += length % 4096 < 64 || length % 4096 > 4030 ? 1 : 97)
    EXPECT_NE(errorOf({bytes.begin(), bytes.begin() + long(length)}),
              "accepted");
  bytes.resize(bytes.size() + 4096);
  EXPECT_NE(errorOf(bytes), "accepted");
  EXPECT_EQ(errorOf({}), "p.weft: not a .weft program");
  EXPECT_EQ(errorOf(std::vector<uint8_t>(8192, 0xff)),
            "p.weft: not a .weft program");
}

TEST(ProgramFile, ContradictionsAreNotWritten) {
  auto errorOf = [](auto edit) {
    Program program = smallProgram();
    edit(program);
    Expected<std::vector<uint8_t>> bytes = serializeProgram(program);
    return bytes ? std::string("written") : bytes.error().message;
  };
  EXPECT_EQ(errorOf([](Program &) {}), "written");
  EXPECT_NE(
      errorOf([](Program &p) { p.machine.streams = 24; }).find("lanes.streams"),
      std::string::npos);
  EXPECT_NE(errorOf([](Program &p) { p.chips.clear(); }), "written");
  EXPECT_NE(errorOf([](Program &p) { p.chips[0].queues[255]; }), "written");
  EXPECT_NE(errorOf([](Program &p) { p.chips[0].images[0].slice = 8; }),
            "written");
  EXPECT_NE(errorOf([](Program &p) { p.chips[0].images[0].address = 126; }),
            "written");
  EXPECT_NE(errorOf([](Program &p) { p.chips[0].images[1].address = 65; }),
            "written");
  EXPECT_NE(
      errorOf([](Program &p) { p.chips[0].images[0].data.edit().pop_back(); }),
      "written");
  EXPECT_NE(errorOf([](Program &p) { p.inputs[0].shape = {4, 17}; }),
            "written");
  EXPECT_NE(errorOf([](Program &p) { p.inputs[0].shape = {-1, 16}; }),
            "written");
  EXPECT_NE(errorOf([](Program &p) {
              p.inputs[0].shape = {int64_t(1) << 40, int64_t(1) << 40};
            }),
            "written");
  EXPECT_NE(errorOf([](Program &p) { p.inputs[0].type = TensorType(8); }),
            "written");
  EXPECT_NE(
      errorOf([](Program &p) { p.inputs[0].copies[0].planes.pop_back(); }),
      "written");
  EXPECT_NE(
      errorOf([](Program &p) { p.inputs[0].copies[0].planes[0].slice = 8; }),
      "written");
  EXPECT_NE(errorOf([](Program &p) {
              p.inputs[0].copies[0].planes[0].address = 125;
            }),
            "written");
  EXPECT_NE(errorOf([](Program &p) { p.inputs.push_back(p.inputs[0]); }),
            "written");
  EXPECT_NE(errorOf([](Program &p) { p.outputs[0].copies.clear(); }),
            "written");
  EXPECT_NE(errorOf([](Program &p) { p.lookups[0].data.edit().pop_back(); }),
            "written");
  EXPECT_NE(errorOf([](Program &p) { p.lookups[0].shape = {4}; }), "written");
  EXPECT_NE(
      errorOf([](Program &p) { p.provenance[0].nodes.begin()->second[0] = 3; }),
      "written");
  EXPECT_NE(errorOf([](Program &p) {
              p.provenance[0].nodes.begin()->second.pop_back();
            }),
            "written");
  std::string error = errorOf(
      [](Program &p) { p.chips[0].queues.begin()->second[0].stream = 64; });
  EXPECT_NE(error.find("chip 0: queue 'east mem 0 read': instruction 0"),
            std::string::npos)
      << error;
}

TEST(ProgramFile, WrittenWholeOrNotAtAll) {
  namespace fs = std::filesystem;
  fs::path dir = fs::path(testing::TempDir()) / "weft-program-test";
  fs::remove_all(dir);
  fs::create_directory(dir);
  std::string path = dir / "p.weft";
  ASSERT_TRUE(bool(writeProgram(smallProgram(), path)));
  Expected<Program> back = readProgram(path);
  ASSERT_TRUE(bool(back)) << back.error().message;
  EXPECT_EQ(fs::file_size(path), bytesOf(smallProgram()).size());
  // What was read is still there when the file is not, and copies are apart.
  Program copy = *back;
  copy.chips[0].images[0].data.edit()[0] ^= 1;
  ASSERT_TRUE(bool(writeProgram(copy, path)));
  EXPECT_EQ(back->chips[0].images[0].data,
            smallProgram().chips[0].images[0].data);
  EXPECT_NE(readProgram(path)->chips[0].images[0].data,
            smallProgram().chips[0].images[0].data);

  // A program that cannot be written leaves the file as it was.
  Program bad = smallProgram();
  bad.chips.clear();
  EXPECT_FALSE(bool(writeProgram(bad, path)));
  EXPECT_TRUE(bool(readProgram(path)));

  // A link keeps its target.
  fs::create_symlink("p.weft", dir / "link.weft");
  ASSERT_TRUE(bool(writeProgram(*back, dir / "link.weft")));
  EXPECT_TRUE(fs::is_symlink(dir / "link.weft"));

  for (const std::string &nowhere :
       {(dir / "none" / "p.weft").string(), dir.string()}) {
    Status status = writeProgram(smallProgram(), nowhere);
    ASSERT_FALSE(bool(status));
    EXPECT_EQ(status.error().kind, ErrorKind::Usage);
  }
  EXPECT_TRUE(bool(writeProgram(smallProgram(), "/dev/null")));
  EXPECT_EQ(std::distance(fs::directory_iterator(dir), {}), 2);

  for (const std::string &nothing :
       {(dir / "none.weft").string(), dir.string(), std::string("/dev/zero")}) {
    Expected<Program> program = readProgram(nothing);
    ASSERT_FALSE(bool(program));
    EXPECT_EQ(program.error().kind, ErrorKind::Usage) << nothing;
  }
  ASSERT_EQ(::mkfifo((dir / "pipe").c_str(), 0600), 0);
  EXPECT_FALSE(bool(readProgram(dir / "pipe"))); // And does not hang.
  // A sparse terabyte is refused by its first page.
  std::ofstream(dir / "huge.weft") << "x";
  fs::resize_file(dir / "huge.weft", uint64_t(1) << 40);
  EXPECT_FALSE(bool(readProgram(dir / "huge.weft")));
  fs::remove_all(dir);
}

} // namespace
