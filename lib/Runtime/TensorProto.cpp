// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// ONNX TensorProto, the format of test_data_set files. Values come either as
// raw little-endian bytes or in the typed field that onnx.proto assigns to the
// element type.

#include "weft/Runtime/Half.h"
#include "weft/Runtime/TensorIO.h"

#include <cstring>
#include <limits>
#include <onnx/onnx-data_pb.h>
#include <onnx/onnx_pb.h>

using namespace weft;

namespace {
// Data types that libonnx's enumeration knows but programs do not carry.
constexpr int32_t stringType = 8, bfloat16Type = 16;

/// Copies a typed field, one element each, narrowed to T.
template <typename T, typename Field>
bool take(const Field &field, int64_t count, Tensor &tensor) {
  if (field.size() != count)
    return false;
  tensor.bytes.resize(size_t(count) * sizeof(T));
  for (int64_t i = 0; i < count; ++i) {
    T value = T(field.Get(int(i)));
    std::memcpy(tensor.bytes.data() + i * sizeof(T), &value, sizeof(T));
  }
  return true;
}

/// Elements from the typed field of tensor.type; false when their number is
/// not `count`.
bool takeTyped(const onnx::TensorProto &proto, int64_t count, Tensor &tensor) {
  switch (tensor.type) {
  case TensorType::F32:
    return take<float>(proto.float_data(), count, tensor);
  case TensorType::F64:
    return take<double>(proto.double_data(), count, tensor);
  case TensorType::I64:
    return take<int64_t>(proto.int64_data(), count, tensor);
  case TensorType::U64:
    return take<uint64_t>(proto.uint64_data(), count, tensor);
  case TensorType::U32:
    return take<uint32_t>(proto.uint64_data(), count, tensor);
  case TensorType::I32:
    return take<int32_t>(proto.int32_data(), count, tensor);
  case TensorType::I16:
  case TensorType::U16:
  case TensorType::F16: // The bit pattern, in the low 16 bits.
    return take<uint16_t>(proto.int32_data(), count, tensor);
  case TensorType::I8:
  case TensorType::U8:
  case TensorType::Bool:
    return take<uint8_t>(proto.int32_data(), count, tensor);
  }
  return false;
}

/// Whether bytes that are no tensor are another of ONNX's values. A sequence of
/// one tensor and an optional tensor look alike.
bool isOtherValue(Bytes bytes) {
  auto is = [&](auto message) {
    return message.ParseFromArray(bytes.data(), int(bytes.size())) &&
           !message.name().empty() && message.unknown_fields().empty();
  };
  return is(onnx::SequenceProto()) || is(onnx::OptionalProto()) ||
         is(onnx::MapProto());
}

void widenBfloat16(Tensor &tensor) {
  Tensor wide = zeros(TensorType::F32, tensor.shape);
  for (int64_t i = 0, n = tensor.elements(); i < n; ++i) {
    float value = floatFromBfloat16(uint16_t(tensor.integer(i)));
    std::memcpy(wide.bytes.data() + i * 4, &value, 4);
  }
  tensor = std::move(wide);
}
} // namespace

Expected<Tensor> weft::parseTensorProto(Bytes bytes, const std::string &file,
                                        std::string *name) {
  auto bad = [&](const std::string &what) {
    if (isOtherValue(bytes))
      return Error{ErrorKind::Unsupported,
                   file + ": holds a sequence, a map or an optional value",
                   {"only tensors are supported"}};
    return Error{
        ErrorKind::Invalid, file + ": not a valid ONNX tensor: " + what, {}};
  };
  onnx::TensorProto proto;
  if (bytes.size() > size_t(std::numeric_limits<int>::max()))
    return bad("larger than 2 GiB");
  if (!proto.ParseFromArray(bytes.data(), int(bytes.size())))
    return bad("it does not parse");
  if (proto.data_location() == onnx::TensorProto::EXTERNAL ||
      proto.external_data_size() > 0)
    return bad("its data is in another file");
  if (name)
    *name = proto.name();

  Tensor tensor;
  int32_t type = proto.data_type();
  bool bfloat16 = type == bfloat16Type;
  tensor.type = bfloat16 ? TensorType::U16 : TensorType(type);
  size_t width = elementBytes(tensor.type);
  if (type == 0)
    return bad("it has no element type");
  if (width == 0)
    return Error{ErrorKind::Unsupported,
                 file + ": elements of " +
                     (type == stringType
                          ? std::string("type string")
                          : "ONNX type " + std::to_string(type)) +
                     " are not supported",
                 {"supported are bool, int, uint and float of 8 to 64 bits"}};
  tensor.shape.assign(proto.dims().begin(), proto.dims().end());
  std::optional<int64_t> count = elementCount(tensor.shape);
  std::string described = typeAndShape(tensor.type, tensor.shape);
  if (!count)
    return bad(described + " has no valid shape");

  if (proto.has_raw_data()) {
    const std::string &raw = proto.raw_data();
    if (uint64_t(*count) > raw.size() / width ||
        size_t(*count) * width != raw.size())
      return bad(described + " does not take the " +
                 std::to_string(raw.size()) + " bytes of data it holds");
    tensor.bytes.assign(raw.begin(), raw.end());
  } else if (!takeTyped(proto, *count, tensor)) {
    return bad(described + " does not take the number of elements it holds");
  }
  if (tensor.type == TensorType::Bool)
    for (uint8_t &b : tensor.bytes)
      b = b != 0;
  if (bfloat16)
    widenBfloat16(tensor);
  return tensor;
}

std::vector<uint8_t> weft::tensorProtoBytes(const NamedTensor &named) {
  onnx::TensorProto proto;
  for (int64_t extent : named.tensor.shape)
    proto.add_dims(extent);
  proto.set_data_type(int32_t(named.tensor.type));
  proto.set_name(named.name);
  proto.set_raw_data(named.tensor.bytes.data(), named.tensor.bytes.size());
  std::vector<uint8_t> out(proto.ByteSizeLong());
  proto.SerializeToArray(out.data(), int(out.size()));
  return out;
}
