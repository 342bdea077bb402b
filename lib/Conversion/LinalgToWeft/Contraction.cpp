// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Contractions: which operand is installed and which is streamed, what goes
// into the lanes of the result, and which products wait for an epilogue.

#include "Placer.h"

using namespace mlir;
using namespace weft;

/// The scalar operation that combines `acc` (the output argument) with x.
static Operation *combiner(linalg::GenericOp op) {
  if (op.getNumDpsInits() != 1)
    return nullptr;
  Operation *yield = op.getBody()->getTerminator();
  return yield->getOperand(0).getDefiningOp();
}

StringRef weft::combinerKind(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 1 || op.getNumDpsInits() != 1 ||
      op.getNumReductionLoops() == 0)
    return "";
  Operation *c = combiner(op);
  if (!c || c->getNumOperands() != 2 || &op.getBody()->front() != c)
    return "";
  Value input = op.getBody()->getArgument(0),
        out = op.getBody()->getArgument(1);
  if (!((c->getOperand(0) == input && c->getOperand(1) == out) ||
        (c->getOperand(0) == out && c->getOperand(1) == input)))
    return "";
  return llvm::TypeSwitch<Operation *, StringRef>(c)
      .Case<arith::AddFOp, arith::AddIOp>([](auto) { return "add"; })
      .Case<arith::MulFOp, arith::MulIOp>([](auto) { return "mul"; })
      .Case<arith::MaximumFOp, arith::MaxNumFOp, arith::MaxSIOp,
            arith::MaxUIOp>([](auto) { return "max"; })
      .Case<arith::MinimumFOp, arith::MinNumFOp, arith::MinSIOp,
            arith::MinUIOp>([](auto) { return "min"; })
      .Case<arith::AndIOp>([](auto) { return "and"; })
      .Case<arith::OrIOp>([](auto) { return "or"; })
      .Default([](Operation *) { return ""; });
}

bool weft::isContraction(linalg::GenericOp op) {
  if (op.getNumDpsInputs() != 2 || op.getNumDpsInits() != 1)
    return false;
  Operation *add = combiner(op);
  if (!add || !isa<arith::AddFOp, arith::AddIOp>(add))
    return false;
  Block *body = op.getBody();
  for (unsigned side = 0; side < 2; ++side) {
    if (add->getOperand(side) != body->getArgument(2))
      continue;
    Operation *mul = add->getOperand(1 - side).getDefiningOp();
    if (!mul || !isa<arith::MulFOp, arith::MulIOp>(mul))
      continue;
    Value x = mul->getOperand(0), y = mul->getOperand(1);
    // Operands may be widened first (f16 to f32, i8 to i32).
    auto strip = [](Value v) {
      while (Operation *def = v.getDefiningOp()) {
        if (!isa<arith::ExtFOp, arith::ExtSIOp, arith::ExtUIOp>(def))
          break;
        v = def->getOperand(0);
      }
      return v;
    };
    x = strip(x);
    y = strip(y);
    return (x == body->getArgument(0) && y == body->getArgument(1)) ||
           (x == body->getArgument(1) && y == body->getArgument(0));
  }
  return false;
}

/// The initial value of a reduction, if it is one scalar.
static std::optional<double> initialValue(linalg::GenericOp op) {
  Value init = op.getDpsInits()[0];
  TypedAttr attr;
  if (auto fill = init.getDefiningOp<linalg::FillOp>()) {
    if (auto c = fill.getInputs()[0].getDefiningOp<arith::ConstantOp>())
      attr = c.getValue();
  } else if (auto c = init.getDefiningOp<arith::ConstantOp>()) {
    auto dense = dyn_cast<DenseElementsAttr>(c.getValue());
    if (!dense || !dense.isSplat())
      return std::nullopt;
    attr = dense.getSplatValue<TypedAttr>();
  }
  if (auto f = dyn_cast_or_null<FloatAttr>(attr))
    return f.getValueAsDouble();
  if (auto i = dyn_cast_or_null<IntegerAttr>(attr))
    return i.getType().isInteger(1) ? double(i.getValue().getZExtValue())
                                    : double(i.getValue().getSExtValue());
  return std::nullopt;
}

