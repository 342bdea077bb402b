// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of which only the largest or smallest of the rows are wanted: they
// are combined as they reach the vector unit.

#include "Contraction.h"

using namespace mlir;
using namespace weft;

/// The rows as they come, combined in an ALU with its own result of a latency
/// ago: a part for each cycle of it is left.
LogicalResult Contraction::emitCombined(Value sum, int arrival, int count) {
  Block &body = op.getBody().front();
  const int parts = builder.machine.aluLatency;
  Value result = op.getResult(0);
  if (op->getNumResults() != 1 ||
      storageOf(result.getType()) != DataType::F32 ||
      body.getTerminator()->getOperand(0) != body.getArgument(0) ||
      resultLayout.columns != parts || count < parts ||
      (*op.getCombine() != "max" && *op.getCombine() != "min"))
    return op.emitError("combines sums as they are, of at least ")
           << parts << " rows, into as many columns";
  AluNode node;
  node.opcode = *op.getCombine() == "max" ? Opcode::Max : Opcode::Min;
  node.type = node.resultType = DataType::F32;
  Value value = builder.alu(op.getLoc(), node, sum, {0}, {}, arrival, count, 1);
  value.getDefiningOp<tsp::AluOp>().setAccumulate(true);
  SmallVector<VectorAddress> target;
  for (int32_t part = 0; part < parts; ++part)
    target.push_back({0, part});
  builder.write(value, builder.memoryOf(result), target, op.getLoc());
  return mlir::success();
}
