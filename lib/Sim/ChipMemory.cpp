// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory slices: read, write, gather, scatter, the bank conflict between the
// two sides of a slice, and reads of what was never written.

#include "Chip.h"

#include <algorithm>

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
  Vector word = sram.find(id.hemisphere, id.index, issue.address);
  if (!word.bytes)
    return fail(issue, FaultKind::UnwrittenRead,
                "word " + std::to_string(issue.address) + " was never written");
  engine.vectors.retain(word);
  emit(issue, issue.inst.stream, machine.readLatency, word);
  // Bursts go on; tables of words are larger than fast caches.
  sram.prefetch(id.hemisphere, id.index,
                issue.address + 8 * issue.queue.stride);
}

/// A word takes over a vector when the latency has passed.
void Chip::write(const Issue &issue, int word, uint64_t mask, Vector vector) {
  const Queue &id = issue.queue.id;
  LateWrite write{
      now + machine.writeLatency, id.hemisphere, id.index, word, mask, vector};
  if (machine.writeLatency == 1)
    return commit(write);
  lateWrites.push_back(write);
}

void Chip::commit(const LateWrite &write) {
  Hemisphere h = write.hemisphere;
  if (write.mask == sram.wholeWord())
    return sram.store(h, write.slice, write.word, write.vector, write.mask);
  // Vectors never change: the word gets a new one, of both.
  static const Instruction none;
  Operation &op = engine.begin(Operation::Merge, none, 3);
  Vector merged;
  results(&merged, 1, op.pointers());
  op.pointers()[1] = write.vector.bytes;
  op.pointers()[2] = sram.word(h, write.slice, write.word).bytes;
  op.mask = write.mask;
  engine.commit();
  engine.vectors.release(write.vector);
  sram.store(h, write.slice, write.word, merged,
             write.mask | sram.written(h, write.slice, write.word));
}

void Chip::memWrite(const Issue &issue) {
  if (!claim(issue, 1) || !checkBank(issue))
    return;
  Vector data =
      take(issue, issue.inst.operands[0].stream, issue.inst.producers[0]);
  if (!data.bytes)
    return;
  happens(now + machine.writeLatency - 1);
  engine.vectors.retain(data);
  write(issue, issue.address, sram.wholeWord(), data);
}

void Chip::gather(const Issue &issue) {
  const Instruction &inst = issue.inst;
  if (!claim(issue, inst.length) || !checkBank(issue))
    return;
  int map = inst.operands[0].stream;
  Vector low = take(issue, map, inst.producers[0]);
  Vector high = take(issue, map + 1, inst.producers[1]);
  if (!low.bytes || !high.bytes)
    return;
  engine.wait(low);
  engine.wait(high);
  const Queue &id = issue.queue.id;
  int width = machine.superlaneLanes;
  const uint8_t *words[64];
  for (int k = 0; k < machine.superlanes; ++k) {
    int entry = low.bytes[k * width] | high.bytes[k * width] << 8;
    if (entry >= inst.length)
      return fail(issue, FaultKind::OutOfRange,
                  "index " + std::to_string(entry) + " of superlane " +
                      std::to_string(k) + " in a table of " +
                      std::to_string(inst.length));
    int word = issue.address + entry;
    if (!(sram.written(id.hemisphere, id.index, word) >> k & 1))
      return fail(issue, FaultKind::UnwrittenRead,
                  "word " + std::to_string(word) + " was never written");
    words[k] = sram.word(id.hemisphere, id.index, word).bytes;
  }
  Operation &op =
      engine.begin(Operation::Gather, inst, size_t(1 + machine.superlanes));
  Vector out;
  results(&out, 1, op.pointers());
  std::copy(words, words + machine.superlanes, op.pointers() + 1);
  engine.commit();
  emit(issue, inst.stream, machine.readLatency, out);
}

void Chip::scatter(const Issue &issue) {
  const Instruction &inst = issue.inst;
  if (!claim(issue, inst.length) || !checkBank(issue))
    return;
  Vector data = take(issue, inst.operands[0].stream, inst.producers[0]);
  int map = inst.operands[1].stream;
  Vector low = take(issue, map, inst.producers[4]);
  Vector high = take(issue, map + 1, inst.producers[5]);
  if (!data.bytes || !low.bytes || !high.bytes)
    return;
  engine.wait(low);
  engine.wait(high);
  int width = machine.superlaneLanes;
  happens(now + machine.writeLatency - 1);
  for (int k = 0; k < machine.superlanes; ++k) {
    int entry = low.bytes[k * width] | high.bytes[k * width] << 8;
    if (entry == 0xFFFF)
      continue;
    if (entry >= inst.length)
      return fail(issue, FaultKind::OutOfRange,
                  "index " + std::to_string(entry) + " of superlane " +
                      std::to_string(k) + " in a table of " +
                      std::to_string(inst.length));
    engine.vectors.retain(data);
    write(issue, issue.address + entry, uint64_t(1) << k, data);
  }
}

} // namespace weft::sim
