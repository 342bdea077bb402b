// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Building chains; see ChainBuilder.h.

#include "ChainBuilder.h"

using namespace mlir;
using namespace weft;

int weft::segmentWords(const Machine &machine) {
  return machine.segmentWords();
}

std::string ChainBuilder::nodeName(Location loc) {
  std::string name;
  loc->walk([&](Location inner) {
    if (auto named = dyn_cast<NameLoc>(inner)) {
      name = named.getName().str();
      return WalkResult::interrupt();
    }
    return WalkResult::advance();
  });
  return name;
}

static Type typeOf(OpBuilder &b, DataType type) {
  switch (type) {
  case DataType::I8:
    return b.getIntegerType(8);
  case DataType::I16:
    return b.getIntegerType(16);
  case DataType::I32:
    return b.getI32Type();
  case DataType::F16:
    return b.getF16Type();
  case DataType::F32:
    return b.getF32Type();
  }
  return {};
}

static int segmentsOf(const Machine &machine, const Layout &layout) {
  int words = std::max(layout.words, 1), segment = segmentWords(machine);
  return (words + segment - 1) / segment;
}

int ChainBuilder::bufferCount(Type type) const {
  Layout layout = layoutOf(type);
  return layout.columns * byteWidth(storageOf(type)) *
         segmentsOf(machine, layout);
}

Memory ChainBuilder::makeMemory(Type type, ValueRange buffers) const {
  Memory memory;
  memory.layout = layoutOf(type);
  memory.storage = storageOf(type);
  memory.segments = segmentsOf(machine, memory.layout);
  memory.buffers.assign(buffers.begin(), buffers.end());
  return memory;
}

/// Whether weights in both hemispheres stream this tensor.
static bool streamedByWeights(Value placed) {
  for (Operation *user : placed.getUsers()) {
    if (auto view = dyn_cast<ViewOp>(user)) {
      if (streamedByWeights(view.getResult()))
        return true;
      continue;
    }
    auto contract = dyn_cast<ContractOp>(user);
    if (!contract || !llvm::is_contained(contract.getStreamed(), placed))
      continue;
    for (Value installed : contract.getInstalled())
      if (!isPlaced(installed.getType()))
        return true;
  }
  return false;
}

/// Chains that read one small operand at a time, each from a copy of its own:
/// as many as the ALUs let run in step, five or six each.
static constexpr size_t kTurns = 2;
/// Words of the largest operand that is worth it.
static constexpr int64_t kTurnWords = 1;

static int64_t vectorsOf(Type type) {
  Layout layout = layoutOf(type);
  return int64_t(std::max(layout.words, 1)) * layout.columns;
}

/// Whether kernels read every vector of a tensor for several of their results,
/// as they do scales, bias and means: chains that could run at once would wait
/// for each other, for a slice gives one word a cycle.
static bool isReadOften(Value placed) {
  int64_t own = vectorsOf(placed.getType());
  if (own > kTurnWords)
    return false;
  return llvm::any_of(placed.getUsers(), [&](Operation *user) {
    bool reads = isa<MapOp>(user);
    if (auto contract = dyn_cast<ContractOp>(user))
      reads = llvm::is_contained(contract.getExtra(), placed);
    return reads && vectorsOf(user->getResult(0).getType()) >=
                        std::max<int64_t>(2 * own, 64);
  });
}

Memory ChainBuilder::turnOf(Value placed) {
  Memory &memory = memoryOf(placed);
  if (auto constant = memory.buffers.front().getDefiningOp<tsp::ConstantOp>();
      constant && memory.others.empty() && isReadOften(placed))
    for (size_t i = 1; i < kTurns; ++i) {
      Operation *copy = b.clone(*constant);
      memory.others.emplace_back(copy->result_begin(), copy->result_end());
    }
  Memory result = memory;
  if (size_t turn = turns[placed]++ % (memory.others.size() + 1))
    result.buffers = memory.others[turn - 1];
  return result;
}

