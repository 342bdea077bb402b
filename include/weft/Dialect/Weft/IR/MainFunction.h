// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The function that passes work on.

#ifndef WEFT_DIALECT_WEFT_IR_MAINFUNCTION_H
#define WEFT_DIALECT_WEFT_IR_MAINFUNCTION_H

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinOps.h"

namespace weft {

/// The function @main of a module, which has one block; null after an error
/// where there is none.
mlir::func::FuncOp mainFunction(mlir::ModuleOp module);

} // namespace weft

#endif // WEFT_DIALECT_WEFT_IR_MAINFUNCTION_H
