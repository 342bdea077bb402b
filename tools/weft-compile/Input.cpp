// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads what is to be compiled: files that are in order, an ONNX model or a
// module, shapes. Import itself is the importer's.

#include "Compilation.h"

#include "weft/Dialect/Weft/IR/WeftDialect.h"
#include "weft/Dialect/WeftOnnx/IR/WeftOnnxDialect.h"
#include "weft/Runtime/TensorIO.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace weft;

int Compilation::checkFiles() {
  namespace fs = llvm::sys::fs;
  auto cannot = [&](const std::string &file, const std::string &why) {
    return report.error({ErrorKind::Usage, why, {}}, file);
  };
  if (!fs::exists(command.input))
    return cannot(command.input, "no such file");
  if (fs::is_directory(command.input))
    return cannot(command.input, "is a directory");
  // Opening a pipe would wait for somebody to write into it.
  if (!fs::is_regular_file(command.input))
    return cannot(command.input, "is not a regular file");
  if (std::error_code ec = fs::access(command.input, fs::AccessMode::Exist))
    return cannot(command.input, ec.message());
  if (auto file = fs::openNativeFileForRead(command.input))
    fs::closeFile(*file);
  else
    return cannot(command.input,
                  "cannot be read: " + llvm::toString(file.takeError()));
  // A compilation of a minute should not end in a folder that is not there.
  for (const std::string &path :
       {command.output, command.stats, command.report}) {
    if (path.empty() || path == "-")
      continue;
    llvm::StringRef parent = llvm::sys::path::parent_path(path);
    if (fs::is_directory(path))
      return cannot(path, "cannot be written: is a directory");
    if (!parent.empty() && !fs::is_directory(parent))
      return cannot(path,
                    "cannot be written: no folder '" + parent.str() + "'");
  }
  return 0;
}

/// Whether it is MLIR: by name, or by content where the name does not tell.
static bool isModule(llvm::StringRef name) {
  if (name.ends_with(".mlir") || name.ends_with(".mlirbc"))
    return true;
  if (name.ends_with(".onnx"))
    return false;
  auto head = llvm::MemoryBuffer::getFileSlice(name, 512, 0);
  if (!head)
    return false;
  llvm::StringRef text = (*head)->getBuffer();
  return text.starts_with("ML\xefR") ||
         (llvm::all_of(text,
                       [](char c) {
                         return llvm::isPrint(c) || llvm::isSpace(c) || c < 0;
                       }) &&
          (text.contains("module") || text.contains("func.func") ||
           text.contains("tsp.program") || text.ltrim().starts_with("#")));
}

int Compilation::readInput() {
  Stopwatch watch(*this, Stage::Import);
  report.progress("import");
  if (isModule(command.input)) {
    module = mlir::parseSourceFile<mlir::ModuleOp>(command.input, &context);
    if (!module)
      return failed(ErrorKind::Invalid, Stage::Import);
    origin = command.from.value_or(stageOf(*module));
    if (origin > command.to)
      return report.error(
          {ErrorKind::Usage,
           "the module has been through " + stageName(origin).str() +
               ", after --compile-to=" + stageName(command.to).str(),
           {}},
          command.input);
    return 0;
  }
  if (command.from.value_or(Stage::Import) != Stage::Import)
    return report.error({ErrorKind::Usage,
                         "--compile-from=" + stageName(*command.from).str() +
                             " needs a module; an ONNX model begins at import",
                         {}},
                        command.input);
  module = importOnnx(command.input, &context);
  if (!module)
    return failed(ErrorKind::Invalid, Stage::Import);
  return 0;
}

/// The graph's names of @main's inputs and outputs.
static std::pair<std::vector<std::string>, std::vector<std::string>>
tensorNames(mlir::func::FuncOp function) {
  std::vector<std::string> inputs, outputs;
  for (unsigned i = 0; i < function.getNumArguments(); ++i)
    if (auto name = function.getArgAttrOfType<mlir::StringAttr>(i, kNameAttr))
      inputs.push_back(name.str());
  for (unsigned i = 0; i < function.getNumResults(); ++i)
    if (auto name =
            function.getResultAttrOfType<mlir::StringAttr>(i, kNameAttr))
      outputs.push_back(name.str());
  return {inputs, outputs};
}

int Compilation::bindShapes() {
  DimBindings bindings;
  bindings.dims = command.dims;
  bool given = !command.dims.empty() || !command.shapesFrom.empty();
  if (origin != Stage::Import) {
    if (given)
      return report.error(
          {ErrorKind::Usage,
           "--dim and --shapes-from are for models at stage import",
           {}},
          command.input);
    return 0;
  }
  if (!command.shapesFrom.empty()) {
    auto function = module->lookupSymbol<mlir::func::FuncOp>("main");
    if (!function)
      return report.error({ErrorKind::Invalid, "expected a function @main", {}},
                          command.input);
    auto [inputs, outputs] = tensorNames(function);
    for (auto [name, type] : llvm::zip(inputs, function.getArgumentTypes()))
      if (llvm::isa<onnxir::SequenceType, onnxir::OptionalType>(type)) {
        std::string text;
        llvm::raw_string_ostream(text) << type;
        return report.error({ErrorKind::Unsupported,
                             "input '" + name + "' is no tensor but " + text,
                             {"sequences and optional values are not "
                              "supported: export the model with tensors"}},
                            command.input);
      }
    Expected<std::vector<NamedTensor>> tensors =
        readTensors(command.shapesFrom, "input", inputs, outputs);
    if (!tensors)
      return report.error(tensors.error(), "");
    for (const NamedTensor &tensor : *tensors)
      bindings.shapes[tensor.name] = {tensor.tensor.shape.begin(),
                                      tensor.tensor.shape.end()};
  }
  // Stage import itself leaves dimensions open unless the user gives them.
  if (command.to == Stage::Import && !given)
    return 0;
  if (mlir::failed(bindDimensions(*module, bindings)))
    return failed(ErrorKind::Invalid, Stage::Import);
  return 0;
}
