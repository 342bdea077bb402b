// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Prints the statistics of a compilation.

#include "Summary.h"

#include "weft/Dialect/Tsp/Transforms/Accounting.h"

#include "llvm/Support/Format.h"
#include "llvm/Support/raw_ostream.h"

using namespace weft;
namespace json = llvm::json;

static int64_t number(const json::Object &object, llvm::StringRef key) {
  return object.getInteger(key).value_or(0);
}

static void printBound(llvm::raw_ostream &out, llvm::StringRef label,
                       const json::Object *bound, int64_t cycles) {
  out << llvm::left_justify(label, 15);
  if (!bound) {
    out << "unknown: the module does not say what the model's work is\n";
    return;
  }
  int64_t least = number(*bound, "cycles");
  llvm::StringRef resource = bound->getString("resource").value_or("");
  // A program without work is bound by nothing.
  out << least << " cycles (" << (least > 0 ? resource : "nothing to do")
      << ")";
  if (least > 0)
    out << llvm::format(", ratio %.2f", double(cycles) / double(least));
  out << "\n";
}

std::string weft::summaryText(const std::string &output,
                              const json::Object &stats) {
  std::string text;
  llvm::raw_string_ostream out(text);
  int64_t cycles = number(stats, "predicted_cycles"),
          clock = number(stats, "clock_mhz");
  out << output << ": " << number(stats, "instructions") << " instructions in "
      << number(stats, "chains") << " chains for "
      << stats.getString("machine").value_or("") << "\n";
  out << llvm::left_justify("cycles", 15) << cycles << " predicted";
  if (clock > 0)
    out << llvm::format(", %.2f us at %d MHz", double(cycles) / double(clock),
                        int(clock));
  out << "\n";
  printBound(out, "work bound", stats.getObject("work_bound"), cycles);
  printBound(out, "placed bound", stats.getObject("placed_bound"), cycles);
  int64_t path = number(stats, "critical_path");
  out << llvm::left_justify("critical path", 15) << path << " cycles";
  if (path > 0)
    out << llvm::format(", ratio %.2f", double(cycles) / double(path));
  out << "\n";
  if (auto peak = stats.getNumber("peak"))
    out << llvm::left_justify("peak", 15)
        << llvm::format("%.1f%% of the matrix units' multiply-adds\n",
                        100.0 * *peak);
  if (const json::Object *resources = stats.getObject("resources")) {
    out << "utilisation\n";
    std::map<std::string, double> sorted;
    for (const auto &[name, use] : *resources)
      if (const json::Object *object = use.getAsObject())
        if (int64_t capacity = number(*object, "capacity"))
          sorted[name.str()] =
              100.0 * double(number(*object, "busy")) / double(capacity);
    for (const auto &[name, percent] : sorted)
      out << "  " << llvm::left_justify(name, 16)
          << llvm::format(" %6.2f%%\n", percent);
  }
  if (const json::Array *chips = stats.getArray("sram_bytes"))
    for (const json::Value &chip : *chips)
      if (const json::Object *sram = chip.getAsObject()) {
        out << llvm::left_justify("SRAM", 15);
        bool first = true;
        for (llvm::StringRef key :
             {"weights", "activations", "state", "tables", "text", "free"}) {
          out << (first ? "" : " · ") << key << " "
              << tsp::bytesText(number(*sram, key));
          first = false;
        }
        out << "\n";
      }
  if (const json::Array *tables = stats.getArray("host_tables");
      tables && !tables->empty()) {
    out << llvm::left_justify("on the host", 15) << "look-ups of";
    for (const json::Value &table : *tables)
      out << " '" << table.getAsString().value_or("") << "'";
    out << "\n";
  }
  return text;
}
