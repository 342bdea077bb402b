// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Turns TensorProto into attributes: `dense` where it is small or its bytes are
// nowhere as they are in memory, `#weft.external` otherwise.

#ifndef WEFT_LIB_IMPORT_ONNX_TENSORS_H
#define WEFT_LIB_IMPORT_ONNX_TENSORS_H

#include "weft/Dialect/Weft/IR/ExternalData.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/Error.h"

#include <onnx/onnx_pb.h>

namespace weft::onnxir {

/// Reads the tensors of one model.
class TensorReader {
public:
  /// `modelFile` is the model's name inside the directory of `files`. Tensors
  /// of at most `inlineBytes` bytes become dense.
  TensorReader(mlir::MLIRContext *context, WeightFiles &files,
               llvm::StringRef modelFile, int64_t inlineBytes)
      : context(context), files(files), modelFile(modelFile),
        inlineBytes(inlineBytes) {}

  /// The values of `tensor`. Errors: an element type or shape without meaning,
  /// another amount of data than they need, an external file that may not or
  /// cannot be read.
  llvm::Expected<mlir::ElementsAttr> read(const onnx::TensorProto &tensor);

  /// The values of `sparse`, as a dictionary of `values`, `indices` and `dims`.
  llvm::Expected<mlir::DictionaryAttr>
  read(const onnx::SparseTensorProto &sparse);

  /// A dense attribute of `bytes` in ONNX's layout, which must be as many as
  /// `type` takes.
  static mlir::DenseElementsAttr getDense(mlir::RankedTensorType type,
                                          llvm::ArrayRef<char> bytes);

private:
  llvm::Expected<mlir::ElementsAttr> readRange(mlir::RankedTensorType type,
                                               llvm::StringRef file,
                                               int64_t offset, int64_t length);
  llvm::Expected<mlir::ElementsAttr>
  readExternal(const onnx::TensorProto &tensor, mlir::RankedTensorType type);
  llvm::Expected<std::string> collectBytes(const onnx::TensorProto &tensor,
                                           mlir::RankedTensorType type);

  mlir::MLIRContext *context;
  WeightFiles &files;
  std::string modelFile;
  int64_t inlineBytes;
};

} // namespace weft::onnxir

#endif // WEFT_LIB_IMPORT_ONNX_TENSORS_H
