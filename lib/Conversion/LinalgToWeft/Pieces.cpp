// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values that the matrix unit takes in two f16 pieces, since it takes nothing
// wider: integers, f32, and what the vectors of a row add up to.

#include "Placer.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace weft;

SmallVector<std::pair<Value, float>> Placer::pieces(Value placed,
                                                    Location loc) {
  auto type = cast<RankedTensorType>(placed.getType());
  Layout layout = layoutOf(type);
  auto half = placedType(type.getShape(), b.getF16Type(), layout);
  AffineMap id = b.getMultiDimIdentityMap(unsigned(type.getRank()));
  Type element = type.getElementType();
  if (element.isF16())
    return {{placed, 1.0f}};
  if (element.isInteger(8))
    return {{map(loc, placed, {id, id}, half, false,
                 [&](OpBuilder &builder, ValueRange args) -> Value {
                   return arith::SIToFPOp::create(
                       builder, loc, builder.getF32Type(), args[0]);
                 }),
             1.0f}};
  return split(loc, placed, {id}, half, element.isInteger(32),
               [](OpBuilder &, ValueRange args) { return args[0]; });
}

SmallVector<std::pair<Value, float>>
Placer::split(Location loc, ValueRange in, ArrayRef<AffineMap> maps,
              RankedTensorType half, bool isInteger,
              function_ref<Value(OpBuilder &, ValueRange)> value) {
  // v = a * high + b * low: a carries the top 11 bits, b what is left, so 22
  // bits in all and exact for integers below 2^22. For floats the factors
  // keep sums of squares in range: a reaches 2^28; b is whole below 2^20, which
  // a variance with a mean of hundreds needs, and resolves 2^-32.
  if (isInteger)
    return split(loc, in, maps, half, {2048.0f, 1.0f}, true, value);
  return split(loc, in, maps, half, {4096.0f, 1.0f / 256.0f}, false, value);
}

SmallVector<std::pair<Value, float>>
Placer::split(Location loc, ValueRange in, ArrayRef<AffineMap> maps,
              RankedTensorType half, ArrayRef<float> scales, bool isInteger,
              function_ref<Value(OpBuilder &, ValueRange)> value) {
  SmallVector<AffineMap> all(maps);
  all.append(scales.size(), b.getMultiDimIdentityMap(unsigned(half.getRank())));
  auto op = MapOp::create(b, loc, SmallVector<Type>(scales.size(), half), in,
                          b.getAffineMapArrayAttr(all), UnitAttr());
  OpBuilder::InsertionGuard guard(b);
  Block *block = b.createBlock(&op.getBody());
  for (Value v : in)
    block->addArgument(isa<FloatType>(getElementTypeOrSelf(v.getType()))
                           ? Type(b.getF32Type())
                           : Type(b.getI32Type()),
                       loc);
  // Factors are powers of two: products with them are exact, and so is the
  // difference from what a piece carries.
  auto times = [&](Value v, float n) -> Value {
    if (n == 1.0f)
      return v;
    return arith::MulFOp::create(
        b, loc, v, arith::ConstantOp::create(b, loc, b.getF32FloatAttr(n)));
  };
  Value rest = value(b, block->getArguments());
  if (isInteger)
    rest = arith::SIToFPOp::create(b, loc, b.getF32Type(), rest);
  rest = times(rest, 1.0f / scales.front());
  SmallVector<Value> yielded;
  for (size_t i = 0; i + 1 < scales.size(); ++i) {
    yielded.push_back(arith::TruncFOp::create(b, loc, b.getF16Type(), rest));
    Value wide = arith::ExtFOp::create(b, loc, b.getF32Type(), yielded.back());
    rest = times(arith::SubFOp::create(b, loc, rest, wide),
                 scales[i] / scales[i + 1]);
  }
  yielded.push_back(rest);
  YieldOp::create(b, loc, yielded);
  SmallVector<std::pair<Value, float>> result;
  for (auto [piece, scale] : llvm::zip(op.getResults(), scales))
    result.push_back({piece, scale});
  return result;
}

/// The kernel that computes a value of one other element by element, in the
/// same lanes and words; null otherwise.
static MapOp elementwiseSource(Value placed) {
  auto source = placed.getDefiningOp<MapOp>();
  if (!source || source.getInputs().size() != 1 ||
      source->getNumResults() != 1 || source.getMask() || !placed.use_empty() ||
      !llvm::all_of(source.getMaps().getAsValueRange<AffineMapAttr>(),
                    [](AffineMap map) { return map.isIdentity(); }) ||
      layoutOf(source.getInputs()[0].getType()) != layoutOf(placed.getType()))
    return {};
  return source;
}

