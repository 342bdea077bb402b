// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Which words of one chip's memory hold something, and which banks are busy in
// the current cycle. Values are none of its business.

#ifndef WEFT_LIB_VERIFY_MEMORY_H
#define WEFT_LIB_VERIFY_MEMORY_H

#include "FaultLog.h"

namespace weft::verify {

class Memory {
public:
  explicit Memory(const Machine &machine);

  /// Whether words [address, address + count) exist in the slice.
  bool exists(Hemisphere hemisphere, int slice, int64_t address,
              int64_t count) const;
  /// Marks existing words as written.
  void define(Hemisphere hemisphere, int slice, int address, int count);
  bool isDefined(Hemisphere hemisphere, int slice, int address) const;

  /// A read or gather of `count` words from `address`: they must lie in one
  /// bank, and one of them at least must have been written; which of them a
  /// gather takes is data.
  void read(Issuer issuer, Queue queue, int address, int count, int64_t cycle,
            FaultLog &log);
  /// A write or scatter. After all reads of the same cycle. Returns whether
  /// the words exist; the caller defines them when they land.
  bool write(Issuer issuer, Queue queue, int address, int count, int64_t cycle,
             FaultLog &log);

private:
  struct Port {
    int64_t readCycle = -1;
    int32_t readBank = 0;
  };
  size_t sliceOf(Hemisphere hemisphere, int slice) const {
    return size_t(hemisphere) * slices + slice;
  }
  bool inOneBank(Issuer issuer, int address, int count, int64_t cycle,
                 FaultLog &log) const;

  int slices, words, wordsPerBank;
  size_t bitsPerSlice; ///< In 64-bit units.
  std::vector<uint64_t> written;
  std::vector<Port> ports;
};

} // namespace weft::verify

#endif // WEFT_LIB_VERIFY_MEMORY_H
