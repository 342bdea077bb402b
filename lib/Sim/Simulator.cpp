// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Loading a program into chips, the loop over cycles, and the report. Chips
// meet only through links, whose latency exceeds a cycle, so their order
// within a cycle is free.

#include "weft/Sim/Simulator.h"

#include "Chip.h"

#include <algorithm>

namespace weft {

using sim::Chip;

std::string_view faultKindName(FaultKind kind) {
  switch (kind) {
  case FaultKind::StreamNotDriven:
    return "stream not driven";
  case FaultKind::StreamWrongProducer:
    return "stream driven by another than named";
  case FaultKind::TwoDrivers:
    return "two drivers";
  case FaultKind::BankConflict:
    return "bank conflict";
  case FaultKind::UnwrittenRead:
    return "read of a word never written";
  case FaultKind::QueueConflict:
    return "two instructions in one queue in one cycle";
  case FaultKind::ChainedOperand:
    return "chained operand at the wrong cycle";
  case FaultKind::WeightsNotInstalled:
    return "weights used before they are installed";
  case FaultKind::WeightsOverwritten:
    return "weights overwritten before they are installed";
  case FaultKind::AccumulatorMisuse:
    return "accumulator row misuse";
  case FaultKind::OutOfRange:
    return "out of range";
  case FaultKind::Misaligned:
    return "type group misaligned";
  case FaultKind::LinkTooSoon:
    return "link sent too soon";
  case FaultKind::LinkNotReceived:
    return "sent but not received";
  case FaultKind::LinkNotSent:
    return "received without a send";
  case FaultKind::NoSuchInstruction:
    return "an instruction that does not exist";
  case FaultKind::BadRepeat:
    return "bad repeat";
  case FaultKind::PastLimit:
    return "past the cycle limit";
  }
  return "unknown fault";
}

std::string Fault::text() const {
  std::string result = "chip " + std::to_string(chip) + ", " +
                       queueName(queue) + ", cycle " + std::to_string(cycle) +
                       ", instruction " + std::to_string(instruction);
  if (!node.empty())
    result += ", node '" + node + "'";
  return result + ": " + std::string(faultKindName(kind)) + ": " + message;
}

struct Simulator::Impl {
  const Program &program;
  SimOptions options;
  std::unique_ptr<sim::Engine> engine;
  std::vector<std::unique_ptr<Chip>> chips;

  Impl(const Program &program, SimOptions options)
      : program(program), options(std::move(options)) {}

