// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads a tsp.program into a scheduling problem. What a value's width, length
// and delay are follows from the operation that makes it; everything that text
// can get wrong is refused here, so that users of the problem need not look
// again.

#include "weft/Dialect/Tsp/Transforms/SchedulingProblem.h"

#include "llvm/ADT/StringMap.h"
#include "llvm/ADT/TypeSwitch.h"

#include <set>

using namespace weft;
using namespace weft::tsp;
using llvm::ArrayRef;
using llvm::dyn_cast;
using llvm::isa;
using llvm::SmallVector;
using llvm::StringRef;
using mlir::DenseI64ArrayAttr;
using mlir::failed;
using mlir::failure;
using mlir::FailureOr;
using mlir::InFlightDiagnostic;
using mlir::IntegerAttr;
using mlir::LogicalResult;
using mlir::OperandRange;
using mlir::Operation;
using mlir::OpResult;
using mlir::Type;

FailureOr<Machine> tsp::machineOf(ProgramOp program) {
  StringRef text = program.getMachine().trim();
  Expected<Machine> machine = text.starts_with("{")
                                  ? parseMachine(std::string(text), "machine")
                                  : machinePreset(std::string(text));
  if (machine)
    return std::move(*machine);
  InFlightDiagnostic error = program.emitError(machine.error().message);
  for (const std::string &note : machine.error().notes)
    error.attachNote() << note;
  return failure();
}

std::optional<DataType> tsp::dataTypeOf(Type type) {
  if (type.isInteger(8))
    return DataType::I8;
  if (type.isInteger(16))
    return DataType::I16;
  if (type.isInteger(32))
    return DataType::I32;
  if (type.isF16())
    return DataType::F16;
  if (type.isF32())
    return DataType::F32;
  return std::nullopt;
}

std::optional<Opcode> tsp::aluOpcode(StringRef name) {
  static const llvm::StringMap<Opcode> table = [] {
    llvm::StringMap<Opcode> all;
    for (int i = 0; i < opcodeCount; ++i)
      if (isAluOpcode(Opcode(i)))
        all[opcodeName(Opcode(i))] = Opcode(i);
    return all;
  }();
  auto found = table.find(name);
  if (found == table.end())
    return std::nullopt;
  return found->second;
}

namespace {

// Larger than anything on a chip, and small enough for sums in 32 bits.
constexpr int64_t kLimit = 1 << 24;
bool inRange(int64_t value, int64_t low = 0) {
  return value >= low && value <= kLimit;
}

class Reader {
public:
  Reader(ProgramOp program, SchedulingProblem &out)
      : program(program), out(out) {}

  LogicalResult run() {
    for (Operation &op : program.getBody().front())
      if (failed(read(&op)))
        return failure();
    out.problem.machine = &out.machine;
    for (const auto &loaded : pendingLoads)
      if (!loaded.second)
        return loaded.first->emitOpError(
            "fills weights that no chain installs");
    if (Status status = out.problem.check(); !status)
      return program.emitError(status.error().message);
    return mlir::success();
  }

private:
  LogicalResult read(Operation *op) {
    if (auto chain = dyn_cast<ChainOp>(op))
      return readChain(chain);
    if (isa<ConstantOp, WeightsOp, ScratchOp, InputOp, LookupOp>(op))
      return readMemory(op);
    if (auto output = dyn_cast<OutputOp>(op)) {
      for (mlir::Value buffer : output.getBuffers())
        out.problem.buffers[out.bufferIndex.lookup(buffer)].final = true;
      return mlir::success();
    }
    return op->emitOpError("does not belong into a program");
  }

