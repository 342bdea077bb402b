// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// .npz: an archive that NumPy wrote, round trips, and every truncation and
// bit flip of one.

#include "weft/Runtime/TensorIO.h"

#include <gtest/gtest.h>

using namespace weft;

namespace {
// numpy.savez_compressed(f, x=numpy.zeros((4, 8), numpy.int64),
//                        **{'a/b.c': numpy.array([True, False])})
constexpr const char *numpyFile =
    "504b03041400000008000000210002eeaa9e490000008001000005001400782e6e70790100"
    "1000800100000000000049000000000000009bec17ea1b10c9c850c650ad9e925a9c5ca46e"
    "a5a06e9369a1aea3a09e965f54529498179f5f94920a12774bcc294e058a17672416a402f9"
    "1a263a0a169a3a0ab50a64032e86110e00504b030414000000080000002100ee19bb5d4600"
    "00008200000009001400612f622e632e6e7079010010008200000000000000460000000000"
    "00009bec17ea1b10c9c850c650ad9e925a9c5ca46ea5a05e9364a8aea3a09e965f54529498"
    "179f5f94920a12774bcc294e058a17672416a402f91a463a9a3a0ab50a14002e460600504b"
    "010214031400000008000000210002eeaa9e49000000800100000500000000000000000000"
    "00800100000000782e6e7079504b0102140314000000080000002100ee19bb5d4600000082"
    "000000090000000000000000000000800180000000612f622e632e6e7079504b0506000000"
    "00020002006a000000010100000000";

std::vector<uint8_t> fromHex(std::string_view hex) {
  std::vector<uint8_t> out;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    out.push_back(
        uint8_t(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return out;
}

std::vector<NamedTensor> sample() {
  Tensor a = zeros(TensorType::F32, {2, 3});
  for (int64_t i = 0; i < 6; ++i)
    a.setNumber(i, 0.5 * double(i));
  return {{"a/output:0", a}, {"empty", zeros(TensorType::I64, {0, 4})}};
}
} // namespace

TEST(Npz, ReadsWhatNumpyWrote) {
  auto tensors = parseNpz(fromHex(numpyFile), "f");
  ASSERT_TRUE(tensors);
  ASSERT_EQ(tensors->size(), 2u);
  EXPECT_EQ((*tensors)[0].name, "x");
  EXPECT_EQ((*tensors)[0].tensor, zeros(TensorType::I64, {4, 8}));
  EXPECT_EQ((*tensors)[1].name, "a/b.c");
  Tensor expected = zeros(TensorType::Bool, {2});
  expected.bytes[0] = 1;
  EXPECT_EQ((*tensors)[1].tensor, expected);
}

TEST(Npz, RoundTrips) {
  for (bool deflate : {false, true}) {
    auto bytes = npzBytes(sample(), deflate);
    ASSERT_TRUE(bytes);
    EXPECT_EQ(*bytes, *npzBytes(sample(), deflate));
    auto back = parseNpz(*bytes, "f");
    ASSERT_TRUE(back);
    ASSERT_EQ(back->size(), 2u);
    for (size_t i = 0; i < 2; ++i) {
      EXPECT_EQ((*back)[i].name, sample()[i].name);
      EXPECT_EQ((*back)[i].tensor, sample()[i].tensor);
    }
  }
}

TEST(Npz, EveryTruncationIsRefused) {
  std::vector<uint8_t> file = fromHex(numpyFile);
  for (size_t length = 0; length < file.size(); ++length) {
    auto tensors = parseNpz(Bytes(file).first(length), "f");
    ASSERT_FALSE(tensors) << length;
    EXPECT_EQ(tensors.error().kind, ErrorKind::Invalid);
  }
}

TEST(Npz, EveryFlipIsSafe) {
  std::vector<std::vector<uint8_t>> files = {fromHex(numpyFile),
                                             *npzBytes(sample(), false),
                                             *npzBytes(sample(), true)};
  for (const std::vector<uint8_t> &file : files)
    for (size_t i = 0; i < file.size(); ++i)
      for (int bit = 0; bit < 8; ++bit) {
        std::vector<uint8_t> bad = file;
        bad[i] ^= uint8_t(1 << bit);
        if (auto tensors = parseNpz(bad, "f"))
          for (const NamedTensor &t : *tensors)
            EXPECT_EQ(elementCount(t.tensor.shape), t.tensor.elements());
      }
}

TEST(Npz, ExaggeratedSizeIsRefused) {
  // The uncompressed size of 'x' in the directory (first entry at 0x101, its
  // size 24 bytes further) becomes 0xfffffff0: far beyond what 73 bytes can
  // deflate to, so nothing is allocated.
  std::vector<uint8_t> file = fromHex(numpyFile);
  size_t at = 0x101 + 24;
  ASSERT_EQ(file[at], 0x80);
  file[at] = 0xf0;
  file[at + 1] = file[at + 2] = file[at + 3] = 0xff;
  auto tensors = parseNpz(file, "f");
  ASSERT_FALSE(tensors);
  EXPECT_EQ(tensors.error().message,
            "f: not a valid .npz: member 'x.npy' is damaged");
}
