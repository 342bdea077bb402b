// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Builds the shapes of work that operators are made of: maps with broadcasting,
// reductions, contractions, reshapes and slices. Which of them an operator
// needs is decided in the files of the operator families.

#include "Lowering.h"

#include "weft/Dialect/Weft/IR/WeftDialect.h"
#include "weft/Transforms/ConstantTensor.h"

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace weft::onnxtolinalg;
using weft::ConstantTensor;
using weft::ExternalElementsAttr;
using weft::ScalarType;

Type weft::onnxtolinalg::signless(Type element) {
  if (auto integer = dyn_cast<IntegerType>(element))
    return IntegerType::get(element.getContext(), integer.getWidth());
  return element;
}

static TypedAttr numberAttr(Type element, double value) {
  Type type = signless(element);
  if (auto floating = dyn_cast<FloatType>(type)) {
    APFloat number(value);
    bool losesInfo = false;
    number.convert(floating.getFloatSemantics(), APFloat::rmNearestTiesToEven,
                   &losesInfo);
    return FloatAttr::get(type, number);
  }
  return IntegerAttr::get(
      type, APInt(type.getIntOrFloatBitWidth(),
                  static_cast<uint64_t>(static_cast<int64_t>(value)),
                  /*isSigned=*/true, /*implicitTrunc=*/true));
}

Value weft::onnxtolinalg::splat(ImplicitLocOpBuilder &b,
                                ArrayRef<int64_t> shape, Type element,
                                double value) {
  auto type = RankedTensorType::get(shape, signless(element));
  return arith::ConstantOp::create(
      b, type, DenseElementsAttr::get(type, numberAttr(element, value)));
}

Value weft::onnxtolinalg::scalar(OpBuilder &b, Location loc, Type element,
                                 double value) {
  return arith::ConstantOp::create(b, loc, numberAttr(element, value));
}

Value weft::onnxtolinalg::intConstant(ImplicitLocOpBuilder &b,
                                      ArrayRef<int64_t> values,
                                      ArrayRef<int64_t> shape, Type element) {
  auto type = RankedTensorType::get(shape, signless(element));
  auto tensor = ConstantTensor::zeros(type);
  ScalarType scalarType = tensor->scalarType();
  for (auto [k, value] : llvm::enumerate(values)) {
    if (scalarType.isFloat())
      tensor->data[k].f = static_cast<double>(value);
    else
      tensor->data[k].i = scalarType.wrap(value);
  }
  return arith::ConstantOp::create(b, type, tensor->toAttr());
}

std::optional<Shape> weft::onnxtolinalg::broadcastShapes(ArrayRef<int64_t> a,
                                                         ArrayRef<int64_t> b) {
  Shape result(std::max(a.size(), b.size()), 1);
  for (size_t k = 0; k < result.size(); ++k) {
    int64_t x = k < a.size() ? a[a.size() - 1 - k] : 1;
    int64_t y = k < b.size() ? b[b.size() - 1 - k] : 1;
    if (x != y && x != 1 && y != 1)
      return std::nullopt;
    result[result.size() - 1 - k] = x == 1 ? y : x;
  }
  return result;
}

/// Splits two shapes of equal element count into the finest groups of equal
/// product, left to right.
static void matchGroups(ArrayRef<int64_t> from, ArrayRef<int64_t> to,
                        SmallVector<ReassociationIndices> &fromGroups,
                        SmallVector<ReassociationIndices> &toGroups,
                        Shape &common) {
  size_t i = 0, j = 0;
  while (i < from.size() && j < to.size()) {
    ReassociationIndices left{static_cast<int64_t>(i)};
    ReassociationIndices right{static_cast<int64_t>(j)};
    int64_t x = from[i++], y = to[j++];
    while (x != y) {
      if (x < y) {
        left.push_back(static_cast<int64_t>(i));
        x *= from[i++];
      } else {
        right.push_back(static_cast<int64_t>(j));
        y *= to[j++];
      }
    }
    common.push_back(x);
    fromGroups.push_back(left);
    toGroups.push_back(right);
  }
  // What is left is of size 1 and joins the last group.
  for (; i < from.size(); ++i)
    fromGroups.back().push_back(static_cast<int64_t>(i));
  for (; j < to.size(); ++j)
    toGroups.back().push_back(static_cast<int64_t>(j));
}

