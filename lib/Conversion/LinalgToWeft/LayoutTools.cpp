// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arithmetic on layouts; see LayoutTools.h.

#include "LayoutTools.h"

#include <algorithm>
#include <map>
#include <tuple>
#include <utility>

using namespace weft;

Layout weft::buildLayout(llvm::ArrayRef<LaneDigits> digits, bool splat,
                         int columnDim, int columns) {
  Layout layout;
  layout.splat = splat;
  layout.dims.resize(digits.size());
  auto inLanes = [](const LaneDigits &dim) {
    for (const LaneDigit &digit : dim)
      if (digit.lane)
        return true;
    return false;
  };
  int32_t words = 1;
  auto assign = [&](size_t d) {
    for (const LaneDigit &digit : digits[d]) {
      if (int(d) == columnDim && &digit == &digits[d].front()) {
        // extent = columns * rows of words; the last row may be partial.
        int64_t rows = (digit.extent + columns - 1) / columns;
        layout.dims[d].push_back({columns, 0, 0, 1});
        layout.dims[d].push_back({rows, 0, words, 0});
        words *= int32_t(rows);
        continue;
      }
      layout.dims[d].push_back(
          {digit.extent, digit.lane, digit.vector ? words : 0, 0});
      if (digit.vector)
        words *= int32_t(digit.extent);
    }
  };
  for (int d = int(digits.size()) - 1; d >= 0; --d)
    if (!inLanes(digits[d]))
      assign(size_t(d));
  for (int d = int(digits.size()) - 1; d >= 0; --d)
    if (inLanes(digits[d]))
      assign(size_t(d));
  layout.words = words;
  layout.columns = columnDim >= 0 ? columns : 1;
  return layout;
}

Layout weft::spreadVectors(const Layout &layout, int segmentWords,
                           int columns) {
  Layout result = layout;
  Digit *vectors = nullptr;
  std::vector<Digit> *dim = nullptr;
  for (std::vector<Digit> &digits : result.dims) {
    bool inLanes = std::any_of(digits.begin(), digits.end(),
                               [](const Digit &d) { return d.lane != 0; });
    for (Digit &digit : digits)
      if (inLanes && !digit.lane && digit.word && digit.extent > 1) {
        if (vectors)
          return layout;
        vectors = &digit;
        dim = &digits;
      }
  }
  if (!vectors || layout.columns != 1 || layout.splat ||
      vectors->word % segmentWords == 0 ||
      layout.words != vectors->word * vectors->extent)
    return layout;
  columns = int(std::min<int64_t>(columns, vectors->extent));
  int64_t rest = (vectors->extent + columns - 1) / columns;
  int32_t word = vectors->word;
  *vectors = {columns, 0, 0, 1};
  auto at = dim->begin() + (vectors - dim->data()) + 1;
  if (rest > 1)
    dim->insert(at, Digit{rest, 0, word, 0});
  result.words = int32_t(word * rest);
  result.columns = columns;
  return result;
}

Layout weft::splatLayout(llvm::ArrayRef<int64_t> shape) {
  std::vector<LaneDigits> digits;
  for (int64_t extent : shape)
    digits.push_back({{extent, 0, true}});
  return buildLayout(digits, /*splat=*/true);
}

std::vector<LaneDigits> weft::packLanes(llvm::ArrayRef<int64_t> shape,
                                        llvm::ArrayRef<int> laneDims, int lanes,
                                        int align) {
  std::vector<LaneDigits> digits;
  for (int64_t extent : shape)
    digits.push_back({{extent, 0, true}});
  int64_t step = 1;
  for (int d : laneDims) {
    int64_t extent = shape[size_t(d)];
    int64_t room = step > lanes ? 0 : lanes / step;
    if (room < 2 && extent > 1)
      break;
    if (extent <= room) {
      digits[size_t(d)] = {{extent, int32_t(step), false}};
      step *= extent;
      if (step % align)
        step += align - step % align;
      continue;
    }
    digits[size_t(d)] = {{room, int32_t(step), false},
                         {(extent + room - 1) / room, 0, true}};
    break;
  }
  return digits;
}