bool Placer::waitsForEpilogue(linalg::GenericOp op, Value result) {
  if (!result.hasOneUse())
    return false;
  auto user = dyn_cast<linalg::GenericOp>(*result.getUsers().begin());
  if (!user || user.getNumParallelLoops() != user.getNumLoops() ||
      user->getBlock() != op->getBlock())
    return false;
  for (OpOperand &operand : user->getOpOperands())
    if (operand.get() == result) {
      if (!user.isDpsInput(&operand))
        return false;
      AffineMap m = user.getMatchingIndexingMap(&operand);
      if (!m.isPermutation() || m.getNumResults() != user.getNumLoops())
        return false;
    }
  for (Operation &inner : user.getBody()->without_terminator())
    if (isa<tensor::ExtractOp>(inner))
      return false;
  return true;
}

bool weft::onlyReturned(Value value) {
  return !value.use_empty() &&
         llvm::all_of(value.getUsers(), [](Operation *user) {
           if (isa<tensor::CollapseShapeOp, tensor::ExpandShapeOp>(user))
             return onlyReturned(user->getResult(0));
           return isa<func::ReturnOp>(user);
         });
}

LogicalResult Placer::finishPending(Value value) {
  auto it = pending.find(value);
  if (it == pending.end())
    return mlir::success();
  PendingContract product = it->second;
  pending.erase(it);
  auto type = cast<RankedTensorType>(value.getType());
  Layout layout = product.splat ? splatLayout(type.getShape())
                                : buildLayout(product.resultDigits);
  if (product.bytes)
    layout = spreadVectors(layout, machine.segmentWords());
  setVersion(
      value,
      contract(product,
               placedType(type.getShape(),
                          storageType(type.getElementType(), product.splat,
                                      onlyReturned(value) || quantised(value)),
                          layout)));
  return mlir::success();
}

/// Exchanges the streamed operand `s` and the installed one where the result is
/// reduced over what would be in its lanes, and not over its rows: lanes then
/// hold what stays. Whether it did.
bool Placer::swapForReductions(linalg::GenericOp op, unsigned &s,
                               unsigned &w) const {
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  AffineMap sm = maps[s], wm = maps[w], cm = maps[2];
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  int64_t rows = 1, columns = 1;
  bool rowsReduced = false, columnsReduced = false;
  for (unsigned d = 0; d < cm.getNumResults(); ++d) {
    unsigned loop = cm.getDimPosition(d);
    AffineExpr e = b.getAffineDimExpr(loop);
    bool inS = sm.getResultPosition(e).has_value(),
         inW = wm.getResultPosition(e).has_value();
    if (inS == inW)
      continue;
    (inS ? rows : columns) *= extents[loop];
    if (isReducedLater(op.getResult(0), int(d)))
      (inS ? rowsReduced : columnsReduced) = true;
  }
  // Few rows would leave most lanes empty.
  if (!columnsReduced || rowsReduced || rows < 8 || rows * 4 < columns)
    return false;
  std::swap(s, w);
  return true;
}

/// Keeps members that are multiplied one by one from crossing the middle of
/// the lanes, where that takes no more vectors: what contracts them streams
/// halves, and what transposes them brings two from the same lanes of either
/// half beside each other.
void Placer::alignMembers(Value result, ArrayRef<int> lanes,
                          std::vector<LaneDigits> &digits) const {
  auto shape = cast<RankedTensorType>(result.getType()).getShape();
  int inner = lanes[0], outer = lanes[1];
  int64_t used = shape[size_t(inner)], count = shape[size_t(outer)];
  const int64_t half = machine.halfLanes();
  if (digits[size_t(inner)].size() != 1 || digits[size_t(outer)].empty() ||
      !digits[size_t(outer)].front().lane || used * count <= half ||
      !isMultipliedByMember(result, outer))
    return;
  const int64_t dense = digits[size_t(outer)].front().extent;
  const int64_t vectors = (count + dense - 1) / dense;
  // As many in each half as divide them evenly, if that takes no more vectors
  // than as many as fit.
  std::vector<LaneDigits> members(digits);
  members[size_t(outer)] = {{count, 0, true}};
  const int64_t block = machine.weightStreams / 2;
  const int64_t most =
      std::min(half / ((used + block - 1) / block * block), count);
  for (bool evenly : {true, false})
    for (int64_t inHalf = most; inHalf > 0; --inHalf) {
      if ((count + 2 * inHalf - 1) / (2 * inHalf) > vectors)
        break;
      if (evenly && count % inHalf != 0)
        continue;
      packMembers(members, outer, used, machine.lanes(), int(block), inHalf);
      digits = members;
      return;
    }
}

