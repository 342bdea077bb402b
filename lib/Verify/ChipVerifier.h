// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Steps one chip through its program, cycle by cycle, over its queues,
// streams, memory, ALUs and planes. What crosses to other chips is only
// recorded; Verifier.cpp matches it.

#ifndef WEFT_LIB_VERIFY_CHIPVERIFIER_H
#define WEFT_LIB_VERIFY_CHIPVERIFIER_H

#include "Matrix.h"
#include "Memory.h"
#include "QueueCursor.h"
#include "Streams.h"

#include <set>

namespace weft::verify {

/// A vector that was sent or received on a link.
struct Transfer {
  Issuer issuer;
  int64_t cycle = 0;
};

class ChipVerifier {
public:
  /// `memory` holds what is there at cycle 0; `connected` the numbers of the
  /// link queues that have a cable; repeats that issue at `repeatLimit` or
  /// later are refused.
  ChipVerifier(const Machine &machine, const ChipProgram &program,
               Memory memory, std::set<int> connected, int64_t repeatLimit);

  /// To the end or to the end of the first cycle with a fault.
  void run();

  std::optional<Fault> takeFault() { return log.take(); }
  /// One more than the last cycle that anything issued or was driven.
  int64_t cycles() const { return end; }
  int64_t issues() const { return issueCount; }
  const Memory &memoryAtEnd() const { return memory; }
  const std::vector<Transfer> &sends() const { return sent; }
  const std::vector<Transfer> &receives() const { return received; }

private:
  struct ActiveQueue {
    ActiveQueue(int number, Queue queue, const std::vector<Instruction> &text,
                int64_t end)
        : number(number), queue(queue), cursor(text, end) {}
    Issuer issuer() const { return {number, cursor.instructionIndex()}; }
    int number;
    Queue queue;
    QueueCursor cursor;
    int32_t prepared = -1; ///< Instruction whose footprint is below.
    Footprint footprint;
    bool wellFormed = true; ///< Issues in the current cycle.
  };
  /// What lands in a later cycle: a drive of streams, or written words.
  struct Landing {
    Issuer issuer;
    uint8_t firstStream = 0;
    uint8_t streamCount = 0; ///< 0: words.
    Queue queue;
    int32_t address = 0, length = 0;
  };
  /// Results of one ALU that other ALUs can take, by cycle in a ring.
  struct Ready {
    int64_t cycle = -1;
    int count = 0;
    int width = 0; ///< Bytes a lane.
  };

  void land(int64_t t);
  /// Whether the next instruction can issue.
  bool prepare(ActiveQueue &q, int64_t t);
  void issue(ActiveQueue &q, int64_t t);
  void issueAlu(ActiveQueue &q, int64_t t);
  void issueLink(ActiveQueue &q, int64_t t);
  void issueWeights(int64_t t);
  void scheduleDrive(const ActiveQueue &q, int64_t t);
  void step(int64_t t);
  void later(int64_t at, Landing landing);

  const Machine &machine;
  std::set<int> connected;
  FaultLog log;
  Streams streams;
  Memory memory;
  Matrix matrix;

  std::vector<ActiveQueue> queues;             ///< Ascending numbers.
  std::vector<int64_t> nextIssue;              ///< Of each of them.
  std::vector<ActiveQueue *> issuing, weights; ///< Of the current cycle.
  std::vector<std::vector<Landing>> wheel;     ///< By cycle, in a ring.
  std::vector<std::vector<Ready>> ready;       ///< By ALU.
  std::vector<Transfer> sent, received;
  std::map<int, int64_t> lastSend; ///< By link queue.
  int64_t lastPending = -1; ///< Last cycle in which something lands or is due.
  int64_t end = 0, issueCount = 0;
};

} // namespace weft::verify

#endif // WEFT_LIB_VERIFY_CHIPVERIFIER_H
