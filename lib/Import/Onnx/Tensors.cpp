// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The layouts of TensorProto (onnx.proto): raw_data, one typed list per family
// of types, or a range of a file. Every length is checked against the shape
// before a byte is read.

#include "Tensors.h"

#include "Types.h"
#include "WireFormat.h"

#include "weft/Dialect/WeftOnnx/IR/WeftOnnxDialect.h"

#include "llvm/ADT/StringExtras.h"

#include <cstring>

using namespace mlir;
using namespace weft;
using namespace weft::onnxir;

static std::string describe(RankedTensorType type) {
  std::string text;
  llvm::raw_string_ostream(text) << type;
  return text;
}

DenseElementsAttr TensorReader::getDense(RankedTensorType type,
                                         ArrayRef<char> bytes) {
  Type element = type.getElementType();
  int64_t count = type.getNumElements();
  unsigned bits = element.isIntOrFloat() ? element.getIntOrFloatBitWidth() : 0;
  if (bits == 1) {
    SmallVector<bool> values;
    for (char byte : bytes)
      values.push_back(byte != 0);
    return DenseElementsAttr::get(type, values);
  }
  std::string unpacked;
  if (bits == 2 || bits == 4) {
    // MLIR gives each element a byte of its own, the upper bits clear.
    int64_t perByte = 8 / bits;
    for (int64_t i = 0; i < count; ++i) {
      auto byte = static_cast<uint8_t>(bytes[i / perByte]);
      unpacked.push_back(static_cast<char>((byte >> (bits * (i % perByte))) &
                                           ((1u << bits) - 1)));
    }
    bytes = ArrayRef<char>(unpacked.data(), unpacked.size());
  }
  if (count > 1) {
    size_t width = bytes.size() / count;
    // All the same exactly if shifting by one element changes nothing.
    if (std::memcmp(bytes.data(), bytes.data() + width, bytes.size() - width) ==
        0)
      bytes = bytes.take_front(width);
  }
  return DenseElementsAttr::getFromRawBuffer(type, bytes);
}

llvm::Expected<ElementsAttr> TensorReader::readRange(RankedTensorType type,
                                                     StringRef file,
                                                     int64_t offset,
                                                     int64_t length) {
  std::optional<int64_t> size = getPackedByteSize(type);
  if (!size)
    return makeError("elements of " + describe(type) +
                     " cannot be read from a file");
  if (length != *size)
    return makeError(describe(type) + " takes " + Twine(*size) +
                     " bytes, but there are " + Twine(length));
  auto name = StringAttr::get(context, file);
  auto weight = ExternalElementsAttr::get(type, name, offset, length);
  // Asks for the bytes, so that a file that cannot be used is found out now.
  llvm::Expected<ArrayRef<char>> bytes = files.bytes(weight);
  if (!bytes)
    return bytes.takeError();
  if (length > inlineBytes)
    return weight;
  return getDense(type, *bytes);
}

llvm::Expected<ElementsAttr>
TensorReader::readExternal(const onnx::TensorProto &tensor,
                           RankedTensorType type) {
  std::string location;
  int64_t offset = 0;
  int64_t length = getPackedByteSize(type).value_or(0);
  for (const auto &entry : tensor.external_data()) {
    StringRef value = entry.value();
    int64_t *number = nullptr;
    if (entry.key() == "location")
      location = entry.value();
    else if (entry.key() == "offset")
      number = &offset;
    else if (entry.key() == "length")
      number = &length;
    if (number && (value.getAsInteger(10, *number) || *number < 0))
      return makeError("external data with " + entry.key() + " '" + value +
                       "', which is no number of bytes");
  }
  if (location.empty())
    return makeError("external data without a location");
  if (offset > std::numeric_limits<int64_t>::max() - length)
    return makeError("external data with an offset and a length too large");
  return readRange(type, location, offset, length);
}

/// Appends every value of a list of numbers as a T.
template <typename T, typename List>
static void append(const List &list, std::string &bytes) {
  bytes.reserve(bytes.size() + list.size() * sizeof(T));
  for (auto value : list) {
    T narrow = static_cast<T>(value);
    bytes.append(reinterpret_cast<const char *>(&narrow), sizeof(T));
  }
}