  LogicalResult readMemory(Operation *op) {
    auto words = op->getAttrOfType<IntegerAttr>("words").getInt();
    auto hemisphere = op->getAttrOfType<IntegerAttr>("hemisphere");
    auto places = op->getAttrOfType<DenseI64ArrayAttr>("places");
    if (words < 0 || words > kLimit)
      return op->emitOpError("has an impossible number of words");
    if (hemisphere && (hemisphere.getInt() < 0 || hemisphere.getInt() > 1))
      return op->emitOpError("names a hemisphere other than 0 and 1");
    if (places && places.size() != 3 * int64_t(op->getNumResults()))
      return op->emitOpError(
                 "needs three numbers for the place of each buffer, has ")
             << places.size() << " for " << op->getNumResults() << " buffers";
    int segment = out.machine.segmentWords();
    int segments = std::max<int>(1, int((words + segment - 1) / segment));
    if (op->getNumResults() % unsigned(segments) != 0)
      return op->emitOpError("has ")
             << op->getNumResults() << " buffers for columns of " << segments
             << " segments";
    out.memory.push_back({op, int(out.problem.buffers.size())});
    int group = isa<WeightsOp>(op) ? groups++ : -1;
    for (OpResult result : op->getResults()) {
      int index = int(out.problem.buffers.size());
      out.bufferIndex[result] = index;
      Buffer buffer;
      int at = int(result.getResultNumber()) % segments;
      buffer.words = std::max<int>(
          1,
          at + 1 < segments ? segment : int(words) - (segments - 1) * segment);
      buffer.mayCross = isa<WeightsOp>(op);
      if (hemisphere)
        buffer.hemisphere = Hemisphere(hemisphere.getInt());
      if (places) {
        ArrayRef<int64_t> p =
            places.asArrayRef().slice(3 * result.getResultNumber(), 3);
        if (p[0] < 0 || p[0] > 1 || !inRange(p[1]) || !inRange(p[2]))
          return op->emitOpError("has a place outside memory");
        buffer.place = Buffer::Place{Hemisphere(p[0]), int(p[1]), int(p[2])};
      }
      buffer.initial = !isa<ScratchOp>(op);
      buffer.group = group;
      out.problem.buffers.push_back(buffer);
    }
    return mlir::success();
  }

  // Chains -----------------------------------------------------------------

  int value(mlir::Value v, int width, int64_t elements, int64_t period) {
    Value made;
    made.width = width;
    made.elements = int(elements);
    made.period = int(period);
    int index = int(chain->values.size());
    chain->values.push_back(std::move(made));
    map->values.push_back(v);
    map->valueIndex[v] = index;
    return index;
  }

  LogicalResult planes(Operation *op, ArrayRef<int64_t> counts,
                       ArrayRef<int64_t> runs, OperandRange buffers,
                       std::vector<std::vector<Access>> &planes) {
    int64_t total = 0;
    for (int64_t count : counts) {
      if (!inRange(count))
        return op->emitOpError("has an impossible number of runs");
      total += count;
    }
    if (total != int64_t(buffers.size()) || int64_t(runs.size()) != 5 * total)
      return op->emitOpError("needs a buffer and five numbers for each run: ")
             << total << " runs, " << buffers.size() << " buffers, "
             << runs.size() << " numbers";
    size_t at = 0;
    for (int64_t count : counts) {
      auto &plane = planes.emplace_back();
      for (int64_t r = 0; r < count; ++r, ++at) {
        ArrayRef<int64_t> n = runs.slice(5 * at, 5);
        if (!inRange(n[0]) || !inRange(n[1], -kLimit) || !inRange(n[2], 1) ||
            !inRange(n[3]) || !inRange(n[4], 1))
          return op->emitOpError("run ") << at << " has a number out of range";
        Access access;
        access.buffer = out.bufferIndex.lookup(buffers[at]);
        access.first = int(n[0]);
        access.stride = int(n[1]);
        access.count = int(n[2]);
        access.element = int(n[3]);
        access.elementStep = int(n[4]);
        plane.push_back(access);
      }
    }
    return mlir::success();
  }

  /// Byte mode names a plane of the pair.
  LogicalResult checkPlane(Operation *op, std::optional<uint64_t> plane) {
    if (plane && *plane > 1)
      return op->emitOpError("names a plane other than 0 and 1 of the pair");
    return mlir::success();
  }

  weft::Op &addOp(Operation *op, Unit unit, Opcode opcode, int64_t offset,
                  int64_t count, int64_t period, uint64_t plane = 0) {
    weft::Op made;
    made.unit = unit;
    made.opcode = opcode;
    made.hemisphere = unit == Unit::Alu ? Hemisphere::West : chain->hemisphere;
    made.index = unit == Unit::Alu ? 0 : chain->pair + int(plane);
    made.offset = int(offset);
    made.count = int(count);
    made.period = int(period);
    chain->ops.push_back(std::move(made));
    map->ops.push_back(op);
    return chain->ops.back();
  }

  LogicalResult checkTimes(Operation *op, int64_t offset, int64_t count,
                           int64_t period) {
    if (!inRange(offset, -kLimit) || !inRange(count, 1) ||
        !inRange(period, 1) || count * period > kLimit)
      return op->emitOpError("has an offset, burst or period out of range");
    return mlir::success();
  }

  /// The stream value that an operand is, or nothing for an ALU's result.
  std::optional<int> streamValue(mlir::Value v) {
    if (v.getDefiningOp<AluOp>())
      return std::nullopt;
    auto found = map->valueIndex.find(v);
    if (found == map->valueIndex.end())
      return std::nullopt;
    return found->second;
  }

