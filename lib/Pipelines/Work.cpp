// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counts products, operations and bytes of a module on linalg.

#include "Work.h"

#include "weft/Dialect/Tsp/Transforms/SchedulingProblem.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/Dialect/Math/IR/Math.h"
#include "mlir/Dialect/Tensor/IR/Tensor.h"

#include <set>

using namespace mlir;
using namespace weft;

static mlir::Value withoutReshapes(mlir::Value value) {
  while (Operation *op = value.getDefiningOp()) {
    if (!isa<tensor::ExpandShapeOp, tensor::CollapseShapeOp>(op))
      break;
    value = op->getOperand(0);
  }
  return value;
}

ElementsAttr weft::constantBehind(mlir::Value value) {
  auto constant = withoutReshapes(value).getDefiningOp<arith::ConstantOp>();
  return constant ? dyn_cast<ElementsAttr>(constant.getValue())
                  : ElementsAttr();
}

/// A product of two tensors, if that is what the operation is.
static std::optional<linalg::ContractionDimensions>
productOf(linalg::LinalgOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumReductionLoops() == 0 ||
      !linalg::isaContractionOpInterface(op))
    return std::nullopt;
  auto dims = linalg::inferContractionDims(op);
  if (failed(dims))
    return std::nullopt;
  return *dims;
}

static int64_t extent(ArrayRef<int64_t> ranges, ArrayRef<unsigned> loops) {
  int64_t product = 1;
  for (unsigned loop : loops)
    product *= ranges[loop];
  return product;
}

static int64_t operationsOf(linalg::LinalgOp op) {
  int64_t count = 0;
  for (Operation &inner : op->getRegion(0).front().without_terminator())
    if (isa<arith::ArithDialect, math::MathDialect>(inner.getDialect()) &&
        !isa<arith::ConstantOp, arith::IndexCastOp, arith::ExtFOp,
             arith::TruncFOp>(inner))
      ++count;
  for (int64_t range : op.getStaticLoopRanges())
    count *= std::max<int64_t>(range, 0);
  return count;
}

DictionaryAttr weft::collectWork(func::FuncOp function) {
  SmallVector<int64_t> matrices;
  SmallVector<Attribute> nodes;
  int64_t operations = 0;
  Builder b(function.getContext());
  function.walk([&](linalg::LinalgOp op) {
    auto dims = productOf(op);
    if (!dims) {
      operations += operationsOf(op);
      return;
    }
    SmallVector<int64_t> ranges = op.getStaticLoopRanges();
    bool constant = constantBehind(op.getDpsInputs()[0]) ||
                    constantBehind(op.getDpsInputs()[1]);
    Type element = getElementTypeOrSelf(op.getDpsInputs()[0].getType());
    matrices.append({extent(ranges, dims->batch), extent(ranges, dims->m),
                     extent(ranges, dims->n), extent(ranges, dims->k),
                     element.isInteger(8), constant});
    SmallVector<std::string> names = tsp::nodeNames(op.getLoc());
    nodes.push_back(
        b.getStrArrayAttr(SmallVector<StringRef>(names.begin(), names.end())));
  });
  return b.getDictionaryAttr(
      {b.getNamedAttr("matrices", b.getDenseI64ArrayAttr(matrices)),
       b.getNamedAttr("nodes", b.getArrayAttr(nodes)),
       b.getNamedAttr("vector_operations", b.getI64IntegerAttr(operations))});
}

/// Bytes of a [k x n] weight: a vector per column and K-tile, which has twice
/// the lanes where weights are bytes.
static int64_t packedBytes(const Machine &machine, int64_t k, int64_t n,
                           bool bytes = false) {
  int64_t lanes = bytes ? machine.lanes() : machine.halfLanes();
  int64_t tiles = (k + lanes - 1) / lanes;
  return tiles * n * machine.lanes();
}

/// Cycles that `count` look-ups in a [rows x columns] table keep both pairs
/// busy: a tile is half the lanes of rows by the lanes of columns, and loads in
/// 20 cycles (the lanes over 16 packed columns).
static int64_t lookupCycles(const Machine &machine, int64_t count, int64_t rows,
                            int64_t columns) {
  int64_t k = machine.halfLanes(), n = machine.lanes();
  int64_t tiles = (rows + k - 1) / k * ((columns + n - 1) / n);
  return tiles * std::max(count, n / machine.weightStreams) / 2;
}

ResidentBytes weft::estimateResident(func::FuncOp function,
                                     const Machine &machine) {
  ResidentBytes result;
  std::set<const void *> counted;
  std::set<std::string> onChip;
  function.walk([&](linalg::LinalgOp op) {
    if (auto dims = productOf(op)) {
      SmallVector<int64_t> ranges = op.getStaticLoopRanges();
      for (unsigned side : {0u, 1u}) {
        ElementsAttr value = constantBehind(op.getDpsInputs()[side]);
        if (!value || !counted.insert(value.getAsOpaquePointer()).second)
          continue;
        int64_t k = extent(ranges, dims->k);
        result.weights += packedBytes(
            machine, k, value.getNumElements() / std::max<int64_t>(k, 1),
            value.getElementType().isInteger(8));
      }
      return;
    }
    for (tensor::ExtractOp extract :
         op->getRegion(0).getOps<tensor::ExtractOp>()) {
      mlir::Value table = extract.getTensor();
      auto constant = table.getDefiningOp<arith::ConstantOp>();
      auto type = cast<RankedTensorType>(table.getType());
      if (!constant || type.getRank() < 1 || !counted.insert(constant).second)
        continue;
      int64_t rows = type.getDimSize(0);
      int64_t bytes = packedBytes(
          machine, rows, type.getNumElements() / std::max<int64_t>(rows, 1));
      // The index must come from the data, which must be a graph input.
      mlir::Value index = extract.getIndices()[0];
      while (auto cast = index.getDefiningOp<arith::IndexCastOp>())
        index = cast.getIn();
      bool byLoop = isa_and_nonnull<linalg::IndexOp>(index.getDefiningOp());
      bool byInput =
          op.getNumDpsInputs() == 1 &&
          isa<BlockArgument>(withoutReshapes(op.getDpsInputs()[0])) &&
          withoutReshapes(op.getDpsInputs()[0]).getParentBlock() ==
              &function.getBody().front();
      auto name = dyn_cast<NameLoc>(table.getLoc());
      Type element = type.getElementType();
      if (byLoop || !byInput || !name ||
          !(isa<FloatType>(element) || element.isInteger(8))) {
        result.weights += bytes;
        continue;
      }
      HostTable &host =
          result.tables
              .try_emplace(name.getName().str(), HostTable{0, table.getLoc()})
              .first->second;
      int64_t count =
          cast<ShapedType>(op.getDpsInputs()[0].getType()).getNumElements();
      int64_t columns = type.getNumElements() / std::max<int64_t>(rows, 1);
      host.bytes += bytes;
      host.chipCycles += lookupCycles(machine, count, rows, columns);
      host.rowBytes += count * columns * (element.isInteger(8) ? 1 : 2);
    }
  });
  return result;
}
