// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Versions of tensors: materialising constants and inputs in the layout that
// is asked for, and changing the layout of computed ones. A change that keeps
// lanes is a copy on the vector unit; any other is a product with a 0/1 matrix
// on the matrix unit, exact for f16 pieces.

#include "Placer.h"

#include "mlir/Dialect/Utils/StructuredOpsUtils.h"

using namespace mlir;
using namespace weft;

RankedTensorType Placer::placedType(ArrayRef<int64_t> shape, Type element,
                                    const Layout &layout) {
  return RankedTensorType::get(shape, element,
                               LayoutAttr::get(b.getContext(), layout));
}

Type Placer::storageType(Type element, bool splat, bool exact) {
  if (isa<FloatType>(element))
    return splat || exact ? Type(b.getF32Type()) : Type(b.getF16Type());
  return element.isInteger(1) || element.isInteger(8) ? b.getIntegerType(8)
                                                      : b.getI32Type();
}

bool Placer::hasPadding(const Layout &layout) const {
  if (layout.splat)
    return false;
  int64_t used = 1;
  for (const std::vector<Digit> &dim : layout.dims)
    for (const Digit &digit : dim)
      if (digit.lane && !digit.word && !digit.column)
        used *= digit.extent;
  return used != machine.lanes();
}

ElementsAttr Placer::constantOf(Value value) {
  auto it = constants.find(value);
  if (it != constants.end())
    return it->second;
  if (auto constant = value.getDefiningOp<arith::ConstantOp>())
    return dyn_cast<ElementsAttr>(constant.getValue());
  if (auto fill = value.getDefiningOp<linalg::FillOp>())
    if (auto scalar = fill.getInputs()[0].getDefiningOp<arith::ConstantOp>())
      return DenseElementsAttr::get(cast<ShapedType>(value.getType()),
                                    cast<TypedAttr>(scalar.getValue()));
  return {};
}

bool Placer::isFree(Value value) {
  return constantOf(value) || inputs.contains(value);
}

Value Placer::anyVersion(Value value) {
  auto it = versions.find(value);
  return it == versions.end() || it->second.empty() ? Value()
                                                    : it->second.front();
}

Value Placer::constant(ElementsAttr value, Type type, Location loc) {
  return ConstantOp::create(b, loc, type, value);
}

Value Placer::table(ElementsAttr value, Type type, Location loc) {
  return constant(value, type, tableLocation(loc));
}

Value Placer::identity(ArrayRef<int64_t> shape, float scale, Type type,
                       Location loc) {
  int64_t size = 1;
  for (int64_t extent : shape)
    size *= extent;
  SmallVector<int64_t> full(shape);
  full.append(shape.begin(), shape.end());
  std::vector<float> values(size_t(size * size), 0.0f);
  for (int64_t i = 0; i < size; ++i)
    values[size_t(i * size + i)] = scale;
  auto dense = DenseElementsAttr::get(
      RankedTensorType::get(full, b.getF32Type()), ArrayRef<float>(values));
  return table(dense, type ? type : dense.getType(), loc);
}

Value Placer::map(Location loc, ValueRange in, ArrayRef<AffineMap> maps,
                  RankedTensorType type, bool mask,
                  function_ref<Value(OpBuilder &, ValueRange)> body) {
  auto op =
      MapOp::create(b, loc, TypeRange{type}, in, b.getAffineMapArrayAttr(maps),
                    mask ? b.getUnitAttr() : UnitAttr());
  OpBuilder::InsertionGuard guard(b);
  Block *block = b.createBlock(&op.getBody());
  for (Value v : in) {
    Type element = getElementTypeOrSelf(v.getType());
    block->addArgument(isa<FloatType>(element) ? Type(b.getF32Type())
                                               : Type(b.getI32Type()),
                       loc);
  }
  Value result = body(b, block->getArguments());
  YieldOp::create(b, loc, result);
  return op.getResult(0);
}

Value Placer::copy(Value placed, RankedTensorType type, bool mask,
                   Location loc) {
  AffineMap id = b.getMultiDimIdentityMap(unsigned(type.getRank()));
  return map(loc, placed, {id, id}, type, mask,
             [](OpBuilder &, ValueRange args) { return args[0]; });
}

