// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Reads an ONNX model into the `weft_onnx` dialect without interpreting it, and
// binds the dimensions that its inputs leave open.

#ifndef WEFT_IMPORT_ONNX_H
#define WEFT_IMPORT_ONNX_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/IR/OwningOpRef.h"
#include "llvm/ADT/SmallVector.h"
#include "llvm/ADT/StringMap.h"

#include <cstdint>

namespace weft {

struct ImportOptions {
  /// Tensors of at most this many bytes become `dense` and so can be folded;
  /// larger ones stay in their file and become `#weft.external`.
  int64_t inlineBytes = 16 * 1024;
};

/// Imports the model at `path`. The module has one function, @main; the
/// description of the `weft_onnx` dialect says what it and its attributes look
/// like. Model-local functions are inlined, nodes put into topological order,
/// and weights left in their files, which must be inside the model's
/// directory. Where anything is wrong the errors go to `context` (see
/// weft::onnxir::printDiagnostic) and the result is null. The dialects needed
/// are loaded.
mlir::OwningOpRef<mlir::ModuleOp> importOnnx(llvm::StringRef path,
                                             mlir::MLIRContext *context,
                                             const ImportOptions &options = {});

/// What the user says about dimensions that the model leaves open.
struct DimBindings {
  /// Size of a symbolic dimension. "INPUT[I]" names dimension I of an input,
  /// which is how one without a name is bound.
  llvm::StringMap<int64_t> dims;
  /// Whole shapes by name of the input. Outputs of the model may be among
  /// them; they are ignored.
  llvm::StringMap<llvm::SmallVector<int64_t>> shapes;
};

/// Gives every input of @main a static shape. Each of these is an error: a
/// dimension that stays open (all are named together), a binding or a shape
/// that names nothing, a rank or size that contradicts the model or another
/// binding. Does nothing to inputs that are no tensors.
mlir::LogicalResult bindDimensions(mlir::ModuleOp module,
                                   const DimBindings &bindings);

} // namespace weft

#endif // WEFT_IMPORT_ONNX_H
