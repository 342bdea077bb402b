// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Operators that move elements in ways known at compile time: Transpose,
// Concat, Slice, Split, Pad, Tile.

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace weft::onnxtolinalg;

static LogicalResult lowerTranspose(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  const OnnxValue &x = n.in(0);
  SmallVector<int64_t> perm;
  if (auto given = n.intsAttr("perm"))
    perm = *given;
  else
    perm = llvm::to_vector(llvm::reverse(llvm::seq<int64_t>(0, x.rank())));
  SmallVector<int64_t> sorted(perm);
  llvm::sort(sorted);
  if (!llvm::equal(sorted, llvm::seq<int64_t>(0, x.rank())))
    return n.invalid("expected perm to be a permutation of " + Twine(x.rank()) +
                     " dimensions");
  n.set(0, transpose(n.b, x.value, perm), x.element);
  return success();
}

static LogicalResult lowerConcat(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  const OnnxValue &first = n.in(0);
  auto axis =
      n.normalizeAxis(n.intAttr("axis", n.opset() < 4 ? 1 : 0), first.rank());
  if (failed(axis))
    return failure();
  SmallVector<Value> parts;
  Shape shape = keepDims(first.shape(), *axis);
  shape[*axis] = 0;
  for (auto [index, input] : llvm::enumerate(n.inputs())) {
    if (!input || input.element != first.element ||
        input.rank() != first.rank() ||
        keepDims(input.shape(), *axis) != keepDims(first.shape(), *axis))
      return n.invalid("expected inputs of one type that differ in dimension " +
                       Twine(*axis) + " only, found input " + Twine(index) +
                       " to be otherwise");
    shape[*axis] += input.shape()[*axis];
    if (input.shape()[*axis] != 0)
      parts.push_back(input.value);
  }
  Value result;
  if (parts.empty())
    result = first.value;
  else if (parts.size() == 1)
    result = parts.front();
  else
    result = tensor::ConcatOp::create(
        n.b, RankedTensorType::get(shape, first.type().getElementType()),
        static_cast<uint64_t>(*axis), parts);
  n.set(0, result, first.element);
  return success();
}

/// Takes start, start + step, ... of one axis, bounds clamped as ONNX says.
static Value sliceAxis(NodeLowering &n, Value value, int64_t axis,
                       int64_t start, int64_t end, int64_t step) {
  int64_t size = cast<RankedTensorType>(value.getType()).getDimSize(axis);
  auto fromEnd = [&](int64_t at) { return at < 0 ? at + size : at; };
  start = fromEnd(start);
  end = fromEnd(end);
  if (step > 0) {
    start = std::clamp<int64_t>(start, 0, size);
    end = std::clamp<int64_t>(end, 0, size);
  } else {
    start = std::clamp<int64_t>(start, -1, size - 1);
    end = std::clamp<int64_t>(end, -1, size - 1);
  }
  SmallVector<int64_t> indices;
  for (int64_t at = start; step > 0 ? at < end : at > end; at += step)
    indices.push_back(at);
  return takeStatic(n.b, value, axis, indices);
}

static LogicalResult lowerSlice(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  const OnnxValue &x = n.in(0);
  SmallVector<int64_t> starts, ends, axes, steps;
  if (n.opset() < 10) {
    auto first = n.intsAttr("starts"), last = n.intsAttr("ends");
    if (!first || !last)
      return n.invalid("expected attributes starts and ends");
    starts = *first;
    ends = *last;
    axes = n.intsAttr("axes").value_or(SmallVector<int64_t>());
  } else {
    auto first = n.requireInts(1, "starts"), last = n.requireInts(2, "ends");
    if (failed(first) || failed(last))
      return failure();
    starts = *first;
    ends = *last;
    for (auto [index, list, what] :
         {std::tuple<unsigned, SmallVector<int64_t> *, StringRef>{3, &axes,
                                                                  "axes"},
          {4, &steps, "steps"}}) {
      if (!n.has(index))
        continue;
      auto values = n.requireInts(index, what);
      if (failed(values))
        return failure();
      *list = *values;
    }
  }
  if (axes.empty())
    axes = llvm::to_vector(
        llvm::seq<int64_t>(0, static_cast<int64_t>(starts.size())));
  if (steps.empty())
    steps.assign(starts.size(), 1);
  if (ends.size() != starts.size() || axes.size() != starts.size() ||
      steps.size() != starts.size())
    return n.invalid("expected starts, ends, axes and steps of one length");
  // Slices that step forward are taken together; each of the rest alone.
  Value value = x.value;
  Shape offsets(x.rank(), 0), sizes(x.shape()), strides(x.rank(), 1);
  for (size_t k = 0; k < starts.size(); ++k) {
    auto axis = n.normalizeAxis(axes[k], x.rank());
    if (failed(axis))
      return failure();
    if (steps[k] == 0)
      return n.invalid("expected steps other than 0");
    if (steps[k] < 0) {
      // INT64_MIN stands for "from the beginning" and must not overflow.
      int64_t end = std::max<int64_t>(ends[k], -(int64_t(1) << 62));
      value = sliceAxis(n, value, *axis, starts[k], end, steps[k]);
      sizes[*axis] = cast<RankedTensorType>(value.getType()).getDimSize(*axis);
      continue;
    }
    int64_t size = x.shape()[*axis];
    auto bound = [&](int64_t at) {
      return std::clamp<int64_t>(at < 0 ? at + size : at, 0, size);
    };
    int64_t start = bound(std::max<int64_t>(starts[k], -(int64_t(1) << 62)));
    int64_t end = bound(std::max<int64_t>(ends[k], -(int64_t(1) << 62)));
    int64_t step = std::min<int64_t>(steps[k], std::max<int64_t>(size, 1));
    offsets[*axis] = start;
    strides[*axis] = step;
    sizes[*axis] = end > start ? (end - start + step - 1) / step : 0;
  }
  n.set(0, extractSlice(n.b, value, offsets, sizes, strides), x.element);
  return success();
}

