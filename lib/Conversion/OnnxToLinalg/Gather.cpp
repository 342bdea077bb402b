// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Gather and its relatives. Indices known at compile time become slices; data
// becomes one generic whose body computes the index and extracts from the
// table.

#include "Lowering.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

using namespace mlir;
using namespace weft::onnxtolinalg;

/// An index as data: negative ones count from the end of `size`.
static Value indexFromData(OpBuilder &b, Location loc, Value data,
                           int64_t size) {
  Type type = data.getType();
  Value zero = scalar(b, loc, type, 0);
  Value negative =
      arith::CmpIOp::create(b, loc, arith::CmpIPredicate::slt, data, zero);
  Value fromEnd = arith::AddIOp::create(
      b, loc, data, scalar(b, loc, type, static_cast<double>(size)));
  Value index = arith::SelectOp::create(b, loc, negative, fromEnd, data);
  return arith::IndexCastOp::create(b, loc, b.getIndexType(), index);
}

/// A generic over `shape` that reads `indices` (by `map`) and looks up `table`
/// where `where` says.
static Value
lookUp(NodeLowering &n, const OnnxValue &table, Value indices, AffineMap map,
       ArrayRef<int64_t> shape,
       llvm::function_ref<SmallVector<Value>(OpBuilder &, Location, Value)>
           where) {
  ImplicitLocOpBuilder &b = n.b;
  Value init = tensor::EmptyOp::create(b, shape, table.type().getElementType());
  auto rank = static_cast<int64_t>(shape.size());
  SmallVector<utils::IteratorType> iterators(rank,
                                             utils::IteratorType::parallel);
  SmallVector<AffineMap> maps{map, b.getMultiDimIdentityMap(rank)};
  auto op = linalg::GenericOp::create(
      b, TypeRange{init.getType()}, ValueRange{indices}, ValueRange{init}, maps,
      iterators, [&](OpBuilder &nested, Location loc, ValueRange args) {
        Value element = tensor::ExtractOp::create(nested, loc, table.value,
                                                  where(nested, loc, args[0]));
        linalg::YieldOp::create(nested, loc, element);
      });
  return op.getResult(0);
}

static LogicalResult lowerGather(NodeLowering &n) {
  if (failed(n.needInputs(2)))
    return failure();
  const OnnxValue &table = n.in(0), &indices = n.in(1);
  auto axis = n.normalizeAxis(n.intAttr("axis", 0), table.rank());
  if (failed(axis))
    return failure();
  if (indices.isFloat() || indices.isBool())
    return n.invalid("expected indices that are integers");
  int64_t size = table.shape()[*axis];
  Shape shape(table.shape().take_front(*axis));
  shape.append(indices.shape().begin(), indices.shape().end());
  llvm::append_range(shape, table.shape().drop_front(*axis + 1));
  if (auto known = n.constantInts(1)) {
    for (int64_t &index : *known) {
      if (index < -size || index >= size)
        return n.invalid("expected indices below " + Twine(size) + ", found " +
                         Twine(index));
      if (index < 0)
        index += size;
    }
    Value taken = takeStatic(n.b, table.value, *axis, *known);
    n.set(0, reshape(n.b, taken, shape), table.element);
    return success();
  }
  auto rank = static_cast<int64_t>(shape.size());
  int64_t indexRank = indices.rank();
  SmallVector<AffineExpr> exprs;
  for (int64_t d = 0; d < indexRank; ++d)
    exprs.push_back(n.b.getAffineDimExpr(*axis + d));
  AffineMap map = AffineMap::get(rank, 0, exprs, n.b.getContext());
  Value result =
      lookUp(n, table, indices.value, map, shape,
             [&](OpBuilder &b, Location loc, Value data) {
               SmallVector<Value> where;
               for (int64_t d = 0; d < table.rank(); ++d) {
                 if (d == *axis)
                   where.push_back(indexFromData(b, loc, data, size));
                 else
                   where.push_back(linalg::IndexOp::create(
                       b, loc, d < *axis ? d : d + indexRank - 1));
               }
               return where;
             });
  n.set(0, result, table.element);
  return success();
}

static LogicalResult lowerGatherElements(NodeLowering &n) {
  if (failed(n.needInputs(2)))
    return failure();
  const OnnxValue &table = n.in(0), &indices = n.in(1);
  if (table.rank() != indices.rank() || indices.isFloat())
    return n.invalid("expected integer indices of the table's rank");
  auto axis = n.normalizeAxis(n.intAttr("axis", 0), table.rank());
  if (failed(axis))
    return failure();
  for (int64_t d = 0; d < table.rank(); ++d)
    if (d != *axis && indices.shape()[d] > table.shape()[d])
      return n.invalid("expected indices within the table in dimension " +
                       Twine(d));
  Value result =
      lookUp(n, table, indices.value, n.b.getMultiDimIdentityMap(table.rank()),
             indices.shape(), [&](OpBuilder &b, Location loc, Value data) {
               SmallVector<Value> where;
               for (int64_t d = 0; d < table.rank(); ++d)
                 where.push_back(
                     d == *axis ? indexFromData(b, loc, data, table.shape()[d])
                                : Value(linalg::IndexOp::create(b, loc, d)));
               return where;
             });
  n.set(0, result, table.element);
  return success();
}

