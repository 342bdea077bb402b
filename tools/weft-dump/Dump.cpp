// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The text of a program: columns for a terminal, one fact a line.

#include "Dump.h"

#include "weft/Program/Text.h"

#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/Format.h"
#include "llvm/Support/FormatVariadic.h"

#include <algorithm>

using namespace weft;
using llvm::formatv;
using llvm::raw_ostream;

namespace {

llvm::StringRef typeName(TensorType type) {
  switch (type) {
  case TensorType::F32:
    return "f32";
  case TensorType::U8:
    return "u8";
  case TensorType::I8:
    return "i8";
  case TensorType::U16:
    return "u16";
  case TensorType::I16:
    return "i16";
  case TensorType::I32:
    return "i32";
  case TensorType::I64:
    return "i64";
  case TensorType::Bool:
    return "bool";
  case TensorType::F16:
    return "f16";
  case TensorType::F64:
    return "f64";
  case TensorType::U32:
    return "u32";
  case TensorType::U64:
    return "u64";
  }
  return "?";
}

llvm::StringRef storageName(DataType type) {
  constexpr llvm::StringRef names[] = {"i8", "i16", "i32", "f16", "f32"};
  return names[std::min(size_t(type), size_t(4))];
}

llvm::StringRef purposeName(MemoryPurpose purpose) {
  constexpr llvm::StringRef names[] = {"weights", "tables", "activations",
                                       "state", "text"};
  return names[std::min(size_t(purpose), size_t(4))];
}

llvm::StringRef sideName(Hemisphere hemisphere) {
  return hemisphere == Hemisphere::West ? "west" : "east";
}

std::string shapeText(llvm::ArrayRef<int64_t> shape) {
  return "[" +
         llvm::join(llvm::map_range(
                        shape, [](int64_t n) { return std::to_string(n); }),
                    "x") +
         "]";
}

/// Names come from a model and may hold anything.
void printName(raw_ostream &out, llvm::StringRef name) {
  out << "'";
  llvm::printEscapedString(name, out);
  out << "'";
}

void printCopies(raw_ostream &out, const Program &program,
                 llvm::ArrayRef<Placement> copies) {
  constexpr size_t shown = 8;
  for (const Placement &copy : copies) {
    out << "    " << storageName(copy.storage) << " "
        << layoutToText(copy.layout);
    if (!copy.shape.empty())
      out << ", as " << shapeText(copy.shape);
    if (copy.segments() > 1)
      out << ", segments of " << copy.segmentWords << " words";
    out << "\n      at ";
    size_t count = std::min(shown, copy.planes.size());
    llvm::interleaveComma(llvm::ArrayRef(copy.planes).take_front(count), out,
                          [&](const PlaneAddress &plane) {
                            out << sideName(plane.hemisphere) << " mem "
                                << int(plane.slice) << " "
                                << wordText(program.machine, plane.address);
                          });
    if (copy.planes.size() > count)
      out << " and " << copy.planes.size() - count << " more";
    out << "\n";
  }
}

void printBindings(raw_ostream &out, const Program &program,
                   llvm::StringRef kind,
                   llvm::ArrayRef<TensorBinding> bindings) {
  for (const TensorBinding &binding : bindings) {
    out << kind << " ";
    printName(out, binding.name);
    out << " " << typeName(binding.type) << shapeText(binding.shape);
    if (binding.hasIndexRange) {
      out << ", indices " << binding.indexLow << " to " << binding.indexHigh - 1
          << " of ";
      printName(out, binding.indexTable);
    }
    out << "\n";
    printCopies(out, program, binding.copies);
  }
}

bool isWanted(const std::string &name, llvm::ArrayRef<std::string> filters) {
  return filters.empty() || llvm::any_of(filters, [&](const auto &filter) {
           return name.find(filter) != std::string::npos;
         });
}

} // namespace

