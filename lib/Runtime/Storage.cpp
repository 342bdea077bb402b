// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Conversion between the element types of ONNX graphs and those that the chip
// stores. The rules are stated in Placement.h.

#include "weft/Runtime/Half.h"
#include "weft/Runtime/Placement.h"

#include <bit>
#include <cmath>
#include <limits>

using namespace weft;

namespace {
const char *storageName(DataType storage) {
  switch (storage) {
  case DataType::I8:
    return "I8";
  case DataType::I16:
    return "I16";
  case DataType::I32:
    return "I32";
  case DataType::F16:
    return "F16";
  case DataType::F32:
    return "F32";
  }
  return "unknown";
}

bool isFloatStorage(DataType storage) {
  return storage == DataType::F16 || storage == DataType::F32;
}

uint32_t floatBits(double value, DataType storage) {
  if (storage == DataType::F16)
    return halfFromDoubleSaturating(value);
  return std::bit_cast<uint32_t>(float(value));
}

/// The value of a stored element; integers sign-extended.
double storedNumber(uint32_t bits, DataType storage) {
  switch (storage) {
  case DataType::I8:
    return int8_t(bits);
  case DataType::I16:
    return int16_t(bits);
  case DataType::I32:
    return int32_t(bits);
  case DataType::F16:
    return floatFromHalf(uint16_t(bits));
  case DataType::F32:
    return std::bit_cast<float>(bits);
  }
  return 0;
}
} // namespace

Expected<StoredElements> weft::toStorage(const Tensor &tensor, DataType storage,
                                         const std::string &name) {
  StoredElements out;
  out.type = storage;
  int64_t count = tensor.elements();
  out.bits.resize(size_t(count));
  if (isFloatStorage(storage)) {
    for (int64_t i = 0; i < count; ++i)
      out.bits[size_t(i)] = floatBits(tensor.number(i), storage);
    return out;
  }
  if (isFloat(tensor.type))
    return Error{ErrorKind::Invalid,
                 "'" + name + "': " + typeName(tensor.type) +
                     " cannot be stored as " + storageName(storage),
                 {}};
  bool pattern = (tensor.type == TensorType::U8 && storage == DataType::I8) ||
                 (tensor.type == TensorType::U16 && storage == DataType::I16);
  int64_t high = (int64_t(1) << (8 * byteWidth(storage) - 1)) - 1;
  int64_t low = -high - 1;
  for (int64_t i = 0; i < count; ++i) {
    int64_t value = tensor.integer(i);
    // A uint64 of 2^63 and more arrives negative.
    bool wrapped = tensor.type == TensorType::U64 && value < 0;
    if (!pattern && (wrapped || value < low || value > high))
      return Error{ErrorKind::Invalid,
                   "'" + name + "' at " + indexText(i, tensor.shape) +
                       ": value " +
                       (wrapped ? std::to_string(uint64_t(value))
                                : std::to_string(value)) +
                       " is outside [" + std::to_string(low) + ", " +
                       std::to_string(high) + "]; " + typeName(tensor.type) +
                       " is held as " + storageName(storage) + " on the chip",
                   {}};
    out.bits[size_t(i)] = uint32_t(value);
  }
  return out;
}

Expected<StoredElements> weft::convertStorage(StoredElements elements,
                                              DataType storage,
                                              const std::string &name) {
  if (elements.type == storage)
    return elements;
  if (!isFloatStorage(elements.type) || !isFloatStorage(storage))
    return Error{ErrorKind::Invalid,
                 "'" + name + "': elements of " + storageName(elements.type) +
                     " cannot be stored as " + storageName(storage),
                 {}};
  for (uint32_t &bits : elements.bits)
    bits = floatBits(storedNumber(bits, elements.type), storage);
  elements.type = storage;
  return elements;
}

Tensor weft::fromStorage(const StoredElements &elements, TensorType type,
                         const std::vector<int64_t> &shape) {
  Tensor tensor = zeros(type, shape);
  bool integers = !isFloatStorage(elements.type) && !isFloat(type);
  for (size_t i = 0; i < elements.bits.size(); ++i) {
    double value = storedNumber(elements.bits[i], elements.type);
    if (integers) // int32 at most: exact in a double.
      tensor.setInteger(int64_t(i), int64_t(value));
    else
      tensor.setNumber(int64_t(i), value);
  }
  return tensor;
}
