// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The worked example of docs/machine.md, instruction by instruction.

#ifndef WEFT_TEST_UNIT_SIM_WORKEDEXAMPLE_H
#define WEFT_TEST_UNIT_SIM_WORKEDEXAMPLE_H

#include "Programs.h"

#include <bit>

namespace weft::test {

inline uint16_t half(float value) {
  return std::bit_cast<uint16_t>(_Float16(value));
}
inline float xAt(int m, int k) { return float(m * 2 + k - 9); }
inline float wAt(int k, int n) { return float((k * 5 + n * 3) % 11 - 5) / 4; }

inline Builder workedExample() {
  Builder b;
  // w packed: column n = 4 i + j in word i of MEM j, low bytes in lanes 0-15.
  for (int j = 0; j < 4; ++j) {
    Bytes data;
    for (int i = 0; i < 8; ++i) {
      Bytes column = lanes([&](int lane) {
        uint16_t bits = half(wAt(lane % 16, 4 * i + j));
        return lane < 16 ? bits & 0xFF : bits >> 8;
      });
      data.insert(data.end(), column.begin(), column.end());
    }
    b.image(east, j, 0, data);
  }
  // x as byte planes: row m in word m of MEM 4 and 5, low half of the lanes.
  for (int plane = 0; plane < 2; ++plane) {
    Bytes data;
    for (int m = 0; m < 4; ++m) {
      Bytes row = lanes([&](int lane) {
        return lane < 16 ? half(xAt(m, lane)) >> (8 * plane) : 0xAA;
      });
      data.insert(data.end(), row.begin(), row.end());
    }
    b.image(east, 4 + plane, 0, data);
  }

  for (int j = 0; j < 4; ++j)
    b.at(j / 2, memRead(east, j), read(0, j)).repeat(memRead(east, j), 7, 1, 1);
  Queue weights = unit(Unit::MxmWeights, east);
  Instruction lw;
  lw.opcode = Opcode::LoadWeightsPair;
  lw.packed = true;
  for (int j = 0; j < 4; ++j)
    lw.producers[size_t(j)] = uint8_t(b.number(memRead(east, j)));
  b.at(6, weights, lw).repeat(weights, 7, 1, 1);
  Instruction iw;
  iw.opcode = Opcode::InstallWeights;
  iw.type = DataType::F16;
  b.at(14, weights, iw);

  for (int j = 4; j < 6; ++j)
    b.at(11, memRead(east, j), read(0, j)).repeat(memRead(east, j), 3, 1, 1);
  Instruction abc;
  abc.opcode = Opcode::Activate;
  abc.type = DataType::F16;
  abc.operands[0] = stream(4);
  for (int j = 0; j < 2; ++j)
    abc.producers[size_t(j)] = uint8_t(b.number(memRead(east, 4 + j)));
  Queue activate = unit(Unit::MxmActivate, east);
  b.at(15, activate, abc).repeat(activate, 3);

  Instruction acc;
  acc.opcode = Opcode::Accumulate;
  acc.type = DataType::F16;
  acc.accumulate = AccumulateMode::Pass;
  acc.result = 32;
  Queue accumulate = unit(Unit::MxmAccumulate, east);
  b.at(47, accumulate, acc).repeat(accumulate, 3);

  int y = b.number(accumulate);
  b.at(53, alu(0),
       op(Opcode::Convert, DataType::F32, DataType::F16, {stream(32)}, 0,
          {{y, y, y, y}}))
      .repeat(alu(0), 3);
  for (int j = 0; j < 2; ++j)
    b.at(61, memWrite(east, j), write(64, j, b.number(alu(0))))
        .repeat(memWrite(east, j), 3, 1, 1);
  return b;
}

} // namespace weft::test

#endif // WEFT_TEST_UNIT_SIM_WORKEDEXAMPLE_H