void ChainBuilder::allocate(ValueRange results, int spareAlus, Location loc) {
  for (Value placed : results) {
    Layout layout = layoutOf(placed.getType());
    SmallVector<Type> types(size_t(bufferCount(placed.getType())),
                            tsp::BufferType::get(b.getContext()));
    bool twice = spareAlus > 0 && streamedByWeights(placed);
    auto make = [&](IntegerAttr hemisphere) {
      return tsp::ScratchOp::create(b, loc, types,
                                    b.getI64IntegerAttr(layout.words),
                                    hemisphere, DenseI64ArrayAttr());
    };
    auto op = make(twice ? b.getI64IntegerAttr(0) : IntegerAttr());
    Memory memory = makeMemory(placed.getType(), op.getBuffers());
    if (twice) {
      --spareAlus;
      auto second = make(b.getI64IntegerAttr(1));
      memory.east.assign(second.getBuffers().begin(),
                         second.getBuffers().end());
    } else if (isReadOften(placed)) {
      for (size_t i = 1; i < kTurns; ++i) {
        auto other = make(IntegerAttr());
        memory.others.emplace_back(other.getBuffers().begin(),
                                   other.getBuffers().end());
      }
    }
    setMemory(placed, std::move(memory));
  }
}

Memory ChainBuilder::scratch(DataType storage, int64_t words, Location loc) {
  Layout layout;
  layout.dims = {{Digit{words, 0, 1, 0}}};
  layout.words = int32_t(words);
  layout.splat = true;
  auto type = RankedTensorType::get({words}, typeOf(b, storage),
                                    LayoutAttr::get(b.getContext(), layout));
  SmallVector<Type> types(size_t(bufferCount(type)),
                          tsp::BufferType::get(b.getContext()));
  auto op = tsp::ScratchOp::create(b, loc, types, b.getI64IntegerAttr(words),
                                   IntegerAttr(), DenseI64ArrayAttr());
  return makeMemory(type, op.getBuffers());
}

Memory ChainBuilder::laneConstant(ArrayRef<std::vector<int32_t>> rows,
                                  Location loc) {
  std::vector<std::vector<int32_t>> key(rows.begin(), rows.end());
  // A slice feeds one reader at a time: bursts take turns with a few copies.
  auto &[copies, again] = laneConstants[key];
  constexpr size_t limit = 8;
  if (copies.size() == limit)
    return copies[again++ % limit];
  std::vector<int32_t> values;
  for (const auto &row : rows)
    values.insert(values.end(), row.begin(), row.end());
  int64_t lanes = machine.lanes();
  SmallVector<int64_t> shape{int64_t(rows.size()), lanes};
  Layout layout;
  layout.dims = {{Digit{int64_t(rows.size()), 0, 1, 0}},
                 {Digit{lanes, 1, 0, 0}}};
  layout.words = int32_t(rows.size());
  auto plain = RankedTensorType::get(shape, b.getI32Type());
  auto type = RankedTensorType::get(shape, b.getI32Type(),
                                    LayoutAttr::get(b.getContext(), layout));
  SmallVector<Type> types(size_t(bufferCount(type)),
                          tsp::BufferType::get(b.getContext()));
  auto op = tsp::ConstantOp::create(
      b, tableLocation(loc), types,
      DenseElementsAttr::get(plain, ArrayRef<int32_t>(values)),
      TypeAttr::get(type), b.getI64IntegerAttr(layout.words), IntegerAttr(),
      DenseI64ArrayAttr());
  copies.push_back(makeMemory(type, op.getBuffers()));
  return copies.back();
}

