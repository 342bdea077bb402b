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
  size_t passes() const { return planes[0].size(); }
};

class ByteContraction : Contraction {
public:
  using Contraction::Contraction;
  llvm::LogicalResult run();

private:
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
  ByteSlot divided(const ByteColumn &column);
  std::vector<ByteSlot> chooseSlots(llvm::ArrayRef<ByteColumn *> all,
                                    llvm::ArrayRef<Rows> chunks);
  mlir::Value emitLoad(llvm::ArrayRef<const BytePass *> passes, int count,
                       int home, int hemisphere);
  llvm::LogicalResult emitSlot(const ByteSlot &slot, Rows rowLoops, int home);
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
  void emitEpilogues(llvm::ArrayRef<const ByteColumn *> slot,
                     llvm::ArrayRef<Epilogue> epilogues,
                     llvm::ArrayRef<mlir::Value> sums, Rows rowLoops, int base);

  std::vector<std::unique_ptr<BytePass>> halves;
};

} // namespace weft

#endif // WEFT_LIB_CONVERSION_WEFTTOTSP_BYTECONTRACTION_H
