// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Matrix products as chains. The loops of a contraction fall into rows
// (streamed), columns (installed), contracted lanes, and a batch; every vector
// of the result is a sum of passes, one for each tile of contracted lanes and
// each member of the batch that has lanes in it. The last pass carries the
// epilogue through the vector unit.

#include "Contraction.h"

#include "mlir/IR/IRMapping.h"

#include <map>

using namespace mlir;
using namespace weft;

bool Contraction::sharedTiles() const {
  for (Value installed : op.getInstalled())
    if (!isPlaced(installed.getType()) &&
        cast<RankedTensorType>(installed.getType()).getRank() != 0)
      return false;
  return true;
}

/// Whether other weights stream the same operand: their tiles even out what the
/// pairs have to do.
bool Contraction::hasSiblings() const {
  return llvm::any_of(op.getStreamed()[0].getUsers(), [&](Operation *user) {
    auto other = dyn_cast<ContractOp>(user);
    return other && other != op &&
           llvm::is_contained(other.getStreamed(), op.getStreamed()[0]) &&
           llvm::none_of(other.getInstalled(), [](Value v) {
             return isPlaced(v.getType()) ||
                    cast<RankedTensorType>(v.getType()).getRank() == 0;
           });
  });
}

static bool uses(AffineMap m, unsigned loop) {
  return m.getResultPosition(getAffineDimExpr(loop, m.getContext()))
      .has_value();
}

static DenseElementsAttr denseOf(Value v) {
  auto constant = v.getDefiningOp<ConstantOp>();
  return constant ? dyn_cast<DenseElementsAttr>(constant.getValue())
                  : DenseElementsAttr();
}

LogicalResult Contraction::classify() {
  extents.assign(op.getExtents().begin(), op.getExtents().end());
  SmallVector<AffineMap> maps(op.getMaps().getAsValueRange<AffineMapAttr>());
  size_t pieces = op.getStreamed().size();
  if (op.getInstalled().size() != pieces || op.getScales().size() != pieces ||
      maps.size() != 2 * pieces + op.getExtra().size() + op.getNumResults())
    return op.emitError("expected one map for each operand and result");
  auto take = [&, at = size_t(0)](size_t n,
                                  SmallVectorImpl<AffineMap> &out) mutable {
    out.append(maps.begin() + at, maps.begin() + at + n);
    at += n;
  };
  take(pieces, streamedMaps);
  take(pieces, installedMaps);
  take(op.getExtra().size(), extraMaps);
  resultMap = maps.back();
  resultLayout = layoutOf(op.getResult(0).getType());
  for (unsigned loop = 0; loop < extents.size(); ++loop) {
    bool s = uses(streamedMaps[0], loop), w = uses(installedMaps[0], loop);
    auto c =
        resultMap.getResultPosition(getAffineDimExpr(loop, op.getContext()));
    if (!c) {
      contracted.push_back(loop);
      continue;
    }
    bool inLanes = false;
    if (!resultLayout.splat)
      for (const Digit &digit : resultLayout.dims[*c])
        inLanes |= digit.lane != 0 && digit.extent > 1;
    if (w && !s)
      columns.push_back(loop);
    else if ((s && w) || (s && inLanes))
      batch.push_back(loop);
    else
      rows.push_back(loop);
  }
  return mlir::success();
}

SmallVector<SmallVector<int64_t>>
Contraction::combinations(ArrayRef<unsigned> over,
                          ArrayRef<int64_t> from) const {
  SmallVector<SmallVector<int64_t>> result{SmallVector<int64_t>(from)};
  for (unsigned loop : over) {
    SmallVector<SmallVector<int64_t>> next;
    for (const auto &prefix : result)
      for (int64_t i = 0; i < extents[loop]; ++i) {
        next.push_back(prefix);
        next.back()[loop] = i;
      }
    result = std::move(next);
  }
  return result;
}

int64_t Contraction::flatIndex(AffineMap map, ArrayRef<int64_t> shape,
                               ArrayRef<int64_t> loops) const {
  int64_t flat = 0;
  for (unsigned d = 0; d < map.getNumResults(); ++d)
    flat = flat * shape[d] + loops[map.getDimPosition(d)];
  return flat;
}

