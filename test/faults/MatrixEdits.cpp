// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The matrix units: weights and installs, results and accumulator rows.

#include "Edit.h"

#include <algorithm>

namespace weft::faults {
namespace {

using Mode = AccumulateMode;

int sibling(const Plan &plan, int number, Unit unit) {
  Queue q = plan.queue(number);
  return plan.number(unit, q.hemisphere, q.index);
}

/// Weight queues that issue something.
std::vector<int> weightQueues(const Plan &plan, std::mt19937 &random) {
  std::vector<int> numbers;
  for (Place place : plan.issuesOf(Unit::MxmWeights, random))
    if (std::ranges::find(numbers, place.queue) == numbers.end())
      numbers.push_back(place.queue);
  return numbers;
}

bool installs(const Issue &issue) {
  return issue.inst.opcode == Opcode::InstallWeights;
}

/// Whether another queue of the pair installs up to a cycle.
bool installsElsewhere(const Plan &plan, int number, int64_t until) {
  Queue q = plan.queue(number);
  for (Unit unit : {Unit::MxmWeights, Unit::MxmActivate, Unit::MxmAccumulate})
    for (int plane : {0, 1}) {
      int candidate = plan.number(unit, q.hemisphere, q.index ^ plane);
      auto other = plan.queues.find(candidate);
      if (candidate != number && other != plan.queues.end() &&
          std::ranges::any_of(other->second, [&](const auto &entry) {
            return entry.first <= until && installs(entry.second);
          }))
        return true;
    }
  return false;
}

/// Nothing is installed until the first abc has passed.
std::optional<Edit> notInstalled(const Plan &plan, std::mt19937 &random) {
  for (int number : weightQueues(plan, random)) {
    auto activations =
        plan.queues.find(sibling(plan, number, Unit::MxmActivate));
    if (activations == plan.queues.end() || activations->second.empty())
      continue;
    int64_t used = activations->second.begin()->first;
    Timeline timeline = plan.queues.at(number);
    auto first = std::ranges::find_if(
        timeline, [](const auto &entry) { return installs(entry.second); });
    if (first == timeline.end() || first->first > used ||
        installsElsewhere(plan, number, used))
      continue;
    timeline.erase(first, timeline.upper_bound(used));
    return Edit{plan.with(number, timeline),
                kinds::notInstalled,
                {activations->first, used}};
  }
  return std::nullopt;
}

/// Installed in the cycle of the first abc: seen from the next one on.
std::optional<Edit> installedLate(const Plan &plan, std::mt19937 &random) {
  std::optional<Edit> edit = notInstalled(plan, random);
  if (!edit)
    return edit;
  int number = sibling(plan, edit->place.queue, Unit::MxmWeights);
  const Timeline &all = plan.queues.at(number);
  Timeline timeline;
  for (const auto &[cycle, issue] : all) {
    if (installs(issue)) {
      timeline[edit->place.cycle] = issue;
      break;
    }
    timeline[cycle] = issue;
  }
  edit->program = plan.with(number, timeline);
  return edit;
}

std::optional<Edit> nothingLoaded(const Plan &plan, std::mt19937 &random) {
  for (int number : weightQueues(plan, random)) {
    Timeline timeline = plan.queues.at(number);
    auto last = std::prev(timeline.end());
    if (!installs(last->second))
      continue;
    int64_t cycle = last->first + 1;
    timeline[cycle] = last->second;
    return Edit{
        plan.with(number, timeline), kinds::notInstalled, {number, cycle}};
  }
  return std::nullopt;
}

/// A block is loaded twice before it is installed.
std::optional<Edit> loadedTwice(const Plan &plan, std::mt19937 &random) {
  for (Place place : plan.issuesOf(Unit::MxmWeights, random)) {
    const Timeline &timeline = plan.queues.at(place.queue);
    auto here = timeline.find(place.cycle);
    if (installs(here->second) || here == timeline.begin() ||
        installs(std::prev(here)->second))
      continue;
    Instruction inst = here->second.inst;
    inst.address = std::prev(here)->second.inst.address;
    inst.packed = std::prev(here)->second.inst.packed;
    return withIssue(plan, place, inst, kinds::overwritten, place);
  }
  return std::nullopt;
}

/// An iw is left out: the next lw meets weights that wait to be installed.
std::optional<Edit> installMissing(const Plan &plan, std::mt19937 &random) {
  for (Place place : plan.issuesOf(Unit::MxmWeights, random)) {
    const Timeline &timeline = plan.queues.at(place.queue);
    auto here = timeline.find(place.cycle);
    if (!installs(here->second))
      continue;
    // Columns of the shadow that this iw would have taken: a block has one for
    // each stream, unpacked fp16 one in two.
    auto columnsOf = [&](const Instruction &inst) {
      bool two = inst.opcode == Opcode::LoadWeightsPair && !inst.packed;
      int width = plan.machine.weightStreams / (two ? 2 : 1);
      return std::pair(inst.address * width, (inst.address + 1) * width);
    };
    std::vector<std::pair<int, int>> filled;
    for (auto it = here; it != timeline.begin();) {
      if (installs((--it)->second))
        break;
      filled.push_back(columnsOf(it->second.inst));
    }
    for (auto next = std::next(here); next != timeline.end(); ++next) {
      if (installs(next->second))
        break;
      auto [first, end] = columnsOf(next->second.inst);
      if (std::ranges::any_of(filled, [&](auto columns) {
            return first < columns.second && columns.first < end;
          })) {
        // The first install of all would leave an abc without weights first.
        if (std::none_of(timeline.begin(), here,
                         [](const auto &e) { return installs(e.second); }))
          break;
        return without(plan, place, kinds::overwritten,
                       {place.queue, next->first});
      }
    }
  }
  return std::nullopt;
}

std::optional<Edit> badBlock(const Plan &plan, std::mt19937 &random) {
  return changeOne(plan, plan.issuesOf(Unit::MxmWeights, random),
                   kinds::outOfRange, [&](Instruction &inst, Place) {
                     // Columns: one a stream, unpacked fp16 one in two.
                     bool two =
                         inst.opcode == Opcode::LoadWeightsPair && !inst.packed;
                     inst.address =
                         uint16_t(plan.machine.lanes() * (two ? 2 : 1) /
                                  plan.machine.weightStreams);
                     return inst.opcode != Opcode::InstallWeights;
                   });
}

bool storesOnly(Mode mode) { return mode == Mode::Store || mode == Mode::Add; }

std::optional<Edit> badRow(const Plan &plan, std::mt19937 &random) {
  return changeOne(plan, plan.issuesOf(Unit::MxmAccumulate, random),
                   kinds::outOfRange, [&](Instruction &inst, Place) {
                     inst.address = uint16_t(plan.machine.accumulatorRows);
                     if (inst.accumulate == Mode::Pass)
                       inst.accumulate = Mode::StoreEmit;
                     return true;
                   });
}

/// A row is added to, or sent out, that nothing was stored in.
std::optional<Edit> emptyRow(const Plan &plan, std::mt19937 &random) {
  for (Place place : plan.issuesOf(Unit::MxmAccumulate, random)) {
    // Rows that this queue has used by now.
    std::vector<bool> used(plan.machine.accumulatorRows);
    for (const auto &[cycle, issue] : plan.queues.at(place.queue)) {
      if (cycle >= place.cycle)
        break;
      if (issue.inst.accumulate != Mode::Pass)
        used[issue.inst.address] = true;
    }
    auto row = std::ranges::find(used, false);
    if (row == used.end())
      continue;
    Instruction inst = plan.at(place).inst;
    inst.address = uint16_t(row - used.begin());
    inst.accumulate = storesOnly(inst.accumulate) ? Mode::Add : Mode::AddEmit;
    return withIssue(plan, place, inst, kinds::misuse, place);
  }
  return std::nullopt;
}

/// A row is sent out before any was stored.
std::optional<Edit> emptyRowOut(const Plan &plan, std::mt19937 &random) {
  for (Place place : plan.issuesOf(Unit::MxmAccumulate, random)) {
    Instruction inst = plan.at(place).inst;
    if (inst.result < 0 || !plan.isIdle(place.queue, 0))
      continue;
    inst.accumulate = Mode::Emit;
    return withIssue(plan, {place.queue, 0}, inst, kinds::misuse,
                     {place.queue, 0});
  }
  return std::nullopt;
}

/// acc where no y appears: its abc is left out.
std::optional<Edit> noResult(const Plan &plan, std::mt19937 &random) {
  for (Place place : plan.issuesOf(Unit::MxmActivate, random))
    return without(plan, place, kinds::misuse,
                   {sibling(plan, place.queue, Unit::MxmAccumulate),
                    place.cycle + plan.machine.mxmLatency});
  return std::nullopt;
}

/// A y that no acc takes. The abc is charged.
std::optional<Edit> notTaken(const Plan &plan, std::mt19937 &random) {
  for (Place place : plan.issuesOf(Unit::MxmAccumulate, random))
    if (plan.at(place).inst.accumulate != Mode::Emit)
      return without(
          plan, place, kinds::misuse,
          {sibling(plan, place.queue, Unit::MxmActivate), place.cycle});
  return std::nullopt;
}

/// A pair's result taken as an int8 one, or the other way round.
std::optional<Edit> otherType(const Plan &plan, std::mt19937 &random) {
  return changeOne(plan, plan.issuesOf(Unit::MxmAccumulate, random),
                   kinds::misuse, [&](Instruction &inst, Place place) {
                     bool half = inst.type == DataType::F16;
                     inst.type = half ? DataType::I8 : DataType::F16;
                     return plan.queue(place.queue).index % 2 == 0 &&
                            inst.accumulate != Mode::Emit;
                   });
}

} // namespace

std::vector<Maker> matrixMakers() {
  return {
      {"weights-not-installed: no iw", notInstalled},
      {"weights-not-installed: iw in the cycle of abc", installedLate},
      {"weights-not-installed: iw without lw", nothingLoaded},
      {"weights-overwritten: one block twice", loadedTwice},
      {"weights-overwritten: no iw between", installMissing},
      {"block-out-of-range", badBlock},
      {"accumulator-row-out-of-range", badRow},
      {"accumulator: add to an empty row", emptyRow},
      {"accumulator: an empty row out", emptyRowOut},
      {"accumulator: acc without y", noResult},
      {"accumulator: y without acc", notTaken},
      {"accumulator: y of another type", otherType},
  };
}

} // namespace weft::faults
