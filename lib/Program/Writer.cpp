// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Builds the parts of a .weft file: sections first, then the index that says
// where they lie, then the header. Everything is written in the order of the
// program, so equal programs give equal bytes. Images and tables, which are
// nearly all of it, are written from where they are.

#include "weft/Program/Writer.h"

#include "Format.h"
#include "Weft_generated.h"
#include "weft/Program/Encoding.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/stat.h>
#include <unistd.h>

namespace weft {
namespace {

using namespace format;
namespace fb = flatbuffers;

// FlatBuffers 2 passes 2 GB silently; what it holds is kept far below.
constexpr uint64_t maxIndexBytes = uint64_t(1) << 30;

/// A section's bytes. Large data is referred to, not copied.
struct Section {
  SectionName name;
  std::vector<uint8_t> own;
  std::vector<std::span<const uint8_t>> parts;

  uint64_t length() const {
    uint64_t length = own.size();
    for (std::span<const uint8_t> part : parts)
      length += part.size();
    return length;
  }
};

using Parts = std::vector<std::span<const uint8_t>>;

class Serializer {
public:
  explicit Serializer(const Program &program) : program(program) {}

  /// The file, in order; of the program's and this serializer's memory.
  Expected<Parts> run() {
    if (Status status = checkProgram(program, "cannot be written"); !status)
      return status.error();
    if (textOfIndex() > maxIndexBytes)
      return Error{ErrorKind::Unsupported,
                   "program has more than 1 GiB of names and shapes",
                   {}};
    for (size_t c = 0; c < program.chips.size(); ++c) {
      if (Status status = addText(c); !status)
        return status.error();
      addImages(c);
    }
    addLookups();
    if (isNamed()) {
      addNames();
      addProvenance();
    }
    return assemble();
  }

private:
  bool isNamed() const {
    return program.entry != "main" || !program.nodes.empty() ||
           !program.provenance.empty() || !program.tenants.empty() ||
           program.predictedCycles != 0 || !program.statsJson.empty();
  }

  /// Roughly what strings and lists take in FlatBuffers.
  uint64_t textOfIndex() const {
    uint64_t bytes = program.entry.size() + program.statsJson.size();
    for (const std::string &node : program.nodes)
      bytes += node.size() + 16;
    for (const Tenant &tenant : program.tenants)
      bytes += tenant.name.size() + 64;
    for (const ChipProgram &chip : program.chips)
      bytes += 32 * (chip.images.size() + chip.queues.size());
    auto addCopies = [&](const std::vector<Placement> &copies) {
      for (const Placement &copy : copies)
        bytes += 192 + 4 * copy.planes.size() + 256 * copy.layout.dims.size();
    };
    for (const auto *bindings : {&program.inputs, &program.outputs})
      for (const TensorBinding &binding : *bindings) {
        bytes += binding.name.size() + 128;
        addCopies(binding.copies);
      }
    for (const HostLookup &lookup : program.lookups) {
      bytes += lookup.table.size() + 128;
      addCopies(lookup.copies);
    }
    return bytes;
  }

  Section &newSection(fbs::SectionKind kind, size_t chip) {
    return sections.emplace_back(
        Section{{uint8_t(kind), uint32_t(chip)}, {}, {}});
  }

  Status addText(size_t chip) {
    Section &section = newSection(fbs::SectionKind::Text, chip);
    for (const auto &[number, queue] : program.chips[chip].queues)
      for (size_t i = 0; i < queue.size(); ++i) {
        auto text = encode(queue[i]);
        if (!text) {
          Error error = text.error();
          error.message = "chip " + std::to_string(chip) + ": queue '" +
                          queueName(*queueOfNumber(program.machine, number)) +
                          "': instruction " + std::to_string(i) + ": " +
                          error.message;
          return error;
        }
        section.own.insert(section.own.end(), text->begin(), text->end());
        section.own.insert(section.own.end(), queue[i].producers.begin(),
                           queue[i].producers.end());
      }
    return success();
  }

  void addImages(size_t chip) {
    Section &section = newSection(fbs::SectionKind::Images, chip);
    for (const MemoryImage &image : program.chips[chip].images)
      section.parts.emplace_back(image.data);
  }

  void addLookups() {
    Section &section = newSection(fbs::SectionKind::Lookups, 0);
    for (const HostLookup &lookup : program.lookups)
      section.parts.emplace_back(lookup.data);
  }

  void addNames() {
    fb::FlatBufferBuilder builder;
    std::vector<fb::Offset<fbs::NamedChip>> chips;
    for (const ChipProvenance &chip : program.provenance) {
      std::vector<fbs::Queue> queues;
      for (const auto &[number, nodes] : chip.nodes)
        queues.emplace_back(uint16_t(number), nodes.size());
      chips.push_back(
          fbs::CreateNamedChip(builder, builder.CreateVectorOfStructs(queues)));
    }
    std::vector<fb::Offset<fbs::Tenant>> tenants;
    for (const weft::Tenant &tenant : program.tenants)
      tenants.push_back(
          fbs::CreateTenant(builder, builder.CreateString(tenant.name),
                            uint8_t(tenant.purpose), tenant.bytes));
    std::vector<fb::Offset<fb::String>> nodes;
    for (const std::string &node : program.nodes)
      nodes.push_back(builder.CreateString(node));
    auto entry = builder.CreateString(program.entry);
    auto nodeList = builder.CreateVector(nodes);
    auto tenantList = builder.CreateVector(tenants);
    auto stats = builder.CreateString(program.statsJson);
    auto chipList = builder.CreateVector(chips);
    builder.Finish(fbs::CreateNames(builder, entry, nodeList, tenantList,
                                    program.predictedCycles, stats, chipList));
    newSection(fbs::SectionKind::Names, 0)
        .own.assign(builder.GetBufferPointer(),
                    builder.GetBufferPointer() + builder.GetSize());
  }

