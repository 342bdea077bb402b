// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Links between chips: spacing of sends, and that what is sent is received in
// the cycle in which it arrives. Which links are joined is an option.

#include "Chip.h"

namespace weft::sim {

void Chip::link(const Issue &issue) {
  const Instruction &inst = issue.inst;
  const Queue &id = issue.queue.id;
  Port &port = ports[size_t(linkIndex(id.hemisphere, id.index))];
  if (inst.opcode == Opcode::Send) {
    if (port.lastSend >= 0 && now - port.lastSend < machine.linkInterval)
      return fail(issue, FaultKind::LinkTooSoon,
                  "the last send was in cycle " +
                      std::to_string(port.lastSend) + "; a link takes one in " +
                      std::to_string(machine.linkInterval) + " cycles");
    port.lastSend = now;
    Vector vector = take(issue, inst.operands[0].stream, inst.producers[0]);
    if (!vector.bytes)
      return;
    if (!port.peer)
      return fail(issue, FaultKind::LinkNotReceived,
                  "the link is joined to no other");
    engine.vectors.retain(vector);
    port.peer->ports[size_t(port.peerPort)].arrivals.push_back(
        {now + machine.linkLatency, this, issue.queue.number,
         issue.queue.current, false, vector});
    ++port.peer->arriving;
    return;
  }
  if (port.arrivals.empty() || port.arrivals.front().due != now)
    return fail(issue, FaultKind::LinkNotSent,
                "nothing arrives on the link in this cycle");
  Arrival &arrival = port.arrivals.front();
  arrival.taken = true;
  engine.vectors.retain(arrival.vector);
  emit(issue, inst.stream, 0, arrival.vector);
}

/// Every vector must have been received in the cycle in which it arrives. The
/// fault is the sender's.
void Chip::checkArrivals() {
  if (arriving == 0)
    return;
  for (Port &port : ports)
    while (!port.arrivals.empty() && port.arrivals.front().due <= now) {
      Arrival &arrival = port.arrivals.front();
      if (!arrival.taken) {
        Chip &sender = *arrival.sender;
        sender.now = now;
        sender.fail(sender.queues[size_t(arrival.queue)], arrival.instruction,
                    FaultKind::LinkNotReceived,
                    "nothing receives what arrives in this cycle");
      }
      engine.vectors.release(arrival.vector);
      port.arrivals.pop_front();
      --arriving;
    }
}

} // namespace weft::sim
