// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Room for program text and places for everything that holds data at cycle 0.
// Weights of one load lie in different slices; the loads of one stretch of the
// program rotate over one part of the slices and leave the others to that
// stretch's activations. Weights that fill nearly all of memory fill whole
// banks.

#include "ListState.h"

using namespace weft;
using namespace weft::schedule;

/// Whether what holds data at cycle 0 and program text take more than 15/16 of
/// memory. Then weights fill whole slices, and text what they leave.
bool ListScheduler::isFull() const {
  int64_t need = problem.reservedTextBytes, room = 0;
  for (const Buffer &b : problem.buffers)
    if (b.initial && !b.place)
      need += int64_t(b.words) * machine.lanes();
  for (const SliceState &s : slices)
    room += roomIn(s) * machine.lanes();
  return need * 16 > room * 15;
}

int64_t ListScheduler::roomIn(const SliceState &s) const {
  int64_t sum = 0;
  for (const FreeRanges &f : s.free)
    sum += f.total();
  return sum;
}

/// Takes words for program text from the ends of a slice's banks; how many.
int64_t ListScheduler::takeText(SliceState &s, int64_t words) {
  int64_t left = std::max<int64_t>(words, 0);
  for (int bank = machine.banks; bank-- > 0 && left > 0;) {
    FreeRanges &free = s.free[bank];
    while (left > 0 && free.lastFreeLength() > 0) {
      int take = int(std::min<int64_t>(left, free.lastFreeLength()));
      free.take(free.lastFreeEnd() - take, take);
      s.used += take;
      left -= take;
    }
  }
  s.peak = std::max(s.peak, s.used);
  return std::max<int64_t>(words, 0) - left;
}

Status ListScheduler::reserveText() {
  int64_t words =
      (problem.reservedTextBytes + machine.lanes() - 1) / machine.lanes();
  if (full) {
    // From where most is left, down to one level, so that results find room in
    // many slices.
    auto above = [&](int64_t level) {
      int64_t sum = 0;
      for (const SliceState &s : slices)
        sum += std::max<int64_t>(roomIn(s) - level, 0);
      return sum;
    };
    int64_t level = 0;
    while (above(level + 1) >= words && level < machine.words())
      ++level;
    for (SliceState &s : slices)
      words -= takeText(s, std::min(words, roomIn(s) - level));
  } else {
    int64_t usable = 0;
    for (const SliceState &s : slices)
      usable += !s.reserved;
    // Evenly; what one cannot give the next must.
    for (SliceState &s : slices)
      if (!s.reserved) {
        words -= takeText(s, (words + usable - 1) / usable);
        --usable;
      }
  }
  if (words > 0)
    return doesNotFit("program text");
  return success();
}

/// The slice that has taken least of its share and has room for a buffer, or
/// -1.
int ListScheduler::leastFilled(int words, const std::vector<Share> &shares,
                               bool withinShare) const {
  int best = -1;
  int64_t smallest = never;
  for (const Share &share : shares) {
    const SliceState &s = slices[share.slice];
    int64_t taken = s.used - share.before;
    if (forbidden[share.slice] || (withinShare && taken + words > share.words))
      continue;
    constexpr int64_t whole = 1 << 20;
    int64_t part = taken * whole / std::max<int64_t>(share.words, 1);
    if (part < smallest && std::any_of(
                               s.free.begin(), s.free.end(),
                               [&](const FreeRanges &f) {
                                 return f.find(words, 0).address >= 0;
                               })) {
      best = share.slice;
      smallest = part;
    }
  }
  return best;
}

