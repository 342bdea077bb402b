// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Takes the large payloads out of a serialised ONNX model, so that parsing it
// costs no memory for weights: what is left of such a tensor is the range of
// the file that its bytes are in.

#ifndef WEFT_LIB_IMPORT_ONNX_WIREFORMAT_H
#define WEFT_LIB_IMPORT_ONNX_WIREFORMAT_H

#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/StringRef.h"
#include "llvm/Support/Error.h"

#include <string>

namespace weft::onnxir {

/// Key of the `external_data` entry that a payload taken out leaves behind in
/// its TensorProto; the value is "OFFSET LENGTH", in bytes of the model file.
inline constexpr llvm::StringLiteral kRangeKey = "weft.range";

/// The model serialised in `file` with each tensor's raw_data, float_data and
/// double_data replaced as above where they take more than `threshold` bytes in
/// one piece. Documentation, value_info and training information, which the
/// importer does not read, are left out. Errors: bytes that are not protobuf's
/// wire format, or messages nested too deeply.
llvm::Expected<std::string> takeOutPayloads(llvm::ArrayRef<char> file,
                                            size_t threshold);

} // namespace weft::onnxir

#endif // WEFT_LIB_IMPORT_ONNX_WIREFORMAT_H