Value weft::onnxtolinalg::reshape(ImplicitLocOpBuilder &b, Value value,
                                  ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getShape() == shape)
    return value;
  auto result = RankedTensorType::get(shape, type.getElementType());
  ElementsAttr attr;
  if (matchPattern(value, m_Constant(&attr))) {
    if (auto dense = dyn_cast<DenseElementsAttr>(attr))
      return arith::ConstantOp::create(b, result, dense.reshape(result));
    if (auto external = dyn_cast<ExternalElementsAttr>(attr))
      return arith::ConstantOp::create(
          b, result,
          ExternalElementsAttr::get(result, external.getFile(),
                                    external.getOffset(),
                                    external.getLength()));
  }
  if (result.getNumElements() == 0)
    return tensor::EmptyOp::create(b, shape, type.getElementType());
  if (shape.empty()) {
    SmallVector<ReassociationIndices> none;
    return tensor::CollapseShapeOp::create(b, result, value, none);
  }
  if (type.getRank() == 0) {
    SmallVector<ReassociationIndices> none;
    return tensor::ExpandShapeOp::create(b, result, value, none);
  }
  SmallVector<ReassociationIndices> fromGroups, toGroups;
  Shape common;
  matchGroups(type.getShape(), shape, fromGroups, toGroups, common);
  if (common.size() != type.getShape().size())
    value = tensor::CollapseShapeOp::create(
        b, RankedTensorType::get(common, type.getElementType()), value,
        fromGroups);
  if (common.size() != shape.size())
    value = tensor::ExpandShapeOp::create(b, result, value, toGroups);
  return value;
}

/// The splat value of a constant tensor, or null.
static TypedAttr splatValue(Value value) {
  DenseElementsAttr attr;
  if (!matchPattern(value, m_Constant(&attr)) || !attr.isSplat())
    return nullptr;
  return dyn_cast<TypedAttr>(attr.getSplatValue<Attribute>());
}

/// A linalg.generic with one output.
static Value buildGeneric(ImplicitLocOpBuilder &b, ValueRange inputs,
                          Value init, ArrayRef<AffineMap> maps,
                          ArrayRef<utils::IteratorType> iterators,
                          BodyFn body) {
  auto op = linalg::GenericOp::create(
      b, TypeRange{init.getType()}, inputs, ValueRange{init}, maps, iterators,
      [&](OpBuilder &nested, Location loc, ValueRange args) {
        linalg::YieldOp::create(nested, loc, body(nested, loc, args));
      });
  return op.getResult(0);
}

Value weft::onnxtolinalg::elementwise(ImplicitLocOpBuilder &b,
                                      ArrayRef<Value> inputs,
                                      ArrayRef<int64_t> shape, Type element,
                                      BodyFn body) {
  auto rank = static_cast<int64_t>(shape.size());
  MLIRContext *context = b.getContext();
  SmallVector<Value> operands;
  SmallVector<AffineMap> maps;
  // For every input, its place among the operands or its constant.
  SmallVector<std::pair<int64_t, TypedAttr>> sources;
  for (Value input : inputs) {
    if (TypedAttr constant = splatValue(input)) {
      sources.push_back({-1, constant});
      continue;
    }
    ArrayRef<int64_t> from = cast<RankedTensorType>(input.getType()).getShape();
    int64_t lead = rank - static_cast<int64_t>(from.size());
    Shape kept;
    SmallVector<AffineExpr> exprs;
    for (auto [d, size] : llvm::enumerate(from)) {
      int64_t target = shape[lead + static_cast<int64_t>(d)];
      if (size == 1 && target != 1)
        continue;
      kept.push_back(size);
      exprs.push_back(getAffineDimExpr(lead + d, context));
    }
    sources.push_back({static_cast<int64_t>(operands.size()), nullptr});
    operands.push_back(reshape(b, input, kept));
    maps.push_back(AffineMap::get(rank, 0, exprs, context));
  }
  maps.push_back(AffineMap::getMultiDimIdentityMap(rank, context));
  Value init = tensor::EmptyOp::create(b, shape, signless(element));
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  return buildGeneric(
      b, operands, init, maps, iterators,
      [&](OpBuilder &nested, Location loc, ValueRange args) -> Value {
        SmallVector<Value> values;
        for (auto [index, constant] : sources)
          values.push_back(
              constant ? Value(arith::ConstantOp::create(nested, loc, constant))
                       : args[index]);
        return body(nested, loc, values);
      });
}

