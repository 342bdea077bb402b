// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Operations of the `weft` dialect and what a placed tensor type says.

#ifndef WEFT_DIALECT_WEFT_IR_WEFTOPS_H
#define WEFT_DIALECT_WEFT_IR_WEFTOPS_H

#include "weft/Dialect/Weft/IR/WeftDialect.h"
#include "weft/Machine/Instruction.h"
#include "weft/Machine/Layout.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinTypes.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

namespace weft {

/// Whether a type is a tensor with a layout.
bool isPlaced(mlir::Type type);

/// The layout of a placed tensor type.
Layout layoutOf(mlir::Type type);

/// How elements of a tensor of this type are stored: f16, f32, i8, i16, i32.
DataType storageOf(mlir::Type type);

} // namespace weft

#define GET_OP_CLASSES
#include "weft/Dialect/Weft/IR/WeftOps.h.inc"

#endif // WEFT_DIALECT_WEFT_IR_WEFTOPS_H
