// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The part of the constant evaluator that moves elements: operations of the
// tensor dialect. Structured operations are in ConstantEvaluator.cpp.

#ifndef WEFT_LIB_TRANSFORMS_TENSOREVALUATOR_H
#define WEFT_LIB_TRANSFORMS_TENSOREVALUATOR_H

#include "weft/Transforms/ConstantEvaluator.h"

namespace weft {

/// The result of one operation of the tensor dialect on constants; nullopt for
/// any other operation or an operand that is not known.
std::optional<ConstantTensor> evaluateTensorOp(mlir::Operation *op,
                                               OperandValueFn values);

} // namespace weft

#endif // WEFT_LIB_TRANSFORMS_TENSOREVALUATOR_H
