// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One cycle: what is due lands; what is driven without delay is driven; every
// instruction of the cycle reads and changes state; weights are installed and
// loaded last, since activations of the cycle see the weights of before.

#include "ChipVerifier.h"

#include <algorithm>
#include <limits>

namespace weft::verify {
namespace {

constexpr int64_t never = std::numeric_limits<int64_t>::max();

/// The longest time from an issue to what it causes.
int longestDelay(const Machine &m) {
  int alu = std::max(m.aluLatency, m.transcendentalLatency) + m.aluToStream;
  int cross = m.sxmEnter + std::max({m.transposeLatency, m.distributeLatency,
                                     m.shiftLatency});
  return std::max({m.readLatency, m.writeLatency, alu, cross, 1});
}

} // namespace

ChipVerifier::ChipVerifier(const Machine &machine, const ChipProgram &program,
                           Memory memory, std::set<int> connected,
                           int64_t repeatLimit)
    : machine(machine), connected(std::move(connected)), streams(machine),
      memory(std::move(memory)), matrix(machine),
      wheel(size_t(longestDelay(machine)) + 1), ready(machine.alus) {
  for (std::vector<Ready> &ring : ready)
    ring.resize(longestDelay(machine) + 1);
  for (const auto &[number, text] : program.queues) {
    if (text.empty())
      continue;
    if (std::optional<Queue> queue = queueOfNumber(machine, number)) {
      queues.emplace_back(number, *queue, text, repeatLimit);
      nextIssue.push_back(queues.back().cursor.next());
    } else {
      log.add(FaultKind::UnknownInstruction, {number, 0}, 0,
              "the machine has no queue " + std::to_string(number));
    }
  }
}

void ChipVerifier::run() {
  int64_t t = 0;
  while (true) {
    step(t);
    if (!log.empty())
      return;
    int64_t soonest = never;
    for (int64_t next : nextIssue)
      soonest = std::min(soonest, next);
    if (lastPending > t)
      ++t;
    else if (soonest != never)
      t = soonest;
    else
      return;
  }
}

void ChipVerifier::step(int64_t t) {
  land(t);
  issuing.clear();
  weights.clear();
  for (size_t i = 0; i < queues.size(); ++i)
    if (nextIssue[i] == t)
      issuing.push_back(&queues[i]);
  for (ActiveQueue *q : issuing)
    q->wellFormed = prepare(*q, t);
  for (ActiveQueue *q : issuing)
    if (q->wellFormed)
      issue(*q, t);
  issueWeights(t);
  matrix.expire(t, log);
  for (ActiveQueue *q : issuing) {
    q->cursor.advance();
    nextIssue[q - queues.data()] = q->cursor.next();
    // A repeat at distance 0 would issue in this cycle again.
    if (q->cursor.broken() && q->cursor.next() == t)
      log.add(q->cursor.broken()->kind, q->issuer(), t,
              q->cursor.broken()->message);
  }
}

void ChipVerifier::later(int64_t at, Landing landing) {
  wheel[at % wheel.size()].push_back(landing);
  lastPending = std::max(lastPending, at);
}

void ChipVerifier::land(int64_t t) {
  std::vector<Landing> &due = wheel[t % wheel.size()];
  for (const Landing &l : due) {
    if (l.streamCount == 0) {
      memory.define(l.queue.hemisphere, l.queue.index, l.address, l.length);
      continue;
    }
    streams.drive(l.issuer, l.firstStream, l.streamCount, t, log);
    end = std::max(end, t + 1);
  }
  due.clear();
}

bool ChipVerifier::prepare(ActiveQueue &q, int64_t t) {
  auto refuse = [&](const Refusal &refusal) {
    log.add(refusal.kind, q.issuer(), t, refusal.message);
    return false;
  };
  if (q.cursor.broken())
    return refuse(*q.cursor.broken());
  if (q.prepared != q.cursor.instructionIndex()) {
    q.prepared = q.cursor.instructionIndex();
    if (std::optional<Refusal> refusal = takeFootprint(
            machine, q.queue, q.cursor.instruction(), q.footprint))
      return refuse(*refusal);
  }
  // Without delay: before anybody reads in this cycle.
  if (q.footprint.driveCount && q.footprint.driveDelay == 0)
    streams.drive(q.issuer(), q.footprint.driveFirst, q.footprint.driveCount, t,
                  log);
  return true;
}

void ChipVerifier::scheduleDrive(const ActiveQueue &q, int64_t t) {
  const Footprint &f = q.footprint;
  if (f.driveCount && f.driveDelay > 0)
    later(t + f.driveDelay,
          {q.issuer(), f.driveFirst, f.driveCount, q.queue, 0, 0});
}

void ChipVerifier::issue(ActiveQueue &q, int64_t t) {
  ++issueCount;
  end = std::max(end, t + 1);
  const Instruction &inst = q.cursor.instruction();
  int address = q.cursor.address();
  switch (q.queue.unit) {
  case Unit::MemRead:
    memory.read(q.issuer(), q.queue, address,
                inst.opcode == Opcode::Gather ? inst.length : 1, t, log);
    break;
  case Unit::MemWrite: {
    // Which words a scatter writes is data: any of the table's may be.
    int length = inst.opcode == Opcode::Scatter ? inst.length : 1;
    // Lands in the last cycle before it can be read.
    end = std::max(end, t + machine.writeLatency);
    if (memory.write(q.issuer(), q.queue, address, length, t, log))
      later(t + machine.writeLatency,
            {q.issuer(), 0, 0, q.queue, address, length});
    break;
  }
  case Unit::Alu:
    issueAlu(q, t);
    break;
  case Unit::MxmWeights:
    weights.push_back(&q);
    return;
  case Unit::MxmActivate:
    if (inst.opcode == Opcode::InstallWeights) {
      weights.push_back(&q);
      return;
    }
    matrix.activate(q.issuer(), q.queue, inst, t, log);
    lastPending = std::max(lastPending, t + machine.mxmLatency);
    break;
  case Unit::MxmAccumulate:
    if (inst.opcode == Opcode::InstallWeights) {
      weights.push_back(&q);
      return;
    }
    matrix.accumulate(q.issuer(), q.queue, inst, address, t, log);
    break;
  case Unit::Link:
    issueLink(q, t);
    break;
  case Unit::Transposer:
  case Unit::Distributor:
  case Unit::Permuter:
    break;
  }
  // What is wrong with the instruction itself comes before what it reads.
  if (q.footprint.readCount)
    streams.read(q.issuer(), q.footprint, t, log);
  scheduleDrive(q, t);
}

void ChipVerifier::issueAlu(ActiveQueue &q, int64_t t) {
  const Instruction &inst = q.cursor.instruction();
  for (int i = 0; i < q.footprint.chainedCount; ++i) {
    int alu = q.footprint.chained[i];
    const Ready &result = ready[alu][t % ready[alu].size()];
    if (result.cycle != t)
      log.add(FaultKind::ChainedOperand, q.issuer(), t,
              "ALU " + std::to_string(alu) + " has no result in this cycle");
    else if (result.count > 1)
      log.add(FaultKind::ChainedOperand, q.issuer(), t,
              "ALU " + std::to_string(alu) + " has two results in this cycle");
    else if (result.width != byteWidth(inst.type))
      log.add(FaultKind::ChainedOperand, q.issuer(), t,
              "the result of ALU " + std::to_string(alu) + " has " +
                  std::to_string(result.width) + " bytes a lane, and " +
                  std::to_string(byteWidth(inst.type)) + " are taken");
  }
  int64_t at = t + aluLatency(machine, inst.opcode);
  std::vector<Ready> &ring = ready[q.queue.index];
  Ready &result = ring[at % ring.size()];
  if (result.cycle != at)
    result = {at, 0, 0};
  ++result.count;
  result.width = byteWidth(inst.resultType);
}

void ChipVerifier::issueWeights(int64_t t) {
  for (ActiveQueue *q : weights)
    if (q->cursor.instruction().opcode == Opcode::InstallWeights)
      matrix.install(q->issuer(), q->queue, q->cursor.instruction(), t, log);
  for (ActiveQueue *q : weights) {
    if (q->cursor.instruction().opcode == Opcode::InstallWeights)
      continue;
    matrix.load(q->issuer(), q->queue, q->cursor.instruction(),
                q->cursor.address(), t, log);
    streams.read(q->issuer(), q->footprint, t, log);
  }
}

void ChipVerifier::issueLink(ActiveQueue &q, int64_t t) {
  bool send = q.cursor.instruction().opcode == Opcode::Send;
  if (!connected.contains(q.number))
    return log.add(send ? FaultKind::LinkNotReceived : FaultKind::LinkNotSent,
                   q.issuer(), t, "the link is not connected");
  if (!send)
    return received.push_back({q.issuer(), t});
  auto [last, first] = lastSend.try_emplace(q.number, t);
  if (!first && t - last->second < machine.linkInterval)
    log.add(FaultKind::LinkTooSoon, q.issuer(), t,
            "the last vector was sent in cycle " +
                std::to_string(last->second) + ", and a link takes one in " +
                std::to_string(machine.linkInterval) + " cycles");
  last->second = t;
  sent.push_back({q.issuer(), t});
}

} // namespace weft::verify