void weft::packMembers(std::vector<LaneDigits> &digits, int dim, int64_t used,
                       int lanes, int align, int64_t most) {
  const int64_t half = lanes / 2;
  int64_t step = (used + align - 1) / align * align;
  int64_t extent = digits[size_t(dim)].front().extent;
  if (step == 0 || step > half || extent < 2)
    return;
  LaneDigits packed;
  int64_t inHalf = std::min({extent, half / step, most});
  if (inHalf > 1)
    packed.push_back({inHalf, int32_t(step), false});
  int64_t rest = (extent + inHalf - 1) / inHalf;
  if (rest > 1)
    packed.push_back({2, int32_t(half), false});
  rest = (rest + 1) / 2;
  if (rest > 1)
    packed.push_back({rest, 0, true});
  digits[size_t(dim)] = packed;
}

LaneDigits weft::withoutHalves(const LaneDigits &digits, int half) {
  LaneDigits result(digits);
  for (LaneDigit &digit : result)
    if (digit.lane % half == 0) {
      digit.lane = 0;
      digit.vector = true;
    }
  return result;
}

LaneDigits weft::halvesOf(const LaneDigits &digits, int64_t extent, int half) {
  LaneDigits result(digits);
  bool any = false;
  for (LaneDigit &digit : result) {
    if (digit.lane % half != 0) {
      // Both halves have as many.
      if (any || extent % digit.extent != 0)
        return {};
      extent /= digit.extent;
      digit.lane = 0;
      digit.vector = true;
    }
    any |= digit.lane != 0 && digit.extent > 1;
  }
  return any ? result : LaneDigits();
}

bool weft::stepsHalvesOnly(const LaneDigits &digits, int half) {
  bool any = false;
  for (const LaneDigit &digit : digits)
    if (digit.lane && digit.extent > 1) {
      if (digit.lane % half)
        return false;
      any = true;
    }
  return any;
}

bool weft::blocksFromOneHalf(const Layout &from, const Layout &target,
                             llvm::ArrayRef<int64_t> shape, int half,
                             int block) {
  if (from.splat || target.splat)
    return false;
  int64_t within = from.offset.lane;
  bool any = false;
  std::vector<unsigned> dims; ///< Whose indices place an element in the result.
  for (unsigned d = 0; d < shape.size(); ++d) {
    bool halves = stepsHalvesOnly(laneDigits(from, d), half);
    any |= halves;
    if (halves || stepsLanes(target, d))
      dims.push_back(d);
    if (!halves)
      for (const Digit &digit : from.dims[d])
        within += digit.lane * (digit.extent - 1);
  }
  if (!any || within >= half)
    return false;
  // All combinations of them, as positions in the result and halves.
  std::vector<std::pair<LayoutPosition, bool>> elements{
      {{target.offset.lane, 0, 0}, false}};
  for (unsigned d : dims) {
    std::vector<std::pair<LayoutPosition, bool>> next;
    for (auto [p, upper] : elements)
      for (int64_t i = 0; i < shape[d]; ++i) {
        LayoutPosition own = contribution(target, d, i);
        bool other = stepsHalvesOnly(laneDigits(from, d), half) &&
                     contribution(from, d, i).lane / half % 2 != 0;
        next.push_back(
            {{p.lane + own.lane, p.word + own.word, p.column + own.column},
             upper != other});
      }
    elements = std::move(next);
  }
  std::map<std::tuple<int, int, int>, bool> halves;
  for (auto [p, upper] : elements)
    if (auto [it, fresh] =
            halves.insert({{p.lane / block, p.word, p.column}, upper});
        !fresh && it->second != upper)
      return false;
  return true;
}

LaneDigits weft::laneDigits(const Layout &layout, unsigned dim) {
  LaneDigits result;
  for (const Digit &digit : layout.dims[dim])
    result.push_back({digit.extent, digit.lane,
                      digit.word != 0 || digit.column != 0 || digit.lane == 0});
  return result;
}

bool weft::stepsLanes(const Layout &layout, unsigned dim) {
  for (const Digit &digit : layout.dims[dim])
    if (digit.lane && digit.extent > 1)
      return true;
  return false;
}

LayoutPosition weft::contribution(const Layout &layout, unsigned dim,
                                  int64_t i) {
  LayoutPosition p;
  const std::vector<Digit> &digits = layout.dims[dim];
  for (size_t k = 0; k < digits.size(); ++k) {
    int64_t part = k + 1 == digits.size() ? i : i % digits[k].extent;
    i /= digits[k].extent;
    p.lane += int32_t(part) * digits[k].lane;
    p.word += int32_t(part) * digits[k].word;
    p.column += int32_t(part) * digits[k].column;
  }
  return p;
}

