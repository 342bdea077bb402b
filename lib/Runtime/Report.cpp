// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Prints a run's results. The times are arithmetic on cycles: the machine's
// clock, and for the transfer the bandwidth of PCIe Gen4 x16.

#include "weft/Runtime/Report.h"

#include "weft/Runtime/Binding.h"

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>

using namespace weft;
using Json = nlohmann::ordered_json;

namespace {
/// 16 lanes * 16 GT/s * 128/130 / 8 = 31.5 GB/s each way (PCI Express Base
/// Specification 4.0), before packet overhead.
constexpr double pcieBytesPerMicrosecond = 31.5e3;

const char *unitName(Unit unit) {
  switch (unit) {
  case Unit::MemRead:
    return "mem read";
  case Unit::MemWrite:
    return "mem write";
  case Unit::Alu:
    return "vxm alu";
  case Unit::MxmWeights:
    return "mxm weights";
  case Unit::MxmActivate:
    return "mxm activate";
  case Unit::MxmAccumulate:
    return "mxm accumulate";
  case Unit::Transposer:
    return "sxm transposer";
  case Unit::Distributor:
    return "sxm distributor";
  case Unit::Permuter:
    return "sxm permuter";
  case Unit::Link:
    return "link";
  }
  return "unknown";
}

std::string format(const char *pattern, auto... arguments) {
  int length = std::snprintf(nullptr, 0, pattern, arguments...);
  std::string text(size_t(length), '\0');
  std::snprintf(text.data(), size_t(length) + 1, pattern, arguments...);
  return text;
}

double microseconds(const RunReport &r) {
  return r.program.machine.clockMHz > 0
             ? double(r.result.simulation.cycles) / r.program.machine.clockMHz
             : 0;
}

double transferMicroseconds(const TransferBytes &bytes) {
  return double(bytes.in + bytes.out) / pcieBytesPerMicrosecond;
}

/// The nodes that took most cycles first; ties by name.
std::vector<const NodeUse *> byCycles(const SimResult &simulation) {
  std::vector<const NodeUse *> nodes;
  for (const NodeUse &node : simulation.nodes)
    nodes.push_back(&node);
  std::sort(nodes.begin(), nodes.end(), [](const NodeUse *a, const NodeUse *b) {
    return a->cycles != b->cycles ? a->cycles > b->cycles : a->node < b->node;
  });
  return nodes;
}

Json number(double value) {
  return std::isfinite(value) ? Json(value) : Json(nullptr);
}

Json outputsJson(const RunReport &r) {
  Json outputs = Json::array();
  for (size_t i = 0; i < r.result.outputs.size(); ++i) {
    const NamedTensor &output = r.result.outputs[i];
    Json entry = {
        {"name", output.name},          {"type", typeName(output.tensor.type)},
        {"shape", output.tensor.shape}, {"cosine", nullptr},
        {"max_error", nullptr},         {"pass", nullptr}};
    if (r.agreements) {
      const Agreement &agreement = (*r.agreements)[i];
      entry["cosine"] = number(agreement.cosine);
      entry["max_error"] = number(agreement.maxError);
      entry["pass"] = agreement.pass;
      if (!agreement.pass)
        entry["reason"] = agreement.reason;
    }
    outputs.push_back(std::move(entry));
  }
  return outputs;
}
} // namespace

