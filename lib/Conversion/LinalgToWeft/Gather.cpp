// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Look-ups by computed indices: a row of ones and zeros per index against the
// table on the matrix unit, or, for tables that do not fit, rows that the host
// sends along with the inputs.

#include "Placer.h"

#include "mlir/IR/IRMapping.h"
#include "mlir/IR/Matchers.h"

using namespace mlir;
using namespace weft;

/// Follows the index of one table dimension back to the scalar that data
/// decides, or to a loop.
static Value stripCasts(Value v) {
  while (auto cast = v.getDefiningOp<arith::IndexCastOp>())
    v = cast.getIn();
  return v;
}

LogicalResult Placer::placeGather(linalg::GenericOp op,
                                  tensor::ExtractOp extract) {
  Location loc = op.getLoc();
  if (op.getNumDpsInits() != 1 ||
      op.getNumParallelLoops() != op.getNumLoops() ||
      op.getBody()->getTerminator()->getOperand(0) != extract.getResult())
    return op.emitError("this form of look-up is not supported on the chip");
  Value table = extract.getTensor();
  auto tableType = cast<RankedTensorType>(table.getType());
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  SmallVector<int64_t> loops = op.getStaticLoopRanges();
  auto resultType = cast<RankedTensorType>(op.getResult(0).getType());

  int dataDim = -1;
  unsigned units = 0; // Dimensions of one element, whose index is 0.
  SmallVector<int> tableLoops(size_t(tableType.getRank()), -1);
  Value index;
  for (auto [d, v] : llvm::enumerate(extract.getIndices())) {
    Value scalar = stripCasts(v);
    if (auto loop = scalar.getDefiningOp<linalg::IndexOp>()) {
      tableLoops[d] = int(loop.getDim());
      continue;
    }
    if (matchPattern(scalar, m_Zero()) &&
        tableType.getDimSize(unsigned(d)) == 1) {
      tableLoops[d] = int(loops.size() + 1 + units++);
      continue;
    }
    if (dataDim >= 0)
      return op.emitError(
          "look-ups by several computed indices are not supported on "
          "the chip");
    dataDim = int(d);
    index = scalar;
  }
  if (dataDim < 0)
    return op.emitError("this form of look-up is not supported on the chip");
  int64_t rows = tableType.getDimSize(unsigned(dataDim));

  // The loops that the index depends on.
  if (op.getNumDpsInputs() != 1)
    return op.emitError("this form of look-up is not supported on the chip");
  Value ids = op.getDpsInputs()[0];
  if (failed(finishPending(ids)))
    return failure();
  AffineMap idsMap = maps[0];
  auto idsType = cast<RankedTensorType>(ids.getType());
  bool fromInput = inputs.contains(ids);
  std::string tableName = "constant";
  if (auto name = dyn_cast<NameLoc>(table.getLoc()))
    tableName = name.getName().str();
  if (fromInput)
    indexRanges[ids] = {rows, tableName};

  if (fromInput && hostTables.contains(tableName) && constantOf(table) &&
      dataDim == 0) {
    // Rows arrive with the inputs, in the layout that rows have by themselves.
    Layout layout = buildLayout(packLanes(resultType.getShape(),
                                          {int(resultType.getRank()) - 1},
                                          machine.lanes(), 1));
    auto name = source.getArgAttrOfType<StringAttr>(inputs[ids], kNameAttr);
    bool exact =
        tableType.getElementType().isF32() && quantised(op.getResult(0));
    Type element = storageType(resultType.getElementType(), false, exact);
    setVersion(op.getResult(0),
               LookupOp::create(
                   b, loc, placedType(resultType.getShape(), element, layout),
                   name ? name.getValue() : "", tableName, constantOf(table)));
    return mlir::success();
  }

  // Rows of ones and zeros: lanes count through the table.
  auto placed = version(ids, splatLayout(idsType.getShape()), loc);
  if (failed(placed))
    return failure();
  if (fromInput)
    if (auto input = placed->getDefiningOp<InputOp>()) {
      input->setAttr("index_rows", b.getI64IntegerAttr(rows));
      input->setAttr("index_table", b.getStringAttr(tableName));
    }
  SmallVector<int64_t> shape(idsType.getShape());
  shape.push_back(rows);
  unsigned rank = unsigned(shape.size());
  Layout layout =
      buildLayout(packLanes(shape, {int(rank) - 1}, machine.lanes(), 1));
  std::vector<int32_t> counts;
  for (int64_t i = 0; i < rows; ++i)
    counts.push_back(int32_t(i));
  Layout countLayout = buildLayout({laneDigits(layout, rank - 1)});
  Value counter = this->table(
      DenseElementsAttr::get(RankedTensorType::get({rows}, b.getI32Type()),
                             ArrayRef<int32_t>(counts)),
      placedType({rows}, b.getI32Type(), countLayout), loc);
  SmallVector<AffineExpr> outer;
  for (unsigned d = 0; d + 1 < rank; ++d)
    outer.push_back(b.getAffineDimExpr(d));
  SmallVector<AffineMap> hotMaps{
      AffineMap::get(rank, 0, outer, b.getContext()),
      AffineMap::get(rank, 0, {b.getAffineDimExpr(rank - 1)}, b.getContext()),
      b.getMultiDimIdentityMap(rank)};
  Value hot = map(
      loc, ValueRange{*placed, counter}, hotMaps,
      placedType(shape, b.getF16Type(), layout), hasPadding(layout),
      [&](OpBuilder &inner, ValueRange args) -> Value {
        IRMapping mapping;
        mapping.map(op.getBody()->getArgument(0), args[0]);
        for (Operation &scalar : op.getBody()->without_terminator()) {
          if (&scalar == extract.getOperation() || isa<linalg::IndexOp>(scalar))
            continue;
          if (llvm::any_of(scalar.getOperands(), [&](Value v) {
                return v.getDefiningOp<linalg::IndexOp>() != nullptr;
              }))
            continue;
          cloneScalar(inner, scalar, mapping);
        }
        Value same = arith::CmpIOp::create(inner, loc, arith::CmpIPredicate::eq,
                                           mapping.lookup(index), args[1]);
        return arith::UIToFPOp::create(inner, loc, inner.getF32Type(), same);
      });

  // result[loops] = sum over rows of hot[ids loops, row] * table[..row..].
  unsigned data = unsigned(loops.size()), count = data + 1 + units;
  PendingContract product{loc, {hot}, {}, {1.0f}, {}, {}, {}, {}, false};
  product.extents.assign(loops.begin(), loops.end());
  product.extents.push_back(rows);
  product.extents.append(units, 1);
  SmallVector<AffineExpr> hotDims, tableDims;
  for (AffineExpr e : idsMap.getResults())
    hotDims.push_back(e);
  hotDims.push_back(b.getAffineDimExpr(data));
  for (unsigned d = 0; d < tableType.getRank(); ++d)
    tableDims.push_back(
        b.getAffineDimExpr(int(d) == dataDim ? data : unsigned(tableLoops[d])));
  AffineMap tableMap = AffineMap::get(count, 0, tableDims, b.getContext());
  product.maps = {AffineMap::get(count, 0, hotDims, b.getContext()), tableMap};
  product.resultMap =
      AffineMap::get(count, 0, maps[1].getResults(), b.getContext());
  SmallVector<int> lanes;
  for (int d = int(resultType.getRank()) - 1; d >= 0; --d)
    if (llvm::is_contained(tableLoops,
                           int(maps[1].getDimPosition(unsigned(d)))))
      lanes.push_back(d);
  product.splat = lanes.empty();
  if (product.splat)
    for (int64_t extent : resultType.getShape())
      product.resultDigits.push_back({{extent, 0, true}});
  else
    product.resultDigits =
        packLanes(resultType.getShape(), lanes, machine.lanes(),
                  machine.weightStreams / 2);
  if (ElementsAttr attr = constantOf(table)) {
    product.installed.push_back(constant(attr, attr.getType(), table.getLoc()));
    ElementsAttr rest = quantised(op.getResult(0))
                            ? remainderOfHalf(module, attr)
                            : ElementsAttr();
    if (rest) {
      product.streamed.push_back(hot);
      product.installed.push_back(
          constant(rest, rest.getType(), table.getLoc()));
      product.scales.push_back(1.0f);
      product.maps = {product.maps[0], product.maps[0], tableMap, tableMap};
    }
  } else {
    if (failed(finishPending(table)))
      return failure();
    std::vector<LaneDigits> digits;
    int innermost = -1;
    for (unsigned d = 0; d < tableType.getRank(); ++d) {
      digits.push_back({{tableType.getDimSize(d), 0, true}});
      if (int(d) != dataDim && tableLoops[d] < int(data))
        innermost = int(d);
    }
    digits[size_t(dataDim)] = laneDigits(layout, rank - 1);
    Layout target =
        buildLayout(digits, false, innermost, machine.weightStreams / 2);
    Value from = anyVersion(table);
    if (!from) {
      auto made = version(table, buildLayout(digits), loc);
      if (failed(made))
        return failure();
      from = *made;
    }
    auto made = relayout(from, target, b.getF16Type(), loc);
    if (failed(made))
      return failure();
    product.installed.push_back(innermost < 0 ? replicated(*made, loc) : *made);
  }
  pending.try_emplace(op.getResult(0), product);
  return waitsForEpilogue(op, op.getResult(0)) ? mlir::success()
                                               : finishPending(op.getResult(0));
}
