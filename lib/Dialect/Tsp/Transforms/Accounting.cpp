// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Sums over the memory of a program.

#include "weft/Dialect/Tsp/Transforms/Accounting.h"

#include <algorithm>
#include <map>

using namespace weft;
using namespace weft::tsp;
using llvm::isa;

static int64_t bytesOf(const SchedulingProblem &s, mlir::Operation *op,
                       int first) {
  int64_t words = 0;
  for (unsigned i = 0; i < op->getNumResults(); ++i)
    words += s.problem.buffers[size_t(first) + i].words;
  return words * s.machine.lanes();
}

MemoryPurpose tsp::purposeOf(mlir::Operation *memory) {
  if (isa<WeightsOp, ConstantOp>(memory))
    return isTable(memory->getLoc()) ? MemoryPurpose::Tables
                                     : MemoryPurpose::Weights;
  return MemoryPurpose::Activations;
}

static std::string nameOf(mlir::Operation *memory) {
  if (auto input = llvm::dyn_cast<InputOp>(memory))
    return "input " + input.getName().str();
  if (auto lookup = llvm::dyn_cast<LookupOp>(memory))
    return "rows of " + lookup.getTable().str();
  std::string name = initializerName(memory->getLoc());
  if (!name.empty())
    return name;
  auto nodes = nodeNames(memory->getLoc());
  return nodes.empty() ? "unnamed" : nodes.front();
}

std::vector<Tenant> tsp::tenantsOf(const SchedulingProblem &s) {
  std::map<std::pair<MemoryPurpose, std::string>, int64_t> sums;
  for (auto [op, first] : s.memory)
    sums[{purposeOf(op), nameOf(op)}] += bytesOf(s, op, first);
  std::vector<Tenant> tenants;
  for (auto &[key, bytes] : sums)
    tenants.push_back({key.second, key.first, bytes});
  std::sort(tenants.begin(), tenants.end(),
            [](const Tenant &a, const Tenant &b) {
              return std::tie(b.bytes, a.name, a.purpose) <
                     std::tie(a.bytes, b.name, b.purpose);
            });
  return tenants;
}

SramNeed tsp::sramNeed(const SchedulingProblem &s, int64_t textBytes) {
  SramNeed need;
  need.text = textBytes;
  for (auto [op, first] : s.memory)
    switch (purposeOf(op)) {
    case MemoryPurpose::Weights:
      need.weights += bytesOf(s, op, first);
      break;
    case MemoryPurpose::Tables:
      need.tables += bytesOf(s, op, first);
      break;
    default:
      if (!isa<ScratchOp>(op))
        need.activations += bytesOf(s, op, first);
    }
  // Scratch buffers live from the first chain that writes to the last that
  // reads.
  const Problem &p = s.problem;
  size_t chains = p.chains.size();
  std::vector<std::pair<size_t, size_t>> life(p.buffers.size(), {chains, 0});
  for (size_t c = 0; c < chains; ++c) {
    auto touch = [&](const std::vector<std::vector<Access>> &planes) {
      for (auto &plane : planes)
        for (const Access &a : plane) {
          auto &[from, to] = life[size_t(a.buffer)];
          from = std::min(from, c);
          to = std::max(to, c);
        }
    };
    for (const Value &v : p.chains[c].values)
      touch(v.planes);
    for (const Write &w : p.chains[c].writes)
      touch(w.planes);
  }
  std::vector<int64_t> change(chains + 2, 0);
  for (size_t b = 0; b < p.buffers.size(); ++b) {
    auto [from, to] = life[b];
    if (p.buffers[b].initial || from > to)
      continue;
    change[from] += p.buffers[b].words;
    change[p.buffers[b].final ? chains + 1 : to + 1] -= p.buffers[b].words;
  }
  int64_t now = 0, most = 0;
  for (int64_t step : change)
    most = std::max(most, now += step);
  need.activations += most * s.machine.lanes();
  return need;
}

std::string tsp::chipsText(int64_t bytes, const Machine &machine) {
  // A tenth is left to what every chip has of its own.
  int64_t perChip = machine.usableBytes() - machine.usableBytes() / 10;
  if (perChip <= 0)
    return "";
  int64_t chips = bytes / perChip + (bytes % perChip != 0);
  // More than a group of 8 are whole groups; 10440 is the largest system.
  if (chips > 8)
    chips = (chips + 7) / 8 * 8;
  if (chips <= 1 || chips > 10440)
    return "";
  return std::to_string(chips) + " chips would do: --machine=" + machine.name +
         ":" + std::to_string(chips) + " (not supported yet)";
}

std::string tsp::bytesText(int64_t bytes) {
  char text[64];
  if (bytes >= 1 << 20)
    std::snprintf(text, sizeof text, "%.1f MiB", double(bytes) / (1 << 20));
  else if (bytes >= 1 << 10)
    std::snprintf(text, sizeof text, "%.1f KiB", double(bytes) / (1 << 10));
  else
    std::snprintf(text, sizeof text, "%lld bytes", (long long)bytes);
  return text;
}
