// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Scheduled tsp programs as .weft programs: instruction queues, memory images,
// bindings, names and statistics. Everything has been decided before; this
// only writes it down.

#ifndef WEFT_TARGET_WEFT_EXPORT_H
#define WEFT_TARGET_WEFT_EXPORT_H

#include "weft/Dialect/Tsp/Transforms/SchedulingProblem.h"
#include "weft/Program/Program.h"
#include "weft/Report/Report.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

#include <map>
#include <memory>
#include <string>

namespace weft {

/// On the module, written before placement: the graph's inputs in order, each
/// a dictionary of `name` and `type` (a ranked tensor; element types of ONNX,
/// ui8 and so on where ONNX's is unsigned). Inputs that nothing reads are known
/// by it alone.
inline constexpr llvm::StringLiteral kInputsAttr = "weft.inputs";
/// On the module: the model's work, a dictionary of `matrices` (six numbers for
/// each product: batch, m, n, k, int8, constant operand), `nodes` (names of the
/// ONNX nodes of each product) and `vector_operations`.
inline constexpr llvm::StringLiteral kWorkAttr = "weft.work";

struct ExportOptions {
  /// Without: images hold zeros and host tables too, which is enough to verify.
  bool values = true;
};

/// A program, and the operation that every instruction comes from, by queue
/// number, as in provenance.
struct ExportedProgram {
  Program program;
  std::map<int, std::vector<mlir::Operation *>> origins;
  std::unique_ptr<tsp::SchedulingProblem> scheduling;
};

/// Writes a scheduled program down. Errors: something is not stamped, two
/// instructions of a queue in one cycle, a weight beyond fp16's range, values
/// that cannot be read. NaN weights are warned about. The same module gives
/// the same program, whatever the number of threads.
mlir::FailureOr<ExportedProgram>
exportProgram(tsp::ProgramOp program, const ExportOptions &options = {});

/// The statistics of a program in JSON, by the keys of the command line's
/// contract, without `seconds`; to be kept in Program::statsJson.
mlir::FailureOr<std::string> programStatistics(tsp::ProgramOp op,
                                               const ExportedProgram &exported);

/// What every slice's words are ever used for. Text is in no slice: it counts
/// against SRAM, but where it lies is not decided.
mlir::FailureOr<std::vector<SliceUse>> sramUse(tsp::ProgramOp op,
                                               const ExportedProgram &exported);

/// Multiply-adds of the model's products, by index in Program::nodes: each
/// product's are divided among the nodes that carry all of its names and pass
/// activations, by how many they pass. Empty when the module does not know.
std::vector<double> multiplyAddsByNode(tsp::ProgramOp op,
                                       const ExportedProgram &exported);

/// Runs the verifier of programs over an exported one; the fault is an error
/// at the operation that the instruction comes from.
mlir::LogicalResult verifyExported(tsp::ProgramOp op,
                                   const ExportedProgram &exported);

/// The pass `tsp-verify-schedule`: every scheduled program of the module is
/// without fault and takes as many cycles as it says.
std::unique_ptr<mlir::Pass> createVerifySchedulePass();
void registerVerifySchedulePass();

} // namespace weft

#endif // WEFT_TARGET_WEFT_EXPORT_H
