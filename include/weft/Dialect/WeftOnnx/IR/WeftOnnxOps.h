// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Operations of the `weft_onnx` dialect.

#ifndef WEFT_DIALECT_WEFTONNX_IR_WEFTONNXOPS_H
#define WEFT_DIALECT_WEFTONNX_IR_WEFTONNXOPS_H

#include "weft/Dialect/WeftOnnx/IR/WeftOnnxDialect.h"

#include "mlir/Bytecode/BytecodeOpInterface.h"
#include "mlir/IR/BuiltinAttributeInterfaces.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/OpDefinition.h"
#include "mlir/IR/OpImplementation.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"
#include "mlir/Interfaces/SideEffectInterfaces.h"

#define GET_OP_CLASSES
#include "weft/Dialect/WeftOnnx/IR/WeftOnnxOps.h.inc"

#endif // WEFT_DIALECT_WEFTONNX_IR_WEFTONNXOPS_H
