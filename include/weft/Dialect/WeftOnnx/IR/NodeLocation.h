// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// How locations name what came from an ONNX model, and how diagnostics at such
// locations read: "FILE: node 'NAME' (OP, opset V): error: ...".

#ifndef WEFT_DIALECT_WEFTONNX_IR_NODELOCATION_H
#define WEFT_DIALECT_WEFTONNX_IR_NODELOCATION_H

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/Location.h"

#include <string>

namespace weft::onnxir {

/// Where a node came from:
/// loc("NAME"("OP, opset V"("FILE":0:0))), OP spelled DOMAIN.OP outside the
/// default domain. `file` is the location of the model.
mlir::NameLoc getNodeLoc(mlir::Location file, llvm::StringRef name,
                         llvm::StringRef domain, llvm::StringRef opType,
                         int64_t opset);

/// Where a constant of the model came from: loc("NAME"("initializer"("FILE"))).
mlir::NameLoc getInitializerLoc(mlir::Location file, llvm::StringRef name);

/// "FILE: node 'NAME' (OP, opset V)", as much of it as the location knows. Of
/// several nodes fused into one the first is named, with a count of the others.
std::string describeLocation(mlir::Location loc);

/// Prints "WHERE: error: MESSAGE" and below it the notes, indented.
void printDiagnostic(mlir::Diagnostic &diagnostic, llvm::raw_ostream &os);

} // namespace weft::onnxir

#endif // WEFT_DIALECT_WEFTONNX_IR_NODELOCATION_H
