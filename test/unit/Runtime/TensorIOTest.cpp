// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// .npy and TensorProto: bytes that NumPy and hand-encoded protobuf made, and
// damaged ones. No damaged file may do more than give an error.

#include "weft/Runtime/TensorIO.h"

#include <cstring>
#include <gtest/gtest.h>

using namespace weft;

namespace {
std::vector<uint8_t> bytesOf(std::string_view text) {
  return {text.begin(), text.end()};
}

/// A version 1 file as numpy.save writes it: the header is padded with spaces
/// to 128 bytes in all, newline last.
std::vector<uint8_t> npy(std::string header, std::string_view data) {
  header.resize(117, ' ');
  std::string text("\x93NUMPY\x01\x00v\x00", 10);
  return bytesOf(text + header + "\n" + std::string(data));
}

template <typename T>
Tensor tensorOf(TensorType type, std::vector<int64_t> shape,
                std::vector<T> values) {
  Tensor tensor = zeros(type, std::move(shape));
  EXPECT_EQ(tensor.bytes.size(), values.size() * sizeof(T));
  std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}
} // namespace

TEST(Npy, BigEndian) {
  // numpy.save(f, numpy.array([[1, -2, 3]], dtype='>i2'))
  auto file = npy("{'descr': '>i2', 'fortran_order': False, 'shape': (1, 3), }",
                  std::string_view("\x00\x01\xff\xfe\x00\x03", 6));
  Expected<Tensor> tensor = parseNpy(file, "f");
  ASSERT_TRUE(tensor);
  EXPECT_EQ(*tensor, tensorOf<int16_t>(TensorType::I16, {1, 3}, {1, -2, 3}));
}

TEST(Npy, FortranOrder) {
  // numpy.save(f, numpy.asfortranarray([[0, 1, 2], [3, 4, 5]])) as float32:
  // column by column 0 3 1 4 2 5.
  auto file = npy(
      "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3), }",
      std::string_view("\0\0\0\0\0\0@@\0\0\x80?\0\0\x80@\0\0\0@\0\0\xa0@", 24));
  Expected<Tensor> tensor = parseNpy(file, "f");
  ASSERT_TRUE(tensor);
  EXPECT_EQ(*tensor,
            tensorOf<float>(TensorType::F32, {2, 3}, {0, 1, 2, 3, 4, 5}));
}

TEST(Npy, EveryTypeRoundTrips) {
  for (int code = 0; code <= 20; ++code) {
    TensorType type = TensorType(code);
    if (elementBytes(type) == 0)
      continue;
    for (std::vector<int64_t> shape :
         {std::vector<int64_t>{}, {3}, {2, 0}, {2, 1, 3}}) {
      Tensor tensor = zeros(type, shape);
      for (int64_t i = 0; i < tensor.elements(); ++i)
        tensor.setNumber(i, double(i + 1));
      Expected<Tensor> back = parseNpy(npyBytes(tensor), "f");
      ASSERT_TRUE(back) << typeName(type);
      EXPECT_EQ(*back, tensor);
      std::vector<uint8_t> proto = tensorProtoBytes({"x", tensor});
      back = parseTensorProto(proto, "f");
      ASSERT_TRUE(back) << typeName(type);
      EXPECT_EQ(*back, tensor);
    }
  }
}

TEST(Npy, WritesWhatNumpyWrites) {
  Tensor tensor = tensorOf<int64_t>(TensorType::I64, {1}, {7});
  auto expected =
      npy("{'descr': '<i8', 'fortran_order': False, 'shape': (1,), }",
          std::string_view("\x07\0\0\0\0\0\0\0", 8));
  EXPECT_EQ(npyBytes(tensor), expected);
}

