// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory slices: read, write, gather, scatter, the bank conflict between the
// two sides of a slice, and reads of what was never written.

#include "Chip.h"

#include <cstring>

namespace weft::sim {

/// Checks that `words` words from the issue's address on lie in one bank.
bool Chip::claim(const Issue &issue, int words) {
  int first = issue.address, end = first + words;
  if (first >= 0 && end <= machine.words() &&
      (words == 1 ||
       first / machine.wordsPerBank == (end - 1) / machine.wordsPerBank))
    return true;
  fail(issue, FaultKind::OutOfRange,
       words == 1 ? "address " + std::to_string(first) + " of " +
                        std::to_string(machine.words())
                  : "a table of " + std::to_string(words) + " words at " +
                        std::to_string(first) + " leaves its bank");
  return false;
}

/// Notes the bank of a read, or compares that of a write with it: reads have
/// the lower queue numbers and come first.
bool Chip::checkBank(const Issue &issue) {
  const Queue &id = issue.queue.id;
  MemSide &side = memSides[size_t(id.hemisphere) * machine.slices + id.index];
  int bank = issue.address / machine.wordsPerBank;
  if (id.unit == Unit::MemRead) {
    side = {now, bank};
    return true;
  }
  if (side.readCycle != now || side.readBank != bank)
    return true;
  fail(issue, FaultKind::BankConflict,
       "bank " + std::to_string(bank) + " is read in the same cycle");
  return false;
}

void Chip::memRead(const Issue &issue) {
  if (!claim(issue, 1) || !checkBank(issue))
    return;
  const Queue &id = issue.queue.id;
  const uint8_t *word = sram.find(id.hemisphere, id.index, issue.address);
  if (!word)
    return fail(issue, FaultKind::UnwrittenRead,
                "word " + std::to_string(issue.address) + " was never written");
  Block block = streams.allocate();
  std::memcpy(streams.bytes(block), word, size_t(lanes));
  emit(issue, issue.inst.stream, machine.readLatency, block);
}

void Chip::commit(Hemisphere h, int slice, int word, uint64_t mask,
                  const uint8_t *data) {
  if (mask == sram.wholeWord())
    return sram.store(h, slice, word, data, 1);
  uint8_t *to = sram.word(h, slice, word);
  int width = machine.superlaneLanes;
  for (int k = 0; k < machine.superlanes; ++k)
    if (mask >> k & 1)
      std::memcpy(to + k * width, data + k * width, size_t(width));
  sram.written(h, slice, word) |= mask;
}

void Chip::memWrite(const Issue &issue) {
  if (!claim(issue, 1) || !checkBank(issue))
    return;
  const uint8_t *data =
      take(issue, issue.inst.operands[0].stream, issue.inst.producers[0]);
  if (!data)
    return;
  const Queue &id = issue.queue.id;
  happens(now + machine.writeLatency - 1);
  if (machine.writeLatency == 1)
    return commit(id.hemisphere, id.index, issue.address, sram.wholeWord(),
                  data);
  Block block = streams.allocate();
  std::memcpy(streams.bytes(block), data, size_t(lanes));
  lateWrites.push_back({now + machine.writeLatency, id.hemisphere, id.index,
                        issue.address, sram.wholeWord(), block});
}

void Chip::gather(const Issue &issue) {
  const Instruction &inst = issue.inst;
  if (!claim(issue, inst.length) || !checkBank(issue))
    return;
  int map = inst.operands[0].stream;
  const uint8_t *low = take(issue, map, inst.producers[0]);
  const uint8_t *high = take(issue, map + 1, inst.producers[1]);
  if (!low || !high)
    return;
  const Queue &id = issue.queue.id;
  int width = machine.superlaneLanes;
  Block block = streams.allocate();
  uint8_t *out = streams.bytes(block);
  for (int k = 0; k < machine.superlanes; ++k) {
    int entry = low[k * width] | high[k * width] << 8;
    if (entry >= inst.length)
      return fail(issue, FaultKind::OutOfRange,
                  "index " + std::to_string(entry) + " of superlane " +
                      std::to_string(k) + " in a table of " +
                      std::to_string(inst.length));
    int word = issue.address + entry;
    if (!(sram.written(id.hemisphere, id.index, word) >> k & 1))
      return fail(issue, FaultKind::UnwrittenRead,
                  "word " + std::to_string(word) + " was never written");
    std::memcpy(out + k * width,
                sram.word(id.hemisphere, id.index, word) + k * width,
                size_t(width));
  }
  emit(issue, inst.stream, machine.readLatency, block);
}

void Chip::scatter(const Issue &issue) {
  const Instruction &inst = issue.inst;
  if (!claim(issue, inst.length) || !checkBank(issue))
    return;
  const uint8_t *data = take(issue, inst.operands[0].stream, inst.producers[0]);
  int map = inst.operands[1].stream;
  const uint8_t *low = take(issue, map, inst.producers[4]);
  const uint8_t *high = take(issue, map + 1, inst.producers[5]);
  if (!data || !low || !high)
    return;
  const Queue &id = issue.queue.id;
  int width = machine.superlaneLanes;
  happens(now + machine.writeLatency - 1);
  for (int k = 0; k < machine.superlanes; ++k) {
    int entry = low[k * width] | high[k * width] << 8;
    if (entry == 0xFFFF)
      continue;
    if (entry >= inst.length)
      return fail(issue, FaultKind::OutOfRange,
                  "index " + std::to_string(entry) + " of superlane " +
                      std::to_string(k) + " in a table of " +
                      std::to_string(inst.length));
    int word = issue.address + entry;
    if (machine.writeLatency == 1) {
      commit(id.hemisphere, id.index, word, uint64_t(1) << k, data);
      continue;
    }
    Block block = streams.allocate();
    std::memcpy(streams.bytes(block), data, size_t(lanes));
    lateWrites.push_back({now + machine.writeLatency, id.hemisphere, id.index,
                          word, uint64_t(1) << k, block});
  }
}

} // namespace weft::sim
