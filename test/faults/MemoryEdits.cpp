// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory: banks, words never written or not yet, addresses, tables and the
// indices into them.

#include "Edit.h"

namespace weft::faults {
namespace {

int writeSide(const Plan &plan, int readQueue) {
  Queue q = plan.queue(readQueue);
  return plan.number(Unit::MemWrite, q.hemisphere, q.index);
}
int readSide(const Plan &plan, int writeQueue) {
  Queue q = plan.queue(writeQueue);
  return plan.number(Unit::MemRead, q.hemisphere, q.index);
}

/// While a slice writes, its idle read side reads a word of the same bank.
std::optional<Edit> bankConflict(const Plan &plan, std::mt19937 &random) {
  for (Place place : plan.issuesOf(Unit::MemWrite, random)) {
    const Instruction &write = plan.at(place).inst;
    int reader = readSide(plan, place.queue), size = plan.machine.wordsPerBank;
    if (write.opcode != Opcode::Write || !plan.isIdle(reader, place.cycle))
      continue;
    int bank = write.address / size * size;
    for (int word = bank; word < bank + size; ++word) {
      std::optional<int64_t> from = plan.definedFrom(reader, word);
      if (!from || *from > place.cycle)
        continue;
      Instruction read;
      read.opcode = Opcode::Read;
      read.address = uint16_t(word);
      return withIssue(plan, {reader, place.cycle}, read, kinds::bankConflict,
                       place);
    }
  }
  return std::nullopt;
}

std::optional<Edit> neverWritten(const Plan &plan, std::mt19937 &random) {
  return changeOne(plan, plan.issuesOf(Unit::MemRead, random),
                   kinds::neverWritten, [&](Instruction &inst, Place place) {
                     if (inst.opcode != Opcode::Read)
                       return false;
                     for (int w = 0; w < plan.machine.words(); ++w)
                       if (!plan.definedFrom(place.queue, w)) {
                         inst.address = uint16_t(w);
                         return true;
                       }
                     return false;
                   });
}

/// A read takes the word of a later write.
std::optional<Edit> readTooEarly(const Plan &plan, std::mt19937 &random) {
  for (Place write : plan.issuesOf(Unit::MemWrite, random)) {
    int reader = readSide(plan, write.queue),
        word = plan.at(write).inst.address;
    if (*plan.definedFrom(reader, word) !=
        write.cycle + plan.machine.writeLatency)
      continue;
    for (int64_t t = write.cycle - 1; t >= 0 && t > write.cycle - 1000; --t)
      if (plan.isIdle(reader, t)) {
        Instruction read;
        read.opcode = Opcode::Read;
        read.address = uint16_t(word);
        return withIssue(plan, {reader, t}, read, kinds::neverWritten,
                         {reader, t});
      }
  }
  return std::nullopt;
}

std::optional<Edit> badAddress(const Plan &plan, std::mt19937 &random,
                               Unit unit) {
  return changeOne(plan, plan.issuesOf(unit, random), kinds::outOfRange,
                   [&](Instruction &inst, Place) {
                     inst.address = uint16_t(plan.machine.words());
                     return true;
                   });
}

/// A gather where none was: its map pair comes from two words further inward
/// of which superlane 0 holds something other than 0, and its table has one
/// word. `length` of the table is the edit.
std::optional<Edit> gather(const Plan &plan, std::mt19937 &random, int length,
                           bool isData) {
  const Machine &m = plan.machine;
  std::vector<std::pair<int, int>> words; // Queue and preset word, lane 0 set.
  for (const MemoryImage &image : plan.program.chips.front().images)
    for (size_t w = 0; w * m.lanes() < image.data.size(); ++w)
      if (image.hemisphere == Hemisphere::East && image.data[w * m.lanes()] &&
          !m.isReserved(image.hemisphere, image.slice)) {
        words.push_back(
            {plan.number(Unit::MemRead, image.hemisphere, image.slice),
             image.address + int(w)});
        break;
      }
  auto idle = [&](int queue, int64_t cycle) {
    return plan.isIdle(queue, cycle) &&
           plan.isIdle(writeSide(plan, queue), cycle);
  };
  for (int attempt = 0; attempt < 20000 && words.size() > 1; ++attempt) {
    auto [low, lowWord] = words[random() % words.size()];
    auto [high, highWord] = words[random() % words.size()];
    int slice = int(random() % m.slices);
    int table = plan.number(Unit::MemRead, Hemisphere::East, slice);
    std::optional<int> tableWord = plan.presetWord(table);
    int at = plan.position(table);
    int64_t t = 40 + int64_t(random() % 200);
    // Driven a cycle after the read, then a hop a cycle.
    int64_t lowCycle = t - 1 - (at - plan.position(low)),
            highCycle = t - 1 - (at - plan.position(high));
    if (low == high || table == low || table == high || !tableWord ||
        at < plan.position(low) || at < plan.position(high) ||
        !idle(table, t) || !idle(low, lowCycle) || !idle(high, highCycle))
      continue;
    std::optional<int> stream = plan.freeStream(true, 2, at, t);
    std::optional<int> out = plan.freeStream(true, 2, at, t + m.readLatency);
    if (!stream || !out)
      continue;
    auto read = [&](int word, int s) {
      Issue issue;
      issue.inst.opcode = Opcode::Read;
      issue.inst.address = uint16_t(word);
      issue.inst.stream = Stream(s);
      return issue;
    };
    Issue gather = read(*tableWord, *out);
    gather.inst.opcode = Opcode::Gather;
    gather.inst.length = uint16_t(length);
    gather.inst.operands[0].kind = Operand::Kind::Stream;
    gather.inst.operands[0].stream = Stream(*stream);
    gather.inst.producers[0] = uint8_t(low);
    gather.inst.producers[1] = uint8_t(high);
    Edit edit{plan.program, kinds::outOfRange, {table, t}};
    edit.isData = isData;
    auto insert = [&](int queue, int64_t cycle, const Issue &issue) {
      Timeline timeline;
      if (auto found = plan.queues.find(queue); found != plan.queues.end())
        timeline = found->second;
      timeline[cycle] = issue;
      Plan::put(edit.program, queue, timeline);
    };
    insert(low, lowCycle, read(lowWord, *stream));
    insert(high, highCycle, read(highWord, *stream + 1));
    insert(table, t, gather);
    return edit;
  }
  return std::nullopt;
}

/// The stride of a repeat leads out of the slice.
std::optional<Edit> badStride(const Plan &plan, std::mt19937 &random) {
  for (const auto &[number, text] : plan.program.chips.front().queues) {
    if (plan.queue(number).unit != Unit::MemRead)
      continue;
    int64_t cycle = 0;
    for (size_t i = 0; i + 1 < text.size(); ++i) {
      if (text[i].opcode == Opcode::Nop)
        cycle += text[i].count;
      else if (text[i].opcode == Opcode::Repeat)
        cycle += int64_t(text[i].count) * text[i].distance;
      else if (++cycle && text[i + 1].opcode == Opcode::Repeat &&
               text[i + 1].count > 0 && random() % 4 == 0) {
        Edit edit{plan.program,
                  kinds::outOfRange,
                  {number, cycle - 1 + text[i + 1].distance}};
        edit.program.chips.front().queues[number][i + 1].stride =
            int16_t(-text[i].address - 1);
        return edit;
      }
    }
  }
  return std::nullopt;
}

} // namespace

std::vector<Maker> memoryMakers() {
  auto address = [](Unit unit) {
    return [unit](const Plan &plan, std::mt19937 &random) {
      return badAddress(plan, random, unit);
    };
  };
  auto table = [](bool isData) {
    return [isData](const Plan &plan, std::mt19937 &random) {
      return gather(plan, random, isData ? 1 : plan.machine.wordsPerBank + 1,
                    isData);
    };
  };
  return {
      {"bank-conflict", bankConflict},
      {"word-never-written", neverWritten},
      {"word-read-before-it-is-written", readTooEarly},
      {"address-out-of-range: read", address(Unit::MemRead)},
      {"address-out-of-range: write", address(Unit::MemWrite)},
      {"address-out-of-range: repeat", badStride},
      {"table-out-of-range", table(false)},
      {"index-out-of-range", table(true)},
  };
}

} // namespace weft::faults
