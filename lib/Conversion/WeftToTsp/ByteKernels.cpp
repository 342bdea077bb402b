// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Products of bytes with constant bytes as chains. A plane multiplies a vector
// of 320 bytes by 320 columns, and the two planes of a pair work in step: rows
// that stream past both meet two vectors of columns at once, or each plane
// takes every other tile of one. The last pass carries the sums through the
// vector unit, which adds those of one vector.

#include "ByteContraction.h"

#include <map>

using namespace mlir;
using namespace weft;

bool weft::isByteProduct(ContractOp op) {
  if (op.getStreamed().size() != 1 || op.getInstalled().size() != 1)
    return false;
  Type installed = op.getInstalled()[0].getType();
  return !isPlaced(installed) && getElementTypeOrSelf(installed).isInteger(8) &&
         storageOf(op.getStreamed()[0].getType()) == DataType::I8 &&
         op.getBody().front().getArgument(0).getType().isInteger(32);
}

SmallVector<BytePass>
ByteContraction::passesOf(const ByteColumn &column) const {
  // Entries of one member of the batch share their passes.
  std::map<std::vector<int64_t>, SmallVector<const ColumnEntry *>> members;
  for (const ColumnEntry &entry : column.entries) {
    std::vector<int64_t> key;
    for (unsigned loop : batch)
      key.push_back(entry.loops[loop]);
    members[key].push_back(&entry);
  }
  SmallVector<BytePass> passes;
  Layout layout = layoutOf(op.getStreamed()[0].getType());
  for (auto &[key, list] : members) {
    SmallVector<int64_t> batchLoops(extents.size(), 0);
    for (auto [i, loop] : llvm::enumerate(batch))
      batchLoops[loop] = key[i];
    std::map<VectorAddress, BytePass> found;
    for (const auto &loops : combinations(contracted, batchLoops)) {
      SmallVector<int64_t> own;
      for (AffineExpr loop : streamedMaps[0].getResults())
        own.push_back(loops[cast<AffineDimExpr>(loop).getPosition()]);
      LayoutPosition p = layout.at(own);
      BytePass &pass = found[{p.word, p.column}];
      pass.streamed = {p.word, p.column};
      pass.lanes.push_back({p.lane, loops});
      pass.columns = list;
    }
    for (auto &[address, pass] : found)
      passes.push_back(std::move(pass));
  }
  return passes;
}

SmallVector<SmallVector<int64_t>>
ByteContraction::loopsOf(const ByteColumn &column, Rows rowLoops) const {
  SmallVector<SmallVector<int64_t>> loops;
  for (const auto &row : rowLoops) {
    loops.emplace_back(column.entries.front().loops);
    for (unsigned loop : rows)
      loops.back()[loop] = row[loop];
  }
  return loops;
}

SmallVector<VectorAddress> ByteContraction::targetsOf(Value result,
                                                      const ByteColumn &column,
                                                      Rows rowLoops) const {
  SmallVector<VectorAddress> target;
  Layout layout = layoutOf(result.getType());
  for (const auto &own : loopsOf(column, rowLoops))
    target.push_back(addressOf(layout, resultMap, own));
  return target;
}

/// Buffers of all byte planes that hold the vectors.
static llvm::SmallPtrSet<Value, 16> buffersOf(const ChainBuilder &builder,
                                              const Memory &memory,
                                              ArrayRef<VectorAddress> vectors) {
  SmallVector<Value> buffers;
  SmallVector<int64_t> runs;
  int64_t count = 0;
  builder.runs(memory, 0, vectors, buffers, runs, count);
  llvm::SmallPtrSet<Value, 16> found;
  found.insert(buffers.begin(), buffers.end());
  return found;
}

