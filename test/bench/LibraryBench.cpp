// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Time of library code: scheduling, proving a schedule and bounding it,
// simulating, writing and reading (which hashes) a program. Whole models are
// measured by scripts/bench.

#include "../unit/Schedule/EncoderProblem.h"

#include "weft/Program/Reader.h"
#include "weft/Program/Writer.h"
#include "weft/Schedule/Bounds.h"
#include "weft/Sim/Simulator.h"

#include <benchmark/benchmark.h>

using namespace weft;

namespace {

const Machine &tspV1() {
  static const Machine machine = *machinePreset("tsp-v1");
  return machine;
}

/// An encoder of as many layers as the benchmark's argument says.
test::EncoderBuilder encoder(int layers) {
  test::EncoderBuilder builder(tspV1(), 64);
  test::buildEncoder(builder, layers, 2);
  return builder;
}

void countChains(benchmark::State &state, const Problem &problem) {
  state.SetComplexityN(int64_t(problem.chains.size()));
  state.counters["chains"] = double(problem.chains.size());
}

void schedules(benchmark::State &state) {
  auto builder = encoder(int(state.range(0)));
  SchedulerOptions options;
  options.effort = Effort::Fast;
  int64_t cycles = 0;
  for (auto _ : state) {
    auto schedule = listSchedule(builder.problem, options);
    if (!schedule) {
      state.SkipWithError(schedule.error().message.c_str());
      return;
    }
    cycles = schedule->cycles;
  }
  countChains(state, builder.problem);
  state.counters["cycles"] = double(cycles);
}
BENCHMARK(schedules)->Arg(1)->Arg(2)->Arg(4)->Unit(benchmark::kMillisecond);

void provesSchedules(benchmark::State &state) {
  auto builder = encoder(int(state.range(0)));
  auto schedule = listSchedule(builder.problem);
  for (auto _ : state)
    if (!schedule || !schedule->verify(builder.problem)) {
      state.SkipWithError("no valid schedule");
      return;
    }
  countChains(state, builder.problem);
}
BENCHMARK(provesSchedules)->Arg(1)->Arg(4)->Unit(benchmark::kMillisecond);

void boundsSchedules(benchmark::State &state) {
  auto builder = encoder(int(state.range(0)));
  auto schedule = listSchedule(builder.problem);
  if (!schedule) {
    state.SkipWithError(schedule.error().message.c_str());
    return;
  }
  for (auto _ : state)
    benchmark::DoNotOptimize(placedBounds(builder.problem, *schedule));
  countChains(state, builder.problem);
}
BENCHMARK(boundsSchedules)->Arg(1)->Arg(4)->Unit(benchmark::kMillisecond);

Queue east(Unit unit, int index) {
  return {unit, Hemisphere::East, uint8_t(index)};
}

/// Words that two slices read, an ALU adds and a third takes, one a cycle.
Program addition(int count) {
  Program program;
  program.machine = tspV1();
  ChipProgram &chip = program.chips.emplace_back();
  auto number = [&](Queue q) { return queueNumber(program.machine, q); };
  auto put = [&](Queue q, int cycle, Instruction inst) {
    Instruction wait, again;
    wait.count = uint32_t(cycle);
    again.opcode = Opcode::Repeat;
    again.count = uint32_t(count - 1);
    again.distance = 1;
    again.stride = inst.opcode == Opcode::Add ? 0 : 1;
    auto &text = chip.queues[number(q)];
    if (cycle > 0)
      text.push_back(wait);
    text.push_back(inst);
    text.push_back(again);
  };
  // Westward streams 32 and 33 groups of four; slices 0 to 3 lie one hop from
  // the VXM, so words read in t are there in t + 2; results leave in t + 9 and
  // are written a hop later.
  size_t lanes = size_t(program.machine.lanes());
  Instruction sum;
  sum.opcode = Opcode::Add;
  sum.type = sum.resultType = DataType::I8;
  sum.result = 0;
  for (int i = 0; i < 2; ++i) {
    chip.images.push_back({Hemisphere::East, uint8_t(i), 0,
                           std::vector<uint8_t>(size_t(count) * lanes, 1)});
    Instruction read;
    read.opcode = Opcode::Read;
    read.stream = Stream(32 + i);
    put(east(Unit::MemRead, i), 0, read);
    sum.operands[size_t(i)].kind = Operand::Kind::Stream;
    sum.operands[size_t(i)].stream = Stream(32 + i);
    sum.producers[size_t(i) * 4] = uint8_t(number(east(Unit::MemRead, i)));
  }
  Queue alu{Unit::Alu, Hemisphere::West, 0};
  put(alu, 2, sum);
  Instruction write;
  write.opcode = Opcode::Write;
  write.operands[0].kind = Operand::Kind::Stream;
  write.operands[0].stream = 0;
  write.producers[0] = uint8_t(number(alu));
  put(east(Unit::MemWrite, 2), 10, write);
  return program;
}

void simulates(benchmark::State &state) {
  Program program = addition(int(state.range(0)));
  SimOptions options;
  options.threads = 1;
  auto simulator = Simulator::create(program, options);
  int64_t cycles = 0;
  for (auto _ : state) {
    auto result =
        simulator ? simulator->run() : Expected<SimResult>(simulator.error());
    if (!result || result->fault) {
      std::string why =
          !result ? result.error().message : result->fault->text();
      state.SkipWithError(why.c_str());
      return;
    }
    cycles += result->cycles;
  }
  state.SetItemsProcessed(cycles);
}
BENCHMARK(simulates)->Arg(4096)->Unit(benchmark::kMicrosecond);

void writesAndReads(benchmark::State &state) {
  // Images of one bank each.
  Program program = addition(16);
  size_t bytes = 0;
  for (int i = 8; i < 8 + int(state.range(0)); ++i) {
    program.chips[0].images.push_back(
        {Hemisphere::East, uint8_t(i), 0,
         std::vector<uint8_t>(size_t(tspV1().wordsPerBank * tspV1().lanes()),
                              uint8_t(i))});
    bytes += program.chips[0].images.back().data.size();
  }
  for (auto _ : state) {
    auto file = serializeProgram(program);
    if (!file || !deserializeProgram(*file, "bench")) {
      state.SkipWithError("not a program");
      return;
    }
  }
  state.SetBytesProcessed(int64_t(bytes) * int64_t(state.iterations()));
}
BENCHMARK(writesAndReads)->Arg(4)->Arg(16)->Unit(benchmark::kMillisecond);

} // namespace