  LogicalResult readChain(ChainOp op) {
    auto optional = [](std::optional<uint64_t> v, int64_t none) {
      return v ? int64_t(*v) : none;
    };
    Chain made;
    made.name = op.getName().str();
    if (auto names = nodeNames(op.getLoc()); !names.empty())
      made.name += " of " + names.front();
    int64_t side = optional(op.getHemisphere(), 0),
            group = optional(op.getGroup(), -1),
            rows = optional(op.getRows(), 0);
    if (side < 0 || side > 1 || !inRange(group, -1) || !inRange(rows))
      return op.emitOpError("has a pair, group or number of rows out of range");
    made.hemisphere = Hemisphere(side);
    made.accumulatorGroup = int(group);
    made.accumulatorRows = int(rows);
    if (op.getFilled()) {
      made.role = MxmRole::Load;
      pendingLoads.push_back({op, false});
      loads[op.getFilled()] = {int(out.problem.chains.size()),
                               pendingLoads.size() - 1};
    } else if (op.getLoaded()) {
      auto load = loads.find(op.getLoaded());
      if (load == loads.end())
        return op.emitOpError("installs weights that no chain before it fills");
      made.role = MxmRole::Pass;
      made.load = load->second.first;
      pendingLoads[load->second.second].second = true;
    }
    SchedulingProblem::ChainMap mapping;
    mapping.op = op;
    chain = &made;
    map = &mapping;
    for (Operation &inner : op.getBody().front())
      if (failed(readInner(&inner)))
        return failure();
    if (made.ops.empty())
      return op.emitOpError("has nothing in it");
    installBeside(made);
    out.problem.chains.push_back(std::move(made));
    out.chains.push_back(std::move(mapping));
    return mlir::success();
  }

  /// Where loading takes longer than streaming, lw takes every cycle of the
  /// even plane's queue and iw goes to that of the odd one.
  void installBeside(Chain &pass) const {
    if (pass.role != MxmRole::Pass || pass.pair + 1 >= out.machine.planes)
      return;
    int loads = 0, rows = 0;
    for (const weft::Op &op : out.problem.chains[size_t(pass.load)].ops) {
      // In byte mode each plane installs by itself.
      if (op.opcode == Opcode::LoadWeights)
        return;
      loads += op.count;
    }
    for (const weft::Op &op : pass.ops) {
      if (op.opcode == Opcode::InstallWeights && op.unit != Unit::MxmWeights)
        return;
      rows += op.unit == Unit::MxmActivate ? op.count : 0;
    }
    if (rows < loads)
      for (weft::Op &op : pass.ops)
        if (op.opcode == Opcode::InstallWeights)
          op.index = pass.pair + 1;
  }

  LogicalResult readInner(Operation *inner) {
    return llvm::TypeSwitch<Operation *, LogicalResult>(inner)
        .Case<ReadOp>([&](ReadOp op) { return readRead(op); })
        .Case<WriteOp>([&](WriteOp op) { return readWrite(op); })
        .Case<AluOp>([&](AluOp op) { return readAlu(op); })
        .Case<LoadWeightsOp>([&](LoadWeightsOp op) -> LogicalResult {
          auto operand = streamValue(op.getValue());
          if (!operand ||
              chain->values[*operand].width != out.machine.weightStreams)
            return op.emitOpError("takes ")
                   << out.machine.weightStreams << " streams from memory";
          if (failed(checkTimes(op, op.getOffset(), op.getCount(), 1)))
            return failure();
          if (op.getBlock() > uint64_t(out.machine.lanes()))
            return op.emitOpError("has a block out of range");
          if (failed(checkPlane(op, op.getPlane())))
            return failure();
          addOp(op, Unit::MxmWeights,
                op.getPlane() ? Opcode::LoadWeights : Opcode::LoadWeightsPair,
                op.getOffset(), op.getCount(), 1, op.getPlane().value_or(0))
              .operands = {*operand};
          return mlir::success();
        })
        .Case<InstallOp>([&](InstallOp op) -> LogicalResult {
          if (failed(checkTimes(op, op.getOffset(), 1, 1)))
            return failure();
          if (failed(checkPlane(op, op.getPlane())))
            return failure();
          StringRef queue = op.getQueue().value_or("weights");
          if (queue != "weights" && queue != "abc" && queue != "acc")
            return op.emitOpError("stands in the queue weights, abc or acc, "
                                  "not in '")
                   << queue << "'";
          addOp(op,
                queue == "abc"   ? Unit::MxmActivate
                : queue == "acc" ? Unit::MxmAccumulate
                                 : Unit::MxmWeights,
                Opcode::InstallWeights, op.getOffset(), 1, 1,
                op.getPlane().value_or(0));
          return mlir::success();
        })
        .Case<ActivateOp>([&](ActivateOp op) -> LogicalResult {
          auto operand = streamValue(op.getValue());
          if (failed(checkPlane(op, op.getPlane())))
            return failure();
          int width = op.getPlane() ? 1 : 2;
          if (!operand || chain->values[*operand].width != width)
            return op.emitOpError(width == 1 ? "takes one stream of bytes"
                                             : "takes two streams");
          if (failed(checkTimes(op, op.getOffset(), op.getCount(), 1)))
            return failure();
          addOp(op, Unit::MxmActivate, Opcode::Activate, op.getOffset(),
                op.getCount(), 1, op.getPlane().value_or(0))
              .operands = {*operand};
          return mlir::success();
        })
        .Case<AccumulateOp>([&](AccumulateOp op) { return readAccumulate(op); })
        .Default([&](Operation *op) -> LogicalResult {
          return op->emitOpError("does not belong into a chain");
        });
  }