/// Whether two vectors of the result can be computed in step: the same rows
/// stream, and nothing is read or written twice in one slice. What both read is
/// read once, and constants have copies.
bool ByteContraction::goTogether(const ByteColumn &x, const ByteColumn &y,
                                 Rows rowLoops) const {
  if (x.passes.size() != y.passes.size())
    return false;
  for (auto [p, q] : llvm::zip(x.passes, y.passes))
    if (p.streamed != q.streamed)
      return false;
  auto meet = [&](const Memory &memory, ArrayRef<VectorAddress> a,
                  ArrayRef<VectorAddress> b) {
    auto first = buffersOf(builder, memory, a),
         second = buffersOf(builder, memory, b);
    return llvm::any_of(first, [&](Value v) { return second.contains(v); });
  };
  for (Value result : op.getResults())
    if (meet(builder.memoryOf(result), targetsOf(result, x, rowLoops),
             targetsOf(result, y, rowLoops)))
      return false;
  auto xLoops = loopsOf(x, rowLoops), yLoops = loopsOf(y, rowLoops);
  for (auto [e, extra] : llvm::enumerate(op.getExtra())) {
    const Memory &memory = builder.memoryOf(extra);
    if (program.leafTime[e + 1] < 0 || extra.getDefiningOp<ConstantOp>())
      continue;
    SmallVector<VectorAddress> a, b;
    for (auto [own, other] : llvm::zip(xLoops, yLoops)) {
      a.push_back(addressOf(memory.layout, extraMaps[e], own));
      b.push_back(addressOf(memory.layout, extraMaps[e], other));
    }
    if (a != b && meet(memory, a, b))
      return false;
  }
  return true;
}

/// Where the rows that stream in a pass lie.
SmallVector<VectorAddress> ByteContraction::streamedBy(const BytePass &pass,
                                                       Rows rowLoops) const {
  Layout layout = layoutOf(op.getStreamed()[0].getType());
  SmallVector<VectorAddress> addresses;
  for (const auto &row : rowLoops) {
    // The tile's address has batch and contracted loops; rows add theirs.
    SmallVector<int64_t> own, zero;
    for (AffineExpr expr : streamedMaps[0].getResults()) {
      unsigned loop = cast<AffineDimExpr>(expr).getPosition();
      own.push_back(llvm::is_contained(rows, loop) ? row[loop] : 0);
      zero.push_back(0);
    }
    LayoutPosition p = layout.at(own), origin = layout.at(zero);
    addresses.push_back({pass.streamed.word + p.word - origin.word,
                         pass.streamed.column + p.column - origin.column});
  }
  return addresses;
}

/// Whether the planes can take every other tile of a vector: what streams past
/// them at one time comes from different slices.
bool ByteContraction::isDivisible(const ByteColumn &column,
                                  Rows rowLoops) const {
  const Memory &memory = builder.memoryOf(op.getStreamed()[0]);
  if (builder.machine.planes < 2 || column.passes.size() < 2)
    return false;
  for (size_t i = 0; i + 1 < column.passes.size(); i += 2) {
    auto first =
             buffersOf(builder, memory, streamedBy(column.passes[i], rowLoops)),
         second = buffersOf(builder, memory,
                            streamedBy(column.passes[i + 1], rowLoops));
    if (llvm::any_of(first, [&](Value v) { return second.contains(v); }))
      return false;
  }
  return true;
}

/// Every other tile to each plane; of the last of an odd number half the lanes.
ByteSlot ByteContraction::divided(const ByteColumn &column) {
  ByteSlot slot;
  slot.columns = {&column};
  slot.planes.resize(2);
  size_t even = column.passes.size() / 2 * 2;
  for (size_t i = 0; i < even; ++i)
    slot.planes[i % 2].push_back(&column.passes[i]);
  if (even == column.passes.size())
    return slot;
  const BytePass &last = column.passes.back();
  for (size_t half = 0; half < 2; ++half) {
    auto part = std::make_unique<BytePass>(last);
    part->lanes.clear();
    for (auto [i, lane] : llvm::enumerate(last.lanes))
      if (i % 2 == half)
        part->lanes.push_back(lane);
    slot.planes[half].push_back(part.get());
    halves.push_back(std::move(part));
  }
  return slot;
}

/// Passes of the busier pair, slots going to the pair that has less and the
/// last of an odd number, where its rows are many enough, to both.
static size_t longest(const std::vector<ByteSlot> &slots, bool divideLast) {
  size_t load[2] = {0, 0};
  for (const ByteSlot &slot : slots) {
    if (divideLast && slots.size() % 2 == 1 && &slot == &slots.back()) {
      load[0] += (slot.passes() + 1) / 2;
      load[1] += (slot.passes() + 1) / 2;
      continue;
    }
    load[load[1] < load[0]] += slot.passes();
  }
  return std::max(load[0], load[1]);
}