SmallVector<KTile> Contraction::tiles(unsigned piece,
                                      ArrayRef<int64_t> batchLoops) const {
  const int half = builder.machine.halfLanes();
  Layout layout = layoutOf(op.getStreamed()[piece].getType());
  std::map<std::tuple<int, int, bool>, KTile> found;
  for (const auto &loops : combinations(contracted, batchLoops)) {
    SmallVector<int64_t> own;
    for (unsigned d = 0; d < streamedMaps[piece].getNumResults(); ++d)
      own.push_back(loops[streamedMaps[piece].getDimPosition(d)]);
    LayoutPosition p = layout.at(own);
    bool upper = p.lane >= half;
    KTile &tile = found[{p.column, p.word, upper}];
    tile.streamed = {p.word, p.column};
    tile.streamedUpper = upper;
    tile.lanes.push_back({p.lane % half, loops});
  }
  SmallVector<KTile> result;
  for (auto &[key, tile] : found)
    result.push_back(std::move(tile));
  return result;
}

/// Whether all weights of the tile are zeros of a known constant.
bool Contraction::zeroTile(const Pass &pass) const {
  DenseElementsAttr dense = denseOf(op.getInstalled()[pass.piece]);
  if (!dense || !dense.getElementType().isF32())
    return false;
  if (dense.isSplat())
    return dense.getSplatValue<float>() == 0.0f;
  auto raw = dense.getRawData();
  AffineMap map = installedMaps[pass.piece];
  auto shape = dense.getType().getShape();
  const float *values = reinterpret_cast<const float *>(raw.data());
  for (const Part &part : pass.parts)
    for (const TileLane &lane : part.lanes) {
      int64_t row = flatIndex(map, shape, lane.loops);
      for (const ColumnEntry *column : part.columns) {
        SmallVector<int64_t> own(extents.size(), 0);
        for (unsigned loop : columns)
          own[loop] = column->loops[loop];
        if (values[row + flatIndex(map, shape, own)] != 0.0f)
          return false;
      }
    }
  return true;
}

/// Whether a row of a known constant has only zeros in the tile's lanes.
bool Contraction::zeroRow(const Pass &pass, ArrayRef<int64_t> row) const {
  DenseElementsAttr dense = denseOf(op.getStreamed()[pass.piece]);
  if (!dense || dense.isSplat() || !dense.getElementType().isF32())
    return false;
  const float *values =
      reinterpret_cast<const float *>(dense.getRawData().data());
  AffineMap map = streamedMaps[pass.piece];
  for (const Part &part : pass.parts)
    for (const TileLane &lane : part.lanes) {
      SmallVector<int64_t> loops(lane.loops);
      for (unsigned loop : rows)
        loops[loop] = row[loop];
      if (values[flatIndex(map, dense.getType().getShape(), loops)] != 0.0f)
        return false;
    }
  return true;
}

/// Passes that stream the same vectors become one: members of the batch in
/// other lanes of the tile (block-diagonal) or in other columns of it. A vector
/// that is installed has zeros where it has no elements of its member.
void Contraction::shareTiles(SmallVectorImpl<Pass> &passes) {
  const int perBlock = builder.machine.weightStreams / 2;
  std::map<std::tuple<unsigned, VectorAddress, bool>, SmallVector<size_t>>
      found;
  // By pass that others joined: the half that each block is installed from.
  std::map<size_t, std::map<int, bool>> halves;
  SmallVector<Pass> result;
  for (Pass &pass : passes) {
    if (!isPlaced(op.getInstalled()[pass.piece].getType())) {
      result.push_back(std::move(pass));
      continue;
    }
    std::map<int, bool> own;
    bool uniform = true;
    for (const Part &part : pass.parts)
      for (const ColumnEntry *column : part.columns) {
        auto vector = installedVector(pass.piece, part, *column, 0);
        bool upper = succeeded(vector) && vector->upper;
        auto [it, fresh] = own.try_emplace(column->lane / perBlock, upper);
        uniform &= fresh || it->second == upper;
      }
    auto &candidates = found[{pass.piece, pass.streamed, pass.streamedUpper}];
    auto joins = llvm::find_if(candidates, [&](size_t at) {
      return uniform && llvm::all_of(own, [&](const auto &block) {
               auto it = halves[at].find(block.first);
               return it == halves[at].end() || it->second == block.second;
             });
    });
    if (joins != candidates.end()) {
      halves[*joins].insert(own.begin(), own.end());
      for (Part &part : pass.parts)
        result[*joins].parts.push_back(std::move(part));
      continue;
    }
    candidates.push_back(result.size());
    halves[result.size()] = own;
    result.push_back(std::move(pass));
  }
  passes.assign(std::make_move_iterator(result.begin()),
                std::make_move_iterator(result.end()));
}

