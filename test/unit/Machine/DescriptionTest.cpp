// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Presets against the published figures, descriptions as JSON, and what is
// refused: every error names the field.

#include "weft/Machine/Fields.h"

#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>

using namespace weft;

namespace {

Machine preset(std::string_view name) {
  Expected<Machine> machine = machinePreset(name);
  EXPECT_TRUE(bool(machine));
  return *machine;
}

/// The JSON of a preset with one piece of text replaced.
std::string edited(std::string_view from, std::string_view to,
                   std::string_view name = "tsp-v1") {
  std::string json = machineToJson(preset(name));
  size_t at = json.find(from);
  EXPECT_NE(at, std::string::npos) << from;
  return json.replace(at, from.size(), to);
}

std::string errorOf(const std::string &json) {
  Expected<Machine> machine = parseMachine(json, "m.json");
  if (machine)
    return "accepted";
  EXPECT_EQ(machine.error().kind, ErrorKind::Invalid);
  return machine.error().message;
}

TEST(Description, TspV1IsThePublishedChip) {
  Machine m = preset("tsp-v1");
  EXPECT_EQ(m.lanes(), 320); // 20 superlanes of 16.
  // 2 * 44 slices of 2 * 4096 words of 320 bytes: 220 MiB, without nine
  // reserved slices of 2.5 MiB 197.5 MiB.
  EXPECT_EQ(int64_t(2) * m.slices * m.words() * m.lanes(), 220 * 1024 * 1024);
  EXPECT_EQ(m.usableBytes(), int64_t(1975) * 1024 * 1024 / 10);
  EXPECT_EQ(m.slicePosition(Hemisphere::East, 43), 11);
  EXPECT_EQ(m.slicePosition(Hemisphere::West, 0), -1);
  EXPECT_EQ(m.sxmAt(Hemisphere::West), -12);
  EXPECT_EQ(m.mxmAt(Hemisphere::East), 13);
  // 4 planes of 320 * 320 int8 multiply-adds.
  EXPECT_EQ(2 * m.planes * m.lanes() * m.lanes(), 409600);
  EXPECT_TRUE(m.isReserved(Hemisphere::East, 39));
  EXPECT_FALSE(m.isReserved(Hemisphere::West, 39));
}

TEST(Description, TspMiniIsSmall) {
  Machine m = preset("tsp-mini");
  EXPECT_EQ(m.lanes(), 32);
  EXPECT_EQ(m.halfLanes(), 16);
  EXPECT_EQ(m.lanes() / m.weightStreams, 8); // Cycles to load a plane.
  EXPECT_EQ(m.slicePosition(Hemisphere::East, 7), 4);
  EXPECT_EQ(m.sxmPosition, 5);
  EXPECT_EQ(m.mxmPosition, 6);
  EXPECT_EQ(m.sxmEnter + m.shiftLatency, 6);
  EXPECT_TRUE(m.reserved.empty());
}

TEST(Description, PresetsAreValidAndRoundTrip) {
  for (const std::string &name : machinePresetNames()) {
    Machine m = preset(name);
    EXPECT_TRUE(bool(validateMachine(m, name)));
    std::string json = machineToJson(m);
    Expected<Machine> back = parseMachine(json, name);
    ASSERT_TRUE(bool(back)) << back.error().message;
    EXPECT_EQ(machineToJson(*back), json);
    EXPECT_EQ(back->marks, m.marks);
  }
}

TEST(Description, NumbersKeepTheirMarks) {
  std::string json = machineToJson(preset("tsp-v1"));
  EXPECT_NE(json.find("\"slices\": {\"value\": 44, \"mark\": \"pub\"}"),
            std::string::npos);
  EXPECT_NE(json.find("\"write_latency\": {\"value\": 1, \"mark\": \"asm\"}"),
            std::string::npos);
  Expected<Machine> m =
      parseMachine(edited("\"slices\": {\"value\": 44, \"mark\": \"pub\"}",
                          "\"slices\": {\"value\": 44, \"mark\": \"asm\"}"),
                   "m.json");
  ASSERT_TRUE(bool(m));
  EXPECT_NE(
      machineToJson(*m).find("\"slices\": {\"value\": 44, \"mark\": \"asm\"}"),
      std::string::npos);
}

TEST(Description, EveryNumberIsRequired) {
  std::string json = machineToJson(preset("tsp-v1"));
  for (const MachineField &field : machineFields()) {
    // The line that holds it; the first of a group has no comma before it.
    std::string group = "\"" + std::string(field.group) + "\": {";
    std::string key = "\"" + std::string(field.name) + "\": {";
    size_t from = json.find(key, json.find(group));
    size_t to = json.find('}', from) + 1;
    std::string text = json;
    text.erase(from, to + (json[to] == ',') - from);
    if (json[to] != ',')
      text.erase(text.rfind(',', from), 1);
    EXPECT_EQ(errorOf(text),
              "m.json: machine field '" + field.path() + "': missing");
  }
}

TEST(Description, ErrorsNameTheField) {
  EXPECT_EQ(errorOf("{"), "m.json: line 1: not JSON");
  EXPECT_EQ(errorOf("[]"),
            "m.json: expected an object at the top of a machine description");
  EXPECT_EQ(errorOf(std::string(100000, '[')),
            "m.json: nested too deeply for a machine description");
  EXPECT_EQ(errorOf(edited("\"value\": 44", "\"value\": 44.5")),
            "m.json: machine field 'memory.slices': expected a whole number, "
            "found 44.5");
  EXPECT_EQ(errorOf(edited("\"value\": 44", "\"value\": \"44\"")),
            "m.json: machine field 'memory.slices': expected a whole number, "
            "found \"44\"");
  EXPECT_EQ(errorOf(edited("\"value\": 44", "\"value\": 18446744073709551615")),
            "m.json: machine field 'memory.slices': expected a whole number, "
            "found 18446744073709551615");
  EXPECT_EQ(errorOf(edited("{\"value\": 44, \"mark\": \"pub\"}", "44")),
            "m.json: machine field 'memory.slices': expected {\"value\": ..., "
            "\"mark\": \"pub\", \"inf\" or \"asm\"}, found 44");
  EXPECT_EQ(errorOf(edited("\"mark\": \"pub\"", "\"mark\": \"sure\"")),
            "m.json: machine field 'lanes.superlanes': the mark must be "
            "\"pub\", \"inf\" or \"asm\", found \"sure\"");
  EXPECT_EQ(errorOf(edited("\"memory\"", "\"sram\"")),
            "m.json: machine field 'sram': unknown");
  EXPECT_EQ(errorOf(edited("\"slices\"", "\"slice\"")),
            "m.json: machine field 'memory.slice': unknown");
  EXPECT_EQ(errorOf(edited("\"slices\"", "\"banks\"")),
            "m.json: machine field 'banks': given twice");
  EXPECT_EQ(errorOf(edited("\"format\": 1", "\"format\": 2")),
            "m.json: machine field 'format': must be 1, found 2");
  EXPECT_EQ(errorOf(edited("\"east\"", "\"north\"")),
            "m.json: machine field 'memory.reserved': the hemisphere must be "
            "\"west\" or \"east\", found \"north\"");
}

TEST(Description, ContradictionsNameTheField) {
  auto v1 = [](auto member, int value) {
    Machine m = preset("tsp-v1");
    m.*member = value;
    Status status = validateMachine(m, "m");
    return status ? std::string("valid") : status.error().message;
  };
  EXPECT_EQ(v1(&Machine::streams, 24),
            "m: machine field 'lanes.streams': must be a power of two, found "
            "24");
  EXPECT_EQ(v1(&Machine::streams, 64),
            "m: machine field 'lanes.streams': must lie in 4..32, found 64");
  EXPECT_EQ(v1(&Machine::wordsPerBank, 3000),
            "m: machine field 'memory.words_per_bank': must be a power of "
            "two, since the top address bit tells the bank; found 3000");
  EXPECT_EQ(v1(&Machine::wordsPerBank, 1 << 30),
            "m: machine field 'memory.words_per_bank': must lie in 1..4096, "
            "found 1073741824");
  // 1 + 43 / 4 = 11 is the last slice.
  EXPECT_EQ(v1(&Machine::sxmPosition, 11),
            "m: machine field 'sxm.position': must lie beyond the last memory "
            "slice at hop 11, found 11");
  EXPECT_EQ(v1(&Machine::mxmPosition, 12),
            "m: machine field 'mxm.position': must lie beyond 'sxm.position' "
            "12, found 12");
  EXPECT_EQ(v1(&Machine::planes, 3),
            "m: machine field 'mxm.planes': must be even, since two planes "
            "make an fp16 pair; found 3");
  EXPECT_EQ(v1(&Machine::weightStreams, 12),
            "m: machine field 'mxm.weight_streams': must be a power of two of "
            "at most 'lanes.streams' 32, found 12");
  // 320 columns / 64 words a buffer = 5 streams; 4 would take 80 words each.
  EXPECT_EQ(
      v1(&Machine::weightStreams, 4),
      "m: machine field 'mxm.weight_streams': must be at least 5, so that "
      "a column of 64 words holds its part of a tile of 320 columns; "
      "found 4");
  EXPECT_EQ(v1(&Machine::transcendentalLatency, 2),
            "m: machine field 'vxm.transcendental_latency': must be at least "
            "'vxm.latency' 3, found 2");
  EXPECT_EQ(v1(&Machine::transcendentalLatency, 7),
            "m: machine field 'vxm.transcendental_latency': must be a multiple "
            "of 'vxm.latency' 3, found 7");
  EXPECT_EQ(v1(&Machine::slices, 40),
            "m: machine field 'memory.reserved': west slice 40 does not "
            "exist; 'memory.slices' is 40");
  // 4 * 52 + 16 + 2 * (3 * 2 + 2 + 4 + 1 + 8) = 266 queues.
  EXPECT_EQ(v1(&Machine::slices, 52),
            "m: machine field 'sxm.position': must lie beyond the last memory "
            "slice at hop 13, found 12");
  Machine m = preset("tsp-v1");
  m.slices = 52;
  m.slicesPerHop = 8;
  Status status = validateMachine(m, "m");
  ASSERT_FALSE(bool(status));
  EXPECT_EQ(status.error().message,
            "m: machine field 'memory.slices': the chip has 266 issue queues, "
            "of which at most 256 can be named");
}

TEST(System, NamesAndChips) {
  auto chips = [](std::string_view text) {
    Expected<System> system = parseSystem(text);
    return system ? system->chips : -int(system.error().kind);
  };
  EXPECT_EQ(chips("tsp-v1"), 1);
  EXPECT_EQ(chips("tsp-v1:4"), 4);
  EXPECT_EQ(chips("tsp-v1:64"), 64);
  for (const char *bad : {"", "tsp-v2", "tsp-v1:", "tsp-v1:0", "tsp-v1:-1",
                          "tsp-v1:2x", "tsp-v1:12", "tsp-v1:10448",
                          "tsp-v1:99999999999", "missing.json", "/.json"})
    EXPECT_EQ(chips(bad), -1) << bad;
}

TEST(System, DescriptionFile) {
  std::string path = testing::TempDir() + "weft-machine-test.json";
  std::ofstream(path) << edited("\"name\": \"tsp-v1\"", "\"name\": \"mine\"");
  Expected<System> system = parseSystem(path);
  ASSERT_TRUE(bool(system)) << system.error().message;
  EXPECT_EQ(system->machine.name, "mine");
  EXPECT_EQ(system->chips, 1);
  std::ofstream(path) << "{}";
  system = parseSystem(path);
  ASSERT_FALSE(bool(system));
  EXPECT_EQ(system.error().message, path + ": machine field 'format': missing");
  std::filesystem::remove(path);
}

} // namespace
