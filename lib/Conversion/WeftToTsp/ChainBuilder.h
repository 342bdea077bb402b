// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Building chains: memory of placed tensors, bursts of vectors as runs of
// accesses, ALU programs. One file per kernel shape uses it; it decides only
// how an enumeration of vectors becomes runs.

#ifndef WEFT_LIB_CONVERSION_WEFTTOTSP_CHAINBUILDER_H
#define WEFT_LIB_CONVERSION_WEFTTOTSP_CHAINBUILDER_H

#include "weft/Conversion/VectorUnit/AluProgram.h"
#include "weft/Dialect/Tsp/IR/Tsp.h"
#include "weft/Dialect/Weft/IR/WeftOps.h"

#include <map>
#include <memory>
#include <optional>
#include <tuple>

namespace weft {

/// Longest burst of a chain, in vectors. Shorter bursts overlap better, longer
/// ones take less text.
constexpr int kMaxBurst = 320;

/// Longest burst of a chain without a matrix unit, for a kernel of this many
/// vectors. A bank is read or written, never both, so its readers start when
/// the burst that writes it has ended: short bursts keep chains of vector
/// kernels close together. Long kernels are busy anyway, and take less text in
/// longer ones.
constexpr size_t vectorBurst(size_t vectors) {
  return vectors > 2048 ? 64 : 32;
}

/// Words of one buffer: tensors with more words per column use several.
int segmentWords(const Machine &machine);

/// The buffers of a placed tensor: [(column * bytes + byte) * segments + s].
struct Memory {
  llvm::SmallVector<mlir::Value> buffers;
  /// A second copy, in the east, for passes of the eastern pair; `buffers` is
  /// in the west then. One slice cannot feed both matrix units at a time.
  llvm::SmallVector<mlir::Value> east;
  /// More copies of what many chains read, which take turns with them.
  std::vector<llvm::SmallVector<mlir::Value>> others;
  Layout layout;
  DataType storage = DataType::F16;
  int segments = 1;
};

/// One vector of a tensor.
struct VectorAddress {
  int32_t word = 0;
  int32_t column = 0;
  friend auto operator<=>(const VectorAddress &,
                          const VectorAddress &) = default;
};

/// A reduction of what a kernel computes, whose vectors are combined on their
/// way to memory as well: a burst of n vectors ends in as many parts as an ALU
/// has latency, which a chain of the reduction combines.
struct PassingReduction {
  ReduceOp op;
  Opcode opcode;
  std::vector<Memory> memory; ///< Of the parts, by burst.
  size_t used = 0;            ///< Bursts so far.
  /// Bursts by the vector of the result.
  std::map<VectorAddress, llvm::SmallVector<size_t>> bursts;
};

class ChainBuilder {
public:
  ChainBuilder(const Machine &machine, mlir::OpBuilder &builder)
      : machine(machine), b(builder) {}

  const Machine &machine;
  mlir::OpBuilder &b;

  // Memory of the program.
  Memory &memoryOf(mlir::Value placed) {
    return *memories.find(placed)->second;
  }
  /// Of the copies of a tensor the one whose turn it is. Call it outside of
  /// chains.
  Memory turnOf(mlir::Value placed);
  void setMemory(mlir::Value placed, Memory memory) {
    memories[placed] = std::make_unique<Memory>(std::move(memory));
  }
  /// Number of buffers that a tensor of this type needs.
  int bufferCount(mlir::Type type) const;
  Memory makeMemory(mlir::Type type, mlir::ValueRange buffers) const;
  /// Scratch memory for a kernel's results. Those that weights on both sides
  /// stream get a copy in each hemisphere while `spareAlus` lasts, which a
  /// copy takes one of.
  void allocate(mlir::ValueRange results, int spareAlus, mlir::Location loc);
  /// Scratch memory of `words` vectors, one after the other.
  Memory scratch(DataType storage, int64_t words, mlir::Location loc);
  /// A constant [rows x lanes] of 32-bit integers, one vector a row.
  Memory laneConstant(llvm::ArrayRef<std::vector<int32_t>> rows,
                      mlir::Location loc);
  /// Copies of those of `operands` that lie in the same buffers as another one
  /// (or as `other`): a slice gives one word a cycle, so a chain cannot read
  /// two of them at once. `addresses[i]` are the vectors that are read of
  /// operand i; those of a copy are its words in that order. Call it outside of
  /// chains.
  void
  separate(llvm::MutableArrayRef<Memory> operands,
           llvm::MutableArrayRef<llvm::SmallVector<VectorAddress>> addresses,
           const Memory *other, mlir::Location loc);
  /// A second copy of a constant, for readers of two of its words at a time.
  Memory constantCopy(const Memory &memory);
  /// One word of zeros with as many columns as one lw.pair takes.
  Memory &zeros(mlir::Location loc);

