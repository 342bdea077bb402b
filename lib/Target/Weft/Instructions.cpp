// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Chains to bursts of instructions. Cycles follow from a chain's start, the
// offsets of its ops and the distances between units; every instruction names
// who drives the streams that it reads, and a burst ends where that changes.

#include "Queues.h"

using namespace weft;
using namespace weft::target;
using llvm::cast;
using llvm::dyn_cast;

namespace {

class ChainWriter {
public:
  ChainWriter(const tsp::SchedulingProblem &s, const Schedule &schedule,
              size_t c, Bursts &bursts)
      : m(s.machine), chain(s.problem.chains[c]), map(s.chains[c]),
        schedule(schedule), timing(schedule.chains[c]), bursts(bursts) {}

  mlir::LogicalResult run() {
    findProducers();
    for (size_t v = 0; v < chain.values.size(); ++v)
      writeReads(v);
    for (size_t o = 0; o < chain.ops.size(); ++o)
      writeOp(o);
    for (size_t w = 0; w < chain.writes.size(); ++w)
      writeWrites(w);
    return mlir::failure(failed);
  }

private:
  /// Where and when element 0 of a value is known to be.
  struct Reference {
    int position = 0;
    int64_t cycle = 0;
  };

  int number(Unit unit, Hemisphere h, int index) const {
    return queueNumber(m, {unit, h, uint8_t(index)});
  }
  int queueOf(size_t o) const {
    const weft::Op &op = chain.ops[o];
    return op.unit == Unit::Alu
               ? number(Unit::Alu, Hemisphere::West, timing.alus[o])
               : number(op.unit, op.hemisphere, op.index);
  }
  /// First stream of a value, as instructions number it.
  int streamOf(size_t v) const {
    return int(map.values[v]
                   .getDefiningOp()
                   ->getAttrOfType<mlir::IntegerAttr>("stream")
                   .getInt());
  }

  void findProducers() {
    references.resize(chain.values.size());
    producers.resize(chain.values.size());
    for (size_t v = 0; v < chain.values.size(); ++v) {
      const weft::Value &value = chain.values[v];
      auto &planes = producers[v];
      planes.assign(size_t(value.width), {});
      for (size_t o = 0; o < chain.ops.size(); ++o) {
        const weft::Op &op = chain.ops[o];
        if (op.result == int(v)) {
          references[v] = {opPosition(m, op),
                           timing.start + op.offset + op.resultDelay};
          for (auto &plane : planes)
            plane.assign(size_t(value.elements), uint8_t(queueOf(o)));
        }
      }
      if (value.planes.empty())
        continue;
      for (const weft::Op &op : chain.ops)
        if (llvm::is_contained(op.operands, int(v))) {
          references[v] = {opPosition(m, op), timing.start + op.offset};
          break;
        }
      for (size_t p = 0; p < value.planes.size(); ++p) {
        planes[p].assign(size_t(value.elements), 0xff);
        for (const Access &a : value.planes[p]) {
          const Buffer::Place &place = schedule.places[size_t(a.buffer)];
          uint8_t by =
              uint8_t(number(Unit::MemRead, place.hemisphere, place.slice));
          for (int i = 0; i < a.count; ++i)
            planes[p][size_t(a.element + i * a.elementStep)] = by;
        }
      }
    }
  }

  void add(int queue, Burst burst) {
    if (burst.cycle < 0) {
      if (!failed)
        tsp::ChainOp(map.op).emitError()
            << "starts too early: something issues in cycle " << burst.cycle;
      failed = true;
      return;
    }
    bursts[queue].push_back(std::move(burst));
  }

  void writeReads(size_t v) {
    const weft::Value &value = chain.values[v];
    for (size_t p = 0; p < value.planes.size(); ++p)
      for (const Access &a : value.planes[p]) {
        const Buffer::Place &place = schedule.places[size_t(a.buffer)];
        int position = m.slicePosition(place.hemisphere, place.slice);
        Burst burst;
        burst.origin = map.values[v].getDefiningOp();
        burst.cycle = references[v].cycle + int64_t(a.element) * value.period -
                      std::abs(position - references[v].position) -
                      m.readLatency;
        burst.count = a.count;
        burst.distance = int64_t(a.elementStep) * value.period;
        burst.stride = a.stride;
        burst.instruction.opcode = Opcode::Read;
        burst.instruction.address = uint16_t(place.address + a.first);
        burst.instruction.stream = Stream(streamOf(v) + int(p));
        add(number(Unit::MemRead, place.hemisphere, place.slice), burst);
      }
  }

