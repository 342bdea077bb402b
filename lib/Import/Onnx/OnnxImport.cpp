// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Opens a model file, parses it without its weights, and makes the module. The
// graph itself is GraphImporter's.

#include "weft/Import/Onnx.h"

#include "GraphImporter.h"
#include "Types.h"
#include "WireFormat.h"

#include "weft/Dialect/Weft/IR/WeftDialect.h"
#include "weft/Dialect/WeftOnnx/IR/WeftOnnxDialect.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/Verifier.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"

#include <google/protobuf/io/coded_stream.h>

using namespace mlir;
using namespace weft;
using namespace weft::onnxir;

namespace {

/// Where a model is, links resolved if they leave its directory.
struct ModelPath {
  std::string directory;
  std::string name;
};

} // namespace

/// A model that is itself a link to another directory (as in a download cache)
/// is taken to be where the link leads, its external data too.
static ModelPath locate(StringRef path) {
  SmallString<256> absolute(path), real, realDirectory;
  llvm::sys::fs::make_absolute(absolute);
  llvm::sys::path::remove_dots(absolute);
  if (!llvm::sys::fs::real_path(absolute, real) &&
      !llvm::sys::fs::real_path(llvm::sys::path::parent_path(absolute),
                                realDirectory) &&
      llvm::sys::path::parent_path(real) != realDirectory)
    absolute = real;
  return {llvm::sys::path::parent_path(absolute).str(),
          llvm::sys::path::filename(absolute).str()};
}

/// Parses `bytes`; on failure says why.
static llvm::Error parseModel(StringRef bytes, onnx::ModelProto &model) {
  if (bytes.size() > 0x7fffffff)
    return makeError("not a model that can be read: it is larger than 2 GiB "
                     "without its weights");
  google::protobuf::io::CodedInputStream stream(
      reinterpret_cast<const uint8_t *>(bytes.data()),
      static_cast<int>(bytes.size()));
  stream.SetTotalBytesLimit(0x7fffffff);
  if (!model.ParsePartialFromCodedStream(&stream) ||
      !stream.ConsumedEntireMessage())
    return makeError("not an ONNX model, or a corrupt one");
  if (!model.has_ir_version() || model.ir_version() < 1)
    return makeError("not an ONNX model: it states no IR version");
  if (!model.has_graph())
    return makeError("the model has no graph");
  return llvm::Error::success();
}

OwningOpRef<ModuleOp> weft::importOnnx(StringRef path, MLIRContext *context,
                                       const ImportOptions &options) {
  context->loadDialect<arith::ArithDialect, func::FuncDialect, WeftDialect,
                       WeftOnnxDialect>();
  Location loc = FileLineColLoc::get(context, path, 0, 0);
  auto fail = [&](const Twine &message) {
    emitError(loc) << message;
    return OwningOpRef<ModuleOp>();
  };

  // Checked here because opening a directory or a device would fail later with
  // less to say, or not at all.
  llvm::sys::fs::file_status status;
  if (std::error_code ec = llvm::sys::fs::status(path, status))
    return fail("cannot be read: " + Twine(ec.message()));
  if (!llvm::sys::fs::is_regular_file(status))
    return fail("cannot be read: it is not a regular file");
  if (status.getSize() == 0)
    return fail("not an ONNX model: the file is empty");

  ModelPath where = locate(path);
  WeightFiles files(where.directory);
  llvm::Expected<ArrayRef<char>> bytes = files.file(where.name);
  if (!bytes)
    return fail(llvm::toString(bytes.takeError()));
  onnx::ModelProto model;
  {
    llvm::Expected<std::string> slim =
        takeOutPayloads(*bytes, std::max<int64_t>(options.inlineBytes, 0));
    if (!slim)
      return fail(llvm::toString(slim.takeError()));
    if (llvm::Error error = parseModel(*slim, model))
      return fail(llvm::toString(std::move(error)));
  }

  OwningOpRef<ModuleOp> module(ModuleOp::create(loc));
  Builder builder(context);
  SmallVector<NamedAttribute> opsets;
  for (const auto &[domain, version] : readOpsets(model.opset_import()))
    opsets.push_back(builder.getNamedAttr(domain.empty() ? "ai.onnx" : domain,
                                          builder.getI64IntegerAttr(version)));
  (*module)->setAttr(kModelDirectoryAttr,
                     builder.getStringAttr(where.directory));
  (*module)->setAttr(kIrVersionAttr,
                     builder.getI64IntegerAttr(model.ir_version()));
  (*module)->setAttr(kOpsetsAttr, builder.getDictionaryAttr(opsets));

  TensorReader tensors(context, files, where.name, options.inlineBytes);
  GraphImporter importer(model, loc, tensors);
  if (failed(importer.importMain(*module)) || failed(verify(*module)))
    return {};
  return module;
}
