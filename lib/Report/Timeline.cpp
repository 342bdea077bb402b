// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writes numbers.

#include "Timeline.h"

#include "weft/Program/Text.h"

using namespace weft;
using namespace weft::report;

int TextPatterns::split(const std::string &text,
                        std::vector<uint64_t> &numbers) {
  auto digit = [&](size_t i) {
    return i < text.size() && text[i] >= '0' && text[i] <= '9';
  };
  std::string pattern;
  for (size_t i = 0; i < text.size();) {
    if (!digit(i)) {
      pattern += text[i++];
      continue;
    }
    // 15 digits are exact in a page's arithmetic; longer runs are divided.
    size_t end = i;
    uint64_t number = 0;
    for (; digit(end) && end - i < 15; ++end)
      number = number * 10 + uint64_t(text[end] - '0');
    pattern += '\1';
    if (text[i] == '0' && end - i > 1)
      pattern += "{" + std::to_string(end - i) + "}";
    numbers.push_back(number);
    i = end;
  }
  auto [at, fresh] = known.try_emplace(pattern, int(patterns.size()));
  if (fresh)
    patterns.push_back(pattern);
  return at->second;
}

void NumberStream::put(uint64_t number) {
  for (; number >= 128; number >>= 7)
    bytes.push_back(uint8_t(number) | 128);
  bytes.push_back(uint8_t(number));
}

void NumberStream::putSigned(int64_t number) {
  put((uint64_t(number) << 1) ^ uint64_t(number >> 63));
}

std::string NumberStream::base64() const {
  constexpr char digits[] =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string text;
  text.reserve((bytes.size() + 2) / 3 * 4);
  for (size_t i = 0; i < bytes.size(); i += 3) {
    size_t left = std::min<size_t>(3, bytes.size() - i);
    uint32_t group = uint32_t(bytes[i]) << 16;
    group |= left > 1 ? uint32_t(bytes[i + 1]) << 8 : 0;
    group |= left > 2 ? uint32_t(bytes[i + 2]) : 0;
    for (size_t k = 0; k < 4; ++k)
      text += k <= left ? digits[group >> (18 - 6 * k) & 63] : '=';
  }
  return text;
}

std::vector<Burst> report::joined(const std::vector<Burst> &bursts,
                                  int64_t gap) {
  std::vector<Burst> out;
  int64_t end = 0;
  // `distance` is the length of what was joined until all is.
  for (const Burst &burst : bursts) {
    int64_t length = burst.last() - burst.first + 1;
    if (!out.empty() && out.back().node == burst.node &&
        burst.first - end <= gap) {
      out.back().issues += burst.issues;
      out.back().distance = burst.last() - out.back().first + 1;
    } else {
      out.push_back(burst);
      out.back().distance = length;
      out.back().stride = 0;
    }
    end = burst.last() + 1;
  }
  return out;
}

std::string report::encodeTimeline(const Machine &machine,
                                   const ChipActivity &activity,
                                   int64_t joinGap, TextPatterns &patterns) {
  NumberStream out;
  std::vector<uint64_t> numbers;
  for (const QueueActivity &queue : activity.queues) {
    int64_t end = 0;
    int32_t instruction = 0;
    if (joinGap > 0) {
      for (const Burst &run : joined(queue.bursts, joinGap)) {
        out.put(uint64_t(run.first - end));
        out.put(uint64_t(run.issues - 1));
        out.put(uint64_t(run.distance - 1));
        out.put(uint64_t(run.node + 1));
        end = run.first + run.distance;
      }
      continue;
    }
    for (const Burst &burst : queue.bursts) {
      out.put(uint64_t(burst.first - end));
      out.put(uint64_t(burst.issues - 1));
      if (burst.issues > 1) {
        out.put(uint64_t(burst.distance - 1));
        out.putSigned(burst.stride);
      }
      out.put(uint64_t(burst.node + 1));
      out.put(uint64_t(burst.instruction - instruction));
      numbers.clear();
      out.put(uint64_t(patterns.split(
          instructionText(machine, queue.instruction(burst)), numbers)));
      for (uint64_t number : numbers)
        out.put(number);
      end = burst.last() + 1;
      instruction = burst.instruction;
    }
  }
  return out.base64();
}
