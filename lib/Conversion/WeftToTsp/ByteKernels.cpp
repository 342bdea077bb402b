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
  return getElementTypeOrSelf(installed).isInteger(8) &&
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
ByteSlot ByteContraction::divided(const ByteColumn &column,
                                  ArrayRef<const BytePass *> passes) {
  ByteSlot slot;
  slot.columns = {&column};
  slot.planes.resize(2);
  size_t even = passes.size() / 2 * 2;
  for (size_t i = 0; i < even; ++i)
    slot.planes[i % 2].push_back(passes[i]);
  if (even == passes.size())
    return slot;
  const BytePass &last = *passes.back();
  for (size_t half = 0; half < 2; ++half) {
    auto part = std::make_unique<BytePass>(last);
    if (isPlaced(op.getInstalled()[0].getType())) {
      // Vectors are installed as they lie: all to one plane, to the other
      // zeros.
      if (half == 1)
        part->columns.clear();
      slot.planes[half].push_back(part.get());
      halves.push_back(std::move(part));
      continue;
    }
    part->lanes.clear();
    for (auto [i, lane] : llvm::enumerate(last.lanes))
      if (i % 2 == half)
        part->lanes.push_back(lane);
    slot.planes[half].push_back(part.get());
    halves.push_back(std::move(part));
  }
  return slot;
}

/// Passes of the busier pair, chunks of rows of each slot going to the pair
/// that has less and the last of an odd number, where its rows are many enough,
/// to both.
static size_t longest(const std::vector<ByteSlot> &slots, size_t chunks,
                      bool divideLast) {
  size_t load[2] = {0, 0};
  for (const ByteSlot &slot : slots) {
    if (divideLast && slots.size() % 2 == 1 && &slot == &slots.back()) {
      load[0] += (slot.passes() + 1) / 2;
      load[1] += (slot.passes() + 1) / 2;
      continue;
    }
    for (size_t i = 0; i < chunks; ++i)
      load[load[1] < load[0]] += slot.passes();
  }
  return std::max(load[0], load[1]);
}

/// Whether the rows stream in less time than the tiles of two planes load.
bool ByteContraction::isFew(ArrayRef<Rows> chunks) const {
  const Machine &machine = builder.machine;
  return chunks.size() == 1 && !isPlaced(op.getInstalled()[0].getType()) &&
         int(chunks[0].size()) < 2 * machine.lanes() / machine.weightStreams;
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
  // Vectors of few rows take as long as their tiles load. Planes in step load
  // the same number of blocks, or each half of every one.
  auto inStep = [&](size_t i) {
    auto blocks = [&](const ByteColumn &c) {
      ByteSlot slot{{&c}, {whole(c)}};
      return rhythmOf(slot, 0, 0).cycles;
    };
    return !isFew(chunks) || !divisible[i] || !divisible[i + 1] ||
           blocks(*all[i]) == blocks(*all[i + 1]);
  };
  for (size_t i = 0; i < all.size(); ++i) {
    if (pairs && i + 1 < all.size() && inStep(i) &&
        always([&](Rows r) { return goTogether(*all[i], *all[i + 1], r); })) {
      slots.push_back(
          {{all[i], all[i + 1]}, {whole(*all[i]), whole(*all[i + 1])}});
      ++i;
    } else if (divisible[i]) {
      slots.push_back(divided(*all[i], whole(*all[i])));
    } else {
      slots.push_back({{all[i]}, {whole(*all[i])}});
    }
  }
  if (!llvm::all_of(divisible, [](bool d) { return d; }))
    return slots;
  for (const ByteColumn *column : all)
    other.push_back(divided(*column, whole(*column)));
  if (isFew(chunks)) {
    // Odd ones are divided between the pairs, so all passes count.
    auto sum = [](const std::vector<ByteSlot> &list) {
      size_t passes = 0;
      for (const ByteSlot &slot : list)
        passes += slot.passes();
      return passes;
    };
    return sum(other) < sum(slots) ? std::move(other) : std::move(slots);
  }
  bool divideLast = chunks.size() == 1 && chunks[0].size() >= 64;
  size_t count = chunks.size();
  return longest(other, count, divideLast) < longest(slots, count, divideLast)
             ? std::move(other)
             : std::move(slots);
}