SmallVector<int64_t> Contraction::loopsOf(const ColumnEntry &column,
                                          ArrayRef<int64_t> row) const {
  SmallVector<int64_t> loops(column.loops);
  for (unsigned loop : rows)
    loops[loop] = row[loop];
  return loops;
}

SmallVector<int64_t> Contraction::resultIndex(ArrayRef<int64_t> loops) const {
  SmallVector<int64_t> index;
  for (unsigned d = 0; d < resultMap.getNumResults(); ++d)
    index.push_back(loops[resultMap.getDimPosition(d)]);
  return index;
}

LogicalResult Contraction::emitPass(const Work &work, size_t i,
                                    const Group &of) {
  OpBuilder &b = builder.b;
  Location loc = op.getLoc();
  const Machine &machine = builder.machine;
  auto rowLoops = ArrayRef(work.rows).slice(of.begin, of.count);
  ArrayRef<Pass> passes = work.passes;
  int count = int(rowLoops.size()), hemisphere = of.hemisphere;
  const Pass &pass = passes[i];
  auto loaded = emitLoad(pass, hemisphere, of.home);
  if (failed(loaded))
    return failure();
  bool last = i + 1 == passes.size() && !of.first;
  const AluProgram &epilogue = of.part && !of.first ? *addingProgram : program;
  // Masks stand outside of the chain.
  Memory mask;
  SmallVector<VectorAddress> maskAddresses;
  auto resultType = cast<RankedTensorType>(op.getResult(0).getType());
  SmallVector<SmallVector<int64_t>> loops;
  for (const auto &row : rowLoops)
    loops.push_back(loopsOf(work.representative, row));
  if (last && op.getMask()) {
    std::vector<bool> used =
        lanesOfVector(resultLayout, resultType.getShape(),
                      resultIndex(loops[0]), machine.lanes());
    std::vector<int32_t> row(used.size());
    for (size_t l = 0; l < used.size(); ++l)
      row[l] = used[l] ? -1 : 0;
    mask = builder.laneConstant({row}, loc);
    maskAddresses.assign(size_t(count), {0, 0});
  }
  // So do copies of what the epilogue reads from where the rows stream from,
  // or of two of its operands in one place. It reads at least 35 cycles after
  // the rows: 32 in the matrix unit, 13 positions back, 13 out, less twice
  // the 11 of a slice; shorter bursts are through by then.
  Memory &streamed = builder.memoryOf(op.getStreamed()[pass.piece]);
  SmallVector<Memory> extraMemory(op.getExtra().size());
  SmallVector<SmallVector<VectorAddress>> extraVectors(op.getExtra().size());
  if (last) {
    Memory rowsFrom = streamed;
    if (hemisphere == 1 && !streamed.east.empty())
      rowsFrom.buffers = streamed.east;
    for (unsigned e = 0; e < op.getExtra().size(); ++e) {
      if (program.leafTime[e + 1] < 0)
        continue;
      extraMemory[e] = builder.turnOf(op.getExtra()[e]);
      if (hemisphere == 0 && !extraMemory[e].east.empty())
        extraMemory[e].buffers = extraMemory[e].east;
      for (const auto &own : loops)
        extraVectors[e].push_back(
            addressOf(extraMemory[e].layout, extraMaps[e], own));
    }
    builder.separate(extraMemory, extraVectors,
                     count > machine.mxmLatency ? &rowsFrom : nullptr, loc);
  }
  OpBuilder::InsertionGuard guard(b);
  auto chain = tsp::ChainOp::create(
      b, loc, Type(), *loaded, b.getStringAttr("pass"),
      b.getI64IntegerAttr(hemisphere),
      of.accumulator < 0 ? IntegerAttr() : b.getI64IntegerAttr(of.accumulator),
      of.accumulator < 0 ? IntegerAttr() : b.getI64IntegerAttr(count),
      IntegerAttr(), IntegerAttr());
  b.createBlock(&chain.getBody());
  tsp::InstallOp::create(b, loc, b.getI64IntegerAttr(0), IntegerAttr(),
                         StringAttr());
  SmallVector<VectorAddress> addresses;
  for (const auto &row : rowLoops) {
    // The tile's address has batch and contracted loops; rows add theirs.
    SmallVector<int64_t> own, zero;
    AffineMap m = streamedMaps[pass.piece];
    for (unsigned d = 0; d < m.getNumResults(); ++d) {
      unsigned loop = m.getDimPosition(d);
      own.push_back(llvm::is_contained(rows, loop) ? row[loop] : 0);
      zero.push_back(0);
    }
    LayoutPosition p = streamed.layout.at(own),
                   origin = streamed.layout.at(zero);
    addresses.push_back({pass.streamed.word + p.word - origin.word,
                         pass.streamed.column + p.column - origin.column});
  }
  Value value = builder.read(streamed, addresses, 1, loc, hemisphere);
  auto abc = tsp::ActivateOp::create(
      b, loc, tsp::ValueType::get(b.getContext()), value,
      pass.streamedUpper ? b.getUnitAttr() : UnitAttr(), b.getI64IntegerAttr(1),
      b.getI64IntegerAttr(count), IntegerAttr());
  int emitted = 1 + machine.mxmLatency;
  StringRef mode = passes.size() == 1       ? "pass"
                   : i == 0                 ? "store"
                   : i + 1 == passes.size() ? "add_emit"
                                            : "add";
  auto acc = tsp::AccumulateOp::create(
      b, loc, tsp::ValueType::get(b.getContext()), abc, b.getStringAttr(mode),
      b.getI64IntegerAttr(emitted), b.getI64IntegerAttr(count), IntegerAttr());
  SmallVector<VectorAddress> partAddresses;
  for (int row = 0; row < count; ++row)
    partAddresses.push_back({int32_t(row), 0});
  if (of.first && i + 1 == passes.size()) {
    AluNode copy;
    copy.opcode = Opcode::Copy;
    copy.type = copy.resultType = DataType::F32;
    builder.write(builder.alu(loc, copy, Value(acc), {0}, {},
                              emitted + machine.mxmPosition, count, 1),
                  *of.part, partAddresses, loc);
  }
  if (!last)
    return mlir::success();
  // Epilogue: the result reaches the vector unit after its flight.
  if (op.getCombine())
    return emitCombined(acc, emitted + machine.mxmPosition, count);
  int leafTime = std::max(epilogue.leafTime[0], 0);
  int base = emitted + machine.mxmPosition - leafTime;
  SmallVector<Value> values(epilogue.leafTime.size());
  values[0] = acc;
  if (of.part)
    values[op.getExtra().size() + 1] =
        builder.read(*of.part, partAddresses, 1, loc);
  for (unsigned e = 0; e < op.getExtra().size(); ++e) {
    if (epilogue.leafTime[e + 1] < 0)
      continue;
    values[e + 1] = builder.read(extraMemory[e], extraVectors[e], 1, loc);
  }
  if (op.getMask())
    values.back() = builder.read(mask, maskAddresses, 1, loc);
  SmallVector<Value> out = builder.emit(
      epilogue, values, base, count, 1, loc, reductions,
      reductions.empty() ? SmallVector<int64_t>() : resultIndex(loops.front()));
  for (auto [r, result] : llvm::enumerate(op.getResults())) {
    Memory &memory = builder.memoryOf(result);
    SmallVector<VectorAddress> target;
    for (const auto &own : loops) {
      LayoutPosition p = memory.layout.at(resultIndex(own));
      target.push_back({p.word, p.column});
    }
    builder.write(out[r], memory, target, loc);
  }
  return mlir::success();
}

