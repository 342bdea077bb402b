// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// SRAM for tests of bindings: words by place, nothing else.

#ifndef WEFT_TEST_RUNTIME_TESTSRAM_H
#define WEFT_TEST_RUNTIME_TESTSRAM_H

#include "weft/Runtime/Binding.h"

#include <map>
#include <tuple>

namespace weft {

struct TestSram {
  explicit TestSram(int lanes) : lanes(size_t(lanes)) {}

  SramAccess access() {
    SramAccess sram;
    sram.write = [this](const PlaneAddress &at,
                        std::span<const uint8_t> bytes) -> Status {
      for (size_t w = 0; w * lanes < bytes.size(); ++w)
        words[key(at, w)] = {bytes.begin() + w * lanes,
                             bytes.begin() + (w + 1) * lanes};
      return success();
    };
    sram.read = [this](const PlaneAddress &at,
                       std::span<uint8_t> bytes) -> Status {
      for (size_t w = 0; w * lanes < bytes.size(); ++w) {
        auto found = words.find(key(at, w));
        if (found == words.end())
          return Error{ErrorKind::MachineFault, "never written", {}};
        std::copy(found->second.begin(), found->second.end(),
                  bytes.begin() + w * lanes);
      }
      return success();
    };
    return sram;
  }
  const std::vector<uint8_t> &word(Hemisphere h, int slice, int address) {
    return words[{h, slice, address}];
  }

  using Key = std::tuple<Hemisphere, int, int>;
  static Key key(const PlaneAddress &at, size_t word) {
    return {at.hemisphere, at.slice, at.address + int(word)};
  }
  size_t lanes;
  std::map<Key, std::vector<uint8_t>> words;
};

} // namespace weft

#endif // WEFT_TEST_RUNTIME_TESTSRAM_H
