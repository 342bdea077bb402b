// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Makes the inputs of @main static. It reads the names of dimensions and
// touches nothing but the function's type: shapes inside are for inference.

#include "weft/Import/Onnx.h"

#include "weft/Dialect/Weft/IR/WeftDialect.h"
#include "weft/Dialect/WeftOnnx/IR/WeftOnnxDialect.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "llvm/ADT/StringSet.h"

#include <map>

using namespace mlir;
using namespace weft;

namespace {

/// One dimension of one input.
struct Dim {
  std::string input;
  unsigned index = 0;
  std::string symbol; ///< empty without a name

  std::string text() const { return input + "[" + std::to_string(index) + "]"; }
};

/// A symbol's size and what said so.
struct Bound {
  int64_t size = 0;
  std::string by;
};

class Binder {
public:
  Binder(func::FuncOp main, const DimBindings &bindings)
      : main(main), bindings(bindings) {}

  LogicalResult run();

private:
  LogicalResult readArguments();
  LogicalResult bind(const std::string &key, int64_t size,
                     const std::string &by);
  LogicalResult bindShape(unsigned argument, ArrayRef<int64_t> shape);
  LogicalResult checkNames();
  InFlightDiagnostic error() { return emitError(main.getLoc()); }

  func::FuncOp main;
  const DimBindings &bindings;
  SmallVector<std::string> names; ///< of the arguments
  SmallVector<TensorType> types;  ///< of the arguments, null if no tensors
  SmallVector<SmallVector<Dim>> dims;
  /// Sizes by symbol, and by "INPUT[I]" for dimensions without one.
  std::map<std::string, Bound> sizes;
};

LogicalResult Binder::bind(const std::string &key, int64_t size,
                           const std::string &by) {
  if (size < 0)
    return error() << by << " gives dimension '" << key << "' the size "
                   << size;
  auto [it, isNew] = sizes.try_emplace(key, Bound{size, by});
  if (!isNew && it->second.size != size)
    return error() << "dimension '" << key << "' is " << it->second.size
                   << " by " << it->second.by << ", but " << size << " by "
                   << by;
  return mlir::success();
}

LogicalResult Binder::readArguments() {
  for (unsigned i = 0; i < main.getNumArguments(); ++i) {
    auto name = main.getArgAttrOfType<StringAttr>(i, kNameAttr);
    names.push_back(name ? name.getValue().str() : "arg" + std::to_string(i));
    types.push_back(dyn_cast<TensorType>(main.getArgument(i).getType()));
    SmallVector<Dim> &list = dims.emplace_back();
    auto type = dyn_cast_or_null<RankedTensorType>(types.back());
    if (!type)
      continue;
    auto attr = main.getArgAttrOfType<ArrayAttr>(i, onnxir::kDimsAttr);
    for (unsigned d = 0; d < type.getRank(); ++d) {
      Dim dim{names.back(), d, ""};
      if (attr && d < attr.size())
        if (auto symbol = dyn_cast<StringAttr>(attr[d]))
          dim.symbol = symbol.getValue().str();
      list.push_back(dim);
    }
  }
  return mlir::success();
}

/// Every binding must name something, or it is a misspelling.
LogicalResult Binder::checkNames() {
  llvm::StringSet<> known, inputs, outputs;
  std::string listed;
  for (auto [name, type, list] : llvm::zip(names, types, dims)) {
    inputs.insert(name);
    for (const Dim &dim : list) {
      bool isNew = false;
      known.insert(dim.text());
      if (!dim.symbol.empty())
        isNew = known.insert(dim.symbol).second;
      else if (cast<RankedTensorType>(type).isDynamicDim(dim.index))
        isNew = true;
      if (isNew)
        listed += (listed.empty() ? "" : ", ") +
                  (dim.symbol.empty() ? dim.text() : dim.symbol);
    }
  }
  for (unsigned i = 0; i < main.getNumResults(); ++i)
    if (auto name = main.getResultAttrOfType<StringAttr>(i, kNameAttr))
      outputs.insert(name.getValue());
  // Sorted, because a StringMap's order means nothing.
  std::map<std::string, int64_t> stated;
  for (const auto &entry : bindings.dims)
    stated[entry.getKey().str()] = entry.getValue();
  for (const auto &[name, size] : stated)
    if (!known.contains(name)) {
      InFlightDiagnostic diagnostic = error();
      diagnostic << "--dim " << name << "=" << size
                 << ": no input has a dimension of this name";
      diagnostic.attachNote()
          << (listed.empty() ? std::string("all dimensions are fixed")
                             : "dimensions that can be bound: " + listed);
      return diagnostic;
    }
  std::map<std::string, int> shaped;
  for (const auto &entry : bindings.shapes)
    shaped[entry.getKey().str()] = 0;
  for (const auto &[name, unused] : shaped)
    if (!inputs.contains(name) && !outputs.contains(name)) {
      InFlightDiagnostic diagnostic = error();
      diagnostic << "a shape is given for '" << name
                 << "', but no input has this name";
      diagnostic.attachNote() << "inputs: " << llvm::join(names, ", ");
      return diagnostic;
    }
  return mlir::success();
}

LogicalResult Binder::bindShape(unsigned argument, ArrayRef<int64_t> shape) {
  const std::string &name = names[argument];
  TensorType type = types[argument];
  if (!type)
    return mlir::success();
  auto ranked = dyn_cast<RankedTensorType>(type);
  if (!ranked) {
    for (auto [d, size] : llvm::enumerate(shape)) {
      dims[argument].push_back(Dim{name, static_cast<unsigned>(d), ""});
      if (failed(bind(dims[argument].back().text(), size,
                      "the shape of '" + name + "'")))
        return failure();
    }
    types[argument] = RankedTensorType::get(
        SmallVector<int64_t>(shape.size(), ShapedType::kDynamic),
        type.getElementType());
    return mlir::success();
  }
  if (ranked.getRank() != static_cast<int64_t>(shape.size()))
    return error() << "input '" << name << "' has " << ranked.getRank()
                   << " dimensions, but its shape is given with "
                   << shape.size();
  for (auto [d, size] : llvm::enumerate(shape)) {
    const Dim &dim = dims[argument][d];
    if (!ranked.isDynamicDim(d)) {
      if (ranked.getDimSize(d) != size)
        return error() << "dimension " << d << " of input '" << name << "' is "
                       << ranked.getDimSize(d)
                       << " in the model, but its shape is given with " << size;
      continue;
    }
    if (failed(bind(dim.symbol.empty() ? dim.text() : dim.symbol, size,
                    "the shape of '" + name + "'")))
      return failure();
  }
  return mlir::success();
}

LogicalResult Binder::run() {
  if (failed(readArguments()) || failed(checkNames()))
    return failure();

  // "INPUT[I]" of a dimension with a name binds the name.
  std::map<std::string, std::string> canonical;
  for (auto [type, list] : llvm::zip(types, dims))
    for (const Dim &dim : list) {
      if (!dim.symbol.empty())
        canonical.try_emplace(dim.text(), dim.symbol);
      auto ranked = cast<RankedTensorType>(type);
      auto stated = bindings.dims.find(dim.text());
      if (stated != bindings.dims.end() && !ranked.isDynamicDim(dim.index) &&
          ranked.getDimSize(dim.index) != stated->getValue())
        return error() << "--dim " << dim.text() << "=" << stated->getValue()
                       << ": the dimension is " << ranked.getDimSize(dim.index)
                       << " in the model";
    }
  std::map<std::string, int64_t> stated;
  for (const auto &entry : bindings.dims)
    stated[entry.getKey().str()] = entry.getValue();
  for (const auto &[name, size] : stated) {
    auto it = canonical.find(name);
    if (failed(bind(it == canonical.end() ? name : it->second, size,
                    "--dim " + name)))
      return failure();
  }
  for (unsigned i = 0; i < names.size(); ++i) {
    auto it = bindings.shapes.find(names[i]);
    if (it != bindings.shapes.end() && failed(bindShape(i, it->getValue())))
      return failure();
  }

  SmallVector<std::string> open;
  SmallVector<Type> inputTypes;
  for (auto [i, type] : llvm::enumerate(types)) {
    inputTypes.push_back(main.getArgument(i).getType());
    if (!type)
      continue;
    auto ranked = dyn_cast<RankedTensorType>(type);
    if (!ranked) {
      open.push_back("the rank of '" + names[i] + "'");
      continue;
    }
    SmallVector<int64_t> shape(ranked.getShape());
    for (auto [d, size] : llvm::enumerate(shape)) {
      if (!ShapedType::isDynamic(size))
        continue;
      const Dim &dim = dims[i][d];
      const std::string key = dim.symbol.empty() ? dim.text() : dim.symbol;
      auto it = sizes.find(key);
      if (it != sizes.end())
        size = it->second.size;
      else if (!llvm::is_contained(open, key))
        open.push_back(key);
    }
    inputTypes.back() = ranked.clone(shape);
  }
  if (!open.empty()) {
    InFlightDiagnostic diagnostic = error();
    diagnostic << "dynamic dimensions without a size: "
               << llvm::join(open, ", ");
    diagnostic.attachNote()
        << "give each one with --dim NAME=VALUE, or all with --shapes-from";
    return diagnostic;
  }

  for (auto [argument, type] : llvm::zip(main.getArguments(), inputTypes))
    argument.setType(type);
  SmallVector<Type> resultTypes(main.getResultTypes());
  Operation *terminator = main.getBody().front().getTerminator();
  for (auto [type, value] : llvm::zip(resultTypes, terminator->getOperands()))
    if (isa<BlockArgument>(value))
      type = value.getType();
  main.setFunctionType(
      FunctionType::get(main.getContext(), inputTypes, resultTypes));
  return mlir::success();
}

} // namespace

LogicalResult weft::bindDimensions(ModuleOp module,
                                   const DimBindings &bindings) {
  auto main = module.lookupSymbol<func::FuncOp>("main");
  if (!main || main.isExternal())
    return emitError(module.getLoc()) << "the module has no function @main";
  return Binder(main, bindings).run();
}
