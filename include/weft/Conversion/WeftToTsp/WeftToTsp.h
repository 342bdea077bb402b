// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Kernels to chains.

#ifndef WEFT_CONVERSION_WEFTTOTSP_WEFTTOTSP_H
#define WEFT_CONVERSION_WEFTTOTSP_WEFTTOTSP_H

#include "weft/Machine/Machine.h"

#include "mlir/Pass/Pass.h"

namespace weft {

/// weft-to-tsp: the kernels of @main to a tsp.program of chains, not yet
/// scheduled.
std::unique_ptr<mlir::Pass> createWeftToTspPass(const Machine &machine);

} // namespace weft

#endif // WEFT_CONVERSION_WEFTTOTSP_WEFTTOTSP_H
