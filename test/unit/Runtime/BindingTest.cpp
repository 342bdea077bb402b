// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Inputs checked, written by every copy, looked up on the host, and outputs
// read back, against a plain map of words.

#include "TestSram.h"

#include <gtest/gtest.h>

using namespace weft;

namespace {
Placement rowPlacement(DataType storage, std::vector<int64_t> shape, int slice,
                       int address) {
  // The last dimension along the lanes, the others along the words.
  Placement p;
  p.storage = storage;
  int32_t words = 1;
  p.layout.dims.resize(shape.size());
  for (size_t d = shape.size(); d-- > 0;) {
    bool last = d + 1 == shape.size();
    p.layout.dims[d] = {
        {shape[d], int32_t(last), last ? 0 : int32_t(words), 0}};
    if (!last)
      words *= int32_t(shape[d]);
  }
  p.layout.words = words;
  for (int b = 0; b < byteWidth(storage); ++b)
    p.planes.push_back(
        {Hemisphere::West, uint8_t(slice + b), uint16_t(address)});
  return p;
}

/// ids[2] int64 into I32 in two places, and rows of a 3 x 2 table of halves
/// that they choose.
Program lookupProgram() {
  Program program;
  program.machine = *machinePreset("tsp-mini");
  TensorBinding ids;
  ids.name = "ids";
  ids.type = TensorType::I64;
  ids.shape = {2};
  ids.copies = {rowPlacement(DataType::I32, {2}, 0, 0),
                rowPlacement(DataType::I32, {2}, 4, 70)};
  program.inputs = {ids};
  HostLookup lookup;
  lookup.input = "ids";
  lookup.table = "words";
  lookup.rows = 3;
  lookup.rowElements = 2;
  lookup.storage = DataType::F16;
  lookup.data =
      std::vector<uint8_t>{0x00, 0x10, 0x01, 0x11,  // Row 0: 0x1000, 0x1101.
                           0x02, 0x12, 0x03, 0x13,  // Row 1.
                           0x04, 0x14, 0x05, 0x15}; // Row 2.
  lookup.shape = {2, 2};
  lookup.copies = {rowPlacement(DataType::F16, {2, 2}, 0, 20)};
  program.lookups = {lookup};
  return program;
}

NamedTensor ids(std::vector<int64_t> values) {
  NamedTensor t{"ids", zeros(TensorType::I64, {int64_t(values.size())})};
  for (size_t i = 0; i < values.size(); ++i)
    t.tensor.setInteger(int64_t(i), values[i]);
  return t;
}
} // namespace

TEST(Binding, WritesEveryCopyAndLooksUp) {
  Program program = lookupProgram();
  TestSram sram(program.machine.lanes());
  Status written = writeInputs(program, {ids({1, -1})}, sram.access());
  ASSERT_TRUE(written) << written.error().message;
  for (auto [slice, address] : {std::pair{0, 0}, {4, 70}}) {
    EXPECT_EQ(sram.word(Hemisphere::West, slice, address)[0], 1);
    EXPECT_EQ(sram.word(Hemisphere::West, slice, address)[1], 0xff);
    EXPECT_EQ(sram.word(Hemisphere::West, slice + 3, address)[0], 0);
    EXPECT_EQ(sram.word(Hemisphere::West, slice + 3, address)[1], 0xff);
  }
  // Row 1, then row 2, which is index -1.
  EXPECT_EQ(sram.word(Hemisphere::West, 0, 20)[0], 0x02);
  EXPECT_EQ(sram.word(Hemisphere::West, 1, 20)[1], 0x13);
  EXPECT_EQ(sram.word(Hemisphere::West, 0, 21)[1], 0x05);
  EXPECT_EQ(sram.word(Hemisphere::West, 1, 21)[0], 0x14);
}

TEST(Binding, LookupWidensHalvesExactly) {
  Program program = lookupProgram();
  program.lookups[0].copies = {rowPlacement(DataType::F32, {2, 2}, 0, 20)};
  program.lookups[0].data.edit()[0] = 0x00;
  program.lookups[0].data.edit()[1] = 0x3c; // 1.0
  TestSram sram(program.machine.lanes());
  ASSERT_TRUE(writeInputs(program, {ids({0, 0})}, sram.access()));
  EXPECT_EQ(sram.word(Hemisphere::West, 3, 20)[0], 0x3f);
  EXPECT_EQ(sram.word(Hemisphere::West, 2, 20)[0], 0x80);
}

TEST(Binding, IndexOutsideTheTable) {
  Program program = lookupProgram();
  for (int64_t bad : {3, -4}) {
    Status status = checkInputs(program, {ids({0, bad})});
    ASSERT_FALSE(status);
    EXPECT_EQ(status.error().kind, ErrorKind::Invalid);
    EXPECT_EQ(status.error().message, "input 'ids' at [1]: index " +
                                          std::to_string(bad) +
                                          " is outside table 'words'");
    EXPECT_EQ(status.error().notes,
              std::vector<std::string>{"valid are -3 to 2"});
  }
  program.lookups.clear();
  program.inputs[0].hasIndexRange = true;
  program.inputs[0].indexLow = 0;
  program.inputs[0].indexHigh = 2;
  program.inputs[0].indexTable = "segments";
  EXPECT_TRUE(checkInputs(program, {ids({0, 1})}));
  EXPECT_FALSE(checkInputs(program, {ids({-1, 1})}));
  EXPECT_FALSE(checkInputs(program, {ids({0, 2})}));
}

