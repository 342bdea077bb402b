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
      : slices(machine.slices), words(machine.words()),
        whole(machine.superlanes == 64
                  ? ~uint64_t(0)
                  : (uint64_t(1) << machine.superlanes) - 1),
        pool(pool), data(size_t(2) * machine.slices) {}

  /// One bit per superlane of the word.
  uint64_t written(Hemisphere h, int slice, int word) const {
    const Slice &s = sliceAt(h, slice);
    if (s.empty() || !s[size_t(word)].bytes)
      return 0;
    auto partial = partly.find(&s[size_t(word)]);
    return partial == partly.end() ? whole : partial->second;
  }
  uint64_t wholeWord() const { return whole; }

  /// What a word holds; null bytes where nothing was ever written to it.
  Vector word(Hemisphere h, int slice, int word) const {
    const Slice &s = sliceAt(h, slice);
    return s.empty() ? Vector{} : s[size_t(word)];
  }
  /// The same, if every superlane was written; else null bytes.
  Vector find(Hemisphere h, int slice, int word) const {
    const Slice &s = sliceAt(h, slice);
    if (s.empty())
      return {};
    Vector v = s[size_t(word)];
    if (!partly.empty() && v.bytes && partly.count(&s[size_t(word)]))
      return {};
    return v;
  }
  /// Takes over a vector of which the superlanes in `mask` were written.
  void store(Hemisphere h, int slice, int word, Vector v, uint64_t mask) {
    Slice &s = data[size_t(h) * slices + slice];
    if (s.empty())
      s.resize(size_t(words));
    Vector &at = s[size_t(word)];
    pool.release(at);
    at = v;
    if (mask != whole)
      partly[&at] = mask;
    else if (!partly.empty())
      partly.erase(&at);
  }

private:
  using Slice = std::vector<Vector>; ///< By word; empty until first written.
  const Slice &sliceAt(Hemisphere h, int slice) const {
    return data[size_t(h) * slices + slice];
  }

  int slices, words;
  uint64_t whole;
  VectorPool &pool;
  std::vector<Slice> data;
  /// Words that only scatters have written, and not all superlanes of.
  std::unordered_map<const Vector *, uint64_t> partly;
};

} // namespace weft::sim

#endif // WEFT_SIM_SRAM_H
