// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Gives the bytes of constants, wherever they are: in the attribute, in a
// resource, or in a file of the model's directory, which is mapped read-only on
// first use. Decides which files may be opened; leaves the meaning of the bytes
// to its callers.

#ifndef WEFT_DIALECT_WEFT_IR_EXTERNALDATA_H
#define WEFT_DIALECT_WEFT_IR_EXTERNALDATA_H

#include "weft/Dialect/Weft/IR/WeftDialect.h"

#include "mlir/IR/BuiltinOps.h"
#include "llvm/ADT/DenseMap.h"
#include "llvm/ADT/StringMap.h"
#include "llvm/Support/Error.h"
#include "llvm/Support/MemoryBuffer.h"

#include <memory>
#include <mutex>
#include <string>

namespace mlir {
class RewritePatternSet;
} // namespace mlir

namespace weft {

/// Folds tensor.expand_shape, tensor.collapse_shape and tensor.reshape of an
/// external weight into an external weight of the new type.
void populateExternalFoldPatterns(mlir::RewritePatternSet &patterns);

/// The bytes of a program's constants. Thread-safe. Everything it hands out
/// lives as long as it does.
class WeightFiles {
public:
  /// `directory` is the model's directory; every file must really be inside it.
  explicit WeightFiles(llvm::StringRef directory);
  /// Takes the directory from the module's `weft.model_directory` ("."
  /// without).
  explicit WeightFiles(mlir::ModuleOp module);
  ~WeightFiles();
  WeightFiles(const WeightFiles &) = delete;
  WeightFiles &operator=(const WeightFiles &) = delete;

  /// The bytes of a constant in ONNX's layout: row-major, little-endian, one
  /// byte for a boolean, types of 2 and 4 bits packed from the lowest bits. A
  /// splat is spelled out. Errors: a file that is absent or outside the
  /// directory, a range past the file's end, a kind of attribute without bytes
  /// (strings).
  llvm::Expected<llvm::ArrayRef<char>> bytes(mlir::ElementsAttr attr);

  /// The whole of a file of the directory, mapped. Errors as above; so is a
  /// name that is absolute, has a `..`, or reaches a place outside the
  /// directory through a link.
  llvm::Expected<llvm::ArrayRef<char>> file(llvm::StringRef name);

private:
  std::string directory;
  std::mutex mutex;
  llvm::StringMap<std::unique_ptr<llvm::MemoryBuffer>> files;
  llvm::DenseMap<mlir::Attribute, std::unique_ptr<char[]>> spelledOut;
};

} // namespace weft

#endif // WEFT_DIALECT_WEFT_IR_EXTERNALDATA_H
