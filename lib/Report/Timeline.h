// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The bursts of a chip in few bytes: a stream of numbers, and the texts of
// instructions as patterns into which numbers are put. page/decode.js reads it.

#ifndef WEFT_LIB_REPORT_TIMELINE_H
#define WEFT_LIB_REPORT_TIMELINE_H

#include "weft/Report/Activity.h"

namespace weft::report {

/// Patterns of instruction texts: every run of decimal digits is a '\1', which
/// no text has; one that begins with 0 and has more digits a '\1' and its count
/// in '{}'.
class TextPatterns {
public:
  /// Index of a text's pattern; its numbers are appended to `numbers`.
  int split(const std::string &text, std::vector<uint64_t> &numbers);
  const std::vector<std::string> &all() const { return patterns; }

private:
  std::vector<std::string> patterns;
  std::map<std::string, int> known;
};

/// Numbers as base 128, least significant first, in base64.
class NumberStream {
public:
  void put(uint64_t number);
  void putSigned(int64_t number); ///< Zigzag: 0, -1, 1, -2, ...
  std::string base64() const;

private:
  std::vector<uint8_t> bytes;
};

/// Bursts of a queue joined where they belong to one node and no more than
/// `gap` cycles lie between them; issues are added up.
std::vector<Burst> joined(const std::vector<Burst> &bursts, int64_t gap);

/// All bursts, queue by queue: cycles since the last one's end, issues - 1,
/// (with several issues: distance - 1, stride), node + 1, instructions since
/// the last one, pattern, its numbers. `joinGap` > 0: bursts joined, then
/// without instructions, patterns and numbers, and length - 1 instead of
/// distance and stride.
std::string encodeTimeline(const Machine &machine, const ChipActivity &activity,
                           int64_t joinGap, TextPatterns &patterns);

} // namespace weft::report

#endif // WEFT_LIB_REPORT_TIMELINE_H
