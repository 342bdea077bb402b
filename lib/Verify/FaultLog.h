// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Collects the faults of one chip. Only the first counts: that of the earliest
// cycle and, within it, of the lowest queue number. Who meets a fault says
// what happened; the log knows when and where.

#ifndef WEFT_LIB_VERIFY_FAULTLOG_H
#define WEFT_LIB_VERIFY_FAULTLOG_H

#include "weft/Verify/Verifier.h"

#include <algorithm>

namespace weft::verify {

/// The instruction that a fault is charged to.
struct Issuer {
  int queue = -1;
  int32_t instruction = -1;
};

class FaultLog {
public:
  /// Faults are reported in ascending cycles.
  void add(FaultKind kind, Issuer issuer, int64_t cycle, std::string message) {
    charged.push_back(issuer.queue);
    if (fault && (fault->cycle < cycle ||
                  (fault->cycle == cycle && fault->queue <= issuer.queue)))
      return;
    fault.emplace();
    fault->kind = kind;
    fault->queue = issuer.queue;
    fault->instruction = issuer.instruction;
    fault->cycle = cycle;
    fault->message = std::move(message);
  }
  bool empty() const { return !fault; }
  /// Whether a queue has any fault. Nothing is followed past the first cycle
  /// with one.
  bool hasCharged(int queue) const {
    return std::ranges::find(charged, queue) != charged.end();
  }
  std::optional<Fault> take() { return std::move(fault); }

private:
  std::optional<Fault> fault;
  std::vector<int> charged;
};

} // namespace weft::verify

#endif // WEFT_LIB_VERIFY_FAULTLOG_H
