// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Placement of the middle representation: kernels, layouts, resident weights.

#ifndef WEFT_CONVERSION_LINALGTOWEFT_LINALGTOWEFT_H
#define WEFT_CONVERSION_LINALGTOWEFT_LINALGTOWEFT_H

#include "weft/Machine/Machine.h"

#include "mlir/Pass/Pass.h"

namespace weft {

/// weft-place: linalg on tensors of static shapes to `weft` kernels.
std::unique_ptr<mlir::Pass> createPlacePass(const Machine &machine);

} // namespace weft

#endif // WEFT_CONVERSION_LINALGTOWEFT_LINALGTOWEFT_H
