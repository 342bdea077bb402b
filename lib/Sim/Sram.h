// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The SRAM of one chip: bytes, and which superlanes of which words were ever
// written. Slices take host memory when they are first touched. Timing and
// conflicts are the memory units' business.

#ifndef WEFT_SIM_SRAM_H
#define WEFT_SIM_SRAM_H

#include "weft/Machine/Machine.h"

#include <cstring>
#include <memory>

namespace weft::sim {

class Sram {
public:
  explicit Sram(const Machine &machine)
      : slices(machine.slices), words(machine.words()), lanes(machine.lanes()),
        whole(machine.superlanes == 64
                  ? ~uint64_t(0)
                  : (uint64_t(1) << machine.superlanes) - 1),
        data(size_t(2) * machine.slices) {}

  uint8_t *word(Hemisphere h, int slice, int word) {
    return touch(h, slice).bytes.get() + size_t(word) * lanes;
  }
  /// One bit per superlane of the word.
  uint64_t &written(Hemisphere h, int slice, int word) {
    return touch(h, slice).written[size_t(word)];
  }
  uint64_t wholeWord() const { return whole; }

  /// Null where nothing was ever written to the slice.
  const uint8_t *find(Hemisphere h, int slice, int word) const {
    const Slice &s = data[size_t(h) * slices + slice];
    if (!s.bytes || s.written[size_t(word)] != whole)
      return nullptr;
    return s.bytes.get() + size_t(word) * lanes;
  }
  void store(Hemisphere h, int slice, int first, const uint8_t *from,
             int count) {
    Slice &s = touch(h, slice);
    std::memcpy(s.bytes.get() + size_t(first) * lanes, from,
                size_t(count) * lanes);
    for (int i = 0; i < count; ++i)
      s.written[size_t(first + i)] = whole;
  }

private:
  struct Slice {
    /// Not filled: what is not marked as written is never looked at.
    std::unique_ptr<uint8_t[]> bytes;
    std::vector<uint64_t> written;
  };
  Slice &touch(Hemisphere h, int slice) {
    Slice &s = data[size_t(h) * slices + slice];
    if (!s.bytes) {
      s.bytes =
          std::make_unique_for_overwrite<uint8_t[]>(size_t(words) * lanes);
      s.written.resize(size_t(words));
    }
    return s;
  }

  int slices, words, lanes;
  uint64_t whole;
  std::vector<Slice> data;
};

} // namespace weft::sim

#endif // WEFT_SIM_SRAM_H
