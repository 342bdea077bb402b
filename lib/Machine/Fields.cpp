// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The table of a description's numbers and the Markdown made from it. Ranges
// are what instructions can encode and what a simulator can hold; anything
// finer is in Validate.cpp.

#include "weft/Machine/Fields.h"

namespace weft {
namespace {

constexpr auto pub = Provenance::Published;
constexpr auto inf = Provenance::Inferred;
constexpr auto assumed = Provenance::Assumed;

// No latency of a real chip is near this; it keeps cycle arithmetic far from
// overflow whatever a file says.
constexpr int maxLatency = 65535;

// Where the machine's page gives two marks for one number, the weaker is kept.
constexpr MachineField fields[] = {
    // Lanes of permute and shift are told in 16 bits; 64 superlanes are 1024.
    {"lanes", "superlanes", &Machine::superlanes, 1, 64, pub, "superlanes",
     "a vector is superlanes × superlane_lanes bytes"},
    // The transposer and the distributor's map are built on 16.
    {"lanes", "superlane_lanes", &Machine::superlaneLanes, 16, 16, pub, "lanes",
     "lanes of one byte each in a superlane"},
    {"lanes", "streams", &Machine::streams, 4, 32, pub, "streams",
     "streams in each direction"},

    {"memory", "slices", &Machine::slices, 1, 60, pub, "slices",
     "slices of a hemisphere"},
    {"memory", "slices_per_hop", &Machine::slicesPerHop, 1, 60, inf, "slices",
     "slices that share one position"},
    // "Told by the top address bit" leaves no other number.
    {"memory", "banks", &Machine::banks, 2, 2, pub, "banks",
     "banks of a slice, told by the top address bit"},
    {"memory", "words_per_bank", &Machine::wordsPerBank, 1, 4096, pub, "words",
     "words of one vector in a bank"},
    {"memory", "read_latency", &Machine::readLatency, 1, maxLatency, inf,
     "cycles", "from the issue of a read to its value on the stream"},
    {"memory", "write_latency", &Machine::writeLatency, 1, maxLatency, assumed,
     "cycles", "from the issue of a write until the word can be read"},

    {"vxm", "alus", &Machine::alus, 1, 32, pub, "ALUs",
     "ALUs of the VXM, each one operation on all lanes per cycle"},
    {"vxm", "latency", &Machine::aluLatency, 1, maxLatency, assumed, "cycles",
     "d: until another ALU can take the result"},
    {"vxm", "transcendental_latency", &Machine::transcendentalLatency, 1,
     maxLatency, assumed, "cycles",
     "d of div, exp, log, tanh, sqrt, rsqrt, sin and cos"},
    {"vxm", "to_stream", &Machine::aluToStream, 0, maxLatency, assumed,
     "cycles", "beyond d until the result is on a stream"},

    {"mxm", "position", &Machine::mxmPosition, 1, 255, pub, "hops",
     "distance from the VXM"},
    {"mxm", "planes", &Machine::planes, 2, 4, pub, "planes",
     "planes of a hemisphere; two make an fp16 pair"},
    // One producer name per stream of an lw, of which 16 are held.
    {"mxm", "weight_streams", &Machine::weightStreams, 2, 16, pub, "streams",
     "streams that one lw takes"},
    {"mxm", "latency", &Machine::mxmLatency, 1, maxLatency, assumed, "cycles",
     "from an activation to its result"},
    {"mxm", "accumulator_rows", &Machine::accumulatorRows, 1, 8192, pub, "rows",
     "accumulator rows of a plane; a pair has as many"},

    {"sxm", "position", &Machine::sxmPosition, 1, 255, pub, "hops",
     "distance from the VXM"},
    {"sxm", "transposers", &Machine::transposers, 0, 8, inf, "units",
     "transposers of a hemisphere"},
    {"sxm", "distributors", &Machine::distributors, 0, 8, inf, "units",
     "distributors of a hemisphere"},
    {"sxm", "enter_latency", &Machine::sxmEnter, 0, maxLatency, inf, "cycles",
     "to enter any SXM unit"},
    {"sxm", "transpose_latency", &Machine::transposeLatency, 1, maxLatency, inf,
     "cycles", "of a transpose, after entering"},
    {"sxm", "distribute_latency", &Machine::distributeLatency, 1, maxLatency,
     inf, "cycles", "of a distribute, after entering"},
    {"sxm", "shift_latency", &Machine::shiftLatency, 1, maxLatency, assumed,
     "cycles", "of shift, permute and select, after entering"},

    {"c2c", "links", &Machine::links, 0, 16, pub, "links",
     "links of a hemisphere, at the SXM"},
    {"c2c", "interval", &Machine::linkInterval, 1, maxLatency, pub, "cycles",
     "between two vectors on one link"},
    {"c2c", "latency", &Machine::linkLatency, 1, maxLatency, inf, "cycles",
     "from send to receive, wire time included"},

    // The encoding has this size.
    {"chip", "instruction_bytes", &Machine::instructionBytes, 16, 16, inf,
     "bytes", "text of one instruction"},
    {"chip", "clock_mhz", &Machine::clockMHz, 1, 100000, pub, "MHz",
     "clock of the whole chip"},
};

} // namespace

std::string MachineField::path() const {
  return std::string(group) + "." + std::string(name);
}

std::span<const MachineField> machineFields() { return fields; }

std::string_view markName(Provenance mark) {
  return mark == Provenance::Published  ? "pub"
         : mark == Provenance::Inferred ? "inf"
                                        : "asm";
}

Provenance markOf(const Machine &machine, std::string_view path,
                  Provenance fallback) {
  auto it = machine.marks.find(path);
  return it == machine.marks.end() ? fallback : it->second;
}

std::string machineToMarkdown(const Machine &machine) {
  std::string out = "| field | value | unit | mark | what it is |\n"
                    "| --- | ---: | --- | --- | --- |\n";
  auto row = [&](std::string_view path, std::string_view value,
                 std::string_view unit, Provenance mark,
                 std::string_view remark) {
    out.append("| `").append(path).append("` | ").append(value);
    out.append(" | ").append(unit).append(" | *").append(markName(mark));
    out.append("* | ").append(remark).append(" |\n");
  };
  for (const MachineField &field : fields) {
    std::string path = field.path();
    row(path, std::to_string(machine.*field.member), field.unit,
        markOf(machine, path, field.mark), field.remark);
  }
  std::string list;
  for (const ReservedSlice &r : machine.reserved)
    list += (list.empty() ? "" : ", ") +
            std::string(r.hemisphere == Hemisphere::West ? "west " : "east ") +
            std::to_string(r.slice);
  row(reservedField, list.empty() ? "none" : list, "slices",
      markOf(machine, reservedField, reservedMark),
      "slices that the system keeps for itself");
  return out;
}

} // namespace weft