  // Chains.
  tsp::ChainOp beginChain(mlir::Location loc, llvm::StringRef kind);
  mlir::Value read(const Memory &memory, llvm::ArrayRef<VectorAddress> vectors,
                   int period, mlir::Location loc, int hemisphere = 0);
  /// Writes element i of an ALU's result to vectors[i], in all copies.
  void write(mlir::Value value, const Memory &memory,
             llvm::ArrayRef<VectorAddress> vectors, mlir::Location loc);
  mlir::Value alu(mlir::Location loc, const AluNode &node,
                  mlir::ValueRange inputs, llvm::ArrayRef<int64_t> arguments,
                  llvm::ArrayRef<int64_t> immediates, int offset, int count,
                  int period);
  /// The operations of a program for `count` elements; leaves are stream
  /// values. Returns the results.
  llvm::SmallVector<mlir::Value>
  emit(const AluProgram &program, llvm::ArrayRef<mlir::Value> leaves, int base,
       int count, int period, mlir::Location loc,
       llvm::ArrayRef<PassingReduction *> reductions = {},
       llvm::ArrayRef<int64_t> index = {});

  /// The reductions of `placed`, the only result of `program`, that can be
  /// taken as it is computed in `bursts` of vectors, given by one index each:
  /// every burst belongs to one vector of each. All or none, since one that
  /// reads memory waits as long as two.
  llvm::SmallVector<PassingReduction *> passReductions(
      mlir::Value placed, const AluProgram &program,
      llvm::ArrayRef<llvm::SmallVector<llvm::SmallVector<int64_t>>> bursts,
      mlir::Location loc);
  /// What passReductions() made for this reduction, or null.
  PassingReduction *passed(ReduceOp op) const {
    auto it = passing.find(op);
    return it != passing.end() ? it->second.get() : nullptr;
  }

  /// Appends runs of accesses for byte plane `byte` of `vectors`.
  void runs(const Memory &memory, int byte,
            llvm::ArrayRef<VectorAddress> vectors,
            llvm::SmallVectorImpl<mlir::Value> &buffers,
            llvm::SmallVectorImpl<int64_t> &runs, int64_t &count) const;

  /// Name of the ONNX node behind a location.
  static std::string nodeName(mlir::Location loc);

  /// Packed tiles made so far, by value, scale, hemisphere and indices, so that
  /// equal tiles are resident once.
  using TileKey = std::tuple<const void *, float, int, std::vector<int64_t>>;
  std::map<TileKey, mlir::Value> tiles;

  int64_t nextGroup = 0;
  /// Weights leave so little memory that results share slices with them.
  bool scarce = false;
  int64_t pairLoad[2] = {0, 0}; ///< Cycles given to the pairs so far.
  /// Blocks of packed weights given to the hemispheres so far.
  int64_t weightBlocks[2] = {0, 0};
  int emptierSide() const { return weightBlocks[1] < weightBlocks[0] ? 1 : 0; }

private:
  /// Adds to a chain what combines the vectors of its burst for a reduction.
  void combine(PassingReduction &reduction, llvm::ArrayRef<int64_t> index,
               const AluProgram &program, llvm::ArrayRef<mlir::Value> leaves,
               llvm::ArrayRef<mlir::Value> values, int base, int count,
               mlir::Location loc);

  llvm::DenseMap<mlir::Value, std::unique_ptr<Memory>> memories;
  llvm::DenseMap<mlir::Value, size_t> turns; ///< Taken so far.
  llvm::DenseMap<mlir::Operation *, std::unique_ptr<PassingReduction>> passing;
  llvm::DenseMap<mlir::Value, Memory> constantCopies; ///< By first buffer.
  std::optional<Memory> zeroMemory;
  /// Copies of each, and how often one was taken again.
  std::map<std::vector<std::vector<int32_t>>,
           std::pair<std::vector<Memory>, size_t>>
      laneConstants;
};

/// Loop indices that represent the vectors of a tensor, in the order of its
/// words: `index` is an element of the vector, `lanes` all lanes it uses.
struct VectorOfTensor {
  llvm::SmallVector<int64_t> index;
  VectorAddress address;
};
std::vector<VectorOfTensor> enumerateVectors(const Layout &layout,
                                             llvm::ArrayRef<int64_t> shape);
/// Lanes of the vector that contains element `index`.
std::vector<bool> lanesOfVector(const Layout &layout,
                                llvm::ArrayRef<int64_t> shape,
                                llvm::ArrayRef<int64_t> index, int lanes);

/// Address of the vector that holds element map(index).
VectorAddress addressOf(const Layout &layout, mlir::AffineMap map,
                        llvm::ArrayRef<int64_t> index);

/// The operation that a reduction of this kind combines with.
std::optional<Opcode> reductionOpcode(llvm::StringRef kind);

mlir::LogicalResult lowerMap(ChainBuilder &builder, MapOp op);
mlir::LogicalResult lowerReduce(ChainBuilder &builder, ReduceOp op);
mlir::LogicalResult lowerAssemble(ChainBuilder &builder, AssembleOp op);
mlir::LogicalResult lowerContract(ChainBuilder &builder, ContractOp op);
/// Products of bytes with constant bytes, on single planes.
bool isByteProduct(ContractOp op);
mlir::LogicalResult lowerByteContract(ChainBuilder &builder, ContractOp op);

} // namespace weft

#endif // WEFT_LIB_CONVERSION_WEFTTOTSP_CHAINBUILDER_H