void ChainBuilder::separate(
    MutableArrayRef<Memory> operands,
    MutableArrayRef<SmallVector<VectorAddress>> addresses, const Memory *other,
    Location loc) {
  auto used = [&](const Memory &memory, ArrayRef<VectorAddress> vectors) {
    SmallVector<Value> buffers;
    SmallVector<int64_t> list;
    for (int byte = 0; byte < byteWidth(memory.storage); ++byte) {
      int64_t count = 0;
      runs(memory, byte, vectors, buffers, list, count);
    }
    return buffers;
  };
  llvm::SmallPtrSet<Value, 16> taken;
  if (other)
    taken.insert(other->buffers.begin(), other->buffers.end());
  for (size_t i = 0; i < operands.size(); ++i) {
    if (addresses[i].empty())
      continue;
    SmallVector<Value> own = used(operands[i], addresses[i]);
    if (llvm::none_of(own, [&](Value v) { return taken.contains(v); })) {
      taken.insert(own.begin(), own.end());
      continue;
    }
    int64_t words = int64_t(addresses[i].size());
    Memory copy = scratch(operands[i].storage, words, loc);
    SmallVector<VectorAddress> target;
    for (int32_t word = 0; word < int32_t(words); ++word)
      target.push_back({word, 0});
    AluNode node;
    node.opcode = Opcode::Copy;
    node.type = node.resultType = operands[i].storage;
    {
      OpBuilder::InsertionGuard guard(b);
      beginChain(loc, "copy");
      Value value = read(operands[i], addresses[i], 1, loc);
      write(alu(loc, node, value, {0}, {}, 0, int(words), 1), copy, target,
            loc);
    }
    operands[i] = copy;
    addresses[i] = target;
  }
}

Memory ChainBuilder::constantCopy(const Memory &memory) {
  Memory &copy = constantCopies[memory.buffers.front()];
  auto constant = memory.buffers.front().getDefiningOp<tsp::ConstantOp>();
  if (copy.buffers.empty() && constant) {
    // One in each hemisphere: readers of both find streams of two directions.
    copy = memory;
    Operation *second = b.clone(*constant);
    constant.setHemisphere(0);
    cast<tsp::ConstantOp>(second).setHemisphere(1);
    copy.buffers.assign(second->result_begin(), second->result_end());
  }
  return copy.buffers.empty() ? memory : copy;
}

Memory &ChainBuilder::zeros(Location loc) {
  if (zeroMemory)
    return *zeroMemory;
  int64_t columns = machine.weightStreams / 2;
  Layout layout;
  layout.dims = {{Digit{columns, 0, 0, 1}}};
  layout.words = 1;
  layout.columns = int32_t(columns);
  layout.splat = true;
  auto plain = RankedTensorType::get({columns}, b.getF32Type());
  auto type = RankedTensorType::get({columns}, b.getF16Type(),
                                    LayoutAttr::get(b.getContext(), layout));
  SmallVector<Type> types(size_t(bufferCount(type)),
                          tsp::BufferType::get(b.getContext()));
  auto op = tsp::ConstantOp::create(b, tableLocation(loc), types,
                                    DenseElementsAttr::get(plain, 0.0f),
                                    TypeAttr::get(type), b.getI64IntegerAttr(1),
                                    IntegerAttr(), DenseI64ArrayAttr());
  zeroMemory = makeMemory(type, op.getBuffers());
  return *zeroMemory;
}

tsp::ChainOp ChainBuilder::beginChain(Location loc, StringRef kind) {
  auto chain = tsp::ChainOp::create(
      b, loc, Type(), Value(), b.getStringAttr(kind), IntegerAttr(),
      IntegerAttr(), IntegerAttr(), IntegerAttr(), IntegerAttr());
  b.createBlock(&chain.getBody());
  return chain;
}

void ChainBuilder::runs(const Memory &memory, int byte,
                        ArrayRef<VectorAddress> vectors,
                        SmallVectorImpl<Value> &buffers,
                        SmallVectorImpl<int64_t> &out, int64_t &count) const {
  const int bytes = byteWidth(memory.storage), segment = segmentWords(machine);
  struct Run {
    int64_t first, stride, count, element, step;
    int column, part;
  };
  // One open run per column; a run ends where a step changes or a segment ends.
  std::map<int, Run> open;
  SmallVector<Run> done;
  for (auto [i, v] : llvm::enumerate(vectors)) {
    int part = v.word / segment;
    int64_t word = v.word % segment, element = int64_t(i);
    auto it = open.find(v.column);
    if (it != open.end()) {
      Run &run = it->second;
      int64_t lastWord = run.first + run.stride * (run.count - 1);
      int64_t lastElement = run.element + run.step * (run.count - 1);
      if (run.part == part &&
          (run.count == 1 || (word - lastWord == run.stride &&
                              element - lastElement == run.step))) {
        run.stride = word - lastWord;
        run.step = element - lastElement;
        ++run.count;
        continue;
      }
      done.push_back(run);
    }
    open[v.column] = {word, 0, 1, element, 1, v.column, part};
  }
  for (auto &[column, run] : open)
    done.push_back(run);
  llvm::sort(done,
             [](const Run &x, const Run &y) { return x.element < y.element; });
  count = int64_t(done.size());
  for (const Run &run : done) {
    buffers.push_back(memory.buffers[size_t(
        (run.column * bytes + byte) * memory.segments + run.part)]);
    out.append({run.first, run.stride, run.count, run.element, run.step});
  }
}

