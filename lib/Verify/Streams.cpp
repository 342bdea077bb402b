// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A stream's diagonals in a ring: in cycle t those from t - P to t + P are
// alive, P the outermost position; older ones have fallen off the end.

#include "Streams.h"

#include <bit>
#include <limits>

namespace weft::verify {

Streams::Streams(const Machine &machine)
    : machine(machine), streams(machine.streams) {
  int count = queueCount(machine), outermost = 0;
  for (int q = 0; q < count; ++q) {
    positions.push_back(queuePosition(machine, *queueOfNumber(machine, q)));
    outermost = std::max(outermost, std::abs(positions.back()));
  }
  mask = std::bit_ceil(uint32_t(2 * outermost + 1)) - 1;
  values.assign(size_t(2 * streams) * (mask + 1),
                {std::numeric_limits<int32_t>::min(), 0, 0});
}

void Streams::drive(Issuer issuer, int first, int count, int64_t cycle,
                    FaultLog &log) {
  int position = positions[issuer.queue];
  int32_t diagonal = diagonalOf(first, position, cycle);
  for (int s = first; s < first + count; ++s) {
    Value &value = values[slotOf(s, diagonal)];
    // On one diagonal a cycle tells the position.
    if (value.diagonal == diagonal && value.cycle == cycle)
      log.add(FaultKind::TwoDrivers, issuer, cycle,
              "stream " + std::to_string(s) + " at position " +
                  std::to_string(position) + " is driven by " +
                  queueName(*queueOfNumber(machine, value.queue)) + " too");
    value = {diagonal, int32_t(cycle), issuer.queue};
  }
}

void Streams::read(Issuer issuer, const Footprint &footprint, int64_t cycle,
                   FaultLog &log) const {
  int position = positions[issuer.queue];
  for (int i = 0; i < footprint.readCount; ++i) {
    auto [s, producer] = footprint.reads[i];
    int32_t diagonal = diagonalOf(s, position, cycle);
    const Value &value = values[slotOf(s, diagonal)];
    bool driven = value.diagonal == diagonal;
    if (driven && value.queue == producer) [[likely]]
      continue;
    std::optional<Queue> named = queueOfNumber(machine, producer);
    std::string message =
        "stream " + std::to_string(s) + " at position " +
        std::to_string(position) + " should carry the value of " +
        (named ? queueName(*named) : "queue " + std::to_string(producer));
    if (!driven)
      log.add(FaultKind::StreamNotDriven, issuer, cycle,
              message + ", but carries none");
    else
      log.add(FaultKind::WrongProducer, issuer, cycle,
              message + ", but carries that of " +
                  queueName(*queueOfNumber(machine, value.queue)) +
                  ", driven in cycle " + std::to_string(value.cycle));
    return;
  }
}

} // namespace weft::verify
