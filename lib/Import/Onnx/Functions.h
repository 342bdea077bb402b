// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// How calls find model-local functions.

#ifndef WEFT_LIB_IMPORT_ONNX_FUNCTIONS_H
#define WEFT_LIB_IMPORT_ONNX_FUNCTIONS_H

#include <onnx/onnx_pb.h>

#include <string>

namespace weft::onnxir {

/// Which of the functions of one name is meant; from IR version 10.
std::string getOverload(const onnx::NodeProto &node);
std::string getOverload(const onnx::FunctionProto &function);

/// What tells functions apart.
std::string getFunctionKey(const std::string &domain, const std::string &name,
                           const std::string &overload);

} // namespace weft::onnxir

#endif // WEFT_LIB_IMPORT_ONNX_FUNCTIONS_H
