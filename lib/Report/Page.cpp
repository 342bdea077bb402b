// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Gathers everything into one JSON object and puts it into the page. Names come
// from models: as JSON without '<' they cannot end the script that holds them,
// and the page's code only ever shows them as text.

#include "weft/Report/Report.h"

#include "PageTemplate.h"
#include "Timeline.h"
#include "weft/Program/Text.h"
#include "weft/Report/Nodes.h"
#include "weft/Report/Phases.h"
#include "weft/Report/Waits.h"

#include <nlohmann/json.hpp>

using namespace weft;
using namespace weft::report;
using Json = nlohmann::ordered_json;

namespace {
constexpr int phaseCount = 32;
constexpr size_t gapCount = 10;
/// Cells of a slice in the floorplan.
constexpr size_t cellsPerSlice = 128;

Json machineJson(const Machine &m) {
  Json reserved = Json::array();
  for (const ReservedSlice &r : m.reserved)
    reserved.push_back({int(r.hemisphere), r.slice});
  Peaks peaks = peaksOf(m);
  return {{"name", m.name},
          {"clockMHz", m.clockMHz},
          {"lanes", m.lanes()},
          {"streams", m.streams},
          {"slices", m.slices},
          {"words", m.words()},
          {"alus", m.alus},
          {"planes", m.planes},
          {"transposers", m.transposers},
          {"distributors", m.distributors},
          {"links", m.links},
          {"usableBytes", m.usableBytes()},
          {"reserved", std::move(reserved)},
          {"peaks",
           {{"f16", peaks.multiplyAddsF16},
            {"i8", peaks.multiplyAddsI8},
            {"bytes", peaks.bytes},
            {"alu", peaks.aluIssues}}}};
}

const char *purposeName(size_t purpose) {
  constexpr const char *names[] = {"weights", "tables", "activations", "state",
                                   "text"};
  return purpose < std::size(names) ? names[purpose] : "free";
}

/// Words by purpose, and cells of consecutive words: a letter for the purpose
/// of most of its used words ('-': none) and a digit, 0 to 9, for how many.
Json sliceJson(const SliceUse &slice) {
  std::array<int64_t, 5> totals{};
  for (uint8_t purpose : slice.words)
    if (purpose < totals.size())
      ++totals[purpose];
  Json words = Json::object();
  for (size_t p = 0; p < totals.size(); ++p)
    if (totals[p])
      words[purposeName(p)] = totals[p];
  std::string cells;
  size_t all = slice.words.size(), count = std::min(cellsPerSlice, all);
  for (size_t c = 0; c < count; ++c) {
    size_t begin = all * c / count, end = all * (c + 1) / count;
    std::array<size_t, 5> counts{};
    size_t used = 0;
    for (size_t w = begin; w < end; ++w)
      if (slice.words[w] < counts.size()) {
        ++counts[slice.words[w]];
        ++used;
      }
    size_t most =
        size_t(std::max_element(counts.begin(), counts.end()) - counts.begin());
    cells += used == 0 ? '-' : "wtasx"[most];
    cells += char('0' + (used * 9 + (end - begin) - 1) / (end - begin));
  }
  return {{"hemisphere", int(slice.hemisphere)},
          {"slice", slice.slice},
          {"words", std::move(words)},
          {"cells", std::move(cells)}};
}

class ChipData {
public:
  ChipData(const PageInput &input, size_t chip, ChipActivity activity)
      : input(input), program(input.program), chip(chip),
        activity(std::move(activity)) {
    cycles = program.predictedCycles > 0 ? program.predictedCycles
                                         : this->activity.end;
  }

  Json json(TextPatterns &patterns) {
    Json out;
    out["cycles"] = cycles;
    queues(out);
    timeline(out, patterns);
    nodes(out);
    phases(out);
    gaps(out);
    out["sram"] = Json::array();
    if (chip < input.sram.size())
      for (const SliceUse &slice : input.sram[chip])
        out["sram"].push_back(sliceJson(slice));
    return out;
  }

private:
  void queues(Json &out) {
    out["queues"] = Json::array();
    for (const QueueActivity &queue : activity.queues)
      out["queues"].push_back({{"name", queueName(queue.queue)},
                               {"unit", int(queue.queue.unit)},
                               {"hemisphere", int(queue.queue.hemisphere)},
                               {"index", queue.queue.index},
                               {"issues", queue.issues}});
  }

  void timeline(Json &out, TextPatterns &patterns) {
    auto countOf = [&](int64_t gap) {
      size_t count = 0;
      for (const QueueActivity &queue : activity.queues)
        count += gap ? joined(queue.bursts, gap).size() : queue.bursts.size();
      return count;
    };
    int64_t gap = 0;
    while (countOf(gap) > input.maxBursts && gap < cycles)
      gap = gap ? 2 * gap : 1;
    Json bursts = Json::array();
    for (const QueueActivity &queue : activity.queues)
      bursts.push_back(gap ? joined(queue.bursts, gap).size()
                           : queue.bursts.size());
    out["joinGap"] = gap;
    out["bursts"] = std::move(bursts);
    out["timeline"] = encodeTimeline(program.machine, activity, gap, patterns);
  }