TEST(Binding, WrongNamesTypesShapes) {
  Program program = lookupProgram();
  auto message = [&](std::vector<NamedTensor> inputs) {
    Status status = checkInputs(program, inputs);
    return status ? std::string() : status.error().message;
  };
  EXPECT_EQ(message({}), "missing input 'ids'");
  NamedTensor other = ids({0, 0});
  other.name = "input_ids";
  EXPECT_EQ(message({other}), "unknown input 'input_ids'");
  EXPECT_EQ(checkInputs(program, {other}).error().notes,
            std::vector<std::string>{"input 'ids': int64[2]"});
  EXPECT_EQ(message({ids({0, 0}), ids({0, 0})}), "input 'ids' is given twice");
  EXPECT_EQ(message({ids({0, 0, 0})}),
            "input 'ids': expected int64[2], found int64[3]");
  EXPECT_EQ(message({{"ids", zeros(TensorType::F32, {2})}}),
            "input 'ids': expected int64[2], found float32[2]");
}

TEST(Binding, ContradictoryTablesAreRefused) {
  Program program = lookupProgram();
  program.lookups[0].data.edit().pop_back();
  EXPECT_FALSE(checkInputs(program, {ids({0, 0})}));
  program = lookupProgram();
  program.lookups[0].rows = int64_t(1) << 62;
  EXPECT_FALSE(checkInputs(program, {ids({0, 0})}));
  program = lookupProgram();
  program.lookups[0].input = "nobody";
  EXPECT_FALSE(checkInputs(program, {ids({0, 0})}));
}

TEST(Binding, ReadsOutputsBack) {
  Program program;
  program.machine = *machinePreset("tsp-mini");
  TensorBinding y;
  y.name = "y";
  y.type = TensorType::F32;
  y.shape = {2, 3};
  Placement place = rowPlacement(DataType::F16, {2, 3}, 0, 5);
  // A word of padding that nothing writes may follow.
  place.layout.words = 3;
  y.copies = {place};
  program.outputs = {y};
  TestSram sram(program.machine.lanes());
  EXPECT_FALSE(readOutputs(program, sram.access())); // Never written.

  std::vector<uint8_t> low(64, 0), high(64, 0);
  high[0] = 0x3c; // [0, 0] = 1
  high[34] = 0xc0;
  low[34] = 0x01; // [1, 2] = 0xc001 = -(2 + 2^-9)
  SramAccess access = sram.access();
  ASSERT_TRUE(access.write(place.planes[0], low));
  ASSERT_TRUE(access.write(place.planes[1], high));
  auto outputs = readOutputs(program, access);
  ASSERT_TRUE(outputs) << outputs.error().message;
  const Tensor &tensor = (*outputs)[0].tensor;
  EXPECT_EQ(tensor.type, TensorType::F32);
  EXPECT_EQ(tensor.number(0), 1);
  EXPECT_EQ(tensor.number(1), 0);
  EXPECT_EQ(tensor.number(5), -2.001953125);
}

TEST(Binding, RandomInputsRespectTables) {
  Program program = lookupProgram();
  program.inputs[0].shape = {1000};
  TensorBinding x;
  x.name = "x";
  x.type = TensorType::F32;
  x.shape = {1000};
  TensorBinding mask = x;
  mask.name = "mask";
  mask.type = TensorType::I64;
  program.inputs.push_back(x);
  program.inputs.push_back(mask);
  auto inputs = randomInputs(program, 42);
  ASSERT_EQ(inputs.size(), 3u);
  int64_t high = 0, ones = 0;
  for (int64_t i = 0; i < 1000; ++i) {
    EXPECT_GE(inputs[0].tensor.integer(i), 0);
    EXPECT_LT(inputs[0].tensor.integer(i), 3);
    high |= inputs[0].tensor.integer(i) == 2;
    EXPECT_GE(inputs[1].tensor.number(i), -1);
    EXPECT_LT(inputs[1].tensor.number(i), 1);
    int64_t bit = inputs[2].tensor.integer(i);
    EXPECT_TRUE(bit == 0 || bit == 1);
    ones += bit;
  }
  EXPECT_TRUE(high);
  EXPECT_GT(ones, 400); // 500 +- 16 (one standard deviation).
  EXPECT_LT(ones, 600);
  auto again = randomInputs(program, 42);
  auto other = randomInputs(program, 43);
  EXPECT_EQ(again[1].tensor, inputs[1].tensor);
  EXPECT_NE(other[1].tensor, inputs[1].tensor);
}