/// Whether nothing but the model's outputs and element-wise work on constants
/// and inputs sees the lanes of a value, so that they may be any.
bool Placer::anyLanesWillDo(Value value) {
  if (onlyReturned(value))
    return true;
  if (!value.hasOneUse())
    return false;
  auto user = dyn_cast<linalg::GenericOp>(*value.getUsers().begin());
  return user && user.getNumParallelLoops() == user.getNumLoops() &&
         user->getNumResults() == 1 &&
         llvm::all_of(user.getDpsInputs(),
                      [&](Value v) { return v == value || isFree(v); }) &&
         llvm::none_of(
             user.getBody()->without_terminator(),
             [](Operation &inner) { return isa<tensor::ExtractOp>(inner); }) &&
         anyLanesWillDo(user->getResult(0));
}

/// Whether a product takes fewer cycles when operand `s`, which would be
/// streamed, is installed instead: the tiles of either choice are full or not.
/// Asked only where the other layouts that it takes cost nothing.
bool Placer::tilesBetterSwapped(linalg::GenericOp op, unsigned s, bool bytes) {
  Value operands[] = {op.getDpsInputs()[s], op.getDpsInputs()[1 - s]};
  if (!isFree(operands[0]) || !isFree(operands[1]) ||
      !anyLanesWillDo(op.getResult(0)))
    return false;
  SmallVector<AffineMap> all = op.getIndexingMapsArray();
  AffineMap maps[] = {all[s], all[1 - s]};
  int64_t free[] = {1, 1}, contracted = 1;
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  for (unsigned loop = 0; loop < extents.size(); ++loop) {
    bool used[] = {usesLoop(maps[0], loop), usesLoop(maps[1], loop)};
    if (!usesLoop(all[2], loop))
      contracted *= extents[loop];
    else if (used[0] && used[1])
      return false; // a batch
    else
      free[used[1]] *= extents[loop];
  }
  auto up = [](int64_t a, int64_t b) { return (a + b - 1) / b; };
  // Constants are packed ahead of time, and bytes lie as they are installed;
  // others load at half the speed. Of bytes, two columns of tiles go side by
  // side, one that is left is divided: half the tiles along K to each plane.
  auto cycles = [&](unsigned installed) {
    int64_t load = up(machine.lanes(), machine.weightStreams) *
                   (bytes || constantOf(operands[installed]) ? 1 : 2);
    if (bytes) {
      int64_t along = up(contracted, machine.lanes()),
              columns = up(free[installed], machine.lanes());
      return (columns / 2 * along + columns % 2 * up(along, 2)) *
             std::max(free[1 - installed], 2 * load);
    }
    return up(contracted, machine.halfLanes()) *
           up(free[installed], machine.lanes()) *
           std::max(free[1 - installed], load);
  };
  return free[0] > 1 && cycles(0) < cycles(1);
}

