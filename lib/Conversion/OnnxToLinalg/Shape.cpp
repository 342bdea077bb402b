// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Operators that change the shape and move nothing, and those that ask for it:
// Reshape, Flatten, Squeeze, Unsqueeze, Expand, Shape, Size.

#include "Lowering.h"

using namespace mlir;
using namespace weft::onnxtolinalg;

static std::string shapeText(ArrayRef<int64_t> shape) {
  std::string text;
  llvm::raw_string_ostream os(text);
  os << "[";
  llvm::interleaveComma(shape, os);
  os << "]";
  return text;
}

static LogicalResult lowerReshape(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  const OnnxValue &x = n.in(0);
  Shape shape;
  if (auto attr = n.intsAttr("shape"); attr && n.opset() < 5) {
    shape = *attr;
  } else {
    auto given = n.requireInts(1, "the shape");
    if (failed(given))
      return failure();
    shape = *given;
  }
  Shape asked = shape;
  bool allowZero = n.intAttr("allowzero", 0) != 0;
  int64_t known = 1;
  std::optional<size_t> open;
  for (auto [d, size] : llvm::enumerate(shape)) {
    if (size == 0 && !allowZero) {
      if (static_cast<int64_t>(d) >= x.rank())
        return n.invalid("expected a shape whose zeros copy dimensions of " +
                         shapeText(x.shape()) + ", found " + shapeText(asked));
      size = x.shape()[d];
    }
    if (size == -1) {
      if (open)
        return n.invalid("expected at most one -1 in the shape, found " +
                         shapeText(asked));
      open = d;
      continue;
    }
    if (size < 0)
      return n.invalid("expected a shape without negative sizes, found " +
                       shapeText(asked));
    known *= size;
  }
  int64_t total = x.type().getNumElements();
  if (open) {
    if (known == 0 ? total != 0 : total % known != 0)
      return n.invalid("expected a shape of " + Twine(total) +
                       " elements, found " + shapeText(asked));
    shape[*open] = known == 0 ? 0 : total / known;
  } else if (known != total) {
    return n.invalid("expected a shape of " + Twine(total) +
                     " elements, found " + shapeText(asked));
  }
  n.set(0, reshape(n.b, x.value, shape), x.element);
  return success();
}

static LogicalResult lowerFlatten(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  const OnnxValue &x = n.in(0);
  int64_t axis = n.intAttr("axis", 1);
  if (axis < 0)
    axis += x.rank();
  if (axis < 0 || axis > x.rank())
    return n.invalid("expected an axis of a tensor of rank " + Twine(x.rank()) +
                     ", found " + Twine(axis));
  Shape shape(2, 1);
  for (int64_t d = 0; d < x.rank(); ++d)
    shape[d < axis ? 0 : 1] *= x.shape()[d];
  n.set(0, reshape(n.b, x.value, shape), x.element);
  return success();
}

static LogicalResult lowerSqueeze(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  const OnnxValue &x = n.in(0);
  auto axes = n.axes(1, x.rank());
  if (failed(axes))
    return failure();
  Shape shape;
  for (int64_t d = 0; d < x.rank(); ++d) {
    bool drop = *axes ? llvm::is_contained(**axes, d) : x.shape()[d] == 1;
    if (drop && x.shape()[d] != 1)
      return n.invalid("expected dimension " + Twine(d) + " to be 1, found " +
                       shapeText(x.shape()));
    if (!drop)
      shape.push_back(x.shape()[d]);
  }
  n.set(0, reshape(n.b, x.value, shape), x.element);
  return success();
}

static LogicalResult lowerUnsqueeze(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  const OnnxValue &x = n.in(0);
  auto given = n.intsAttr("axes");
  if (!given) {
    auto values = n.requireInts(1, "axes");
    if (failed(values))
      return failure();
    given = *values;
  }
  int64_t rank = x.rank() + static_cast<int64_t>(given->size());
  llvm::SmallDenseSet<int64_t> axes;
  for (int64_t axis : *given) {
    auto normal = n.normalizeAxis(axis, rank);
    if (failed(normal))
      return failure();
    if (!axes.insert(*normal).second)
      return n.invalid("expected axes that differ, found " + shapeText(*given));
  }
  Shape shape;
  size_t next = 0;
  for (int64_t d = 0; d < rank; ++d)
    shape.push_back(axes.contains(d) ? 1 : x.shape()[next++]);
  n.set(0, reshape(n.b, x.value, shape), x.element);
  return success();
}

static LogicalResult lowerExpand(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  const OnnxValue &x = n.in(0);
  auto asked = n.requireInts(1, "the shape");
  if (failed(asked))
    return failure();
  auto shape = broadcastShapes(x.shape(), *asked);
  if (!shape || llvm::any_of(*asked, [](int64_t s) { return s < 0; }))
    return n.invalid("expected a shape that " + shapeText(x.shape()) +
                     " broadcasts to, found " + shapeText(*asked));
  n.set(0, broadcastTo(n.b, x.value, *shape), x.element);
  return success();
}

static LogicalResult lowerShape(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  ArrayRef<int64_t> shape = n.in(0).shape();
  int64_t rank = n.in(0).rank();
  auto clamp = [&](int64_t at) {
    return std::clamp<int64_t>(at < 0 ? at + rank : at, 0, rank);
  };
  int64_t start = clamp(n.intAttr("start", 0));
  int64_t end = clamp(n.intAttr("end", rank));
  ArrayRef<int64_t> part =
      end > start ? shape.slice(start, end - start) : ArrayRef<int64_t>();
  n.set(0,
        intConstant(n.b, part, {static_cast<int64_t>(part.size())},
                    n.b.getI64Type()),
        n.b.getI64Type());
  return success();
}

static LogicalResult lowerSize(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  n.set(0,
        intConstant(n.b, n.in(0).type().getNumElements(), {}, n.b.getI64Type()),
        n.b.getI64Type());
  return success();
}

void weft::onnxtolinalg::addShapeLowerings(LoweringTable &table) {
  auto add = [&](StringRef op, LoweringFn fn) {
    table.push_back({op, "", 1, kLatest, fn});
  };
  add("Reshape", lowerReshape);
  add("Flatten", lowerFlatten);
  add("Squeeze", lowerSqueeze);
  add("Unsqueeze", lowerUnsqueeze);
  table.push_back({"Expand", "", 8, kLatest, lowerExpand});
  add("Shape", lowerShape);
  add("Size", lowerSize);
}
