// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Values of constants and weights as the chip stores them. Tiles of weights
// are the bulk of a model, so their loop is kept tight: rows of a matrix are
// read in order, whatever way round the tile is.

#include "Images.h"

#include "weft/Dialect/Weft/IR/WeftOps.h"
#include "weft/Runtime/Half.h"
#include "weft/Runtime/Placement.h"

#include <bit>
#include <cmath>
#include <cstring>

using namespace weft;
using namespace weft::target;

uint16_t target::halfBits(float value) {
  uint32_t bits = std::bit_cast<uint32_t>(value);
  uint16_t sign = uint16_t(bits >> 16 & 0x8000);
  bits &= 0x7fffffff;
  if (bits > 0x7f800000)
    return sign | 0x7e00;
  if (bits >= 0x477fe000) // 65504 and more, infinities too.
    return sign | 0x7bff;
  if (bits < 0x38800000) { // Below 2^-14: a multiple of 2^-24.
    // Adding 0.5 leaves multiples of 2^-24 in the low bits, rounded to even.
    float shifted = std::bit_cast<float>(bits) + 0.5f;
    return sign | uint16_t(std::bit_cast<uint32_t>(shifted) - 0x3f000000);
  }
  // Exponent rebased by 112 = 127 - 15; the 13 low bits rounded to even.
  uint32_t rounded = bits - 0x38000000 + 0xfff + (bits >> 13 & 1);
  return sign | uint16_t(rounded >> 13);
}

std::optional<TensorType> target::tensorTypeOf(mlir::Type element) {
  if (element.isF32())
    return TensorType::F32;
  if (element.isF16())
    return TensorType::F16;
  if (element.isF64())
    return TensorType::F64;
  auto integer = llvm::dyn_cast<mlir::IntegerType>(element);
  if (!integer)
    return std::nullopt;
  bool isUnsigned = integer.isUnsigned();
  switch (integer.getWidth()) {
  case 1:
    return TensorType::Bool;
  case 8:
    return isUnsigned ? TensorType::U8 : TensorType::I8;
  case 16:
    return isUnsigned ? TensorType::U16 : TensorType::I16;
  case 32:
    return isUnsigned ? TensorType::U32 : TensorType::I32;
  case 64:
    return isUnsigned ? TensorType::U64 : TensorType::I64;
  default:
    return std::nullopt;
  }
}

namespace {

/// Elements of a constant as floats, from where they are.
class FloatReader {
public:
  static mlir::FailureOr<FloatReader>
  open(mlir::Operation *op, mlir::ElementsAttr value, WeightFiles &files) {
    FloatReader reader;
    reader.element = value.getElementType();
    reader.count = value.getNumElements();
    if (auto dense = llvm::dyn_cast<mlir::DenseElementsAttr>(value);
        dense && dense.isSplat() && reader.element.isF32()) {
      reader.splat = dense.getSplatValue<float>();
      return reader;
    }
    llvm::Expected<llvm::ArrayRef<char>> bytes = files.bytes(value);
    if (!bytes)
      return op->emitError(llvm::toString(bytes.takeError()));
    reader.bytes = *bytes;
    if (!reader.element.isF32() && !reader.element.isF16() &&
        !reader.element.isBF16() && !reader.element.isF64() &&
        !reader.element.isInteger(8))
      return op->emitError()
             << "weights of " << reader.element << " are not supported";
    return reader;
  }

  int64_t size() const { return count; }
  float at(int64_t i) const {
    if (splat)
      return *splat;
    const char *data = bytes.data();
    if (element.isF32()) {
      float value;
      std::memcpy(&value, data + 4 * i, 4);
      return value;
    }
    if (element.isF64()) {
      double value;
      std::memcpy(&value, data + 8 * i, 8);
      return float(value);
    }
    if (element.isInteger(8))
      return element.isUnsignedInteger() ? float(uint8_t(data[i]))
                                         : float(int8_t(data[i]));
    uint16_t bits;
    std::memcpy(&bits, data + 2 * i, 2);
    return element.isF16() ? floatFromHalf(bits) : floatFromBfloat16(bits);
  }
  /// The elements themselves where they are bytes.
  const char *bytesOfIntegers() const {
    return element.isInteger(8) ? bytes.data() : nullptr;
  }
  /// The elements themselves where they are floats in memory.
  const char *floats() const {
    return !splat && element.isF32() ? bytes.data() : nullptr;
  }

private:
  mlir::Type element;
  llvm::ArrayRef<char> bytes;
  std::optional<float> splat;
  int64_t count = 0;
};

/// Largest float that rounds into fp16's range: 65504 and half a step.
constexpr float kHalfLimit = 65520.0f;

std::string weightName(mlir::Operation *op) {
  std::string name = tsp::initializerName(op->getLoc());
  if (!name.empty())
    return name;
  auto nodes = tsp::nodeNames(op->getLoc());
  return nodes.empty() ? "unnamed" : nodes.front();
}

mlir::LogicalResult beyondHalf(mlir::Operation *op, int64_t at, float value) {
  return op->emitError() << "weight '" << weightName(op) << "': element " << at
                         << " is " << value << ", beyond fp16's range of 65504";
}

} // namespace

