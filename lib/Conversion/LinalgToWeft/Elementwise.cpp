// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Element-wise operations: which loops go into lanes, in which layouts the
// operands are wanted, and where a body that needs more ALUs than the chip has
// is cut.

#include "Placer.h"

#include "weft/Conversion/VectorUnit/AluProgram.h"
#include "weft/Transforms/Locations.h"

#include "mlir/IR/IRMapping.h"

using namespace mlir;
using namespace weft;

/// Whether finite numbers in lanes that hold nothing could turn into NaN, or
/// into an infinity that is stored: f16 saturates. An infinity that is computed
/// with may become NaN.
static bool unsafeOnPadding(Block &body, bool half) {
  auto isStored = [](Operation *user) {
    return user->hasTrait<OpTrait::IsTerminator>();
  };
  return llvm::any_of(body, [&](Operation &op) {
    return isa<arith::DivFOp, math::LogOp, math::Log1pOp, math::RsqrtOp,
               math::SqrtOp, math::PowFOp>(op) ||
           (isa<math::ExpOp>(op) &&
            !(half && llvm::all_of(op.getUsers(), isStored)));
  });
}

/// Rows from which a product streams for longer than its tiles load.
static constexpr int64_t kManyRows = 64;

Type weft::computeType(OpBuilder &b, Type type) {
  if (isa<FloatType>(type))
    return b.getF32Type();
  if (type.isInteger(1))
    return type;
  if (isa<IntegerType>(type))
    return b.getI32Type();
  return type;
}

void weft::cloneScalar(OpBuilder &b, Operation &op, IRMapping &mapping) {
  // Scalars from outside the body come along.
  for (Value operand : op.getOperands())
    if (!mapping.contains(operand))
      if (auto outer = operand.getDefiningOp<arith::ConstantOp>();
          outer && outer->getBlock() != op.getBlock())
        cloneScalar(b, *outer, mapping);
  SmallVector<Value> in;
  for (Value operand : op.getOperands())
    in.push_back(mapping.lookupOrDefault(operand));
  if (op.getNumResults() == 1) {
    seeUnsigned(b, op, in);
    if (Value made = expandScalar(b, op, in)) {
      Value wrapped = narrowScalar(b, op, made);
      mapping.map(op.getResult(0), wrapped ? wrapped : made);
      return;
    }
  }
  if (Value made = widenScalar(b, op, in)) {
    mapping.map(op.getResult(0), made);
    return;
  }
  Operation *clone = b.clone(op, mapping);
  for (OpResult result : clone->getResults())
    result.setType(computeType(b, result.getType()));
  if (auto constant = dyn_cast<arith::ConstantOp>(clone)) {
    if (auto f = dyn_cast<FloatAttr>(constant.getValue()))
      constant.setValueAttr(b.getF32FloatAttr(float(f.getValueAsDouble())));
    else if (auto i = dyn_cast<IntegerAttr>(constant.getValue());
             i && !i.getType().isInteger(1))
      constant.setValueAttr(b.getI32IntegerAttr(int32_t(std::clamp<int64_t>(
          i.getValue().getSExtValue(), INT32_MIN, INT32_MAX))));
  }
  // A change of width within floats or integers has become nothing.
  if (isa<arith::ExtFOp, arith::TruncFOp, arith::IndexCastOp, arith::ExtSIOp,
          arith::TruncIOp, arith::ExtUIOp>(clone) &&
      clone->getOperand(0).getType() == clone->getResult(0).getType()) {
    mapping.map(op.getResult(0), clone->getOperand(0));
    clone->erase();
  }
  if (op.getNumResults() == 1)
    if (Value made = narrowScalar(b, op, mapping.lookup(op.getResult(0))))
      mapping.map(op.getResult(0), made);
}

