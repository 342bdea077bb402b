// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Broadcasting within a vector: an operand that has some of the loops in lanes
// and not others (cos[t, d] against x[t, h, d] with h and d in lanes).
// Constants are repeated when they are written; a computed operand meets a 0/1
// matrix on the matrix unit, exact for f16 pieces.

#include "Placer.h"

using namespace mlir;
using namespace weft;

/// `attr` with dimensions of `extents` appended, along which it is repeated.
static ElementsAttr repeated(DenseElementsAttr attr,
                             ArrayRef<int64_t> extents) {
  int64_t times = 1;
  SmallVector<int64_t> shape(attr.getType().getShape());
  for (int64_t extent : extents) {
    times *= extent;
    shape.push_back(extent);
  }
  auto type = RankedTensorType::get(shape, attr.getElementType());
  if (attr.isSplat())
    return attr.resizeSplat(type);
  SmallVector<Attribute> values;
  for (Attribute value : attr.getValues<Attribute>())
    values.append(size_t(times), value);
  return DenseElementsAttr::get(type, values);
}

FailureOr<Value> Placer::spreadInLanes(Value value, AffineMap map,
                                       ArrayRef<unsigned> missing,
                                       ArrayRef<LaneDigits> byLoop,
                                       ArrayRef<int64_t> loops, Location loc) {
  auto type = cast<RankedTensorType>(value.getType());
  unsigned own = map.getNumResults(), rank = own + unsigned(missing.size());
  SmallVector<int64_t> shape(type.getShape()), extra;
  std::vector<LaneDigits> digits;
  SmallVector<int> lanes;
  auto inLanes = [](const LaneDigits &dim) {
    return llvm::any_of(
        dim, [](const LaneDigit &d) { return d.lane && d.extent > 1; });
  };
  for (unsigned d = 0; d < own; ++d) {
    const LaneDigits &dim = byLoop[map.getDimPosition(d)];
    digits.push_back(inLanes(dim) ? dim
                                  : LaneDigits{{type.getDimSize(d), 0, true}});
    if (inLanes(dim))
      lanes.insert(lanes.begin(), int(d));
  }
  for (unsigned loop : missing) {
    extra.push_back(loops[loop]);
    digits.push_back(byLoop[loop]);
  }
  llvm::append_range(shape, extra);
  Layout target = buildLayout(digits);
  bool isFloat = isa<FloatType>(type.getElementType());

  if (auto dense = dyn_cast_or_null<DenseElementsAttr>(constantOf(value))) {
    if (dense.getElementType().isInteger(1)) {
      SmallVector<int32_t> numbers;
      for (bool v : dense.getValues<bool>())
        numbers.push_back(v);
      dense = DenseElementsAttr::get(dense.getType().clone(b.getI32Type()),
                                     ArrayRef<int32_t>(numbers));
    }
    return constant(repeated(dense, extra),
                    placedType(shape,
                               isFloat ? Type(b.getF32Type()) : b.getI32Type(),
                               target),
                    isa<UnknownLoc>(value.getLoc()) ? loc : value.getLoc());
  }

  // out[i, l, m] = sum over k of x[i, k] * [k == l], for all m.
  auto source = version(
      value, buildLayout(packLanes(type.getShape(), lanes, machine.lanes(), 1)),
      loc);
  if (failed(source))
    return failure();
  int64_t size = 1, times = 1;
  SmallVector<int64_t> laneShape;
  for (unsigned d = 0; d < own; ++d)
    if (llvm::is_contained(lanes, int(d)))
      laneShape.push_back(type.getDimSize(d));
  for (int64_t extent : laneShape)
    size *= extent;
  for (int64_t extent : extra)
    times *= extent;
  std::vector<float> ones(size_t(size * size * times), 0.0f);
  for (int64_t i = 0; i < size; ++i)
    std::fill_n(ones.begin() + (i * size + i) * times, times, 1.0f);
  SmallVector<int64_t> onesShape(laneShape);
  llvm::append_range(onesShape, laneShape);
  llvm::append_range(onesShape, extra);
  auto matrix = DenseElementsAttr::get(
      RankedTensorType::get(onesShape, b.getF32Type()), ArrayRef<float>(ones));

  PendingContract product{loc, {}, {}, {}, {}, {}, {}, {}, false};
  product.extents = shape;
  product.resultDigits = digits;
  unsigned count = rank + unsigned(laneShape.size());
  SmallVector<AffineExpr> streamed, installed, installedLanes, all;
  unsigned next = rank;
  for (unsigned d = 0; d < own; ++d) {
    all.push_back(b.getAffineDimExpr(d));
    if (!llvm::is_contained(lanes, int(d))) {
      streamed.push_back(b.getAffineDimExpr(d));
      continue;
    }
    product.extents.push_back(type.getDimSize(d));
    streamed.push_back(b.getAffineDimExpr(next));
    installed.push_back(b.getAffineDimExpr(next++));
    installedLanes.push_back(b.getAffineDimExpr(d));
  }
  llvm::append_range(installed, installedLanes);
  for (unsigned d = own; d < rank; ++d) {
    installed.push_back(b.getAffineDimExpr(d));
    all.push_back(b.getAffineDimExpr(d));
  }
  SmallVector<AffineMap> installedMaps;
  Type element = getElementTypeOrSelf(source->getType());
  for (auto [piece, scale] : pieces(*source, loc)) {
    product.streamed.push_back(piece);
    product.installed.push_back(table(matrix, matrix.getType(), loc));
    product.scales.push_back(scale);
    product.maps.push_back(AffineMap::get(count, 0, streamed, b.getContext()));
    installedMaps.push_back(
        AffineMap::get(count, 0, installed, b.getContext()));
  }
  llvm::append_range(product.maps, installedMaps);
  product.resultMap = AffineMap::get(count, 0, all, b.getContext());
  return contract(product, placedType(shape, element, target));
}