  Error invalid(std::string message) const {
    return {ErrorKind::Invalid, std::move(message), {}};
  }
  Status checkRange(int chip, Hemisphere h, int slice, int64_t word,
                    size_t bytes) const {
    const Machine &m = program.machine;
    std::string where =
        "chip " + std::to_string(chip) +
        (h == Hemisphere::West ? ", west mem " : ", east mem ") +
        std::to_string(slice);
    if (chip < 0 || size_t(chip) >= chips.size() || slice < 0 ||
        slice >= m.slices || int(h) > 1)
      return invalid(where + ": no such memory slice");
    if (m.isReserved(h, slice))
      return invalid(where + ": the slice is reserved for the system");
    if (bytes % size_t(m.lanes()) != 0)
      return invalid(where + ": " + std::to_string(bytes) +
                     " bytes are not whole words of " +
                     std::to_string(m.lanes()));
    int64_t end = word + int64_t(bytes / size_t(m.lanes()));
    if (word < 0 || end > m.words())
      return invalid(where + ": words " + std::to_string(word) + " to " +
                     std::to_string(end) + " of " + std::to_string(m.words()));
    return success();
  }
  Status load();
  Status connect();
};

Status Simulator::Impl::load() {
  for (size_t c = 0; c < chips.size(); ++c) {
    for (const auto &[number, text] : program.chips[c].queues)
      if (number < 0 || number >= queueCount(program.machine))
        return invalid("chip " + std::to_string(c) + ": no queue has number " +
                       std::to_string(number));
    for (const MemoryImage &image : program.chips[c].images) {
      if (Status ok = checkRange(int(c), image.hemisphere, image.slice,
                                 image.address, image.data.size());
          !ok)
        return ok;
      sim::Sram &sram = chips[c]->sram;
      size_t lanes = size_t(program.machine.lanes());
      sram.store(image.hemisphere, image.slice, image.address,
                 image.data.data(), int(image.data.size() / lanes));
    }
  }
  return connect();
}

Status Simulator::Impl::connect() {
  for (const Cable &cable : options.cables) {
    const Cable::End *ends[2] = {&cable.a, &cable.b};
    for (const Cable::End *end : ends)
      if (end->chip < 0 || size_t(end->chip) >= chips.size() || end->link < 0 ||
          end->link >= program.machine.links || int(end->hemisphere) > 1)
        return invalid("a cable ends at chip " + std::to_string(end->chip) +
                       ", link " + std::to_string(end->link) +
                       ", which does not exist");
    for (int i = 0; i < 2; ++i) {
      const Cable::End &from = *ends[i], &to = *ends[1 - i];
      Chip &peer = *chips[size_t(to.chip)];
      chips[size_t(from.chip)]->connect(
          peer.linkIndex(from.hemisphere, from.link), &peer,
          peer.linkIndex(to.hemisphere, to.link));
    }
  }
  return success();
}

Simulator::Simulator(std::unique_ptr<Impl> impl) : impl(std::move(impl)) {}
Simulator::Simulator(Simulator &&) noexcept = default;
Simulator &Simulator::operator=(Simulator &&) noexcept = default;
Simulator::~Simulator() = default;

Expected<Simulator> Simulator::create(const Program &program,
                                      SimOptions options) {
  if (Status ok = validateMachine(program.machine, program.machine.name); !ok)
    return ok.error();
  auto impl = std::make_unique<Impl>(program, std::move(options));
  if (program.chips.empty())
    return impl->invalid("the program has no chips");
  int threads = impl->options.threads;
  if (threads <= 0)
    threads = int(std::max(1u, std::thread::hardware_concurrency()));
  // Rows are due a few dozen cycles after they begin: more threads would wait.
  impl->engine =
      std::make_unique<sim::Engine>(program.machine, std::min(threads, 16) - 1);
  for (size_t c = 0; c < program.chips.size(); ++c)
    impl->chips.push_back(
        std::make_unique<Chip>(program, int(c), impl->options, *impl->engine));
  if (Status ok = impl->load(); !ok)
    return ok.error();
  return Simulator(std::move(impl));
}

Status Simulator::write(int chip, Hemisphere hemisphere, int slice, int word,
                        std::span<const uint8_t> data) {
  if (Status ok = impl->checkRange(chip, hemisphere, slice, word, data.size());
      !ok)
    return ok;
  sim::Engine &engine = *impl->engine;
  sim::Sram &sram = impl->chips[size_t(chip)]->sram;
  size_t lanes = size_t(impl->program.machine.lanes());
  engine.drain();
  for (size_t i = 0; i * lanes < data.size(); ++i) {
    sim::Vector v = engine.allocate();
    std::copy_n(data.data() + i * lanes, lanes, engine.vectors.bytes(v.block));
    sram.store(hemisphere, slice, word + int(i), v, sram.wholeWord());
  }
  return success();
}

Status Simulator::read(int chip, Hemisphere hemisphere, int slice, int word,
                       std::span<uint8_t> data) const {
  if (Status ok = impl->checkRange(chip, hemisphere, slice, word, data.size());
      !ok)
    return ok;
  size_t lanes = size_t(impl->program.machine.lanes());
  impl->engine->drain();
  for (size_t i = 0; i * lanes < data.size(); ++i) {
    const uint8_t *bytes = impl->chips[size_t(chip)]
                               ->sram.find(hemisphere, slice, word + int(i))
                               .bytes;
    if (!bytes)
      return impl->invalid(
          "word " + std::to_string(word + int(i)) + " of " +
          queueName({Unit::MemRead, hemisphere, uint8_t(slice)}) +
          " was never written");
    std::copy(bytes, bytes + lanes, data.begin() + ptrdiff_t(i * lanes));
  }
  return success();
}

Expected<SimResult> Simulator::run() {
  SimResult result;
  impl->engine->reset();
  for (auto &chip : impl->chips)
    chip->start();
  std::vector<int64_t> next(impl->chips.size());
  int64_t shown = 0;
  int64_t interval = std::max<int64_t>(1, impl->options.progressInterval);
  while (!result.fault) {
    int64_t cycle = Chip::never;
    for (size_t c = 0; c < next.size(); ++c) {
      next[c] = impl->chips[c]->nextCycle();
      cycle = std::min(cycle, next[c]);
    }
    if (cycle == Chip::never)
      break;
    if (impl->options.progress && cycle >= shown + interval)
      impl->options.progress(shown = cycle);
    for (size_t c = 0; c < next.size(); ++c)
      if (next[c] == cycle)
        impl->chips[c]->step(cycle);
    // Lower chips first; a fault may be found by the chip that a link reaches.
    for (auto &chip : impl->chips)
      if (!result.fault && chip->firstFault())
        result.fault = chip->firstFault();
  }
  impl->engine->drain();

  for (auto &chip : impl->chips)
    result.cycles = std::max(result.cycles, chip->lastCycle() + 1);
  const Machine &machine = impl->program.machine;
  std::array<int64_t, unitKinds> issues{};
  for (auto &chip : impl->chips) {
    size_t from = result.queues.size();
    chip->report(result);
    result.idleCycles += double(chip->idleUntil(result.cycles));
    for (; from < result.queues.size(); ++from)
      issues[size_t(queueOfNumber(machine, result.queues[from].queue)->unit)] +=
          result.queues[from].issues;
  }
  std::array<int, unitKinds> count{};
  for (int number = 0; number < queueCount(machine); ++number)
    count[size_t(queueOfNumber(machine, number)->unit)] +=
        int(impl->chips.size());
  for (int unit = 0; unit < unitKinds; ++unit) {
    double slots = double(count[size_t(unit)]) * double(result.cycles);
    result.units.push_back(
        {Unit(unit), count[size_t(unit)], issues[size_t(unit)],
         slots > 0 ? double(issues[size_t(unit)]) / slots : 0.0});
  }
  std::erase_if(result.nodes, [](const NodeUse &use) { return !use.issues; });
  return result;
}

} // namespace weft
