// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Follows one queue: when its next instruction issues and with which address,
// nops waited and repeats expanded. Judges the form of repeats only.

#ifndef WEFT_LIB_VERIFY_QUEUECURSOR_H
#define WEFT_LIB_VERIFY_QUEUECURSOR_H

#include "weft/Verify/Footprint.h"

namespace weft::verify {

/// No program goes past this cycle.
constexpr int64_t lastCycle = int64_t(1) << 31;

class QueueCursor {
public:
  /// A repeat must not issue in `end` or later.
  QueueCursor(const std::vector<Instruction> &text, int64_t end)
      : text(&text), end(end) {
    advance();
  }

  /// Cycle of the next issue, or the largest number when there is none.
  int64_t next() const { return cycle; }
  const Instruction &instruction() const { return (*text)[index]; }
  /// Index of the instruction, of a repeat that of what it repeats; a repeat
  /// that cannot be followed is told by its own.
  int32_t instructionIndex() const { return int32_t(index); }
  /// Address, row or block, strides of a repeat applied.
  int32_t address() const { return int32_t(where); }
  /// Why the text cannot be followed at next().
  const std::optional<Refusal> &broken() const { return refusal; }
  /// To the next issue.
  void advance();

private:
  void stop(FaultKind kind, std::string message, int64_t at) {
    refusal = Refusal{kind, std::move(message)};
    cycle = at;
  }

  const std::vector<Instruction> *text;
  int64_t end;
  size_t pc = 0;      ///< Next instruction to look at.
  size_t index = 0;   ///< Current instruction.
  int64_t cycle = -1; ///< Of the current issue.
  int64_t remaining = 0, distance = 0;
  int64_t where = 0, stride = 0;
  std::optional<Refusal> refusal;
};

} // namespace weft::verify

#endif // WEFT_LIB_VERIFY_QUEUECURSOR_H
