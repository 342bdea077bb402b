// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The large parts of a program: bytes of its own, or a part of the file that
// it was read from, shared and not copied. Whoever changes them gets a copy.

#ifndef WEFT_PROGRAM_SHAREDBYTES_H
#define WEFT_PROGRAM_SHAREDBYTES_H

#include <algorithm>
#include <cstdint>
#include <memory>
#include <span>
#include <vector>

namespace weft {

class SharedBytes {
public:
  SharedBytes() = default;
  SharedBytes(std::vector<uint8_t> bytes) : own(std::move(bytes)) {}
  /// A part of what `keeper` keeps alive and nobody changes.
  SharedBytes(std::shared_ptr<const void> keeper, std::span<const uint8_t> part)
      : keeper(std::move(keeper)), part(part) {}

  size_t size() const { return keeper ? part.size() : own.size(); }
  bool empty() const { return size() == 0; }
  const uint8_t *data() const { return keeper ? part.data() : own.data(); }
  const uint8_t *begin() const { return data(); }
  const uint8_t *end() const { return data() + size(); }
  uint8_t operator[](size_t i) const { return data()[i]; }
  friend bool operator==(const SharedBytes &a, const SharedBytes &b) {
    return std::equal(a.begin(), a.end(), b.begin(), b.end());
  }

  /// The bytes to be changed, which from then on are the program's own.
  std::vector<uint8_t> &edit() {
    if (keeper) {
      own.assign(part.begin(), part.end());
      keeper.reset();
    }
    return own;
  }

private:
  std::vector<uint8_t> own;
  std::shared_ptr<const void> keeper; ///< Set: `part` counts, else `own`.
  std::span<const uint8_t> part;
};

} // namespace weft

#endif // WEFT_PROGRAM_SHAREDBYTES_H
