// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Registers what the `weft_onnx` dialect holds.

#include "weft/Dialect/WeftOnnx/IR/WeftOnnxDialect.h"
#include "weft/Dialect/Weft/IR/WeftDialect.h"
#include "weft/Dialect/WeftOnnx/IR/WeftOnnxOps.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/DialectImplementation.h"
#include "llvm/ADT/TypeSwitch.h"

#include "weft/Dialect/WeftOnnx/IR/WeftOnnxDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "weft/Dialect/WeftOnnx/IR/WeftOnnxTypes.cpp.inc"

void weft::onnxir::WeftOnnxDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "weft/Dialect/WeftOnnx/IR/WeftOnnxTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "weft/Dialect/WeftOnnx/IR/WeftOnnxOps.cpp.inc"
      >();
}
