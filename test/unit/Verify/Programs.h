// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A small assembler for programs on tsp-mini, the worked example of
// docs/machine.md written with it, and how tests state a fault. It decides
// nothing; the tests edit what it builds.

#ifndef WEFT_TEST_UNIT_VERIFY_PROGRAMS_H
#define WEFT_TEST_UNIT_VERIFY_PROGRAMS_H

#include "weft/Verify/Verifier.h"

#include <gtest/gtest.h>

namespace weft::test {

constexpr Hemisphere west = Hemisphere::West, east = Hemisphere::East;

// On tsp-mini: MEM i at +-(1 + i / 2), SXM at +-5, MXM at +-6; banks of 64
// words; streams 0-31 flow east, 32-63 west.
constexpr int westward = 32;
constexpr int bank1 = 64;

// Queues.
constexpr Queue memRead(Hemisphere h, int slice) {
  return {Unit::MemRead, h, uint8_t(slice)};
}
constexpr Queue memWrite(Hemisphere h, int slice) {
  return {Unit::MemWrite, h, uint8_t(slice)};
}
constexpr Queue alu(int index) { return {Unit::Alu, west, uint8_t(index)}; }
constexpr Queue weights(Hemisphere h, int plane) {
  return {Unit::MxmWeights, h, uint8_t(plane)};
}
constexpr Queue activate(Hemisphere h, int plane) {
  return {Unit::MxmActivate, h, uint8_t(plane)};
}
constexpr Queue accumulate(Hemisphere h, int plane) {
  return {Unit::MxmAccumulate, h, uint8_t(plane)};
}

/// A tsp-mini program, queue by queue.
class Assembler {
public:
  explicit Assembler(int chips = 1);

  std::vector<Instruction> &operator[](Queue queue) { return text(0, queue); }
  std::vector<Instruction> &text(int chip, Queue queue) {
    return program.chips[chip].queues[number(queue)];
  }
  int number(Queue queue) const { return queueNumber(program.machine, queue); }
  /// Words of zeros in SRAM at cycle 0.
  void image(Hemisphere hemisphere, int slice, int address, int words,
             int chip = 0);

  /// A stream group as an operand, all bytes of it from one producer.
  void take(Instruction &inst, int operand, int stream, int width,
            Queue producer) const;

  Instruction write(int address, int stream, Queue producer) const;
  /// acc of a pair onto westward streams `result`..+3.
  Instruction acc(AccumulateMode mode, int row, int result) const;
  /// abc of a pair, low half.
  Instruction abc(int stream, Queue low, Queue high) const;
  /// A one-operand ALU instruction of a stream group.
  Instruction unary(Opcode op, DataType type, int stream, Queue producer,
                    DataType resultType, int result) const;

  Program program;
};

Instruction nop(int cycles);
Instruction repeat(int count, int distance = 1, int stride = 0);
Instruction read(int address, int stream);
Instruction iw(DataType type);

/// y[4x32] = fp16(x[4x16] * w[16x32]) in 65 cycles, as docs/machine.md has it.
Assembler workedExample();

/// Passes when the program is without fault and takes `cycles`.
void expectCycles(const Program &program, int64_t cycles,
                  const VerifyOptions &options = {});
/// Passes when the first fault is this one.
void expectFault(const Assembler &built, verify::FaultKind kind, Queue queue,
                 int64_t cycle, int instruction,
                 const VerifyOptions &options = {}, int chip = 0);

} // namespace weft::test

#endif // WEFT_TEST_UNIT_VERIFY_PROGRAMS_H