/// The passes of a slot divided between the pairs: of few rows, which take no
/// longer to stream than tiles to load, where slots are odd in number. The part
/// of one pair goes through memory to the other.
LogicalResult ByteContraction::emitSplit(const ByteSlot &slot, Rows rowLoops) {
  ByteSlot halves[2];
  // Where rows are few, weights are what takes time and room.
  int more = builder.emptierSide();
  auto divide = [&](ArrayRef<const BytePass *> all) {
    // In twos for planes that take turns; the odd ones go to where less has
    // gone so far.
    size_t step = slot.columns.size() == 1 ? slot.planes.size() : 1;
    size_t steps = (all.size() + step - 1) / step;
    size_t front = std::min(all.size(), (steps + (more == 0)) / 2 * step);
    return std::array{all.take_front(front), all.drop_front(front)};
  };
  if (slot.columns.size() == 1) {
    SmallVector<const BytePass *> all;
    for (const BytePass &pass : slot.columns[0]->passes)
      all.push_back(&pass);
    auto parts = divide(all);
    for (int h : {0, 1})
      if (slot.planes.size() == 2)
        halves[h] = divided(*slot.columns[0], parts[h]);
      else
        halves[h] = {slot.columns, {SmallVector<const BytePass *>(parts[h])}};
  } else {
    for (const auto &plane : slot.planes) {
      auto parts = divide(plane);
      for (int h : {0, 1})
        halves[h].planes.emplace_back(parts[h]);
    }
    for (int h : {0, 1})
      halves[h].columns = slot.columns;
  }
  ByteTask task;
  for (ByteSlot &half : halves)
    half.isLast = slot.isLast;
  for (size_t i = 0; i < slot.columns.size(); ++i)
    task.parts.push_back(
        builder.scratch(DataType::I32, int64_t(rowLoops.size()), op.getLoc()));
  for (int h : {0, 1}) {
    task.hemisphere = task.home = h;
    task.first = h == 0;
    if (failed(emitSlot(halves[h], rowLoops, task)))
      return failure();
  }
  return mlir::success();
}

