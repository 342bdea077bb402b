// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The enumeration of a product of bytes that chains are made from.
// ByteKernels.cpp makes the passes, ByteChains.cpp the loads and epilogues.

#ifndef WEFT_LIB_CONVERSION_WEFTTOTSP_BYTECONTRACTION_H
#define WEFT_LIB_CONVERSION_WEFTTOTSP_BYTECONTRACTION_H

#include "Contraction.h"

#include <memory>

namespace weft {

/// One tile: the vector that streams against it and where its weights are.
struct BytePass {
  VectorAddress streamed; ///< Added to the row's address.
  llvm::SmallVector<TileLane> lanes;
  llvm::SmallVector<const ColumnEntry *> columns;
};

/// A vector of the result and the passes that it is the sum of.
struct ByteColumn {
  llvm::SmallVector<ColumnEntry> entries;
  llvm::SmallVector<BytePass> passes;
};

using Rows = llvm::ArrayRef<llvm::SmallVector<int64_t>>;

/// What the planes of a pair do in step: pass i of each, side by side.
struct ByteSlot {
  /// The vectors of the result; one where the planes share it.
  llvm::SmallVector<const ByteColumn *, 2> columns;
  llvm::SmallVector<llvm::SmallVector<const BytePass *>, 2> planes;
  /// Nothing comes after it on its pair, of this product.
  bool isLast = false;
  size_t passes() const { return planes[0].size(); }
};

/// Where the passes of a slot run, and what becomes of their sums.
struct ByteTask {
  int hemisphere = 0; ///< Of the pair.
  int home = 0;       ///< Where weights are kept.
  /// Of sums that both pairs have a part in, one for each vector of the result:
  /// the first writes its parts here, the second adds them to its own.
  llvm::SmallVector<Memory, 2> parts;
  bool first = false;
};

class ByteContraction : Contraction {
public:
  using Contraction::Contraction;
  llvm::LogicalResult run();

private:
  /// Whether the result is the sums, and no operation is needed.
  bool isPlain() const {
    return op->getNumResults() == 1 && program.alus() == 1 &&
           program.nodes[0].opcode == Opcode::Copy && program.leafTime[0] >= 0;
  }
  llvm::SmallVector<BytePass> passesOf(const ByteColumn &column) const;
  llvm::SmallVector<llvm::SmallVector<int64_t>>
  loopsOf(const ByteColumn &column, Rows rowLoops) const;
  llvm::SmallVector<VectorAddress>
  targetsOf(mlir::Value result, const ByteColumn &column, Rows rowLoops) const;
  llvm::SmallVector<VectorAddress> streamedBy(const BytePass &pass,
                                              Rows rowLoops) const;
  bool goTogether(const ByteColumn &x, const ByteColumn &y,
                  Rows rowLoops) const;
  bool isDivisible(const ByteColumn &column, Rows rowLoops) const;
  ByteSlot divided(const ByteColumn &column,
                   llvm::ArrayRef<const BytePass *> passes);
  bool isFew(llvm::ArrayRef<Rows> chunks) const;
  std::vector<ByteSlot> chooseSlots(llvm::ArrayRef<ByteColumn *> all,
                                    llvm::ArrayRef<Rows> chunks);
  /// How the planes of a pair take their tiles and rows.
  struct Rhythm {
    bool atOnce = false; ///< All streams load: both planes at one time.
    int cycles = 0;      ///< About what a pass takes of its pair.
    int late = 0; ///< Cycles that the second plane loads after the first.
    /// Offsets of a pass: iw of each plane, abc, and the queue of the iw.
    int install[2] = {0, 0}, activate = 1;
    llvm::StringRef queue = "weights";
  };
  Rhythm rhythmOf(const ByteSlot &slot, size_t pass, int count) const;
  struct Source {
    llvm::SmallVector<mlir::Value> buffers;
    llvm::SmallVector<int64_t> runs, counts;
    int first, blocks;
  };
  Source packedTile(const BytePass &pass, int home);
  llvm::FailureOr<Source> placedTile(const BytePass &pass, int hemisphere);
  llvm::FailureOr<mlir::Value> emitLoad(llvm::ArrayRef<const BytePass *> passes,
                                        const Rhythm &rhythm, int home,
                                        int hemisphere);
  llvm::LogicalResult emitSlot(const ByteSlot &slot, Rows rowLoops,
                               const ByteTask &task);
  llvm::LogicalResult emitSplit(const ByteSlot &slot, Rows rowLoops);
  struct Epilogue {
    llvm::SmallVector<Memory> extras;
    llvm::SmallVector<llvm::SmallVector<VectorAddress>> vectors;
    /// Extras that the other plane's epilogue reads in the same cycles.
    llvm::SmallVector<bool> shared;
    Memory mask;
  };
  std::vector<Epilogue>
  prepareEpilogues(llvm::ArrayRef<const ByteColumn *> slot, Rows rowLoops,
                   int hemisphere);
  void keepParts(llvm::ArrayRef<mlir::Value> sums, const ByteTask &task,
                 int arrival, int count);
  void emitEpilogues(llvm::ArrayRef<const ByteColumn *> slot,
                     llvm::ArrayRef<Epilogue> epilogues,
                     llvm::ArrayRef<mlir::Value> sums, Rows rowLoops,
                     int arrival, const ByteTask &task);

  std::vector<std::unique_ptr<BytePass>> halves;
};

} // namespace weft

#endif // WEFT_LIB_CONVERSION_WEFTTOTSP_BYTECONTRACTION_H