LogicalResult Placer::placeContraction(linalg::GenericOp op) {
  Location loc = op.getLoc();
  if (std::optional<double> init = initialValue(op); !init || *init != 0.0)
    return op.emitError("expected a contraction that starts from zero");
  SmallVector<AffineMap> maps = op.getIndexingMapsArray();
  for (AffineMap m : maps)
    if (!m.isProjectedPermutation())
      return op.emitError("expected a contraction indexed by loops only");
  SmallVector<int64_t> extents = op.getStaticLoopRanges();
  unsigned s = 0, w = 1;
  if (constantOf(op.getDpsInputs()[0]) && !constantOf(op.getDpsInputs()[1]))
    std::swap(s, w);
  bool keepsLanes =
      !constantOf(op.getDpsInputs()[w]) && swapForReductions(op, s, w);
  // Bytes are installed from constants and inputs, which lie as they are
  // wanted.
  auto isByte = [](Value v) {
    return getElementTypeOrSelf(v.getType()).isInteger(8);
  };
  bool bytes = isByte(op.getDpsInputs()[0]) && isByte(op.getDpsInputs()[1]) &&
               constantOf(op.getDpsInputs()[w]);
  if (tilesBetterSwapped(op, s, bytes))
    std::swap(s, w);
  bool exchanged = !keepsLanes && exchangesComputed(op, machine);
  if (exchanged)
    std::swap(s, w);
  Value streamed = op.getDpsInputs()[s], installed = op.getDpsInputs()[w];
  AffineMap sm = maps[s], wm = maps[w], cm = maps[2];

  // Streamed: the contracted loops in lanes, rows (its own loops) in words.
  auto streamedType = cast<RankedTensorType>(streamed.getType());
  bool weights = bool(constantOf(installed));
  Value source = isFree(streamed) ? Value() : anyVersion(streamed);
  bool fits = bool(source);
  SmallVector<int> laneDims;
  int64_t contracted = 1;
  for (int d = int(sm.getNumResults()) - 1; d >= 0; --d) {
    unsigned loop = sm.getDimPosition(unsigned(d));
    bool isContracted = !usesLoop(cm, loop);
    if (isContracted) {
      laneDims.push_back(d);
      contracted *= extents[loop];
    }
    if (source) {
      Layout layout = layoutOf(source.getType());
      bool batch = usesLoop(wm, loop) && usesLoop(cm, loop);
      if (stepsLanes(layout, unsigned(d)) && !isContracted && !batch)
        fits = false;
    }
  }
  if (source) {
    Layout layout = layoutOf(source.getType());
    bool any = llvm::any_of(
        laneDims, [&](int d) { return stepsLanes(layout, unsigned(d)); });
    if (layout.splat || (!any && contracted > 1))
      fits = false;
  }
  if (!fits) {
    // What is transposed into lanes is installed in blocks of columns, each
    // from one half and a dimension that steps columns of memory.
    bool transposed =
        source && llvm::none_of(laneDims, [&](int d) {
          LaneDigits own = laneDigits(layoutOf(source.getType()), unsigned(d));
          return stepsLanes(layoutOf(source.getType()), unsigned(d)) &&
                 !stepsHalvesOnly(own, machine.halfLanes());
        });
    std::vector<LaneDigits> digits =
        packLanes(streamedType.getShape(), laneDims, machine.lanes(),
                  transposed ? machine.weightStreams / 2 : 1);
    // A batch that steps in halves of the lanes stays where it is: a pass
    // streams either half. What fills an odd number of halves does so in equal
    // parts, each with those of another member beside it: 384 as 3 * 128, two
    // members in 3 vectors and not in 2 * 2.
    const int64_t half = machine.halfLanes();
    int64_t parts = exchanged ? (contracted + half - 1) / half : 1;
    if (parts % 2 == 1 && laneDims.size() == 1 && source && !weights) {
      const int64_t align = machine.weightStreams / 2;
      int64_t part = (contracted + parts - 1) / parts;
      part = parts == 1 ? contracted : (part + align - 1) / align * align;
      for (unsigned d = 0; d < sm.getNumResults() && part <= half; ++d) {
        LaneDigits own = halvesOf(laneDigits(layoutOf(source.getType()), d),
                                  extents[sm.getDimPosition(d)], int(half));
        unsigned loop = sm.getDimPosition(d);
        if (!usesLoop(wm, loop) || !usesLoop(cm, loop) || own.empty())
          continue;
        digits[d] = own;
        if (parts > 1)
          digits[size_t(laneDims[0])] = {{part, 1, false}, {parts, 0, true}};
      }
    }
    Layout target = buildLayout(digits);
    if (bytes)
      target = spreadVectors(target, machine.segmentWords());
    ElementsAttr values = constantOf(streamed);
    if (values && !weights && isa<FloatType>(values.getElementType())) {
      // As the matrix unit takes it, ahead of time.
      source = constant(
          values, placedType(streamedType.getShape(), b.getF16Type(), target),
          streamed.getLoc());
    } else {
      auto made = version(streamed, target, loc);
      if (failed(made))
        return failure();
      source = *made;
    }
  }
  Layout streamedLayout = layoutOf(source.getType());
  // Factors of pieces can only go into weights: two computed operands meet in
  // f16.
  if (!weights && getElementTypeOrSelf(source.getType()).isF32())
    source = copy(
        source,
        placedType(streamedType.getShape(), b.getF16Type(), streamedLayout),
        hasPadding(streamedLayout), loc);

  PendingContract product{loc, {}, {}, {}, {}, cm, extents, {}, false};
  product.bytes = bytes;

  // The result: loops of the installed operand in lanes.
  SmallVector<int> resultLanes;
  for (int d = int(cm.getNumResults()) - 1; d >= 0; --d) {
    unsigned loop = cm.getDimPosition(unsigned(d));
    if (usesLoop(wm, loop) && !usesLoop(sm, loop))
      resultLanes.push_back(d);
  }
  auto resultType = cast<RankedTensorType>(op.getResult(0).getType());
  int64_t columns = 1;
  for (int d : resultLanes)
    columns *= resultType.getDimSize(unsigned(d));
  product.splat = columns == 1;
  if (!product.splat && !weights && !exchanged &&
      columns < machine.lanes() / 2) {
    // A user that contracts over the batch wants it in lanes beside them.
    for (int d = int(cm.getNumResults()) - 1; d >= 0; --d) {
      unsigned loop = cm.getDimPosition(unsigned(d));
      if (usesLoop(wm, loop) && usesLoop(sm, loop) &&
          isContractedLater(op.getResult(0), d) &&
          !llvm::is_contained(resultLanes, d))
        resultLanes.push_back(d);
    }
  }
  if (product.splat)
    for (unsigned d = 0; d < cm.getNumResults(); ++d)
      product.resultDigits.push_back({{resultType.getDimSize(d), 0, true}});
  else
    product.resultDigits =
        packLanes(resultType.getShape(), resultLanes, machine.lanes(),
                  machine.weightStreams / 2);
  if ((keepsLanes || exchanged) && resultLanes.size() == 1)
    for (int d = int(cm.getNumResults()) - 1; d >= 0; --d)
      if (unsigned loop = cm.getDimPosition(unsigned(d));
          usesLoop(wm, loop) && usesLoop(sm, loop)) {
        packMembers(product.resultDigits, d, columns, machine.lanes(),
                    machine.weightStreams / 2);
        break;
      }
  if (weights && resultLanes.size() >= 2)
    alignMembers(op.getResult(0), resultLanes, product.resultDigits);

  // Installed: weights are packed later; a computed operand meets the streamed
  // one lane by lane, other elements of the batch masked out.
  SmallVector<Value> installedPieces;
  if (weights) {
    ElementsAttr values = constantOf(installed);
    auto integers = dyn_cast<DenseIntElementsAttr>(values);
    if (values.getElementType().isInteger(8)) {
      // Bytes are packed from where they are.
    } else if (integers) {
      // The matrix unit takes whole numbers as f16, exact up to 2048.
      std::vector<float> floats;
      for (APInt v : integers.getValues<APInt>()) {
        int64_t n = integers.getElementType().isInteger(1)
                        ? int64_t(v.getZExtValue())
                        : v.getSExtValue();
        if (n > 2048 || n < -2048)
          return op.emitError(
              "products with integer constants beyond 2048 are not "
              "supported on the chip");
        floats.push_back(float(n));
      }
      values = DenseElementsAttr::get(integers.getType().clone(b.getF32Type()),
                                      ArrayRef<float>(floats));
    } else if (!isa<FloatType>(values.getElementType())) {
      return op.emitError(
          "products with large integer constants are not supported on "
          "the chip");
    }
    installedPieces.push_back(
        constant(values, values.getType(), installed.getLoc()));
  } else {
    auto type = cast<RankedTensorType>(installed.getType());
    Value from = anyVersion(installed);
    std::vector<LaneDigits> digits;
    int innermost = -1;
    // Whether the contracted lanes of a vector are within one half, and whether
    // that took parts of them.
    int64_t inLanes = 1;
    bool inParts = false;
    for (int d : laneDims)
      for (const LaneDigit &digit : laneDigits(streamedLayout, unsigned(d))) {
        inLanes += digit.lane * (digit.extent - 1);
        inParts |= digit.vector && digit.extent > 1;
      }
    const bool withinHalf = inLanes <= machine.halfLanes();
    for (unsigned d = 0; d < wm.getNumResults(); ++d) {
      unsigned loop = wm.getDimPosition(d);
      LaneDigits dim{{type.getDimSize(d), 0, true}};
      if (auto at =
              sm.getResultPosition(getAffineDimExpr(loop, b.getContext()))) {
        dim = laneDigits(streamedLayout, unsigned(*at));
        // A member may lie in the other half than the one it meets: where it is
        // already, or beside another one.
        LaneDigits own = from ? laneDigits(layoutOf(from.getType()), d) : dim;
        if (usesLoop(cm, loop) && own != dim) {
          LaneDigits kept = halvesOf(own, extents[loop], machine.halfLanes());
          if (kept.empty() && inParts && extents[loop] > 1)
            kept = {{2, machine.halfLanes(), false},
                    {(extents[loop] + 1) / 2, 0, true}};
          dim = withoutHalves(dim, machine.halfLanes());
          bool lanes = llvm::any_of(dim, [](const LaneDigit &digit) {
            return digit.lane && digit.extent > 1;
          });
          if (!lanes && !kept.empty() && withinHalf) {
            dim = kept;
            inParts = false; // One dimension steps halves.
          }
        }
        // Members within one half must not meet each other's elements; those
        // in the other half do not.
        if (usesLoop(cm, loop))
          for (LaneDigit &digit : dim)
            digit.vector |= digit.lane % machine.halfLanes() != 0;
      } else {
        innermost = std::max(innermost, int(d));
      }
      digits.push_back(dim);
    }
    for (int d : resultLanes)
      if (auto at = wm.getResultPosition(
              getAffineDimExpr(cm.getDimPosition(unsigned(d)), b.getContext()));
          at && !usesLoop(sm, cm.getDimPosition(unsigned(d)))) {
        innermost = int(*at);
        break;
      }
    Layout target = buildLayout(digits, false, innermost,
                                machine.weightStreams / (bytes ? 1 : 2));
    target.offset.lane = streamedLayout.offset.lane;
    if (auto it = inputs.find(installed);
        it != inputs.end() && innermost >= 0 &&
        (bytes || isa<FloatType>(type.getElementType()))) {
      // Inputs arrive as they are wanted.
      Type element = bytes ? Type(b.getIntegerType(8)) : b.getF16Type();
      from =
          input(it->second, placedType(type.getShape(), element, target), loc);
      setVersion(installed, from);
      installedPieces.push_back(from);
    }
    if (!from) {
      Layout plain = buildLayout(digits);
      plain.offset.lane = target.offset.lane;
      auto made = version(installed, plain, loc);
      if (failed(made))
        return failure();
      from = *made;
    }
    if (installedPieces.empty()) {
      auto made = relayout(from, target, b.getF16Type(), loc);
      if (failed(made))
        return failure();
      installedPieces.push_back(innermost < 0 ? replicated(*made, loc) : *made);
    }
  }
  SmallVector<AffineMap> installedMaps;
  auto streamedPieces =
      product.bytes ? SmallVector<std::pair<Value, float>>{{source, 1.0f}}
                    : pieces(source, loc);
  for (auto [piece, scale] : streamedPieces) {
    if (!weights && scale != 1.0f)
      return op.emitError(
          "products of two computed integer tensors are not supported "
          "on the chip");
    product.streamed.push_back(piece);
    product.installed.push_back(installedPieces[0]);
    product.scales.push_back(scale);
    product.maps.push_back(sm);
    installedMaps.push_back(wm);
  }
  llvm::append_range(product.maps, installedMaps);

  Value result = op.getResult(0);
  bool waits = waitsForEpilogue(op, result);
  pending.try_emplace(result, product);
  return waits ? mlir::success() : finishPending(result);
}