static LogicalResult lowerSplit(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  const OnnxValue &x = n.in(0);
  auto axis = n.normalizeAxis(n.intAttr("axis", 0), x.rank());
  if (failed(axis))
    return failure();
  int64_t size = x.shape()[*axis];
  auto parts = static_cast<int64_t>(n.node->getNumResults());
  SmallVector<int64_t> sizes;
  if (auto attr = n.intsAttr("split")) {
    sizes = *attr;
  } else if (n.has(1)) {
    auto values = n.requireInts(1, "the split");
    if (failed(values))
      return failure();
    sizes = *values;
  } else {
    // Equal parts; since opset 18 the last may be smaller.
    int64_t chunk = (size + parts - 1) / parts;
    if (n.opset() < 18 && size % parts != 0)
      return n.invalid("expected " + Twine(size) + " to split into " +
                       Twine(parts) + " equal parts");
    for (int64_t k = 0; k < parts; ++k)
      sizes.push_back(
          std::max<int64_t>(0, std::min<int64_t>(chunk, size - k * chunk)));
  }
  int64_t sum = 0;
  for (int64_t part : sizes)
    sum = part < 0 ? size + 1 : sum + part;
  if (sum != size || static_cast<int64_t>(sizes.size()) != parts)
    return n.invalid("expected " + Twine(parts) + " parts of " + Twine(size) +
                     " together, found " + Twine(sizes.size()) + " of " +
                     Twine(sum));
  Shape offsets(x.rank(), 0), steps(x.rank(), 1), shape(x.shape());
  for (auto [k, part] : llvm::enumerate(sizes)) {
    shape[*axis] = part;
    n.set(k, extractSlice(n.b, x.value, offsets, shape, steps), x.element);
    offsets[*axis] += part;
  }
  return success();
}

/// The element that a mode other than constant puts at position `at` (which may
/// lie outside) of an axis of `size`.
static int64_t paddedIndex(StringRef mode, int64_t at, int64_t size) {
  if (mode == "edge")
    return std::clamp<int64_t>(at, 0, size - 1);
  if (mode == "wrap")
    return ((at % size) + size) % size;
  // reflect, repeatedly, without repeating the edge
  if (size == 1)
    return 0;
  int64_t period = 2 * (size - 1);
  at = ((at % period) + period) % period;
  return at < size ? at : period - at;
}