  void nodes(Json &out) {
    NodeShares shares = nodeShares(program, activity, cycles);
    out["idle"] = shares.idle;
    out["nodes"] = Json::array();
    for (size_t i = 0; i < shares.nodes.size(); ++i) {
      const NodeShare &node = shares.nodes[i];
      if (node.issues == 0)
        continue;
      Json entry = {{"node", i},
                    // A tenth of a cycle is more than enough to read.
                    {"cycles", std::round(node.cycles * 10) / 10},
                    {"issues", node.issues},
                    {"first", node.first},
                    {"last", node.last},
                    {"units", node.unitIssues}};
      if (i < input.multiplyAdds.size() && input.multiplyAdds[i] > 0)
        entry["multiplyAdds"] = std::round(input.multiplyAdds[i]);
      out["nodes"].push_back(std::move(entry));
    }
  }

  void phases(Json &out) {
    Peaks peaks = peaksOf(program.machine);
    out["phases"] = Json::array();
    for (const Phase &phase :
         phasesOf(program, activity, cycles, input.multiplyAdds, phaseCount)) {
      PhaseBound bound = boundOf(phase, peaks);
      out["phases"].push_back({{"begin", phase.begin},
                               {"end", phase.end},
                               {"rowsF16", phase.rowsF16},
                               {"rowsI8", phase.rowsI8},
                               {"f16", std::round(phase.multiplyAddsF16)},
                               {"i8", std::round(phase.multiplyAddsI8)},
                               {"bytes", phase.bytes},
                               {"alu", phase.aluIssues},
                               {"node", phase.node},
                               {"bound", std::round(bound.cycles * 10) / 10},
                               {"resource", bound.resource}});
    }
  }

  Json burstJson(BurstRef ref) const {
    const QueueActivity &queue = activity.queues[size_t(ref.queue)];
    const Burst &burst = queue.bursts[size_t(ref.burst)];
    return {
        {"queue", ref.queue},
        {"node", burst.node},
        {"first", burst.first},
        {"last", burst.last()},
        {"text", instructionText(program.machine, queue.instruction(burst))}};
  }

  void gaps(Json &out) {
    int queue = busiestQueue(activity);
    out["busiest"] = queue;
    out["gaps"] = Json::array();
    constexpr const char *kinds[] = {"data", "weights", "room", "bank", "unit"};
    for (const Gap &gap :
         longestGaps(program, activity, queue, cycles, gapCount)) {
      Json waits = Json::array();
      for (const Wait &wait : gap.waits) {
        Json entry = burstJson(wait.on);
        entry["kind"] = kinds[size_t(wait.kind)];
        entry["cycle"] = wait.cycle;
        entry["slack"] = wait.slack;
        entry["began"] = wait.began;
        waits.push_back(std::move(entry));
      }
      Json entry = {{"begin", gap.begin}, {"end", gap.end}};
      entry["next"] = gap.next.queue >= 0 ? burstJson(gap.next) : Json();
      entry["waits"] = std::move(waits);
      entry["parts"] = Json::array();
      for (const Gap::Part &part : gap.parts)
        entry["parts"].push_back({part.node, part.cycles});
      out["gaps"].push_back(std::move(entry));
    }
  }

  const PageInput &input;
  const Program &program;
  size_t chip;
  ChipActivity activity;
  int64_t cycles = 0;
};

/// JSON that can stand in a script of a page.
std::string scriptText(const Json &json) {
  std::string text =
      json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  std::string out;
  out.reserve(text.size());
  for (char c : text)
    if (c == '<')
      out += "\\u003c";
    else if (c == '>')
      out += "\\u003e";
    else if (c == '&')
      out += "\\u0026";
    else
      out += c;
  return out;
}
} // namespace

Expected<std::string> weft::reportPage(const PageInput &input) {
  const Program &program = input.program;
  Json data;
  data["entry"] = program.entry;
  data["machine"] = machineJson(program.machine);
  data["stats"] = Json::parse(program.statsJson, nullptr, false);
  if (!data["stats"].is_object())
    data["stats"] = Json::object();
  data["predictedCycles"] = program.predictedCycles;
  data["textBytes"] = textBytes(program);
  data["nodes"] = program.nodes;
  data["knowsWork"] = !input.multiplyAdds.empty();
  data["chips"] = Json::array();
  TextPatterns patterns;
  for (size_t chip = 0; chip < program.chips.size(); ++chip) {
    Expected<ChipActivity> activity = followQueues(program, chip);
    if (!activity)
      return activity.error();
    data["chips"].push_back(
        ChipData(input, chip, std::move(*activity)).json(patterns));
  }
  data["patterns"] = patterns.all();

  std::string_view page = report::pageTemplate;
  constexpr std::string_view mark = "@DATA@";
  size_t at = page.find(mark);
  std::string out(page.substr(0, at));
  out += scriptText(data);
  out += page.substr(at + mark.size());
  return out;
}
