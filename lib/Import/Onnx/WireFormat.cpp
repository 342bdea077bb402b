// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// A walker over protobuf's wire format that knows of ONNX only which fields
// lead to tensors (numbers from onnx.proto). Everything else it copies; judging
// it is left to the real parser.

#include "WireFormat.h"

#include "llvm/ADT/Twine.h"

#include <optional>

using llvm::StringRef;

namespace {

enum class Message { Model, Graph, Node, Attribute, Tensor, Sparse, Function };

enum class WireType { Varint = 0, Fixed64 = 1, Bytes = 2, Fixed32 = 5 };

// Fields of TensorProto.
enum : uint64_t {
  kDataType = 2,
  kFloatData = 4,
  kRawData = 9,
  kDoubleData = 10,
  kExternalData = 13,
};

/// The message that a field of bytes holds, where it leads to tensors.
std::optional<Message> getChild(Message message, uint64_t field) {
  switch (message) {
  case Message::Model:
    if (field == 7)
      return Message::Graph;
    if (field == 25)
      return Message::Function;
    break;
  case Message::Graph:
    if (field == 1)
      return Message::Node;
    if (field == 5)
      return Message::Tensor;
    if (field == 15)
      return Message::Sparse;
    break;
  case Message::Node:
    if (field == 5)
      return Message::Attribute;
    break;
  case Message::Attribute:
    if (field == 5 || field == 10)
      return Message::Tensor;
    if (field == 6 || field == 11)
      return Message::Graph;
    if (field == 22 || field == 23)
      return Message::Sparse;
    break;
  case Message::Sparse:
    if (field == 1 || field == 2)
      return Message::Tensor;
    break;
  case Message::Function:
    if (field == 7)
      return Message::Node;
    break;
  case Message::Tensor:
    break;
  }
  return std::nullopt;
}

/// Whether the importer has no use for a field.
bool isDropped(Message message, uint64_t field) {
  switch (message) {
  case Message::Model: // doc_string, metadata_props, training_info
    return field == 6 || field == 14 || field == 20;
  case Message::Graph: // doc_string, value_info, quantization_annotation
    return field == 10 || field == 13 || field == 14;
  case Message::Node: // doc_string
    return field == 6;
  case Message::Attribute:
    return field == 13;
  case Message::Tensor:
    return field == 12;
  case Message::Function:
    return field == 8;
  case Message::Sparse:
    break;
  }
  return false;
}

struct Field {
  uint64_t number = 0;
  WireType type = WireType::Varint;
  size_t begin = 0;   ///< of the tag
  size_t payload = 0; ///< first byte after tag and length
  size_t end = 0;     ///< past the last byte
  uint64_t varint = 0;
};

class Walker {
public:
  Walker(llvm::ArrayRef<char> file, size_t threshold)
      : file(file), threshold(threshold) {}

  llvm::Error walk(Message message, size_t begin, size_t end, unsigned depth,
                   std::string &out);

private:
  llvm::Error corrupt(size_t at) {
    return llvm::createStringError(
        llvm::inconvertibleErrorCode(),
        "not an ONNX model, or a truncated or corrupt one (at byte " +
            llvm::Twine(at) + " of " + llvm::Twine(file.size()) + ")");
  }

  bool readVarint(size_t &at, size_t end, uint64_t &value) {
    value = 0;
    for (unsigned shift = 0; shift < 70 && at < end; shift += 7) {
      auto byte = static_cast<uint8_t>(file[at++]);
      if (shift < 64)
        value |= static_cast<uint64_t>(byte & 0x7f) << shift;
      if (!(byte & 0x80))
        return true;
    }
    return false;
  }

  llvm::Error readField(size_t at, size_t end, Field &field);
  llvm::Error findPayload(size_t begin, size_t end,
                          std::optional<Field> &payload);

  static void writeVarint(uint64_t value, std::string &out) {
    for (; value >= 0x80; value >>= 7)
      out.push_back(static_cast<char>(value | 0x80));
    out.push_back(static_cast<char>(value));
  }

  static void writeBytes(uint64_t number, StringRef bytes, std::string &out) {
    writeVarint(number << 3 | static_cast<uint64_t>(WireType::Bytes), out);
    writeVarint(bytes.size(), out);
    out.append(bytes.data(), bytes.size());
  }

