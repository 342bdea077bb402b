// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The scheduling problem, as plain data: chains of work on bursts of vectors,
// the memory they read and write, and the units they occupy. What a chain
// computes is of no interest here. Problem in, Schedule out; see Scheduler.h
// for algorithms, Bounds.h for limits. Knows nothing of MLIR or of programs.

#ifndef WEFT_SCHEDULE_PROBLEM_H
#define WEFT_SCHEDULE_PROBLEM_H

#include "weft/Machine/Instruction.h"

#include <optional>
#include <string>
#include <vector>

namespace weft {

/// A contiguous range of words in one bank of one slice: one byte plane of one
/// column of a tensor. The scheduler chooses slice and address unless fixed.
struct Buffer {
  int words = 0;
  /// Hemisphere it must lie in, or any.
  std::optional<Hemisphere> hemisphere;
  /// The other one will do where that has no room: weights cross the chip.
  bool mayCross = false;
  /// Fixed place (hand-written programs, constants already placed).
  struct Place {
    Hemisphere hemisphere = Hemisphere::West;
    int slice = 0;
    int address = 0; ///< Word in the slice, bank in the top bit.
    friend bool operator==(const Place &, const Place &) = default;
  };
  std::optional<Place> place;
  bool initial = false; ///< Holds data at cycle 0 (weight, constant, input).
  bool final = false;   ///< Read after the last cycle (output).
  /// Buffers of one group are accessed in the same cycles and must lie in
  /// different slices; -1: no group.
  int group = -1;
};

/// A run of accesses: issue i (0 <= i < count) touches word
/// first + i * stride of the buffer for the value's element
/// element + i * elementStep.
struct Access {
  int buffer = 0;
  int first = 0;
  int stride = 0;
  int count = 1;
  int element = 0;
  int elementStep = 1;
};

/// A value on a group of `width` streams: `elements` vectors, one every
/// `period` cycles. Element i is at the consumers' position in cycle
/// start + offset + i * period, for the offset of the op that reads it.
/// Produced either by memory (planes given) or by an op.
struct Value {
  int width = 1; ///< Streams: 1, 2, 4, or weightStreams; alignment equals it.
  int elements = 1;
  int period = 1;
  /// Reads that produce it: accesses of byte plane p in planes[p]. Empty when
  /// an op produces it.
  std::vector<std::vector<Access>> planes;
};

/// An operation on a functional unit, issued `count` times, `period` cycles
/// apart, the first in cycle start + offset.
struct Op {
  Unit unit = Unit::Alu;                    ///< Never a memory side.
  Hemisphere hemisphere = Hemisphere::West; ///< Ignored for Alu.
  int index = 0; ///< Even plane of the pair, transposer, ...; chosen for Alu.
  Opcode opcode = Opcode::Copy;
  int offset = 0;
  int count = 1;
  int period = 1;
  /// Values it takes from streams, all at its own position and issue cycles.
  std::vector<int> operands;
  /// Value that it drives onto streams, or -1: its element 0 is driven
  /// `resultDelay` cycles after the op's first issue, at the unit's position.
  int result = -1;
  int resultDelay = 0;
  /// Direction of the result where writes do not tell it: SXM and MXM results
  /// always flow inward, VXM results towards the buffers written.
};

/// A value written to memory; accesses by byte plane.
struct Write {
  int value = 0;
  std::vector<std::vector<Access>> planes;
};

/// What a chain does to the matrix unit of one plane or pair.
enum class MxmRole : uint8_t { None, Load, Pass };

/// The unit of scheduling: one start cycle fixes every cycle in it.
struct Chain {
  std::string name;     ///< For messages and reports.
  int node = -1;        ///< Provenance: index into the caller's node table.
  int64_t priority = 0; ///< Larger is more urgent among equals; 0: by order.
  std::vector<Value> values;
  std::vector<Op> ops;
  std::vector<Write> writes;

  // Matrix unit. A Load fills the shadow weights (its lw ops); the Pass that
  // names it installs them (iw, in any queue of the plane, or of either plane
  // of an fp16 pair) and streams activations. On each pair loads and passes
  // alternate, and of every plane: a load starts with the previous pass's iw or
  // after it; an iw comes after the load's last lw and not before the previous
  // pass's last abc.
  MxmRole role = MxmRole::None;
  // In byte mode a chain's ops are on both planes of the pair, in step.
  Hemisphere hemisphere = Hemisphere::West;
  int pair = 0;  ///< Even plane number.
  int load = -1; ///< Pass: chain index of its load.
  /// Accumulator group: passes with equal group accumulate into the same
  /// rows, in chain order; -1 when y goes straight out. Rows are allocated
  /// from the first pass to the last.
  int accumulatorGroup = -1;
  int accumulatorRows = 0;
};

/// The whole problem. Dependences are not listed: chains run as if in order,
/// so a chain that reads a word depends on the last earlier chain that wrote
/// it, a chain that writes a word waits for earlier readers and writers.
/// A buffer is written only by chains after which nothing expects older data.
struct Problem {
  const Machine *machine = nullptr;
  std::vector<Buffer> buffers;
  std::vector<Chain> chains;
  /// Words of each slice that are not available (program text, see textWords).
  int64_t reservedTextBytes = 0;

  /// Structural check: indices in range, widths aligned, accesses inside their
  /// buffers and elements, values produced once, roles consistent, reads of
  /// words that no earlier chain writes and that are not initial.
  Status check() const;
};

/// Everything that the scheduler decides.
struct Schedule {
  struct ChainTiming {
    int64_t start = 0;
    std::vector<int> streams; ///< By value: first stream of the group.
    std::vector<int> alus;    ///< By op: ALU number (Alu ops), else -1.
    int accumulatorRow = 0;   ///< First row of the group.
  };
  std::vector<ChainTiming> chains;
  std::vector<Buffer::Place> places; ///< By buffer.
  int64_t cycles = 0; ///< One more than the last cycle in which something
                      ///< issues, lands or is delivered.
  /// Peak words in use, by hemisphere and slice (2 * slices entries).
  std::vector<int> peakWords;

  /// Proves the schedule against the problem: dependences, exclusive use of
  /// queues, banks, streams, ALUs, matrix units, accumulators and memory.
  Status verify(const Problem &problem) const;
};

/// Signed position of the unit of an op.
int opPosition(const Machine &machine, const Op &op);

/// Cycle in which the read or write of an access issues, relative to the
/// chain's start: for a read, the consumer's offset less the flight; for a
/// write, the arrival. `slicePosition` and `unitPosition` in hops.
inline int readIssueOffset(const Machine &m, int consumerOffset,
                           int slicePosition, int unitPosition) {
  int hops = slicePosition < unitPosition ? unitPosition - slicePosition
                                          : slicePosition - unitPosition;
  return consumerOffset - hops - m.readLatency;
}

} // namespace weft

#endif // WEFT_SCHEDULE_PROBLEM_H
