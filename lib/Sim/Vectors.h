// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Vectors of bytes as streams, SRAM and units pass them on: by reference,
// counted, never changed once made. So a read, a write or a hop moves no
// bytes. The thread that steps the chips alone counts and allocates; the bytes
// of a block may be computed later, by an operation of the engine.

#ifndef WEFT_SIM_VECTORS_H
#define WEFT_SIM_VECTORS_H

#include <cstddef>
#include <cstdint>
#include <memory>
#include <new>
#include <vector>

namespace weft::sim {

/// The number of a vector of the pool.
using Block = uint32_t;
constexpr Block noBlock = ~Block(0);

/// A vector: of the pool, or (without a block) bytes of the program's images.
struct Vector {
  const uint8_t *bytes = nullptr;
  Block block = noBlock;
};

/// Lists of numbers on cache lines, not filled before they are used.
template <typename T>
struct LineAllocator {
  using value_type = T;
  LineAllocator() = default;
  template <typename U>
  LineAllocator(const LineAllocator<U> &) {}
  T *allocate(size_t n) {
    return static_cast<T *>(
        ::operator new(n * sizeof(T), std::align_val_t(64)));
  }
  void deallocate(T *p, size_t) { ::operator delete(p, std::align_val_t(64)); }
  template <typename U>
  void construct(U *) {} // Leaves it as it is.
  template <typename U>
  friend bool operator==(const LineAllocator &, const LineAllocator<U> &) {
    return true;
  }
};
template <typename T>
using Lines = std::vector<T, LineAllocator<T>>;

class VectorPool {
public:
  explicit VectorPool(int lanes) : stride((size_t(lanes) + 63) & ~size_t(63)) {}

  /// A block that is used once; its bytes are there when the engine has done
  /// `made` units of work.
  Vector allocate(uint64_t made) {
    if (free.empty())
      grow();
    Block block = free.back();
    free.pop_back();
    state[block] = {made, 1};
    return {bytes(block), block};
  }
  void retain(Vector v) {
    if (v.block != noBlock)
      ++state[v.block].uses;
  }
  void release(Vector v) {
    if (v.block != noBlock && --state[v.block].uses == 0)
      free.push_back(v.block);
  }
  uint64_t made(Vector v) const {
    return v.block != noBlock ? state[v.block].made : 0;
  }
  uint8_t *bytes(Block block) {
    return chunks[block / chunkBlocks].data() +
           size_t(block % chunkBlocks) * stride;
  }

private:
  static constexpr Block chunkBlocks = 1024;
  struct State {
    uint64_t made;
    uint32_t uses;
  };

  void grow() {
    Block first = Block(state.size());
    chunks.emplace_back(chunkBlocks * stride);
    state.resize(state.size() + chunkBlocks);
    for (Block i = chunkBlocks; i-- > 0;)
      free.push_back(first + i);
  }

  size_t stride;
  std::vector<Lines<uint8_t>> chunks;
  std::vector<State> state;
  std::vector<Block> free;
};

} // namespace weft::sim

#endif // WEFT_SIM_VECTORS_H