Value weft::onnxtolinalg::elementwise(ImplicitLocOpBuilder &b,
                                      ArrayRef<Value> inputs, Type element,
                                      BodyFn body) {
  Shape shape;
  for (Value input : inputs)
    shape = *broadcastShapes(
        shape, cast<RankedTensorType>(input.getType()).getShape());
  return elementwise(b, inputs, shape, element, body);
}

Value weft::onnxtolinalg::broadcastTo(ImplicitLocOpBuilder &b, Value value,
                                      ArrayRef<int64_t> shape) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getShape() == shape)
    return value;
  DenseElementsAttr attr;
  if (matchPattern(value, m_Constant(&attr)) && attr.isSplat()) {
    auto result = RankedTensorType::get(shape, type.getElementType());
    return arith::ConstantOp::create(b, result, attr.resizeSplat(result));
  }
  return elementwise(
      b, {value}, shape, type.getElementType(),
      [](OpBuilder &, Location, ValueRange args) -> Value { return args[0]; });
}

Value weft::onnxtolinalg::transpose(ImplicitLocOpBuilder &b, Value value,
                                    ArrayRef<int64_t> permutation) {
  auto type = cast<RankedTensorType>(value.getType());
  if (llvm::equal(permutation, llvm::seq<int64_t>(0, type.getRank())))
    return value;
  Shape shape;
  SmallVector<unsigned> inverse(permutation.size());
  for (auto [to, from] : llvm::enumerate(permutation)) {
    shape.push_back(type.getDimSize(from));
    inverse[from] = to;
  }
  Value init = tensor::EmptyOp::create(b, shape, type.getElementType());
  SmallVector<AffineMap> maps{
      AffineMap::getPermutationMap(inverse, b.getContext()),
      b.getMultiDimIdentityMap(type.getRank())};
  // A map of rank 0 cannot be reached: its permutation is the identity.
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  return buildGeneric(
      b, {value}, init, maps, iterators,
      [](OpBuilder &, Location, ValueRange args) -> Value { return args[0]; });
}

/// A tensor filled with a scalar, as the start of a reduction.
static Value filled(ImplicitLocOpBuilder &b, ArrayRef<int64_t> shape,
                    TypedAttr value) {
  Value empty = tensor::EmptyOp::create(b, shape, value.getType());
  Value scalar = arith::ConstantOp::create(b, value);
  return linalg::FillOp::create(b, scalar, empty).getResult(0);
}

Value weft::onnxtolinalg::reduce(ImplicitLocOpBuilder &b, Value value,
                                 ArrayRef<int64_t> axes, TypedAttr init,
                                 BodyFn body) {
  auto type = cast<RankedTensorType>(value.getType());
  Shape shape;
  SmallVector<AffineExpr> exprs;
  SmallVector<utils::IteratorType> iterators;
  for (int64_t d = 0; d < type.getRank(); ++d) {
    bool reduced = llvm::is_contained(axes, d);
    iterators.push_back(reduced ? utils::IteratorType::reduction
                                : utils::IteratorType::parallel);
    if (reduced)
      continue;
    shape.push_back(type.getDimSize(d));
    exprs.push_back(b.getAffineDimExpr(d));
  }
  SmallVector<AffineMap> maps{
      b.getMultiDimIdentityMap(type.getRank()),
      AffineMap::get(type.getRank(), 0, exprs, b.getContext())};
  return buildGeneric(b, {value}, filled(b, shape, init), maps, iterators,
                      body);
}

Value weft::onnxtolinalg::reduceSum(ImplicitLocOpBuilder &b, Value value,
                                    ArrayRef<int64_t> axes) {
  Type element = getElementTypeOrSelf(value.getType());
  return reduce(b, value, axes, numberAttr(element, 0.0),
                [](OpBuilder &nested, Location loc, ValueRange args) {
                  return addScalars(nested, loc, args[0], args[1]);
                });
}

