// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The instruction set: queues, instructions, operations of the VXM and their
// types. What an instruction means and when its effects land is
// docs/machine.md; this file only names things. The simulator, the verifier and
// the code generator share it.

#ifndef WEFT_MACHINE_INSTRUCTION_H
#define WEFT_MACHINE_INSTRUCTION_H

#include "weft/Machine/Machine.h"

#include <array>
#include <optional>

namespace weft {

/// Element types that streams and units know.
enum class DataType : uint8_t { I8, I16, I32, F16, F32 };
constexpr int byteWidth(DataType t) {
  return t == DataType::I8                          ? 1
         : t == DataType::I16 || t == DataType::F16 ? 2
                                                    : 4;
}

/// The kinds of issue queue. A memory slice has a read and a write side.
enum class Unit : uint8_t {
  MemRead,       ///< index: slice
  MemWrite,      ///< index: slice
  Alu,           ///< index: ALU; hemisphere is West by convention
  MxmWeights,    ///< index: plane (a pair is told by its even plane)
  MxmActivate,   ///< index: plane
  MxmAccumulate, ///< index: plane
  Transposer,    ///< index: transposer of the hemisphere's SXM
  Distributor,   ///< index: distributor
  Permuter,      ///< index: 0; shift, permute and select
  Link,          ///< index: link of the hemisphere
};
constexpr int unitKinds = 10;

/// One issue queue of a chip.
struct Queue {
  Unit unit = Unit::MemRead;
  Hemisphere hemisphere = Hemisphere::West;
  uint8_t index = 0;
  friend bool operator==(const Queue &, const Queue &) = default;
  friend auto operator<=>(const Queue &, const Queue &) = default;
};

/// Queues are numbered densely, in the order of Unit, hemisphere, index; the
/// number is what an instruction names as a stream's producer (< 256).
int queueCount(const Machine &machine);
int queueNumber(const Machine &machine, Queue queue);
std::optional<Queue> queueOfNumber(const Machine &machine, int number);
/// "west mem 3 read", "alu 5", "east mxm 0 acc", "west sxm transposer 1", ...
std::string queueName(Queue queue);
/// Position of the unit in hops.
int queuePosition(const Machine &machine, Queue queue);

/// Streams are numbered 0..S-1 eastward and S..2S-1 westward, S = streams per
/// direction. Groups are aligned on their width within a direction.
using Stream = uint8_t;

enum class Opcode : uint8_t {
  Nop,    ///< count: cycles to wait
  Repeat, ///< count, distance, stride
  // Memory.
  Read,    ///< address, stream
  Write,   ///< address, operands[0] (stream)
  Gather,  ///< address (bank and base), length, stream, operands[0] (map pair)
  Scatter, ///< address, length, operands[0] (data), operands[1] (map pair)
  // VXM: type, resultType, operands, result.
  Copy,
  Add,
  Sub,
  Mul,
  Fma,
  Div,
  Min,
  Max,
  Neg,
  Abs,
  And,
  Or,
  Xor,
  Not,
  ShiftLeft,
  ShiftRightLogical,
  ShiftRightArithmetic,
  CompareEq,
  CompareNe,
  CompareLt,
  CompareLe,
  CompareGt,
  CompareGe,
  Select,  ///< operands: condition, then, else
  Convert, ///< type to resultType
  Relu,
  Exp,
  Log,
  Tanh,
  Sqrt,
  Rsqrt,
  Floor,
  Ceil,
  Round,
  Sin,
  Cos,
  // MXM.
  LoadWeights,     ///< lw: stream (first of weightStreams), address: block
  LoadWeightsPair, ///< lw.pair: stream, address: block, packed, upper (lanes,
                   ///< unpacked)
  InstallWeights,  ///< iw; type F16: both planes of the pair, I8: one plane
  Activate,        ///< abc: operands[0]; type I8 or F16; upper: lane half (F16)
  Accumulate, ///< acc: accumulate mode, address: row, result, type as abc's
  // SXM.
  Transpose,  ///< stream (first of 16, step 1), result (first of 16)
  Shift,      ///< operands[0] (I8 stream), shift lanes, rotate, result
  Distribute, ///< operands[0], map: 16 entries per superlane, result
  Permute,    ///< operands[0] (I8 stream), operands[1] (I16 index pair), result
  SelectLanes, ///< operands[0], operands[1], lanes [first, first+length),
               ///< result
  // Links.
  Send,    ///< operands[0] (I8 stream)
  Receive, ///< stream
  // Not modelled yet; refused by verifier and simulator.
  IFetch,
  Sync,
  Notify,
  Config,
  Deskew,
};
constexpr int opcodeCount = int(Opcode::Deskew) + 1;
std::string_view opcodeName(Opcode op); ///< "read", "lw.pair", "abc", ...
bool isAluOpcode(Opcode op);
int aluOperandCount(Opcode op);
/// d: cycles until another ALU can take the result.
int aluLatency(const Machine &machine, Opcode op);

/// What acc does in the cycle its y appears.
enum class AccumulateMode : uint8_t {
  Pass,      ///< y straight out; no row
  Store,     ///< row = y
  Add,       ///< row += y
  StoreEmit, ///< row = y, and out
  AddEmit,   ///< row += y, and the sum out
  Emit,      ///< row out, without a y
};

struct Operand {
  enum class Kind : uint8_t { None, Stream, Alu, Immediate };
  Kind kind = Kind::None;
  weft::Stream stream = 0; ///< First stream of the aligned group.
  uint8_t alu = 0;         ///< Another ALU, or the same one.
  uint32_t immediate = 0;  ///< Bits; of the instruction's type in the low bits.
  friend bool operator==(const Operand &, const Operand &) = default;
};

/// One instruction, decoded. The 16 bytes that count as text are encode()d by
/// the Program library; the producers are names for checking, held beside.
struct Instruction {
  Opcode opcode = Opcode::Nop;
  DataType type = DataType::I8;       ///< Type of operands.
  DataType resultType = DataType::I8; ///< Type of the result (VXM).
  AccumulateMode accumulate = AccumulateMode::Pass;
  bool upper = false;  ///< abc, unpacked lw.pair: lanes of the upper half.
  bool packed = false; ///< lw.pair: low and high bytes in one vector.
  bool rotate = false; ///< shift: rotate instead of zero fill.
  std::array<Operand, 3> operands;
  int16_t result = -1;   ///< First stream that the result goes to, or -1.
  Stream stream = 0;     ///< See Opcode.
  uint16_t address = 0;  ///< Word (bank in the top bit), row or block.
  uint16_t length = 0;   ///< gather, scatter: table length; selectLanes: count.
  int16_t shift = 0;     ///< shift: lanes, positive towards higher lanes;
                         ///< selectLanes: first lane.
  uint32_t count = 0;    ///< nop: cycles; repeat: further issues.
  uint32_t distance = 1; ///< repeat: cycles between issues.
  int16_t stride = 0;    ///< repeat: step of address, row or block.
  std::array<uint8_t, 16> map{}; ///< distribute: source lane, 16 = zero.
  /// Queue numbers of the expected producers of what is read from streams:
  /// byte j of operand i at [4 * i + j] (the bytes of a wide value may come
  /// from different slices), stream j of lw and transpose at [j].
  std::array<uint8_t, 16> producers{};
  friend bool operator==(const Instruction &, const Instruction &) = default;
};

} // namespace weft

#endif // WEFT_MACHINE_INSTRUCTION_H
