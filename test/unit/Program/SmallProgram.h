// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program on tsp-mini with a little of everything that a file holds. It is
// for reading and writing; running it would be a fault.

#ifndef WEFT_TEST_UNIT_PROGRAM_SMALLPROGRAM_H
#define WEFT_TEST_UNIT_PROGRAM_SMALLPROGRAM_H

#include "weft/Program/Program.h"

namespace weft::test {

inline Placement place(DataType storage, uint8_t slice) {
  Placement placement;
  placement.storage = storage;
  placement.layout.dims = {{{4, 0, 1, 0}}, {{16, 1, 0, 0}}};
  placement.layout.words = 4;
  placement.padding = 0x3c00;
  for (uint8_t byte = 0; byte < byteWidth(storage); ++byte)
    placement.planes.push_back({Hemisphere::East, uint8_t(slice + byte), 0});
  return placement;
}

inline Program smallProgram() {
  Program program;
  program.machine = *machinePreset("tsp-mini");
  const Machine &m = program.machine;
  ChipProgram &chip = program.chips.emplace_back();
  int reads = queueNumber(m, {Unit::MemRead, Hemisphere::East, 0});
  int alu = queueNumber(m, {Unit::Alu, Hemisphere::West, 3});
  Instruction read, nop, repeat, add;
  read.opcode = Opcode::Read;
  read.address = 5;
  nop.count = 17;
  repeat.opcode = Opcode::Repeat;
  repeat.count = 3;
  repeat.stride = -1;
  add.opcode = Opcode::Add;
  add.type = add.resultType = DataType::F32;
  add.operands[0] = {Operand::Kind::Stream, 4, 0, 0};
  add.operands[1] = {Operand::Kind::Immediate, 0, 0, 0x3f800000};
  add.result = 36;
  add.producers = {1, 2, 3, 4};
  chip.queues[reads] = {read, repeat};
  chip.queues[alu] = {nop, add};
  MemoryImage image{Hemisphere::West, 7, 64, std::vector<uint8_t>(3 * 32)};
  for (size_t i = 0; i < image.data.size(); ++i)
    image.data.edit()[i] = uint8_t(i);
  chip.images = {image, {Hemisphere::West, 7, 0, std::vector<uint8_t>(32, 9)}};

  program.inputs = {{"x",
                     TensorType::F32,
                     {4, 16},
                     {place(DataType::F16, 4), place(DataType::F32, 0)},
                     true,
                     -3,
                     3,
                     "table"}};
  program.outputs = {{"y",
                      TensorType::F16,
                      {4, 16},
                      {place(DataType::F16, 0)},
                      false,
                      0,
                      0,
                      ""}};
  HostLookup lookup;
  lookup.input = "ids";
  lookup.table = "embedding";
  lookup.rows = 3;
  lookup.rowElements = 16;
  lookup.data.edit().assign(3 * 16 * 2, 0x42);
  lookup.shape = {4, 16};
  lookup.copies = {place(DataType::F16, 6)};
  program.lookups = {lookup};

  program.entry = "encode";
  program.nodes = {"/layer.0/Add", "", "/layer.0/MatMul"};
  program.provenance.resize(1);
  program.provenance[0].nodes[alu] = {-1, 2};
  program.tenants = {{"weight", MemoryPurpose::Weights, 96},
                     {"text", MemoryPurpose::Text, 64}};
  program.predictedCycles = 65;
  program.statsJson = "{}";
  return program;
}

} // namespace weft::test

#endif // WEFT_TEST_UNIT_PROGRAM_SMALLPROGRAM_H
