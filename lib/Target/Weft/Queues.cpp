// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Bursts to instruction queues: order, waits, repeats. A repeat occupies its
// queue to the last issue, so bursts that interleave become single issues.

#include "Queues.h"

#include "llvm/ADT/StringExtras.h"

#include <algorithm>

using namespace weft;
using namespace weft::target;

namespace {

/// Whether `next` goes on where `last` ends, as one burst.
bool append(Burst &last, const Burst &next) {
  if (last.origin != next.origin)
    return false;
  Instruction same = next.instruction;
  same.address = last.instruction.address;
  if (!(same == last.instruction))
    return false;
  int64_t gap = next.cycle - last.lastCycle();
  int64_t step = int64_t(next.instruction.address) - last.lastAddress();
  bool fits =
      (last.count == 1 || (last.distance == gap && last.stride == step)) &&
      (next.count == 1 || (next.distance == gap && next.stride == step)) &&
      step >= INT16_MIN && step <= INT16_MAX && gap <= INT32_MAX;
  if (!fits)
    return false;
  last.distance = gap;
  last.stride = step;
  last.count += next.count;
  return true;
}

void expand(const Burst &burst, std::vector<Burst> &out) {
  for (int64_t i = 0; i < burst.count; ++i) {
    Burst one = burst;
    one.cycle += i * burst.distance;
    one.count = one.distance = 1;
    one.stride = 0;
    one.instruction.address =
        uint16_t(int64_t(burst.instruction.address) + i * burst.stride);
    out.push_back(one);
  }
}

/// By cycle; those of one cycle stay in order.
void sortByCycle(std::vector<Burst> &bursts) {
  std::vector<std::pair<int64_t, size_t>> keys;
  for (size_t i = 0; i < bursts.size(); ++i)
    keys.push_back({bursts[i].cycle, i});
  std::sort(keys.begin(), keys.end());
  std::vector<Burst> sorted;
  sorted.reserve(bursts.size());
  for (auto [cycle, i] : keys)
    sorted.push_back(std::move(bursts[i]));
  bursts = std::move(sorted);
}

/// Sorted bursts without overlap; an error where two issue in one cycle.
mlir::FailureOr<std::vector<Burst>> ordered(std::vector<Burst> bursts,
                                            const std::string &queue) {
  sortByCycle(bursts);
  std::vector<Burst> result;
  for (size_t i = 0; i < bursts.size();) {
    size_t end = i + 1;
    int64_t last = bursts[i].lastCycle();
    while (end < bursts.size() && bursts[end].cycle <= last)
      last = std::max(last, bursts[end++].lastCycle());
    std::vector<Burst> cluster;
    if (end == i + 1)
      cluster.push_back(bursts[i]);
    else
      for (; i < end; ++i)
        expand(bursts[i], cluster);
    sortByCycle(cluster);
    i = end;
    for (size_t k = 0; k < cluster.size(); ++k) {
      if (k > 0 && cluster[k].cycle == cluster[k - 1].cycle) {
        mlir::InFlightDiagnostic error =
            cluster[k].origin->emitError()
            << queue << " would issue twice in cycle " << cluster[k].cycle;
        error.attachNote(cluster[k - 1].origin->getLoc())
            << "the other instruction";
        return mlir::failure();
      }
      if (result.empty() || !append(result.back(), cluster[k]))
        result.push_back(cluster[k]);
    }
  }
  return result;
}

/// Numbers of nodes by location; a fused location is one node by the names of
/// all.
class NodeTable {
public:
  explicit NodeTable(Program &program) : program(program) {}
  int32_t numberOf(mlir::Location loc) {
    auto [known, fresh] = byLocation.try_emplace(loc, -1);
    if (!fresh)
      return known->second;
    std::string text = llvm::join(tsp::nodeNames(loc), " + ");
    if (text.empty())
      return -1;
    auto [it, added] = byName.try_emplace(text, int32_t(program.nodes.size()));
    if (added)
      program.nodes.push_back(text);
    return byLocation[loc] = it->second;
  }

private:
  Program &program;
  llvm::DenseMap<mlir::Location, int32_t> byLocation;
  std::map<std::string, int32_t> byName;
};

} // namespace

mlir::LogicalResult target::encodeQueues(Bursts bursts, ExportedProgram &out) {
  Program &program = out.program;
  NodeTable nodes(program);
  program.provenance.resize(1);
  for (auto &[number, list] : bursts) {
    auto queue = queueOfNumber(program.machine, number);
    auto sequence =
        ordered(std::move(list), queue ? queueName(*queue) : "no queue");
    if (mlir::failed(sequence))
      return mlir::failure();
    std::vector<Instruction> &text = program.chips[0].queues[number];
    std::vector<int32_t> &provenance = program.provenance[0].nodes[number];
    std::vector<mlir::Operation *> &origins = out.origins[number];
    int64_t now = 0;
    for (const Burst &burst : *sequence) {
      int32_t node = nodes.numberOf(burst.origin->getLoc());
      auto put = [&](const Instruction &instruction) {
        text.push_back(instruction);
        provenance.push_back(node);
        origins.push_back(burst.origin);
      };
      for (int64_t wait = burst.cycle - now; wait > 0;) {
        Instruction nop;
        nop.count = uint32_t(std::min<int64_t>(wait, INT32_MAX));
        wait -= nop.count;
        put(nop);
      }
      put(burst.instruction);
      if (burst.count > 1) {
        Instruction repeat;
        repeat.opcode = Opcode::Repeat;
        repeat.count = uint32_t(burst.count - 1);
        repeat.distance = uint32_t(burst.distance);
        repeat.stride = int16_t(burst.stride);
        put(repeat);
      }
      now = burst.lastCycle() + 1;
    }
  }
  return mlir::success();
}