/// Rows from which a pass is made in halves.
constexpr size_t kLeastHalved = 96;

std::optional<AluProgram> weft::addingPart(const Machine &machine, Block &body,
                                           SmallVector<DataType> leaves,
                                           ArrayRef<DataType> results,
                                           bool mask) {
  Block block;
  IRMapping mapping;
  OpBuilder inner(body.getTerminator()->getContext());
  inner.setInsertionPointToEnd(&block);
  for (BlockArgument argument : body.getArguments())
    mapping.map(argument,
                block.addArgument(argument.getType(), argument.getLoc()));
  Location loc = body.getTerminator()->getLoc();
  Value own = block.getArgument(0);
  bool integer = own.getType().isInteger(32);
  Value part = block.addArgument(own.getType(), loc);
  Value sum = integer
                  ? arith::AddIOp::create(inner, loc, own, part).getResult()
                  : arith::AddFOp::create(inner, loc, own, part).getResult();
  mapping.map(body.getArgument(0), sum);
  for (Operation &inside : body)
    inner.clone(inside, mapping);
  leaves.push_back(integer ? DataType::I32 : DataType::F32);
  auto built = buildAluProgram(machine, block, leaves, results, mask);
  if (failed(built) || built->alus() > machine.alus)
    return std::nullopt;
  return *built;
}