void weft::dumpHeader(raw_ostream &out, const Program &program,
                      llvm::ArrayRef<SectionInfo> sections) {
  size_t chips = program.chips.size();
  int64_t text = textBytes(program);
  out << "machine " << program.machine.name << ", " << chips
      << (chips == 1 ? " chip\n" : " chips\n");
  out << "entry ";
  printName(out, program.entry);
  out << "\n";
  if (program.predictedCycles > 0)
    out << formatv("cycles {0} predicted, {1:f2} us at {2} MHz\n",
                   program.predictedCycles,
                   double(program.predictedCycles) / program.machine.clockMHz,
                   program.machine.clockMHz);
  else if (text == 0) // Nothing to predict.
    out << "cycles 0 predicted\n";
  else
    out << "cycles not predicted\n";
  out << "instructions " << text / program.machine.instructionBytes << ", "
      << text << " bytes of text\n";
  printBindings(out, program, "input", program.inputs);
  printBindings(out, program, "output", program.outputs);
  for (const HostLookup &lookup : program.lookups) {
    out << "host table ";
    printName(out, lookup.table);
    out << " " << storageName(lookup.storage)
        << shapeText({lookup.rows, lookup.rowElements}) << ", rows chosen by ";
    printName(out, lookup.input);
    out << " as " << shapeText(lookup.shape) << "\n";
    printCopies(out, program, lookup.copies);
  }
  out << "\nsections\n";
  for (const SectionInfo &section : sections)
    out << formatv("  {0,-24} {1,12} bytes at {2,-12} xxh3 {3}{4}\n",
                   section.title, section.length, section.offset,
                   llvm::format_hex_no_prefix(section.hash.high, 16),
                   llvm::format_hex_no_prefix(section.hash.low, 16));
}

void weft::dumpMemory(raw_ostream &out, const Program &program) {
  out << "\nmemory\n";
  for (const Tenant &tenant : program.tenants) {
    out << formatv("  {0,-12} {1,12} bytes ", purposeName(tenant.purpose),
                   tenant.bytes);
    printName(out, tenant.name);
    out << "\n";
  }
  const Machine &machine = program.machine;
  for (auto [c, chip] : llvm::enumerate(program.chips)) {
    // Neighbouring images read as one range.
    std::vector<const MemoryImage *> images;
    for (const MemoryImage &image : chip.images)
      images.push_back(&image);
    auto key = [](const MemoryImage *image) {
      return std::tuple(image->hemisphere, image->slice, image->address);
    };
    llvm::sort(images, [&](auto *a, auto *b) { return key(a) < key(b); });
    for (size_t i = 0; i < images.size();) {
      const MemoryImage *first = images[i];
      out << "  chip " << c << " " << sideName(first->hemisphere) << " mem "
          << int(first->slice) << ":";
      int64_t total = 0;
      for (; i < images.size() && images[i]->slice == first->slice &&
             images[i]->hemisphere == first->hemisphere;) {
        int begin = images[i]->address, end = begin;
        for (; i < images.size() && images[i]->slice == first->slice &&
               images[i]->hemisphere == first->hemisphere &&
               images[i]->address == end;
             ++i)
          end += int(images[i]->data.size()) / machine.lanes();
        if (end == begin) {
          ++i;
          continue;
        }
        total += end - begin;
        out << " " << wordText(machine, begin) << ".."
            << wordText(machine, end - 1);
      }
      out << " (" << total << " of " << machine.words() << " words)\n";
    }
  }
}

bool weft::hasQueue(const Program &program,
                    llvm::ArrayRef<std::string> filters) {
  for (const ChipProgram &chip : program.chips)
    for (const auto &[number, queue] : chip.queues)
      if (isWanted(queueName(*queueOfNumber(program.machine, number)), filters))
        return true;
  return false;
}

void weft::dumpQueues(raw_ostream &out, const Program &program,
                      llvm::ArrayRef<std::string> filters) {
  for (auto [c, chip] : llvm::enumerate(program.chips))
    for (const auto &[number, queue] : chip.queues) {
      std::string name = queueName(*queueOfNumber(program.machine, number));
      if (!isWanted(name, filters))
        continue;
      out << "\nchip " << c << " " << name << ", " << queue.size()
          << " instructions\n";
      const std::vector<int32_t> *nodes = nullptr;
      if (c < program.provenance.size())
        if (auto it = program.provenance[c].nodes.find(number);
            it != program.provenance[c].nodes.end())
          nodes = &it->second;
      std::vector<IssueSpan> spans = issueSpans(queue);
      for (size_t i = 0; i < queue.size(); ++i) {
        std::string cycles = std::to_string(spans[i].first);
        if (spans[i].last > spans[i].first)
          cycles += ".." + std::to_string(spans[i].last);
        out << llvm::right_justify(cycles, 16) << "  "
            << instructionText(program.machine, queue[i]);
        if (std::string from = producersText(program.machine, queue[i]);
            !from.empty())
          out << "; " << from;
        if (nodes && (*nodes)[i] >= 0) {
          out << "  ";
          printName(out, program.nodes[size_t((*nodes)[i])]);
        }
        out << "\n";
      }
    }
}
