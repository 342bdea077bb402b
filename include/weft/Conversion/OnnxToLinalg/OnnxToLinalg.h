// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The conversion of weft_onnx.node operations to linalg, tensor, arith and math
// on static shapes. Decides shapes and decompositions; simplifying the result
// is left to weft-simplify.

#ifndef WEFT_CONVERSION_ONNXTOLINALG_ONNXTOLINALG_H
#define WEFT_CONVERSION_ONNXTOLINALG_ONNXTOLINALG_H

#include "mlir/IR/BuiltinOps.h"
#include "mlir/Pass/Pass.h"
#include "llvm/Support/raw_ostream.h"

#include <memory>

namespace weft {

/// Unit attribute left on a module whose conversion failed only because of
/// operators (or forms of them) that are not supported, which a driver reports
/// with another exit code than an invalid model. Absent: the model is invalid.
inline constexpr llvm::StringLiteral kUnsupportedAttr = "weft.unsupported";

/// The pass `weft-onnx-to-linalg`. It needs a module with one function @main of
/// weft_onnx.node operations and static argument types. It reports all
/// unsupported operators together, as
///   node 'NAME' (OP, opset V): error: unsupported operator
/// at the locations that the importer gives nodes (printed by
/// weft::onnxir::printDiagnostic; at other locations the node is named in the
/// message),
/// and then fails with `weft.unsupported` on the module; anything else wrong is
/// one error of the same form. Every operation it makes has the location of its
/// node, a NameLoc with the node's name.
std::unique_ptr<mlir::Pass> createOnnxToLinalgPass();
void registerOnnxToLinalgPass();

/// Writes the table of operators that the conversion knows, in Markdown:
/// operator, domain, opsets.
void listSupportedOperators(llvm::raw_ostream &os);

} // namespace weft

#endif // WEFT_CONVERSION_ONNXTOLINALG_ONNXTOLINALG_H
