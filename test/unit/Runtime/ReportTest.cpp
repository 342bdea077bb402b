// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a report says: arithmetic on made-up results, and JSON that parses.

#include "weft/Runtime/Report.h"
#include "weft/Runtime/Trace.h"

#include <gtest/gtest.h>
#include <limits>
#include <nlohmann/json.hpp>

using namespace weft;

namespace {
Program program() {
  Program p;
  p.machine = *machinePreset("tsp-mini");
  p.machine.clockMHz = 900;
  p.chips.resize(1);
  p.predictedCycles = 1800;
  p.statsJson = R"({"schema_version": 1, "machine": "tsp-mini"})";
  TensorBinding x;
  x.name = "x";
  x.shape = {1000};
  x.copies.resize(2); // F16: 2 copies * 1000 * 2 bytes in.
  p.inputs = {x};
  return p;
}

RunResult result() {
  RunResult r;
  r.outputs = {{"y", zeros(TensorType::F32, {2})}};
  r.simulation.cycles = 1800;
  r.simulation.units = {{Unit::MemRead, 16, 7200, 0.25}};
  NodeUse small, large;
  small.node = "add";
  small.cycles = 300;
  large.node = "matmul";
  large.cycles = 900;
  r.simulation.nodes = {small, large};
  r.simulation.idleCycles = 600;
  r.seconds.simulate = 0.5;
  return r;
}
} // namespace

TEST(Report, Text) {
  Program p = program();
  RunResult r = result();
  std::vector<Agreement> agreements(1);
  agreements[0].name = "y";
  std::string text = reportText({p, r, &agreements});
  auto has = [&](const char *part) {
    EXPECT_NE(text.find(part), std::string::npos) << part << "\n" << text;
  };
  has("y       float32[2]  cosine 1.0000000  max error 0  pass");
  has("1800 simulated, 1800 predicted (equal)");
  has("2.00 us at 900 MHz on tsp-mini, 1 chip\n"); // 1800 / 900
  has("4000 bytes in, 0 out");
  has("mem read          25.00%");
  // 900 of 1800 cycles, and the larger first.
  has("900.0  50.00%  matmul\n       300.0  16.67%  add");
  has("600.0  33.33%  (nothing issued)");
}

TEST(Report, Json) {
  Program p = program();
  RunResult r = result();
  std::vector<Agreement> agreements(1);
  agreements[0].maxError = std::numeric_limits<double>::infinity();
  agreements[0].pass = false;
  nlohmann::json json = nlohmann::json::parse(reportJson({p, r, &agreements}));
  EXPECT_EQ(json["schema_version"], 1);
  EXPECT_EQ(json["simulated_cycles"], 1800);
  EXPECT_EQ(json["predicted_cycles"], 1800);
  EXPECT_EQ(json["outputs"][0]["name"], "y");
  EXPECT_EQ(json["outputs"][0]["cosine"], 1.0);
  EXPECT_TRUE(json["outputs"][0]["max_error"].is_null());
  EXPECT_EQ(json["outputs"][0]["pass"], false);
  EXPECT_EQ(json["utilisation"]["mem read"], 0.25);
  EXPECT_EQ(json["nodes"][0]["name"], "matmul");
  EXPECT_EQ(json["seconds"]["simulate"], 0.5);

  // Stripped of names and predictions, and without a check.
  p.statsJson.clear();
  p.predictedCycles = 0;
  json = nlohmann::json::parse(reportJson({p, r}));
  EXPECT_EQ(json["machine"], "tsp-mini");
  EXPECT_TRUE(json["predicted_cycles"].is_null());
  EXPECT_TRUE(json["outputs"][0]["pass"].is_null());
}

TEST(Report, CyclesOtherThanPredicted) {
  Program p = program();
  SimResult simulation;
  simulation.cycles = 1800;
  EXPECT_TRUE(checkCycles(p, simulation));
  simulation.cycles = 1801;
  Status status = checkCycles(p, simulation);
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().kind, ErrorKind::MachineFault);
  EXPECT_EQ(status.error().message, "simulated 1801 cycles, predicted 1800");
  p.predictedCycles = 0;
  EXPECT_TRUE(checkCycles(p, simulation));
}

TEST(Trace, BurstsBecomeEvents) {
  Program p = program();
  Instruction read, repeat;
  read.opcode = Opcode::Read;
  repeat.opcode = Opcode::Repeat;
  p.chips[0].queues[0] = {read, repeat};
  char *text = nullptr;
  size_t size = 0;
  std::FILE *file = open_memstream(&text, &size);
  TraceWriter trace(p, file);
  trace.issue({0, 0, 10, 0, 0});
  trace.issue({0, 0, 12, 0, 1});
  trace.issue({0, 0, 14, 0, 2});
  trace.finish();
  std::fclose(file);
  nlohmann::json json = nlohmann::json::parse(text);
  free(text);
  auto events = json["traceEvents"];
  ASSERT_EQ(events.size(), 3u); // Process, thread, burst.
  EXPECT_EQ(events[2]["name"], "read");
  EXPECT_EQ(events[2]["ts"], 10);
  EXPECT_EQ(events[2]["dur"], 5); // Cycles 10 to 14.
  EXPECT_EQ(events[2]["args"]["issues"], 3);
}
