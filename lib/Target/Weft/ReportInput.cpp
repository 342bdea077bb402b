// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a report shows beyond the program: the purpose of memory, and the
// model's multiply-adds by node.

#include "weft/Dialect/Tsp/Transforms/Accounting.h"
#include "weft/Target/Weft/Export.h"

#include "llvm/ADT/STLExtras.h"

using namespace weft;

/// Whether any chain reads or writes each buffer. One that none does, and that
/// holds nothing at the start, has no place.
static std::vector<bool> touchedBuffers(const Problem &problem) {
  std::vector<bool> touched(problem.buffers.size());
  auto touch = [&](const std::vector<std::vector<Access>> &planes) {
    for (const auto &plane : planes)
      for (const Access &access : plane)
        touched[size_t(access.buffer)] = true;
  };
  for (const Chain &chain : problem.chains) {
    for (const Value &value : chain.values)
      touch(value.planes);
    for (const Write &write : chain.writes)
      touch(write.planes);
  }
  return touched;
}

mlir::FailureOr<std::vector<SliceUse>>
weft::sramUse(tsp::ProgramOp op, const ExportedProgram &exported) {
  const tsp::SchedulingProblem &s = *exported.scheduling;
  auto schedule = tsp::stampedSchedule(s, op);
  if (mlir::failed(schedule))
    return mlir::failure();
  std::vector<bool> touched = touchedBuffers(s.problem);
  std::vector<SliceUse> slices;
  for (Hemisphere h : {Hemisphere::West, Hemisphere::East})
    for (int slice = 0; slice < s.machine.slices; ++slice)
      slices.push_back(
          {h, slice,
           std::vector<uint8_t>(size_t(s.machine.words()), SliceUse::free)});
  for (auto [memory, first] : s.memory)
    for (unsigned i = 0; i < memory->getNumResults(); ++i) {
      size_t index = size_t(first) + i;
      const Buffer &buffer = s.problem.buffers[index];
      if (!touched[index] && !buffer.initial)
        continue;
      const Buffer::Place &p = schedule->places[index];
      auto &words =
          slices[size_t(int(p.hemisphere) * s.machine.slices + p.slice)].words;
      auto begin = words.begin() + p.address;
      std::fill(begin, begin + buffer.words, uint8_t(tsp::purposeOf(memory)));
    }
  return slices;
}

/// Activations that each node passes, and the names in it.
static std::vector<std::pair<int64_t, llvm::SmallVector<std::string>>>
passesByNode(const ExportedProgram &exported) {
  const Program &program = exported.program;
  std::vector<std::pair<int64_t, llvm::SmallVector<std::string>>> nodes(
      program.nodes.size());
  for (const auto &[number, text] : program.chips[0].queues) {
    const auto &numbers = program.provenance[0].nodes.at(number);
    const auto &origins = exported.origins.at(number);
    for (size_t i = 0; i < text.size(); ++i) {
      if (text[i].opcode != Opcode::Activate || numbers[i] < 0)
        continue;
      auto &[passes, names] = nodes[size_t(numbers[i])];
      bool repeated =
          i + 1 < text.size() && text[i + 1].opcode == Opcode::Repeat;
      passes += 1 + (repeated ? int64_t(text[i + 1].count) : 0);
      if (names.empty())
        names = tsp::nodeNames(origins[i]->getLoc());
    }
  }
  return nodes;
}

std::vector<double> weft::multiplyAddsByNode(tsp::ProgramOp op,
                                             const ExportedProgram &exported) {
  auto module = op->getParentOfType<mlir::ModuleOp>();
  auto work = module ? module->getAttrOfType<mlir::DictionaryAttr>(kWorkAttr)
                     : mlir::DictionaryAttr();
  if (!work)
    return {};
  auto matrices = work.getAs<mlir::DenseI64ArrayAttr>("matrices");
  auto names = work.getAs<mlir::ArrayAttr>("nodes");
  if (!matrices || !names || size_t(matrices.size()) != 6 * names.size())
    return {};
  auto nodes = passesByNode(exported);
  std::vector<double> out(nodes.size(), 0);
  for (size_t p = 0; p < names.size(); ++p) {
    auto wanted = llvm::dyn_cast<mlir::ArrayAttr>(names[p]);
    if (!wanted || wanted.empty())
      continue;
    auto carries = [&](const llvm::SmallVector<std::string> &has) {
      return llvm::all_of(wanted, [&](mlir::Attribute name) {
        auto text = llvm::dyn_cast<mlir::StringAttr>(name);
        return text && llvm::is_contained(has, text.getValue());
      });
    };
    int64_t passes = 0;
    for (auto &[count, has] : nodes)
      passes += carries(has) ? count : 0;
    auto n = matrices.asArrayRef().slice(6 * p, 6);
    double all = double(n[0]) * double(n[1]) * double(n[2]) * double(n[3]);
    for (size_t i = 0; i < nodes.size(); ++i)
      if (passes > 0 && carries(nodes[i].second))
        out[i] += all * double(nodes[i].first) / double(passes);
  }
  return out;
}
