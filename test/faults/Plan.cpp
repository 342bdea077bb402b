// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Expands queues and follows what they put on streams and into memory.

#include "Plan.h"

#include <algorithm>

namespace weft::faults {

namespace {

Timeline timelineOf(const std::vector<Instruction> &text,
                    const std::vector<int32_t> *nodes) {
  Timeline timeline;
  int64_t cycle = 0; // In which the next instruction issues.
  Issue last;
  for (size_t i = 0; i < text.size(); ++i) {
    const Instruction &inst = text[i];
    if (inst.opcode == Opcode::Nop) {
      cycle += inst.count;
    } else if (inst.opcode == Opcode::Repeat) {
      for (uint32_t n = 0; n < inst.count; ++n) {
        last.inst.address = uint16_t(last.inst.address + inst.stride);
        cycle += inst.distance - 1;
        timeline[cycle++] = last;
      }
    } else {
      last = {inst, nodes && i < nodes->size() ? (*nodes)[i] : -1};
      timeline[cycle++] = last;
    }
  }
  return timeline;
}

} // namespace

Plan::Plan(const Program &program)
    : program(program), machine(program.machine),
      defined(size_t(2) * machine.slices * machine.words(), -1) {
  const ChipProgram &chip = program.chips.front();
  const std::map<int, std::vector<int32_t>> *nodes =
      program.provenance.empty() ? nullptr : &program.provenance.front().nodes;
  for (const auto &[number, text] : chip.queues) {
    const std::vector<int32_t> *own = nullptr;
    if (nodes)
      if (auto found = nodes->find(number); found != nodes->end())
        own = &found->second;
    queues[number] = timelineOf(text, own);
  }

  auto preset = [&](Hemisphere h, int slice, int word, int64_t words) {
    for (int w = word; w < word + words; ++w)
      defined[wordIndex(number(Unit::MemRead, h, slice), w)] = 0;
  };
  auto presetCopies = [&](const std::vector<Placement> &copies) {
    for (const Placement &copy : copies)
      for (size_t i = 0; i < copy.planes.size(); ++i)
        preset(copy.planes[i].hemisphere, copy.planes[i].slice,
               copy.planes[i].address, copy.wordsOf(i));
  };
  for (const MemoryImage &image : chip.images)
    preset(image.hemisphere, image.slice, image.address,
           int64_t(image.data.size()) / machine.lanes());
  for (const TensorBinding &input : program.inputs)
    presetCopies(input.copies);
  for (const HostLookup &lookup : program.lookups)
    presetCopies(lookup.copies);

  for (const auto &[number, timeline] : queues)
    for (const auto &[cycle, issue] : timeline) {
      addTraffic(number, cycle, issue.inst);
      bool scatters = issue.inst.opcode == Opcode::Scatter;
      if (issue.inst.opcode != Opcode::Write && !scatters)
        continue;
      for (int i = 0; i < (scatters ? issue.inst.length : 1); ++i) {
        int64_t &from = defined[wordIndex(number, issue.inst.address + i)];
        int64_t readable = cycle + machine.writeLatency;
        from = from < 0 ? readable : std::min(from, readable);
      }
    }
  for (auto &[key, events] : diagonals)
    std::ranges::sort(events, [](const StreamEvent &a, const StreamEvent &b) {
      return std::tuple(a.cycle, !a.drives, a.queue) <
             std::tuple(b.cycle, !b.drives, b.queue);
    });
}

bool Plan::isIdle(int queue, int64_t cycle) const {
  auto found = queues.find(queue);
  return cycle >= 0 &&
         (found == queues.end() || !found->second.contains(cycle));
}

std::vector<Place> Plan::issuesOf(Unit unit, std::mt19937 &random) const {
  std::vector<Place> places;
  for (const auto &[number, timeline] : queues)
    if (queue(number).unit == unit)
      for (const auto &[cycle, issue] : timeline)
        // Beside abc and acc an iw is a guest.
        if (unit == Unit::MxmWeights ||
            issue.inst.opcode != Opcode::InstallWeights)
          places.push_back({number, cycle});
  // Not std::shuffle, whose order is the standard library's own.
  for (size_t i = places.size(); i > 1; --i)
    std::swap(places[i - 1], places[random() % i]);
  return places;
}

uint64_t Plan::keyOf(int stream, int position, int64_t cycle) const {
  bool eastward = stream < machine.streams;
  int64_t diagonal = eastward ? cycle - position : cycle + position;
  return uint64_t(stream) << 48 | uint64_t(diagonal + (int64_t(1) << 32));
}

const std::vector<StreamEvent> &Plan::passing(int s, int position,
                                              int64_t cycle) const {
  static const std::vector<StreamEvent> none;
  auto found = diagonals.find(keyOf(s, position, cycle));
  return found == diagonals.end() ? none : found->second;
}

bool Plan::isFree(int first, int count, int position, int64_t cycle) const {
  for (int s = first; s < first + count; ++s)
    if (!passing(s, position, cycle).empty())
      return false;
  return true;
}

std::optional<int> Plan::freeStream(bool eastward, int count, int position,
                                    int64_t cycle) const {
  int begin = eastward ? 0 : machine.streams;
  for (int s = begin; s < begin + machine.streams; s += count)
    if (isFree(s, count, position, cycle))
      return s;
  return std::nullopt;
}

size_t Plan::wordIndex(int number, int word) const {
  Queue q = queue(number);
  return (size_t(q.hemisphere) * machine.slices + q.index) * machine.words() +
         size_t(word);
}

bool Plan::isPreset(int queue, int word) const {
  return defined[wordIndex(queue, word)] == 0;
}

std::optional<int> Plan::presetWord(int queue) const {
  for (int w = 0; w < machine.words(); ++w)
    if (isPreset(queue, w))
      return w;
  return std::nullopt;
}

std::optional<int64_t> Plan::definedFrom(int queue, int word) const {
  int64_t from = defined[wordIndex(queue, word)];
  return from < 0 ? std::nullopt : std::optional(from);
}

void Plan::addEvent(int stream, StreamEvent event) {
  diagonals[keyOf(stream, position(event.queue), event.cycle)].push_back(event);
}

void Plan::addTraffic(int number, int64_t t, const Instruction &inst) {
  auto reads = [&](int first, int count, int producer) {
    for (int j = 0; j < count; ++j)
      addEvent(first + j, {t, number, t, false, inst.producers[producer + j]});
  };
  auto operand = [&](int i, int width) {
    if (inst.operands[i].kind == Operand::Kind::Stream)
      reads(inst.operands[i].stream, width, 4 * i);
  };
  auto drives = [&](int first, int count, int delay) {
    for (int j = 0; first >= 0 && j < count; ++j)
      addEvent(first + j, {t + delay, number, t, true, -1});
  };
  const Machine &m = machine;
  switch (inst.opcode) {
  case Opcode::Gather:
    operand(0, 2);
    [[fallthrough]];
  case Opcode::Read:
    return drives(inst.stream, 1, m.readLatency);
  case Opcode::Scatter:
    operand(1, 2);
    [[fallthrough]];
  case Opcode::Write:
  case Opcode::Send:
    return operand(0, 1);
  case Opcode::LoadWeights:
  case Opcode::LoadWeightsPair:
    return reads(inst.stream, m.weightStreams, 0);
  case Opcode::Activate:
    return operand(0, byteWidth(inst.type));
  case Opcode::Accumulate:
    return drives(inst.result, 4, 0);
  case Opcode::Transpose:
    reads(inst.stream, 16, 0);
    return drives(inst.result, 16, m.sxmEnter + m.transposeLatency);
  case Opcode::Distribute:
    operand(0, 1);
    return drives(inst.result, 1, m.sxmEnter + m.distributeLatency);
  case Opcode::Shift:
  case Opcode::Permute:
  case Opcode::SelectLanes:
    operand(0, 1);
    if (inst.opcode != Opcode::Shift)
      operand(1, inst.opcode == Opcode::Permute ? 2 : 1);
    return drives(inst.result, 1, m.sxmEnter + m.shiftLatency);
  case Opcode::Receive:
    return drives(inst.stream, 1, 0);
  default:
    break;
  }
  if (!isAluOpcode(inst.opcode))
    return;
  for (int i = 0; i < aluOperandCount(inst.opcode); ++i)
    operand(i, byteWidth(inst.type));
  drives(inst.result, byteWidth(inst.resultType),
         m.aluToStream + aluLatency(m, inst.opcode));
}

void Plan::put(Program &edited, int queue, const Timeline &timeline) {
  std::vector<Instruction> text;
  std::vector<int32_t> nodes;
  int64_t cycle = 0;
  for (const auto &[at, issue] : timeline) {
    if (at > cycle) {
      Instruction nop;
      nop.count = uint32_t(at - cycle);
      text.push_back(nop);
      nodes.push_back(-1);
    }
    text.push_back(issue.inst);
    nodes.push_back(issue.node);
    cycle = at + 1;
  }
  edited.chips.front().queues[queue] = std::move(text);
  if (!edited.provenance.empty())
    edited.provenance.front().nodes[queue] = std::move(nodes);
}

} // namespace weft::faults
