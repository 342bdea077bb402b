// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Follows values both ways. A value that unit P drives at cycle t is at unit R
// in cycle t plus the hops between them.

#include "Chain.h"

#include <cstdlib>
#include <set>

using namespace weft;
using namespace weft::report;

ChainFinder::ChainFinder(const Program &program, const ChipActivity &activity)
    : program(program), activity(activity),
      byNumber(size_t(queueCount(program.machine)), -1) {
  for (size_t i = 0; i < activity.queues.size(); ++i) {
    positions.push_back(
        queuePosition(program.machine, activity.queues[i].queue));
    byNumber[size_t(activity.queues[i].number)] = int(i);
  }
}

const verify::Footprint &ChainFinder::footprintOf(BurstRef ref) {
  auto [at, fresh] = footprints.try_emplace(ref);
  if (fresh) {
    const QueueActivity &queue = activity.queues[size_t(ref.queue)];
    // What is refused has read and driven nothing.
    if (verify::takeFootprint(
            program.machine, queue.queue,
            queue.instruction(queue.bursts[size_t(ref.burst)]), at->second))
      at->second = {};
  }
  return at->second;
}

std::optional<Issue> ChainFinder::issueAt(int queue, int64_t cycle) const {
  if (queue < 0)
    return std::nullopt;
  int burst = activity.queues[size_t(queue)].burstAt(cycle);
  if (burst < 0)
    return std::nullopt;
  return Issue{{queue, burst}, cycle};
}

int ChainFinder::indexOf(Queue queue) const {
  int number = queueNumber(program.machine, queue);
  return number < 0 ? -1 : byNumber[size_t(number)];
}

std::optional<Issue> ChainFinder::ofPlane(Queue queue, Unit unit,
                                          int64_t cycle) const {
  return issueAt(indexOf({unit, queue.hemisphere, queue.index}), cycle);
}

const Instruction &ChainFinder::instructionOf(BurstRef ref) const {
  const QueueActivity &queue = activity.queues[size_t(ref.queue)];
  return queue.instruction(queue.bursts[size_t(ref.burst)]);
}

void ChainFinder::producers(const Issue &issue, std::vector<Issue> &out) {
  const Machine &m = program.machine;
  const QueueActivity &queue = activity.queues[size_t(issue.ref.queue)];
  const Instruction &in = instructionOf(issue.ref);
  const verify::Footprint print = footprintOf(issue.ref);
  for (int i = 0; i < print.readCount; ++i) {
    auto [stream, number] = print.reads[size_t(i)];
    int from = number < byNumber.size() ? byNumber[number] : -1;
    if (from < 0)
      continue;
    int64_t driven =
        issue.cycle - std::abs(position(issue.ref.queue) - position(from));
    // A unit's delay is its instruction's: an ALU has two, others one.
    std::set<int> delays = {m.readLatency,
                            m.aluToStream + m.aluLatency,
                            m.aluToStream + m.transcendentalLatency,
                            m.sxmEnter + m.transposeLatency,
                            m.sxmEnter + m.distributeLatency,
                            m.sxmEnter + m.shiftLatency,
                            0};
    for (int delay : delays)
      if (auto found = issueAt(from, driven - delay)) {
        const verify::Footprint &drive = footprintOf(found->ref);
        if (drive.driveDelay == delay && stream >= drive.driveFirst &&
            stream < drive.driveFirst + drive.driveCount)
          out.push_back(*found);
      }
  }
  for (int i = 0; i < print.chainedCount; ++i) {
    int from = indexOf({Unit::Alu, Hemisphere::West, print.chained[size_t(i)]});
    for (int delay : std::set{m.aluLatency, m.transcendentalLatency})
      if (auto found = issueAt(from, issue.cycle - delay)) {
        if (aluLatency(m, instructionOf(found->ref).opcode) == delay)
          out.push_back(*found);
      }
  }
  if (in.opcode == Opcode::Accumulate && in.accumulate != AccumulateMode::Emit)
    if (auto found =
            ofPlane(queue.queue, Unit::MxmActivate, issue.cycle - m.mxmLatency))
      out.push_back(*found);
  // Weights that are installed just in time come with their activations.
  if (in.opcode == Opcode::Activate)
    for (Unit unit : {Unit::MxmWeights, Unit::MxmActivate, Unit::MxmAccumulate})
      if (auto found = ofPlane(queue.queue, unit, issue.cycle - 1))
        if (instructionOf(found->ref).opcode == Opcode::InstallWeights)
          out.push_back(*found);
}

void ChainFinder::consumers(const Issue &issue, std::vector<Issue> &out) {
  const Machine &m = program.machine;
  const QueueActivity &queue = activity.queues[size_t(issue.ref.queue)];
  const Instruction &in = instructionOf(issue.ref);
  const verify::Footprint print = footprintOf(issue.ref);
  if (print.driveCount > 0)
    for (size_t to = 0; to < activity.queues.size(); ++to) {
      auto found = issueAt(
          int(to), issue.cycle + print.driveDelay +
                       std::abs(position(issue.ref.queue) - position(int(to))));
      if (!found)
        continue;
      const verify::Footprint &reader = footprintOf(found->ref);
      for (int i = 0; i < reader.readCount; ++i) {
        auto [stream, number] = reader.reads[size_t(i)];
        if (int(number) == queue.number && stream >= print.driveFirst &&
            stream < print.driveFirst + print.driveCount) {
          out.push_back(*found);
          break;
        }
      }
    }
  if (queue.queue.unit == Unit::Alu)
    for (size_t to = 0; to < activity.queues.size(); ++to) {
      if (activity.queues[to].queue.unit != Unit::Alu)
        continue;
      auto found = issueAt(int(to), issue.cycle + aluLatency(m, in.opcode));
      if (!found)
        continue;
      const verify::Footprint &reader = footprintOf(found->ref);
      for (int i = 0; i < reader.chainedCount; ++i)
        if (reader.chained[size_t(i)] == queue.queue.index) {
          out.push_back(*found);
          break;
        }
    }
  if (in.opcode == Opcode::Activate)
    if (auto found = ofPlane(queue.queue, Unit::MxmAccumulate,
                             issue.cycle + m.mxmLatency))
      out.push_back(*found);
  if (in.opcode == Opcode::InstallWeights)
    if (auto found = ofPlane(queue.queue, Unit::MxmActivate, issue.cycle + 1))
      out.push_back(*found);
}

std::vector<Issue> ChainFinder::chainOf(const Issue &start, size_t limit) {
  std::vector<Issue> chain = {start};
  std::set<std::pair<int, int64_t>> seen = {{start.ref.queue, start.cycle}};
  for (size_t i = 0; i < chain.size() && chain.size() < limit; ++i) {
    std::vector<Issue> next;
    Issue issue = chain[i];
    producers(issue, next);
    consumers(issue, next);
    for (const Issue &other : next)
      if (seen.insert({other.ref.queue, other.cycle}).second)
        chain.push_back(other);
  }
  return chain;
}
