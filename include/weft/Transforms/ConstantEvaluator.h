// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Computes linalg and tensor operations on constant operands. Decides values
// only; which operations are worth folding is decided by its callers, within
// the limits they give.

#ifndef WEFT_TRANSFORMS_CONSTANTEVALUATOR_H
#define WEFT_TRANSFORMS_CONSTANTEVALUATOR_H

#include "weft/Transforms/ConstantTensor.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Operation.h"

namespace weft {

/// How much one folded operation may cost.
struct EvaluationLimits {
  int64_t maxElements = 4 << 20; ///< Elements of each operand and result.
  int64_t maxWork = 256 << 20;   ///< Points of the iteration space times body.
};

/// Finds the value of an operand, or null where it is not constant.
using OperandValueFn = llvm::function_ref<const ConstantTensor *(mlir::Value)>;

/// Computes the results of one operation on tensors from those of its operands:
/// structured operations whose bodies are arith, math, linalg.index and
/// tensor.extract of constants; tensor.expand_shape, collapse_shape,
/// extract_slice, insert_slice, concat, pad (by a constant), empty, splat,
/// from_elements, cast. Floats are computed in their own type, integers
/// wrap. nullopt where the operation or an operand is none of these, an index
/// leaves its tensor, or a limit is passed.
std::optional<llvm::SmallVector<ConstantTensor>>
evaluate(mlir::Operation *op, OperandValueFn values,
         const EvaluationLimits &limits = {});

/// Folds `op` if all its operands are constants: the attributes of its results,
/// or nullopt. Constants in files are read only up to `limits`, and only
/// with `files`.
std::optional<llvm::SmallVector<mlir::ElementsAttr>>
foldToConstants(mlir::Operation *op, WeightFiles *files,
                const EvaluationLimits &limits = {});

/// Runs a whole function of linalg, tensor and arith on static shapes, which is
/// how tests compare a lowered model with its reference outputs. nullopt, with
/// an error at the operation, where one cannot be computed.
std::optional<llvm::SmallVector<ConstantTensor>>
interpret(mlir::func::FuncOp function, llvm::ArrayRef<ConstantTensor> arguments,
          WeightFiles *files);

} // namespace weft

#endif // WEFT_TRANSFORMS_CONSTANTEVALUATOR_H
