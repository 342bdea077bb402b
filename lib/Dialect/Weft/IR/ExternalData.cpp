// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Maps the files that external weights live in, and spells out the constants
// whose attribute does not hold their bytes in ONNX's layout. A name is judged
// by where it really leads, links resolved, before anything is opened.

#include "weft/Dialect/Weft/IR/ExternalData.h"

#include "mlir/IR/DialectResourceBlobManager.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MathExtras.h"
#include "llvm/Support/Path.h"

#include <cstring>

using namespace mlir;
using llvm::ArrayRef;
using llvm::StringRef;

static llvm::Error makeError(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

weft::WeightFiles::WeightFiles(StringRef directory)
    : directory(directory.empty() ? "." : directory.str()) {}

weft::WeightFiles::WeightFiles(ModuleOp module) : directory(".") {
  if (auto attr = module->getAttrOfType<StringAttr>(kModelDirectoryAttr))
    if (!attr.getValue().empty())
      directory = attr.getValue().str();
}

weft::WeightFiles::~WeightFiles() = default;

/// The real path of `name` inside `directory`, or why it may not be opened.
static llvm::Expected<std::string> resolveInside(StringRef directory,
                                                 StringRef name) {
  auto refuse = [&](const llvm::Twine &why) {
    return makeError("file '" + name + "' " + why);
  };
  if (name.empty())
    return makeError("a file without a name");
  if (name.contains('\0'))
    return makeError("a file whose name holds a zero byte");
  if (llvm::sys::path::is_absolute(name))
    return refuse("is refused: its path is absolute, not relative to the "
                  "model's directory");
  for (auto it = llvm::sys::path::begin(name), e = llvm::sys::path::end(name);
       it != e; ++it)
    if (*it == "..")
      return refuse("is refused: its path has a '..'");

  llvm::SmallString<256> root, path(directory), real;
  if (std::error_code ec = llvm::sys::fs::real_path(directory, root))
    return makeError("cannot open the model's directory '" + directory +
                     "': " + ec.message());
  llvm::sys::path::append(path, name);
  if (std::error_code ec = llvm::sys::fs::real_path(path, real))
    return refuse("cannot be opened in the model's directory '" + directory +
                  "': " + ec.message());
  StringRef rest = real;
  bool inside =
      root == "/" || (rest.consume_front(root) && rest.starts_with("/"));
  if (!inside)
    return refuse("is refused: it leads out of the model's directory '" +
                  directory + "'");
  if (!llvm::sys::fs::is_regular_file(real))
    return refuse("is not a regular file");
  return real.str().str();
}

llvm::Expected<ArrayRef<char>> weft::WeightFiles::file(StringRef name) {
  std::lock_guard<std::mutex> lock(mutex);
  std::unique_ptr<llvm::MemoryBuffer> &slot = files[name];
  if (!slot) {
    llvm::Expected<std::string> path = resolveInside(directory, name);
    if (!path)
      return path.takeError();
    auto buffer = llvm::MemoryBuffer::getFile(*path, /*IsText=*/false,
                                              /*RequiresNullTerminator=*/false);
    if (!buffer)
      return makeError("file '" + name +
                       "' cannot be read: " + buffer.getError().message());
    slot = std::move(*buffer);
  }
  return ArrayRef<char>(slot->getBufferStart(), slot->getBufferSize());
}

/// Writes the elements of `attr` in ONNX's layout to `out`, which is zero.
static void spellOut(DenseElementsAttr attr, char *out, size_t size) {
  Type element = attr.getElementType();
  int64_t count = attr.getNumElements();
  unsigned bits = element.isIntOrFloat() ? element.getIntOrFloatBitWidth() : 0;
  if (bits == 1) {
    for (auto [i, value] : llvm::enumerate(attr.getValues<bool>()))
      out[i] = value;
    return;
  }
  // Every other element starts on a byte of the raw data; a splat has one.
  ArrayRef<char> raw = attr.getRawData();
  if (bits == 2 || bits == 4) {
    int64_t perByte = 8 / bits;
    char mask = static_cast<char>((1 << bits) - 1);
    for (int64_t i = 0; i < count; ++i) {
      char value = raw[attr.isSplat() ? 0 : i] & mask;
      out[i / perByte] |= static_cast<char>(value << (bits * (i % perByte)));
    }
    return;
  }
  for (size_t at = 0; at < size; at += raw.size())
    std::memcpy(out + at, raw.data(), std::min(raw.size(), size - at));
}

llvm::Expected<ArrayRef<char>> weft::WeightFiles::bytes(ElementsAttr attr) {
  if (auto weight = dyn_cast<ExternalElementsAttr>(attr)) {
    StringRef name = weight.getFile().getValue();
    llvm::Expected<ArrayRef<char>> all = file(name);
    if (!all)
      return all.takeError();
    // The attribute's verifier has checked that offset + length fits 63 bits.
    if (static_cast<uint64_t>(weight.getOffset() + weight.getLength()) >
        all->size())
      return makeError("file '" + name +
                       "' is too short: a weight takes bytes " +
                       llvm::Twine(weight.getOffset()) + " to " +
                       llvm::Twine(weight.getOffset() + weight.getLength()) +
                       ", but the file has " + llvm::Twine(all->size()));
    return all->slice(weight.getOffset(), weight.getLength());
  }

  auto type = cast<ShapedType>(attr.getShapedType());
  std::optional<int64_t> size = getPackedByteSize(type);
  if (!size)
    return makeError("a constant whose elements have no bytes");
  if (auto resource = dyn_cast<DenseResourceElementsAttr>(attr)) {
    AsmResourceBlob *blob = resource.getRawHandle().getBlob();
    if (!blob)
      return makeError("the resource '" + resource.getRawHandle().getKey() +
                       "' is not in the module");
    if (blob->getData().size() != static_cast<size_t>(*size))
      return makeError("the resource '" + resource.getRawHandle().getKey() +
                       "' has " + llvm::Twine(blob->getData().size()) +
                       " bytes where its type takes " + llvm::Twine(*size));
    return blob->getData();
  }
  auto dense = dyn_cast<DenseIntOrFPElementsAttr>(attr);
  if (!dense)
    return makeError("a constant whose attribute holds no bytes");
  if (*size == 0)
    return ArrayRef<char>();

  Type element = type.getElementType();
  bool asStored =
      !element.isIntOrFloat() || element.getIntOrFloatBitWidth() >= 8;
  if (asStored && dense.getRawData().size() == static_cast<size_t>(*size))
    return dense.getRawData();
  std::lock_guard<std::mutex> lock(mutex);
  std::unique_ptr<char[]> &slot = spelledOut[attr];
  if (!slot) {
    slot = std::make_unique<char[]>(*size); // Zero-initialised.
    spellOut(dense, slot.get(), *size);
  }
  return ArrayRef<char>(slot.get(), *size);
}