/// A scalar standing for an operand that is one constant everywhere.
static TypedAttr uniformScalar(OpBuilder &b, ElementsAttr attr) {
  auto dense = dyn_cast_or_null<DenseElementsAttr>(attr);
  if (!dense || !dense.isSplat())
    return {};
  if (isa<FloatType>(dense.getElementType()))
    return b.getF32FloatAttr(
        float(dense.getSplatValue<APFloat>().convertToDouble()));
  if (dense.getElementType().isInteger(1))
    return b.getBoolAttr(dense.getSplatValue<bool>());
  if (isa<IntegerType>(dense.getElementType()))
    return b.getI32IntegerAttr(int32_t(std::clamp<int64_t>(
        dense.getSplatValue<APInt>().getSExtValue(), INT32_MIN, INT32_MAX)));
  return {};
}

/// Drops operations of a body that nothing needs now that others have gone.
static void eraseUnused(SmallVectorImpl<Operation *> &ops) {
  for (size_t i = ops.size(); i-- > 0;)
    if (llvm::none_of(ops[i]->getUsers(), [&](Operation *user) {
          return user->hasTrait<OpTrait::IsTerminator>() ||
                 llvm::is_contained(ops, user);
        }))
      ops.erase(ops.begin() + std::ptrdiff_t(i));
}

/// Whether the rows of a product stream for longer than its tiles load, so that
/// others have the vector unit meanwhile.
bool Placer::streamsLong(const PendingContract &product) const {
  int64_t rows = 1;
  for (auto [loop, extent] : llvm::enumerate(product.extents))
    if (usesLoop(product.resultMap, unsigned(loop)) &&
        usesLoop(product.maps[0], unsigned(loop)))
      rows *= extent;
  return rows >= kManyRows;
}

