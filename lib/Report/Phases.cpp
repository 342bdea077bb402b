// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Counts per window. Two planes that take one stream in one cycle take it
// once, so streams are marked before they are counted.

#include "weft/Report/Phases.h"

#include <bit>

using namespace weft;
using namespace weft::report;

Peaks report::peaksOf(const Machine &m) {
  Peaks peaks;
  // A pair of planes holds one fp16 tile, a plane one int8 tile.
  peaks.multiplyAddsF16 = int64_t(2 * m.planes / 2) * m.halfLanes() * m.lanes();
  peaks.multiplyAddsI8 = int64_t(2 * m.planes) * m.lanes() * m.lanes();
  peaks.bytes = int64_t(2) * m.streams * m.lanes();
  peaks.aluIssues = m.alus;
  return peaks;
}

PhaseBound report::boundOf(const Phase &phase, const Peaks &peaks) {
  double mxm = phase.multiplyAddsF16 / double(peaks.multiplyAddsF16) +
               phase.multiplyAddsI8 / double(peaks.multiplyAddsI8);
  double streams = double(phase.bytes) / double(peaks.bytes);
  double vxm = double(phase.aluIssues) / double(peaks.aluIssues);
  PhaseBound bound{mxm, "mxm"};
  if (streams > bound.cycles)
    bound = {streams, "streams"};
  if (vxm > bound.cycles)
    bound = {vxm, "vxm"};
  return bound;
}

namespace {
/// Multiply-adds of one abc issue of each node.
std::vector<double> multiplyAddsPerRow(const ChipActivity &activity,
                                       const std::vector<double> &all) {
  std::vector<int64_t> rows(all.size(), 0);
  for (const QueueActivity &queue : activity.queues)
    if (queue.queue.unit == Unit::MxmActivate)
      for (const Burst &burst : queue.bursts)
        if (burst.node >= 0 && size_t(burst.node) < rows.size())
          rows[size_t(burst.node)] += burst.issues;
  std::vector<double> per(all.size(), 0);
  for (size_t i = 0; i < all.size(); ++i)
    per[i] = rows[i] ? all[i] / double(rows[i]) : 0;
  return per;
}

/// Outward streams that an instruction of the MXM takes, as bits of their
/// number within the direction.
uint64_t streamsTaken(const Machine &m, const Instruction &in) {
  auto bits = [&](int first, int count) {
    uint64_t mask = count >= 64 ? ~uint64_t(0) : (uint64_t(1) << count) - 1;
    return mask << (first % m.streams);
  };
  switch (in.opcode) {
  case Opcode::LoadWeights:
  case Opcode::LoadWeightsPair:
    return bits(in.stream, m.weightStreams);
  case Opcode::Activate:
    return bits(in.operands[0].stream, byteWidth(in.type));
  default:
    return 0;
  }
}

/// Who issues most in a window; the lower number of equals.
int32_t busiestNode(const ChipActivity &activity, size_t nodes, int64_t begin,
                    int64_t end) {
  std::vector<int64_t> issues(nodes, 0);
  for (const QueueActivity &queue : activity.queues)
    for (size_t i = size_t(std::max(0, queue.burstBefore(begin)));
         i < queue.bursts.size() && queue.bursts[i].first < end; ++i)
      if (int32_t node = queue.bursts[i].node; node >= 0)
        issues[size_t(node)] += queue.bursts[i].issuesIn(begin, end);
  auto most = std::max_element(issues.begin(), issues.end());
  return most == issues.end() || *most == 0 ? -1
                                            : int32_t(most - issues.begin());
}
} // namespace

std::vector<Phase> report::phasesOf(const Program &program,
                                    const ChipActivity &activity,
                                    int64_t cycles,
                                    const std::vector<double> &multiplyAdds,
                                    int count) {
  const Machine &m = program.machine;
  std::vector<double> perRow = multiplyAddsPerRow(activity, multiplyAdds);
  std::vector<Phase> phases;
  int64_t windows = std::clamp<int64_t>(count, 1, std::max<int64_t>(1, cycles));
  for (int64_t w = 0; w < windows; ++w) {
    Phase phase;
    phase.begin = cycles * w / windows;
    phase.end = cycles * (w + 1) / windows;
    // Streams taken in each cycle, by hemisphere.
    std::vector<uint64_t> taken[2];
    for (const QueueActivity &queue : activity.queues) {
      Unit unit = queue.queue.unit;
      if (unit != Unit::MxmWeights && unit != Unit::MxmActivate &&
          unit != Unit::Alu)
        continue;
      for (size_t i = size_t(std::max(0, queue.burstBefore(phase.begin)));
           i < queue.bursts.size() && queue.bursts[i].first < phase.end; ++i) {
        const Burst &burst = queue.bursts[i];
        int64_t issues = burst.issuesIn(phase.begin, phase.end);
        if (issues == 0)
          continue;
        if (unit == Unit::Alu) {
          phase.aluIssues += issues;
          continue;
        }
        const Instruction &in = queue.instruction(burst);
        if (in.opcode == Opcode::Activate) {
          bool half = in.type == DataType::F16;
          (half ? phase.rowsF16 : phase.rowsI8) += issues;
          double per = double(half ? m.halfLanes() : m.lanes()) * m.lanes();
          if (!multiplyAdds.empty())
            per = burst.node >= 0 && size_t(burst.node) < perRow.size()
                      ? perRow[size_t(burst.node)]
                      : 0;
          (half ? phase.multiplyAddsF16 : phase.multiplyAddsI8) +=
              per * double(issues);
        }
        if (uint64_t streams = streamsTaken(m, in)) {
          auto &side = taken[size_t(queue.queue.hemisphere)];
          side.resize(size_t(phase.end - phase.begin));
          int64_t before = burst.issuesIn(0, phase.begin);
          for (int64_t k = 0; k < issues; ++k)
            side[size_t(burst.first + (before + k) * burst.distance -
                        phase.begin)] |= streams;
        }
      }
    }
    for (const auto &side : taken)
      for (uint64_t streams : side)
        phase.bytes += int64_t(std::popcount(streams)) * m.lanes();
    phase.node =
        busiestNode(activity, program.nodes.size(), phase.begin, phase.end);
    phases.push_back(phase);
  }
  return phases;
}
