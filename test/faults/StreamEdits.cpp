// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Streams: not driven, driven by another, replaced on the way, two drivers.

#include "Edit.h"

namespace weft::faults {

std::optional<Edit>
changeOne(const Plan &plan, const std::vector<Place> &places, Kind kind,
          const std::function<bool(Instruction &, Place)> &change) {
  for (Place place : places) {
    Instruction inst = plan.at(place).inst;
    if (change(inst, place))
      return withIssue(plan, place, inst, kind, place);
  }
  return std::nullopt;
}

Edit without(const Plan &plan, Place issue, Kind kind, Place fault) {
  Timeline timeline = plan.queues.at(issue.queue);
  timeline.erase(issue.cycle);
  return {plan.with(issue.queue, timeline), kind, fault};
}

Edit withIssue(const Plan &plan, Place issue, const Instruction &inst,
               Kind kind, Place fault) {
  Timeline timeline;
  if (auto found = plan.queues.find(issue.queue); found != plan.queues.end())
    timeline = found->second;
  timeline[issue.cycle].inst = inst;
  return {plan.with(issue.queue, timeline), kind, fault};
}

namespace {

/// The streams that a read issue drives, one drive and at least one reader.
struct Value {
  int stream = 0;
  int64_t driven = 0;
  int position = 0;
  const std::vector<StreamEvent> *events = nullptr;
};

std::optional<Value> onlyValue(const Plan &plan, Place place) {
  const Instruction &inst = plan.at(place).inst;
  if (inst.opcode != Opcode::Read)
    return std::nullopt;
  Value value{inst.stream, place.cycle + plan.machine.readLatency,
              plan.position(place.queue), nullptr};
  const std::vector<StreamEvent> &events =
      plan.passing(value.stream, value.position, value.driven);
  for (const StreamEvent &event : events)
    if (event.drives && event.queue != place.queue)
      return std::nullopt;
  if (events.size() < 2)
    return std::nullopt;
  value.events = &events;
  return value;
}

/// The first reader in or after a cycle.
std::optional<Place> firstReader(const Value &value, int64_t from) {
  for (const StreamEvent &event : *value.events)
    if (!event.drives && event.cycle >= from)
      return Place{event.queue, event.cycle};
  return std::nullopt;
}

/// The read that a slice's idle read side can issue so that the stream is
/// driven at its position in cycle t, meeting no bank conflict.
std::optional<Instruction> strayRead(const Plan &plan, int slice, int stream,
                                     int64_t t) {
  int64_t cycle = t - plan.machine.readLatency;
  Queue q = plan.queue(slice);
  if (plan.machine.isReserved(q.hemisphere, q.index) ||
      !plan.isIdle(slice, cycle) ||
      !plan.isIdle(plan.number(Unit::MemWrite, q.hemisphere, q.index), cycle))
    return std::nullopt;
  std::optional<int> word = plan.presetWord(slice);
  if (!word)
    return std::nullopt;
  Instruction inst;
  inst.opcode = Opcode::Read;
  inst.address = uint16_t(*word);
  inst.stream = Stream(stream);
  return inst;
}

std::optional<Edit> notDriven(const Plan &plan, std::mt19937 &random) {
  for (Place place : plan.issuesOf(Unit::MemRead, random))
    if (std::optional<Value> value = onlyValue(plan, place))
      if (std::optional<Place> reader = firstReader(*value, value->driven))
        return without(plan, place, kinds::notDriven, *reader);
  return std::nullopt;
}

std::optional<Edit> otherNamed(const Plan &plan, std::mt19937 &random,
                               Unit unit) {
  return changeOne(plan, plan.issuesOf(unit, random), kinds::wrongProducer,
                   [&](Instruction &inst, Place) {
                     // Byte 0 of operand 0, or stream 0 of lw.
                     bool reads =
                         unit == Unit::MxmWeights
                             ? inst.opcode != Opcode::InstallWeights
                             : inst.operands[0].kind == Operand::Kind::Stream;
                     inst.producers[0] ^= 1;
                     return reads;
                   });
}

/// A slice further on drives the stream when the value passes it.
std::optional<Edit> replaced(const Plan &plan, std::mt19937 &random) {
  for (Place place : plan.issuesOf(Unit::MemRead, random)) {
    std::optional<Value> value = onlyValue(plan, place);
    if (!value)
      continue;
    int step = value->stream < plan.machine.streams ? 1 : -1;
    for (int n = 0; n < 2 * plan.machine.slices; ++n) {
      int slice =
          plan.number(Unit::MemRead, Hemisphere(n / plan.machine.slices),
                      n % plan.machine.slices);
      int hops = (plan.position(slice) - value->position) * step;
      int64_t t = value->driven + hops;
      if (hops <= 0)
        continue;
      std::optional<Place> reader = firstReader(*value, t);
      // One whose cycle is not t alone: the value is gone for all later ones.
      if (!reader || reader->cycle == t)
        continue;
      if (std::optional<Instruction> stray =
              strayRead(plan, slice, value->stream, t))
        return withIssue(plan, {slice, t - plan.machine.readLatency}, *stray,
                         kinds::wrongProducer, *reader);
    }
  }
  return std::nullopt;
}

std::optional<Edit> twoDrivers(const Plan &plan, std::mt19937 &random) {
  for (Place place : plan.issuesOf(Unit::MemRead, random)) {
    std::optional<Value> value = onlyValue(plan, place);
    if (!value)
      continue;
    Queue q = plan.queue(place.queue);
    for (int i = 0; i < plan.machine.slices; ++i) {
      int slice = plan.number(Unit::MemRead, q.hemisphere, i);
      if (i == q.index || plan.position(slice) != value->position)
        continue;
      // In one cycle the lower queue drives first, and the other is at fault.
      if (std::optional<Instruction> stray =
              strayRead(plan, slice, value->stream, value->driven))
        return withIssue(plan, {slice, place.cycle}, *stray, kinds::twoDrivers,
                         {std::max(slice, place.queue), value->driven});
    }
  }
  return std::nullopt;
}

} // namespace

std::vector<Maker> streamMakers() {
  auto named = [](Unit unit) {
    return [unit](const Plan &plan, std::mt19937 &random) {
      return otherNamed(plan, random, unit);
    };
  };
  return {
      {"stream-not-driven", notDriven},
      {"stream-driven-by-another: write", named(Unit::MemWrite)},
      {"stream-driven-by-another: alu", named(Unit::Alu)},
      {"stream-driven-by-another: lw", named(Unit::MxmWeights)},
      {"stream-driven-by-another: abc", named(Unit::MxmActivate)},
      {"stream-replaced-before-its-reader", replaced},
      {"two-drivers", twoDrivers},
  };
}

} // namespace weft::faults
