// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reshapes, slices, concatenations and padding. A reshape or slice is the same
// words seen otherwise where the digits of the layout allow it; a
// concatenation copies its parts into one tensor.

#include "Placer.h"

using namespace mlir;
using namespace weft;

/// A constant with another shape and the same elements in order.
static ElementsAttr reshaped(ElementsAttr attr, RankedTensorType type) {
  if (auto dense = dyn_cast<DenseElementsAttr>(attr))
    return dense.reshape(type);
  if (auto external = dyn_cast<ExternalElementsAttr>(attr))
    return ExternalElementsAttr::get(
        type, external.getFile(), external.getOffset(), external.getLength());
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr))
    return DenseResourceElementsAttr::get(type, resource.getRawHandle());
  return {};
}

LogicalResult Placer::placeReshape(Operation *op) {
  Value from = op->getOperand(0), to = op->getResult(0);
  auto fromType = cast<RankedTensorType>(from.getType());
  auto toType = cast<RankedTensorType>(to.getType());
  if (failed(finishPending(from)))
    return failure();
  if (ElementsAttr attr = constantOf(from)) {
    if (ElementsAttr view = reshaped(attr, toType)) {
      constants[to] = view;
      return mlir::success();
    }
  }
  if (auto it = inputs.find(from); it != inputs.end()) {
    inputs[to] = it->second;
    return mlir::success();
  }
  bool collapse = isa<tensor::CollapseShapeOp>(op);
  SmallVector<SmallVector<int64_t, 2>> groups;
  for (const auto &group :
       collapse ? cast<tensor::CollapseShapeOp>(op).getReassociationIndices()
                : cast<tensor::ExpandShapeOp>(op).getReassociationIndices())
    groups.emplace_back(group.begin(), group.end());
  auto viewOf = [&](const Layout &layout) {
    if (collapse && groups.empty()) {
      Layout scalar = layout;
      scalar.dims.clear();
      return std::optional<Layout>(scalar);
    }
    if (!collapse && groups.empty()) {
      Layout unit = layout;
      unit.dims.assign(size_t(toType.getRank()), {Digit{}});
      return std::optional<Layout>(unit);
    }
    return collapse ? collapseLayout(layout, fromType.getShape(), groups)
                    : expandLayout(layout, toType.getShape(), groups);
  };
  Value placed = anyVersion(from);
  std::optional<Layout> view;
  for (Value candidate : versions.lookup(from))
    if ((view = viewOf(layoutOf(candidate.getType())))) {
      placed = candidate;
      break;
    }
  if (!view) {
    // Take the lanes that the other shape would have by itself.
    RankedTensorType small = collapse ? toType : fromType;
    Layout plain = buildLayout(packLanes(
        small.getShape(), {int(small.getRank()) - 1}, machine.lanes(), 1));
    std::optional<Layout> source =
        collapse ? expandLayout(plain, fromType.getShape(), groups)
                 : std::optional<Layout>(plain);
    if (source && !viewOf(*source))
      source.reset();
    if (!source) {
      RankedTensorType large = collapse ? fromType : toType;
      Layout inner = buildLayout(packLanes(
          large.getShape(), {int(large.getRank()) - 1}, machine.lanes(), 1));
      source = collapse ? std::optional<Layout>(inner)
                        : collapseLayout(inner, toType.getShape(), groups);
    }
    if (!source || !viewOf(*source))
      source = splatLayout(fromType.getShape());
    auto made = version(from, *source, op->getLoc());
    if (failed(made))
      return failure();
    placed = *made;
    view = viewOf(layoutOf(placed.getType()));
    if (!view)
      return op->emitError("internal error: a reshape has no common layout");
  }
  Type element = getElementTypeOrSelf(placed.getType());
  setVersion(to, ViewOp::create(b, op->getLoc(),
                                placedType(toType.getShape(), element, *view),
                                placed));
  return mlir::success();
}

