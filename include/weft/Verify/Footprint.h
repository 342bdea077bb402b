// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What one instruction touches in the cycle it issues and after: the streams
// it reads and from whom, the streams it drives and when, the ALUs it is
// chained to. Decides whether the instruction exists and is well formed; what
// depends on time or on a repeat's address is judged elsewhere.

#ifndef WEFT_VERIFY_FOOTPRINT_H
#define WEFT_VERIFY_FOOTPRINT_H

#include "weft/Verify/Verifier.h"

namespace weft::verify {

struct StreamRead {
  Stream stream = 0;
  uint8_t producer = 0; ///< Queue number.
};

struct Footprint {
  std::array<StreamRead, 16> reads;
  uint8_t readCount = 0;
  uint8_t driveCount = 0; ///< Consecutive streams driven; 0: none.
  Stream driveFirst = 0;
  int32_t driveDelay = 0;           ///< Cycles from issue to the drive.
  std::array<uint8_t, 3> chained{}; ///< ALUs whose results are operands.
  uint8_t chainedCount = 0;
};

/// Why an instruction is refused.
struct Refusal {
  FaultKind kind;
  std::string message;
};

/// Fills `footprint` for `instruction` in `queue`; nop and repeat are not
/// instructions of a unit and are refused.
std::optional<Refusal> takeFootprint(const Machine &machine, Queue queue,
                                     const Instruction &instruction,
                                     Footprint &footprint);

} // namespace weft::verify

#endif // WEFT_VERIFY_FOOTPRINT_H