  void writeWrites(size_t w) {
    const Write &write = chain.writes[w];
    size_t v = size_t(write.value);
    const weft::Value &value = chain.values[v];
    for (size_t p = 0; p < write.planes.size(); ++p)
      for (const Access &a : write.planes[p]) {
        const Buffer::Place &place = schedule.places[size_t(a.buffer)];
        int position = m.slicePosition(place.hemisphere, place.slice);
        auto by = [&](int i) {
          return producers[v][p][size_t(a.element + i * a.elementStep)];
        };
        for (int begin = 0; begin < a.count;) {
          int end = begin + 1;
          while (end < a.count && by(end) == by(begin))
            ++end;
          int64_t element = a.element + int64_t(begin) * a.elementStep;
          Burst burst;
          burst.origin = map.writes[w];
          burst.cycle = references[v].cycle + element * value.period +
                        std::abs(position - references[v].position);
          burst.count = end - begin;
          burst.distance = int64_t(a.elementStep) * value.period;
          burst.stride = a.stride;
          burst.instruction.opcode = Opcode::Write;
          burst.instruction.address =
              uint16_t(place.address + a.first + begin * a.stride);
          burst.instruction.operands[0].kind = Operand::Kind::Stream;
          burst.instruction.operands[0].stream = Stream(streamOf(v) + int(p));
          burst.instruction.producers[0] = by(begin);
          add(number(Unit::MemWrite, place.hemisphere, place.slice), burst);
          begin = end;
        }
      }
  }

  /// Calls put(begin, count, instruction) for every stretch of issues whose
  /// operands come from the same producers.
  template <typename Put>
  void stretches(const weft::Op &op, const Instruction &instruction,
                 llvm::ArrayRef<std::pair<int, int>> operands, Put put) {
    auto named = [&](int i) {
      Instruction result = instruction;
      for (auto [v, at] : operands)
        for (size_t p = 0; p < producers[size_t(v)].size(); ++p)
          result.producers[size_t(at) + p] = producers[size_t(v)][p][size_t(i)];
      return result;
    };
    for (int begin = 0; begin < op.count;) {
      Instruction first = named(begin);
      int end = begin + 1;
      while (end < op.count && named(end).producers == first.producers)
        ++end;
      put(begin, end - begin, first);
      begin = end;
    }
  }

  void writeOp(size_t o) {
    const weft::Op &op = chain.ops[o];
    mlir::Operation *source = map.ops[o];
    Instruction instruction;
    llvm::SmallVector<std::pair<int, int>> operands; // Value, first producer.
    int64_t stride = 0;
    if (auto alu = dyn_cast<tsp::AluOp>(source))
      return writeAlu(o, alu);
    instruction.opcode = op.opcode;
    instruction.type = DataType::F16;
    mlir::Operation *moded = source;
    if (auto acc = dyn_cast<tsp::AccumulateOp>(source))
      moded = acc.getValue().getDefiningOp();
    if (moded->hasAttr("plane"))
      instruction.type = DataType::I8;
    if (auto lw = dyn_cast<tsp::LoadWeightsOp>(source)) {
      instruction.packed = lw.getPacked();
      instruction.upper = lw.getUpper();
      instruction.address = uint16_t(lw.getBlock());
      instruction.stream = Stream(streamOf(size_t(op.operands[0])));
      operands.push_back({op.operands[0], 0});
      stride = 1;
    } else if (auto abc = dyn_cast<tsp::ActivateOp>(source)) {
      instruction.upper = abc.getUpper();
      instruction.operands[0].kind = Operand::Kind::Stream;
      instruction.operands[0].stream = Stream(streamOf(size_t(op.operands[0])));
      operands.push_back({op.operands[0], 0});
    } else if (auto acc = dyn_cast<tsp::AccumulateOp>(source)) {
      llvm::StringRef mode = acc.getMode();
      instruction.accumulate = mode == "pass"    ? AccumulateMode::Pass
                               : mode == "store" ? AccumulateMode::Store
                               : mode == "add"   ? AccumulateMode::Add
                               : mode == "store_emit"
                                   ? AccumulateMode::StoreEmit
                                   : AccumulateMode::AddEmit;
      if (mode != "pass") {
        instruction.address = uint16_t(timing.accumulatorRow);
        stride = 1;
      }
      if (op.result >= 0)
        instruction.result = int16_t(streamOf(size_t(op.result)));
    }
    stretches(op, instruction, operands,
              [&](int begin, int count, Instruction named) {
                named.address = uint16_t(named.address + begin * stride);
                put(o, begin, count, stride, named);
              });
  }

