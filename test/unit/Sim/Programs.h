// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Programs for tsp-mini written instruction by instruction, each at the cycle
// in which it issues. On tsp-mini: 32 lanes, MEM i at hop 1 + i / 2, SXM at 5,
// MXM at 6, eastward streams 0-31, westward 32-63.

#ifndef WEFT_TEST_UNIT_SIM_PROGRAMS_H
#define WEFT_TEST_UNIT_SIM_PROGRAMS_H

#include "weft/Sim/Simulator.h"

#include <gtest/gtest.h>

namespace weft::test {

constexpr Hemisphere west = Hemisphere::West, east = Hemisphere::East;
using Bytes = std::vector<uint8_t>;

struct Builder {
  Program program;
  std::map<std::pair<int, int>, int64_t> next, issued;

  explicit Builder(int chips = 1) {
    program.machine = *machinePreset("tsp-mini");
    program.chips.resize(size_t(chips));
  }
  int number(Queue queue) const { return queueNumber(program.machine, queue); }

  /// Issues `inst` in `cycle`; a queue's cycles must ascend.
  Builder &at(int64_t cycle, Queue queue, Instruction inst, int chip = 0) {
    auto key = std::pair(chip, number(queue));
    auto &text = program.chips[size_t(chip)].queues[key.second];
    if (int64_t gap = cycle - next[key]; gap > 0) {
      Instruction nop;
      nop.count = uint32_t(gap);
      text.push_back(nop);
    }
    text.push_back(inst);
    issued[key] = cycle;
    next[key] = cycle + 1;
    return *this;
  }
  /// Repeats the last instruction of the queue.
  Builder &repeat(Queue queue, int count, int distance = 1, int stride = 0,
                  int chip = 0) {
    auto key = std::pair(chip, number(queue));
    Instruction inst;
    inst.opcode = Opcode::Repeat;
    inst.count = uint32_t(count);
    inst.distance = uint32_t(distance);
    inst.stride = int16_t(stride);
    program.chips[size_t(chip)].queues[key.second].push_back(inst);
    next[key] = issued[key] + int64_t(count) * distance + 1;
    return *this;
  }
  Builder &image(Hemisphere h, int slice, int address, Bytes data,
                 int chip = 0) {
    program.chips[size_t(chip)].images.push_back(
        {h, uint8_t(slice), uint16_t(address), std::move(data)});
    return *this;
  }

  SimResult run(SimOptions options = {}) {
    Expected<Simulator> sim = Simulator::create(program, options);
    EXPECT_TRUE(sim) << sim.error().message;
    simulator = std::make_unique<Simulator>(std::move(*sim));
    Expected<SimResult> result = simulator->run();
    EXPECT_TRUE(result);
    return *result;
  }
  /// Runs, and expects no fault and this many cycles.
  void expectCycles(int64_t cycles) {
    SimResult result = run();
    if (result.fault)
      ADD_FAILURE() << result.fault->text();
    EXPECT_EQ(result.cycles, cycles);
  }
  void expectFault(FaultKind kind, int64_t cycle, Queue queue,
                   int instruction) {
    SimResult result = run();
    ASSERT_TRUE(result.fault);
    EXPECT_EQ(faultKindName(result.fault->kind), faultKindName(kind))
        << result.fault->text();
    EXPECT_EQ(result.fault->cycle, cycle) << result.fault->text();
    EXPECT_EQ(result.fault->queue, queue) << result.fault->text();
    EXPECT_EQ(result.fault->instruction, instruction) << result.fault->text();
  }
  Bytes word(Hemisphere h, int slice, int address, int chip = 0) {
    Bytes data(size_t(program.machine.lanes()));
    Status ok = simulator->read(chip, h, slice, address, data);
    if (!ok) {
      ADD_FAILURE() << ok.error().message;
      return {};
    }
    return data;
  }

  std::unique_ptr<Simulator> simulator;
};

inline Queue memRead(Hemisphere h, int slice) {
  return {Unit::MemRead, h, uint8_t(slice)};
}
inline Queue memWrite(Hemisphere h, int slice) {
  return {Unit::MemWrite, h, uint8_t(slice)};
}
inline Queue alu(int index) { return {Unit::Alu, west, uint8_t(index)}; }
inline Queue unit(Unit unit, Hemisphere h, int index = 0) {
  return {unit, h, uint8_t(index)};
}

inline Operand stream(int s) {
  Operand operand;
  operand.kind = Operand::Kind::Stream;
  operand.stream = uint8_t(s);
  return operand;
}
inline Operand chained(int index) {
  Operand operand;
  operand.kind = Operand::Kind::Alu;
  operand.alu = uint8_t(index);
  return operand;
}
inline Operand immediate(uint32_t bits) {
  Operand operand;
  operand.kind = Operand::Kind::Immediate;
  operand.immediate = bits;
  return operand;
}

inline Instruction read(int address, int s) {
  Instruction inst;
  inst.opcode = Opcode::Read;
  inst.address = uint16_t(address);
  inst.stream = uint8_t(s);
  return inst;
}
inline Instruction write(int address, int s, int producer) {
  Instruction inst;
  inst.opcode = Opcode::Write;
  inst.address = uint16_t(address);
  inst.operands[0] = stream(s);
  inst.producers[0] = uint8_t(producer);
  return inst;
}
/// An ALU instruction; producers are filled per operand where given.
inline Instruction op(Opcode opcode, DataType type, DataType resultType,
                      std::vector<Operand> operands, int result,
                      std::vector<std::vector<int>> producers = {}) {
  Instruction inst;
  inst.opcode = opcode;
  inst.type = type;
  inst.resultType = resultType;
  inst.result = int16_t(result);
  for (size_t i = 0; i < operands.size(); ++i)
    inst.operands[i] = operands[i];
  for (size_t i = 0; i < producers.size(); ++i)
    for (size_t b = 0; b < producers[i].size(); ++b)
      inst.producers[4 * i + b] = uint8_t(producers[i][b]);
  return inst;
}

/// A word of 32 equal bytes, or of f(lane).
inline Bytes splat(int value, int count = 1) {
  return Bytes(size_t(32 * count), uint8_t(value));
}
template <typename F>
Bytes lanes(F f) {
  Bytes data(32);
  for (int i = 0; i < 32; ++i)
    data[size_t(i)] = uint8_t(f(i));
  return data;
}

} // namespace weft::test

#endif // WEFT_TEST_UNIT_SIM_PROGRAMS_H
