// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The SRAM of one chip: which vector each word holds, and which superlanes of
// it were ever written. Words of the program's images stay where they are.
// Timing and conflicts are the memory units' business.

#ifndef WEFT_SIM_SRAM_H
#define WEFT_SIM_SRAM_H

#include "Vectors.h"

#include "weft/Machine/Machine.h"

#include <unordered_map>

namespace weft::sim {

class Sram {
public:
  Sram(const Machine &machine, VectorPool &pool)
      : slices(machine.slices), words(machine.words()), lanes(machine.lanes()),
        whole(machine.superlanes == 64
                  ? ~uint64_t(0)
                  : (uint64_t(1) << machine.superlanes) - 1),
        pool(pool), data(size_t(2) * machine.slices) {}

  /// One bit per superlane of the word.
  uint64_t written(Hemisphere h, int slice, int word) const {
    const Slice &s = sliceAt(h, slice);
    if (!s || !s[word])
      return 0;
    auto partial = partly.find(&s[word]);
    return partial == partly.end() ? whole : partial->second;
  }
  uint64_t wholeWord() const { return whole; }

  /// What a word holds; null bytes where nothing was ever written to it.
  Vector word(Hemisphere h, int slice, int word) const {
    const Slice &s = sliceAt(h, slice);
    return s ? vectorOf(s[word]) : Vector{};
  }
  /// The same, if every superlane was written; else null bytes.
  Vector find(Hemisphere h, int slice, int word) const {
    const Slice &s = sliceAt(h, slice);
    if (!s || (!partly.empty() && partly.count(&s[word])))
      return {};
    return vectorOf(s[word]);
  }
  /// Hints that a word will be looked at soon.
  void prefetch(Hemisphere h, int slice, int word) const {
    if (const Slice &s = sliceAt(h, slice); s && word >= 0 && word < words)
      __builtin_prefetch(&s[word]);
  }

  /// Takes over a vector of which the superlanes in `mask` were written.
  void store(Hemisphere h, int slice, int word, Vector v, uint64_t mask) {
    Entry &at = touch(h, slice)[word];
    if (at & ofPool)
      pool.release(vectorOf(at));
    at = v.block != noBlock ? ofPool | v.block
                            : reinterpret_cast<uintptr_t>(v.bytes);
    if (mask != whole)
      partly[&at] = mask;
    else if (!partly.empty())
      partly.erase(&at);
  }
  /// Words that lie one after the other and outlive this.
  void store(Hemisphere h, int slice, int word, const uint8_t *bytes,
             int count) {
    for (int i = 0; i < count; ++i, bytes += lanes)
      store(h, slice, word + i, {bytes, noBlock}, whole);
  }

private:
  /// The address of a word, or the number of a block and the top bit; 0: never
  /// written. One number, so that a line of a cache holds eight.
  using Entry = uint64_t;
  static constexpr Entry ofPool = Entry(1) << 63;
  using Slice = std::unique_ptr<Entry[]>; ///< Null until first written.

  Vector vectorOf(Entry entry) const {
    if (entry & ofPool)
      return {pool.bytes(Block(entry)), Block(entry)};
    return {reinterpret_cast<const uint8_t *>(uintptr_t(entry)), noBlock};
  }
  const Slice &sliceAt(Hemisphere h, int slice) const {
    return data[size_t(h) * slices + slice];
  }
  Slice &touch(Hemisphere h, int slice) {
    Slice &s = data[size_t(h) * slices + slice];
    if (!s)
      s = std::make_unique<Entry[]>(size_t(words));
    return s;
  }

  int slices, words, lanes;
  uint64_t whole;
  VectorPool &pool;
  std::vector<Slice> data;
  /// Words that only scatters have written, and not all superlanes of.
  std::unordered_map<const Entry *, uint64_t> partly;
};

} // namespace weft::sim

#endif // WEFT_SIM_SRAM_H
