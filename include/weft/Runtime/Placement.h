// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors to words of SRAM and back: conversion between ONNX element types and
// storage types, and packing by layout. Which tensors go where is said by a
// program's bindings (Binding.h).

#ifndef WEFT_RUNTIME_PLACEMENT_H
#define WEFT_RUNTIME_PLACEMENT_H

#include "weft/Runtime/Tensor.h"

namespace weft {

/// Elements in a storage type: the low byteWidth(type) * 8 bits of each entry.
struct StoredElements {
  DataType type = DataType::F16;
  std::vector<uint32_t> bits;
};

/// Converts a host tensor to its storage type.
/// To F16: rounded to nearest even, saturating at +-65504 (infinities too).
/// To F32: rounded to nearest even.
/// To I8, I16, I32: by value, an error naming the first value out of range;
/// unsigned tensors of the storage's own width keep their bit pattern (uint8
/// in I8, uint16 in I16). Bool is 0 or 1 in every storage.
/// Floats have no integer storage. `name` is for messages.
Expected<StoredElements> toStorage(const Tensor &tensor, DataType storage,
                                   const std::string &name);

/// Converts storage to storage: rows of a table that is kept in another type
/// than the one it is looked up into. Float to float only, or the same type.
Expected<StoredElements> convertStorage(StoredElements elements,
                                        DataType storage,
                                        const std::string &name);

/// Converts what the chip stored to the type that the graph promises. Floats
/// from floats are exact or rounded to nearest even; integers keep their low
/// bits, Bool is "not zero"; integers from floats are truncated toward zero.
Tensor fromStorage(const StoredElements &elements, TensorType type,
                   const std::vector<int64_t> &shape);

/// Checks that a placement of `shape` stays within its words, columns and
/// planes and those within the machine. `what` begins the message.
Status checkPlacement(const Machine &machine, const Placement &placement,
                      const std::vector<int64_t> &shape,
                      const std::string &what);

/// The words of every range, in the order of Placement::planes:
/// wordsOf() * lanes bytes each. Lanes without an element hold the padding;
/// a splat layout fills all lanes of an element's word. The placement must
/// have passed checkPlacement.
std::vector<std::vector<uint8_t>> packPlanes(const Machine &machine,
                                             const Placement &placement,
                                             const std::vector<int64_t> &shape,
                                             const StoredElements &elements);

/// The inverse of packPlanes; of a splat layout, the lane of the position.
StoredElements unpackPlanes(const Machine &machine, const Placement &placement,
                            const std::vector<int64_t> &shape,
                            const std::vector<std::vector<uint8_t>> &planes);

/// used[plane][word], planes as in Placement::planes: whether any element lies
/// there.
std::vector<std::vector<bool>> usedWords(const Placement &placement,
                                         const std::vector<int64_t> &shape);

} // namespace weft

#endif // WEFT_RUNTIME_PLACEMENT_H
