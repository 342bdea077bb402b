// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A tsp.program as the scheduler's problem, and the way back: which operation
// every chain, op, value and buffer of the problem stands for. The scheduler
// and the writer of programs read chains through it; it decides nothing.

#ifndef WEFT_DIALECT_TSP_TRANSFORMS_SCHEDULINGPROBLEM_H
#define WEFT_DIALECT_TSP_TRANSFORMS_SCHEDULINGPROBLEM_H

#include "weft/Dialect/Tsp/IR/Tsp.h"
#include "weft/Schedule/Problem.h"

#include "llvm/ADT/DenseMap.h"

#include <memory>

namespace weft::tsp {

/// The machine of a program: its `machine` is a description's JSON text or the
/// name of a preset. An error at the program otherwise.
mlir::FailureOr<Machine> machineOf(ProgramOp program);

/// A program as a scheduling problem. Chains, buffers and ops are in the order
/// of the text.
struct SchedulingProblem {
  Machine machine;
  Problem problem;
  /// Operations that make memory, and the index of the first buffer of each.
  llvm::SmallVector<std::pair<mlir::Operation *, int>> memory;
  llvm::DenseMap<mlir::Value, int> bufferIndex;
  struct ChainMap {
    ChainOp op;
    llvm::SmallVector<mlir::Operation *> ops; ///< By op of the problem's chain.
    llvm::SmallVector<mlir::Value> values;    ///< By value of the chain.
    llvm::DenseMap<mlir::Value, int> valueIndex;
    llvm::SmallVector<WriteOp> writes; ///< By write of the chain.
  };
  std::vector<ChainMap> chains;
};

/// Builds and checks the problem. Anything contradictory in the text (runs that
/// do not match their buffers, offsets at which values do not meet, places
/// outside memory, ...) is an error at the operation. Places that are stamped
/// are kept.
mlir::FailureOr<std::unique_ptr<SchedulingProblem>>
buildSchedulingProblem(ProgramOp program);

/// The schedule that is stamped on a program, or an error at the first
/// operation without a stamp. Streams count within their direction, as in
/// Schedule.
mlir::FailureOr<Schedule> stampedSchedule(const SchedulingProblem &scheduling,
                                          ProgramOp program);

/// An upper bound on the program's text: instructions, repeats and waits, with
/// every run of accesses and every change of producer counted.
int64_t estimateTextBytes(const SchedulingProblem &scheduling);

/// How an operation's element type is held: i8, i16, i32, f16, f32.
std::optional<DataType> dataTypeOf(mlir::Type type);

/// The operation code of an ALU named as in weft::opcodeName().
std::optional<Opcode> aluOpcode(llvm::StringRef name);

/// Names of ONNX nodes behind a location, fused ones all, in order.
llvm::SmallVector<std::string> nodeNames(mlir::Location loc);

/// The name of the model's constant behind a location, or "".
std::string initializerName(mlir::Location loc);

/// Whether a constant with this location was made by the compiler, not given by
/// the model (weft::kTableLocation).
bool isTable(mlir::Location loc);

} // namespace weft::tsp

#endif // WEFT_DIALECT_TSP_TRANSFORMS_SCHEDULINGPROBLEM_H
