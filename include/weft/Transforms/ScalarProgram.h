// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The body of a linalg operation as a list of scalar instructions, so that it
// can be run once per point of the iteration space without touching IR. Decides
// what each arith and math operation computes; where operands come from is left
// to ConstantEvaluator.

#ifndef WEFT_TRANSFORMS_SCALARPROGRAM_H
#define WEFT_TRANSFORMS_SCALARPROGRAM_H

#include "weft/Transforms/ConstantTensor.h"

#include "mlir/IR/Block.h"
#include "mlir/IR/Operation.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/STLFunctionalExtras.h"

#include <functional>

namespace weft {

/// One scalar operation: `slots[result] = compute(slots)`.
class ScalarProgram {
public:
  /// Finds the value of a tensor that the body captures from outside, or null.
  using CaptureFn =
      llvm::function_ref<const ConstantTensor *(mlir::Value tensor)>;
  /// Finds the value of a scalar captured from outside.
  using ScalarFn = llvm::function_ref<std::optional<Scalar>(mlir::Value)>;

  /// Translates `body`; nullopt where an operation or a type is not one that
  /// the evaluator knows. Captured tensors must outlive the program.
  static std::optional<ScalarProgram>
  build(mlir::Block &body, CaptureFn captures, ScalarFn scalars);

  /// Slots of the block arguments are 0, 1, ...
  unsigned numArguments() const { return arguments; }
  size_t numInstructions() const { return instructions.size(); }
  /// Runs the body on `slots` (arguments filled in) at the point `indices`.
  /// Returns false where an extract is outside its tensor or an integer is
  /// divided by zero.
  bool run(llvm::ArrayRef<int64_t> indices);
  Scalar &slot(unsigned index) { return slots[index]; }
  /// Slots of the yielded values.
  llvm::ArrayRef<unsigned> results() const { return yielded; }

private:
  using Function = std::function<bool(Scalar *slots, const int64_t *indices)>;
  std::vector<Function> instructions;
  std::vector<Scalar> slots;
  llvm::SmallVector<unsigned> yielded;
  unsigned arguments = 0;
};

} // namespace weft

#endif // WEFT_TRANSFORMS_SCALARPROGRAM_H
