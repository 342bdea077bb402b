// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Converts TypeProto. Shapes that the model gives are taken as they are;
// whether they are true is for shape inference to find out.

#include "Types.h"

#include "weft/Dialect/WeftOnnx/IR/WeftOnnxDialect.h"

#include "llvm/Support/MathExtras.h"

using namespace mlir;

llvm::Error weft::onnxir::makeError(const llvm::Twine &message) {
  return llvm::createStringError(llvm::inconvertibleErrorCode(), message);
}

Type weft::onnxir::getElementType(MLIRContext *context, int32_t dataType) {
  auto unsignedType = [&](unsigned bits) {
    return IntegerType::get(context, bits, IntegerType::Unsigned);
  };
  switch (dataType) {
  case 1:
    return Float32Type::get(context);
  case 2:
    return unsignedType(8);
  case 3:
    return IntegerType::get(context, 8);
  case 4:
    return unsignedType(16);
  case 5:
    return IntegerType::get(context, 16);
  case 6:
    return IntegerType::get(context, 32);
  case 7:
    return IntegerType::get(context, 64);
  case 8:
    return StringType::get(context);
  case 9:
    return IntegerType::get(context, 1);
  case 10:
    return Float16Type::get(context);
  case 11:
    return Float64Type::get(context);
  case 12:
    return unsignedType(32);
  case 13:
    return unsignedType(64);
  case 14:
    return ComplexType::get(Float32Type::get(context));
  case 15:
    return ComplexType::get(Float64Type::get(context));
  case 16:
    return BFloat16Type::get(context);
  case 17:
    return Float8E4M3FNType::get(context);
  case 18:
    return Float8E4M3FNUZType::get(context);
  case 19:
    return Float8E5M2Type::get(context);
  case 20:
    return Float8E5M2FNUZType::get(context);
  case 21:
    return unsignedType(4);
  case 22:
    return IntegerType::get(context, 4);
  case 23:
    return Float4E2M1FNType::get(context);
  case 24:
    return Float8E8M0FNUType::get(context);
  case 25:
    return unsignedType(2);
  case 26:
    return IntegerType::get(context, 2);
  default:
    return {};
  }
}

std::optional<int64_t> weft::onnxir::countElements(ArrayRef<int64_t> shape) {
  if (llvm::is_contained(shape, 0))
    return 0;
  int64_t count = 1;
  for (int64_t dim : shape)
    if (llvm::MulOverflow(count, dim, count))
      return std::nullopt;
  return count;
}

/// The size of a dimension. Some exporters write -1 for one that is open.
static int64_t convertDim(const onnx::TensorShapeProto::Dimension &dim) {
  if (dim.has_dim_value() && dim.dim_value() >= 0)
    return dim.dim_value();
  return ShapedType::kDynamic;
}

static llvm::Expected<Type> convertTensor(MLIRContext *context,
                                          int32_t dataType,
                                          const onnx::TensorShapeProto *shape) {
  using namespace weft::onnxir;
  Type element = getElementType(context, dataType);
  if (!element && dataType != 0)
    return makeError("unknown element type " + llvm::Twine(dataType));
  if (!element) // Some exporters leave the types of subgraphs' values open.
    return UnknownType::get(context);
  if (!shape)
    return UnrankedTensorType::get(element);
  SmallVector<int64_t> dims;
  int64_t known = 1;
  for (const auto &dim : shape->dim()) {
    dims.push_back(convertDim(dim));
    if (dims.back() > 0 && llvm::MulOverflow(known, dims.back(), known))
      return makeError("a shape of more than 2^63 elements");
  }
  return RankedTensorType::get(dims, element);
}

llvm::Expected<Type> weft::onnxir::convertType(MLIRContext *context,
                                               const onnx::TypeProto &type) {
  auto nested = [&](const onnx::TypeProto &inner,
                    auto wrap) -> llvm::Expected<Type> {
    llvm::Expected<Type> converted = convertType(context, inner);
    if (!converted)
      return converted.takeError();
    return wrap(*converted);
  };
  switch (type.value_case()) {
  case onnx::TypeProto::kTensorType:
    return convertTensor(
        context, type.tensor_type().elem_type(),
        type.tensor_type().has_shape() ? &type.tensor_type().shape() : nullptr);
  case onnx::TypeProto::kSparseTensorType: {
    const auto &sparse = type.sparse_tensor_type();
    llvm::Expected<Type> dense =
        convertTensor(context, sparse.elem_type(),
                      sparse.has_shape() ? &sparse.shape() : nullptr);
    if (!dense)
      return dense.takeError();
    return SparseType::get(context, *dense);
  }
  case onnx::TypeProto::kSequenceType:
    return nested(type.sequence_type().elem_type(), [&](Type element) -> Type {
      return SequenceType::get(context, element);
    });
  case onnx::TypeProto::kOptionalType:
    return nested(type.optional_type().elem_type(), [&](Type element) -> Type {
      return OptionalType::get(context, element);
    });
  case onnx::TypeProto::kMapType: {
    Type key = getElementType(context, type.map_type().key_type());
    if (!key)
      return makeError("a map with an unknown key type " +
                       llvm::Twine(type.map_type().key_type()));
    return nested(type.map_type().value_type(), [&](Type value) -> Type {
      return MapType::get(context, key, value);
    });
  }
  case onnx::TypeProto::kOpaqueType:
  case onnx::TypeProto::VALUE_NOT_SET:
    break;
  }
  return UnknownType::get(context);
}

ArrayAttr weft::onnxir::convertDims(MLIRContext *context,
                                    const onnx::TypeProto &type) {
  if (type.value_case() != onnx::TypeProto::kTensorType ||
      !type.tensor_type().has_shape())
    return {};
  Builder builder(context);
  SmallVector<Attribute> dims;
  for (const auto &dim : type.tensor_type().shape().dim()) {
    int64_t size = convertDim(dim);
    if (!ShapedType::isDynamic(size))
      dims.push_back(builder.getI64IntegerAttr(size));
    else if (!dim.dim_param().empty())
      dims.push_back(builder.getStringAttr(dim.dim_param()));
    else
      dims.push_back(builder.getUnitAttr());
  }
  return builder.getArrayAttr(dims);
}