bool weft::isAligned(const Layout &out, llvm::ArrayRef<int64_t> shape,
                     const Layout &in, llvm::ArrayRef<int> inDims) {
  bool outSplat = out.splat;
  if (outSplat && !in.splat)
    return false;
  if (!in.splat && in.offset.lane != out.offset.lane)
    return false;
  for (size_t d = 0; d < shape.size(); ++d) {
    std::map<std::pair<int, int>, std::pair<int, int>> vectors;
    for (int64_t i = 0; i < shape[d]; ++i) {
      LayoutPosition o = contribution(out, unsigned(d), i);
      LayoutPosition p;
      if (inDims[d] >= 0)
        p = contribution(in, unsigned(inDims[d]), i);
      if (!in.splat && o.lane != p.lane)
        return false;
      auto [it, inserted] =
          vectors.insert({{o.word, o.column}, {p.word, p.column}});
      if (!inserted && it->second != std::pair<int, int>{p.word, p.column})
        return false;
    }
  }
  return true;
}

std::optional<Layout>
weft::collapseLayout(const Layout &layout, llvm::ArrayRef<int64_t> shape,
                     llvm::ArrayRef<llvm::SmallVector<int64_t, 2>> groups) {
  Layout result = layout;
  result.dims.clear();
  for (const auto &group : groups) {
    std::vector<Digit> digits;
    for (size_t k = group.size(); k-- > 0;) {
      size_t d = size_t(group[k]);
      int64_t product = 1;
      for (const Digit &digit : layout.dims[d]) {
        product *= digit.extent;
        if (digit.extent > 1)
          digits.push_back(digit);
      }
      // An inner dimension must fill its digits exactly.
      if (k > 0 && product != shape[d])
        return std::nullopt;
    }
    if (digits.empty())
      digits.push_back({1, 0, 0, 0});
    result.dims.push_back(digits);
  }
  return result;
}

std::optional<Layout>
weft::expandLayout(const Layout &layout, llvm::ArrayRef<int64_t> expandedShape,
                   llvm::ArrayRef<llvm::SmallVector<int64_t, 2>> groups) {
  Layout result = layout;
  result.dims.assign(expandedShape.size(), {});
  for (size_t g = 0; g < groups.size(); ++g) {
    std::vector<Digit> rest = layout.dims[g];
    for (size_t k = groups[g].size(); k-- > 0;) {
      size_t d = size_t(groups[g][k]);
      int64_t need = expandedShape[d];
      std::vector<Digit> digits;
      // The outermost of more than one takes all that is left, padding too.
      int64_t outside = 1;
      for (size_t j = 0; j < k; ++j)
        outside *= expandedShape[size_t(groups[g][j])];
      if (k == 0 || (outside == 1 && need > 1)) {
        digits = std::exchange(rest, {});
      } else {
        while (need > 1) {
          if (rest.empty())
            return std::nullopt;
          Digit &front = rest.front();
          bool last = rest.size() == 1;
          if (!last && need % front.extent == 0) {
            digits.push_back(front);
            need /= front.extent;
            rest.erase(rest.begin());
          } else if (last || front.extent % need == 0) {
            Digit part = front;
            part.extent = need;
            digits.push_back(part);
            front.extent = (front.extent + need - 1) / need;
            front.lane *= int32_t(need);
            front.word *= int32_t(need);
            front.column *= int32_t(need);
            need = 1;
          } else {
            return std::nullopt;
          }
        }
      }
      if (digits.empty())
        digits.push_back({1, 0, 0, 0});
      result.dims[d] = digits;
    }
  }
  return result;
}

std::optional<Layout> weft::sliceLayout(const Layout &layout,
                                        llvm::ArrayRef<int64_t> offsets,
                                        llvm::ArrayRef<int64_t> sizes) {
  Layout result = layout;
  for (size_t d = 0; d < sizes.size(); ++d) {
    LayoutPosition at = contribution(layout, unsigned(d), offsets[d]);
    result.offset.lane += at.lane;
    result.offset.word += at.word;
    result.offset.column += at.column;
    // Digits keep their meaning when every index of the slice lies where the
    // offset's position and its own add up.
    for (int64_t i = 0; i < sizes[d]; ++i) {
      LayoutPosition whole = contribution(layout, unsigned(d), offsets[d] + i);
      LayoutPosition own = contribution(layout, unsigned(d), i);
      if (whole.lane != at.lane + own.lane ||
          whole.word != at.word + own.word ||
          whole.column != at.column + own.column)
        return std::nullopt;
    }
  }
  return result;
}