static LogicalResult lowerPad(NodeLowering &n) {
  if (failed(n.needInputs(1)))
    return failure();
  const OnnxValue &x = n.in(0);
  StringRef mode = n.stringAttr("mode", "constant");
  SmallVector<int64_t> pads, axes;
  double fill = 0;
  if (n.opset() < 11) {
    auto attr = n.intsAttr("pads");
    if (!attr)
      attr = n.intsAttr("paddings");
    if (!attr)
      return n.invalid("expected attribute pads");
    pads = *attr;
    fill = n.floatAttr("value", 0.0f);
  } else {
    auto values = n.requireInts(1, "pads");
    if (failed(values))
      return failure();
    pads = *values;
    if (n.has(2)) {
      auto value = n.constantFloats(2);
      if (!value || value->size() != 1)
        return n.unsupported("expected the padding value to be a scalar known "
                             "at compile time");
      fill = value->front();
    }
    if (n.has(3)) {
      auto list = n.requireInts(3, "axes");
      if (failed(list))
        return failure();
      axes = *list;
    }
  }
  if (axes.empty())
    axes = llvm::to_vector(llvm::seq<int64_t>(0, x.rank()));
  if (pads.size() != 2 * axes.size())
    return n.invalid("expected " + Twine(2 * axes.size()) + " pads, found " +
                     Twine(pads.size()));
  if (mode != "constant" && mode != "edge" && mode != "reflect" &&
      mode != "wrap")
    return n.invalid("expected a mode of constant, edge, reflect or wrap, "
                     "found " +
                     mode);
  Shape low(x.rank(), 0), high(x.rank(), 0);
  for (size_t k = 0; k < axes.size(); ++k) {
    auto axis = n.normalizeAxis(axes[k], x.rank());
    if (failed(axis))
      return failure();
    low[*axis] = pads[k];
    high[*axis] = pads[k + axes.size()];
    if (x.shape()[*axis] + std::min<int64_t>(low[*axis], 0) +
            std::min<int64_t>(high[*axis], 0) <
        0)
      return n.invalid("expected pads that leave the tensor, found dimension " +
                       Twine(*axis) + " cut below 0");
  }
  Value value = x.value;
  if (mode != "constant") {
    for (int64_t d = 0; d < x.rank(); ++d) {
      int64_t size = x.shape()[d];
      if (low[d] == 0 && high[d] == 0)
        continue;
      if (size == 0)
        return n.invalid("expected elements to repeat, found none");
      SmallVector<int64_t> indices;
      for (int64_t at = -low[d]; at < size + high[d]; ++at)
        indices.push_back(paddedIndex(mode, at, size));
      value = takeStatic(n.b, value, d, indices);
    }
    n.set(0, value, x.element);
    return success();
  }
  // Negative pads cut first.
  Shape offsets(x.rank(), 0), sizes(x.shape()), ones(x.rank(), 1);
  for (int64_t d = 0; d < x.rank(); ++d) {
    offsets[d] = std::max<int64_t>(0, -low[d]);
    sizes[d] -= offsets[d] + std::max<int64_t>(0, -high[d]);
    low[d] = std::max<int64_t>(0, low[d]);
    high[d] = std::max<int64_t>(0, high[d]);
  }
  value = extractSlice(n.b, value, offsets, sizes, ones);
  Shape result(sizes);
  bool anything = false;
  SmallVector<OpFoldResult> lows, highs;
  for (int64_t d = 0; d < x.rank(); ++d) {
    result[d] += low[d] + high[d];
    anything |= low[d] != 0 || high[d] != 0;
    lows.push_back(n.b.getIndexAttr(low[d]));
    highs.push_back(n.b.getIndexAttr(high[d]));
  }
  if (llvm::is_contained(sizes, 0)) {
    value = splat(n.b, result, x.element, fill);
  } else if (anything) {
    Value padding = scalar(n.b, n.b.getLoc(), x.element, fill);
    value = tensor::PadOp::create(
        n.b, RankedTensorType::get(result, x.type().getElementType()), value,
        lows, highs, padding);
  }
  n.set(0, value, x.element);
  return success();
}

static LogicalResult lowerTile(NodeLowering &n) {
  if (failed(n.needInputs(2)))
    return failure();
  const OnnxValue &x = n.in(0);
  if (n.opset() < 6)
    return n.unsupported("expected opset 6 or later");
  auto repeats = n.requireInts(1, "repeats");
  if (failed(repeats))
    return failure();
  if (static_cast<int64_t>(repeats->size()) != x.rank() ||
      llvm::any_of(*repeats, [](int64_t r) { return r < 0; }))
    return n.invalid("expected " + Twine(x.rank()) + " repeats");
  // [d0, d1] tiled by [r0, r1] is [1, d0, 1, d1] broadcast to
  // [r0, d0, r1, d1] and collapsed.
  Shape spread, full, result;
  for (auto [size, times] : llvm::zip_equal(x.shape(), *repeats)) {
    if (times != 1) {
      spread.push_back(1);
      full.push_back(times);
    }
    spread.push_back(size);
    full.push_back(size);
    result.push_back(size * times);
  }
  Value value = reshape(n.b, x.value, spread);
  value = broadcastTo(n.b, value, full);
  n.set(0, reshape(n.b, value, result), x.element);
  return success();
}

void weft::onnxtolinalg::addMovementLowerings(LoweringTable &table) {
  auto add = [&](StringRef op, int64_t since, LoweringFn fn) {
    table.push_back({op, "", since, kLatest, fn});
  };
  add("Transpose", 1, lowerTranspose);
  add("Concat", 1, lowerConcat);
  add("Slice", 1, lowerSlice);
  add("Split", 1, lowerSplit);
  add("Pad", 1, lowerPad);
  add("Tile", 6, lowerTile);
}
