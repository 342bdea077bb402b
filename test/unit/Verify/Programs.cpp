// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The assembler and the worked example.

#include "Programs.h"

namespace weft::test {

Assembler::Assembler(int chips) {
  program.machine = *machinePreset("tsp-mini");
  program.chips.resize(chips);
}

void Assembler::image(Hemisphere hemisphere, int slice, int address, int words,
                      int chip) {
  program.chips[chip].images.push_back(
      {hemisphere, uint8_t(slice), uint16_t(address),
       std::vector<uint8_t>(size_t(words * program.machine.lanes()))});
}

void Assembler::take(Instruction &inst, int operand, int stream, int width,
                     Queue producer) const {
  inst.operands[operand].kind = Operand::Kind::Stream;
  inst.operands[operand].stream = Stream(stream);
  for (int j = 0; j < width; ++j)
    inst.producers[4 * operand + j] = uint8_t(number(producer));
}

Instruction Assembler::write(int address, int stream, Queue producer) const {
  Instruction inst;
  inst.opcode = Opcode::Write;
  inst.address = uint16_t(address);
  take(inst, 0, stream, 1, producer);
  return inst;
}

Instruction Assembler::acc(AccumulateMode mode, int row, int result) const {
  Instruction inst;
  inst.opcode = Opcode::Accumulate;
  inst.type = DataType::F16;
  inst.accumulate = mode;
  inst.address = uint16_t(row);
  inst.result = int16_t(result);
  return inst;
}

Instruction Assembler::abc(int stream, Queue low, Queue high) const {
  Instruction inst;
  inst.opcode = Opcode::Activate;
  inst.type = DataType::F16;
  take(inst, 0, stream, 2, low);
  inst.producers[1] = uint8_t(number(high));
  return inst;
}

Instruction Assembler::unary(Opcode op, DataType type, int stream,
                             Queue producer, DataType resultType,
                             int result) const {
  Instruction inst;
  inst.opcode = op;
  inst.type = type;
  inst.resultType = resultType;
  inst.result = int16_t(result);
  take(inst, 0, stream, byteWidth(type), producer);
  return inst;
}

Instruction nop(int cycles) {
  Instruction inst;
  inst.opcode = Opcode::Nop;
  inst.count = uint32_t(cycles);
  return inst;
}

Instruction repeat(int count, int distance, int stride) {
  Instruction inst;
  inst.opcode = Opcode::Repeat;
  inst.count = uint32_t(count);
  inst.distance = uint32_t(distance);
  inst.stride = int16_t(stride);
  return inst;
}

Instruction read(int address, int stream) {
  Instruction inst;
  inst.opcode = Opcode::Read;
  inst.address = uint16_t(address);
  inst.stream = Stream(stream);
  return inst;
}

Instruction iw(DataType type) {
  Instruction inst;
  inst.opcode = Opcode::InstallWeights;
  inst.type = type;
  return inst;
}

Assembler workedExample() {
  Assembler a;
  // w, packed: eight columns of 32 lanes in each of MEM 0-3.
  for (int slice = 0; slice < 4; ++slice)
    a.image(east, slice, 0, 8);
  // 0-7: MEM 0, 1 to streams 0, 1; at x = 6 in 6-13.
  a[memRead(east, 0)] = {read(0, 0), repeat(7, 1, 1)};
  a[memRead(east, 1)] = {read(0, 1), repeat(7, 1, 1)};
  // 1-8: MEM 2, 3 to streams 2, 3; one hop nearer.
  a[memRead(east, 2)] = {nop(1), read(0, 2), repeat(7, 1, 1)};
  a[memRead(east, 3)] = {nop(1), read(0, 3), repeat(7, 1, 1)};
  // 6-13: lw, four columns a cycle. 14: iw.
  Instruction lw;
  lw.opcode = Opcode::LoadWeightsPair;
  lw.type = DataType::F16;
  lw.packed = true;
  for (int slice = 0; slice < 4; ++slice)
    lw.producers[slice] = uint8_t(a.number(memRead(east, slice)));
  a[weights(east, 0)] = {nop(6), lw, repeat(7, 1, 1), iw(DataType::F16)};
  // 11-14: x, byte planes in MEM 4, 5, to streams 4, 5; at x = 6 in 15-18.
  a[memRead(east, 4)] = {nop(11), read(0, 4), repeat(3, 1, 1)};
  a[memRead(east, 5)] = {nop(11), read(0, 5), repeat(3, 1, 1)};
  // 15-18: abc. 47-50: acc, 32 later, straight out on west streams 0-3.
  a[activate(east, 0)] = {nop(15), a.abc(4, memRead(east, 4), memRead(east, 5)),
                          repeat(3)};
  a[accumulate(east, 0)] = {
      nop(47), a.acc(AccumulateMode::Pass, 0, westward + 0), repeat(3)};
  // 53-56: fp32 to fp16, out on east streams 0, 1; first at (0, 60).
  a[alu(0)] = {nop(53),
               a.unary(Opcode::Convert, DataType::F32, westward + 0,
                       accumulate(east, 0), DataType::F16, 0),
               repeat(3)};
  // 61-64: y, byte planes into the other bank of MEM 0, 1.
  a[memWrite(east, 0)] = {nop(61), a.write(bank1, 0, alu(0)), repeat(3, 1, 1)};
  a[memWrite(east, 1)] = {nop(61), a.write(bank1, 1, alu(0)), repeat(3, 1, 1)};

  // x[4x16]: a row a word. y[4x32] likewise.
  Placement x;
  x.layout.dims = {{{.extent = 4, .word = 1}}, {{.extent = 16, .lane = 1}}};
  x.layout.words = 4;
  x.planes = {{east, 4, 0}, {east, 5, 0}};
  Placement y = x;
  y.layout.dims[1][0].extent = 32;
  y.planes = {{east, 0, bank1}, {east, 1, bank1}};
  TensorBinding in, out;
  in.name = "x";
  in.shape = {4, 16};
  in.copies = {x};
  out.name = "y";
  out.shape = {4, 32};
  out.copies = {y};
  a.program.inputs = {in};
  a.program.outputs = {out};
  return a;
}

void expectCycles(const Program &program, int64_t cycles,
                  const VerifyOptions &options) {
  Expected<verify::Result> result = followProgram(program, options);
  ASSERT_TRUE(bool(result)) << result.error().message;
  EXPECT_FALSE(result->fault) << faultText(program.machine, *result->fault);
  EXPECT_EQ(result->cycles, cycles);
}

void expectFault(const Assembler &built, verify::FaultKind kind, Queue queue,
                 int64_t cycle, int instruction, const VerifyOptions &options,
                 int chip) {
  Expected<verify::Result> result = followProgram(built.program, options);
  ASSERT_TRUE(bool(result)) << result.error().message;
  ASSERT_TRUE(result->fault) << "no fault in " << result->cycles << " cycles";
  const verify::Fault &fault = *result->fault;
  std::string text = faultText(built.program.machine, fault);
  EXPECT_EQ(faultKindName(fault.kind), faultKindName(kind)) << text;
  EXPECT_EQ(fault.chip, chip) << text;
  EXPECT_EQ(fault.queue, built.number(queue)) << text;
  EXPECT_EQ(fault.cycle, cycle) << text;
  EXPECT_EQ(fault.instruction, instruction) << text;
}

} // namespace weft::test
