// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The boundary of a program: which tensors it takes and gives, checked before
// it starts, written to SRAM before cycle 0 and read back after the last. How
// a tensor lies in words is Placement.h; how the program runs is Run.h.

#ifndef WEFT_RUNTIME_BINDING_H
#define WEFT_RUNTIME_BINDING_H

#include "weft/Runtime/Tensor.h"

#include <functional>
#include <span>

namespace weft {

/// Words of SRAM, wherever they are: `bytes` holds whole vectors from
/// at.address on. Reading a word that was never written is an error.
struct SramAccess {
  std::function<Status(const PlaneAddress &at, std::span<const uint8_t> bytes)>
      write;
  std::function<Status(const PlaneAddress &at, std::span<uint8_t> bytes)> read;
};

std::vector<std::string> inputNames(const Program &program);
std::vector<std::string> outputNames(const Program &program);

/// Checks everything that the program says about its inputs: names (an error
/// lists those that are valid), types, shapes, and that indices which come
/// from inputs lie in their tables. Run it before anything starts.
Status checkInputs(const Program &program,
                   const std::vector<NamedTensor> &inputs);

/// Writes every copy of every input and every host look-up. Checks first.
Status writeInputs(const Program &program,
                   const std::vector<NamedTensor> &inputs,
                   const SramAccess &sram);

/// Reads copies[0] of every output, in the order of the graph's outputs.
Expected<std::vector<NamedTensor>> readOutputs(const Program &program,
                                               const SramAccess &sram);

/// Bytes that cross the host's bus: elements in storage form, every copy.
struct TransferBytes {
  int64_t in = 0, out = 0;
};
TransferBytes transferBytes(const Program &program);

/// Inputs of the right shapes and types, the same for the same seed on every
/// host: floats uniform in [-1, 1), integers uniform in the range of the
/// tables they index, or 0 and 1 where there is none.
std::vector<NamedTensor> randomInputs(const Program &program, uint64_t seed);

} // namespace weft

#endif // WEFT_RUNTIME_BINDING_H