  void put(size_t o, int begin, int count, int64_t stride,
           const Instruction &instruction) {
    const weft::Op &op = chain.ops[o];
    Burst burst;
    burst.origin = map.ops[o];
    burst.cycle = timing.start + op.offset + int64_t(begin) * op.period;
    burst.count = count;
    burst.distance = op.period;
    burst.stride = stride;
    burst.instruction = instruction;
    add(queueOf(o), burst);
  }

  void writeAlu(size_t o, tsp::AluOp alu) {
    const weft::Op &op = chain.ops[o];
    Instruction instruction;
    instruction.opcode = op.opcode;
    instruction.type = *tsp::dataTypeOf(alu.getType());
    instruction.resultType = *tsp::dataTypeOf(alu.getResultType());
    llvm::SmallVector<std::pair<int, int>> operands;
    for (auto [i, argument] : llvm::enumerate(alu.getArguments())) {
      Operand &operand = instruction.operands[i];
      if (argument < 0) {
        operand.kind = Operand::Kind::Immediate;
        operand.immediate =
            uint32_t(alu.getImmediates()[size_t(-argument - 1)]);
        continue;
      }
      mlir::Value input = alu.getInputs()[size_t(argument)];
      if (auto producer = input.getDefiningOp<tsp::AluOp>()) {
        operand.kind = Operand::Kind::Alu;
        operand.alu = uint8_t(*producer.getAlu());
        continue;
      }
      int v = map.valueIndex.lookup(input);
      operand.kind = Operand::Kind::Stream;
      operand.stream = Stream(streamOf(size_t(v)));
      operands.push_back({v, int(4 * i)});
    }
    if (op.result >= 0)
      instruction.result = int16_t(streamOf(size_t(op.result)));
    if (!alu.getAccumulate()) {
      stretches(op, instruction, operands,
                [&](int begin, int count, Instruction named) {
                  put(o, begin, count, 0, named);
                });
      return;
    }
    // The issues of the first latency copy, later ones combine with the ALU's
    // own result, and those of the last latency drive it.
    const int parts = std::max(1, m.aluLatency / op.period);
    stretches(op, instruction, operands,
              [&](int begin, int count, Instruction named) {
                for (int i = begin; i < begin + count;) {
                  Instruction issue = named;
                  int run = 1;
                  // As far as issues of one kind go.
                  int end = i < parts ? parts : op.count;
                  if (i < op.count - parts)
                    end = std::min(end, op.count - parts);
                  run = std::min(begin + count, end) - i;
                  if (i < parts) {
                    issue.opcode = Opcode::Copy;
                  } else {
                    issue.operands[1].kind = Operand::Kind::Alu;
                    issue.operands[1].alu = uint8_t(*alu.getAlu());
                  }
                  if (i < op.count - parts)
                    issue.result = -1;
                  put(o, i, run, 0, issue);
                  i += run;
                }
              });
  }

  const Machine &m;
  const Chain &chain;
  const tsp::SchedulingProblem::ChainMap &map;
  const Schedule &schedule;
  const Schedule::ChainTiming &timing;
  Bursts &bursts;
  std::vector<Reference> references;
  std::vector<std::vector<std::vector<uint8_t>>>
      producers; ///< [value][plane][element]
  bool failed = false;
};

} // namespace

mlir::LogicalResult
target::collectBursts(const tsp::SchedulingProblem &scheduling,
                      const Schedule &schedule, Bursts &bursts) {
  for (size_t c = 0; c < scheduling.chains.size(); ++c)
    if (mlir::failed(ChainWriter(scheduling, schedule, c, bursts).run()))
      return mlir::failure();
  return mlir::success();
}