LogicalResult Placer::emitBody(linalg::GenericOp op, Block &body,
                               ArrayRef<Value> in, ArrayRef<AffineMap> inMaps,
                               ArrayRef<RankedTensorType> results,
                               ArrayRef<AffineMap> resultMaps,
                               PendingContract *product, int productArgument) {
  Location loc = op.getLoc();
  SmallVector<Operation *> ops;
  for (Operation &inner : body.without_terminator())
    ops.push_back(&inner);
  Operation *terminator = body.getTerminator();

  // Values at hand for the next kernel: block arguments and spilled results.
  struct Source {
    Value scalar; ///< In `body`.
    Value tensor; ///< Placed; null for the pending product.
    AffineMap map;
  };
  SmallVector<Source> sources;
  for (BlockArgument argument : body.getArguments().take_front(in.size()))
    sources.push_back({argument, in[argument.getArgNumber()],
                       inMaps[argument.getArgNumber()]});
  for (Hoisted &ahead : hoist(ops, body, in, inMaps, results[0], loc)) {
    sources.push_back({ahead.scalar, ahead.tensor, ahead.map});
    llvm::erase(ops, ahead.scalar.getDefiningOp());
  }
  eraseUnused(ops);
  bool mask = llvm::any_of(results, [&](RankedTensorType t) {
    // Integers are finite whatever they are.
    return isa<FloatType>(t.getElementType()) &&
           unsafeOnPadding(body, t.getElementType().isF16()) &&
           hasPadding(layoutOf(t));
  });

  auto needsAlus = [&](int least) {
    InFlightDiagnostic error =
        op.emitError("not supported on the chip: one operation needs ");
    if (least > machine.alus)
      error << least << " ALUs, the machine has " << machine.alus;
    else
      error << "more results at a time than streams hold";
    if (least > machine.alus)
      error.attachNote(loc)
          << "with fewer it cannot be computed: give the machine " << least
          << " at least (vxm.alus)";
    return error;
  };

  size_t begin = 0;
  bool first = true;
  while (first || begin < ops.size()) {
    // Try the longest run of operations, then shorter ones.
    bool done = false;
    int least = 0; // ALUs of the last run that was too long.
    for (size_t end = ops.size(); !done; --end) {
      if (end < begin ||
          (end == begin && begin < ops.size() && !(first && product)))
        return needsAlus(least);
      bool last = end == ops.size();
      // What later operations or the terminator need of this run.
      SmallVector<Value> yields;
      if (last) {
        llvm::append_range(yields, terminator->getOperands());
      } else {
        auto needed = [&](Value v) {
          return llvm::any_of(v.getUsers(), [&](Operation *user) {
            if (user == terminator)
              return true;
            size_t at = size_t(llvm::find(ops, user) - ops.begin());
            return at >= end && at < ops.size();
          });
        };
        if (first && product &&
            needed(body.getArgument(unsigned(productArgument))))
          yields.push_back(body.getArgument(unsigned(productArgument)));
        for (size_t i = begin; i < end; ++i)
          for (Value v : ops[i]->getResults())
            if (needed(v) && !isa<arith::ConstantOp>(ops[i]))
              yields.push_back(v);
        // Two planes write what they spill at once.
        if (yields.size() > (first && product && product->bytes ? 1 : 4))
          continue;
      }
      // Operands of the run.
      SmallVector<Source> used;
      Source *accumulator = nullptr;
      auto touches = [&](Value v) {
        return llvm::is_contained(yields, v) ||
               llvm::any_of(v.getUsers(), [&](Operation *user) {
                 size_t at = size_t(llvm::find(ops, user) - ops.begin());
                 return at >= begin && at < end;
               });
      };
      for (Source &s : sources) {
        if (!s.tensor)
          accumulator = &s;
        else if (touches(s.scalar))
          used.push_back(s);
      }
      bool fuse = first && product;
      // The body of the run.
      auto block = std::make_unique<Block>();
      IRMapping mapping;
      SmallVector<DataType> leaves;
      OpBuilder inner(b.getContext());
      inner.setInsertionPointToEnd(block.get());
      if (fuse) {
        // Sums come as f32; those of integers are whole numbers.
        Value sum = block->addArgument(
            product->bytes ? Type(b.getI32Type()) : Type(b.getF32Type()), loc);
        Type type = computeType(b, accumulator->scalar.getType());
        if (type.isInteger() && !product->bytes) {
          // Already whole; said so for the sake of the conversion.
          sum = math::RoundEvenOp::create(inner, loc, sum);
          sum = arith::FPToSIOp::create(inner, loc, type, sum);
        }
        mapping.map(accumulator->scalar, sum);
        leaves.push_back(product->bytes ? DataType::I32 : DataType::F32);
      }
      // Two planes have their epilogues at once.
      int alus = fuse && product->bytes ? machine.alus / 2 : machine.alus;
      for (Source &s : used) {
        mapping.map(s.scalar, block->addArgument(
                                  computeType(b, s.scalar.getType()), loc));
        leaves.push_back(storageOf(s.tensor.getType()));
      }
      // Uniform constants and constants of earlier runs are cloned where used.
      for (size_t i = 0; i < end; ++i)
        if (i >= begin || isa<arith::ConstantOp>(ops[i]))
          cloneScalar(inner, *ops[i], mapping);
      SmallVector<Value> yielded;
      for (Value v : yields)
        yielded.push_back(mapping.lookupOrDefault(v));
      YieldOp::create(inner, loc, yielded);
      // Types of what it yields: results, or spills in full precision.
      SmallVector<RankedTensorType> types;
      SmallVector<AffineMap> maps;
      if (last) {
        types.assign(results.begin(), results.end());
        maps.assign(resultMaps.begin(), resultMaps.end());
      } else {
        for (Value v : yields) {
          Type element = isa<FloatType>(v.getType()) ? Type(b.getF32Type())
                         : v.getType().isInteger(1)  ? Type(b.getIntegerType(8))
                                                     : Type(b.getI32Type());
          types.push_back(RankedTensorType::get(results[0].getShape(), element,
                                                results[0].getEncoding()));
          maps.push_back(resultMaps[0]);
        }
      }
      SmallVector<DataType> stored;
      for (RankedTensorType type : types)
        stored.push_back(storageOf(type));
      bool maskNow = mask && last;
      auto program = buildAluProgram(machine, *block, leaves, stored, maskNow);
      if (failed(program))
        return op.emitError("this operator is not supported on the chip");
      if (program->alus() > alus) {
        least = program->alus();
        if (end == begin)
          return needsAlus(least);
        // Sums of bytes go to memory as they are where one kernel does the
        // rest.
        if (fuse && product->bytes && last && program->alus() <= machine.alus &&
            streamsLong(*product))
          end = begin + 1;
        continue;
      }
      // Emit.
      SmallVector<Value> tensors;
      SmallVector<AffineMap> allMaps;
      for (Source &s : used) {
        tensors.push_back(s.tensor);
        allMaps.push_back(s.map);
      }
      SmallVector<Type> resultTypes(types.begin(), types.end());
      UnitAttr maskAttr = maskNow ? b.getUnitAttr() : UnitAttr();
      Operation *kernel;
      if (fuse) {
        // Loops of the product come first; the epilogue's loops are those of
        // the result, so its maps are composed with the result's map.
        SmallVector<AffineMap> contractMaps(product->maps);
        for (AffineMap m : allMaps)
          contractMaps.push_back(m.compose(product->resultMap));
        for (AffineMap m : maps)
          contractMaps.push_back(m.compose(product->resultMap));
        kernel = ContractOp::create(
            b, fuseLocations(b.getContext(), {product->loc, loc}), resultTypes,
            product->streamed, product->installed, tensors,
            b.getAffineMapArrayAttr(contractMaps),
            b.getDenseI64ArrayAttr(product->extents),
            b.getDenseF32ArrayAttr(product->scales), maskAttr, StringAttr());
      } else {
        llvm::append_range(allMaps, maps);
        kernel = MapOp::create(b, loc, resultTypes, tensors,
                               b.getAffineMapArrayAttr(allMaps), maskAttr);
      }
      kernel->getRegion(0).push_back(block.release());
      if (last) {
        for (auto [result, placed] :
             llvm::zip(op->getResults(), kernel->getResults()))
          setVersion(result, placed);
        return mlir::success();
      }
      SmallVector<Source> next;
      for (Source &s : sources)
        if (s.tensor)
          next.push_back(s);
      for (auto [v, placed] : llvm::zip(yields, kernel->getResults()))
        next.push_back({v, placed, resultMaps[0]});
      sources = next;
      begin = end;
      first = false;
      done = true;
    }
  }
  return mlir::success();
}

