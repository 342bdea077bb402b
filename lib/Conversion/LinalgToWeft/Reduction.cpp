// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reductions: over lanes as products with ones (sums) or after a change of
// lanes (all others), over words and vectors on the vector unit.

#include "Placer.h"

using namespace mlir;
using namespace weft;

LogicalResult Placer::placeReduction(linalg::GenericOp op, StringRef kind) {
  Location loc = op.getLoc();
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  Value input = op.getDpsInputs()[0];
  auto type = cast<RankedTensorType>(input.getType());
  auto resultType = cast<RankedTensorType>(op.getResult(0).getType());
  if (!maps[0].isPermutation() || !maps[1].isProjectedPermutation())
    return op.emitError("expected a reduction indexed by loops only");
  SmallVector<bool> reduced;
  for (unsigned d = 0; d < maps[0].getNumResults(); ++d)
    reduced.push_back(!maps[1].getResultPosition(
        getAffineDimExpr(maps[0].getDimPosition(d), b.getContext())));
  if (isFree(input)) {
    SmallVector<int> lanes{int(type.getRank()) - 1};
    auto made = version(
        input,
        buildLayout(packLanes(type.getShape(), lanes, machine.lanes(), 1)),
        loc);
    if (failed(made))
      return failure();
  }
  Value placed = anyVersion(input);
  Layout layout = layoutOf(placed.getType());
  bool inLanes = false, othersInLanes = false;
  for (unsigned d = 0; d < type.getRank(); ++d)
    if (!layout.splat && stepsLanes(layout, d))
      (reduced[d] ? inLanes : othersInLanes) = true;

  if (inLanes && kind == "add") {
    if (othersInLanes) {
      SmallVector<int> lanes;
      for (int d = int(type.getRank()) - 1; d >= 0; --d)
        if (reduced[size_t(d)])
          lanes.push_back(d);
      auto made = version(
          input,
          buildLayout(packLanes(type.getShape(), lanes, machine.lanes(), 1)),
          loc);
      if (failed(made))
        return failure();
      placed = *made;
    }
    PendingContract product{
        loc, {}, {}, {}, {}, maps[1], op.getStaticLoopRanges(), {}, true};
    auto one =
        DenseElementsAttr::get(RankedTensorType::get({}, b.getF32Type()), 1.0f);
    layout = layoutOf(placed.getType());
    // Vectors of a row are added before lanes are, where that saves passes: a
    // pass for each half of each vector of each piece, against two halves of
    // two pieces.
    int summed = -1;
    for (unsigned d = 0; d < type.getRank(); ++d)
      if (reduced[d] && layout.dims[d].size() >= 2 &&
          layout.dims[d][0].lane == 1 &&
          layout.dims[d][0].extent == machine.lanes() &&
          llvm::all_of(ArrayRef(layout.dims[d]).drop_front(),
                       [](const Digit &digit) { return digit.lane == 0; }))
        summed = int(d);
    bool add = summed >= 0 && getElementTypeOrSelf(placed.getType()).isF32() &&
               type.getDimSize(unsigned(summed)) <= 4 * machine.lanes();
    if (add)
      product.extents[maps[0].getDimPosition(unsigned(summed))] =
          machine.lanes();
    SmallVector<AffineMap> installedMaps;
    for (auto [piece, scale] : add ? addVectors(placed, unsigned(summed), loc)
                                   : pieces(placed, loc)) {
      product.streamed.push_back(piece);
      product.installed.push_back(table(one, one.getType(), loc));
      product.scales.push_back(scale);
      product.maps.push_back(maps[0]);
      installedMaps.push_back(
          AffineMap::get(maps[0].getNumDims(), 0, b.getContext()));
    }
    llvm::append_range(product.maps, installedMaps);
    for (int64_t extent : resultType.getShape())
      product.resultDigits.push_back({{extent, 0, true}});
    pending.try_emplace(op.getResult(0), product);
    return waitsForEpilogue(op, op.getResult(0))
               ? mlir::success()
               : finishPending(op.getResult(0));
  }
  if (inLanes && resultType.getRank() == 0 &&
      (kind == "max" || kind == "min") &&
      isa<FloatType>(type.getElementType())) {
    auto made = extremeOfLanes(placed, kind == "max", loc);
    if (failed(made))
      return failure();
    setVersion(op.getResult(0), *made);
    return mlir::success();
  }
  if (inLanes) {
    // Another dimension takes the lanes, the longest that stays.
    int best = -1;
    for (int d = 0; d < int(type.getRank()); ++d)
      if (!reduced[size_t(d)] &&
          (best < 0 ||
           type.getDimSize(unsigned(d)) > type.getDimSize(unsigned(best))))
        best = d;
    Layout target = best < 0 || type.getDimSize(unsigned(best)) == 1
                        ? splatLayout(type.getShape())
                        : buildLayout(packLanes(type.getShape(), {best},
                                                machine.lanes(), 1));
    // An input arrives in any layout, to the last bit; what is computed is
    // laid out anew by a product.
    auto made =
        isFree(input)
            ? version(input, target, loc)
            : relayout(
                  placed, target,
                  storageType(type.getElementType(), false,
                              getElementTypeOrSelf(placed.getType()).isF32()),
                  loc);
    if (failed(made))
      return failure();
    placed = *made;
    layout = layoutOf(placed.getType());
  }
  // Reduced dimensions are in words now.
  SmallVector<int64_t> dims;
  std::vector<LaneDigits> digits;
  for (unsigned d = 0; d < type.getRank(); ++d) {
    if (reduced[d])
      dims.push_back(d);
  }
  for (unsigned d = 0; d < maps[1].getNumResults(); ++d) {
    unsigned in = *maps[0].getResultPosition(
        getAffineDimExpr(maps[1].getDimPosition(d), b.getContext()));
    digits.push_back(laneDigits(layout, in));
  }
  for (unsigned d = 0; d + 1 < maps[1].getNumResults(); ++d)
    if (maps[1].getDimPosition(d) > maps[1].getDimPosition(d + 1))
      return op.emitError(
          "expected a reduction that keeps the order of dimensions");
  Layout out = buildLayout(digits, layout.splat);
  // Vectors that are combined next are read at one time.
  auto combinesAll = [](Operation *user) {
    auto generic = dyn_cast<linalg::GenericOp>(user);
    return generic && generic.getNumParallelLoops() == 0 &&
           !combinerKind(generic).empty();
  };
  if (llvm::all_of(op.getResult(0).getUsers(), combinesAll))
    out = spreadVectors(out, machine.segmentWords(), 8);
  out.offset.lane = layout.offset.lane;
  auto reduce = ReduceOp::create(
      b, loc,
      placedType(resultType.getShape(),
                 storageType(resultType.getElementType(), layout.splat,
                             getElementTypeOrSelf(placed.getType()).isF32()),
                 out),
      placed, kind, dims);
  setVersion(op.getResult(0), reduce);
  return mlir::success();
}
