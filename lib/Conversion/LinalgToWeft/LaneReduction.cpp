// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The largest or smallest element of a whole tensor whose elements fill lanes.
// Its vectors are combined into one; 20 rows of 16 lanes are cut out of that
// one and brought to the same lanes by a product with a 0/1 matrix; so on with
// what is left. Each step combines rows of words on the vector unit, where an
// ordinary change of layout would make every lane a row of its own.

#include "Placer.h"

#include <limits>
#include <map>

using namespace mlir;
using namespace weft;

/// Lanes of a row that is cut out.
static constexpr int64_t kRowLanes = 16;
/// Vectors that one kernel combines, four streams each.
static constexpr size_t kMostVectors = 5;

namespace {
struct Vector {
  LayoutPosition at;
  std::vector<bool> used;
};
} // namespace

/// The vectors that hold a tensor, and the lanes that hold elements.
static std::vector<Vector> vectorsOf(const Layout &layout,
                                     ArrayRef<int64_t> shape, int lanes) {
  std::map<std::pair<int32_t, int32_t>, std::vector<bool>> found;
  SmallVector<int64_t> index(shape.size(), 0);
  while (true) {
    LayoutPosition p = layout.at(index);
    std::vector<bool> &used = found[{p.word, p.column}];
    used.resize(size_t(lanes));
    used[size_t(p.lane)] = true;
    size_t d = shape.size();
    while (d > 0 && ++index[d - 1] == shape[d - 1])
      index[--d] = 0;
    if (d == 0)
      break;
  }
  std::vector<Vector> vectors;
  for (auto &[at, used] : found)
    vectors.push_back({{0, at.first, at.second}, used});
  return vectors;
}

static Value combine(OpBuilder &b, Location loc, bool largest, Value x,
                     Value y) {
  return largest ? Value(arith::MaximumFOp::create(b, loc, x, y))
                 : Value(arith::MinimumFOp::create(b, loc, x, y));
}

static Value number(OpBuilder &b, Location loc, float value) {
  return arith::ConstantOp::create(b, loc, b.getF32FloatAttr(value));
}

/// f32 rows with one of two numbers in each lane.
Value Placer::laneNumbers(ArrayRef<std::vector<bool>> rows, float in, float out,
                          Location loc) {
  std::vector<float> values;
  for (const std::vector<bool> &row : rows)
    for (bool used : row)
      values.push_back(used ? in : out);
  SmallVector<int64_t> shape{int64_t(rows.size()), int64_t(rows[0].size())};
  LaneDigits lanes{{shape[1], 1, false}};
  return constant(
      DenseElementsAttr::get(RankedTensorType::get(shape, b.getF32Type()),
                             ArrayRef<float>(values)),
      placedType(shape, b.getF32Type(),
                 buildLayout({LaneDigits{{shape[0], 0, true}}, lanes})),
      loc);
}

/// Rows `masks` of a vector of `lanes` lanes as f16 pieces, 0 outside of them;
/// one piece where the elements are known to be f16.
SmallVector<std::pair<Value, float>>
Placer::cutRows(Value vector, ArrayRef<std::vector<bool>> masks, bool half,
                bool largest, Location loc) {
  int64_t count = int64_t(masks.size()), lanes = int64_t(masks[0].size());
  AffineMap id = b.getMultiDimIdentityMap(2);
  AffineMap row = AffineMap::get(2, 0, {b.getAffineDimExpr(1)}, b.getContext());
  Layout layout = buildLayout(
      {LaneDigits{{count, 0, true}}, LaneDigits{{lanes, 1, false}}});
  auto type = placedType({count, lanes}, b.getF16Type(), layout);
  auto cut = [&](OpBuilder &inner, ValueRange args) -> Value {
    // What is f16 is finite.
    if (half)
      return arith::MulFOp::create(inner, loc, args[0], args[1]);
    Value in = arith::CmpFOp::create(inner, loc, arith::CmpFPredicate::OEQ,
                                     args[1], number(inner, loc, 1.0f));
    return arith::SelectOp::create(inner, loc, in, args[0],
                                   number(inner, loc, 0.0f));
  };
  // Maxima and minima are cut at one time: zeros of different signs give each a
  // constant of its own to read.
  Value mask = laneNumbers(masks, 1.0f, largest ? 0.0f : -0.0f, loc);
  if (half)
    return {{map(loc, {vector, mask}, {row, id, id}, type, false, cut), 1.0f}};
  // Three pieces of 11 bits, v = a + b / 2^11 + c / 2^22: all 24 bits of values
  // from 2^-12 to 65504, as a scale needs that is equal to ONNX's.
  constexpr float step = 1.0f / 2048.0f;
  return split(loc, {vector, mask}, {row, id}, type, {1.0f, step, step * step},
               false, cut);
}

