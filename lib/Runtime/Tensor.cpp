// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element access of host tensors. One switch over the element types, used by
// bindings, comparison and random inputs alike.

#include "weft/Runtime/Tensor.h"

#include "weft/Runtime/Half.h"

#include <cmath>
#include <cstring>
#include <limits>

using namespace weft;

int weft::elementBytes(TensorType type) {
  switch (type) {
  case TensorType::U8:
  case TensorType::I8:
  case TensorType::Bool:
    return 1;
  case TensorType::U16:
  case TensorType::I16:
  case TensorType::F16:
    return 2;
  case TensorType::F32:
  case TensorType::I32:
  case TensorType::U32:
    return 4;
  case TensorType::I64:
  case TensorType::U64:
  case TensorType::F64:
    return 8;
  }
  return 0;
}

bool weft::isFloat(TensorType type) {
  return type == TensorType::F16 || type == TensorType::F32 ||
         type == TensorType::F64;
}

std::string weft::typeName(TensorType type) {
  switch (type) {
  case TensorType::F32:
    return "float32";
  case TensorType::U8:
    return "uint8";
  case TensorType::I8:
    return "int8";
  case TensorType::U16:
    return "uint16";
  case TensorType::I16:
    return "int16";
  case TensorType::I32:
    return "int32";
  case TensorType::I64:
    return "int64";
  case TensorType::Bool:
    return "bool";
  case TensorType::F16:
    return "float16";
  case TensorType::F64:
    return "float64";
  case TensorType::U32:
    return "uint32";
  case TensorType::U64:
    return "uint64";
  }
  return "type " + std::to_string(int(type));
}

std::string weft::typeAndShape(TensorType type,
                               const std::vector<int64_t> &shape) {
  std::string text = typeName(type) + "[";
  for (size_t d = 0; d < shape.size(); ++d)
    text += (d ? ", " : "") + std::to_string(shape[d]);
  return text + "]";
}

std::optional<int64_t> weft::elementCount(const std::vector<int64_t> &shape) {
  bool empty = false;
  for (int64_t extent : shape) {
    if (extent < 0)
      return std::nullopt;
    empty |= extent == 0;
  }
  if (empty)
    return 0;
  int64_t count = 1;
  for (int64_t extent : shape) {
    if (count > (int64_t(1) << 62) / extent)
      return std::nullopt;
    count *= extent;
  }
  return count;
}

Tensor weft::zeros(TensorType type, std::vector<int64_t> shape) {
  Tensor tensor;
  tensor.type = type;
  tensor.bytes.resize(size_t(elementCount(shape).value_or(0)) *
                      elementBytes(type));
  tensor.shape = std::move(shape);
  return tensor;
}

std::string weft::indexText(int64_t i, const std::vector<int64_t> &shape) {
  std::vector<int64_t> index(shape.size());
  for (size_t d = shape.size(); d-- > 0;) {
    index[d] = i % shape[d];
    i /= shape[d];
  }
  std::string text = "[";
  for (size_t d = 0; d < index.size(); ++d)
    text += (d ? ", " : "") + std::to_string(index[d]);
  return text + "]";
}

int64_t Tensor::elements() const {
  int width = elementBytes(type);
  return width ? int64_t(bytes.size()) / width : 0;
}

namespace {
template <typename T>
T load(const Tensor &tensor, int64_t i) {
  T value;
  std::memcpy(&value, tensor.bytes.data() + i * sizeof(T), sizeof(T));
  return value;
}

template <typename T>
void store(Tensor &tensor, int64_t i, T value) {
  std::memcpy(tensor.bytes.data() + i * sizeof(T), &value, sizeof(T));
}

/// Toward zero, clamped to T; NaN gives 0.
template <typename T>
T truncated(double value) {
  if (std::isnan(value))
    return 0;
  // 2^digits is the first value beyond T's maximum, and exact in a double.
  double beyond = std::ldexp(1.0, std::numeric_limits<T>::digits);
  value = std::trunc(value);
  if (value >= beyond)
    return std::numeric_limits<T>::max();
  if (value < double(std::numeric_limits<T>::min()))
    return std::numeric_limits<T>::min();
  return T(value);
}
} // namespace

double Tensor::number(int64_t i) const {
  switch (type) {
  case TensorType::F32:
    return load<float>(*this, i);
  case TensorType::F64:
    return load<double>(*this, i);
  case TensorType::F16:
    return floatFromHalf(load<uint16_t>(*this, i));
  case TensorType::U64:
    return double(load<uint64_t>(*this, i));
  default:
    return double(integer(i));
  }
}

int64_t Tensor::integer(int64_t i) const {
  switch (type) {
  case TensorType::U8:
  case TensorType::Bool:
    return load<uint8_t>(*this, i);
  case TensorType::I8:
    return load<int8_t>(*this, i);
  case TensorType::U16:
    return load<uint16_t>(*this, i);
  case TensorType::I16:
    return load<int16_t>(*this, i);
  case TensorType::I32:
    return load<int32_t>(*this, i);
  case TensorType::U32:
    return load<uint32_t>(*this, i);
  case TensorType::I64:
  case TensorType::U64:
    return load<int64_t>(*this, i);
  case TensorType::F16:
  case TensorType::F32:
  case TensorType::F64:
    return truncated<int64_t>(number(i));
  }
  return 0;
}

void Tensor::setNumber(int64_t i, double value) {
  switch (type) {
  case TensorType::F32:
    return store(*this, i, float(value));
  case TensorType::F64:
    return store(*this, i, value);
  case TensorType::F16:
    return store(*this, i, halfFromDouble(value));
  case TensorType::Bool:
    return store(*this, i, uint8_t(value != 0));
  case TensorType::U8:
    return store(*this, i, truncated<uint8_t>(value));
  case TensorType::I8:
    return store(*this, i, truncated<int8_t>(value));
  case TensorType::U16:
    return store(*this, i, truncated<uint16_t>(value));
  case TensorType::I16:
    return store(*this, i, truncated<int16_t>(value));
  case TensorType::I32:
    return store(*this, i, truncated<int32_t>(value));
  case TensorType::U32:
    return store(*this, i, truncated<uint32_t>(value));
  case TensorType::I64:
    return store(*this, i, truncated<int64_t>(value));
  case TensorType::U64:
    return store(*this, i, truncated<uint64_t>(value));
  }
}

void Tensor::setInteger(int64_t i, int64_t value) {
  if (isFloat(type))
    return setNumber(i, double(value));
  switch (elementBytes(type)) {
  case 1:
    return store(*this, i,
                 uint8_t(type == TensorType::Bool ? value != 0 : value));
  case 2:
    return store(*this, i, uint16_t(value));
  case 4:
    return store(*this, i, uint32_t(value));
  default:
    return store(*this, i, uint64_t(value));
  }
}