/// Weights of a full memory: the larger buffers first, in turn over as few
/// slices as could hold all, so that the smaller ones fill what is left of the
/// banks; then wherever there is room.
void ListScheduler::fillSlices(int h, const std::vector<int> &weights,
                               std::vector<int> &others) {
  auto words = [&](int b) { return problem.buffers[b].words; };
  std::vector<int> order; // from the outside inwards
  int64_t room = 0;
  for (int i = machine.slices; i-- > 0;)
    if (int s = sliceIndex(Hemisphere(h), i); !slices[s].reserved) {
      order.push_back(s);
      room += roomIn(slices[s]);
    }
  if (order.empty()) {
    others.insert(others.end(), weights.begin(), weights.end());
    return;
  }
  int64_t need = 0;
  for (int b : weights)
    need += words(b);
  // The two nearest to the VXM are for results, and take what the others leave.
  // Those keep a few words for more where there are any.
  constexpr size_t nearest = 2;
  constexpr int64_t spare = 32;
  size_t least = order.size() - std::min(nearest, order.size() - 1);
  int64_t text = problem.reservedTextBytes / machine.lanes();
  int64_t kept = room - need >= text + spare * int64_t(least) ? spare : 0;
  // Without, and with no room to spare for banks that are not filled, whole
  // tiles go to the other side instead: the first, which cross before that side
  // is busy.
  size_t first = 0;
  while (kept == 0 && first < weights.size() &&
         problem.buffers[weights[first]].mayCross &&
         need + 2 * spare * int64_t(nearest) + 4 * int64_t(least) > room) {
    int group = problem.buffers[weights[first]].group;
    do {
      need -= words(weights[first]);
      others.push_back(weights[first++]);
    } while (group >= 0 && first < weights.size() &&
             problem.buffers[weights[first]].group == group);
  }
  std::vector<std::pair<int, size_t>> bySize;
  for (size_t i = first; i < weights.size(); ++i)
    bySize.push_back({-words(weights[i]), i});
  std::sort(bySize.begin(), bySize.end());
  // Buffers of one size after the other, each to the slice that has least of
  // its share: of those that are filled all but what smaller buffers need, of
  // the others what is left.
  std::vector<Share> shares;
  for (size_t n = 0; n < bySize.size(); ++n) {
    int b = weights[bySize[n].second];
    if (n == 0 || bySize[n - 1].first != bySize[n].first) {
      int64_t own = 0, after = 0;
      for (size_t m = n; m < bySize.size(); ++m)
        (bySize[m].first == bySize[n].first ? own : after) -= bySize[m].first;
      int64_t each = kept + (after + int64_t(least) - 1) / int64_t(least);
      shares.clear();
      for (int s : order) {
        // Smaller ones would leave fragments in the others if these took none.
        bool near = shares.size() >= least;
        int64_t words = roomIn(slices[s]) - (near ? 2 * spare : each);
        if (near && n == 0)
          words = std::min(words, own / int64_t(order.size() - least));
        words = std::max<int64_t>(words, 0);
        shares.push_back({s, slices[s].used, words});
        own -= near ? 0 : std::min(own, words);
      }
    }
    markForbidden(b);
    int best = leastFilled(words(b), shares, true);
    if (best < 0)
      best = leastFilled(words(b), shares, false);
    if (best < 0 || !putIn(b, best))
      others.push_back(b);
  }
}

void ListScheduler::placeWeights(std::vector<int> &others) {
  // Initial buffers that only loads read, in the order of the loads.
  std::vector<int> weights[2];
  int64_t need[2] = {0, 0};
  for (const Chain &chain : problem.chains)
    if (chain.role == MxmRole::Load)
      forEachRead(chain, [&](int, int, const Access &a) {
        const Buffer &buffer = problem.buffers[a.buffer];
        if (isWeight[a.buffer] || !buffer.initial || buffer.place)
          return;
        isWeight[a.buffer] = 1;
        int h = int(hemispheres[a.buffer]);
        weights[h].push_back(a.buffer);
        need[h] += buffer.words;
      });
  for (size_t b = 0; b < buffers.size(); ++b)
    if (problem.buffers[b].initial && !buffers[b].placed && !isWeight[b])
      others.push_back(int(b));

  size_t widest = 1; // slices that one load reads weights from at one time
  for (size_t c = 0; c < problem.chains.size(); ++c) {
    size_t together = 0;
    if (problem.chains[c].role == MxmRole::Load)
      for (const Value &value : problem.chains[c].values) {
        size_t own =
            size_t(std::count_if(value.planes.begin(), value.planes.end(),
                                 [&](const std::vector<Access> &plane) {
                                   return !plane.empty() &&
                                          isWeight[plane.front().buffer];
                                 }));
        together = loadsAtOnce(int(c)) ? together + own : own;
        widest = std::max(widest, together);
      }
  }
  for (int h = 0; h < 2; ++h) {
    if (weights[h].empty())
      continue;
    if (full) {
      fillSlices(h, weights[h], others);
      continue;
    }
    std::vector<int> candidates; // from the outside inwards
    int64_t room = 0;
    int64_t largest = 1; // words of a buffer: a bank holds whole ones
    for (int b : weights[h])
      largest = std::max<int64_t>(largest, problem.buffers[b].words);
    for (int i = machine.slices; i-- > 0;) {
      int s = sliceIndex(Hemisphere(h), i);
      if (slices[s].reserved)
        continue;
      candidates.push_back(s);
      for (const FreeRanges &f : slices[s].free)
        room += f.total() / largest * largest;
    }
    if (candidates.empty()) {
      // All reserved: from the other side, if at all.
      others.insert(others.end(), weights[h].begin(), weights[h].end());
      continue;
    }
    size_t parts = std::clamp<size_t>(candidates.size() / widest, 1,
                                      std::max(tuning.parts, 1));
    // Where one load reads most slices at a time, it meets the reads of
    // activations in all that it uses: as few as hold the weights.
    if (parts == 1) {
      int64_t each = std::max<int64_t>(1, room / int64_t(candidates.size()));
      size_t least = size_t((need[h] + each - 1) / each);
      candidates.resize(std::min(candidates.size(), std::max(least, widest)));
    }
    // Parts that are needed are filled to one level, in turn.
    size_t used = parts;
    while (used > 1 && need[h] * int64_t(parts) <= room * int64_t(used - 1))
      --used;
    int64_t placedWords = 0;
    std::vector<size_t> cursor(parts, 0);
    for (int b : weights[h]) {
      markForbidden(b);
      // Parts differ by a slice; each takes as much as its slices.
      size_t part = 0;
      while (part + 1 < used &&
             placedWords * int64_t(candidates.size() * used / parts) >=
                 need[h] * int64_t(candidates.size() * (part + 1) / parts))
        ++part;
      bool placed = false;
      for (size_t q = 0; q < parts && !placed; ++q) {
        size_t now = (part + q) % parts;
        size_t begin = candidates.size() * now / parts;
        size_t size = candidates.size() * (now + 1) / parts - begin;
        for (size_t k = 0; k < size && !placed; ++k) {
          size_t i = (cursor[now] + k) % size;
          int s = candidates[begin + i];
          if (forbidden[s] || !putIn(b, s))
            continue;
          placed = true;
          cursor[now] = (i + 1) % size;
        }
      }
      placedWords += problem.buffers[b].words;
      if (!placed)
        others.push_back(b);
    }
  }
}