Value weft::onnxtolinalg::reduceMean(ImplicitLocOpBuilder &b, Value value,
                                     ArrayRef<int64_t> axes) {
  auto type = cast<RankedTensorType>(value.getType());
  int64_t count = 1;
  for (int64_t axis : axes)
    count *= type.getDimSize(axis);
  Value sum = reduceSum(b, value, axes);
  Type element = type.getElementType();
  return elementwise(
      b, {sum}, element,
      [&](OpBuilder &nested, Location loc, ValueRange args) -> Value {
        auto n = static_cast<double>(count);
        if (!isa<FloatType>(element))
          return arith::DivSIOp::create(nested, loc, args[0],
                                        scalar(nested, loc, element, n));
        // The reciprocal of a power of two is exact, and a multiplication
        // costs less than a division.
        if (llvm::isPowerOf2_64(static_cast<uint64_t>(count)))
          return arith::MulFOp::create(nested, loc, args[0],
                                       scalar(nested, loc, element, 1.0 / n));
        return arith::DivFOp::create(nested, loc, args[0],
                                     scalar(nested, loc, element, n));
      });
}

Value weft::onnxtolinalg::reduceMax(ImplicitLocOpBuilder &b, Value value,
                                    ArrayRef<int64_t> axes, bool isUnsigned) {
  Type element = getElementTypeOrSelf(value.getType());
  TypedAttr init;
  if (isa<FloatType>(element)) {
    init = numberAttr(element, -std::numeric_limits<double>::infinity());
  } else {
    unsigned width = element.getIntOrFloatBitWidth();
    init =
        IntegerAttr::get(element, isUnsigned ? APInt::getMinValue(width)
                                             : APInt::getSignedMinValue(width));
  }
  return reduce(b, value, axes, init,
                [&](OpBuilder &nested, Location loc, ValueRange args) {
                  return maxScalars(nested, loc, args[0], args[1], isUnsigned);
                });
}

Shape weft::onnxtolinalg::keepDims(ArrayRef<int64_t> shape,
                                   ArrayRef<int64_t> axes) {
  Shape result(shape);
  for (int64_t axis : axes)
    result[axis] = 1;
  return result;
}

Value weft::onnxtolinalg::contract(ImplicitLocOpBuilder &b, Value lhs,
                                   ArrayRef<unsigned> lhsDims, Value rhs,
                                   ArrayRef<unsigned> rhsDims,
                                   ArrayRef<unsigned> outDims,
                                   unsigned numLoops) {
  auto lhsType = cast<RankedTensorType>(lhs.getType());
  auto rhsType = cast<RankedTensorType>(rhs.getType());
  Type element = lhsType.getElementType();
  // Halves are multiplied exactly and added in single precision, bytes in 32
  // bits.
  bool widen = element.isF16() || element.isBF16();
  bool bytes = element.isInteger(8);
  Type accumulator = widen   ? Type(b.getF32Type())
                     : bytes ? Type(b.getI32Type())
                             : element;
  Shape ranges(numLoops, 1);
  for (auto [d, loop] : llvm::enumerate(lhsDims))
    ranges[loop] = lhsType.getDimSize(d);
  for (auto [d, loop] : llvm::enumerate(rhsDims))
    ranges[loop] = rhsType.getDimSize(d);
  Shape shape;
  for (unsigned loop : outDims)
    shape.push_back(ranges[loop]);
  auto map = [&](ArrayRef<unsigned> dims) {
    SmallVector<AffineExpr> exprs;
    for (unsigned loop : dims)
      exprs.push_back(b.getAffineDimExpr(loop));
    return AffineMap::get(numLoops, 0, exprs, b.getContext());
  };
  SmallVector<utils::IteratorType> iterators(numLoops,
                                             utils::IteratorType::reduction);
  for (unsigned loop : outDims)
    iterators[loop] = utils::IteratorType::parallel;
  Value result = buildGeneric(
      b, {lhs, rhs}, filled(b, shape, numberAttr(accumulator, 0.0)),
      {map(lhsDims), map(rhsDims), map(outDims)}, iterators,
      [&](OpBuilder &nested, Location loc, ValueRange args) -> Value {
        Value x = args[0], y = args[1];
        if (widen) {
          x = arith::ExtFOp::create(nested, loc, accumulator, x);
          y = arith::ExtFOp::create(nested, loc, accumulator, y);
        } else if (bytes) {
          x = arith::ExtSIOp::create(nested, loc, accumulator, x);
          y = arith::ExtSIOp::create(nested, loc, accumulator, y);
        }
        return addScalars(nested, loc, args[2], mulScalars(nested, loc, x, y));
      });
  if (!widen)
    return result;
  return elementwise(b, {result}, element,
                     [&](OpBuilder &nested, Location loc, ValueRange args) {
                       return arith::TruncFOp::create(nested, loc, element,
                                                      args[0])
                           .getResult();
                     });
}