/// Rows of the table with its first dimensions, those of the batch among them,
/// as one: an index tuple is one number.
static LogicalResult lowerGatherND(NodeLowering &n) {
  if (failed(n.needInputs(2)))
    return failure();
  const OnnxValue &table = n.in(0), &indices = n.in(1);
  int64_t batch = n.intAttr("batch_dims", 0), rank = indices.rank();
  if (rank < 1 || indices.isFloat() || batch < 0 || batch >= rank ||
      batch >= table.rank() ||
      table.shape().take_front(batch) != indices.shape().take_front(batch))
    return n.invalid("expected integer indices whose first " + Twine(batch) +
                     " dimensions are the table's");
  int64_t tuple = indices.shape()[rank - 1];
  if (tuple < 1 || batch + tuple > table.rank())
    return n.invalid("expected index tuples of 1 to " +
                     Twine(table.rank() - batch) + " numbers, found " +
                     Twine(tuple));
  Shape outer(indices.shape().drop_back());
  int64_t rows = 1;
  for (int64_t extent : table.shape().take_front(batch + tuple))
    rows *= extent;
  // The row's number, from its last digit to its first, then the batch.
  Type type = indices.type().getElementType();
  Value row;
  int64_t stride = 1;
  for (int64_t k = tuple; k-- > 0;) {
    Shape offsets(rank, 0), sizes(indices.shape()), steps(rank, 1);
    offsets[rank - 1] = k;
    sizes[rank - 1] = 1;
    Value digit = reshape(
        n.b, extractSlice(n.b, indices.value, offsets, sizes, steps), outer);
    int64_t size = table.shape()[batch + k];
    SmallVector<Value> in{digit};
    if (row)
      in.push_back(row);
    row = elementwise(
        n.b, in, outer, type,
        [&](OpBuilder &b, Location loc, ValueRange args) -> Value {
          Value zero = scalar(b, loc, type, 0);
          Value negative = arith::CmpIOp::create(
              b, loc, arith::CmpIPredicate::slt, args[0], zero);
          Value fromEnd = arith::AddIOp::create(
              b, loc, args[0], scalar(b, loc, type, double(size)));
          Value at =
              arith::SelectOp::create(b, loc, negative, fromEnd, args[0]);
          at = arith::MulIOp::create(b, loc, at,
                                     scalar(b, loc, type, double(stride)));
          return args.size() > 1
                     ? Value(arith::AddIOp::create(b, loc, at, args[1]))
                     : at;
        });
    stride *= size;
  }
  for (int64_t d = batch; d-- > 0;) {
    int64_t size = table.shape()[d];
    SmallVector<int64_t> starts;
    for (int64_t i = 0; i < size; ++i)
      starts.push_back(i * stride);
    Shape shape(outer.size(), 1);
    shape[size_t(d)] = size;
    row = elementwise(n.b, {row, intConstant(n.b, starts, shape, type)}, outer,
                      type,
                      [](OpBuilder &b, Location loc, ValueRange args) -> Value {
                        return arith::AddIOp::create(b, loc, args[0], args[1]);
                      });
    stride *= size;
  }
  Shape flat{rows}, shape(outer);
  llvm::append_range(flat, table.shape().drop_front(batch + tuple));
  llvm::append_range(shape, table.shape().drop_front(batch + tuple));
  OnnxValue flatTable = table;
  flatTable.value = reshape(n.b, table.value, flat);
  auto outerRank = int64_t(outer.size());
  SmallVector<AffineExpr> exprs;
  for (int64_t d = 0; d < outerRank; ++d)
    exprs.push_back(n.b.getAffineDimExpr(d));
  Value result =
      lookUp(n, flatTable, row,
             AffineMap::get(shape.size(), 0, exprs, n.b.getContext()), shape,
             [&](OpBuilder &b, Location loc, Value data) {
               SmallVector<Value> where{
                   arith::IndexCastOp::create(b, loc, b.getIndexType(), data)};
               for (size_t d = 1; d < flat.size(); ++d)
                 where.push_back(linalg::IndexOp::create(
                     b, loc, outerRank + int64_t(d) - 1));
               return where;
             });
  n.set(0, result, table.element);
  return success();
}

void weft::onnxtolinalg::addGatherLowerings(LoweringTable &table) {
  table.push_back({"Gather", "", 1, kLatest, lowerGather});
  table.push_back({"GatherElements", "", 11, kLatest, lowerGatherElements});
  table.push_back({"GatherND", "", 11, kLatest, lowerGatherND});
}
