// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The structural check of a problem, before any scheduling: everything that an
// algorithm takes for granted.

#include "Flow.h"

#include <map>

using namespace weft;
using namespace weft::schedule;

int weft::opPosition(const Machine &machine, const Op &op) {
  switch (op.unit) {
  case Unit::MxmWeights:
  case Unit::MxmActivate:
  case Unit::MxmAccumulate:
    return machine.mxmAt(op.hemisphere);
  case Unit::Transposer:
  case Unit::Distributor:
  case Unit::Permuter:
  case Unit::Link:
    return machine.sxmAt(op.hemisphere);
  default:
    return 0;
  }
}

namespace {

class Checker {
public:
  explicit Checker(const Problem &problem)
      : problem(problem), machine(*problem.machine) {}
  Status run();

private:
  bool fail(const std::string &what) {
    if (message.empty())
      message = what;
    return false;
  }
  bool checkBuffer(size_t b);
  bool checkChain(const Chain &chain);
  bool checkOps(const Chain &chain);
  bool checkValues(const Chain &chain);
  bool checkAccess(const Value &value, const Access &a);
  bool checkMatrix(size_t c);
  bool checkMemory(const Chain &chain);

  const Problem &problem;
  const Machine &machine;
  std::string message;
  std::vector<std::vector<bool>> written;
  std::vector<int> passOf;
  std::map<int, std::pair<int, int>> groupUnits;
  std::vector<Flow> flows;
};

bool Checker::checkBuffer(size_t b) {
  const Buffer &buffer = problem.buffers[b];
  std::string name = "buffer " + std::to_string(b);
  if (buffer.words < 1 || buffer.words > machine.wordsPerBank)
    return fail(name + " has " + std::to_string(buffer.words) +
                " words; a bank has " + std::to_string(machine.wordsPerBank));
  if (!buffer.place)
    return true;
  const Buffer::Place &p = *buffer.place;
  if (p.slice < 0 || p.slice >= machine.slices || p.address < 0 ||
      p.address + buffer.words > machine.words() ||
      p.address / machine.wordsPerBank !=
          (p.address + buffer.words - 1) / machine.wordsPerBank)
    return fail(name + " is placed outside of one bank of a slice");
  if (buffer.hemisphere && *buffer.hemisphere != p.hemisphere &&
      !buffer.mayCross)
    return fail(name + " is placed in the other hemisphere");
  if (machine.isReserved(p.hemisphere, p.slice))
    return fail(name + " is placed in a reserved slice");
  return true;
}

bool Checker::checkAccess(const Value &value, const Access &a) {
  if (a.buffer < 0 || size_t(a.buffer) >= problem.buffers.size())
    return fail("buffer " + std::to_string(a.buffer) + " does not exist");
  int words = problem.buffers[a.buffer].words;
  int64_t end = a.first + int64_t(a.count - 1) * a.stride;
  if (a.count < 1 || a.first < 0 || a.first >= words || end < 0 || end >= words)
    return fail("an access leaves buffer " + std::to_string(a.buffer));
  if (a.elementStep < 1 || a.element < 0 ||
      a.element + int64_t(a.count - 1) * a.elementStep >= value.elements)
    return fail("an access has more elements than its value");
  return true;
}

bool Checker::checkOps(const Chain &chain) {
  static constexpr int unbounded = 64;
  for (const Op &op : chain.ops) {
    int count = unbounded;
    switch (op.unit) {
    case Unit::MemRead:
    case Unit::MemWrite:
      return fail("an op names a memory queue");
    case Unit::Alu:
      count = unbounded;
      break;
    case Unit::MxmWeights:
    case Unit::MxmActivate:
    case Unit::MxmAccumulate:
      count = machine.planes;
      break;
    case Unit::Transposer:
      count = machine.transposers;
      break;
    case Unit::Distributor:
      count = machine.distributors;
      break;
    case Unit::Permuter:
      count = 1;
      break;
    case Unit::Link:
      count = machine.links;
      break;
    }
    if (op.unit != Unit::Alu && (op.index < 0 || op.index >= count))
      return fail("an op names a unit that does not exist");
    if (op.count < 1 || op.period < 1)
      return fail("an op has no issues or no period");
    if (op.result >= int(chain.values.size()) || op.resultDelay < 0)
      return fail("an op's result does not exist");
    for (int v : op.operands) {
      if (v < 0 || size_t(v) >= chain.values.size())
        return fail("an op's operand does not exist");
      if (op.count > 1 && chain.values[v].period != op.period)
        return fail("an op and its operand differ in period");
      if (op.count > chain.values[v].elements)
        return fail("an op takes more elements than its operand has");
    }
  }
  return true;
}

bool Checker::checkValues(const Chain &chain) {
  std::vector<int> producers(chain.values.size(), 0);
  std::vector<char> read(chain.values.size(), 0);
  for (const Op &op : chain.ops) {
    if (op.result >= 0)
      ++producers[op.result];
    for (int v : op.operands)
      read[v] = 1;
  }
  for (size_t v = 0; v < chain.values.size(); ++v) {
    const Value &value = chain.values[v];
    std::string name = "value " + std::to_string(v);
    if (value.width < 1 || value.width > machine.streams ||
        machine.streams % value.width != 0 || value.elements < 1 ||
        value.period < 1)
      return fail(name + " has an impossible width, length or period");
    bool memory = !value.planes.empty();
    if (memory == (producers[v] > 0) || producers[v] > 1)
      return fail(name + " needs one producer");
    if (memory && int(value.planes.size()) != value.width)
      return fail(name + " has a plane count other than its width");
    if (memory && !read[v])
      return fail(name + " comes from memory and no op takes it");
    for (auto &plane : value.planes)
      for (const Access &a : plane)
        if (!checkAccess(value, a))
          return false;
  }
  for (const Write &w : chain.writes) {
    if (w.value < 0 || size_t(w.value) >= chain.values.size())
      return fail("a write's value does not exist");
    const Value &value = chain.values[w.value];
    if (!value.planes.empty())
      return fail("a write's value comes straight from memory");
    if (int(w.planes.size()) > value.width)
      return fail("a write has more planes than its value");
    for (auto &plane : w.planes)
      for (const Access &a : plane)
        if (!checkAccess(value, a))
          return false;
  }

  // Every op that takes a value must be where the value is in that cycle.
  flowsOf(machine, chain, flows);
  for (const Op &op : chain.ops)
    for (int v : op.operands) {
      const Flow &f = flows[v];
      int x = opPosition(machine, op);
      if ((x - f.position) * f.direction < 0 && f.producer >= 0)
        return fail("value " + std::to_string(v) +
                    " flows away from an op that takes it");
      if (f.at(x) != op.offset || (f.direction == 0 && x != f.position))
        return fail("value " + std::to_string(v) +
                    " is not at an op when it takes it");
    }
  return true;
}

bool Checker::checkMatrix(size_t c) {
  const Chain &chain = problem.chains[c];
  if (chain.accumulatorGroup >= 0 &&
      (chain.accumulatorRows < 1 ||
       chain.accumulatorRows > machine.accumulatorRows))
    return fail("it asks for " + std::to_string(chain.accumulatorRows) +
                " accumulator rows");
  if (chain.accumulatorGroup >= 0) {
    if (extentOf(chain, Unit::MxmAccumulate).empty())
      return fail("it has an accumulator group and accumulates nothing");
    auto [it, fresh] = groupUnits.try_emplace(
        chain.accumulatorGroup, int(chain.hemisphere), chain.pair);
    if (it->second != std::pair(int(chain.hemisphere), chain.pair))
      return fail("its accumulator group is on two matrix units");
  }
  if (chain.role == MxmRole::None)
    return true;
  if (chain.pair < 0 || chain.pair >= machine.planes)
    return fail("its matrix unit does not exist");
  for (const Op &op : chain.ops)
    if ((op.unit == Unit::MxmWeights || op.unit == Unit::MxmActivate ||
         op.unit == Unit::MxmAccumulate) &&
        (op.hemisphere != chain.hemisphere || op.index < chain.pair ||
         op.index > chain.pair + 1))
      return fail("an op is on another matrix unit than its chain");
  PairUse use = pairUse(chain);
  if (use[0].load.empty() && use[1].load.empty() && !use[0].installs() &&
      !use[1].installs())
    return fail("it loads or installs no weights");
  if (chain.role == MxmRole::Load) {
    if (passOf[c] < 0)
      return fail("no pass installs what it loads");
    return true;
  }
  if (chain.load < 0 || size_t(chain.load) >= c ||
      problem.chains[chain.load].role != MxmRole::Load)
    return fail("its load does not come before it");
  const Chain &load = problem.chains[chain.load];
  if (load.hemisphere != chain.hemisphere || load.pair != chain.pair)
    return fail("its load is on another matrix unit");
  if (passOf[chain.load] != int(c))
    return fail("its load has two passes");
  PairUse loaded = pairUse(load);
  for (int plane : {0, 1}) {
    const PlaneUse &u = use[plane];
    if (u.activation.empty() != loaded[plane].load.empty())
      return fail("it does not activate the planes that its load fills");
    if (!u.activation.empty() && u.activation.first <= u.install)
      return fail("its activations do not follow its install");
    if (u.activation.empty() == u.installs())
      return fail("it does not install what it activates");
  }
  return true;
}

bool Checker::checkMemory(const Chain &chain) {
  bool good = true;
  forEachRead(chain, [&](int, int, const Access &a) {
    if (problem.buffers[a.buffer].initial)
      return;
    auto &w = written[a.buffer];
    for (int i = 0; i < a.count && good; ++i)
      if (w.empty() || !w[a.first + i * a.stride])
        good = fail("it reads word " + std::to_string(a.first + i * a.stride) +
                    " of buffer " + std::to_string(a.buffer) +
                    " that no earlier chain writes");
  });
  forEachWrite(chain, [&](int, int, const Access &a) {
    auto &w = written[a.buffer];
    w.resize(problem.buffers[a.buffer].words);
    for (int i = 0; i < a.count; ++i)
      w[a.first + i * a.stride] = true;
  });
  return good;
}

bool Checker::checkChain(const Chain &chain) {
  return checkOps(chain) && checkValues(chain);
}

Status Checker::run() {
  auto error = [&](const std::string &where) {
    return Error{
        ErrorKind::Internal, "scheduling problem: " + where + message, {}};
  };
  for (size_t b = 0; b < problem.buffers.size(); ++b)
    if (!checkBuffer(b))
      return error("");
  passOf.assign(problem.chains.size(), -1);
  for (size_t c = 0; c < problem.chains.size(); ++c)
    if (const Chain &chain = problem.chains[c];
        chain.role == MxmRole::Pass && chain.load >= 0 &&
        size_t(chain.load) < problem.chains.size())
      passOf[chain.load] = int(c);
  written.resize(problem.buffers.size());
  for (size_t c = 0; c < problem.chains.size(); ++c) {
    const Chain &chain = problem.chains[c];
    if (!checkChain(chain) || !checkMatrix(c) || !checkMemory(chain))
      return error("chain '" + chain.name + "': ");
  }
  return success();
}

} // namespace

Status Problem::check() const {
  if (!machine)
    return Error{ErrorKind::Internal, "scheduling problem without machine", {}};
  return Checker(*this).run();
}
