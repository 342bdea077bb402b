// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A nop a cycle longer or shorter, which shifts the rest of its queue, or one
// burst alone when the next nop makes up for it. Nobody says which of them are
// faults: verifier and simulator must find the same.

#include "Judge.h"

#include <cstdio>

namespace weft::faults {

namespace {

/// The verifier's kind in the simulator's numbers.
bool sameKind(const Verdicts &v) {
  static constexpr Kind all[] = {
      kinds::notDriven,    kinds::wrongProducer, kinds::twoDrivers,
      kinds::bankConflict, kinds::neverWritten,  kinds::queueConflict,
      kinds::chained,      kinds::notInstalled,  kinds::overwritten,
      kinds::misuse,       kinds::outOfRange,    kinds::misaligned,
      kinds::tooSoon,      kinds::notReceived,   kinds::notSent,
      kinds::unknown,      kinds::badRepeat};
  for (Kind kind : all)
    if (v.verifier.kind == int(kind.verifier) &&
        v.simulator.kind == int(kind.simulator))
      return true;
  return false;
}

/// Whether the simulator alone could see the fault: it lies in an index.
bool isData(const Program &program, const Verdicts &v) {
  if (!v.simulator.fault ||
      (v.verifier.fault && v.verifier.place.cycle < v.simulator.place.cycle))
    return false;
  const auto &text = program.chips.front().queues.at(v.simulator.place.queue);
  Opcode opcode = text[size_t(v.simulator.instruction)].opcode;
  return opcode == Opcode::Gather || opcode == Opcode::Scatter;
}

struct Shift {
  Program program;
  std::string text;
};

std::optional<Shift> shiftAt(const Plan &plan, int number, size_t i, int by,
                             bool back) {
  Shift shift{plan.program, {}};
  auto &text = shift.program.chips.front().queues[number];
  auto *nodes = shift.program.provenance.empty()
                    ? nullptr
                    : &shift.program.provenance.front().nodes[number];
  if (text[i].opcode == Opcode::Repeat ||
      (text[i].opcode == Opcode::Nop && by < 0 && text[i].count == 0) ||
      (text[i].opcode != Opcode::Nop && by < 0))
    return std::nullopt;
  if (back) {
    size_t j = i + 1;
    while (j < text.size() && text[j].opcode != Opcode::Nop)
      ++j;
    if (j == text.size() || (by > 0 && text[j].count == 0))
      return std::nullopt;
    text[j].count -= uint32_t(by);
  }
  if (text[i].opcode == Opcode::Nop) {
    text[i].count += uint32_t(by);
  } else {
    Instruction nop;
    nop.count = uint32_t(by);
    text.insert(text.begin() + ptrdiff_t(i), nop);
    if (nodes && i < nodes->size())
      nodes->insert(nodes->begin() + ptrdiff_t(i), -1);
  }
  shift.text = queueName(plan.queue(number)) + " from instruction " +
               std::to_string(i) + " by " + std::to_string(by) +
               (back ? ", one burst" : "");
  return shift;
}

} // namespace

Expected<ShiftCounts> judgeShifts(const Plan &plan, const Judge &judge,
                                  int count, std::mt19937 &random) {
  std::vector<std::pair<int, size_t>> places;
  for (const auto &[number, text] : plan.program.chips.front().queues)
    for (size_t i = 0; i < text.size(); ++i)
      places.push_back({number, i});
  ShiftCounts counts;
  for (int n = 0, tries = 0; n < count && tries < 100 * count; ++tries) {
    auto [number, i] = places[random() % places.size()];
    int by = random() % 2 ? 1 : -1;
    std::optional<Shift> shift =
        shiftAt(plan, number, i, by, random() % 2 == 0);
    if (!shift)
      continue;
    ++n;
    Expected<Verdicts> verdicts = judge.judge(shift->program);
    if (!verdicts)
      return verdicts.error();
    if (Judge::agree(*verdicts)) {
      ++(verdicts->verifier.fault ? counts.faults : counts.clean);
      if (!verdicts->verifier.fault || sameKind(*verdicts))
        continue;
      ++counts.otherKind;
    } else if (isData(shift->program, *verdicts)) {
      ++counts.data;
      continue;
    } else {
      ++counts.missed;
    }
    std::printf("shift of %s: verifier: %s; simulator: %s: %s\n",
                shift->text.c_str(), judge.describe(verdicts->verifier).c_str(),
                judge.describe(verdicts->simulator).c_str(),
                Judge::agree(*verdicts) ? "another kind" : "MISSED");
  }
  return counts;
}

} // namespace weft::faults