Value Placer::replicated(Value placed, Location loc) {
  // A leading dimension of copies, one per column.
  auto type = cast<RankedTensorType>(placed.getType());
  Layout layout = layoutOf(type);
  int copies = machine.weightStreams / 2;
  Layout target = layout;
  target.dims.insert(target.dims.begin(), {Digit{copies, 0, 0, 1}});
  target.columns = copies;
  target.offset = {layout.offset.lane, 0, 0};
  // Columns of the source are not kept: words are numbered anew.
  std::vector<LaneDigits> digits{{{copies, 0, true}}};
  for (unsigned d = 0; d < layout.dims.size(); ++d)
    digits.push_back(laneDigits(layout, d));
  target = buildLayout(digits, layout.splat, 0, copies);
  target.offset.lane = layout.offset.lane;
  SmallVector<int64_t> shape{copies};
  llvm::append_range(shape, type.getShape());
  unsigned rank = unsigned(shape.size());
  SmallVector<AffineExpr> inner;
  for (unsigned d = 1; d < rank; ++d)
    inner.push_back(b.getAffineDimExpr(d));
  return map(loc, placed,
             {AffineMap::get(rank, 0, inner, b.getContext()),
              b.getMultiDimIdentityMap(rank)},
             placedType(shape, type.getElementType(), target), true,
             [](OpBuilder &, ValueRange args) { return args[0]; });
}

/// Whether the matrix unit takes the value, which it does as f16.
static bool multiplied(Value value) {
  return llvm::any_of(value.getUsers(), [](Operation *user) {
    if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp,
            tensor::ExtractSliceOp>(user))
      return multiplied(user->getResult(0));
    auto generic = dyn_cast<linalg::GenericOp>(user);
    if (!generic)
      return true;
    return isContraction(generic) ||
           llvm::any_of(
               generic.getBody()->without_terminator(),
               [](Operation &inner) { return isa<tensor::ExtractOp>(inner); });
  });
}

Value Placer::input(unsigned number, RankedTensorType type, Location loc) {
  auto name = source.getArgAttrOfType<StringAttr>(number, kNameAttr);
  auto original = cast<RankedTensorType>(source.getArgument(number).getType());
  return InputOp::create(b, loc, type, name ? name.getValue() : "",
                         original.getElementType(),
                         b.getDenseI64ArrayAttr(original.getShape()));
}

FailureOr<Value> Placer::version(Value value, const Layout &target,
                                 Location loc) {
  auto type = cast<RankedTensorType>(value.getType());
  SmallVector<int> same;
  for (int d = 0; d < type.getRank(); ++d)
    same.push_back(d);
  for (Value placed : versions.lookup(value))
    if (isAligned(target, type.getShape(), layoutOf(placed.getType()), same))
      return placed;
  Value made;
  if (ElementsAttr attr = constantOf(value)) {
    made = constant(attr,
                    placedType(type.getShape(),
                               isa<FloatType>(type.getElementType())
                                   ? Type(b.getF32Type())
                               : type.getElementType().isInteger(8)
                                   ? Type(b.getIntegerType(8))
                                   : Type(b.getI32Type()),
                               target),
                    isa<UnknownLoc>(value.getLoc()) ? loc : value.getLoc());
    if (type.getElementType().isInteger(1))
      made = copy(made, placedType(type.getShape(), b.getI32Type(), target),
                  false, loc);
  } else if (auto it = inputs.find(value); it != inputs.end()) {
    made = input(it->second,
                 placedType(type.getShape(),
                            storageType(type.getElementType(), target.splat,
                                        !multiplied(value)),
                            target),
                 loc);
  } else {
    Value from = anyVersion(value);
    if (!from)
      return emitError(loc,
                       "internal error: a tensor is used before it is placed");
    // Values keep the precision they have: a splat of f16 is f16.
    Type element = getElementTypeOrSelf(from.getType());
    auto relaid = relayout(from, target, element, loc);
    if (failed(relaid))
      return failure();
    made = *relaid;
  }
  setVersion(value, made);
  return made;
}

/// The extent of the digits within those that step halves of the lanes only and
/// that two dimensions have in common; 0 where there is nothing to tell apart.
static int64_t keptHalves(const LaneDigits &from, const LaneDigits &to,
                          int half) {
  int64_t inner = 1;
  for (size_t i = 0; i < std::min(from.size(), to.size()); ++i) {
    LaneDigits rest(from.begin() + i, from.end());
    if (stepsHalvesOnly(rest, half))
      return rest == LaneDigits(to.begin() + i, to.end()) ? inner : 0;
    if (from[i].extent != to[i].extent)
      return 0;
    inner *= from[i].extent;
  }
  return 0;
}