  LogicalResult readRead(ReadOp op) {
    int64_t elements = op.getElements(), period = op.getPeriod();
    if (failed(checkTimes(op, 0, elements, period)))
      return failure();
    std::vector<std::vector<Access>> list;
    if (failed(planes(op, op.getCounts(), op.getRuns(), op.getBuffers(), list)))
      return failure();
    // What is read for nothing is not read.
    if (op.getValue().use_empty())
      return mlir::success();
    int width = int(list.size());
    if (width != 1 && width != 2 && width != 4 &&
        width != out.machine.weightStreams)
      return op.emitOpError("has ") << width << " planes";
    int index = value(op.getValue(), width, elements, period);
    chain->values[index].planes = std::move(list);
    return mlir::success();
  }

  LogicalResult readWrite(WriteOp op) {
    Write made;
    auto found = map->valueIndex.find(op.getValue());
    if (found == map->valueIndex.end())
      return op.emitOpError("writes a value that is on no stream");
    made.value = found->second;
    if (failed(planes(op, op.getCounts(), op.getRuns(), op.getBuffers(),
                      made.planes)))
      return failure();
    chain->writes.push_back(std::move(made));
    map->writes.push_back(op);
    return mlir::success();
  }

  LogicalResult readAlu(AluOp op) {
    auto opcode = aluOpcode(op.getOpcode());
    auto type = dataTypeOf(op.getType()),
         resultType = dataTypeOf(op.getResultType());
    if (!opcode)
      return op.emitOpError("'")
             << op.getOpcode() << "' is no operation of the ALUs";
    if (!type || !resultType)
      return op.emitOpError("computes on i8, i16, i32, f16 and f32");
    if (failed(checkTimes(op, op.getOffset(), op.getCount(), op.getPeriod())))
      return failure();
    int operands = op.getAccumulate() ? 1 : aluOperandCount(*opcode);
    if (int64_t(op.getArguments().size()) != operands)
      return op.emitOpError("takes ") << operands << " operands";
    const Machine &m = out.machine;
    int latency = aluLatency(m, *opcode);
    if (op.getAccumulate() &&
        (aluOperandCount(*opcode) != 2 || latency != m.aluLatency ||
         *type != *resultType ||
         (op.getCount() > 1 && latency % int64_t(op.getPeriod())) ||
         int64_t(op.getCount()) < accumulatedParts(op)))
      return op.emitOpError(
                 "accumulates with an operation of two operands, one type, "
                 "a period that divides its latency, ")
             << m.aluLatency << ", and at least that many issues";
    std::vector<int> streams;
    for (int64_t argument : op.getArguments()) {
      if (argument < 0) {
        if (-argument > int64_t(op.getImmediates().size()) || argument < -2)
          return op.emitOpError("names an immediate that it has not");
        continue;
      }
      if (argument >= int64_t(op.getInputs().size()))
        return op.emitOpError("names an operand that it has not");
      mlir::Value input = op.getInputs()[size_t(argument)];
      if (auto producer = input.getDefiningOp<AluOp>()) {
        if (failed(checkChained(op, producer)))
          return failure();
        continue;
      }
      auto operand = streamValue(input);
      if (!operand)
        return op.emitOpError("takes a value that is on no stream");
      if (chain->values[*operand].width != byteWidth(*type))
        return op.emitOpError("takes ")
               << byteWidth(*type) << " streams, its operand has "
               << chain->values[*operand].width;
      if (!llvm::is_contained(streams, *operand))
        streams.push_back(*operand);
    }
    weft::Op &made = addOp(op, Unit::Alu, *opcode, op.getOffset(),
                           op.getCount(), op.getPeriod());
    made.operands = std::move(streams);
    bool written = llvm::any_of(op.getResult().getUsers(), [](Operation *user) {
      return isa<WriteOp>(user);
    });
    if (!written)
      return mlir::success();
    size_t at = chain->ops.size() - 1;
    int64_t parts = accumulatedParts(op);
    int result =
        value(op.getResult(), byteWidth(*resultType), parts, op.getPeriod());
    chain->ops[at].result = result;
    chain->ops[at].resultDelay =
        int((int64_t(op.getCount()) - parts) * int64_t(op.getPeriod())) +
        latency + m.aluToStream;
    return mlir::success();
  }