LogicalResult ByteContraction::emitSlot(const ByteSlot &slot, Rows rowLoops,
                                        const ByteTask &task) {
  OpBuilder &b = builder.b;
  Location loc = op.getLoc();
  const Machine &machine = builder.machine;
  int count = int(rowLoops.size());
  int hemisphere = task.hemisphere;
  int64_t group = slot.passes() > 1 ? builder.nextGroup++ : -1;
  Memory &streamed = builder.memoryOf(op.getStreamed()[0]);
  for (size_t i = 0; i < slot.passes(); ++i) {
    SmallVector<const BytePass *> tiles;
    for (const auto &plane : slot.planes)
      tiles.push_back(plane[i]);
    Rhythm rhythm = rhythmOf(slot, i, count);
    auto loaded = emitLoad(tiles, rhythm, task.home, hemisphere);
    if (failed(loaded))
      return failure();
    builder.pairLoad[hemisphere] += rhythm.cycles;
    bool last = i + 1 == slot.passes();
    std::vector<Epilogue> epilogues;
    if (last && !task.first)
      epilogues = prepareEpilogues(slot.columns, rowLoops, hemisphere);
    OpBuilder::InsertionGuard guard(b);
    auto chain = tsp::ChainOp::create(
        b, loc, Type(), *loaded, b.getStringAttr("pass"),
        b.getI64IntegerAttr(hemisphere),
        group < 0 ? IntegerAttr() : b.getI64IntegerAttr(group),
        group < 0 ? IntegerAttr() : b.getI64IntegerAttr(count), IntegerAttr(),
        IntegerAttr());
    b.createBlock(&chain.getBody());
    for (size_t p = 0; p < tiles.size(); ++p)
      tsp::InstallOp::create(b, loc, b.getI64IntegerAttr(rhythm.install[p]),
                             b.getI64IntegerAttr(int64_t(p)),
                             rhythm.atOnce ? b.getStringAttr(rhythm.queue)
                                           : StringAttr());
    StringRef mode = slot.passes() == 1 ? "pass"
                     : i == 0           ? "store"
                     : last             ? "add_emit"
                                        : "add";
    int emitted = rhythm.activate + machine.mxmLatency;
    SmallVector<Value> sums;
    Value value;
    for (size_t p = 0; p < tiles.size(); ++p) {
      if (p == 0 || tiles[p]->streamed != tiles[0]->streamed)
        value = builder.read(streamed, streamedBy(*tiles[p], rowLoops), 1, loc,
                             hemisphere);
      auto abc = tsp::ActivateOp::create(
          b, loc, tsp::ValueType::get(b.getContext()), value, UnitAttr(),
          b.getI64IntegerAttr(rhythm.activate), b.getI64IntegerAttr(count),
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
    if (task.first)
      keepParts(sums, task, arrival, count);
    else
      emitEpilogues(slot.columns, epilogues, sums, rowLoops, arrival, task);
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
                   isPlain() || program.alus() > both ? 0
                                                      : both - program.alus(),
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
  const size_t most =
      std::min({size_t(machine.accumulatorRows), allRows.size(),
                size_t(kMaxBurst), segments * size_t(machine.segmentWords())});
  // In as few chunks, all of about one size.
  const size_t parts = (allRows.size() + most - 1) / most,
               limit = (allRows.size() + parts - 1) / parts;
  auto chunk = [&](size_t begin, size_t most) {
    return ArrayRef(allRows).slice(begin,
                                   std::min(most, allRows.size() - begin));
  };
  SmallVector<Rows> chunks;
  for (size_t begin = 0; begin < allRows.size(); begin += limit)
    chunks.push_back(chunk(begin, limit));
  std::vector<ByteSlot> slots = chooseSlots(all, chunks);
  // Of few rows, what leaves one pair more to do than the other.
  SmallVector<ByteSlot> split;
  addingProgram =
      addingPart(machine, op.getBody().front(), leaves, results, op.getMask());
  auto divides = [&](const ByteSlot &slot) {
    bool two = slot.columns.size() == 2;
    return isFew(chunks) && addingProgram &&
           addingProgram->alus() <= (two ? both : machine.alus - 1) &&
           slot.columns[0]->passes.size() >= kSplitPasses &&
           (!two || slots.size() % 2 == 1);
  };
  while (!slots.empty() && divides(slots.back())) {
    split.push_back(std::move(slots.back()));
    slots.pop_back();
  }
  // Two that differ by less than the ways of both parts through memory are
  // better left whole, one for each pair.
  if (split.size() == 2 && slots.size() % 2 == 0) {
    auto cycles = [&](const ByteSlot &slot) {
      return int64_t(slot.passes()) *
             rhythmOf(slot, 0, int(allRows.size())).cycles;
    };
    if (std::abs(cycles(split[0]) - cycles(split[1])) < 2 * kPartCycles)
      while (!split.empty())
        slots.push_back(split.pop_back_val());
  }
  const bool endsSplit = slots.size() <= 2 && !split.empty();
  if (endsSplit)
    split.front().isLast = true; // They go in reverse.
  for (size_t s = slots.size(); !endsSplit && s-- > 0 && s + 2 >= slots.size();)
    slots[s].isLast = true;
  auto emitSplits = [&]() -> LogicalResult {
    for (const ByteSlot &slot : llvm::reverse(split))
      if (failed(emitSplit(slot, allRows)))
        return failure();
    split.clear();
    return mlir::success();
  };
  for (auto [s, slot] : llvm::enumerate(slots)) {
    // The second half of its sum is of vectors that may come late: not at once.
    if (s == 2 && failed(emitSplits()))
      return failure();
    // The last of an odd number is divided between the pairs, its weights kept
    // once.
    bool odd = s + 1 == slots.size() && slots.size() % 2 == 1 &&
               allRows.size() >= 64 && allRows.size() <= limit;
    ByteTask task;
    if (odd)
      task.home = builder.emptierSide();
    size_t size = odd ? (allRows.size() + 1) / 2 : limit;
    for (size_t begin = 0; begin < allRows.size(); begin += size) {
      task.hemisphere = builder.pairLoad[1] < builder.pairLoad[0] ? 1 : 0;
      if (!odd)
        task.home = task.hemisphere;
      if (failed(emitSlot(slot, chunk(begin, size), task)))
        return failure();
    }
  }
  return emitSplits();
}

LogicalResult weft::lowerByteContract(ChainBuilder &builder, ContractOp op) {
  return ByteContraction(builder, op).run();
}
