// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element-wise bodies as ALU programs: which operations the vector unit issues
// for one element, when relative to each other, and how many ALUs that takes.
// Nothing is held in the vector unit, so a value that is needed later travels
// through ALUs that copy it. Cycles and streams are decided elsewhere.

#ifndef WEFT_CONVERSION_VECTORUNIT_ALUPROGRAM_H
#define WEFT_CONVERSION_VECTORUNIT_ALUPROGRAM_H

#include "weft/Machine/Instruction.h"

#include "mlir/IR/Block.h"

namespace weft {

struct AluArgument {
  enum class Kind { Leaf, Node, Immediate } kind = Kind::Leaf;
  int index = 0;          ///< Leaf or node.
  uint32_t immediate = 0; ///< Bits.
  friend bool operator==(const AluArgument &, const AluArgument &) = default;
};

/// One ALU operation; issues `time` cycles after the program's first.
struct AluNode {
  Opcode opcode = Opcode::Copy;
  DataType type = DataType::F32;
  DataType resultType = DataType::F32;
  llvm::SmallVector<AluArgument, 3> arguments;
  int time = 0;
};

/// A body's operations. Leaves are the block's arguments in order (and, last,
/// the lane mask when there is one).
struct AluProgram {
  llvm::SmallVector<AluNode> nodes;
  /// Cycle in which each leaf must be at the vector unit; -1: not used.
  llvm::SmallVector<int> leafTime;
  /// Node that yields each result.
  llvm::SmallVector<int> results;

  int alus() const { return int(nodes.size()); }
};

/// Builds the program of an element-wise body. The body computes in f32, i32
/// and i1; leaves come in their storage type and are converted, results are
/// converted to theirs. With `masked`, an extra leaf of 32-bit lane masks
/// clears results. Emits an error at an operation the vector unit lacks.
llvm::FailureOr<AluProgram> buildAluProgram(const Machine &machine, mlir::Block &body,
                                            llvm::ArrayRef<DataType> leaves,
                                            llvm::ArrayRef<DataType> results,
                                            bool masked);

} // namespace weft

#endif // WEFT_CONVERSION_VECTORUNIT_ALUPROGRAM_H