LogicalResult Contraction::run() {
  if (failed(classify()))
    return failure();
  const Machine &machine = builder.machine;
  SmallVector<DataType> leaves{DataType::F32}, results;
  for (Value v : op.getExtra())
    leaves.push_back(storageOf(v.getType()));
  for (Value v : op.getResults())
    results.push_back(storageOf(v.getType()));
  auto built = buildAluProgram(machine, op.getBody().front(), leaves, results,
                               op.getMask());
  if (failed(built))
    return failure();
  program = *built;
  builder.allocate(op.getResults(), machine.alus - program.alus(), op.getLoc());

  // Result vectors, by address; entries by lane and batch.
  SmallVector<int64_t> origin(extents.size(), 0);
  std::map<VectorAddress, SmallVector<ColumnEntry>> classes;
  SmallVector<unsigned> batchAndColumns(batch);
  llvm::append_range(batchAndColumns, columns);
  for (const auto &loops : combinations(batchAndColumns, origin)) {
    SmallVector<int64_t> index;
    for (unsigned d = 0; d < resultMap.getNumResults(); ++d)
      index.push_back(loops[resultMap.getDimPosition(d)]);
    LayoutPosition p = resultLayout.at(index);
    auto &entries = classes[{p.word, p.column}];
    if (resultLayout.splat)
      for (int lane = 0; lane < machine.lanes(); ++lane)
        entries.push_back({lane, loops});
    else
      entries.push_back({p.lane, loops});
  }
  SmallVector<SmallVector<int64_t>> allRows = combinations(rows, origin);
  // In one burst: another would write its parts over those of the first.
  if (op.getCombine() &&
      (classes.size() != 1 || allRows.size() >= 64 ||
       allRows.size() > size_t(builder.machine.accumulatorRows)))
    return op.emitError("combines the rows of one vector, fewer than 64 and no "
                        "more than accumulators have");

  std::vector<Work> all;
  // One column of tiles more on one pair than on the other.
  bool split = classes.size() % 2 == 1 && !sharedTiles() &&
               allRows.size() < size_t(machine.lanes() / machine.weightStreams);
  if (split)
    addingProgram = addingPart(machine, op.getBody().front(), leaves, results,
                               op.getMask());
  size_t classesLeft = classes.size();
  for (auto &[address, entries] : classes) {
    --classesLeft;
    // Entries of one member of the batch share their passes.
    std::map<std::vector<int64_t>, SmallVector<const ColumnEntry *>> members;
    for (const ColumnEntry &entry : entries) {
      std::vector<int64_t> key;
      for (unsigned loop : batch)
        key.push_back(entry.loops[loop]);
      members[key].push_back(&entry);
    }
    SmallVector<Pass> passes;
    SmallVector<Pass> zeros;
    for (auto &[key, list] : members) {
      SmallVector<int64_t> batchLoops(origin);
      for (auto [i, loop] : llvm::enumerate(batch))
        batchLoops[loop] = key[i];
      for (unsigned piece = 0; piece < op.getStreamed().size(); ++piece)
        for (KTile &tile : tiles(piece, batchLoops)) {
          Pass pass{piece, tile.streamed, tile.streamedUpper, {}};
          pass.parts.push_back({std::move(tile.lanes), list});
          (zeroTile(pass) ? zeros : passes).push_back(std::move(pass));
        }
    }
    if (passes.empty())
      passes.push_back(zeros.front());
    shareTiles(passes);
    // Rows that need the same passes go together.
    std::map<std::vector<bool>, SmallVector<SmallVector<int64_t>>> groups;
    bool constantRows = denseOf(op.getStreamed()[0]) != nullptr;
    for (const auto &row : allRows) {
      std::vector<bool> needed(passes.size(), true);
      if (constantRows) {
        for (size_t i = 0; i < passes.size(); ++i)
          needed[i] = !zeroRow(passes[i], row);
        if (llvm::none_of(needed, [](bool n) { return n; }))
          needed[0] = true;
      }
      groups[needed].push_back(row);
    }
    for (auto &[needed, list] : groups) {
      SmallVector<Pass> chosen;
      for (size_t i = 0; i < passes.size(); ++i)
        if (needed[i])
          chosen.push_back(passes[i]);
      if (addingProgram && classesLeft + 1 == classes.size() &&
          chosen.size() >= kSplitPasses) {
        if (failed(emitSplit(chosen, entries.front(), list)))
          return failure();
        continue;
      }
      int idle = builder.pairLoad[1] == builder.pairLoad[0]
                     ? builder.emptierSide()
                     : int(builder.pairLoad[1] < builder.pairLoad[0]);
      // Maxima and minima are wanted at one time, and soon.
      if (op.getCombine())
        idle = *op.getCombine() == "max";
      // Many rows are divided between the pairs, always in the same two parts,
      // so that either pair finds its part on its own side. Every tile is
      // installed on both sides then: what is shared or computed lies somewhere
      // anyway, weights are kept once, on the emptier side. With fewer rows
      // whole columns of tiles take turns, and only the last of an odd number
      // is divided.
      bool divide = list.size() > kMaxBurst ||
                    (classes.size() % 2 == 1 && list.size() >= 64 &&
                     (sharedTiles() || (classesLeft == 0 && !hasSiblings())));
      size_t rest = divide ? list.size() / 2 : 0;
      // The odd row goes to where less has gone so far.
      if (divide && list.size() % 2 == 1 && idle == 1)
        ++rest;
      size_t parts[] = {list.size() - rest, rest};
      int home = divide ? builder.emptierSide() : idle;
      size_t limit = std::min<size_t>(kMaxBurst, machine.accumulatorRows);
      // What follows the first rows need not wait for the last, as long as
      // a pass takes longer than to load its tile.
      if (!divide && !sharedTiles() && list.size() >= kLeastHalved)
        limit = std::min(limit, (list.size() + 1) / 2);
      Work work{std::move(chosen), entries.front(), std::move(list), {}};
      size_t begin = 0;
      for (int part : {0, 1}) {
        size_t chunks = (parts[part] + limit - 1) / limit;
        for (size_t i = 0; i < chunks; ++i) {
          size_t size = (parts[part] + i) / chunks;
          work.groups[part].push_back(
              {begin, size, divide ? part : idle, home,
               work.passes.size() > 1 ? builder.nextGroup++ : -1, nullptr,
               false});
          begin += size;
          builder.pairLoad[divide ? part : idle] +=
              int64_t(work.passes.size() * std::max<size_t>(size, 20));
        }
      }
      all.push_back(std::move(work));
    }
  }
  // What is reduced next is combined in the same chains where it can be.
  if (!addingProgram && !op.getCombine() && op.getNumResults() == 1) {
    SmallVector<SmallVector<SmallVector<int64_t>>> bursts;
    for (const Work &work : all)
      for (const auto &groups : work.groups)
        for (const Group &group : groups) {
          bursts.emplace_back();
          for (const auto &row :
               ArrayRef(work.rows).slice(group.begin, group.count))
            bursts.back().push_back(
                resultIndex(loopsOf(work.representative, row)));
        }
    reductions =
        builder.passReductions(op.getResult(0), program, bursts, op.getLoc());
  }
  // What the pairs do at one time lies close together in the program.
  for (const Work &work : all)
    for (size_t i = 0;
         i < std::max(work.groups[0].size(), work.groups[1].size()); ++i)
      for (size_t pass = 0; pass < work.passes.size(); ++pass)
        for (const auto &groups : work.groups)
          if (i < groups.size() && failed(emitPass(work, pass, groups[i])))
            return failure();
  return mlir::success();
}

LogicalResult weft::lowerContract(ChainBuilder &builder, ContractOp op) {
  if (isByteProduct(op))
    return lowerByteContract(builder, op);
  return Contraction(builder, op).run();
}
