// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program as it is held in memory: instruction queues, memory images, and
// the index that says which words are inputs, outputs and weights. Written to
// and read from .weft files by Writer.h and Reader.h. It decides nothing.

#ifndef WEFT_PROGRAM_PROGRAM_H
#define WEFT_PROGRAM_PROGRAM_H

#include "weft/Machine/Instruction.h"
#include "weft/Machine/Layout.h"
#include "weft/Program/SharedBytes.h"

#include <map>

namespace weft {

/// Element types of ONNX tensors that cross the boundary of a program.
/// Numbered as onnx.TensorProto.DataType.
enum class TensorType : int32_t {
  F32 = 1,
  U8 = 2,
  I8 = 3,
  U16 = 4,
  I16 = 5,
  I32 = 6,
  I64 = 7,
  Bool = 9,
  F16 = 10,
  F64 = 11,
  U32 = 12,
  U64 = 13,
};

/// Where one byte plane of one column of a tensor lies.
struct PlaneAddress {
  Hemisphere hemisphere = Hemisphere::West;
  uint8_t slice = 0;
  uint16_t address = 0; ///< First word; the bank is the top bit.
  friend bool operator==(const PlaneAddress &, const PlaneAddress &) = default;
};

/// One copy of a tensor in SRAM.
/// planes[(column * byteWidth(storage) + byte) * segments() + segment], byte 0
/// least significant; word w of a column is word w % segmentWords of segment
/// w / segmentWords.
struct Placement {
  DataType storage = DataType::F16;
  Layout layout;
  /// The shape that layout.dims describe, a row-major reshape of the binding's;
  /// empty: the binding's own.
  std::vector<int64_t> shape;
  /// Words of every range but a column's last; 0: a column is one range.
  int32_t segmentWords = 0;
  std::vector<PlaneAddress> planes;
  /// What padding lanes hold, as the low bits of a storage element.
  uint32_t padding = 0;

  /// Ranges that a byte plane of a column consists of; at least one.
  int segments() const {
    return segmentWords > 0 && layout.words > segmentWords
               ? int((int64_t(layout.words) + segmentWords - 1) / segmentWords)
               : 1;
  }
  /// Words of range planes[index].
  int wordsOf(size_t index) const {
    int count = segments(), segment = int(index % size_t(count));
    return segment + 1 < count ? segmentWords
                               : layout.words - (count - 1) * segmentWords;
  }
  /// Index in planes, and word within that range, of a byte of an element.
  struct Spot {
    size_t plane = 0;
    int word = 0;
  };
  Spot spotOf(const LayoutPosition &at, int byte) const {
    int count = segments(), segment = count > 1 ? at.word / segmentWords : 0;
    return {(size_t(at.column) * size_t(byteWidth(storage)) + size_t(byte)) *
                    size_t(count) +
                size_t(segment),
            at.word - segment * segmentWords};
  }
  /// The shape of the layout for a binding of this shape.
  const std::vector<int64_t> &
  layoutShape(const std::vector<int64_t> &binding) const {
    return shape.empty() ? binding : shape;
  }
};

/// A graph input: the runtime converts and writes every copy before cycle 0.
/// Or a graph output: the runtime reads copies[0] after the last cycle.
struct TensorBinding {
  std::string name;
  TensorType type = TensorType::F32;
  std::vector<int64_t> shape;
  std::vector<Placement> copies;
  /// Indices must lie in [indexLow, indexHigh) when hasIndexRange.
  bool hasIndexRange = false;
  int64_t indexLow = 0, indexHigh = 0;
  std::string indexTable; ///< Name of the table that the range belongs to.
};

/// A look-up that stays on the host: rows of a table, chosen by a graph input,
/// are converted and written to SRAM before cycle 0.
struct HostLookup {
  std::string input; ///< Graph input that holds the indices (any shape).
  std::string table; ///< Name of the table, for messages.
  int64_t rows = 0;  ///< Valid indices are [-rows, rows).
  int64_t rowElements = 0;
  DataType storage = DataType::F16; ///< Of the table's bytes below.
  SharedBytes data;                 ///< rows * rowElements * byteWidth.
  /// Shape: indices' shape then rowElements.
  std::vector<int64_t> shape;
  std::vector<Placement> copies;
};

/// Bytes that are in SRAM at cycle 0: `data` holds words * lanes bytes.
struct MemoryImage {
  Hemisphere hemisphere = Hemisphere::West;
  uint8_t slice = 0;
  uint16_t address = 0;
  SharedBytes data;
};

/// What a range of SRAM is for, for memory maps and accounting.
enum class MemoryPurpose : uint8_t {
  Weights,
  Tables,
  Activations,
  State,
  Text
};

struct ChipProgram {
  /// Instructions by queue number (queueNumber()); absent queues are empty.
  std::map<int, std::vector<Instruction>> queues;
  std::vector<MemoryImage> images;
};

/// Provenance, beside the instructions so that it can be stripped:
/// nodes[i] for instruction i of a queue is an index into Program::nodes.
struct ChipProvenance {
  std::map<int, std::vector<int32_t>> nodes;
};

/// A name of something the compiler placed, for memory maps.
struct Tenant {
  std::string name;
  MemoryPurpose purpose = MemoryPurpose::Weights;
  int64_t bytes = 0;
};

struct Program {
  Machine machine;
  std::vector<ChipProgram> chips;
  std::vector<TensorBinding> inputs;
  std::vector<TensorBinding> outputs;
  std::vector<HostLookup> lookups;

  // Names and predictions: nothing below changes what a run computes.
  std::string entry = "main";
  std::vector<std::string> nodes; ///< ONNX node names.
  std::vector<ChipProvenance> provenance;
  std::vector<Tenant> tenants;
  int64_t predictedCycles = 0;
  std::string statsJson; ///< What --stats writes.

  /// Drops everything below inputs, outputs and lookups.
  void stripNames();
};

/// 16 bytes of text per instruction that the queues hold.
int64_t textBytes(const Program &program);

} // namespace weft

#endif // WEFT_PROGRAM_PROGRAM_H
