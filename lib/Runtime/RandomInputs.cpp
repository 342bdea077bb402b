// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Random inputs for a program. The generator is SplitMix64 (Steele, Lea and
// Flood, OOPSLA 2014), written out because the standard library's
// distributions differ between hosts.

#include "weft/Runtime/Binding.h"

#include <algorithm>

using namespace weft;

namespace {
struct SplitMix64 {
  uint64_t state;
  uint64_t next() {
    uint64_t z = (state += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }
};
} // namespace

std::vector<NamedTensor> weft::randomInputs(const Program &program,
                                            uint64_t seed) {
  std::vector<NamedTensor> inputs;
  SplitMix64 seeds{seed};
  for (const TensorBinding &b : program.inputs) {
    SplitMix64 random{seeds.next()};
    // Not negative where the range allows: some models compare indices.
    int64_t low = 0, high = 2;
    if (b.hasIndexRange) {
      high = b.indexHigh;
      low = high > 0 ? std::max<int64_t>(b.indexLow, 0) : b.indexLow;
    }
    bool bounded = b.hasIndexRange;
    for (const HostLookup &lookup : program.lookups)
      if (lookup.input == b.name) {
        high = bounded ? std::min(high, lookup.rows) : lookup.rows;
        bounded = true;
      }
    uint64_t range = high > low ? uint64_t(high) - uint64_t(low) : 1;
    if (b.type == TensorType::Bool)
      low = 0, range = 2;

    Tensor tensor = zeros(b.type, b.shape);
    for (int64_t i = 0, n = tensor.elements(); i < n; ++i) {
      uint64_t draw = random.next();
      if (isFloat(b.type)) // 24 bits: exact in every float down to float32.
        tensor.setNumber(i, double(draw >> 40) / (1 << 23) - 1.0);
      else // The bias of a remainder of 2^64 is far below what shows.
        tensor.setInteger(i, int64_t(uint64_t(low) + draw % range));
    }
    inputs.push_back({b.name, std::move(tensor)});
  }
  return inputs;
}