Value weft::onnxtolinalg::extractSlice(ImplicitLocOpBuilder &b, Value value,
                                       ArrayRef<int64_t> offsets,
                                       ArrayRef<int64_t> sizes,
                                       ArrayRef<int64_t> steps) {
  auto type = cast<RankedTensorType>(value.getType());
  if (type.getShape() == sizes)
    return value;
  if (llvm::is_contained(sizes, 0))
    return tensor::EmptyOp::create(b, sizes, type.getElementType());
  auto asResults = [&](ArrayRef<int64_t> values) {
    SmallVector<OpFoldResult> results;
    for (int64_t v : values)
      results.push_back(b.getIndexAttr(v));
    return results;
  };
  return tensor::ExtractSliceOp::create(b, value, asResults(offsets),
                                        asResults(sizes), asResults(steps));
}

Value weft::onnxtolinalg::takeStatic(ImplicitLocOpBuilder &b, Value value,
                                     int64_t axis, ArrayRef<int64_t> indices) {
  auto type = cast<RankedTensorType>(value.getType());
  Shape sizes(type.getShape());
  sizes[axis] = static_cast<int64_t>(indices.size());
  if (indices.empty())
    return tensor::EmptyOp::create(b, sizes, type.getElementType());
  int64_t step = indices.size() > 1 ? indices[1] - indices[0] : 1;
  bool even = step > 0;
  for (size_t k = 1; k < indices.size() && even; ++k)
    even = indices[k] - indices[k - 1] == step;
  if (even) {
    Shape offsets(sizes.size(), 0), steps(sizes.size(), 1);
    offsets[axis] = indices[0];
    steps[axis] = step;
    return extractSlice(b, value, offsets, sizes, steps);
  }
  Value list = intConstant(b, indices, {sizes[axis]}, b.getI64Type());
  Value init = tensor::EmptyOp::create(b, sizes, type.getElementType());
  SmallVector<AffineMap> maps{
      AffineMap::get(type.getRank(), 0, b.getAffineDimExpr(axis)),
      b.getMultiDimIdentityMap(type.getRank())};
  SmallVector<utils::IteratorType> iterators(type.getRank(),
                                             utils::IteratorType::parallel);
  return buildGeneric(
      b, {list}, init, maps, iterators,
      [&](OpBuilder &nested, Location loc, ValueRange args) -> Value {
        SmallVector<Value> where;
        for (int64_t d = 0; d < type.getRank(); ++d)
          where.push_back(
              d == axis ? Value(arith::IndexCastOp::create(
                              nested, loc, nested.getIndexType(), args[0]))
                        : Value(linalg::IndexOp::create(nested, loc, d)));
        return tensor::ExtractOp::create(nested, loc, value, where);
      });
}

Value weft::onnxtolinalg::addScalars(OpBuilder &b, Location loc, Value x,
                                     Value y) {
  if (isa<FloatType>(x.getType()))
    return arith::AddFOp::create(b, loc, x, y);
  return arith::AddIOp::create(b, loc, x, y);
}

Value weft::onnxtolinalg::mulScalars(OpBuilder &b, Location loc, Value x,
                                     Value y) {
  if (isa<FloatType>(x.getType()))
    return arith::MulFOp::create(b, loc, x, y);
  return arith::MulIOp::create(b, loc, x, y);
}

Value weft::onnxtolinalg::maxScalars(OpBuilder &b, Location loc, Value x,
                                     Value y, bool isUnsigned) {
  if (isa<FloatType>(x.getType()))
    return arith::MaximumFOp::create(b, loc, x, y);
  if (isUnsigned)
    return arith::MaxUIOp::create(b, loc, x, y);
  return arith::MaxSIOp::create(b, loc, x, y);
}

Value weft::onnxtolinalg::minScalars(OpBuilder &b, Location loc, Value x,
                                     Value y, bool isUnsigned) {
  if (isa<FloatType>(x.getType()))
    return arith::MinimumFOp::create(b, loc, x, y);
  if (isUnsigned)
    return arith::MinUIOp::create(b, loc, x, y);
  return arith::MinSIOp::create(b, loc, x, y);
}
