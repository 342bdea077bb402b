// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Joins issues to bursts and prints them as trace events.

#include "weft/Runtime/Trace.h"

#include <nlohmann/json.hpp>

using namespace weft;

namespace {
std::string quoted(const std::string &text) {
  return nlohmann::json(text).dump(-1, ' ', false,
                                   nlohmann::json::error_handler_t::replace);
}
} // namespace

TraceWriter::TraceWriter(const Program &program, std::FILE *file, int64_t limit)
    : program(program), file(file), left(limit) {
  std::fprintf(file,
               "{\"otherData\": {\"machine\": %s, \"unit\": \"1 us is 1 "
               "cycle\"},\n\"traceEvents\": [\n",
               quoted(program.machine.name).c_str());
  const char *separator = "";
  for (size_t chip = 0; chip < program.chips.size(); ++chip) {
    std::fprintf(file,
                 "%s{\"ph\": \"M\", \"name\": \"process_name\", \"pid\": %zu, "
                 "\"args\": {\"name\": \"chip %zu\"}}",
                 separator, chip, chip);
    separator = ",\n";
    for (const auto &[number, instructions] : program.chips[chip].queues)
      if (std::optional<Queue> queue = queueOfNumber(program.machine, number))
        std::fprintf(
            file,
            ",\n{\"ph\": \"M\", \"name\": \"thread_name\", \"pid\": %zu, "
            "\"tid\": %d, \"args\": {\"name\": %s}}",
            chip, number, quoted(queueName(*queue)).c_str());
  }
  if (program.chips.empty())
    std::fprintf(file, "{\"ph\": \"M\", \"name\": \"process_name\", \"pid\": "
                       "0, \"args\": {\"name\": \"no chip\"}}");
}

void TraceWriter::issue(const IssueEvent &event) {
  Burst &burst = open[{event.chip, event.queue}];
  if (event.repetition == 0 || burst.instruction != event.instruction) {
    if (burst.instruction >= 0)
      write(event.chip, event.queue, burst);
    burst = {event.instruction, event.cycle, event.cycle, 0};
  }
  burst.last = event.cycle;
  ++burst.issues;
}

void TraceWriter::write(int chip, int queue, const Burst &burst) {
  if (left == 0) {
    ++omitted;
    return;
  }
  --left;
  std::string name = "?";
  const auto &queues = program.chips[size_t(chip)].queues;
  auto found = queues.find(queue);
  if (found != queues.end() && size_t(burst.instruction) < found->second.size())
    name = std::string(
        opcodeName(found->second[size_t(burst.instruction)].opcode));
  std::string node;
  if (size_t(chip) < program.provenance.size()) {
    const auto &nodes = program.provenance[size_t(chip)].nodes;
    auto of = nodes.find(queue);
    if (of != nodes.end() && size_t(burst.instruction) < of->second.size()) {
      int32_t index = of->second[size_t(burst.instruction)];
      if (index >= 0 && size_t(index) < program.nodes.size())
        node = ", \"node\": " + quoted(program.nodes[size_t(index)]);
    }
  }
  std::fprintf(file,
               ",\n{\"ph\": \"X\", \"name\": \"%s\", \"pid\": %d, \"tid\": "
               "%d, \"ts\": %lld, \"dur\": %lld, \"args\": {\"instruction\": "
               "%d, \"issues\": %lld%s}}",
               name.c_str(), chip, queue, (long long)burst.first,
               (long long)(burst.last - burst.first + 1), burst.instruction,
               (long long)burst.issues, node.c_str());
}

void TraceWriter::finish() {
  for (const auto &[place, burst] : open)
    if (burst.instruction >= 0)
      write(place.first, place.second, burst);
  open.clear();
  if (omitted > 0)
    std::fprintf(file,
                 ",\n{\"ph\": \"i\", \"s\": \"g\", \"name\": \"%lld bursts "
                 "left out\", \"pid\": 0, \"tid\": 0, \"ts\": 0}",
                 (long long)omitted);
  std::fprintf(file, "\n]}\n");
}