llvm::Expected<std::string>
TensorReader::collectBytes(const onnx::TensorProto &tensor,
                           RankedTensorType type) {
  if (tensor.has_raw_data())
    return tensor.raw_data();
  std::string bytes;
  switch (tensor.data_type()) {
  case 1:
  case 14:
    append<float>(tensor.float_data(), bytes);
    break;
  case 11:
  case 15:
    append<double>(tensor.double_data(), bytes);
    break;
  case 7:
    append<int64_t>(tensor.int64_data(), bytes);
    break;
  case 12:
    append<uint32_t>(tensor.uint64_data(), bytes);
    break;
  case 13:
    append<uint64_t>(tensor.uint64_data(), bytes);
    break;
  case 6:
    append<int32_t>(tensor.int32_data(), bytes);
    break;
  case 4:
  case 5:
  case 10:
  case 16:
    append<uint16_t>(tensor.int32_data(), bytes);
    break;
  default:
    // Each entry is one byte: an 8-bit element, or several smaller ones.
    append<uint8_t>(tensor.int32_data(), bytes);
    break;
  }
  return bytes;
}

llvm::Expected<ElementsAttr>
TensorReader::read(const onnx::TensorProto &tensor) {
  Type element = getElementType(context, tensor.data_type());
  if (!element)
    return makeError("unknown element type " + Twine(tensor.data_type()));
  SmallVector<int64_t> shape;
  for (int64_t dim : tensor.dims()) {
    if (dim < 0)
      return makeError("a dimension of size " + Twine(dim));
    shape.push_back(dim);
  }
  std::optional<int64_t> count = countElements(shape);
  auto type = RankedTensorType::get(shape, element);
  if (!count)
    return makeError(describe(type) + " has more than 2^63 elements");
  if (tensor.has_segment())
    return makeError("a tensor split into segments, which is not supported");

  if (isa<StringType>(element)) {
    if (tensor.string_data_size() != *count)
      return makeError(describe(type) + " has " + Twine(*count) +
                       " elements, but there are " +
                       Twine(tensor.string_data_size()) + " strings");
    SmallVector<StringRef> strings(tensor.string_data().begin(),
                                   tensor.string_data().end());
    return DenseElementsAttr::get(type, strings);
  }

  std::optional<int64_t> size = getPackedByteSize(type);
  if (!size)
    return makeError(describe(type) + " takes more than 2^63 bytes");
  if (tensor.data_location() == onnx::TensorProto::EXTERNAL)
    return readExternal(tensor, type);
  for (const auto &entry : tensor.external_data()) {
    if (entry.key() != kRangeKey.str())
      continue;
    auto [offsetText, lengthText] = StringRef(entry.value()).split(' ');
    int64_t offset = 0, length = 0;
    if (offsetText.getAsInteger(10, offset) || offset < 0 ||
        lengthText.getAsInteger(10, length) || length < 0 ||
        offset > std::numeric_limits<int64_t>::max() - length)
      return makeError("a range of bytes that is none");
    return readRange(type, modelFile, offset, length);
  }
  llvm::Expected<std::string> bytes = collectBytes(tensor, type);
  if (!bytes)
    return bytes.takeError();
  if (static_cast<int64_t>(bytes->size()) != *size)
    return makeError(describe(type) + " takes " + Twine(*size) +
                     " bytes, but there are " + Twine(bytes->size()));
  return getDense(type, ArrayRef<char>(bytes->data(), bytes->size()));
}

llvm::Expected<DictionaryAttr>
TensorReader::read(const onnx::SparseTensorProto &sparse) {
  llvm::Expected<ElementsAttr> values = read(sparse.values());
  if (!values)
    return values.takeError();
  llvm::Expected<ElementsAttr> indices = read(sparse.indices());
  if (!indices)
    return indices.takeError();
  Builder builder(context);
  SmallVector<int64_t> dims(sparse.dims().begin(), sparse.dims().end());
  return builder.getDictionaryAttr(
      {builder.getNamedAttr("values", *values),
       builder.getNamedAttr("indices", *indices),
       builder.getNamedAttr("dims", builder.getDenseI64ArrayAttr(dims))});
}
