// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The matrix unit of tsp-mini's east side, at hop 6: loading, installing,
// activating, accumulating, and their faults.

#include "Programs.h"

#include <bit>

using namespace weft;
using namespace weft::test;

namespace {

uint16_t half(float value) { return std::bit_cast<uint16_t>(_Float16(value)); }

struct Matrix : ::testing::Test {
  Builder b;
  Queue weights(int plane = 0) { return unit(Unit::MxmWeights, east, plane); }
  Queue abcQueue(int plane = 0) { return unit(Unit::MxmActivate, east, plane); }
  Queue accQueue(int plane = 0) {
    return unit(Unit::MxmAccumulate, east, plane);
  }

  /// lw of `count` blocks in cycle, cycle + 1, ... from word `address` of MEM
  /// 0-3 on streams 0-3. MEM 0 and 1 are five hops away, MEM 2 and 3 four; a
  /// read is on its stream a cycle later.
  void load(int64_t cycle, int address, int count, Instruction inst,
            int plane = 0) {
    for (int j = 0; j < 4; ++j) {
      Queue source = memRead(east, j);
      b.at(cycle - 6 + j / 2, source, read(address, j));
      if (count > 1)
        b.repeat(source, count - 1, 1, 1);
      inst.producers[size_t(j)] = uint8_t(b.number(source));
    }
    b.at(cycle, weights(plane), inst);
    if (count > 1)
      b.repeat(weights(plane), count - 1, 1, 1);
  }
  static Instruction lw(int block = 0) {
    Instruction inst;
    inst.opcode = Opcode::LoadWeights;
    inst.address = uint16_t(block);
    return inst;
  }
  static Instruction lwPair(bool packed, bool upper = false, int block = 0) {
    Instruction inst;
    inst.opcode = Opcode::LoadWeightsPair;
    inst.packed = packed;
    inst.upper = upper;
    inst.address = uint16_t(block);
    return inst;
  }
  void install(int64_t cycle, DataType type, int plane = 0) {
    installFrom(weights(plane), cycle, type);
  }
  void installFrom(Queue queue, int64_t cycle, DataType type) {
    Instruction inst;
    inst.opcode = Opcode::InstallWeights;
    inst.type = type;
    b.at(cycle, queue, inst);
  }
  /// abc of word `address` of MEM 4 (and 5), three hops away.
  void activate(int64_t cycle, DataType type, int address, bool upper = false,
                int plane = 0) {
    Instruction inst;
    inst.opcode = Opcode::Activate;
    inst.type = type;
    inst.upper = upper;
    inst.operands[0] = stream(4);
    for (int j = 0; j < (type == DataType::F16 ? 2 : 1); ++j) {
      b.at(cycle - 4, memRead(east, 4 + j), read(address, 4 + j));
      inst.producers[size_t(j)] = uint8_t(b.number(memRead(east, 4 + j)));
    }
    b.at(cycle, abcQueue(plane), inst);
  }
  void accumulate(int64_t cycle, DataType type, AccumulateMode mode,
                  int row = 0, int plane = 0) {
    Instruction inst;
    inst.opcode = Opcode::Accumulate;
    inst.type = type;
    inst.accumulate = mode;
    inst.address = uint16_t(row);
    inst.result =
        mode == AccumulateMode::Store || mode == AccumulateMode::Add ? -1 : 32;
    b.at(cycle, accQueue(plane), inst);
  }
  /// Writes what acc emitted in `cycle` to word `address` of MEM 0-3: five
  /// hops to MEM 0 and 1, four to MEM 2 and 3.
  void keep(int64_t cycle, int address, int plane = 0) {
    for (int j = 0; j < 4; ++j)
      b.at(cycle + 5 - j / 2, memWrite(east, j),
           write(address, 32 + j, b.number(accQueue(plane))));
  }
  uint32_t result(int address, int n) {
    uint32_t bits = 0;
    for (int j = 0; j < 4; ++j)
      bits |= uint32_t(b.word(east, j, address)[size_t(n)]) << (8 * j);
    return bits;
  }
  /// int8 weights of column 4 i + j in word `address` + i of MEM j.
  template <typename F>
  void bytes(int address, int count, F at) {
    for (int j = 0; j < 4; ++j)
      for (int i = 0; i < count; ++i)
        b.image(east, j, address + i,
                lanes([&](int k) { return at(k, 4 * i + j); }));
  }
  /// int8 weights of 1 in word 0 and of 2 in word 1, all in lane 0, and rows of
  /// threes: a column gives 3 and 6.
  void weightsOfOneAndTwo() {
    bytes(0, 1, [](int k, int) { return k == 0 ? 1 : 0; });
    bytes(1, 1, [](int k, int) { return k == 0 ? 2 : 0; });
    b.image(east, 4, 0, splat(3));
  }
};

TEST_F(Matrix, Int8SumsAreExact) {
  auto w = [](int k, int n) {
    return k == 3 ? -128 : (k * 7 + n * 5) % 255 - 127;
  };
  auto a = [](int k) { return k == 3 ? -128 : k * 8 - 127; };
  bytes(0, 8, w);
  b.image(east, 4, 0, lanes(a));
  load(6, 0, 8, lw());
  install(14, DataType::I8);
  activate(15, DataType::I8, 0);
  accumulate(47, DataType::I8, AccumulateMode::Pass);
  keep(47, 64);
  b.expectCycles(53); // MEM 0 and 1 write in 52.
  for (int n = 0; n < 32; ++n) {
    int sum = 0;
    for (int k = 0; k < 32; ++k)
      sum += a(k) * w(k, n);
    EXPECT_EQ(int32_t(result(64, n)), sum) << n;
  }
}

TEST_F(Matrix, TheOtherPlaneHasItsOwnWeights) {
  bytes(0, 1, [](int k, int n) { return k == 0 ? n + 1 : 0; });
  bytes(1, 1, [](int k, int n) { return k == 1 ? n + 10 : 0; });
  b.image(east, 4, 0, lanes([](int k) { return k < 2 ? 2 : 0; }));
  load(6, 0, 1, lw());
  load(7, 1, 1, lw(), 1);
  install(8, DataType::I8);
  install(8, DataType::I8, 1);
  activate(9, DataType::I8, 0);
  Instruction abc = b.program.chips[0].queues[b.number(abcQueue())].back();
  b.at(9, abcQueue(1), abc); // Both see the one stream.
  accumulate(41, DataType::I8, AccumulateMode::Store, 5);
  accumulate(41, DataType::I8, AccumulateMode::Pass, 0, 1);
  keep(41, 64, 1);
  accumulate(50, DataType::I8, AccumulateMode::Emit, 5);
  keep(50, 65);
  b.expectCycles(56);
  for (int n = 0; n < 4; ++n) {
    EXPECT_EQ(result(64, n), uint32_t(2 * (n + 10)));
    EXPECT_EQ(result(65, n), uint32_t(2 * (n + 1)));
  }
  EXPECT_EQ(result(64, 4), 0u); // Columns never loaded are zero.
}

TEST_F(Matrix, UnpackedPairsTakeEitherHalfOfTheLanes) {
  // Streams 0, 1 are the low and high bytes of column 2 b, streams 2, 3 of
  // column 2 b + 1. Upper lanes hold k + 1, lower lanes 100.
  for (int j = 0; j < 4; ++j)
    b.image(east, j, 0, lanes([&](int lane) {
              uint16_t bits = half(lane < 16 ? 100 : (lane - 15) * (1 + j / 2));
              return j % 2 ? bits >> 8 : bits & 0xFF;
            }));
  for (int j = 0; j < 2; ++j)
    b.image(east, 4 + j, 0, lanes([&](int lane) {
              uint16_t bits = half(lane < 16 ? 1 : 7);
              return j ? bits >> 8 : bits & 0xFF;
            }));
  load(6, 0, 1, lwPair(false, true, 3)); // Block 3: columns 6 and 7.
  install(7, DataType::F16);
  activate(8, DataType::F16, 0);       // Ones.
  activate(9, DataType::F16, 0, true); // Sevens.
  accumulate(40, DataType::F16, AccumulateMode::Store, 2);
  accumulate(41, DataType::F16, AccumulateMode::AddEmit, 2);
  keep(41, 64);
  b.expectCycles(47);
  // 1 + ... + 16 = 136; times 1 + 7, and twice that.
  EXPECT_EQ(std::bit_cast<float>(result(64, 6)), 8 * 136.0f);
  EXPECT_EQ(std::bit_cast<float>(result(64, 7)), 16 * 136.0f);
  EXPECT_EQ(result(64, 5), 0u);
}

TEST_F(Matrix, Fp16ProductsAddInAscendingKInFp32) {
  // Column 0: 4096 * 4096 = 2^24, then 1 * 1 fifteen times: each is lost, since
  // the ulp of 2^24 is 2 and halves go to even. Column 1: the ones first, 15,
  // then 2^24: 16777231 rounds to even, 16777232.
  for (int j = 0; j < 4; ++j)
    b.image(east, j, 0, lanes([&](int lane) {
              int k = lane % 16;
              uint16_t bits = half(j == 0   ? (k == 0 ? 4096 : 1)
                                   : j == 1 ? (k == 15 ? 4096 : 1)
                                            : 0);
              return lane < 16 ? bits & 0xFF : bits >> 8;
            }));
  for (int m = 0; m < 2; ++m)
    for (int j = 0; j < 2; ++j)
      b.image(east, 4 + j, m, lanes([&](int lane) {
                uint16_t bits = half(lane == (m ? 15 : 0) ? 4096 : 1);
                return j ? bits >> 8 : bits & 0xFF;
              }));
  load(6, 0, 1, lwPair(true));
  install(7, DataType::F16);
  activate(8, DataType::F16, 0);
  activate(9, DataType::F16, 1);
  accumulate(40, DataType::F16, AccumulateMode::Pass);
  accumulate(41, DataType::F16, AccumulateMode::Pass);
  keep(40, 64);
  keep(41, 65);
  b.expectCycles(47);
  EXPECT_EQ(std::bit_cast<float>(result(64, 0)), 16777216.0f);
  EXPECT_EQ(std::bit_cast<float>(result(65, 1)), 16777232.0f);
}

TEST_F(Matrix, AnActivationInTheCycleOfAnInstallSeesTheOldWeights) {
  weightsOfOneAndTwo();
  load(6, 0, 1, lw());
  install(7, DataType::I8);
  load(8, 1, 1, lw()); // The same block of the new shadow.
  install(9, DataType::I8);
  activate(9, DataType::I8, 0);
  activate(10, DataType::I8, 0);
  accumulate(41, DataType::I8, AccumulateMode::StoreEmit, 1);
  accumulate(42, DataType::I8, AccumulateMode::StoreEmit, 1);
  keep(41, 64);
  keep(42, 65);
  b.expectCycles(48);
  EXPECT_EQ(result(64, 0), 3u);
  EXPECT_EQ(result(65, 0), 6u);
}

TEST_F(Matrix, WeightsMustBeInstalledAndOfTheType) {
  b.image(east, 4, 0, splat(1));
  b.image(east, 5, 0, splat(1));
  activate(9, DataType::I8, 0);
  b.expectFault(FaultKind::WeightsNotInstalled, 9, abcQueue(), 1);

  bytes(0, 1, [](int, int) { return 1; });
  load(6, 0, 1, lw());
  b.expectFault(FaultKind::WeightsNotInstalled, 9, abcQueue(), 1);
  install(8, DataType::F16); // What was loaded is int8.
  b.expectFault(FaultKind::WeightsNotInstalled, 8, weights(), 3);
}

TEST_F(Matrix, AnEmptyShadowIsNotInstalled) {
  install(0, DataType::I8);
  b.expectFault(FaultKind::WeightsNotInstalled, 0, weights(), 0);
}

TEST_F(Matrix, WaitingWeightsAreNotOverwritten) {
  bytes(0, 2, [](int, int) { return 1; });
  load(6, 0, 1, lw(2));
  load(7, 1, 1, lw(2));
  b.expectFault(FaultKind::WeightsOverwritten, 7, weights(), 2);
}

TEST_F(Matrix, AnLwBesideAnInstallGoesToTheNewShadow) {
  bytes(0, 2, [](int, int) { return 1; });
  load(6, 0, 1, lw(), 1);
  install(7, DataType::I8, 1);
  load(7, 1, 1, lwPair(true)); // Both planes, from the queue of plane 0.
  b.expectCycles(8);
}

TEST_F(Matrix, APairIsInstalledFromTheQueueOfEitherPlane) {
  // Weights of 1, then of 2, loaded in consecutive cycles; iw beside the second
  // lw. Column 0 of sixteen ones gives 16 and 32.
  for (int word = 0; word < 2; ++word)
    for (int j = 0; j < 4; ++j)
      b.image(east, j, word, lanes([&](int lane) {
                uint16_t bits = half(float(word + 1));
                return lane < 16 ? bits & 0xFF : bits >> 8;
              }));
  for (int j = 0; j < 2; ++j)
    b.image(east, 4 + j, 0,
            lanes([&](int) { return j ? half(1) >> 8 : half(1) & 0xFF; }));
  load(6, 0, 1, lwPair(true));
  install(7, DataType::F16, 1);
  load(7, 1, 1, lwPair(true));
  install(8, DataType::F16, 1);
  activate(8, DataType::F16, 0);
  activate(9, DataType::F16, 0);
  accumulate(40, DataType::F16, AccumulateMode::Pass);
  accumulate(41, DataType::F16, AccumulateMode::Pass);
  keep(40, 64);
  keep(41, 65);
  b.expectCycles(47);
  EXPECT_EQ(std::bit_cast<float>(result(64, 0)), 16.0f);
  EXPECT_EQ(std::bit_cast<float>(result(65, 0)), 32.0f);
}

TEST_F(Matrix, AnInstallStandsInAnyQueueOfThePlane) {
  // Weights of 1, then of 2, loaded in consecutive cycles, each installed from
  // a queue that does not load.
  weightsOfOneAndTwo();
  load(6, 0, 1, lw());
  installFrom(abcQueue(), 7, DataType::I8);
  load(7, 1, 1, lw()); // The same block of the new shadow.
  // Beside the abc that still sees the old weights.
  activate(8, DataType::I8, 0);
  installFrom(accQueue(), 8, DataType::I8);
  activate(9, DataType::I8, 0);
  accumulate(40, DataType::I8, AccumulateMode::StoreEmit, 1);
  accumulate(41, DataType::I8, AccumulateMode::StoreEmit, 1);
  keep(40, 64);
  keep(41, 65);
  b.expectCycles(47);
  EXPECT_EQ(result(64, 0), 3u);
  EXPECT_EQ(result(65, 0), 6u);
}

TEST_F(Matrix, APairIsInstalledFromAnyQueueOfItsPlanes) {
  for (Queue queue : {abcQueue(), abcQueue(1), accQueue(), accQueue(1)}) {
    b = Builder();
    bytes(0, 1, [](int, int) { return 0; });
    b.image(east, 4, 0, splat(0));
    b.image(east, 5, 0, splat(0));
    load(6, 0, 1, lwPair(true));
    installFrom(queue, 7, DataType::F16);
    activate(8, DataType::F16, 0);
    accumulate(40, DataType::F16, AccumulateMode::Store);
    b.expectCycles(41);
  }
}

TEST_F(Matrix, WhatAQueueInstalledNoOtherDoes) {
  bytes(0, 1, [](int, int) { return 1; });
  load(6, 0, 1, lw());
  installFrom(abcQueue(), 7, DataType::I8);
  b.expectCycles(8);
  // In one cycle the lower queue goes first, and empties the shadow.
  installFrom(accQueue(), 7, DataType::I8);
  b.expectFault(FaultKind::WeightsNotInstalled, 7, accQueue(), 1);
}

TEST_F(Matrix, AnInstallInAQueueOfTheOtherPlaneIsItsOwn) {
  bytes(0, 1, [](int, int) { return 1; });
  load(6, 0, 1, lw());
  installFrom(accQueue(1), 7, DataType::I8);
  b.expectFault(FaultKind::WeightsNotInstalled, 7, accQueue(1), 1);
}

TEST_F(Matrix, BlocksMustExist) {
  bytes(0, 2, [](int, int) { return 1; });
  load(6, 0, 2, lw(7)); // The repeat reaches block 8 of 8.
  b.expectFault(FaultKind::OutOfRange, 7, weights(), 1);
}

struct MatrixSums : Matrix {
  void SetUp() override {
    bytes(0, 1, [](int, int) { return 1; });
    b.image(east, 4, 0, splat(1));
    load(6, 0, 1, lw());
    install(7, DataType::I8);
    activate(8, DataType::I8, 0);
  }
};

TEST_F(MatrixSums, AResultMustBeTaken) {
  b.expectFault(FaultKind::AccumulatorMisuse, 40, abcQueue(), 1);
}

TEST_F(MatrixSums, AResultIsTakenInItsCycleOnly) {
  accumulate(39, DataType::I8, AccumulateMode::Store, 0);
  b.expectFault(FaultKind::AccumulatorMisuse, 39, accQueue(), 1);
}

TEST_F(MatrixSums, AResultIsOfItsPlane) {
  accumulate(40, DataType::I8, AccumulateMode::Store, 0, 1);
  // Both the acc and the abc are at fault; the abc's queue is the lower.
  b.expectFault(FaultKind::AccumulatorMisuse, 40, abcQueue(), 1);
}

TEST_F(MatrixSums, ARowMustHoldASum) {
  accumulate(40, DataType::I8, AccumulateMode::Add, 9);
  b.expectFault(FaultKind::AccumulatorMisuse, 40, accQueue(), 1);
}

TEST_F(MatrixSums, RowsMustExist) {
  accumulate(40, DataType::I8, AccumulateMode::Store, 64);
  b.expectFault(FaultKind::OutOfRange, 40, accQueue(), 1);
}

TEST_F(Matrix, APairIsToldByItsEvenPlane) {
  accumulate(0, DataType::F16, AccumulateMode::Store, 0, 1);
  b.expectFault(FaultKind::NoSuchInstruction, 0, accQueue(1), 0);
}

TEST_F(Matrix, AccNamesAStreamExactlyWhenItEmits) {
  Instruction acc;
  acc.opcode = Opcode::Accumulate;
  acc.accumulate = AccumulateMode::Emit;
  b.at(0, accQueue(), acc); // result is -1.
  b.expectFault(FaultKind::NoSuchInstruction, 0, accQueue(), 0);
}

} // namespace
