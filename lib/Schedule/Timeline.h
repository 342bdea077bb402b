// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What is taken when: sets of busy cycles of a queue, claims on a stream in
// space and time, and free ranges of addresses or rows with the cycle from
// which each is free. Only bookkeeping; who gets what is decided elsewhere.

#ifndef WEFT_LIB_SCHEDULE_TIMELINE_H
#define WEFT_LIB_SCHEDULE_TIMELINE_H

#include <algorithm>
#include <cstdint>
#include <limits>
#include <vector>

namespace weft::schedule {

constexpr int64_t never = std::numeric_limits<int64_t>::max() / 4;

/// Busy cycles of one queue: disjoint closed intervals in order, merged where
/// they touch, so that back-to-back bursts cost one entry.
class BusyCycles {
public:
  /// Earliest t' >= t with [t', t' + length) free.
  int64_t nextFree(int64_t t, int64_t length) const {
    auto it = std::partition_point(spans.begin(), spans.end(),
                                   [&](const Span &s) { return s.last < t; });
    for (; it != spans.end() && it->first < t + length; ++it)
      t = it->last + 1;
    return t;
  }
  bool isFree(int64_t t, int64_t length) const {
    return nextFree(t, length) == t;
  }
  void add(int64_t first, int64_t last) {
    auto it =
        std::partition_point(spans.begin(), spans.end(),
                             [&](const Span &s) { return s.last < first - 1; });
    if (it == spans.end() || it->first > last + 1) {
      spans.insert(it, Span{first, last});
      return;
    }
    it->first = std::min(it->first, first);
    it->last = std::max(it->last, last);
    auto next = it + 1;
    while (next != spans.end() && next->first <= it->last + 1) {
      it->last = std::max(it->last, next->last);
      ++next;
    }
    spans.erase(it + 1, next);
  }

private:
  struct Span {
    int64_t first, last;
  };
  std::vector<Span> spans;
};

/// Claims on one stream of one direction. A value holds diagonals
/// [first, last] (t - x eastward, t + x westward) over positions [low, high].
class StreamClaims {
public:
  /// Earliest diagonal d >= first such that [d, d + length) is free over the
  /// positions. A claim that ends before `first` is passed over by the search;
  /// `longest` bounds how far back one can begin.
  int64_t nextFree(int64_t first, int64_t length, int low, int high) const {
    auto it =
        std::partition_point(claims.begin(), claims.end(), [&](const Claim &c) {
          return c.first < first - longest;
        });
    for (; it != claims.end() && it->first < first + length; ++it)
      if (it->last >= first && it->low <= high && it->high >= low)
        first = it->last + 1;
    return first;
  }
  void add(int64_t first, int64_t last, int low, int high) {
    auto it =
        std::partition_point(claims.begin(), claims.end(),
                             [&](const Claim &c) { return c.first <= first; });
    claims.insert(it, Claim{first, last, low, high});
    longest = std::max(longest, last - first + 1);
  }

private:
  struct Claim {
    int64_t first, last;
    int low, high;
  };
  std::vector<Claim> claims;
  int64_t longest = 0;
};

/// Free ranges of a bank's addresses or of accumulator rows. A range given
/// back is free from the cycle after its last use.
class FreeRanges {
public:
  FreeRanges() = default;
  FreeRanges(int first, int length) {
    if (length > 0)
      ranges.push_back({first, length, 0});
  }

  struct Fit {
    int address = -1;     ///< -1: nothing fits, ever, with what is known.
    int64_t from = never; ///< Cycle from which the range is free.
  };
  /// The first range of `length` that is free at `cycle`; else the one that is
  /// free soonest.
  Fit find(int length, int64_t cycle) const {
    Fit best;
    for (size_t i = 0; i < ranges.size(); ++i) {
      int have = 0;
      int64_t from = 0;
      for (size_t j = i; j < ranges.size(); ++j) {
        if (j > i &&
            ranges[j].first != ranges[j - 1].first + ranges[j - 1].length)
          break;
        have += ranges[j].length;
        from = std::max(from, ranges[j].from);
        if (from >= best.from)
          break;
        if (have >= length) {
          best = {ranges[i].first, from};
          break;
        }
      }
      if (best.from <= cycle)
        return best;
    }
    return best;
  }

  /// Takes a range that is wholly free.
  void take(int address, int length) {
    int end = address + length;
    std::vector<Range> kept;
    kept.reserve(ranges.size() + 1);
    for (const Range &r : ranges) {
      int rEnd = r.first + r.length;
      if (rEnd <= address || r.first >= end) {
        kept.push_back(r);
        continue;
      }
      if (r.first < address)
        kept.push_back({r.first, address - r.first, r.from});
      if (rEnd > end)
        kept.push_back({end, rEnd - end, r.from});
    }
    ranges = std::move(kept);
  }

  /// Whether every word of the range is free.
  bool contains(int address, int length) const {
    int at = address;
    for (const Range &r : ranges)
      if (r.first <= at && at < r.first + r.length)
        at = r.first + r.length;
    return at >= address + length;
  }

  /// Gives a range back, free from `from`. Neighbours whose times are close
  /// are merged at the later time, which is safe and keeps the list short.
  void give(int address, int length, int64_t from) {
    constexpr int64_t close = 1024;
    auto it =
        std::partition_point(ranges.begin(), ranges.end(),
                             [&](const Range &r) { return r.first < address; });
    it = ranges.insert(it, {address, length, from});
    auto joins = [](const Range &a, const Range &b) {
      return a.first + a.length == b.first && a.from - b.from < close &&
             b.from - a.from < close;
    };
    if (it + 1 != ranges.end() && joins(*it, *(it + 1))) {
      it->length += (it + 1)->length;
      it->from = std::max(it->from, (it + 1)->from);
      ranges.erase(it + 1);
    }
    if (it != ranges.begin() && joins(*(it - 1), *it)) {
      (it - 1)->length += it->length;
      (it - 1)->from = std::max((it - 1)->from, it->from);
      ranges.erase(it);
    }
  }

  int64_t total() const {
    int64_t sum = 0;
    for (const Range &r : ranges)
      sum += r.length;
    return sum;
  }
  /// First word past the last free one, or -1.
  int lastFreeEnd() const {
    return ranges.empty() ? -1 : ranges.back().first + ranges.back().length;
  }
  int lastFreeLength() const {
    return ranges.empty() ? 0 : ranges.back().length;
  }

private:
  struct Range {
    int first, length;
    int64_t from;
  };
  std::vector<Range> ranges;
};

} // namespace weft::schedule

#endif // WEFT_LIB_SCHEDULE_TIMELINE_H