  llvm::ArrayRef<char> file;
  size_t threshold;
};

llvm::Error Walker::readField(size_t at, size_t end, Field &field) {
  field.begin = at;
  uint64_t tag = 0;
  if (!readVarint(at, end, tag) || tag >> 3 == 0 || tag >> 32 != 0)
    return corrupt(field.begin);
  field.number = tag >> 3;
  field.type = static_cast<WireType>(tag & 7);
  uint64_t length = 0;
  switch (field.type) {
  case WireType::Varint:
    field.payload = at;
    if (!readVarint(at, end, field.varint))
      return corrupt(field.begin);
    field.end = at;
    return llvm::Error::success();
  case WireType::Fixed64:
    length = 8;
    break;
  case WireType::Fixed32:
    length = 4;
    break;
  case WireType::Bytes:
    if (!readVarint(at, end, length))
      return corrupt(field.begin);
    break;
  default: // Groups, which ONNX never had, and numbers without a meaning.
    return corrupt(field.begin);
  }
  if (length > end - at)
    return corrupt(field.begin);
  field.payload = at;
  field.end = at + length;
  return llvm::Error::success();
}

/// The one large field that holds all of a tensor's values as they are in
/// memory, if there is such a one.
llvm::Error Walker::findPayload(size_t begin, size_t end,
                                std::optional<Field> &payload) {
  unsigned holders = 0;
  uint64_t dataType = 0;
  for (size_t at = begin; at < end;) {
    Field field;
    if (llvm::Error error = readField(at, end, field))
      return error;
    at = field.end;
    if (field.number == kDataType && field.type == WireType::Varint)
      dataType = field.varint;
    if (field.number != kRawData && field.number != kFloatData &&
        field.number != kDoubleData)
      continue;
    ++holders;
    if (field.type == WireType::Bytes && field.end - field.payload > threshold)
      payload = field;
  }
  // float_data holds FLOAT (1) and COMPLEX64 (14) alone, double_data DOUBLE
  // (11) and COMPLEX128 (15).
  if (payload && payload->number == kFloatData && dataType != 1 &&
      dataType != 14)
    payload = std::nullopt;
  if (payload && payload->number == kDoubleData && dataType != 11 &&
      dataType != 15)
    payload = std::nullopt;
  if (holders != 1)
    payload = std::nullopt;
  return llvm::Error::success();
}

llvm::Error Walker::walk(Message message, size_t begin, size_t end,
                         unsigned depth, std::string &out) {
  // As deep as protobuf's own parser goes.
  if (depth > 100)
    return llvm::createStringError(llvm::inconvertibleErrorCode(),
                                   "graphs nested too deeply");
  std::optional<Field> payload;
  if (message == Message::Tensor)
    if (llvm::Error error = findPayload(begin, end, payload))
      return error;
  for (size_t at = begin; at < end;) {
    Field field;
    if (llvm::Error error = readField(at, end, field))
      return error;
    at = field.end;
    if (isDropped(message, field.number))
      continue;
    if (payload && payload->begin == field.begin) {
      std::string entry; // A StringStringEntryProto.
      writeBytes(1, weft::onnxir::kRangeKey, entry);
      writeBytes(2,
                 std::to_string(field.payload) + " " +
                     std::to_string(field.end - field.payload),
                 entry);
      writeBytes(kExternalData, entry, out);
      continue;
    }
    std::optional<Message> child = getChild(message, field.number);
    if (child && field.type == WireType::Bytes) {
      std::string inner;
      if (llvm::Error error =
              walk(*child, field.payload, field.end, depth + 1, inner))
        return error;
      writeBytes(field.number, inner, out);
      continue;
    }
    out.append(file.data() + field.begin, field.end - field.begin);
  }
  return llvm::Error::success();
}

} // namespace

llvm::Expected<std::string>
weft::onnxir::takeOutPayloads(llvm::ArrayRef<char> file, size_t threshold) {
  std::string out;
  if (llvm::Error error =
          Walker(file, threshold).walk(Message::Model, 0, file.size(), 0, out))
    return std::move(error);
  return out;
}
