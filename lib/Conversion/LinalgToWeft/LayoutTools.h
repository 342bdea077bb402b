// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Arithmetic on layouts: building them, comparing the lanes of two, and
// looking at the same words under another shape. Decides no policy.

#ifndef WEFT_LIB_CONVERSION_LINALGTOWEFT_LAYOUTTOOLS_H
#define WEFT_LIB_CONVERSION_LINALGTOWEFT_LAYOUTTOOLS_H

#include "weft/Machine/Layout.h"
#include "weft/Machine/Machine.h"

#include "mlir/IR/AffineMap.h"
#include "llvm/ADT/ArrayRef.h"
#include "llvm/ADT/SmallVector.h"

#include <limits>

namespace weft {

/// A digit before words are assigned: `lane` is its step in lanes, `vector`
/// says that every step is another vector.
struct LaneDigit {
  int64_t extent = 1;
  int32_t lane = 0;
  bool vector = true;
  friend bool operator==(const LaneDigit &, const LaneDigit &) = default;
};
using LaneDigits = std::vector<LaneDigit>;

/// Gives words to digits: dimensions that are not in lanes step words with the
/// last dimension fastest, vectors of dimensions in lanes step slowest. With
/// `columnDim` >= 0 that dimension's innermost digit is spread over `columns`.
Layout buildLayout(llvm::ArrayRef<LaneDigits> digits, bool splat = false,
                   int columnDim = -1, int columns = 1);

/// The layout with vectors of one row in `columns` columns in turn, where they
/// would share a segment of words: as many can then be accessed in one cycle.
Layout spreadVectors(const Layout &layout, int segmentWords, int columns = 2);

/// Rows of words only: every element in a vector of its own, in all lanes.
Layout splatLayout(llvm::ArrayRef<int64_t> shape);

/// Packs dimensions into lanes: `laneDims`, innermost first, as many as fit
/// into `lanes`; steps are multiples of `align`. Other dimensions step words.
std::vector<LaneDigits> packLanes(llvm::ArrayRef<int64_t> shape,
                                  llvm::ArrayRef<int> laneDims, int lanes,
                                  int align);

/// Puts members of dimension `dim`, which is not in lanes, beside what fills
/// the first `used` lanes: as many as fit into a half of the lanes without
/// crossing its end but no more than `most`, in both halves. Steps are
/// multiples of `align`.
void packMembers(std::vector<LaneDigits> &digits, int dim, int64_t used,
                 int lanes, int align,
                 int64_t most = std::numeric_limits<int64_t>::max());

/// The digits without steps of whole halves of the lanes: the matrix unit takes
/// either half of a vector.
LaneDigits withoutHalves(const LaneDigits &digits, int half);
/// The digits of `extent` indices with none but whole halves of the lanes as
/// steps in lanes; none where there are no such steps, or where the two halves
/// do not hold the same number.
LaneDigits halvesOf(const LaneDigits &digits, int64_t extent, int half);
/// Whether the dimension steps lanes in whole halves only.
bool stepsHalvesOnly(const LaneDigits &digits, int half);

/// Whether a tile can be installed from vectors of `from` for a result in
/// `target`: what does not step halves only lies within the first half, and
/// every `block` lanes of the result come from one half.
bool blocksFromOneHalf(const Layout &from, const Layout &target,
                       llvm::ArrayRef<int64_t> shape, int half, int block);

/// The lane digits of a layout's dimension.
LaneDigits laneDigits(const Layout &layout, unsigned dim);

/// Whether elements of dimension `dim` differ in lane.
bool stepsLanes(const Layout &layout, unsigned dim);

/// Lanes, word and column that index i of one dimension adds.
LayoutPosition contribution(const Layout &layout, unsigned dim, int64_t i);

/// Whether for every vector of `out` one vector of `in` holds the operands of
/// its elements in the same lanes (or in all lanes). Dimension d of `out`
/// corresponds to dimension inDims[d] of `in`, or to none (-1).
bool isAligned(const Layout &out, llvm::ArrayRef<int64_t> shape,
               const Layout &in, llvm::ArrayRef<int> inDims);

/// The layout of the same words seen with dimensions merged or split, or
/// nothing when the digits do not allow it. `groups[i]` are the dimensions of
/// the larger rank that make dimension i of the smaller.
std::optional<Layout>
collapseLayout(const Layout &layout, llvm::ArrayRef<int64_t> shape,
               llvm::ArrayRef<llvm::SmallVector<int64_t, 2>> groups);
std::optional<Layout>
expandLayout(const Layout &layout, llvm::ArrayRef<int64_t> expandedShape,
             llvm::ArrayRef<llvm::SmallVector<int64_t, 2>> groups);

/// The layout of a unit-stride slice of the same words, if digits allow it.
std::optional<Layout> sliceLayout(const Layout &layout,
                                  llvm::ArrayRef<int64_t> offsets,
                                  llvm::ArrayRef<int64_t> sizes);

} // namespace weft

#endif // WEFT_LIB_CONVERSION_LINALGTOWEFT_LAYOUTTOOLS_H
