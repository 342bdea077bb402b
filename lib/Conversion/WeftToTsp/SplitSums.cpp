// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums over contracted lanes that both pairs of planes have a part in.

#include "Contraction.h"

using namespace mlir;
using namespace weft;

/// The passes of one sum divided between the pairs: of few rows, which take no
/// longer to stream than tiles to load, where columns of tiles are odd in
/// number. The part of one pair goes through memory to the other.
LogicalResult Contraction::emitSplit(ArrayRef<Pass> passes,
                                     const ColumnEntry &representative,
                                     ArrayRef<SmallVector<int64_t>> rowLoops) {
  OpBuilder &b = builder.b;
  Layout layout;
  int64_t words = int64_t(rowLoops.size());
  layout.dims = {{Digit{words, 0, 1, 0}}};
  layout.words = int32_t(words);
  layout.splat = true;
  auto type = RankedTensorType::get({words}, b.getF32Type(),
                                    LayoutAttr::get(b.getContext(), layout));
  SmallVector<Type> types(size_t(builder.bufferCount(type)),
                          tsp::BufferType::get(b.getContext()));
  auto scratch =
      tsp::ScratchOp::create(b, op.getLoc(), types, b.getI64IntegerAttr(words),
                             IntegerAttr(), DenseI64ArrayAttr());
  Memory part = builder.makeMemory(type, scratch.getBuffers());
  size_t half = passes.size() / 2;
  ArrayRef<Pass> halves[] = {passes.take_front(half), passes.drop_front(half)};
  for (int h : {0, 1}) {
    Work work{SmallVector<Pass>(halves[h]),
              representative,
              SmallVector<SmallVector<int64_t>>(rowLoops),
              {}};
    Group group{0, rowLoops.size(), h, h, -1, &part, h == 0};
    if (work.passes.size() > 1)
      group.accumulator = builder.nextGroup++;
    for (size_t pass = 0; pass < work.passes.size(); ++pass)
      if (failed(emitPass(work, pass, group)))
        return failure();
    builder.pairLoad[h] += int64_t(work.passes.size()) * 20;
  }
  return mlir::success();
}
