// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Queues and the order within a cycle: values land on streams; accumulators
// and links go first, because they drive in the cycle they issue and their
// partners must be met in it; then activations, which still see the weights of
// the cycle before; then installs, since a plane's lw of the cycle goes to the
// new shadow; then everything else, by queue number.

#include "Chip.h"

#include <algorithm>
#include <bit>

namespace weft::sim {

Chip::Chip(const Program &program, int index, const SimOptions &options,
           Engine &engine)
    : sram(program.machine, engine.vectors), program(program),
      machine(program.machine), options(options), engine(engine), index(index),
      lanes(machine.lanes()), streams(machine, engine.vectors) {
  const ChipProgram &chip = program.chips[size_t(index)];
  const ChipProvenance *provenance = size_t(index) < program.provenance.size()
                                         ? &program.provenance[size_t(index)]
                                         : nullptr;
  int count = queueCount(machine);
  queues.resize(size_t(count));
  for (int number = 0; number < count; ++number) {
    QueueState &queue = queues[size_t(number)];
    queue.id = *queueOfNumber(machine, number);
    queue.number = number;
    queue.position = queuePosition(machine, queue.id);
    if (auto text = chip.queues.find(number); text != chip.queues.end())
      queue.text = &text->second;
    if (provenance)
      if (auto nodes = provenance->nodes.find(number);
          nodes != provenance->nodes.end())
        queue.nodes = &nodes->second;
    uint64_t bit = uint64_t(1) << (number & 63);
    if (queue.id.unit == Unit::MxmAccumulate || queue.id.unit == Unit::Link)
      accumulators[size_t(number) / 64] |= bit;
    if (queue.id.unit == Unit::MxmActivate)
      activators[size_t(number) / 64] |= bit;
    if (queue.id.unit == Unit::MxmWeights ||
        queue.id.unit == Unit::MxmActivate ||
        queue.id.unit == Unit::MxmAccumulate)
      matrixQueues[size_t(number) / 64] |= bit;
  }
  wheel.resize(horizon);

  int aluLongest = std::max(machine.aluLatency, machine.transcendentalLatency);
  int sxmLongest = machine.sxmEnter +
                   std::max({machine.transposeLatency,
                             machine.distributeLatency, machine.shiftLatency});
  int longest = std::max(
      {machine.readLatency, machine.aluToStream + aluLongest, sxmLongest});
  landings.resize(std::bit_ceil(unsigned(longest + 1)));
  memSides.resize(size_t(2) * machine.slices);
  aluRing = int(std::bit_ceil(unsigned(aluLongest + 1)));
  aluResults.resize(size_t(machine.alus) * aluRing);
  for (AluResult &result : aluResults)
    result.values.resize(size_t(lanes));
  dueRing = int(std::bit_ceil(unsigned(machine.mxmLatency + 1)));
  planes.resize(size_t(2) * machine.planes);
  for (Plane &plane : planes) {
    plane.rows.resize(size_t(machine.accumulatorRows) * lanes);
    plane.results.resize(size_t(dueRing));
  }
  ports.resize(size_t(2) * machine.links);
  nodeStats.resize(program.nodes.size());
}

void Chip::connect(int link, Chip *peer, int peerLink) {
  ports[size_t(link)].peer = peer;
  ports[size_t(link)].peerPort = peerLink;
}

void Chip::start() {
  now = -1;
  last = -1;
  busyCycles = 0;
  fault.reset();
  charged.assign(queues.size(), false);
  streams.clear();
  std::fill(wheel.begin(), wheel.end(), QueueSet{});
  far = {};
  armed = 0;
  for (auto &slot : landings) {
    for (const Landing &landing : slot)
      engine.vectors.release(landing.vector);
    slot.clear();
  }
  flying = 0;
  for (const LateWrite &write : lateWrites)
    engine.vectors.release(write.vector);
  lateWrites.clear();
  std::fill(memSides.begin(), memSides.end(), MemSide{});
  for (AluResult &result : aluResults)
    result.issued = -1;
  for (Plane &plane : planes) {
    assign(plane.shadow, nullptr);
    assign(plane.active, nullptr);
    plane.batch = nullptr;
    plane.state.assign(size_t(machine.accumulatorRows), Row::Empty);
    std::fill(plane.results.begin(), plane.results.end(), Result{});
  }
  due.clear();
  for (Port &port : ports) {
    port.lastSend = -1;
    for (const Arrival &arrival : port.arrivals)
      engine.vectors.release(arrival.vector);
    port.arrivals.clear();
  }
  arriving = 0;
  std::fill(nodeStats.begin(), nodeStats.end(), NodeStat{});

  for (QueueState &queue : queues) {
    queue.next = 0;
    queue.issues = 0;
    queue.repeatable = false;
    queue.poisoned = false;
    if (queue.text)
      advance(queue, 0);
  }
}

void Chip::arm(QueueState &queue, int64_t cycle) {
  ++armed;
  if (cycle - now < horizon)
    wheel[size_t(cycle % horizon)][size_t(queue.number) / 64] |=
        uint64_t(1) << (queue.number & 63);
  else
    far.push({cycle, queue.number});
}

/// Decodes up to the next instruction that issues; `from` is the cycle after
/// the last issue.
void Chip::advance(QueueState &queue, int64_t from) {
  int64_t cycle = from;
  auto poison = [&](size_t at, FaultKind kind, std::string message) {
    queue.current = int(at);
    queue.poisoned = true;
    queue.poison = {kind, std::move(message)};
    arm(queue, std::min(cycle, options.cycleLimit));
  };
  for (; queue.next < queue.text->size(); ++queue.next) {
    const Instruction &inst = (*queue.text)[queue.next];
    size_t at = queue.next;
    if (inst.opcode == Opcode::Nop) {
      cycle += inst.count;
      queue.repeatable = false;
      continue;
    }
    if (cycle >= options.cycleLimit)
      return poison(at, FaultKind::PastLimit,
                    "would issue at or past the limit of " +
                        std::to_string(options.cycleLimit) + " cycles");
    if (inst.opcode != Opcode::Repeat) {
      queue.current = int(at);
      queue.node = -1;
      if (queue.nodes && at < queue.nodes->size() &&
          size_t((*queue.nodes)[at]) < nodeStats.size())
        queue.node = (*queue.nodes)[at];
      queue.step = queue.stride = 0;
      queue.remaining = 0;
      queue.repeatable = true;
      ++queue.next;
      // Its text is long; the queue comes back for the next in some cycles.
      __builtin_prefetch(&inst + 2);
      __builtin_prefetch(reinterpret_cast<const char *>(&inst + 3) - 1);
      return arm(queue, cycle);
    }
    if (!queue.repeatable)
      return poison(at, FaultKind::BadRepeat,
                    "a repeat must follow an instruction that can be repeated");
    queue.repeatable = false;
    if (inst.count == 0)
      continue;
    if (inst.distance == 0) // In the cycle of the instruction before.
      return fail(queue, int(at), FaultKind::QueueConflict,
                  "at distance 0 an instruction issues twice in one cycle");
    int64_t end = from - 1 + int64_t(inst.count) * int64_t(inst.distance);
    if (end >= options.cycleLimit)
      return poison(at, FaultKind::BadRepeat,
                    "repeats until cycle " + std::to_string(end) +
                        ", past the limit of " +
                        std::to_string(options.cycleLimit));
    queue.step = 1;
    queue.stride = inst.stride;
    queue.remaining = inst.count - 1;
    queue.distance = inst.distance;
    ++queue.next;
    return arm(queue, from - 1 + inst.distance);
  }
}

int64_t Chip::nextCycle() {
  if (flying > 0 || arriving > 0 || !due.empty() || !lateWrites.empty())
    return now + 1;
  if (armed == 0)
    return never;
  int64_t limit = now + horizon;
  if (!far.empty())
    limit = std::min(limit, far.top().first);
  for (int64_t cycle = now + 1; cycle < limit; ++cycle) {
    const QueueSet &set = wheel[size_t(cycle % horizon)];
    if (set[0] | set[1] | set[2] | set[3])
      return cycle;
  }
  return far.top().first;
}

void Chip::step(int64_t cycle) {
  now = cycle;
  while (!far.empty() && far.top().first - now < horizon) {
    auto [when, number] = far.top();
    far.pop();
    wheel[size_t(when % horizon)][size_t(number) / 64] |= uint64_t(1)
                                                          << (number & 63);
  }
  land();

  QueueSet set = std::exchange(wheel[size_t(now % horizon)], QueueSet{});
  auto issueAll = [&](const QueueSet &which) {
    for (size_t word = 0; word < set.size(); ++word) {
      uint64_t bits = set[word] & which[word];
      set[word] &= ~bits;
      for (; bits; bits &= bits - 1)
        issueQueue(queues[word * 64 + size_t(std::countr_zero(bits))]);
    }
  };
  cycleIssues = 0;
  cycleNodes.clear();
  // An iw waits for its turn, whichever queue it stands in.
  QueueSet installers{}, first = accumulators, second = activators;
  for (size_t word = 0; word < set.size(); ++word) {
    for (uint64_t bits = set[word] & matrixQueues[word]; bits;
         bits &= bits - 1) {
      const QueueState &queue =
          queues[word * 64 + size_t(std::countr_zero(bits))];
      if ((*queue.text)[size_t(queue.current)].opcode == Opcode::InstallWeights)
        installers[word] |= bits & -bits;
    }
    first[word] &= ~installers[word];
    second[word] &= ~installers[word];
  }
  issueAll(first);
  checkDueRows();
  checkArrivals();
  issueAll(second);
  issueAll(installers);
  issueAll({~uint64_t(0), ~uint64_t(0), ~uint64_t(0), ~uint64_t(0)});
  if (cycleIssues > 0)
    accountNodes();
}

void Chip::issueQueue(QueueState &queue) {
  --armed;
  if (queue.poisoned)
    return fail(queue, queue.current, queue.poison.kind, queue.poison.message);
  const Instruction &inst = (*queue.text)[size_t(queue.current)];
  Issue issue{queue, inst, int(inst.address) + queue.step * queue.stride};
  if (queue.step == 0)
    if (auto wrong = checkInstruction(machine, queue.id, inst))
      return fail(issue, wrong->kind, wrong->message);

  ++queue.issues;
  ++cycleIssues;
  happens(now);
  if (queue.node >= 0) {
    cycleNodes.push_back(queue.node);
    ++nodeStats[size_t(queue.node)].units[size_t(queue.id.unit)];
  }
  if (options.trace)
    options.trace({index, queue.number, now, queue.current, queue.step});

  switch (queue.id.unit) {
  case Unit::MemRead:
    inst.opcode == Opcode::Read ? memRead(issue) : gather(issue);
    break;
  case Unit::MemWrite:
    inst.opcode == Opcode::Write ? memWrite(issue) : scatter(issue);
    break;
  case Unit::Alu:
    alu(issue);
    break;
  case Unit::MxmWeights:
    mxmWeights(issue);
    break;
  case Unit::MxmActivate:
    inst.opcode == Opcode::Activate ? activate(issue) : install(issue);
    break;
  case Unit::MxmAccumulate:
    inst.opcode == Opcode::Accumulate ? accumulate(issue) : install(issue);
    break;
  case Unit::Transposer:
  case Unit::Distributor:
  case Unit::Permuter:
    sxm(issue);
    break;
  case Unit::Link:
    link(issue);
    break;
  }

  if (queue.remaining > 0) {
    --queue.remaining;
    ++queue.step;
    arm(queue, now + queue.distance);
  } else {
    advance(queue, now + 1);
  }
}

void Chip::land() {
  while (!lateWrites.empty() && lateWrites.front().cycle <= now) {
    commit(lateWrites.front());
    lateWrites.pop_front();
  }
  std::vector<Landing> &slot = landings[size_t(now) & (landings.size() - 1)];
  for (const Landing &l : slot)
    if (!streams.drive(l.stream, l.position, now, l.producer, l.vector))
      failDrive(queues[size_t(l.producer)], l.instruction, l.stream,
                l.position);
  flying -= int64_t(slot.size());
  slot.clear();
}

void Chip::failTake(const Issue &issue, int stream, int producer) {
  const Streams::Value *value = streams.find(stream, issue.queue.position, now);
  if (!value)
    return fail(issue, FaultKind::StreamNotDriven,
                "stream " + std::to_string(stream) +
                    " carries no value at hop " +
                    std::to_string(issue.queue.position));
  auto expected = queueOfNumber(machine, producer);
  fail(issue, FaultKind::StreamWrongProducer,
       "stream " + std::to_string(stream) + " carries a value of " +
           queueName(queues[size_t(value->producer)].id) + " at hop " +
           std::to_string(issue.queue.position) + ", expected " +
           (expected ? queueName(*expected)
                     : "queue " + std::to_string(producer)));
}

void Chip::failDrive(const QueueState &queue, int instruction, int stream,
                     int position) {
  fail(queue, instruction, FaultKind::TwoDrivers,
       "stream " + std::to_string(stream) + " is already driven at hop " +
           std::to_string(position));
}

void Chip::results(Vector *vectors, int count, const void **pointers) {
  for (int i = 0; i < count; ++i) {
    vectors[i] = engine.allocate();
    pointers[i] = vectors[i].bytes;
  }
}

void Chip::fail(const QueueState &queue, int instruction, FaultKind kind,
                std::string message) {
  charged[size_t(queue.number)] = true;
  // Of one cycle, the fault of the lowest queue number is the first.
  if (fault && queueNumber(machine, fault->queue) <= queue.number)
    return;
  Fault found;
  found.kind = kind;
  found.chip = index;
  found.queue = queue.id;
  found.cycle = now;
  found.instruction = instruction;
  found.message = std::move(message);
  if (queue.nodes && size_t(instruction) < queue.nodes->size()) {
    int32_t node = (*queue.nodes)[size_t(instruction)];
    if (node >= 0 && size_t(node) < program.nodes.size())
      found.node = program.nodes[size_t(node)];
  }
  if (queue.text && size_t(instruction) < queue.text->size())
    found.message =
        std::string(opcodeName((*queue.text)[size_t(instruction)].opcode)) +
        ": " + found.message;
  fault = std::move(found);
}

void Chip::accountNodes() {
  ++busyCycles;
  double share = cycleNodes.empty() ? 0 : 1.0 / double(cycleNodes.size());
  for (int32_t node : cycleNodes) {
    NodeStat &stat = nodeStats[size_t(node)];
    if (stat.issues++ == 0)
      stat.first = now;
    stat.last = now;
    stat.cycles += share;
  }
}

void Chip::report(SimResult &result) const {
  for (const QueueState &queue : queues)
    if (queue.issues > 0)
      result.queues.push_back({index, queue.number, queue.issues});
  result.nodes.resize(std::max(result.nodes.size(), nodeStats.size()));
  for (size_t i = 0; i < nodeStats.size(); ++i) {
    const NodeStat &stat = nodeStats[i];
    NodeUse &use = result.nodes[i];
    use.node = program.nodes[i];
    if (stat.issues == 0)
      continue;
    bool first = use.issues == 0;
    use.firstCycle = first ? stat.first : std::min(use.firstCycle, stat.first);
    use.lastCycle = std::max(use.lastCycle, stat.last);
    use.issues += stat.issues;
    use.cycles += stat.cycles;
    for (int unit = 0; unit < unitKinds; ++unit)
      use.unitIssues[size_t(unit)] += stat.units[size_t(unit)];
  }
}

} // namespace weft::sim