/// Counts the loads that read each slice, for the weights placed so far.
void ListScheduler::countLoads() {
  size_t steps = problem.chains.size() / loadStep + 2;
  for (SliceState &s : slices)
    s.loadsBefore.assign(steps, 0);
  for (size_t c = 0; c < problem.chains.size(); ++c)
    if (problem.chains[c].role == MxmRole::Load)
      forEachRead(problem.chains[c], [&](int, int, const Access &a) {
        if (isWeight[a.buffer] && buffers[a.buffer].placed)
          ++slices[buffers[a.buffer].slice].loadsBefore[c / loadStep + 1];
      });
  for (SliceState &s : slices)
    for (size_t i = 1; i < steps; ++i)
      s.loadsBefore[i] += s.loadsBefore[i - 1];
}

bool ListScheduler::placeInitialBuffer(int b) {
  markForbidden(b);
  if (int set = movableSet[b]; set >= 0 && !setPlaced[set] && !isWeight[b]) {
    int64_t free[2] = {0, 0};
    for (const SliceState &s : slices)
      if (!s.reserved)
        free[int(s.hemisphere)] += machine.words() - s.used;
    // What one matrix unit streams stays on its side while there is room.
    int own = int(hemispheres[b]);
    if (!votedSet[set] || free[own] * 10 < free[1 - own] * 9)
      for (int member : setMembers[set])
        hemispheres[member] = Hemisphere(free[1] > free[0]);
  }
  // Least traffic and most room first, away from weights if possible. Loads
  // may be fed from the other side when their own is full.
  std::vector<int> order;
  for (size_t s = 0; s < slices.size(); ++s)
    if (!slices[s].reserved && !forbidden[s] &&
        (slices[s].hemisphere == hemispheres[b] ||
         (isWeight[b] &&
          (!problem.buffers[b].hemisphere || problem.buffers[b].mayCross))))
      order.push_back(int(s));
  std::sort(order.begin(), order.end(), [&](int l, int r) {
    auto key = [&](const SliceState &s) {
      return std::tuple(s.hemisphere != hemispheres[b],
                        3 * s.traffic() + 16 * loadsDuring(s, b) + s.used / 4,
                        int(s.hemisphere), s.number);
    };
    return key(slices[l]) < key(slices[r]);
  });
  for (int s : order)
    if (putIn(b, s)) {
      hemispheres[b] = slices[s].hemisphere;
      return true;
    }
  return false;
}

Status ListScheduler::placeInitial() {
  std::vector<int> others;
  placeWeights(others);
  auto noRoom = [&](int b) {
    return doesNotFit("data at cycle 0 (buffer of " +
                      std::to_string(problem.buffers[b].words) + " words)");
  };
  if (full) {
    // Weights that found no room on their side need larger pieces than text.
    std::vector<int> rest;
    for (int b : others)
      if (!isWeight[b])
        rest.push_back(b);
      else if (!placeInitialBuffer(b))
        return noRoom(b);
    others = std::move(rest);
    if (Status s = reserveText(); !s)
      return s;
  }
  countLoads();
  // What is read beside many others first, while slices are free: a mask that
  // every chain reads bars a slice to each of them, they bar all to it.
  auto degree = [&](int b) {
    return simultaneous.first[b + 1] - simultaneous.first[b];
  };
  std::vector<std::pair<int64_t, size_t>> keys;
  for (size_t i = 0; i < others.size(); ++i)
    keys.emplace_back(-int64_t(degree(others[i])), i);
  std::sort(keys.begin(), keys.end());
  std::vector<int> inOrder;
  for (auto [key, i] : keys)
    inOrder.push_back(others[i]);
  others = std::move(inOrder);
  for (int b : others)
    if (!placeInitialBuffer(b))
      return noRoom(b);
  return success();
}
