// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Reads constants into ConstantTensor and writes them back. Decides rounding
// and wrapping of single elements; computing is left to the evaluator.

#include "weft/Transforms/ConstantTensor.h"

#include "weft/Dialect/Weft/IR/ExternalData.h"

#include "llvm/ADT/APFloat.h"
#include "llvm/Support/MathExtras.h"

#include <cstring>

using namespace mlir;
using namespace weft;

std::optional<ScalarType> ScalarType::get(Type type) {
  if (type.isIndex())
    return ScalarType{Int, 64};
  if (auto integer = dyn_cast<IntegerType>(type)) {
    unsigned width = integer.getWidth();
    if (width == 0 || width > 64)
      return std::nullopt;
    return ScalarType{Int, static_cast<uint8_t>(width)};
  }
  if (type.isF16())
    return ScalarType{F16, 16};
  if (type.isBF16())
    return ScalarType{BF16, 16};
  if (type.isF32())
    return ScalarType{F32, 32};
  if (type.isF64())
    return ScalarType{F64, 64};
  return std::nullopt;
}

static const llvm::fltSemantics &halfSemantics(ScalarType::Kind kind) {
  return kind == ScalarType::F16 ? llvm::APFloat::IEEEhalf()
                                 : llvm::APFloat::BFloat();
}

double ScalarType::round(double value) const {
  switch (kind) {
  case F32:
    return static_cast<double>(static_cast<float>(value));
  case F16:
  case BF16: {
    llvm::APFloat half(value);
    bool losesInfo = false;
    half.convert(halfSemantics(kind), llvm::APFloat::rmNearestTiesToEven,
                 &losesInfo);
    return half.convertToDouble();
  }
  case F64:
  case Int:
    return value;
  }
  return value;
}

int64_t ScalarType::wrap(int64_t value) const {
  if (width == 64)
    return value;
  if (width == 1)
    return value & 1;
  return llvm::SignExtend64(static_cast<uint64_t>(value), width);
}

SmallVector<int64_t> weft::rowMajorStrides(ArrayRef<int64_t> shape) {
  SmallVector<int64_t> strides(shape.size(), 1);
  for (int64_t d = static_cast<int64_t>(shape.size()) - 2; d >= 0; --d)
    strides[d] = strides[d + 1] * shape[d + 1];
  return strides;
}

std::optional<ConstantTensor> ConstantTensor::zeros(RankedTensorType type) {
  auto scalar = ScalarType::get(type.getElementType());
  if (!scalar || !type.hasStaticShape())
    return std::nullopt;
  Scalar zero;
  zero.i = 0;
  if (scalar->isFloat())
    zero.f = 0.0;
  ConstantTensor result;
  result.type = type;
  result.data.assign(static_cast<size_t>(type.getNumElements()), zero);
  return result;
}

/// Reads element `index` of `bytes`.
static Scalar readElement(ScalarType type, const char *bytes, int64_t index) {
  Scalar value;
  auto read = [&](auto raw) {
    std::memcpy(&raw, bytes + index * static_cast<int64_t>(sizeof(raw)),
                sizeof(raw));
    return raw;
  };
  switch (type.kind) {
  case ScalarType::F32:
    value.f = static_cast<double>(read(float()));
    return value;
  case ScalarType::F64:
    value.f = read(double());
    return value;
  case ScalarType::F16:
  case ScalarType::BF16:
    value.f = llvm::APFloat(halfSemantics(type.kind),
                            llvm::APInt(16, read(uint16_t())))
                  .convertToDouble();
    return value;
  case ScalarType::Int:
    break;
  }
  if (type.width == 1)
    value.i = read(uint8_t()) != 0;
  else if (type.width <= 8)
    value.i = read(int8_t());
  else if (type.width <= 16)
    value.i = read(int16_t());
  else if (type.width <= 32)
    value.i = read(int32_t());
  else
    value.i = read(int64_t());
  return value;
}

/// Bytes of one element; 0 for widths that are not whole bytes.
static int64_t elementBytes(ScalarType type) {
  if (type.width == 1)
    return 1;
  switch (type.width) {
  case 8:
  case 16:
  case 32:
  case 64:
    return type.width / 8;
  default:
    return 0;
  }
}

