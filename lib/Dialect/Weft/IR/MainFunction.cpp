// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Finds the function that passes work on.

#include "weft/Dialect/Weft/IR/MainFunction.h"

mlir::func::FuncOp weft::mainFunction(mlir::ModuleOp module) {
  auto main = module.lookupSymbol<mlir::func::FuncOp>("main");
  if (main && main.getBody().hasOneBlock())
    return main;
  module.emitError("expected a function @main with one block");
  return {};
}