Value ChainBuilder::read(const Memory &source, ArrayRef<VectorAddress> vectors,
                         int period, Location loc, int hemisphere) {
  Memory memory = source;
  if (hemisphere == 1 && !memory.east.empty())
    memory.buffers = memory.east;
  SmallVector<Value> buffers;
  SmallVector<int64_t> list, counts;
  for (int byte = 0; byte < byteWidth(memory.storage); ++byte) {
    int64_t count = 0;
    runs(memory, byte, vectors, buffers, list, count);
    counts.push_back(count);
  }
  return tsp::ReadOp::create(
      b, loc, tsp::ValueType::get(b.getContext()), buffers,
      b.getI64IntegerAttr(int64_t(vectors.size())), b.getI64IntegerAttr(period),
      b.getDenseI64ArrayAttr(counts), b.getDenseI64ArrayAttr(list),
      IntegerAttr());
}

void ChainBuilder::write(Value value, const Memory &memory,
                         ArrayRef<VectorAddress> vectors, Location loc) {
  SmallVector<Value> buffers;
  SmallVector<int64_t> list, counts;
  for (int byte = 0; byte < byteWidth(memory.storage); ++byte) {
    int64_t count = 0;
    runs(memory, byte, vectors, buffers, list, count);
    counts.push_back(count);
  }
  tsp::WriteOp::create(b, loc, value, buffers, b.getDenseI64ArrayAttr(counts),
                       b.getDenseI64ArrayAttr(list));
  for (const SmallVector<Value> &other : memory.others) {
    Memory copy = memory;
    copy.buffers = other;
    copy.others.clear();
    copy.east.clear();
    write(value, copy, vectors, loc);
  }
  if (memory.east.empty())
    return;
  // The other copy flows the other way, from an ALU that does the same.
  Memory second = memory;
  second.buffers = memory.east;
  second.east.clear();
  second.others.clear();
  write(b.clone(*value.getDefiningOp())->getResult(0), second, vectors, loc);
}

Value ChainBuilder::alu(Location loc, const AluNode &node, ValueRange inputs,
                        ArrayRef<int64_t> arguments,
                        ArrayRef<int64_t> immediates, int offset, int count,
                        int period) {
  return tsp::AluOp::create(
      b, loc, tsp::ValueType::get(b.getContext()), inputs,
      b.getStringAttr(StringRef(opcodeName(node.opcode))),
      TypeAttr::get(typeOf(b, node.type)),
      TypeAttr::get(typeOf(b, node.resultType)),
      b.getDenseI64ArrayAttr(arguments), b.getDenseI64ArrayAttr(immediates),
      b.getI64IntegerAttr(offset), b.getI64IntegerAttr(count),
      b.getI64IntegerAttr(period), UnitAttr(), IntegerAttr(), IntegerAttr());
}

