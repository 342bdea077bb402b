// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Links: unconnected, sent too soon, not received, received without a send.

#include "Programs.h"

namespace weft::test {
namespace {

using verify::FaultKind;

constexpr Queue link{Unit::Link, east, 3};

const VerifyOptions cable{
    .cables = {{verify::LinkEnd{0, east, 3}, verify::LinkEnd{1, east, 3}}}};

/// Chip 0 sends two vectors in 5 and 5 + `interval`; chip 1 receives them 217
/// cycles later and writes the second into MEM 7, one hop inward.
Assembler twoVectors(int interval) {
  Assembler a(2);
  a.image(east, 0, 0, 1);
  // East MEM 0 at x = 1 drives in 1: at the SXM, x = 5, in 5.
  a[memRead(east, 0)] = {read(0, 0), repeat(1, interval)};
  Instruction send, receive;
  send.opcode = Opcode::Send;
  a.take(send, 0, 0, 1, memRead(east, 0));
  receive.opcode = Opcode::Receive;
  receive.stream = westward;
  a[link] = {nop(5), send, repeat(1, interval)};
  a.text(1, link) = {nop(5 + 217), receive, repeat(1, interval)};
  a.text(1, memWrite(east, 7)) = {nop(5 + 217 + interval + 1),
                                  a.write(0, westward, link)};
  return a;
}

TEST(LinkFault, OneVectorIn21Cycles) {
  // 5 + 21 + 217 + 1 = 244: the write; one more.
  expectCycles(twoVectors(21).program, 245, cable);
  expectFault(twoVectors(20), FaultKind::LinkTooSoon, link, 25, 1, cable);
}

TEST(LinkFault, NotReceived) {
  Assembler a = twoVectors(21);
  a.text(1, link).pop_back();
  a.text(1, memWrite(east, 7)).clear();
  expectFault(a, FaultKind::LinkNotReceived, link, 26 + 217, 1, cable);
}

TEST(LinkFault, ReceivedWithoutASend) {
  Assembler a = twoVectors(21);
  a[link].pop_back();
  expectFault(a, FaultKind::LinkNotSent, link, 26 + 217, 1, cable, 1);
}

TEST(LinkFault, Unconnected) {
  expectFault(twoVectors(21), FaultKind::LinkNotReceived, link, 5, 1);
  Assembler a = twoVectors(21);
  a[link].clear();
  expectFault(a, FaultKind::LinkNotSent, link, 222, 1, {}, 1);
}

} // namespace
} // namespace weft::test