TEST(Npy, Refused) {
  auto kind = [](const std::string &header, std::string_view data) {
    Expected<Tensor> tensor = parseNpy(npy(header, data), "f");
    return tensor ? 0 : int(tensor.error().kind);
  };
  std::string_view four("\0\0\0\0", 4);
  const char *shapes = "{'descr': '<f4', 'fortran_order': False, 'shape': ";
  EXPECT_EQ(kind(std::string(shapes) + "(1,), }", four), 0);
  EXPECT_EQ(kind(std::string(shapes) + "(2,), }", four), 2);
  EXPECT_EQ(kind(std::string(shapes) + "(-1,), }", four), 2);
  // 2^62 elements of 4 bytes: more than any memory, and refused before it.
  EXPECT_EQ(kind(std::string(shapes) + "(4611686018427387904,), }", four), 2);
  EXPECT_EQ(kind(std::string(shapes) + "(2147483648, 2147483648, 4), }", four),
            2);
  EXPECT_EQ(kind("{'descr': '<f4', 'shape': (1,), }", four), 2);
  EXPECT_EQ(
      kind("{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }", four),
      3);
  EXPECT_EQ(kind("{'descr': [('a', '<f4')], 'fortran_order': False}", four), 2);
}

TEST(Npy, EveryTruncationAndFlipIsSafe) {
  Tensor tensor = tensorOf<float>(TensorType::F32, {2, 2}, {1, 2, 3, 4});
  std::vector<uint8_t> file = npyBytes(tensor);
  for (size_t length = 0; length < file.size(); ++length)
    EXPECT_FALSE(parseNpy(Bytes(file).first(length), "f"));
  for (size_t i = 0; i < file.size(); ++i)
    for (int bit = 0; bit < 8; ++bit) {
      std::vector<uint8_t> bad = file;
      bad[i] ^= uint8_t(1 << bit);
      if (Expected<Tensor> read = parseNpy(bad, "f"))
        EXPECT_EQ(elementCount(read->shape), read->elements());
    }
}

// Field numbers of TensorProto: dims 1, data_type 2, float_data 4, int32_data
// 5, string_data 6, int64_data 7, external_data 13, raw_data 9.
TEST(TensorProto, TypedFields) {
  // dims 2, type FLOAT, packed float_data {1, -2}.
  auto floats = parseTensorProto(
      bytesOf(std::string_view("\x08\x02\x10\x01\x22\x08\0\0\x80\x3f\0\0\0\xc0",
                               14)),
      "f");
  ASSERT_TRUE(floats);
  EXPECT_EQ(*floats, tensorOf<float>(TensorType::F32, {2}, {1, -2}));
  // dims 1, type FLOAT16, int32_data 0x3c00 = 15360 = varint 80 78: 1.0.
  auto half =
      parseTensorProto(bytesOf("\x08\x01\x10\x0a\x2a\x02\x80\x78"), "f");
  ASSERT_TRUE(half);
  EXPECT_EQ(half->type, TensorType::F16);
  EXPECT_EQ(half->number(0), 1.0);
  // No dims, type BOOL, int32_data {1}.
  auto boolean = parseTensorProto(bytesOf("\x10\x09\x2a\x01\x01"), "f");
  ASSERT_TRUE(boolean);
  EXPECT_EQ(*boolean, tensorOf<uint8_t>(TensorType::Bool, {}, {1}));
  // bfloat16 raw 0x3f80 is 1.0, widened.
  auto brain =
      parseTensorProto(bytesOf("\x08\x01\x10\x10\x4a\x02\x80\x3f"), "f");
  ASSERT_TRUE(brain);
  EXPECT_EQ(*brain, tensorOf<float>(TensorType::F32, {1}, {1}));
}

TEST(TensorProto, Refused) {
  auto message = [](std::string_view text) {
    Expected<Tensor> tensor = parseTensorProto(bytesOf(text), "f");
    return tensor ? std::string() : tensor.error().message;
  };
  // Two floats announced, one there.
  EXPECT_NE(message(std::string_view("\x08\x02\x10\x01\x4a\x04\0\0\0\0", 10))
                .find("float32[2] does not take the 4 bytes"),
            std::string::npos);
  EXPECT_NE(message("\x08\x01\x10\x08\x32\x01"
                    "a")
                .find("type string"),
            std::string::npos);
  // A dimension of -1: varint of ten bytes.
  EXPECT_NE(message("\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01\x10\x01")
                .find("no valid shape"),
            std::string::npos);
  // external_data { key: "location" value: "/etc/passwd" }
  EXPECT_NE(message("\x10\x01\x6a\x17\x0a\x08location\x12\x0b/etc/passwd")
                .find("in another file"),
            std::string::npos);
  EXPECT_NE(message("").find("no element type"), std::string::npos);
  EXPECT_NE(message("not a protobuf").find("does not parse"),
            std::string::npos);
}
