// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The `tsp` dialect: its operations and types.

#ifndef WEFT_DIALECT_TSP_IR_TSP_H
#define WEFT_DIALECT_TSP_IR_TSP_H

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/Dialect.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/IR/SymbolTable.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#include "weft/Dialect/Tsp/IR/TspDialect.h.inc"

#define GET_TYPEDEF_CLASSES
#include "weft/Dialect/Tsp/IR/TspTypes.h.inc"

#define GET_OP_CLASSES
#include "weft/Dialect/Tsp/IR/TspOps.h.inc"

#endif // WEFT_DIALECT_TSP_IR_TSP_H
