// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One bit per word, and per slice the bank that its read side uses now.

#include "Memory.h"

namespace weft::verify {

Memory::Memory(const Machine &machine)
    : slices(machine.slices), words(machine.words()),
      wordsPerBank(machine.wordsPerBank),
      bitsPerSlice((size_t(machine.words()) + 63) / 64),
      written(2 * size_t(machine.slices) * bitsPerSlice),
      ports(2 * size_t(machine.slices)) {}

bool Memory::exists(Hemisphere hemisphere, int slice, int64_t address,
                    int64_t count) const {
  return hemisphere <= Hemisphere::East && slice >= 0 && slice < slices &&
         address >= 0 && count >= 0 && address + count <= words;
}

void Memory::define(Hemisphere hemisphere, int slice, int address, int count) {
  uint64_t *bits = &written[sliceOf(hemisphere, slice) * bitsPerSlice];
  for (int a = address; a < address + count; ++a)
    bits[a / 64] |= uint64_t(1) << (a % 64);
}

bool Memory::isDefined(Hemisphere hemisphere, int slice, int address) const {
  const uint64_t *bits = &written[sliceOf(hemisphere, slice) * bitsPerSlice];
  return (bits[address / 64] >> (address % 64)) & 1;
}

bool Memory::inOneBank(Issuer issuer, int address, int count, int64_t cycle,
                       FaultLog &log) const {
  if (address < 0 || address >= words) {
    log.add(FaultKind::OutOfRange, issuer, cycle,
            "address " + std::to_string(address) + " of " +
                std::to_string(words) + " words");
    return false;
  }
  if (count < 1 || address % wordsPerBank + count > wordsPerBank) {
    log.add(FaultKind::OutOfRange, issuer, cycle,
            "a table of " + std::to_string(count) + " words at address " +
                std::to_string(address) + " does not lie in a bank of " +
                std::to_string(wordsPerBank));
    return false;
  }
  return true;
}

void Memory::read(Issuer issuer, Queue queue, int address, int count,
                  int64_t cycle, FaultLog &log) {
  if (!inOneBank(issuer, address, count, cycle, log))
    return;
  ports[sliceOf(queue.hemisphere, queue.index)] = {cycle,
                                                   address / wordsPerBank};
  for (int a = address; a < address + count; ++a)
    if (isDefined(queue.hemisphere, queue.index, a))
      return;
  log.add(FaultKind::NeverWritten, issuer, cycle,
          count == 1 ? "word " + std::to_string(address) +
                           " holds nothing in this cycle"
                     : "no word of the table at " + std::to_string(address) +
                           " holds anything in this cycle");
}

bool Memory::write(Issuer issuer, Queue queue, int address, int count,
                   int64_t cycle, FaultLog &log) {
  if (!inOneBank(issuer, address, count, cycle, log))
    return false;
  const Port &port = ports[sliceOf(queue.hemisphere, queue.index)];
  int bank = address / wordsPerBank;
  if (port.readCycle == cycle && port.readBank == bank)
    log.add(FaultKind::BankConflict, issuer, cycle,
            "bank " + std::to_string(bank) +
                " is read and written in this cycle");
  return true;
}

} // namespace weft::verify
