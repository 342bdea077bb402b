// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Planes: weights used before they are installed or overwritten, results that
// nobody takes, rows, planes against pairs.

#include "Programs.h"

namespace weft::test {
namespace {

using verify::FaultKind;

TEST(MatrixFault, UsedBeforeInstalled) {
  Assembler a = workedExample();
  // iw in 15: seen by abc from 16.
  a[weights(east, 0)].insert(a[weights(east, 0)].end() - 1, nop(1));
  expectFault(a, FaultKind::WeightsNotInstalled, activate(east, 0), 15, 1);
  a[weights(east, 0)].pop_back();
  expectFault(a, FaultKind::WeightsNotInstalled, activate(east, 0), 15, 1);
}

TEST(MatrixFault, NothingLoadedSinceTheLastInstall) {
  Assembler a = workedExample();
  a[weights(east, 0)].push_back(iw(DataType::F16)); // In 15.
  expectFault(a, FaultKind::WeightsNotInstalled, weights(east, 0), 15, 4);
}

TEST(MatrixFault, InstalledTooLateFromTheQueueOfAcc) {
  Assembler a = workedExample();
  Instruction iw = a[weights(east, 0)].back();
  a[weights(east, 0)].pop_back();
  // In 15, seen by abc from 16.
  a[accumulate(east, 0)].front() = nop(31);
  a[accumulate(east, 0)].insert(a[accumulate(east, 0)].begin(), {nop(15), iw});
  expectFault(a, FaultKind::WeightsNotInstalled, activate(east, 0), 15, 1);
  // Of a type that no plane holds.
  a[accumulate(east, 0)][0] = nop(14);
  a[accumulate(east, 0)][2] = nop(32);
  expectCycles(a.program, 65);
  a[accumulate(east, 0)][1].type = DataType::F32;
  expectFault(a, FaultKind::UnknownInstruction, accumulate(east, 0), 14, 1);
}

TEST(MatrixFault, InstalledTwice) {
  Assembler a = workedExample();
  a[accumulate(east, 0)].front() = nop(32);
  a[accumulate(east, 0)].insert(a[accumulate(east, 0)].begin(),
                                {nop(14), a[weights(east, 0)].back()});
  // In one cycle the lower queue goes first.
  expectFault(a, FaultKind::WeightsNotInstalled, accumulate(east, 0), 14, 1);
}

TEST(MatrixFault, OverwrittenBeforeInstalled) {
  Assembler a = workedExample();
  a[weights(east, 0)][2] = repeat(7, 1, 0); // Block 0 again in 7.
  expectFault(a, FaultKind::WeightsOverwritten, weights(east, 0), 7, 1);
}

TEST(MatrixFault, LoadingSomeColumnsIsAllowed) {
  Assembler a = workedExample();
  a[weights(east, 0)] = {nop(6), a[weights(east, 0)][1], repeat(6, 1, 1),
                         iw(DataType::F16)};
  expectCycles(a.program, 65);
}

TEST(MatrixFault, BlockOutOfRange) {
  Assembler a = workedExample();
  a[weights(east, 0)][1].address = 1; // Blocks 1-8 of 8.
  expectFault(a, FaultKind::OutOfRange, weights(east, 0), 13, 1);
  // Unpacked, two columns at a time, there are 16.
  a[weights(east, 0)][1].packed = false;
  expectCycles(a.program, 65);
}

TEST(MatrixFault, PairAgainstPlane) {
  // Installed for one plane, loaded for a pair.
  Assembler a = workedExample();
  a[weights(east, 0)][3] = iw(DataType::I8);
  expectFault(a, FaultKind::WeightsNotInstalled, weights(east, 0), 14, 3);
  // The other way round.
  Assembler b = workedExample();
  b[weights(east, 0)][1].opcode = Opcode::LoadWeights;
  expectFault(b, FaultKind::WeightsNotInstalled, weights(east, 0), 14, 3);
  // A pair is told by its even plane.
  Assembler c = workedExample();
  std::swap(c[weights(east, 0)], c[weights(east, 1)]);
  expectFault(c, FaultKind::UnknownInstruction, weights(east, 1), 6, 1);
  // Its iw may stand in the queue of either.
  Assembler f = workedExample();
  Instruction iw = f[weights(east, 0)].back();
  f[weights(east, 0)].pop_back();
  f[weights(east, 1)] = {nop(14), iw};
  expectCycles(f.program, 65);
  // Or in those of abc and acc.
  f[weights(east, 1)].clear();
  f[accumulate(east, 1)] = {nop(14), iw};
  expectCycles(f.program, 65);
  f[accumulate(east, 1)].clear();
  f[activate(east, 0)].front() = nop(14);
  f[activate(east, 0)].insert(f[activate(east, 0)].begin() + 1, iw);
  expectCycles(f.program, 65);
  // int8 activations on weights of a pair.
  Assembler d = workedExample();
  d[activate(east, 0)][1].type = DataType::I8;
  expectFault(d, FaultKind::WeightsNotInstalled, activate(east, 0), 15, 1);
  // The result of a pair taken as a plane's.
  Assembler e = workedExample();
  e[accumulate(east, 0)][1].type = DataType::I8;
  expectFault(e, FaultKind::AccumulatorMisuse, accumulate(east, 0), 47, 1);
}

TEST(MatrixFault, AccumulateWithoutResult) {
  Assembler a = workedExample();
  a[accumulate(east, 0)][0] = nop(46);
  expectFault(a, FaultKind::AccumulatorMisuse, accumulate(east, 0), 46, 1);
}

TEST(MatrixFault, ResultThatNobodyTakes) {
  Assembler a = workedExample();
  a[accumulate(east, 0)][2] = repeat(2);
  // The fourth abc, of cycle 18, is due in 50.
  expectFault(a, FaultKind::AccumulatorMisuse, activate(east, 0), 50, 1);
  // Taking a row out does not take the result.
  Assembler b = workedExample();
  b[accumulate(east, 0)] = {nop(47), b.acc(AccumulateMode::Store, 0, -1),
                            repeat(2, 1, 1),
                            b.acc(AccumulateMode::Emit, 0, westward)};
  expectFault(b, FaultKind::AccumulatorMisuse, activate(east, 0), 50, 1);
}

TEST(MatrixFault, AnotherPlanesFaultHidesNoResultThatNobodyTakes) {
  Assembler a = workedExample();
  a[accumulate(east, 0)][0] = nop(48);
  a[accumulate(east, 0)][2] = repeat(2);
  a[accumulate(east, 1)] = {nop(47), a.acc(AccumulateMode::Store, 0, -1)};
  a[accumulate(east, 1)][1].type = DataType::I8;
  // In 47 the odd plane has no result, and the pair's is left; the queue of
  // abc is the lower.
  expectFault(a, FaultKind::AccumulatorMisuse, activate(east, 0), 47, 1);
}

/// The worked example's four results summed in row 5 and sent out in 50.
Assembler sumInRow5() {
  Assembler a = workedExample();
  a[accumulate(east, 0)] = {nop(47), a.acc(AccumulateMode::Store, 5, -1),
                            a.acc(AccumulateMode::Add, 5, -1), repeat(1),
                            a.acc(AccumulateMode::AddEmit, 5, westward)};
  // One vector comes back: at x = 0 in 56, out in 63, written in 64.
  a[alu(0)] = {nop(56), a[alu(0)][1]};
  for (int slice : {0, 1})
    a[memWrite(east, slice)] = {nop(64), a.write(bank1, slice, alu(0))};
  a.program.outputs.clear();
  return a;
}

TEST(MatrixFault, Rows) {
  expectCycles(sumInRow5().program, 65);
  // Added before it was stored.
  Assembler a = sumInRow5();
  a[accumulate(east, 0)][2].address = 6;
  expectFault(a, FaultKind::AccumulatorMisuse, accumulate(east, 0), 48, 2);
  // Sent out before it was stored.
  Assembler b = sumInRow5();
  b[accumulate(east, 0)].push_back(
      b.acc(AccumulateMode::Emit, 9, westward + 8));
  expectFault(b, FaultKind::AccumulatorMisuse, accumulate(east, 0), 51, 5);
  b[accumulate(east, 0)].back().address = 5;
  expectCycles(b.program, 65);
  // A pair's row taken as its odd plane's.
  b[accumulate(east, 1)] = {nop(52),
                            b.acc(AccumulateMode::Emit, 5, westward + 8)};
  b[accumulate(east, 1)][1].type = DataType::I8;
  expectFault(b, FaultKind::AccumulatorMisuse, accumulate(east, 1), 52, 1);
}

TEST(MatrixFault, RowOutOfRange) {
  Assembler a = sumInRow5();
  a[accumulate(east, 0)][1].address = 64;
  expectFault(a, FaultKind::OutOfRange, accumulate(east, 0), 47, 1);
}

TEST(MatrixFault, StoreNamesNoStream) {
  Assembler a = sumInRow5();
  a[accumulate(east, 0)][1].result = westward;
  expectFault(a, FaultKind::UnknownInstruction, accumulate(east, 0), 47, 1);
}

TEST(MatrixFault, NoSuchType) {
  Assembler a = workedExample();
  a[activate(east, 0)][1].type = DataType::F32;
  expectFault(a, FaultKind::UnknownInstruction, activate(east, 0), 15, 1);
}

} // namespace
} // namespace weft::test
