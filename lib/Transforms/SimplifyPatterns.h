// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The patterns of weft-simplify that are Weft's own.

#ifndef WEFT_LIB_TRANSFORMS_SIMPLIFYPATTERNS_H
#define WEFT_LIB_TRANSFORMS_SIMPLIFYPATTERNS_H

#include "mlir/Dialect/Linalg/IR/Linalg.h"
#include "mlir/IR/PatternMatch.h"

namespace weft {

/// Whether the operation copies its only input, in some order, perhaps
/// repeating elements.
bool isPureCopy(mlir::linalg::GenericOp op);

/// Reads through copies: an operand that is a transposition or a broadcast is
/// replaced by what was copied, with another indexing map.
void populateReadThroughCopyPatterns(mlir::RewritePatternSet &patterns);

/// Writes a reduction's or contraction's result in the order in which its only
/// user, a transposition, copies it.
void populateWriteTransposedPatterns(mlir::RewritePatternSet &patterns);

/// Fuses element-wise operations into element-wise users, where nothing is
/// computed twice, and puts splat constants into bodies.
void populateElementwiseFusionPatterns(mlir::RewritePatternSet &patterns);

/// Drops dimensions of size 1 from slices and concatenations, which upstream's
/// patterns leave.
void populateDropUnitDimsPatterns(mlir::RewritePatternSet &patterns);

/// Drops narrowing and widening of integers that lose nothing.
void populateIntegerRangePatterns(mlir::RewritePatternSet &patterns);

/// Makes a reshape of tensor.empty a tensor.empty.
void populateReshapeOfEmptyPatterns(mlir::RewritePatternSet &patterns);

} // namespace weft

#endif // WEFT_LIB_TRANSFORMS_SIMPLIFYPATTERNS_H