  void addProvenance() {
    for (size_t c = 0; c < program.chips.size(); ++c) {
      Section &section = newSection(fbs::SectionKind::Provenance, c);
      if (c >= program.provenance.size())
        continue;
      for (const auto &[number, nodes] : program.provenance[c].nodes)
        for (int32_t node : nodes)
          for (int shift = 0; shift < 32; shift += 8)
            section.own.push_back(uint8_t(uint32_t(node) >> shift));
    }
  }

  // The index ------------------------------------------------------------

  auto buildCopies(fb::FlatBufferBuilder &builder,
                   const std::vector<weft::Placement> &copies) {
    std::vector<fb::Offset<fbs::Placement>> list;
    for (const weft::Placement &copy : copies) {
      std::vector<fb::Offset<fbs::Dimension>> dimensions;
      for (const std::vector<weft::Digit> &digits : copy.layout.dims) {
        std::vector<fbs::Digit> out;
        for (const weft::Digit &d : digits)
          out.emplace_back(d.extent, d.lane, d.word, d.column);
        dimensions.push_back(
            fbs::CreateDimension(builder, builder.CreateVectorOfStructs(out)));
      }
      std::vector<fbs::Plane> planes;
      for (const PlaneAddress &plane : copy.planes)
        planes.emplace_back(uint8_t(plane.hemisphere), plane.slice,
                            plane.address);
      auto dimensionList = builder.CreateVector(dimensions);
      auto planeList = builder.CreateVectorOfStructs(planes);
      auto shape = builder.CreateVector(copy.shape);
      list.push_back(fbs::CreatePlacement(
          builder, uint8_t(copy.storage), dimensionList,
          copy.layout.offset.lane, copy.layout.offset.word,
          copy.layout.offset.column, copy.layout.words, copy.layout.columns,
          copy.layout.splat, copy.padding, planeList, shape,
          copy.segmentWords));
    }
    return builder.CreateVector(list);
  }

  auto buildBindings(fb::FlatBufferBuilder &builder,
                     const std::vector<TensorBinding> &bindings) {
    std::vector<fb::Offset<fbs::Binding>> list;
    for (const TensorBinding &binding : bindings) {
      auto name = builder.CreateString(binding.name);
      auto shape = builder.CreateVector(binding.shape);
      auto copies = buildCopies(builder, binding.copies);
      auto table = builder.CreateString(binding.indexTable);
      list.push_back(fbs::CreateBinding(
          builder, name, int32_t(binding.type), shape, copies,
          binding.hasIndexRange, binding.indexLow, binding.indexHigh, table));
    }
    return builder.CreateVector(list);
  }

  auto buildChips(fb::FlatBufferBuilder &builder) {
    std::vector<fb::Offset<fbs::Chip>> list;
    for (const ChipProgram &chip : program.chips) {
      std::vector<fbs::Queue> queues;
      for (const auto &[number, queue] : chip.queues)
        queues.emplace_back(uint16_t(number), queue.size());
      std::vector<fbs::Image> images;
      uint64_t at = 0;
      for (const MemoryImage &image : chip.images) {
        images.emplace_back(uint8_t(image.hemisphere), image.slice,
                            image.address, fbs::Range(at, image.data.size()));
        at += image.data.size();
      }
      auto queueList = builder.CreateVectorOfStructs(queues);
      auto imageList = builder.CreateVectorOfStructs(images);
      list.push_back(fbs::CreateChip(builder, queueList, imageList));
    }
    return builder.CreateVector(list);
  }

  auto buildLookups(fb::FlatBufferBuilder &builder) {
    std::vector<fb::Offset<fbs::Lookup>> list;
    uint64_t at = 0;
    for (const HostLookup &lookup : program.lookups) {
      auto input = builder.CreateString(lookup.input);
      auto table = builder.CreateString(lookup.table);
      auto shape = builder.CreateVector(lookup.shape);
      auto copies = buildCopies(builder, lookup.copies);
      fbs::Range range(at, lookup.data.size());
      at += lookup.data.size();
      list.push_back(fbs::CreateLookup(
          builder, input, table, lookup.rows, lookup.rowElements,
          uint8_t(lookup.storage), shape, copies, &range));
    }
    return builder.CreateVector(list);
  }

