// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The page as text: one file, its data whole, hostile names harmless.

#include "WorkedExample.h"

#include "weft/Report/Report.h"

#include <nlohmann/json.hpp>

using namespace weft;
using namespace weft::test;

namespace {
std::string page(const Program &program, size_t maxBursts = 1000) {
  Expected<std::string> text = reportPage({program, {}, {}, maxBursts});
  EXPECT_TRUE(text);
  return *text;
}

nlohmann::json dataOf(const std::string &page) {
  const std::string open = "<script type=\"application/json\" id=\"data\">";
  size_t begin = page.find(open);
  EXPECT_NE(begin, std::string::npos);
  begin += open.size();
  return nlohmann::json::parse(
      page.substr(begin, page.find("</script>", begin) - begin));
}

size_t occurrences(const std::string &text, const std::string &part) {
  size_t count = 0;
  for (size_t at = 0; (at = text.find(part, at)) != std::string::npos; ++at)
    ++count;
  return count;
}
} // namespace

TEST(Page, NeedsNothingElse) {
  std::string text = page(workedExample().program);
  EXPECT_EQ(text.rfind("<!doctype html>", 0), 0u);
  EXPECT_EQ(text.find("http://"), std::string::npos);
  EXPECT_EQ(text.find("https://"), std::string::npos);
  EXPECT_EQ(text.find(" src="), std::string::npos);
  EXPECT_EQ(text.find("@INCLUDE"), std::string::npos);
  EXPECT_EQ(text.find("@DATA@"), std::string::npos);
  EXPECT_NE(text.find("default-src 'none'"), std::string::npos);
}

TEST(Page, HoldsTheProgram) {
  Builder b = workedExample();
  b.program.predictedCycles = 65;
  b.program.statsJson = R"({"work_bound": {"cycles": 32, "resource": "mxm"}})";
  SliceUse slice{Hemisphere::East, 2,
                 std::vector<uint8_t>(128, SliceUse::free)};
  for (int word = 0; word < 10; ++word)
    slice.words[size_t(word)] =
        uint8_t(word < 8 ? MemoryPurpose::Weights : MemoryPurpose::Tables);
  Expected<std::string> text = reportPage({b.program, {{slice}}, {}, 1000});
  ASSERT_TRUE(text);
  nlohmann::json data = dataOf(*text);
  EXPECT_EQ(data["machine"]["name"], "tsp-mini");
  EXPECT_EQ(data["stats"]["work_bound"]["cycles"], 32);
  const auto &chip = data["chips"][0];
  EXPECT_EQ(chip["cycles"], 65);
  // 6 readers, weights, abc, acc, an ALU, 2 writers.
  EXPECT_EQ(chip["queues"].size(), 12u);
  EXPECT_EQ(chip["joinGap"], 0);
  // 128 words in 128 cells of one.
  std::string cells = chip["sram"][0]["cells"];
  EXPECT_EQ(cells.size(), 256u);
  EXPECT_EQ(cells.substr(14, 8), "w9t9t9-0");
  EXPECT_EQ(chip["sram"][0]["words"]["weights"], 8);
  EXPECT_EQ(chip["sram"][0]["words"]["tables"], 2);
  EXPECT_EQ(chip["phases"].size(), 32u);
  EXPECT_FALSE(chip["gaps"].empty());
}

TEST(Page, NamesCannotLeaveTheirScript) {
  Builder b = workedExample();
  std::string hostile = "</script><script>alert(1)</script><!--&amp;";
  b.program.nodes = {hostile, "caf\xc3\xa9 \xff\xfe", "@DATA@"};
  b.program.entry = hostile;
  std::string clean = page(workedExample().program), text = page(b.program);
  EXPECT_EQ(occurrences(text, "</script"), occurrences(clean, "</script"));
  EXPECT_EQ(occurrences(text, "<!--"), occurrences(clean, "<!--"));
  nlohmann::json data = dataOf(text);
  EXPECT_EQ(data["nodes"][0], hostile);
  EXPECT_EQ(data["entry"], hostile);
  // What is not UTF-8 is replaced.
  EXPECT_EQ(data["nodes"][1], "caf\xc3\xa9 \xef\xbf\xbd\xef\xbf\xbd");
  EXPECT_EQ(data["nodes"][2], "@DATA@");
}

TEST(Page, IsTheSameEveryTime) {
  EXPECT_EQ(page(workedExample().program), page(workedExample().program));
}

TEST(Page, LargeProgramsAreJoined) {
  Builder b;
  for (int i = 0; i < 100; ++i)
    b.at(3 * i, memRead(east, 0), read(i % 64, 0));
  nlohmann::json data = dataOf(page(b.program, 50));
  const auto &chip = data["chips"][0];
  EXPECT_EQ(chip["joinGap"], 2); // two cycles between issues
  EXPECT_EQ(chip["bursts"][0], 1);
  EXPECT_EQ(chip["queues"][0]["issues"], 100);
}

TEST(Page, StaysSmall) {
  // About what BERT-base takes: 176 sides of slices * 1,500 bursts = 264,000,
  // 280,000 cycles. A burst is about ten numbers of a byte, in base64.
  Builder b;
  b.program.machine = *machinePreset("tsp-v1");
  b.program.nodes = {"/A", "/B"};
  b.program.provenance.resize(1);
  for (Hemisphere h : {west, east})
    for (int slice = 0; slice < 44; ++slice)
      for (Queue queue : {memRead(h, slice), memWrite(h, slice)}) {
        for (int i = 0; i < 1500; ++i) {
          int address = (i * 97 + slice * 53) % 8000;
          b.at(i * 186 + slice, queue,
               queue.unit == Unit::MemRead ? read(address, i % 64)
                                           : write(address, i % 64, 3))
              .repeat(queue, 60 + i % 60, 1, 1);
        }
        auto &nodes = b.program.provenance[0].nodes[b.number(queue)];
        for (size_t i = 0; i < 4500; ++i)
          nodes.push_back(int32_t(i / 300 % 2));
      }
  Expected<std::string> text = reportPage({b.program, {}, {}});
  ASSERT_TRUE(text);
  EXPECT_EQ(dataOf(*text)["chips"][0]["joinGap"], 0);
  EXPECT_LT(text->size(), size_t(6) << 20);
}

TEST(Page, EmptyProgramsHaveOne) {
  Builder b;
  nlohmann::json data = dataOf(page(b.program));
  EXPECT_EQ(data["chips"][0]["queues"].size(), 0u);
  EXPECT_EQ(data["chips"][0]["busiest"], -1);
  Program none;
  none.machine = b.program.machine;
  EXPECT_EQ(dataOf(page(none))["chips"].size(), 0u);
}
