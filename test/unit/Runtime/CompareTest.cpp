// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The measures of agreement, on vectors small enough to work out by hand.

#include "weft/Runtime/Compare.h"

#include <cmath>
#include <gtest/gtest.h>
#include <limits>

using namespace weft;

namespace {
const double notANumber = std::nan("");
const double infinity = std::numeric_limits<double>::infinity();

Tensor floats(std::vector<double> values) {
  Tensor tensor = zeros(TensorType::F32, {int64_t(values.size())});
  for (size_t i = 0; i < values.size(); ++i)
    tensor.setNumber(int64_t(i), values[i]);
  return tensor;
}

Tensor integers(TensorType type, std::vector<int64_t> values) {
  Tensor tensor = zeros(type, {int64_t(values.size())});
  for (size_t i = 0; i < values.size(); ++i)
    tensor.setInteger(int64_t(i), values[i]);
  return tensor;
}

Agreement agree(const Tensor &a, const Tensor &b, Tolerance tolerance = {}) {
  return compare("y", a, b, tolerance);
}
} // namespace

TEST(Compare, CosineAndError) {
  // (3, 4) against (4, 3): cosine 24 / 25; largest difference 1 of 4.
  Agreement a = agree(floats({3, 4}), floats({4, 3}));
  EXPECT_DOUBLE_EQ(a.cosine, 0.96);
  EXPECT_DOUBLE_EQ(a.maxError, 0.25);
  EXPECT_FALSE(a.pass);
  EXPECT_EQ(a.reason, "cosine below 0.9999");
  EXPECT_TRUE(agree(floats({3, 4}), floats({4, 3}), {0.95, 0.25}).pass);
}

TEST(Compare, ErrorNamesThePlace) {
  // Relative to 100: 3 is 0.03, beyond 0.02.
  Agreement a =
      agree(floats({100, 100, 3}), floats({100, 100, 0}), {0.9, 0.02});
  EXPECT_DOUBLE_EQ(a.maxError, 0.03);
  EXPECT_EQ(a.reason, "error above 0.02 at [2]: 3, reference 0");
}

TEST(Compare, EqualTensorsHaveCosineOne) {
  // Exactly, so that --min-cosine=1 --max-error=0 means "the same".
  for (int n = 1; n < 200; ++n) {
    std::vector<double> values;
    for (int i = 0; i < n; ++i)
      values.push_back(0.1 * (i * 7 % 13) - 0.3);
    Agreement a = agree(floats(values), floats(values), {1, 0});
    EXPECT_TRUE(a.pass) << n;
  }
}

TEST(Compare, Zeros) {
  Agreement both = agree(floats({0, 0}), floats({0, 0}));
  EXPECT_EQ(both.cosine, 1);
  EXPECT_EQ(both.maxError, 0);
  EXPECT_TRUE(both.pass);
  // The reference all zero: the error is absolute, the cosine nothing.
  Agreement one = agree(floats({0, 0.5}), floats({0, 0}));
  EXPECT_EQ(one.cosine, 0);
  EXPECT_EQ(one.maxError, 0.5);
  EXPECT_FALSE(one.pass);
}

TEST(Compare, NanAndInfinityMatchInPlace) {
  Tensor special = floats({1, notANumber, infinity, -infinity});
  EXPECT_TRUE(agree(special, special).pass);
  EXPECT_EQ(agree(floats({1, 2, infinity, -infinity}), special).reason,
            "2 at [1] where the reference has nan");
  EXPECT_FALSE(
      agree(floats({1, notANumber, -infinity, -infinity}), special).pass);
  EXPECT_FALSE(agree(floats({notANumber, 2}), floats({1, 2})).pass);
  EXPECT_FALSE(agree(floats({infinity, 2}), floats({1, 2})).pass);
}

TEST(Compare, HugeValuesDoNotOverflow) {
  Tensor huge = zeros(TensorType::F64, {2});
  huge.setNumber(0, 1e300);
  huge.setNumber(1, -1e300);
  Agreement a = agree(huge, huge);
  EXPECT_DOUBLE_EQ(a.cosine, 1);
  EXPECT_TRUE(a.pass);
}

TEST(Compare, IntegersAndBooleansAreEqualOrNot) {
  Tensor a = integers(TensorType::I64, {1, 1000000});
  EXPECT_TRUE(agree(a, a).pass);
  Agreement off = agree(a, integers(TensorType::I64, {1, 1000001}));
  EXPECT_FALSE(off.pass);
  EXPECT_EQ(off.reason,
            "1 of 2 differ, first at [1]: 1000000, reference 1000001");
  EXPECT_FALSE(agree(integers(TensorType::Bool, {0, 1}),
                     integers(TensorType::Bool, {1, 1}))
                   .pass);
}

TEST(Compare, EmptyComparesTypeAndShape) {
  Tensor empty = zeros(TensorType::F32, {0, 3});
  Agreement same = agree(empty, empty);
  EXPECT_TRUE(same.pass);
  EXPECT_EQ(same.cosine, 1);
  EXPECT_FALSE(agree(empty, zeros(TensorType::F32, {3, 0})).pass);
  EXPECT_EQ(agree(empty, zeros(TensorType::F16, {0, 3})).reason,
            "float32[0, 3], but the reference is float16[0, 3]");
}