LogicalResult Placer::placeSlice(tensor::ExtractSliceOp op) {
  if (failed(finishPending(op.getSource())))
    return failure();
  auto type = cast<RankedTensorType>(op.getSource().getType());
  auto resultType = cast<RankedTensorType>(op.getType());
  for (int64_t v : op.getStaticOffsets())
    if (ShapedType::isDynamic(v))
      return op.emitError(
          "slices at computed offsets are not supported on the chip");
  SmallVector<int64_t> offsets(op.getStaticOffsets()),
      sizes(op.getStaticSizes()), strides(op.getStaticStrides());
  llvm::SmallBitVector dropped = op.getDroppedDims();
  auto sliced = [&](const Layout &layout) -> std::optional<Layout> {
    Layout base = layout;
    for (unsigned d = 0; d < base.dims.size(); ++d)
      if (strides[d] != 1) {
        if (base.dims[d].size() != 1)
          return std::nullopt;
        // Index i of the slice is offset + i * stride.
        LayoutPosition at = contribution(layout, d, offsets[d]);
        Digit &digit = base.dims[d][0];
        base.offset.lane += at.lane;
        base.offset.word += at.word;
        base.offset.column += at.column;
        digit.lane *= int32_t(strides[d]);
        digit.word *= int32_t(strides[d]);
        digit.column *= int32_t(strides[d]);
      }
    SmallVector<int64_t> plainOffsets(offsets);
    for (unsigned d = 0; d < base.dims.size(); ++d)
      if (strides[d] != 1)
        plainOffsets[d] = 0;
    std::optional<Layout> result = sliceLayout(base, plainOffsets, sizes);
    if (!result)
      return std::nullopt;
    std::vector<std::vector<Digit>> kept;
    for (unsigned d = 0; d < result->dims.size(); ++d)
      if (!dropped.test(d))
        kept.push_back(result->dims[d]);
    result->dims = kept;
    return result;
  };
  Value from = op.getSource();
  // Rows of a weight in a file are a shorter piece of the file.
  if (auto external =
          dyn_cast_or_null<ExternalElementsAttr>(constantOf(from))) {
    bool leading = type.getRank() > 0 && strides[0] == 1 && dropped.none();
    for (int d = 1; d < type.getRank(); ++d)
      leading &= sizes[size_t(d)] == type.getDimSize(unsigned(d));
    if (leading && type.getDimSize(0) > 0) {
      int64_t row = external.getLength() / type.getDimSize(0);
      constants[op.getResult()] = ExternalElementsAttr::get(
          resultType, external.getFile(),
          external.getOffset() + row * offsets[0], row * sizes[0]);
      return mlir::success();
    }
  }
  Value placed;
  std::optional<Layout> view;
  if (isFree(from) && !anyVersion(from)) {
    auto made = version(
        from,
        buildLayout(packLanes(type.getShape(), {int(type.getRank()) - 1},
                              machine.lanes(), 1)),
        op.getLoc());
    if (failed(made))
      return failure();
  }
  for (Value candidate : versions.lookup(from))
    if ((view = sliced(layoutOf(candidate.getType())))) {
      placed = candidate;
      break;
    }
  if (!view) {
    // Lanes on a dimension that is taken whole, or none.
    int whole = -1;
    for (int d = 0; d < int(type.getRank()); ++d)
      if (offsets[size_t(d)] == 0 &&
          sizes[size_t(d)] == type.getDimSize(unsigned(d)))
        whole = d;
    Layout target = whole < 0 ? splatLayout(type.getShape())
                              : buildLayout(packLanes(type.getShape(), {whole},
                                                      machine.lanes(), 1));
    auto made = version(from, target, op.getLoc());
    if (failed(made))
      return failure();
    placed = *made;
    view = sliced(layoutOf(placed.getType()));
    if (!view)
      return op.emitError("internal error: a slice has no layout");
  }
  setVersion(
      op.getResult(),
      ViewOp::create(b, op.getLoc(),
                     placedType(resultType.getShape(),
                                getElementTypeOrSelf(placed.getType()), *view),
                     placed));
  return mlir::success();
}

LogicalResult Placer::placeAssembly(Operation *op, ArrayRef<Value> in,
                                    ArrayRef<SmallVector<int64_t>> offsets) {
  Location loc = op->getLoc();
  auto type = cast<RankedTensorType>(op->getResult(0).getType());
  unsigned rank = unsigned(type.getRank());
  for (Value v : in)
    if (failed(finishPending(v)))
      return failure();
  // A dimension that every part has whole can be in lanes; the last of them.
  int lane = -1;
  for (int d = int(rank) - 1; d >= 0 && lane < 0; --d)
    if (type.getDimSize(unsigned(d)) > 1 && llvm::all_of(in, [&](Value v) {
          return cast<RankedTensorType>(v.getType()).getDimSize(unsigned(d)) ==
                 type.getDimSize(unsigned(d));
        }))
      lane = d;
  auto build = [&](ArrayRef<int64_t> shape) {
    return lane < 0 ? splatLayout(shape)
                    : buildLayout(packLanes(shape, {lane}, machine.lanes(), 1));
  };
  Layout layout = build(type.getShape());
  Type element = storageType(type.getElementType(), layout.splat);
  SmallVector<Value> parts;
  SmallVector<int64_t> flat;
  for (auto [v, offset] : llvm::zip(in, offsets)) {
    auto partType = cast<RankedTensorType>(v.getType());
    auto made = version(v, build(partType.getShape()), loc);
    if (failed(made))
      return failure();
    Value part = *made;
    auto want =
        placedType(partType.getShape(), element, layoutOf(part.getType()));
    if (getElementTypeOrSelf(part.getType()) != element)
      part = copy(part, want, false, loc);
    parts.push_back(part);
    llvm::append_range(flat, offset);
  }
  setVersion(op->getResult(0),
             AssembleOp::create(b, loc,
                                placedType(type.getShape(), element, layout),
                                parts, flat));
  return mlir::success();
}
