// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Keeps track of which ONNX nodes a computation came from when operations are
// merged. Which operations are merged is decided by the passes.

#ifndef WEFT_TRANSFORMS_LOCATIONS_H
#define WEFT_TRANSFORMS_LOCATIONS_H

#include "mlir/IR/Location.h"
#include "mlir/IR/PatternMatch.h"

namespace weft {

/// One location for what came from all of `locations`: fused locations are
/// flattened, duplicates and unknown ones left out, the order kept.
mlir::Location fuseLocations(mlir::MLIRContext *context,
                             llvm::ArrayRef<mlir::Location> locations);

/// Gives an operation that replaces another the locations of both, unless it
/// only holds or makes room for data (constants, tensor.empty, linalg.fill).
struct LocationFuser : mlir::RewriterBase::Listener {
  void notifyOperationReplaced(mlir::Operation *op,
                               mlir::Operation *newOp) override;
  void notifyOperationReplaced(mlir::Operation *op,
                               mlir::ValueRange replacement) override;
};

/// Upstream's common subexpression elimination, with locations fused.
void eliminateCommonSubexpressions(mlir::Operation *root);

} // namespace weft

#endif // WEFT_TRANSFORMS_LOCATIONS_H
