// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Packs elements into words by layout. Positions are sums of one table per
// dimension, so a tensor costs an addition per dimension and element whatever
// its layout.

#include "weft/Runtime/Placement.h"

#include <algorithm>

using namespace weft;

namespace {
/// What each index of each dimension adds to the position.
using PositionTables = std::vector<std::vector<LayoutPosition>>;

PositionTables positionTables(const Layout &layout,
                              const std::vector<int64_t> &shape) {
  PositionTables tables(shape.size());
  for (size_t d = 0; d < shape.size(); ++d) {
    tables[d].resize(size_t(shape[d]));
    Layout one;
    one.dims = {layout.dims[d]};
    for (int64_t i = 0; i < shape[d]; ++i)
      tables[d][size_t(i)] = one.at(std::span(&i, 1));
  }
  return tables;
}

/// Calls visit(i, position) for every element in row-major order.
template <typename Visit>
void forEachElement(const Layout &layout, const std::vector<int64_t> &shape,
                    Visit visit) {
  int64_t count = elementCount(shape).value_or(0);
  if (count == 0)
    return;
  PositionTables tables = positionTables(layout, shape);
  size_t rank = shape.size();
  std::vector<size_t> index(rank, 0);
  int64_t inner = rank ? shape[rank - 1] : 1;
  static const std::vector<LayoutPosition> scalar(1);
  const std::vector<LayoutPosition> &row = rank ? tables[rank - 1] : scalar;
  for (int64_t i = 0; i < count; i += inner) {
    LayoutPosition base = layout.offset;
    for (size_t d = 0; d + 1 < rank; ++d) {
      const LayoutPosition &step = tables[d][index[d]];
      base.lane += step.lane;
      base.word += step.word;
      base.column += step.column;
    }
    for (int64_t j = 0; j < inner; ++j) {
      LayoutPosition p = base;
      p.lane += row[size_t(j)].lane;
      p.word += row[size_t(j)].word;
      p.column += row[size_t(j)].column;
      visit(i + j, p);
    }
    for (size_t d = rank - (rank > 0); d-- > 0;) {
      if (++index[d] < size_t(shape[d]))
        break;
      index[d] = 0;
    }
  }
}
} // namespace

Status weft::checkPlacement(const Machine &machine, const Placement &placement,
                            const std::vector<int64_t> &shape,
                            const std::string &what) {
  const Layout &layout = placement.layout;
  auto bad = [&](const std::string &why) {
    return Error{ErrorKind::Invalid, what + ": " + why, {}};
  };
  const std::vector<int64_t> &own = placement.layoutShape(shape);
  if (elementCount(own) != elementCount(shape))
    return bad("the layout is for another number of elements");
  if (Status fine = checkLayout(layout, own, machine.lanes()); !fine)
    return bad(fine.error().message);
  int width = byteWidth(placement.storage);
  if (layout.words < 0 || layout.columns < 0 || placement.segmentWords < 0 ||
      placement.planes.size() !=
          size_t(layout.columns) * size_t(width * placement.segments()))
    return bad(std::to_string(placement.planes.size()) + " byte planes for " +
               std::to_string(layout.columns) + " columns of " +
               std::to_string(width) + " bytes");
  for (size_t i = 0; i < placement.planes.size(); ++i) {
    const PlaneAddress &plane = placement.planes[i];
    int words = placement.wordsOf(i);
    if (plane.slice >= machine.slices ||
        machine.isReserved(plane.hemisphere, plane.slice) ||
        int64_t(plane.address) + words > machine.words())
      return bad("words " + std::to_string(plane.address) + "+" +
                 std::to_string(words) + " of slice " +
                 std::to_string(plane.slice) + " are not the program's to use");
  }

  std::optional<int64_t> count = elementCount(shape);
  int64_t places = int64_t(layout.words) * layout.columns *
                   (layout.splat ? 1 : machine.lanes());
  if (!count || *count > places)
    return bad(std::to_string(places) + " places for " +
               (count ? std::to_string(*count) : std::string("too many")) +
               " elements");
  return success();
}

std::vector<std::vector<uint8_t>>
weft::packPlanes(const Machine &machine, const Placement &placement,
                 const std::vector<int64_t> &shape,
                 const StoredElements &elements) {
  const Layout &layout = placement.layout;
  size_t lanes = size_t(machine.lanes());
  int width = byteWidth(placement.storage);
  std::vector<std::vector<uint8_t>> planes(placement.planes.size());
  for (size_t p = 0; p < planes.size(); ++p)
    planes[p].assign(
        size_t(placement.wordsOf(p)) * lanes,
        uint8_t(placement.padding >>
                (8 * (p / size_t(placement.segments()) % size_t(width)))));
  forEachElement(placement.layout, placement.layoutShape(shape),
                 [&](int64_t i, const LayoutPosition &at) {
                   uint32_t bits = elements.bits[size_t(i)];
                   for (int b = 0; b < width; ++b) {
                     Placement::Spot spot = placement.spotOf(at, b);
                     uint8_t *word =
                         planes[spot.plane].data() + size_t(spot.word) * lanes;
                     uint8_t byte = uint8_t(bits >> (8 * b));
                     if (layout.splat)
                       std::fill(word, word + lanes, byte);
                     else
                       word[at.lane] = byte;
                   }
                 });
  return planes;
}

StoredElements
weft::unpackPlanes(const Machine &machine, const Placement &placement,
                   const std::vector<int64_t> &shape,
                   const std::vector<std::vector<uint8_t>> &planes) {
  StoredElements elements;
  elements.type = placement.storage;
  elements.bits.resize(size_t(elementCount(shape).value_or(0)));
  size_t lanes = size_t(machine.lanes());
  int width = byteWidth(placement.storage);
  forEachElement(placement.layout, placement.layoutShape(shape),
                 [&](int64_t i, const LayoutPosition &at) {
                   uint32_t bits = 0;
                   for (int b = 0; b < width; ++b) {
                     Placement::Spot spot = placement.spotOf(at, b);
                     bits |=
                         uint32_t(planes[spot.plane][size_t(spot.word) * lanes +
                                                     size_t(at.lane)])
                         << (8 * b);
                   }
                   elements.bits[size_t(i)] = bits;
                 });
  return elements;
}

std::vector<std::vector<bool>>
weft::usedWords(const Placement &placement, const std::vector<int64_t> &shape) {
  std::vector<std::vector<bool>> used(placement.planes.size());
  for (size_t p = 0; p < used.size(); ++p)
    used[p].resize(size_t(placement.wordsOf(p)));
  forEachElement(placement.layout, placement.layoutShape(shape),
                 [&](int64_t, const LayoutPosition &at) {
                   for (int b = 0; b < byteWidth(placement.storage); ++b) {
                     Placement::Spot spot = placement.spotOf(at, b);
                     used[spot.plane][size_t(spot.word)] = true;
                   }
                 });
  return used;
}