std::string weft::reportText(const RunReport &r, size_t topNodes) {
  const SimResult &sim = r.result.simulation;
  std::string text;
  size_t width = 6;
  for (const NamedTensor &output : r.result.outputs)
    width = std::max(width, output.name.size());
  text += "outputs\n";
  for (size_t i = 0; i < r.result.outputs.size(); ++i) {
    const NamedTensor &output = r.result.outputs[i];
    text +=
        format("  %-*s  %s", int(width), output.name.c_str(),
               typeAndShape(output.tensor.type, output.tensor.shape).c_str());
    if (r.agreements) {
      const Agreement &agreement = (*r.agreements)[i];
      text += format("  cosine %.7f  max error %.3g  %s", agreement.cosine,
                     agreement.maxError, agreement.pass ? "pass" : "FAIL");
      if (!agreement.pass)
        text += ": " + agreement.reason;
    }
    text += "\n";
  }

  text += format("cycles         %lld simulated", (long long)sim.cycles);
  if (r.program.predictedCycles > 0)
    text += format(", %lld predicted%s", (long long)r.program.predictedCycles,
                   r.program.predictedCycles == sim.cycles ? " (equal)"
                                                           : " (NOT EQUAL)");
  text += "\n";
  TransferBytes transfer = transferBytes(r.program);
  text += format("time           %.2f us at %d MHz on %s, %zu chip%s\n",
                 microseconds(r), r.program.machine.clockMHz,
                 r.program.machine.name.c_str(), r.program.chips.size(),
                 r.program.chips.size() == 1 ? "" : "s");
  text += format("transfer       %.2f us estimated beside it: %lld bytes in, "
                 "%lld out, PCIe Gen4 x16 at 31.5 GB/s\n",
                 transferMicroseconds(transfer), (long long)transfer.in,
                 (long long)transfer.out);
  text += "not modelled   instruction fetch, sync, notify, config, deskew: "
          "program text is assumed to be in its queues\n";

  text += "utilisation\n";
  for (const UnitUse &unit : sim.units)
    if (unit.issues > 0)
      text += format("  %-16s %6.2f%%  %lld issues on %d queues\n",
                     unitName(unit.unit), 100 * unit.utilisation,
                     (long long)unit.issues, unit.queues);
  std::vector<const NodeUse *> nodes = byCycles(sim);
  if (nodes.empty())
    return text;
  text += "cycles by ONNX node\n";
  double chipCycles =
      double(sim.cycles) * double(std::max<size_t>(r.program.chips.size(), 1));
  auto share = [&](double cycles) {
    return chipCycles > 0 ? 100 * cycles / chipCycles : 0;
  };
  double rest = 0;
  for (size_t i = 0; i < nodes.size(); ++i)
    if (i < topNodes)
      text += format("  %10.1f  %5.2f%%  %s\n", nodes[i]->cycles,
                     share(nodes[i]->cycles), nodes[i]->node.c_str());
    else
      rest += nodes[i]->cycles;
  if (nodes.size() > topNodes)
    text += format("  %10.1f  %5.2f%%  (%zu more)\n", rest, share(rest),
                   nodes.size() - topNodes);
  text += format("  %10.1f  %5.2f%%  (nothing issued)\n", sim.idleCycles,
                 share(sim.idleCycles));
  return text;
}

std::string weft::reportJson(const RunReport &r) {
  const SimResult &sim = r.result.simulation;
  Json json = Json::parse(r.program.statsJson, nullptr, false);
  if (!json.is_object())
    json = Json{{"schema_version", 1}, {"machine", r.program.machine.name}};
  json["predicted_cycles"] = r.program.predictedCycles > 0
                                 ? Json(r.program.predictedCycles)
                                 : Json(nullptr);
  json["simulated_cycles"] = sim.cycles;
  json["microseconds"] = microseconds(r);
  json["outputs"] = outputsJson(r);
  Json utilisation = Json::object();
  for (const UnitUse &unit : sim.units)
    utilisation[unitName(unit.unit)] = unit.utilisation;
  json["utilisation"] = std::move(utilisation);
  Json nodes = Json::array();
  for (const NodeUse *node : byCycles(sim))
    nodes.push_back({{"name", node->node},
                     {"cycles", node->cycles},
                     {"issues", node->issues},
                     {"first_cycle", node->firstCycle},
                     {"last_cycle", node->lastCycle}});
  json["nodes"] = std::move(nodes);
  json["idle_cycles"] = sim.idleCycles;
  TransferBytes transfer = transferBytes(r.program);
  json["transfer"] = {{"bytes_in", transfer.in},
                      {"bytes_out", transfer.out},
                      {"microseconds", transferMicroseconds(transfer)}};
  const RunSeconds &seconds = r.result.seconds;
  json["seconds"] = {{"load", seconds.load},
                     {"prepare", seconds.prepare},
                     {"simulate", seconds.simulate},
                     {"outputs", seconds.outputs}};
  json["not_modelled"] = {"ifetch", "sync", "notify", "config", "deskew"};
  return json.dump(2, ' ', false, nlohmann::json::error_handler_t::replace) +
         "\n";
}