LogicalResult Placer::placeElementwise(linalg::GenericOp op) {
  Location loc = op.getLoc();
  SmallVector<int64_t> loops = op.getStaticLoopRanges();
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  auto resultType = cast<RankedTensorType>(op.getResult(0).getType());
  AffineMap resultMap = maps[op.getNumDpsInputs()];
  if (!resultMap.isPermutation())
    return op.emitError(
        "expected the result of an element-wise operation to have "
        "every loop as a dimension");

  // At most one operand is a product that waits for an epilogue.
  PendingContract *product = nullptr;
  int productArgument = -1;
  for (int i = 0; i < int(op.getNumDpsInputs()); ++i) {
    Value operand = op.getDpsInputs()[unsigned(i)];
    auto it = pending.find(operand);
    if (it == pending.end())
      continue;
    if (product) {
      if (failed(finishPending(operand)))
        return failure();
      continue;
    }
    product = &it->second;
    productArgument = i;
  }

  // Lanes: the product's, else those of the largest computed operand.
  std::vector<LaneDigits> byLoop;
  for (int64_t extent : loops)
    byLoop.push_back({{extent, 0, true}});
  bool splat = false;
  if (product) {
    AffineMap m = maps[unsigned(productArgument)];
    for (unsigned d = 0; d < m.getNumResults(); ++d)
      byLoop[m.getDimPosition(d)] = product->resultDigits[d];
    splat = product->splat;
  } else {
    int64_t best = -1;
    bool anySplat = false;
    for (int i = 0; i < int(op.getNumDpsInputs()); ++i) {
      Value operand = op.getDpsInputs()[unsigned(i)];
      if (isFree(operand))
        continue;
      Value placed = anyVersion(operand);
      if (!placed)
        return op.emitError("internal error: an operand is not placed");
      Layout layout = layoutOf(placed.getType());
      if (layout.splat) {
        anySplat = true;
        continue;
      }
      int64_t size = cast<ShapedType>(operand.getType()).getNumElements();
      if (size <= best)
        continue;
      best = size;
      for (size_t d = 0; d < loops.size(); ++d)
        byLoop[d] = {{loops[d], 0, true}};
      AffineMap m = maps[unsigned(i)];
      for (unsigned d = 0; d < m.getNumResults(); ++d)
        if (stepsLanes(layout, d))
          byLoop[m.getDimPosition(d)] = laneDigits(layout, d);
    }
    if (best < 0) {
      // Only splats, constants and inputs.
      int64_t covered = 1, total = 1;
      for (int64_t extent : loops)
        total *= extent;
      for (Value operand : op.getDpsInputs())
        if (!isFree(operand))
          covered = std::max(
              covered, cast<ShapedType>(operand.getType()).getNumElements());
      splat = (anySplat && covered == total) || loops.empty();
      if (!splat) {
        SmallVector<int> lanes{
            int(resultMap.getDimPosition(resultMap.getNumResults() - 1))};
        byLoop = packLanes(loops, lanes, machine.lanes(), 1);
      }
    }
  }
  std::vector<LaneDigits> digits;
  for (unsigned d = 0; d < resultMap.getNumResults(); ++d)
    digits.push_back(byLoop[resultMap.getDimPosition(d)]);
  if (splat)
    for (LaneDigits &dim : digits)
      for (LaneDigit &digit : dim)
        digit.lane = 0;
  Layout layout =
      splat ? splatLayout(resultType.getShape()) : buildLayout(digits);
  if (product && product->bytes)
    layout = spreadVectors(layout, machine.segmentWords());
  Layout loopLayout = splat ? splatLayout(loops) : buildLayout(byLoop);

  // Operands, aligned; uniform constants become scalars of the body.
  auto body = std::make_unique<Block>();
  IRMapping mapping;
  OpBuilder inner(b.getContext());
  inner.setInsertionPointToEnd(body.get());
  SmallVector<Value> in;
  SmallVector<AffineMap> inMaps;
  int argument = -1;
  for (int i = 0; i < int(op.getNumDpsInputs()); ++i) {
    Value operand = op.getDpsInputs()[unsigned(i)];
    BlockArgument scalar = op.getBody()->getArgument(unsigned(i));
    if (scalar.use_empty())
      continue;
    Type type = computeType(b, scalar.getType());
    AffineMap m = maps[unsigned(i)];
    if (i == productArgument) {
      argument = int(in.size());
      in.push_back(Value());
      inMaps.push_back(m);
      mapping.map(scalar, body->addArgument(type, loc));
      continue;
    }
    if (TypedAttr uniform = uniformScalar(b, constantOf(operand))) {
      mapping.map(scalar, arith::ConstantOp::create(inner, loc, uniform));
      continue;
    }
    if (!m.isProjectedPermutation())
      return op.emitError("expected an operand indexed by loops only");
    auto operandType = cast<RankedTensorType>(operand.getType());
    std::vector<LaneDigits> operandDigits;
    bool anyLane = false;
    for (unsigned d = 0; d < m.getNumResults(); ++d) {
      unsigned loop = m.getDimPosition(d);
      operandDigits.push_back(byLoop[loop]);
      if (!splat && stepsLanes(loopLayout, loop))
        anyLane = true;
      else
        operandDigits.back() = {{operandType.getDimSize(d), 0, true}};
    }
    Layout wanted = splat || !anyLane ? splatLayout(operandType.getShape())
                                      : buildLayout(operandDigits);
    // Loops in lanes that the operand has not: it must be there in every step
    // of theirs.
    SmallVector<unsigned> missing;
    if (!wanted.splat)
      for (unsigned loop = 0; loop < loops.size(); ++loop)
        if (stepsLanes(loopLayout, loop) &&
            !m.getResultPosition(b.getAffineDimExpr(loop)))
          missing.push_back(loop);
    mapping.map(scalar, body->addArgument(type, loc));
    if (!missing.empty()) {
      auto spread = spreadInLanes(operand, m, missing, byLoop, loops, loc);
      if (failed(spread))
        return failure();
      SmallVector<AffineExpr> exprs(m.getResults());
      for (unsigned loop : missing)
        exprs.push_back(b.getAffineDimExpr(loop));
      in.push_back(*spread);
      inMaps.push_back(
          AffineMap::get(unsigned(loops.size()), 0, exprs, b.getContext()));
      continue;
    }
    auto placed = version(operand, wanted, loc);
    if (failed(placed))
      return failure();
    in.push_back(*placed);
    inMaps.push_back(m);
  }
  for (Operation &scalar : op.getBody()->without_terminator()) {
    if (isa<linalg::IndexOp>(scalar)) {
      // Loop indices are a constant vector.
      auto index = cast<linalg::IndexOp>(scalar);
      unsigned loop = unsigned(index.getDim());
      std::vector<int32_t> values;
      for (int64_t v = 0; v < loops[loop]; ++v)
        values.push_back(int32_t(v));
      auto dense = DenseElementsAttr::get(
          RankedTensorType::get({loops[loop]}, b.getI32Type()),
          ArrayRef<int32_t>(values));
      bool lane = !splat && stepsLanes(loopLayout, loop);
      Layout own =
          lane ? buildLayout({byLoop[loop]}) : splatLayout({loops[loop]});
      in.push_back(
          table(dense, placedType({loops[loop]}, b.getI32Type(), own), loc));
      inMaps.push_back(AffineMap::get(unsigned(loops.size()), 0,
                                      {b.getAffineDimExpr(loop)},
                                      b.getContext()));
      mapping.map(index.getResult(), body->addArgument(b.getI32Type(), loc));
      continue;
    }
    if (scalar.getNumRegions() || isa<tensor::ExtractOp>(scalar))
      return op.emitError("this operator is not supported on the chip");
    cloneScalar(inner, scalar, mapping);
  }
  SmallVector<Value> yields;
  for (Value v : op.getBody()->getTerminator()->getOperands())
    if (!mapping.contains(v) && v.getDefiningOp<arith::ConstantOp>())
      cloneScalar(inner, *v.getDefiningOp(), mapping);
  for (Value v : op.getBody()->getTerminator()->getOperands())
    yields.push_back(mapping.lookupOrDefault(v));
  YieldOp::create(inner, loc, yields);

  SmallVector<RankedTensorType> results;
  SmallVector<AffineMap> resultMaps;
  for (unsigned i = 0; i < op.getNumResults(); ++i) {
    auto type = cast<RankedTensorType>(op.getResult(i).getType());
    // What is only summed keeps its precision: squares overflow f16.
    bool summed = !op.getResult(i).use_empty() &&
                  llvm::all_of(op.getResult(i).getUsers(), [](Operation *user) {
                    auto generic = dyn_cast<linalg::GenericOp>(user);
                    return generic && combinerKind(generic) == "add" &&
                           !isContraction(generic);
                  });
    results.push_back(
        placedType(type.getShape(),
                   storageType(type.getElementType(), splat,
                               summed || onlyReturned(op.getResult(i)) ||
                                   quantised(op.getResult(i)) ||
                                   onlyQuantised(op.getResult(i))),
                   layout));
    AffineMap own = maps[op.getNumDpsInputs() + i];
    if (own != resultMap)
      return op.emitError("expected all results to be indexed alike");
    resultMaps.push_back(own);
  }
  PendingContract copy =
      product ? *product
              : PendingContract{loc, {}, {}, {}, {}, {}, {}, {}, false};
  if (product) {
    // The product's loops, seen from this operation's loops: product result
    // dimension d is loop m(d), so maps over these loops compose through it.
    AffineMap m = maps[unsigned(productArgument)];
    AffineMap inverse = inversePermutation(m);
    if (!inverse)
      return op.emitError(
          "internal error: an epilogue has other loops than its product");
    copy.resultMap = inverse.compose(copy.resultMap);
    pending.erase(op.getDpsInputs()[unsigned(productArgument)]);
  }
  return emitBody(op, *body, in, inMaps, results, resultMaps,
                  product ? &copy : nullptr, argument);
}