SmallVector<std::pair<Value, float>>
Placer::addVectors(Value placed, unsigned dim, Location loc) {
  // What is computed of a vector, its square for one, is computed where it is
  // added, if there are ALUs enough.
  if (MapOp source = elementwiseSource(placed)) {
    auto parts = addVectors(source.getInputs()[0], dim, loc, source);
    auto op = parts[0].first.getDefiningOp<MapOp>();
    if (fitsVectorUnit(op.getBody().front(), op.getInputs().getTypes(),
                       op->getResultTypes(), bool(op.getMask()), machine))
      return parts;
    SmallVector<Value> views(op.getInputs());
    op.erase();
    for (Value view : views)
      if (view.use_empty())
        view.getDefiningOp()->erase();
  }
  return addVectors(placed, dim, loc, MapOp());
}

SmallVector<std::pair<Value, float>>
Placer::addVectors(Value placed, unsigned dim, Location loc, MapOp source) {
  auto type = cast<RankedTensorType>(placed.getType());
  Layout layout = layoutOf(type);
  const std::vector<Digit> &digits = layout.dims[dim];
  int64_t lanes = digits[0].extent, extent = type.getDimSize(dim);
  int64_t vectors = (extent + lanes - 1) / lanes;
  SmallVector<int64_t> shape(type.getShape());
  shape[dim] = lanes;
  unsigned rank = unsigned(shape.size());
  AffineMap id = b.getMultiDimIdentityMap(rank);
  // Vector j of every row, all under one shape; what the last one lacks is
  // padding, which need not be zero.
  SmallVector<Value> in;
  SmallVector<AffineMap> maps;
  for (int64_t j = 0; j < vectors; ++j) {
    Layout part = layout;
    part.dims[dim] = {digits[0]};
    LayoutPosition at = contribution(layout, dim, j * lanes);
    part.offset.word += at.word;
    part.offset.column += at.column;
    in.push_back(ViewOp::create(
        b, loc, placedType(shape, type.getElementType(), part), placed));
    maps.push_back(id);
  }
  bool partial = extent % lanes != 0;
  if (partial) {
    std::vector<float> ones(size_t(lanes), 0.0f);
    std::fill(ones.begin(), ones.begin() + extent % lanes, 1.0f);
    Layout own = buildLayout({LaneDigits{{lanes, 1, false}}});
    own.offset.lane = layout.offset.lane;
    in.push_back(table(
        DenseElementsAttr::get(RankedTensorType::get({lanes}, b.getF32Type()),
                               ArrayRef<float>(ones)),
        placedType({lanes}, b.getF32Type(), own), loc));
    maps.push_back(
        AffineMap::get(rank, 0, {b.getAffineDimExpr(dim)}, b.getContext()));
  }
  std::vector<LaneDigits> target;
  for (unsigned d = 0; d < rank; ++d)
    target.push_back(d == dim ? LaneDigits{{lanes, digits[0].lane, false}}
                              : laneDigits(layout, d));
  Layout sum = buildLayout(target);
  sum.offset.lane = layout.offset.lane;
  return split(loc, in, maps, placedType(shape, b.getF16Type(), sum), false,
               [&](OpBuilder &inner, ValueRange args) -> Value {
                 auto element = [&](int64_t j) -> Value {
                   if (!source)
                     return args[size_t(j)];
                   Block &body = source.getBody().front();
                   IRMapping mapping;
                   mapping.map(body.getArgument(0), args[size_t(j)]);
                   for (Operation &op : body.without_terminator())
                     inner.clone(op, mapping);
                   return mapping.lookupOrDefault(
                       body.getTerminator()->getOperand(0));
                 };
                 auto fma = [&](Value x, Value y, Value z) -> Value {
                   return math::FmaOp::create(inner, loc, x, y, z);
                 };
                 Value v = element(0);
                 for (int64_t j = 1; j < vectors; ++j) {
                   Value e = element(j);
                   auto product = e.getDefiningOp<arith::MulFOp>();
                   if (partial && j + 1 == vectors) {
                     v = fma(e, args[size_t(vectors)], v);
                   } else if (source && product) {
                     v = fma(product.getLhs(), product.getRhs(), v);
                     product.erase();
                   } else {
                     v = arith::AddFOp::create(inner, loc, v, e);
                   }
                 }
                 return v;
               });
}