std::optional<ConstantTensor> ConstantTensor::fromBytes(RankedTensorType type,
                                                        ArrayRef<char> bytes) {
  auto result = zeros(type);
  if (!result)
    return std::nullopt;
  ScalarType scalar = result->scalarType();
  int64_t step = elementBytes(scalar);
  if (step == 0 || static_cast<int64_t>(bytes.size()) < step * result->size())
    return std::nullopt;
  for (int64_t i = 0, e = result->size(); i < e; ++i)
    result->data[i] = readElement(scalar, bytes.data(), i);
  return result;
}

std::optional<ConstantTensor> ConstantTensor::load(ElementsAttr attr,
                                                   WeightFiles *files,
                                                   RankedTensorType loadAs) {
  auto type = loadAs ? loadAs : dyn_cast<RankedTensorType>(attr.getType());
  if (!type || !type.hasStaticShape() ||
      type.getNumElements() != attr.getNumElements())
    return std::nullopt;
  auto scalar = ScalarType::get(type.getElementType());
  if (!scalar)
    return std::nullopt;
  if (auto dense = dyn_cast<DenseIntOrFPElementsAttr>(attr)) {
    auto result = zeros(type);
    if (dense.getNumElements() == 0)
      return result;
    auto toScalar = [&](const APInt &bits) {
      Scalar value;
      value.i = scalar->wrap(
          static_cast<int64_t>(bits.zextOrTrunc(64).getZExtValue()));
      return value;
    };
    auto toFloat = [&](APFloat number) {
      Scalar value;
      bool losesInfo = false;
      number.convert(APFloat::IEEEdouble(), APFloat::rmNearestTiesToEven,
                     &losesInfo);
      value.f = number.convertToDouble();
      return value;
    };
    if (dense.isSplat()) {
      Scalar value = scalar->isFloat() ? toFloat(dense.getSplatValue<APFloat>())
                                       : toScalar(dense.getSplatValue<APInt>());
      std::fill(result->data.begin(), result->data.end(), value);
      return result;
    }
    if (elementBytes(*scalar) != 0 && scalar->width != 1 &&
        static_cast<int64_t>(dense.getRawData().size()) ==
            elementBytes(*scalar) * result->size())
      return fromBytes(type, dense.getRawData());
    size_t next = 0;
    if (scalar->isFloat())
      for (APFloat number : dense.getValues<APFloat>())
        result->data[next++] = toFloat(number);
    else
      for (const APInt &bits : dense.getValues<APInt>())
        result->data[next++] = toScalar(bits);
    return result;
  }
  if (!files)
    return std::nullopt;
  llvm::Expected<ArrayRef<char>> bytes = files->bytes(attr);
  if (!bytes) {
    llvm::consumeError(bytes.takeError());
    return std::nullopt;
  }
  return fromBytes(type, *bytes);
}

DenseElementsAttr ConstantTensor::toAttr() const {
  ScalarType scalar = scalarType();
  // All equal bits: one element is enough.
  bool splat = !data.empty();
  for (const Scalar &value : data)
    if (value.i != data.front().i) {
      splat = false;
      break;
    }
  ArrayRef<Scalar> values(data);
  if (splat)
    values = values.take_front();
  if (scalar.kind == ScalarType::F32) {
    std::vector<float> raw;
    raw.reserve(values.size());
    for (const Scalar &value : values)
      raw.push_back(static_cast<float>(value.f));
    return DenseElementsAttr::get(type, ArrayRef<float>(raw));
  }
  if (scalar.isFloat()) {
    std::vector<APFloat> raw;
    raw.reserve(values.size());
    for (const Scalar &value : values) {
      APFloat number(value.f);
      if (scalar.kind != ScalarType::F64) {
        bool losesInfo = false;
        number.convert(halfSemantics(scalar.kind), APFloat::rmNearestTiesToEven,
                       &losesInfo);
      }
      raw.push_back(number);
    }
    return DenseElementsAttr::get(type, raw);
  }
  std::vector<APInt> raw;
  raw.reserve(values.size());
  for (const Scalar &value : values)
    raw.emplace_back(scalar.width, static_cast<uint64_t>(value.i),
                     /*isSigned=*/false, /*implicitTrunc=*/true);
  return DenseElementsAttr::get(type, raw);
}