mlir::LogicalResult target::packWeights(const Machine &machine,
                                        tsp::WeightsOp op, WeightFiles &files,
                                        llvm::ArrayRef<uint8_t *> bytes) {
  auto reader = FloatReader::open(op, op.getValue(), files);
  if (mlir::failed(reader))
    return mlir::failure();
  llvm::ArrayRef<int64_t> lanes = op.getLanes(), columns = op.getColumns();
  size_t half = size_t(machine.halfLanes()), width = size_t(machine.lanes());
  size_t buffers = bytes.size();
  if (lanes.size() > (op.getBytes() ? width : half) || buffers == 0 ||
      columns.size() > op.getWords() * buffers)
    return op.emitOpError("has more lanes or columns than the tile");
  int64_t count = reader->size(), top = -1;
  int64_t highLane = -1, highColumn = -1;
  for (int64_t lane : lanes)
    highLane = std::max(highLane, lane);
  for (int64_t column : columns)
    highColumn = std::max(highColumn, column);
  if (highLane >= 0 && highColumn >= 0)
    top = highLane + highColumn;
  if (top >= count || highLane >= count || highColumn >= count)
    return op.emitOpError("has lanes and columns outside its value");

  // Where the bytes of a column begin.
  std::vector<uint8_t *> target(columns.size());
  for (size_t n = 0; n < columns.size(); ++n)
    target[n] = bytes[n % buffers] + n / buffers * width;
  if (op.getBytes()) {
    const char *data = reader->bytesOfIntegers();
    if (!data)
      return op.emitOpError("needs bytes as its value");
    for (size_t k = 0; k < lanes.size(); ++k)
      for (size_t n = 0; lanes[k] >= 0 && n < columns.size(); ++n)
        if (columns[n] >= 0)
          target[n][k] = uint8_t(data[lanes[k] + columns[n]]);
    return mlir::success();
  }
  float scale = op.getScale().convertToFloat();
  const char *floats = reader->floats();
  bool nan = false;
  for (size_t k = 0; k < lanes.size(); ++k) {
    if (lanes[k] < 0)
      continue;
    for (size_t n = 0; n < columns.size(); ++n) {
      if (columns[n] < 0)
        continue;
      int64_t at = lanes[k] + columns[n];
      float value;
      if (floats)
        std::memcpy(&value, floats + 4 * at, 4);
      else
        value = reader->at(at);
      value *= scale;
      if (!(std::fabs(value) < kHalfLimit)) {
        if (!std::isnan(value))
          return beyondHalf(op, at, value);
        nan = true;
      }
      uint16_t bits = halfBits(value);
      target[n][k] = uint8_t(bits);
      target[n][half + k] = uint8_t(bits >> 8);
    }
  }
  if (nan)
    op.emitWarning() << "weight '" << weightName(op) << "' holds NaN";
  return mlir::success();
}

mlir::LogicalResult target::packConstant(const Machine &machine,
                                         tsp::ConstantOp op, WeightFiles &files,
                                         llvm::ArrayRef<uint8_t *> bytes) {
  auto tensor = llvm::dyn_cast<mlir::RankedTensorType>(op.getTensor());
  if (!tensor || !isPlaced(tensor))
    return op.emitOpError("needs a tensor type with a layout");
  mlir::ElementsAttr value = op.getValue();
  if (value.getNumElements() != tensor.getNumElements())
    return op.emitOpError("has ") << value.getNumElements() << " values for "
                                  << tensor.getNumElements() << " elements";
  Placement placement;
  placement.storage = storageOf(tensor);
  placement.layout = layoutOf(tensor);
  placement.segmentWords = machine.segmentWords();
  placement.planes.resize(bytes.size());
  std::vector<int64_t> shape(tensor.getShape());
  if (Status fine = checkPlacement(machine, placement, shape, "constant");
      !fine)
    return op.emitOpError(fine.error().message);

  StoredElements elements;
  mlir::Type element = value.getElementType();
  if (llvm::isa<mlir::FloatType>(element)) {
    auto reader = FloatReader::open(op, value, files);
    if (mlir::failed(reader))
      return mlir::failure();
    bool nan = false;
    elements.type = placement.storage;
    if (placement.storage != DataType::F16 &&
        placement.storage != DataType::F32)
      return op.emitOpError("holds floats and is stored as integers");
    for (int64_t i = 0; i < reader->size(); ++i) {
      float v = reader->at(i);
      nan |= std::isnan(v);
      if (placement.storage == DataType::F16 && std::fabs(v) >= kHalfLimit)
        return beyondHalf(op, i, v);
      elements.bits.push_back(placement.storage == DataType::F16
                                  ? halfBits(v)
                                  : std::bit_cast<uint32_t>(v));
    }
    if (nan)
      op.emitWarning() << "constant '" << weightName(op) << "' holds NaN";
  } else {
    auto type = tensorTypeOf(element);
    if (!type)
      return op.emitOpError("holds values of ") << element;
    llvm::Expected<llvm::ArrayRef<char>> raw = files.bytes(value);
    if (!raw)
      return op.emitError(llvm::toString(raw.takeError()));
    Tensor host;
    host.type = *type;
    host.shape = shape;
    host.bytes.assign(raw->begin(), raw->end());
    auto converted = toStorage(host, placement.storage, weightName(op));
    if (!converted)
      return op.emitError(converted.error().message);
    elements = std::move(*converted);
  }
  auto planes = packPlanes(machine, placement, shape, elements);
  for (size_t i = 0; i < planes.size(); ++i)
    std::copy(planes[i].begin(), planes[i].end(), bytes[i]);
  return mlir::success();
}