FailureOr<Value> Placer::relayoutSplit(Value placed, const Layout &target,
                                       Type element, unsigned dim,
                                       int64_t inner, Location loc) {
  auto type = cast<RankedTensorType>(placed.getType());
  SmallVector<int64_t> shape;
  SmallVector<SmallVector<int64_t, 2>> groups;
  for (unsigned d = 0; d < unsigned(type.getRank()); ++d) {
    groups.emplace_back(1, int64_t(shape.size()));
    if (d == dim) {
      groups.back().push_back(int64_t(shape.size()) + 1);
      shape.append({type.getDimSize(d) / inner, inner});
    } else {
      shape.push_back(type.getDimSize(d));
    }
  }
  std::optional<Layout> from = expandLayout(layoutOf(type), shape, groups),
                        to = expandLayout(target, shape, groups);
  if (!from || !to)
    return emitError(loc, "internal error: a dimension does not split");
  Value view = ViewOp::create(
      b, loc, placedType(shape, type.getElementType(), *from), placed);
  auto made = relayout(view, *to, element, loc);
  if (failed(made))
    return failure();
  return Value(ViewOp::create(
      b, loc, placedType(type.getShape(), element, target), *made));
}

FailureOr<Value> Placer::relayout(Value placed, const Layout &target,
                                  Type element, Location loc) {
  auto type = cast<RankedTensorType>(placed.getType());
  Layout from = layoutOf(type);
  unsigned rank = unsigned(type.getRank());
  ArrayRef<int64_t> shape = type.getShape();
  RankedTensorType result = placedType(shape, element, target);
  SmallVector<int> same;
  for (unsigned d = 0; d < rank; ++d)
    same.push_back(int(d));
  SmallVector<unsigned> fromLanes, toLanes;
  bool shared = false;
  auto classify = [&](bool eitherHalf) {
    fromLanes.clear();
    toLanes.clear();
    shared = false;
    for (unsigned d = 0; d < rank; ++d) {
      bool in = !from.splat && stepsLanes(from, d);
      bool out = !target.splat && stepsLanes(target, d);
      bool halves =
          in && stepsHalvesOnly(laneDigits(from, d), machine.halfLanes());
      // What steps halves of the lanes before and after stays where it is: the
      // matrix unit installs from either half.
      if (halves && out && laneDigits(from, d) == laneDigits(target, d))
        continue;
      if (out)
        toLanes.push_back(d);
      if (halves && eitherHalf)
        continue;
      if (in)
        fromLanes.push_back(d);
      shared |= in && out;
    }
  };
  // So may what steps halves before and anything after, when lanes become rows.
  classify(blocksFromOneHalf(from, target, shape, machine.halfLanes(),
                             machine.weightStreams / 2));
  if (shared || fromLanes.empty())
    classify(false);
  // Within one half a permutation would have to be installed for each.
  if (shared) {
    fromLanes.clear();
    for (unsigned d = 0; d < rank; ++d)
      if (!from.splat && stepsLanes(from, d))
        fromLanes.push_back(d);
  }
  if (isAligned(target, shape, from, same))
    return copy(placed, result, hasPadding(target), loc);
  if (element.isInteger(32) && mayNeedHalves(placed))
    return relayoutHalves(placed, target, loc);
  // Members in both halves of the lanes that stay there are a dimension of
  // their own, beside those that do not.
  for (unsigned d = 0; d < rank; ++d)
    if (int64_t inner = keptHalves(laneDigits(from, d), laneDigits(target, d),
                                   machine.halfLanes());
        inner > 1 && shape[d] % inner == 0)
      return relayoutSplit(placed, target, element, d, inner, loc);

  PendingContract product{loc, {}, {}, {}, {}, {}, {}, {}, false};
  product.splat = target.splat;
  for (unsigned d = 0; d < rank; ++d)
    product.resultDigits.push_back(laneDigits(target, d));
  product.extents.assign(shape.begin(), shape.end());
  auto maps = [&](unsigned loops, ArrayRef<unsigned> dims) {
    SmallVector<AffineExpr> exprs;
    for (unsigned d : dims)
      exprs.push_back(b.getAffineDimExpr(d));
    return AffineMap::get(loops, 0, exprs, b.getContext());
  };
  SmallVector<unsigned> all;
  for (unsigned d = 0; d < rank; ++d)
    all.push_back(d);
  SmallVector<AffineMap> streamedMaps, installedMaps;

  // The tensor with columns for installing: its innermost dimension in
  // `lanesTo` is spread over them.
  auto installable = [&](Value piece) -> Value {
    auto pieceType = cast<RankedTensorType>(piece.getType());
    Layout own = layoutOf(pieceType);
    std::vector<LaneDigits> digits;
    for (unsigned d = 0; d < rank; ++d)
      digits.push_back(laneDigits(own, d));
    Layout spread = buildLayout(digits, own.splat, int(toLanes.back()),
                                machine.weightStreams / 2);
    spread.offset.lane = own.offset.lane;
    // Lanes that hold nothing meet zeros in the identity.
    return copy(piece, placedType(shape, b.getF16Type(), spread), false, loc);
  };

  if (from.splat) {
    // Lane 0 of every row: a product with one row whose lane 0 is 1.
    product.extents.push_back(1);
    std::vector<LaneDigits> digits{{{1, 1, false}}};
    for (auto [piece, scale] : pieces(placed, loc)) {
      auto unit = DenseElementsAttr::get(
          RankedTensorType::get({1}, b.getF32Type()), ArrayRef<float>{scale});
      product.streamed.push_back(table(
          unit, placedType({1}, b.getF16Type(), buildLayout(digits)), loc));
      product.installed.push_back(installable(piece));
      product.scales.push_back(1.0f);
      streamedMaps.push_back(maps(rank + 1, {rank}));
      installedMaps.push_back(maps(rank + 1, all));
    }
  } else if (shared) {
    // Lanes are permuted: x . P, with P installed.
    unsigned loops = rank + unsigned(fromLanes.size());
    SmallVector<unsigned> streamedDims(all), installedDims;
    SmallVector<int64_t> laneShape;
    for (auto [j, d] : llvm::enumerate(fromLanes)) {
      streamedDims[d] = rank + unsigned(j);
      installedDims.push_back(rank + unsigned(j));
      laneShape.push_back(shape[d]);
      product.extents.push_back(shape[d]);
    }
    llvm::append_range(installedDims, fromLanes);
    for (auto [piece, scale] : pieces(placed, loc)) {
      product.streamed.push_back(piece);
      product.installed.push_back(identity(laneShape, scale, {}, loc));
      product.scales.push_back(1.0f);
      streamedMaps.push_back(maps(loops, streamedDims));
      installedMaps.push_back(maps(loops, installedDims));
    }
  } else {
    // Lanes become rows: rows of the identity against the installed tensor.
    unsigned loops = rank + unsigned(fromLanes.size());
    SmallVector<unsigned> installedDims(all),
        streamedDims(fromLanes.begin(), fromLanes.end());
    SmallVector<int64_t> laneShape, identityShape;
    for (auto [j, d] : llvm::enumerate(fromLanes)) {
      installedDims[d] = rank + unsigned(j);
      streamedDims.push_back(rank + unsigned(j));
      laneShape.push_back(shape[d]);
      product.extents.push_back(shape[d]);
    }
    std::vector<LaneDigits> digits;
    for (unsigned d : fromLanes)
      digits.push_back({{shape[d], 0, true}});
    for (unsigned d : fromLanes)
      digits.push_back(laneDigits(from, d));
    Layout rows = buildLayout(digits);
    rows.offset.lane = from.offset.lane;
    identityShape = laneShape;
    llvm::append_range(identityShape, laneShape);
    for (auto [piece, scale] : pieces(placed, loc)) {
      product.streamed.push_back(
          identity(laneShape, scale,
                   placedType(identityShape, b.getF16Type(), rows), loc));
      product.installed.push_back(toLanes.empty() ? replicated(piece, loc)
                                                  : installable(piece));
      product.scales.push_back(1.0f);
      streamedMaps.push_back(maps(loops, streamedDims));
      installedMaps.push_back(maps(loops, installedDims));
    }
  }
  unsigned loops = unsigned(product.extents.size());
  product.maps = streamedMaps;
  llvm::append_range(product.maps, installedMaps);
  product.resultMap = maps(loops, all);
  return contract(product, result);
}

Value Placer::contract(const PendingContract &p, RankedTensorType type,
                       StringRef combine) {
  SmallVector<AffineMap> maps(p.maps);
  maps.push_back(p.resultMap);
  auto op = ContractOp::create(
      b, p.loc, TypeRange{type}, p.streamed, p.installed, ValueRange{},
      b.getAffineMapArrayAttr(maps), b.getDenseI64ArrayAttr(p.extents),
      b.getDenseF32ArrayAttr(p.scales), UnitAttr(),
      combine.empty() ? StringAttr() : b.getStringAttr(combine));
  OpBuilder::InsertionGuard guard(b);
  Block *block = b.createBlock(&op.getBody());
  block->addArgument(p.bytes ? Type(b.getI32Type()) : Type(b.getF32Type()),
                     p.loc);
  YieldOp::create(b, p.loc, ValueRange{block->getArgument(0)});
  return op.getResult(0);
}
