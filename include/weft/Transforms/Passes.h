// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Passes over linalg, tensor, arith and math that know nothing of chips.

#ifndef WEFT_TRANSFORMS_PASSES_H
#define WEFT_TRANSFORMS_PASSES_H

#include "weft/Transforms/ConstantEvaluator.h"

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"

#include <memory>

namespace weft {

/// The pass `weft-fold-constants`: replaces operations whose operands are all
/// constants by constants, within limits. Weights in files are not read only
/// to be copied in another order, which later passes turn into an indexing map.
std::unique_ptr<mlir::Pass> createFoldConstantsPass();
/// What the pass does, for other passes.
void foldConstants(mlir::Operation *root, WeightFiles &files,
                   const EvaluationLimits &limits = {});

/// The pass `weft-simplify`: what an exporter wrote, without its noise.
/// Constants folded, equal computations merged, unit dimensions dropped,
/// reshapes and transpositions turned into loops and indexing maps, and
/// element-wise operations fused. Contractions keep a body of one
/// multiplication and one addition.
std::unique_ptr<mlir::Pass> createSimplifyPass();

/// The pass `weft-adopt-linalg`: linalg on static tensors from any compiler,
/// with named operations, as placement reads it. The function is @main or the
/// only public one. Modules that have been through weft-simplify stay as they
/// are.
std::unique_ptr<mlir::Pass> createAdoptLinalgPass();

void registerTransformsPasses();

} // namespace weft

#endif // WEFT_TRANSFORMS_PASSES_H