/// The rows of a product combined into one: as they come, which leaves a part
/// for each cycle of an ALU's latency, or one after the other where they are
/// few.
Value Placer::combineRows(const PendingContract &product,
                          ArrayRef<int64_t> shape, bool largest, Location loc) {
  StringRef kind = largest ? "max" : "min";
  const bool splat = shape.size() == 1;
  const int64_t rows = shape[0], parts = machine.aluLatency;
  ArrayRef<int64_t> rest = shape.drop_front();
  std::vector<LaneDigits> digits{LaneDigits{{rows, 0, true}}}, own;
  for (int64_t extent : rest)
    own.push_back({{extent, 1, false}});
  llvm::append_range(digits, own);
  auto oneType = placedType(rest, b.getF32Type(),
                            splat ? splatLayout({}) : buildLayout(own));
  if (rows < parts || rows >= 64 || rows > machine.accumulatorRows) {
    Value all = contract(
        product, placedType(shape, b.getF32Type(),
                            splat ? splatLayout(shape) : buildLayout(digits)));
    return ReduceOp::create(b, loc, oneType, all, kind, ArrayRef<int64_t>{0});
  }
  Layout layout = splat ? splatLayout(shape) : buildLayout(digits);
  layout.dims[0] = {Digit{parts, 0, 0, 1},
                    Digit{(rows + parts - 1) / parts, 0, 0, 0}};
  layout.words = 1;
  layout.columns = int32_t(parts);
  Value left =
      contract(product, placedType(shape, b.getF32Type(), layout), kind);
  SmallVector<Value> in;
  for (int32_t part = 0; part < parts; ++part) {
    Layout own = layoutOf(oneType);
    own.offset.column = part;
    own.columns = layout.columns;
    in.push_back(
        ViewOp::create(b, loc, placedType(rest, b.getF32Type(), own), left));
  }
  SmallVector<AffineMap> maps(in.size() + 1,
                              b.getMultiDimIdentityMap(unsigned(rest.size())));
  return map(loc, in, maps, oneType, false,
             [&](OpBuilder &inner, ValueRange args) -> Value {
               Value v = args[0];
               for (Value other : args.drop_front())
                 v = combine(inner, loc, largest, v, other);
               return v;
             });
}

