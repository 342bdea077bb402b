// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Types of ONNX in MLIR's terms, and the reason where there is none.

#ifndef WEFT_LIB_IMPORT_ONNX_TYPES_H
#define WEFT_LIB_IMPORT_ONNX_TYPES_H

#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinTypes.h"
#include "llvm/Support/Error.h"

#include <onnx/onnx_pb.h>

namespace weft::onnxir {

/// An error whose text is `message`.
llvm::Error makeError(const llvm::Twine &message);

/// The element type with ONNX's number `dataType` (onnx.proto,
/// TensorProto.DataType; read as an integer because the enumeration of the
/// parser in use predates the newer types): signed integers are signless,
/// unsigned ones unsigned, a boolean is i1. Null where the number has no
/// meaning.
mlir::Type getElementType(mlir::MLIRContext *context, int32_t dataType);

/// The type of a value; `!weft_onnx.unknown` where the model says nothing. A
/// tensor without a shape is unranked. Errors: element types without meaning,
/// more than 2^63 elements.
llvm::Expected<mlir::Type> convertType(mlir::MLIRContext *context,
                                       const onnx::TypeProto &type);

/// What `weft_onnx.dims` says of a value of type `type`: null where it is not a
/// tensor of known rank.
mlir::ArrayAttr convertDims(mlir::MLIRContext *context,
                            const onnx::TypeProto &type);

/// Number of elements of a static shape, or nullopt past 63 bits.
std::optional<int64_t> countElements(llvm::ArrayRef<int64_t> shape);

} // namespace weft::onnxir

#endif // WEFT_LIB_IMPORT_ONNX_TYPES_H