/// Vectors of the result side by side, the last of an odd number divided
/// between the planes; or all of them divided, where that is done earlier.
std::vector<ByteSlot> ByteContraction::chooseSlots(ArrayRef<ByteColumn *> all,
                                                   ArrayRef<Rows> chunks) {
  auto always = [&](auto test) { return llvm::all_of(chunks, test); };
  auto whole = [&](const ByteColumn &column) {
    SmallVector<const BytePass *> list;
    for (const BytePass &pass : column.passes)
      list.push_back(&pass);
    return list;
  };
  SmallVector<bool> divisible;
  for (const ByteColumn *column : all)
    divisible.push_back(
        always([&](Rows r) { return isDivisible(*column, r); }));
  // Two epilogues have to find streams, most of them from one side.
  int width = 2 * byteWidth(DataType::I32);
  for (auto [e, extra] : llvm::enumerate(op.getExtra()))
    if (program.leafTime[e + 1] >= 0)
      width += byteWidth(storageOf(extra.getType())) *
               (layoutOf(extra.getType()).splat ? 1 : 2);
  const Machine &machine = builder.machine;
  const bool pairs = machine.planes >= 2 &&
                     program.alus() <= machine.alus / 2 &&
                     width <= machine.streams;
  std::vector<ByteSlot> slots, other;
  for (size_t i = 0; i < all.size(); ++i) {
    if (pairs && i + 1 < all.size() &&
        always([&](Rows r) { return goTogether(*all[i], *all[i + 1], r); })) {
      slots.push_back(
          {{all[i], all[i + 1]}, {whole(*all[i]), whole(*all[i + 1])}});
      ++i;
    } else if (divisible[i]) {
      slots.push_back(divided(*all[i]));
    } else {
      slots.push_back({{all[i]}, {whole(*all[i])}});
    }
  }
  if (!llvm::all_of(divisible, [](bool d) { return d; }))
    return slots;
  for (const ByteColumn *column : all)
    other.push_back(divided(*column));
  bool divideLast = chunks.size() == 1 && chunks[0].size() >= 64;
  return longest(other, divideLast) < longest(slots, divideLast)
             ? std::move(other)
             : std::move(slots);
}

LogicalResult ByteContraction::emitSlot(const ByteSlot &slot, Rows rowLoops,
                                        int home) {
  OpBuilder &b = builder.b;
  Location loc = op.getLoc();
  const Machine &machine = builder.machine;
  int count = int(rowLoops.size());
  int hemisphere = builder.pairLoad[1] < builder.pairLoad[0] ? 1 : 0;
  int64_t group = slot.passes() > 1 ? builder.nextGroup++ : -1;
  Memory &streamed = builder.memoryOf(op.getStreamed()[0]);
  for (size_t i = 0; i < slot.passes(); ++i) {
    SmallVector<const BytePass *> tiles;
    for (const auto &plane : slot.planes)
      tiles.push_back(plane[i]);
    Value loaded =
        emitLoad(tiles, count, home < 0 ? hemisphere : home, hemisphere);
    builder.pairLoad[hemisphere] += std::max(count, 20);
    bool last = i + 1 == slot.passes();
    std::vector<Epilogue> epilogues;
    if (last)
      epilogues = prepareEpilogues(slot.columns, rowLoops, hemisphere);
    OpBuilder::InsertionGuard guard(b);
    auto chain = tsp::ChainOp::create(
        b, loc, Type(), loaded, b.getStringAttr("pass"),
        b.getI64IntegerAttr(hemisphere),
        group < 0 ? IntegerAttr() : b.getI64IntegerAttr(group),
        group < 0 ? IntegerAttr() : b.getI64IntegerAttr(count), IntegerAttr(),
        IntegerAttr());
    b.createBlock(&chain.getBody());
    for (size_t p = 0; p < tiles.size(); ++p)
      tsp::InstallOp::create(b, loc, b.getI64IntegerAttr(0),
                             b.getI64IntegerAttr(int64_t(p)));
    StringRef mode = slot.passes() == 1 ? "pass"
                     : i == 0           ? "store"
                     : last             ? "add_emit"
                                        : "add";
    int emitted = 1 + machine.mxmLatency;
    SmallVector<Value> sums;
    Value value;
    for (size_t p = 0; p < tiles.size(); ++p) {
      if (p == 0 || tiles[p]->streamed != tiles[0]->streamed)
        value = builder.read(streamed, streamedBy(*tiles[p], rowLoops), 1, loc,
                             hemisphere);
      auto abc = tsp::ActivateOp::create(
          b, loc, tsp::ValueType::get(b.getContext()), value, UnitAttr(),
          b.getI64IntegerAttr(1), b.getI64IntegerAttr(count),
          b.getI64IntegerAttr(int64_t(p)));
      sums.push_back(tsp::AccumulateOp::create(
          b, loc, tsp::ValueType::get(b.getContext()), abc,
          b.getStringAttr(mode), b.getI64IntegerAttr(emitted),
          b.getI64IntegerAttr(count), IntegerAttr()));
    }
    if (!last)
      continue;
    int arrival = emitted + machine.mxmPosition;
    if (sums.size() > slot.columns.size()) {
      AluNode add;
      add.opcode = Opcode::Add;
      add.type = add.resultType = DataType::I32;
      sums = {builder.alu(loc, add, sums, {0, 1}, {}, arrival, count, 1)};
      arrival += aluLatency(machine, Opcode::Add);
    }
    emitEpilogues(slot.columns, epilogues, sums, rowLoops,
                  arrival - std::max(program.leafTime[0], 0));
  }
  return mlir::success();
}