SmallVector<Value> ChainBuilder::emit(const AluProgram &program,
                                      ArrayRef<Value> leaves, int base,
                                      int count, int period, Location loc,
                                      ArrayRef<PassingReduction *> reductions,
                                      ArrayRef<int64_t> index) {
  // Copies come last in the program but feed earlier nodes: go by time.
  SmallVector<int> order;
  for (int i = 0; i < program.alus(); ++i)
    order.push_back(i);
  llvm::sort(order, [&](int x, int y) {
    return std::pair(program.nodes[size_t(x)].time, x) <
           std::pair(program.nodes[size_t(y)].time, y);
  });
  SmallVector<Value> values(program.nodes.size());
  for (int i : order) {
    const AluNode &node = program.nodes[size_t(i)];
    SmallVector<Value> inputs;
    SmallVector<int64_t> arguments, immediates;
    for (const AluArgument &a : node.arguments) {
      if (a.kind == AluArgument::Kind::Immediate) {
        immediates.push_back(int64_t(a.immediate));
        arguments.push_back(-int64_t(immediates.size()));
        continue;
      }
      arguments.push_back(int64_t(inputs.size()));
      inputs.push_back(a.kind == AluArgument::Kind::Leaf
                           ? leaves[size_t(a.index)]
                           : values[size_t(a.index)]);
    }
    values[size_t(i)] = alu(loc, node, inputs, arguments, immediates,
                            base + node.time, count, period);
  }
  SmallVector<Value> results;
  for (int r : program.results)
    results.push_back(values[size_t(r)]);
  for (PassingReduction *reduction : reductions)
    combine(*reduction, index, program, leaves, values, base, count, loc);
  return results;
}

std::vector<VectorOfTensor> weft::enumerateVectors(const Layout &layout,
                                                   ArrayRef<int64_t> shape) {
  // Per dimension, one index for every word and column it can add.
  SmallVector<SmallVector<int64_t>> choices;
  for (size_t d = 0; d < shape.size(); ++d) {
    std::map<std::pair<int, int>, int64_t> seen;
    SmallVector<int64_t> dim;
    std::vector<int64_t> index(shape.size(), 0);
    for (int64_t i = 0; i < shape[d]; ++i) {
      index[d] = i;
      LayoutPosition p = layout.at(index);
      if (seen.insert({{p.word, p.column}, i}).second)
        dim.push_back(i);
    }
    choices.push_back(dim);
  }
  std::vector<VectorOfTensor> vectors;
  SmallVector<size_t> counter(shape.size(), 0);
  while (true) {
    VectorOfTensor v;
    for (size_t d = 0; d < shape.size(); ++d) {
      if (choices[d].empty())
        return vectors;
      v.index.push_back(choices[d][counter[d]]);
    }
    LayoutPosition p = layout.at(v.index);
    v.address = {p.word, p.column};
    vectors.push_back(v);
    size_t d = shape.size();
    while (d > 0 && ++counter[d - 1] == choices[d - 1].size())
      counter[--d] = 0;
    if (d == 0)
      break;
  }
  llvm::sort(vectors, [](const VectorOfTensor &x, const VectorOfTensor &y) {
    return x.address < y.address;
  });
  return vectors;
}

std::vector<bool> weft::lanesOfVector(const Layout &layout,
                                      ArrayRef<int64_t> shape,
                                      ArrayRef<int64_t> index, int lanes) {
  std::vector<int> at{layout.offset.lane};
  std::vector<int64_t> probe(shape.size(), 0);
  for (size_t d = 0; d < shape.size(); ++d) {
    auto part = [&](int64_t i) {
      probe[d] = i;
      LayoutPosition p = layout.at(probe);
      probe[d] = 0;
      return LayoutPosition{p.lane - layout.offset.lane, p.word, p.column};
    };
    LayoutPosition own = part(index[d]);
    std::vector<int> next;
    for (int64_t i = 0; i < shape[d]; ++i) {
      LayoutPosition p = part(i);
      if (p.word == own.word && p.column == own.column)
        for (int lane : at)
          next.push_back(lane + p.lane);
    }
    at = next;
  }
  std::vector<bool> used(size_t(lanes), layout.splat);
  for (int lane : at)
    if (lane >= 0 && lane < lanes)
      used[size_t(lane)] = true;
  return used;
}

VectorAddress weft::addressOf(const Layout &layout, AffineMap map,
                              ArrayRef<int64_t> index) {
  SmallVector<int64_t> own;
  for (unsigned d = 0; d < map.getNumResults(); ++d)
    own.push_back(index[map.getDimPosition(d)]);
  LayoutPosition p = layout.at(own);
  return {p.word, p.column};
}
