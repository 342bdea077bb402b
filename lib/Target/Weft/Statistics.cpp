// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The statistics of a program, by the keys of the command line's contract.

#include "weft/Dialect/Tsp/Transforms/Accounting.h"
#include "weft/Schedule/Bounds.h"
#include "weft/Target/Weft/Export.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/JSON.h"

using namespace weft;
namespace json = llvm::json;

/// The work that an earlier stage left on the module.
static Work workOf(mlir::ModuleOp module) {
  Work work;
  auto all = module ? module->getAttrOfType<mlir::DictionaryAttr>(kWorkAttr)
                    : mlir::DictionaryAttr();
  if (!all)
    return work;
  if (auto matrices = all.getAs<mlir::DenseI64ArrayAttr>("matrices"))
    for (int64_t i = 0; i + 6 <= matrices.size(); i += 6) {
      llvm::ArrayRef<int64_t> n = matrices.asArrayRef().slice(size_t(i), 6);
      work.matrices.push_back({n[0], n[1], n[2], n[3], n[4] != 0, n[5] != 0});
    }
  if (auto operations = all.getAs<mlir::IntegerAttr>("vector_operations"))
    work.vectorOperations = operations.getInt();
  return work;
}

/// Bytes of SRAM that activations, inputs and looked-up rows ever touch,
/// words that several share counted once.
static int64_t activationBytes(const Machine &machine,
                               const std::vector<SliceUse> &slices) {
  int64_t words = 0;
  for (const SliceUse &slice : slices)
    words += llvm::count(slice.words, uint8_t(MemoryPurpose::Activations));
  return words * machine.lanes();
}

mlir::FailureOr<std::string>
weft::programStatistics(tsp::ProgramOp op, const ExportedProgram &exported) {
  const tsp::SchedulingProblem &s = *exported.scheduling;
  auto schedule = tsp::stampedSchedule(s, op);
  if (mlir::failed(schedule))
    return mlir::failure();
  auto slices = sramUse(op, exported);
  if (mlir::failed(slices))
    return mlir::failure();
  PlacedBounds bounds = placedBounds(s.problem, *schedule);
  json::Object stats;
  stats["schema_version"] = 1;
  stats["machine"] = s.machine.name;
  stats["clock_mhz"] = s.machine.clockMHz;
  stats["chips"] = 1;
  stats["predicted_cycles"] = schedule->cycles;
  auto bound = [](const Bound &b) {
    return json::Object{{"cycles", b.cycles}, {"resource", b.resource}};
  };
  auto module = op->getParentOfType<mlir::ModuleOp>();
  if (module && module->hasAttr(kWorkAttr)) {
    Work work = workOf(module);
    stats["work_bound"] = bound(workBound(s.machine, work));
    if (!work.matrices.empty())
      stats["peak"] = peakShare(s.machine, work, schedule->cycles);
  } else {
    stats["work_bound"] = nullptr;
  }
  stats["placed_bound"] = bound(bounds.placed);
  stats["critical_path"] = bounds.criticalPath;
  json::Object resources;
  for (const auto &[name, use] : bounds.resources)
    resources[name] =
        json::Object{{"busy", use.busy}, {"capacity", use.capacity}};
  stats["resources"] = std::move(resources);

  int64_t text = textBytes(exported.program);
  tsp::SramNeed need = tsp::sramNeed(s, text);
  int64_t activations = activationBytes(s.machine, *slices);
  json::Object sram;
  sram["weights"] = need.weights;
  sram["activations"] = activations;
  sram["state"] = 0;
  sram["tables"] = need.tables;
  sram["text"] = text;
  sram["free"] = std::max<int64_t>(0, s.machine.usableBytes() - need.weights -
                                          need.tables - activations - text);
  stats["sram_bytes"] = json::Array{std::move(sram)};
  stats["host_flops"] = 0;
  json::Array tables;
  for (const HostLookup &lookup : exported.program.lookups)
    tables.push_back(lookup.table);
  stats["host_tables"] = std::move(tables);
  int64_t instructions = 0;
  for (const auto &[number, queue] : exported.program.chips[0].queues)
    instructions += int64_t(queue.size());
  stats["instructions"] = instructions;
  stats["chains"] = int64_t(s.chains.size());
  std::string out;
  llvm::raw_string_ostream(out)
      << llvm::formatv("{0:2}", json::Value(std::move(stats)));
  return out;
}