LogicalResult ByteContraction::run() {
  if (failed(classify()))
    return failure();
  const Machine &machine = builder.machine;
  SmallVector<DataType> leaves{DataType::I32}, results;
  for (Value v : op.getExtra())
    leaves.push_back(storageOf(v.getType()));
  for (Value v : op.getResults())
    results.push_back(storageOf(v.getType()));
  auto built = buildAluProgram(machine, op.getBody().front(), leaves, results,
                               op.getMask());
  if (failed(built))
    return failure();
  program = *built;
  // Both planes' epilogues run at once.
  int both = machine.alus / 2;
  builder.allocate(op.getResults(),
                   program.alus() > both ? 0 : both - program.alus(),
                   op.getLoc());

  SmallVector<int64_t> origin(extents.size(), 0);
  std::map<VectorAddress, ByteColumn> byAddress;
  SmallVector<unsigned> batchAndColumns(batch);
  llvm::append_range(batchAndColumns, columns);
  for (const auto &loops : combinations(batchAndColumns, origin)) {
    SmallVector<int64_t> index;
    for (unsigned d = 0; d < resultMap.getNumResults(); ++d)
      index.push_back(loops[resultMap.getDimPosition(d)]);
    LayoutPosition p = resultLayout.at(index);
    auto &entries = byAddress[{p.word, p.column}].entries;
    if (resultLayout.splat)
      for (int lane = 0; lane < machine.lanes(); ++lane)
        entries.push_back({lane, loops});
    else
      entries.push_back({p.lane, loops});
  }
  SmallVector<ByteColumn *> all;
  for (auto &[address, column] : byAddress) {
    column.passes = passesOf(column);
    all.push_back(&column);
  }
  SmallVector<SmallVector<int64_t>> allRows = combinations(rows, origin);
  // Both planes write at once, each segment of a byte plane to a slice of its
  // own, and a third of a hemisphere's slices is as much as is usually free.
  size_t written = 0;
  for (DataType type : results)
    written += 2 * size_t(byteWidth(type));
  size_t segments =
      std::max<size_t>(1, size_t(2 * machine.slices / 3 - 5) / written);
  const size_t limit =
      std::min({size_t(machine.accumulatorRows), allRows.size(),
                size_t(kMaxBurst), segments * size_t(machine.segmentWords())});
  auto chunk = [&](size_t begin, size_t most) {
    return ArrayRef(allRows).slice(begin,
                                   std::min(most, allRows.size() - begin));
  };
  SmallVector<Rows> chunks;
  for (size_t begin = 0; begin < allRows.size(); begin += limit)
    chunks.push_back(chunk(begin, limit));
  std::vector<ByteSlot> slots = chooseSlots(all, chunks);
  for (auto [s, slot] : llvm::enumerate(slots)) {
    // The last of an odd number is divided between the pairs, its weights kept
    // once.
    bool odd = s + 1 == slots.size() && slots.size() % 2 == 1 &&
               allRows.size() >= 64 && allRows.size() <= limit;
    int home =
        odd ? (builder.weightBlocks[1] < builder.weightBlocks[0] ? 1 : 0) : -1;
    size_t most = odd ? (allRows.size() + 1) / 2 : limit;
    for (size_t begin = 0; begin < allRows.size(); begin += most)
      if (failed(emitSlot(slot, chunk(begin, most), home)))
        return failure();
  }
  return mlir::success();
}

LogicalResult weft::lowerByteContract(ChainBuilder &builder, ContractOp op) {
  return ByteContraction(builder, op).run();
}