  /// Results that an operation gives: one an issue, or the parts that an
  /// accumulating one ends with.
  int64_t accumulatedParts(AluOp op) const {
    return op.getAccumulate()
               ? std::max<int64_t>(1, out.machine.aluLatency /
                                          std::max<int64_t>(1, op.getPeriod()))
               : int64_t(op.getCount());
  }

  /// A chained consumer issues exactly a latency after its producer.
  LogicalResult checkChained(AluOp op, AluOp producer) {
    auto opcode = aluOpcode(producer.getOpcode());
    if (!opcode || producer->getParentOp() != op->getParentOp())
      return op.emitOpError("takes the result of another chain");
    int64_t count = accumulatedParts(producer);
    int64_t first =
        int64_t(producer.getOffset()) + aluLatency(out.machine, *opcode) +
        (int64_t(producer.getCount()) - count) * int64_t(producer.getPeriod());
    if (int64_t(op.getOffset()) != first || int64_t(op.getCount()) > count ||
        (op.getCount() > 1 && op.getPeriod() != producer.getPeriod())) {
      InFlightDiagnostic error = op.emitOpError("must issue ")
                                 << first
                                 << " cycles into the chain, when its operand "
                                 << "is there";
      error.attachNote(producer.getLoc()) << "operand computed here";
      return failure();
    }
    return mlir::success();
  }

  LogicalResult readAccumulate(AccumulateOp op) {
    auto abc = op.getValue().getDefiningOp<ActivateOp>();
    if (!abc)
      return op.emitOpError("accumulates what an abc makes");
    if (failed(checkTimes(op, op.getOffset(), op.getCount(), 1)))
      return failure();
    int64_t due = int64_t(abc.getOffset()) + out.machine.mxmLatency;
    if (int64_t(op.getOffset()) != due || op.getCount() != abc.getCount())
      return op.emitOpError("must meet the results of its abc: ")
             << abc.getCount() << " from offset " << due;
    StringRef mode = op.getMode();
    if (!llvm::is_contained({"pass", "store", "add", "store_emit", "add_emit"},
                            mode))
      return op.emitOpError("has an unknown mode '") << mode << "'";
    if (mode != "pass" && chain->accumulatorGroup < 0)
      return op.emitOpError("accumulates in a chain without a group");
    bool emits = mode == "pass" || mode.ends_with("emit");
    addOp(op, Unit::MxmAccumulate, Opcode::Accumulate, op.getOffset(),
          op.getCount(), 1, abc.getPlane().value_or(0));
    size_t at = chain->ops.size() - 1;
    if (emits)
      chain->ops[at].result = value(op.getResult(), 4, op.getCount(), 1);
    else if (!op.getResult().use_empty())
      return op.emitOpError("emits nothing in this mode");
    return mlir::success();
  }

  ProgramOp program;
  SchedulingProblem &out;
  int groups = 0;
  llvm::DenseMap<mlir::Value, std::pair<int, size_t>> loads;
  SmallVector<std::pair<ChainOp, bool>>
      pendingLoads; ///< And whether installed.
  Chain *chain = nullptr;
  SchedulingProblem::ChainMap *map = nullptr;
};

} // namespace

FailureOr<std::unique_ptr<SchedulingProblem>>
tsp::buildSchedulingProblem(ProgramOp program) {
  auto machine = machineOf(program);
  if (failed(machine))
    return failure();
  auto result = std::make_unique<SchedulingProblem>();
  result->machine = std::move(*machine);
  if (failed(Reader(program, *result).run()))
    return failure();
  return std::move(result);
}