FailureOr<Value> Placer::extremeOfLanes(Value placed, bool largest,
                                        Location loc) {
  auto type = cast<RankedTensorType>(placed.getType());
  const int lanes = machine.lanes();
  // What lanes without an element hold loses, and is finite.
  const float lost = largest ? -65504.0f : 65504.0f;
  const float kept =
      std::numeric_limits<float>::infinity() * (largest ? 1.0f : -1.0f);
  std::vector<Vector> vectors =
      vectorsOf(layoutOf(type), type.getShape(), lanes);
  Layout whole = buildLayout({LaneDigits{{lanes, 1, false}}});
  auto vectorType = placedType({lanes}, b.getF32Type(), whole);
  AffineMap id1 = b.getMultiDimIdentityMap(1);
  // All vectors into one; lanes without an element lose.
  Value one;
  for (size_t begin = 0; begin < vectors.size();) {
    // A masked vector takes two ALUs and a copy or two, another takes one.
    size_t count = 0;
    for (size_t cost = one ? 1 : 0;
         begin + count < vectors.size() && count < kMostVectors; ++count) {
      cost += llvm::is_contained(vectors[begin + count].used, false) ? 4 : 1;
      if (count > 0 && cost > 10)
        break;
    }
    SmallVector<Value> in;
    SmallVector<int> maskOf;
    if (one)
      in.push_back(one);
    size_t first = in.size();
    for (size_t i = 0; i < count; ++i) {
      Layout part = whole;
      part.offset = vectors[begin + i].at;
      part.words = layoutOf(type).words;
      part.columns = layoutOf(type).columns;
      in.push_back(ViewOp::create(
          b, loc, placedType({lanes}, type.getElementType(), part), placed));
    }
    for (size_t i = 0; i < count; ++i) {
      maskOf.push_back(-1);
      const std::vector<bool> &used = vectors[begin + i].used;
      if (llvm::all_of(used, [](bool u) { return u; }))
        continue;
      maskOf.back() = int(in.size());
      in.push_back(ViewOp::create(
          b, loc,
          placedType({lanes}, b.getF32Type(),
                     buildLayout({LaneDigits{{lanes, 1, false}}})),
          laneNumbers({used}, kept, lost, loc)));
    }
    SmallVector<AffineMap> maps(in.size() + 1, id1);
    one =
        map(loc, in, maps, vectorType, false,
            [&](OpBuilder &inner, ValueRange args) -> Value {
              SmallVector<Value> left;
              if (first)
                left.push_back(args[0]);
              for (size_t i = 0; i < count; ++i) {
                Value v = args[first + i];
                if (maskOf[i] >= 0)
                  v = combine(inner, loc, !largest, v, args[size_t(maskOf[i])]);
                left.push_back(v);
              }
              // A tree, in which few values wait.
              while (left.size() > 1) {
                SmallVector<Value> next;
                for (size_t i = 0; i + 1 < left.size(); i += 2)
                  next.push_back(
                      combine(inner, loc, largest, left[i], left[i + 1]));
                if (left.size() % 2)
                  next.push_back(left.back());
                left = next;
              }
              return left[0];
            });
    begin += count;
  }
  // Rows of 16 lanes on top of each other.
  const bool half = type.getElementType().isF16();
  int64_t width = lanes;
  if (lanes > kRowLanes && lanes % kRowLanes == 0) {
    int64_t count = lanes / kRowLanes;
    std::vector<std::vector<bool>> masks(
        size_t(count), std::vector<bool>(size_t(lanes), false));
    std::vector<float> matrix(size_t(lanes * kRowLanes), 0.0f);
    for (int64_t l = 0; l < lanes; ++l) {
      masks[size_t(l / kRowLanes)][size_t(l)] = true;
      matrix[size_t(l * kRowLanes + l % kRowLanes)] = 1.0f;
    }
    PendingContract product{loc, {}, {}, {}, {}, {}, {}, {}, false};
    product.extents = {count, kRowLanes, lanes};
    auto dims = [&](unsigned i, unsigned j) {
      return AffineMap::get(
          3, 0, {b.getAffineDimExpr(i), b.getAffineDimExpr(j)}, b.getContext());
    };
    auto folded = DenseElementsAttr::get(
        RankedTensorType::get({lanes, kRowLanes}, b.getF32Type()),
        ArrayRef<float>(matrix));
    SmallVector<AffineMap> installed;
    for (auto [piece, scale] : cutRows(one, masks, half, largest, loc)) {
      product.streamed.push_back(piece);
      product.installed.push_back(constant(folded, folded.getType(), loc));
      product.scales.push_back(scale);
      product.maps.push_back(dims(0, 2));
      installed.push_back(dims(2, 1));
    }
    llvm::append_range(product.maps, installed);
    product.resultMap = dims(0, 1);
    one = combineRows(product, {count, kRowLanes}, largest, loc);
    width = kRowLanes;
  }
  // Each lane that is left in all lanes of a row, the sum of itself and zeros.
  std::vector<std::vector<bool>> masks(size_t(width),
                                       std::vector<bool>(size_t(width), false));
  for (int64_t l = 0; l < width; ++l)
    masks[size_t(l)][size_t(l)] = true;
  PendingContract product{loc, {}, {}, {}, {}, {}, {}, {}, true};
  product.extents = {width, width};
  auto ones =
      DenseElementsAttr::get(RankedTensorType::get({}, b.getF32Type()), 1.0f);
  SmallVector<AffineMap> installed;
  for (auto [piece, scale] : cutRows(one, masks, half, largest, loc)) {
    product.streamed.push_back(piece);
    product.installed.push_back(constant(ones, ones.getType(), loc));
    product.scales.push_back(scale);
    product.maps.push_back(b.getMultiDimIdentityMap(2));
    installed.push_back(AffineMap::get(2, 0, b.getContext()));
  }
  llvm::append_range(product.maps, installed);
  product.resultMap =
      AffineMap::get(2, 0, {b.getAffineDimExpr(0)}, b.getContext());
  return combineRows(product, {width}, largest, loc);
}