  std::vector<uint8_t> buildIndex(std::span<const fbs::Range> ranges,
                                  std::span<const Hash128> hashes) {
    fb::FlatBufferBuilder builder;
    auto machine = builder.CreateString(machineToJson(program.machine));
    std::vector<fb::Offset<fbs::Section>> list;
    for (size_t i = 0; i < sections.size(); ++i) {
      fbs::Hash hash(hashes[i].low, hashes[i].high);
      list.push_back(
          fbs::CreateSection(builder, fbs::SectionKind(sections[i].name.kind),
                             sections[i].name.chip, &ranges[i], &hash));
    }
    auto sectionList = builder.CreateVector(list);
    auto chips = buildChips(builder);
    auto inputs = buildBindings(builder, program.inputs);
    auto outputs = buildBindings(builder, program.outputs);
    auto lookups = buildLookups(builder);
    fbs::FinishIndexBuffer(builder,
                           fbs::CreateIndex(builder, machine, sectionList,
                                            chips, inputs, outputs, lookups));
    return {builder.GetBufferPointer(),
            builder.GetBufferPointer() + builder.GetSize()};
  }

  Parts assemble() {
    // The index's length does not depend on the values of ranges and hashes:
    // both are structs, which are written whole.
    std::vector<fbs::Range> ranges(sections.size());
    std::vector<Hash128> hashes(sections.size());
    uint64_t indexLength = buildIndex(ranges, hashes).size();

    static constexpr uint8_t zeros[pageSize] = {};
    uint64_t at = pageSize + padded(indexLength);
    head.assign(at, 0);
    Parts parts{head};
    for (size_t i = 0; i < sections.size(); ++i) {
      uint64_t length = sections[i].length();
      size_t first = parts.size();
      parts.push_back(sections[i].own);
      parts.insert(parts.end(), sections[i].parts.begin(),
                   sections[i].parts.end());
      parts.push_back(std::span(zeros).first(padded(length) - length));
      hashes[i] = hashParts(std::span(parts).subspan(first));
      ranges[i] = fbs::Range(at, length);
      at += padded(length);
    }
    std::vector<uint8_t> index = buildIndex(ranges, hashes);
    std::copy(index.begin(), index.end(), head.begin() + pageSize);
    Header header{at, indexLength,
                  hashBytes({head.data() + pageSize, padded(indexLength)})};
    writeHeader(header, {head.data(), pageSize});
    return parts;
  }

  const Program &program;
  std::vector<Section> sections;
  std::vector<uint8_t> head; ///< Header and index.
};

/// Writes all bytes and closes; the error text of the system call that failed,
/// or nothing.
std::string writeAll(int descriptor, const Parts &parts) {
  for (std::span<const uint8_t> bytes : parts)
    while (!bytes.empty()) {
      // Linux writes at most 2 GB at once.
      ssize_t n = ::write(descriptor, bytes.data(),
                          std::min<size_t>(bytes.size(), size_t(1) << 30));
      if (n < 0 && errno == EINTR)
        continue;
      if (n < 0) {
        std::string why = std::strerror(errno);
        ::close(descriptor);
        return why;
      }
      bytes = bytes.subspan(size_t(n));
    }
  return ::close(descriptor) == 0 ? "" : std::strerror(errno);
}

} // namespace

Expected<std::vector<uint8_t>> serializeProgram(const Program &program) {
  Serializer serializer(program);
  Expected<Parts> parts = serializer.run();
  if (!parts)
    return parts.error();
  std::vector<uint8_t> bytes;
  for (std::span<const uint8_t> part : *parts)
    bytes.insert(bytes.end(), part.begin(), part.end());
  return bytes;
}

Status writeProgram(const Program &program, const std::string &path) {
  Serializer serializer(program);
  Expected<Parts> parts = serializer.run();
  if (!parts)
    return parts.error();
  auto fail = [&](const std::string &why) {
    return Error{ErrorKind::Usage, path + ": cannot be written: " + why, {}};
  };

  std::error_code ec;
  std::filesystem::path target = path;
  std::filesystem::file_status status = std::filesystem::status(target, ec);
  if (std::filesystem::is_directory(status))
    return fail("is a directory");
  if (std::filesystem::exists(status) &&
      !std::filesystem::is_regular_file(status)) {
    int descriptor = ::open(path.c_str(), O_WRONLY | O_CLOEXEC);
    if (descriptor < 0)
      return fail(std::strerror(errno));
    std::string why = writeAll(descriptor, *parts);
    return why.empty() ? success() : Status(fail(why));
  }
  // A link keeps pointing where it did: what it points at is replaced.
  if (std::filesystem::exists(status)) {
    std::filesystem::path real = std::filesystem::canonical(target, ec);
    if (!ec)
      target = real;
  }

  std::string temporary = target.string() + ".tmp" + std::to_string(::getpid());
  int descriptor =
      ::open(temporary.c_str(),
             O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW | O_CLOEXEC, 0666);
  if (descriptor < 0)
    return fail(std::strerror(errno));
  std::string why = writeAll(descriptor, *parts);
  if (why.empty() && ::rename(temporary.c_str(), target.c_str()) != 0)
    why = std::strerror(errno);
  if (why.empty())
    return success();
  ::unlink(temporary.c_str());
  return fail(why);
}

} // namespace weft
