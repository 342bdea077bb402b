// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The enumeration of a matrix product that chains are made from: which lanes
// of the result come from which column, and which lanes of the streamed operand
// make a tile. MatrixKernels.cpp makes the passes, WeightLoads.cpp the loads.

#ifndef WEFT_LIB_CONVERSION_WEFTTOTSP_CONTRACTION_H
#define WEFT_LIB_CONVERSION_WEFTTOTSP_CONTRACTION_H

#include "ChainBuilder.h"

namespace weft {

/// One lane of a result vector: which member of the batch and which column.
struct ColumnEntry {
  int lane;
  llvm::SmallVector<int64_t> loops; ///< Batch and column loops set, others 0.
};

/// A contracted lane of the streamed operand.
struct TileLane {
  int lane;                         ///< In the half.
  llvm::SmallVector<int64_t> loops; ///< Batch and contracted loops set.
};

/// Contracted lanes that one vector of the streamed operand offers in one half.
struct KTile {
  VectorAddress streamed; ///< Added to the row's address.
  bool streamedUpper = false;
  llvm::SmallVector<TileLane> lanes;
};

/// What the way of a part of a sum through memory costs, about.
constexpr int64_t kPartCycles = 80;
/// Passes from which dividing them between the pairs pays: each half saves 20
/// cycles a pass.
constexpr size_t kSplitPasses = 12;

/// The epilogue with one more operand, the last: a part of the sum, which is
/// added to the first.
std::optional<AluProgram> addingPart(const Machine &machine, mlir::Block &body,
                                     llvm::SmallVector<DataType> leaves,
                                     llvm::ArrayRef<DataType> results,
                                     bool mask);

class Contraction {
public:
  Contraction(ChainBuilder &builder, ContractOp op)
      : builder(builder), op(op) {}
  llvm::LogicalResult run();

protected:
  llvm::LogicalResult classify();
  llvm::SmallVector<llvm::SmallVector<int64_t>>
  combinations(llvm::ArrayRef<unsigned> over,
               llvm::ArrayRef<int64_t> from) const;
  llvm::SmallVector<KTile> tiles(unsigned piece,
                                 llvm::ArrayRef<int64_t> batch) const;
  /// Columns of a tile that have weights in the same lanes: those of one member
  /// of the batch.
  struct Part {
    llvm::SmallVector<TileLane> lanes;
    llvm::SmallVector<const ColumnEntry *> columns;
  };
  /// One tile and the rows that stream against it.
  struct Pass {
    unsigned piece;
    VectorAddress streamed; ///< Added to the row's address.
    bool streamedUpper = false;
    llvm::SmallVector<Part, 1> parts;
  };
  /// Where the vector that is installed in a column lies, and its half.
  struct InstalledVector {
    VectorAddress address;
    bool upper = false;
  };
  llvm::FailureOr<InstalledVector> installedVector(unsigned piece,
                                                   const Part &part,
                                                   const ColumnEntry &column,
                                                   int copy);
  void shareTiles(llvm::SmallVectorImpl<Pass> &passes);
  /// Blocks of one lw, all from one half of their vectors.
  struct Blocks {
    int first, count;
    bool upper;
  };
  llvm::FailureOr<mlir::Value> emitLoad(const Pass &pass, int hemisphere,
                                        int home);
  mlir::Value packedTile(const Pass &pass, llvm::ArrayRef<Blocks> ranges,
                         int home);
  llvm::LogicalResult readBlocks(const Pass &pass, const Blocks &range,
                                 llvm::SmallVectorImpl<mlir::Value> &buffers,
                                 llvm::SmallVectorImpl<int64_t> &runs,
                                 llvm::SmallVectorImpl<int64_t> &counts);
  void readBlocks(const Memory &memory, int byte,
                  llvm::ArrayRef<VectorAddress> data, llvm::ArrayRef<int> at,
                  llvm::ArrayRef<int> missing, mlir::Value zero,
                  llvm::SmallVectorImpl<mlir::Value> &buffers,
                  llvm::SmallVectorImpl<int64_t> &runs,
                  llvm::SmallVectorImpl<int64_t> &counts);
  /// Rows that one pair takes through all passes, in one set of accumulators.
  struct Group {
    size_t begin = 0, count = 0; ///< Of the rows of its work.
    int hemisphere = 0;          ///< Of the pair.
    int home = 0;                ///< Where weights are kept.
    int64_t accumulator = -1;
    /// Of a sum that both pairs have a part in: the first writes its part here,
    /// the second adds it to its own.
    Memory *part = nullptr;
    bool first = false;
  };
  /// The passes that make a vector of the result for each of some rows.
  struct Work {
    llvm::SmallVector<Pass> passes;
    ColumnEntry representative;
    llvm::SmallVector<llvm::SmallVector<int64_t>> rows;
    llvm::SmallVector<Group, 2> groups[2]; ///< By pair, or all in the first.
  };
  llvm::LogicalResult
  emitSplit(llvm::ArrayRef<Pass> passes, const ColumnEntry &representative,
            llvm::ArrayRef<llvm::SmallVector<int64_t>> rows);
  llvm::LogicalResult emitPass(const Work &work, size_t pass,
                               const Group &group);
  llvm::LogicalResult emitCombined(mlir::Value sum, int arrival, int count);
  /// Loops of a column and a row, and the element of the result there.
  llvm::SmallVector<int64_t> loopsOf(const ColumnEntry &column,
                                     llvm::ArrayRef<int64_t> row) const;
  llvm::SmallVector<int64_t> resultIndex(llvm::ArrayRef<int64_t> loops) const;
  bool sharedTiles() const;
  bool hasSiblings() const;
  bool zeroTile(const Pass &pass) const;
  bool zeroRow(const Pass &pass, llvm::ArrayRef<int64_t> row) const;
  int64_t flatIndex(mlir::AffineMap map, llvm::ArrayRef<int64_t> shape,
                    llvm::ArrayRef<int64_t> loops) const;

  ChainBuilder &builder;
  mutable ContractOp op;
  llvm::SmallVector<int64_t> extents;
  llvm::SmallVector<mlir::AffineMap> streamedMaps, installedMaps, extraMaps;
  mlir::AffineMap resultMap;
  llvm::SmallVector<unsigned> batch, rows, columns, contracted;
  Layout resultLayout;
  AluProgram program;
  llvm::SmallVector<PassingReduction *> reductions;
  std::optional<AluProgram> addingProgram; ///< With a part of the sum added.
};

} // namespace weft

#endif // WEFT_LIB_CONVERSION_WEFTTOTSP_CONTRACTION_H
