// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Registers what the `tsp` dialect holds.

#include "weft/Dialect/Tsp/IR/Tsp.h"

#include "weft/Dialect/Tsp/IR/TspDialect.cpp.inc"

#define GET_TYPEDEF_CLASSES
#include "weft/Dialect/Tsp/IR/TspTypes.cpp.inc"

#define GET_OP_CLASSES
#include "weft/Dialect/Tsp/IR/TspOps.cpp.inc"

void weft::tsp::TspDialect::initialize() {
  addTypes<
#define GET_TYPEDEF_LIST
#include "weft/Dialect/Tsp/IR/TspTypes.cpp.inc"
      >();
  addOperations<
#define GET_OP_LIST
#include "weft/Dialect/Tsp/IR/TspOps.cpp.inc"
      >();
}
