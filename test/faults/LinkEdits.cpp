// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Links. A program of one chip has none in use: a value that passes the SXM
// is sent on a cable to the other hemisphere's link, which the clean edit
// shows to be no fault; the others spoil that.

#include "Edit.h"

namespace weft::faults {
namespace {

enum class Spoil {
  Nothing,
  NoReceive,
  LateReceive,
  NoSend,
  TooSoon,
  NoCable,
};

struct Passing {
  Place producer;
  int stream = 0;
  int64_t cycle = 0; ///< At the SXM.
};

/// A value of MEM that reaches the SXM of its outward side unreplaced.
std::optional<Passing> passingValue(const Plan &plan, Place place) {
  const Machine &m = plan.machine;
  const Issue &issue = plan.at(place);
  bool eastward = issue.inst.stream < m.streams;
  int x = plan.position(place.queue);
  int sxm = m.sxmAt(eastward ? Hemisphere::East : Hemisphere::West);
  if (issue.inst.opcode != Opcode::Read || (x > 0) != eastward)
    return std::nullopt;
  int64_t driven = place.cycle + m.readLatency;
  Passing value{place, issue.inst.stream, driven + std::abs(sxm - x)};
  for (const StreamEvent &event : plan.passing(value.stream, x, driven))
    if (event.drives && event.cycle > driven)
      return std::nullopt;
  return value;
}

std::optional<Edit> spoil(const Plan &plan, std::mt19937 &random, Spoil how) {
  const Machine &m = plan.machine;
  for (Place place : plan.issuesOf(Unit::MemRead, random)) {
    std::optional<Passing> value = passingValue(plan, place);
    if (!value)
      continue;
    bool eastward = value->stream < m.streams;
    Hemisphere from = eastward ? Hemisphere::East : Hemisphere::West,
               to = eastward ? Hemisphere::West : Hemisphere::East;
    int sender = plan.number(Unit::Link, from, 0),
        receiver = plan.number(Unit::Link, to, 0);
    int64_t arrival = value->cycle + m.linkLatency;
    int late = how == Spoil::LateReceive;
    // Inward from the other side is the same direction.
    std::optional<int> stream =
        plan.freeStream(eastward, 1, m.sxmAt(to), arrival + late);
    if (!stream)
      continue;
    Issue send, receive;
    send.inst.opcode = Opcode::Send;
    send.inst.operands[0].kind = Operand::Kind::Stream;
    send.inst.operands[0].stream = Stream(value->stream);
    send.inst.producers[0] = uint8_t(place.queue);
    receive.inst.opcode = Opcode::Receive;
    receive.inst.stream = Stream(*stream);
    Timeline sends{{value->cycle, send}}, receives{{arrival + late, receive}};
    Edit edit{plan.program, kinds::notReceived, {sender, arrival}};
    edit.hasCable = how != Spoil::NoCable;
    switch (how) {
    case Spoil::Nothing:
      edit.isClean = true;
      break;
    case Spoil::NoReceive:
      receives.clear();
      break;
    case Spoil::LateReceive:
      break;
    case Spoil::NoSend:
      sends.clear();
      edit.kind = kinds::notSent;
      edit.place = {receiver, arrival};
      break;
    case Spoil::NoCable:
      edit.place = {sender, value->cycle};
      break;
    case Spoil::TooSoon: {
      // Another value of the same slice, within the link's interval.
      std::optional<Passing> next;
      for (int n = 1; n < m.linkInterval && !next; ++n)
        if (!plan.isIdle(place.queue, place.cycle + n))
          next = passingValue(plan, {place.queue, place.cycle + n});
      if (!next || (next->stream < m.streams) != eastward)
        continue;
      send.inst.operands[0].stream = Stream(next->stream);
      sends[next->cycle] = send;
      edit.kind = kinds::tooSoon;
      edit.place = {sender, next->cycle};
      break;
    }
    }
    Plan::put(edit.program, sender, sends);
    Plan::put(edit.program, receiver, receives);
    return edit;
  }
  return std::nullopt;
}

} // namespace

std::vector<Maker> linkMakers() {
  auto how = [](Spoil what) {
    return [what](const Plan &plan, std::mt19937 &random) {
      return spoil(plan, random, what);
    };
  };
  return {
      {"link: sent and received", how(Spoil::Nothing)},
      {"link-sent-too-soon", how(Spoil::TooSoon)},
      {"link-not-received", how(Spoil::NoReceive)},
      {"link-not-received: a cycle late", how(Spoil::LateReceive)},
      {"link-not-received: no cable", how(Spoil::NoCable)},
      {"link-received-without-a-send", how(Spoil::NoSend)},
  };
}

} // namespace weft::faults
