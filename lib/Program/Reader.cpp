// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads .weft files: header, index, sections, each only after its hash, and
// then everything against checkProgram(). Lists of the index may share bytes
// in a hostile file, so what is copied out of it is counted against its size.

#include "weft/Program/Reader.h"

#include "Format.h"
#include "Weft_generated.h"
#include "weft/Program/Encoding.h"

#include <algorithm>
#include <atomic>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <thread>
#include <unistd.h>

namespace weft {
namespace {

using namespace format;
namespace fb = flatbuffers;
using View = std::span<const uint8_t>;

/// Calls work(thread, threads) on several threads if there is enough to do.
template <typename Work>
void inParallel(uint64_t bytes, Work work) {
  constexpr uint64_t worthwhile = uint64_t(4) << 20;
  unsigned threads =
      std::min<unsigned>({std::max(1u, std::thread::hardware_concurrency()), 8,
                          unsigned(std::min<uint64_t>(bytes / worthwhile, 8))});
  std::vector<std::jthread> others;
  for (unsigned i = 1; i < threads; ++i)
    others.emplace_back([&work, i, threads] { work(i, threads); });
  work(0u, std::max(threads, 1u));
}

/// Builds a program from the bytes of a file.
class Deserializer {
public:
  /// With a keeper of the bytes, large parts are shared and not copied.
  Deserializer(View bytes, const std::string &file,
               std::shared_ptr<const void> keeper)
      : bytes(bytes), file(file), keeper(std::move(keeper)) {}

  Expected<Program> run(std::vector<SectionInfo> *infos) {
    if (Status status = readIndex(infos); !status)
      return status.error();
    Expected<Machine> machine =
        parseMachine(copyString(index->machine()), file);
    if (!machine)
      return machine.error();
    program.machine = std::move(*machine);

    if (Status status = readSections(infos); !status)
      return status.error();
    for (uint32_t c = 0; c < program.chips.size(); ++c) {
      if (Status status = readText(c); !status)
        return status.error();
      if (Status status = readImages(c); !status)
        return status.error();
    }
    readBindings(index->inputs(), program.inputs);
    readBindings(index->outputs(), program.outputs);
    if (Status status = readLookups(); !status)
      return status.error();
    if (named)
      if (Status status = readNames(); !status)
        return status.error();
    if (overspent)
      return damaged("index", "has lists that overlap or lie askew");
    if (Status status = checkProgram(program, file); !status)
      return status.error();
    return std::move(program);
  }

private:
  Error damaged(const std::string &section, const std::string &why) const {
    return {ErrorKind::Invalid, file + ": damaged: " + section + " " + why, {}};
  }

  // Counting what is copied ----------------------------------------------

  bool spend(uint64_t size) {
    if (overspent || size > budget)
      overspent = true;
    else
      budget -= size;
    return !overspent;
  }
  std::string copyString(const fb::String *text) {
    return text && spend(text->size()) ? text->str() : std::string();
  }
  /// Whether there is a list, and the file is large enough to hold it.
  /// FlatBuffers' verifier does not look at the alignment of elements, which
  /// is that of the largest number in them: 8 for those of 8, 16, ... bytes.
  template <typename T>
  bool spendList(const fb::Vector<T> *list, uint64_t elementSize) {
    if (!list || list->size() == 0) // Empty ones are not aligned.
      return false;
    uintptr_t alignment = elementSize % 8 == 0 ? 8 : 4;
    if (reinterpret_cast<uintptr_t>(list->Data()) % alignment != 0)
      overspent = true;
    return spend(list->size() * elementSize);
  }

  // Index and sections
  // -----------------------------------------------------

  Status readIndex(std::vector<SectionInfo> *infos) {
    if (bytes.size() < pageSize)
      return Error{ErrorKind::Invalid, file + ": not a .weft program", {}};
    Expected<Header> header = readHeader(bytes.first(pageSize), file);
    if (!header)
      return header.error();
    if (header->fileLength != bytes.size())
      return damaged("header", "says " + std::to_string(header->fileLength) +
                                   " bytes, the file has " +
                                   std::to_string(bytes.size()));
    uint64_t rest = bytes.size() - pageSize;
    if (bytes.size() % pageSize != 0 || header->indexLength > rest ||
        header->indexLength == 0)
      return damaged("header", "has sizes that contradict each other");
    View pages = bytes.subspan(pageSize, padded(header->indexLength));
    // A copy: FlatBuffers wants its bytes aligned.
    indexBytes.assign(pages.begin(), pages.end());
    if (hashBytes(indexBytes) != header->indexHash)
      return damaged("index", "does not match its hash");
    if (!isZero(View(indexBytes).subspan(header->indexLength)))
      return damaged("index", "is not followed by zeros");
    indexBytes.resize(header->indexLength);
    budget = indexBytes.size();
    fb::Verifier verifier(indexBytes.data(), indexBytes.size(), 16,
                          uint32_t(indexBytes.size() / 4 + 16));
    if (indexBytes.size() >= FLATBUFFERS_MAX_BUFFER_SIZE ||
        !fbs::VerifyIndexBuffer(verifier))
      return damaged("index", "is not well formed");
    index = fbs::GetIndex(indexBytes.data());
    if (!index->machine() || !index->sections() || !index->chips())
      return damaged("index", "is incomplete");
    at = pageSize + pages.size();
    if (infos) {
      infos->push_back(
          {"header", 0, pageSize, hashBytes(bytes.first(pageSize - 16))});
      infos->push_back(
          {"index", pageSize, header->indexLength, header->indexHash});
    }
    return success();
  }

  static bool isZero(View bytes) {
    return std::all_of(bytes.begin(), bytes.end(),
                       [](uint8_t b) { return b == 0; });
  }

  /// Sections follow each other without a gap to the end of the file.
  Status readSections(std::vector<SectionInfo> *infos) {
    const auto &list = *index->sections();
    size_t chips = index->chips()->size();
    // Two sections per chip and the tables; names and provenance besides.
    named = list.size() == 3 * chips + 2;
    if (!named && list.size() != 2 * chips + 1)
      return damaged("index", "has an impossible number of sections");
    std::vector<SectionName> order = sectionOrder(chips, named);
    for (size_t i = 0; i < order.size(); ++i) {
      const fbs::Section *section = list.Get(fb::uoffset_t(i));
      std::string title = sectionTitle(order[i]);
      if (uint8_t(section->kind()) != order[i].kind ||
          section->chip() != order[i].chip || !section->range() ||
          !section->hash())
        return damaged("index", "does not list the " + title);
      uint64_t length = section->range()->length();
      if (section->range()->offset() != at || length > bytes.size() - at)
        return damaged(title, "lies outside the file");
      // Both are multiples of a page, so padding stays inside.
      sections.push_back(bytes.subspan(at, length));
      at += padded(length);
    }
    std::vector<Hash128> hashes = hashSections();
    for (size_t i = 0; i < order.size(); ++i) {
      const fbs::Section *section = list.Get(fb::uoffset_t(i));
      std::string title = sectionTitle(order[i]);
      uint64_t offset = section->range()->offset();
      Hash128 hash{section->hash()->low(), section->hash()->high()};
      if (hashes[i] != hash)
        return damaged(title, "does not match its hash");
      uint64_t length = sections[i].size();
      if (!isZero(bytes.subspan(offset + length, padded(length) - length)))
        return damaged(title, "is not followed by zeros");
      if (infos)
        infos->push_back({title, offset, length, hash});
    }
    if (at != bytes.size())
      return damaged("file", "goes on after its last section");
    program.chips.resize(chips);
    return success();
  }

  /// Of the sections with their padding, by as many threads as help.
  std::vector<Hash128> hashSections() const {
    std::vector<Hash128> hashes(sections.size());
    std::atomic<size_t> next = 0;
    uint64_t total = 0;
    for (View section : sections)
      total += section.size();
    inParallel(total, [&](unsigned, unsigned) {
      for (size_t i; (i = next++) < sections.size();)
        hashes[i] = hashBytes({sections[i].data(), padded(sections[i].size())});
    });
    return hashes;
  }

  Status readText(uint32_t c) {
    std::string title = sectionTitle({uint8_t(fbs::SectionKind::Text), c});
    View text = sections[2 * c];
    const auto *queues = index->chips()->Get(c)->queues();
    int previous = -1;
    if (spendList(queues, sizeof(fbs::Queue)))
      for (const fbs::Queue *queue : *queues) {
        if (int(queue->number()) <= previous ||
            queue->count() > text.size() / recordSize)
          return damaged(title, "does not hold the queues listed");
        previous = queue->number();
        std::vector<Instruction> &to = program.chips[c].queues[queue->number()];
        to.reserve(queue->count());
        for (uint64_t i = 0; i < queue->count(); ++i) {
          Expected<Instruction> one = decode(text.subspan<0, textSize>());
          if (!one)
            return damaged(title, "has " + one.error().message + " (queue " +
                                      std::to_string(previous) + ", number " +
                                      std::to_string(i) + ")");
          std::copy_n(text.begin() + textSize, one->producers.size(),
                      one->producers.begin());
          to.push_back(*one);
          text = text.subspan(recordSize);
        }
      }
    if (!text.empty())
      return damaged(title, "has instructions of no queue");
    return success();
  }

  Status readImages(uint32_t c) {
    std::string title = sectionTitle({uint8_t(fbs::SectionKind::Images), c});
    View data = sections[2 * c + 1];
    uint64_t used = 0;
    const auto *images = index->chips()->Get(c)->images();
    if (spendList(images, sizeof(fbs::Image)))
      for (const fbs::Image *image : *images) {
        std::optional<View> part = take(data, used, image->range());
        if (!part || image->hemisphere() > 1)
          return damaged(title, "does not hold the images listed");
        program.chips[c].images.push_back({Hemisphere(image->hemisphere()),
                                           image->slice(), image->address(),
                                           share(*part)});
      }
    if (used != data.size())
      return damaged(title, "has bytes of no image");
    return success();
  }

  SharedBytes share(View part) const {
    return keeper ? SharedBytes(keeper, part)
                  : SharedBytes(std::vector<uint8_t>(part.begin(), part.end()));
  }

  /// The next part of a section; parts follow each other without a gap.
  static std::optional<View> take(View data, uint64_t &used,
                                  const fbs::Range &range) {
    if (range.offset() != used || range.length() > data.size() - used)
      return std::nullopt;
    used += range.length();
    return data.subspan(range.offset(), range.length());
  }

  // Tensors ------------------------------------------------------------------

  void readShape(const fb::Vector<int64_t> *from, std::vector<int64_t> &to) {
    if (spendList(from, 8))
      to.assign(from->begin(), from->end());
  }

  void readCopies(const fb::Vector<fb::Offset<fbs::Placement>> *from,
                  std::vector<weft::Placement> &to) {
    if (!spendList(from, 4))
      return;
    for (const fbs::Placement *copy : *from) {
      weft::Placement &out = to.emplace_back();
      out.storage = DataType(copy->storage());
      out.padding = copy->padding();
      out.segmentWords = copy->segment_words();
      readShape(copy->shape(), out.shape);
      weft::Layout &layout = out.layout;
      layout.offset = {copy->lane(), copy->word(), copy->column()};
      layout.words = copy->words();
      layout.columns = copy->columns();
      layout.splat = copy->splat();
      if (spendList(copy->dimensions(), 4))
        for (const fbs::Dimension *dimension : *copy->dimensions()) {
          auto &digits = layout.dims.emplace_back();
          if (spendList(dimension->digits(), sizeof(fbs::Digit)))
            for (const fbs::Digit *d : *dimension->digits())
              digits.push_back(
                  {d->extent(), d->lane(), d->word(), d->column()});
        }
      if (spendList(copy->planes(), sizeof(fbs::Plane)))
        for (const fbs::Plane *plane : *copy->planes())
          out.planes.push_back({Hemisphere(plane->hemisphere()), plane->slice(),
                                plane->address()});
    }
  }

  void readBindings(const fb::Vector<fb::Offset<fbs::Binding>> *from,
                    std::vector<TensorBinding> &to) {
    if (!spendList(from, 4))
      return;
    for (const fbs::Binding *binding : *from) {
      TensorBinding &out = to.emplace_back();
      out.name = copyString(binding->name());
      out.type = TensorType(binding->type());
      readShape(binding->shape(), out.shape);
      readCopies(binding->copies(), out.copies);
      out.hasIndexRange = binding->has_index_range();
      out.indexLow = binding->index_low();
      out.indexHigh = binding->index_high();
      out.indexTable = copyString(binding->index_table());
    }
  }

  Status readLookups() {
    View data = sections[2 * program.chips.size()];
    uint64_t used = 0;
    if (spendList(index->lookups(), 4))
      for (const fbs::Lookup *lookup : *index->lookups()) {
        std::optional<View> part;
        if (lookup->range())
          part = take(data, used, *lookup->range());
        if (!part)
          return damaged("host tables", "do not hold the tables listed");
        HostLookup &out = program.lookups.emplace_back();
        out.input = copyString(lookup->input());
        out.table = copyString(lookup->table_name());
        out.rows = lookup->rows();
        out.rowElements = lookup->row_elements();
        out.storage = DataType(lookup->storage());
        out.data = share(*part);
        readShape(lookup->shape(), out.shape);
        readCopies(lookup->copies(), out.copies);
      }
    if (used != data.size())
      return damaged("host tables", "have bytes of no table");
    return success();
  }

  // Names
  // ------------------------------------------------------------------

  Status readNames() {
    size_t chips = program.chips.size();
    View section = sections[2 * chips + 1];
    std::vector<uint8_t> copy(section.begin(), section.end());
    fb::Verifier verifier(copy.data(), copy.size(), 16,
                          uint32_t(copy.size() / 4 + 16));
    if (copy.size() >= FLATBUFFERS_MAX_BUFFER_SIZE ||
        !verifier.VerifyBuffer<fbs::Names>(nullptr))
      return damaged("names", "are not well formed");
    const fbs::Names *names = fb::GetRoot<fbs::Names>(copy.data());
    budget += copy.size();
    program.entry = copyString(names->entry());
    program.statsJson = copyString(names->stats());
    program.predictedCycles = names->predicted_cycles();
    if (spendList(names->nodes(), 4))
      for (const fb::String *node : *names->nodes())
        program.nodes.push_back(copyString(node));
    if (spendList(names->tenants(), 4))
      for (const fbs::Tenant *tenant : *names->tenants())
        program.tenants.push_back({copyString(tenant->name()),
                                   MemoryPurpose(tenant->purpose()),
                                   tenant->bytes()});
    if (!names->chips() || names->chips()->size() > chips)
      return damaged("names", "list chips that there are not");
    program.provenance.resize(names->chips()->size());
    for (size_t c = 0; c < chips; ++c)
      if (Status status = readProvenance(names, c); !status)
        return status;
    return success();
  }

  Status readProvenance(const fbs::Names *names, size_t c) {
    std::string title =
        sectionTitle({uint8_t(fbs::SectionKind::Provenance), uint32_t(c)});
    View data = sections[2 * program.chips.size() + 2 + c];
    int previous = -1;
    const auto *queues = c < names->chips()->size()
                             ? names->chips()->Get(fb::uoffset_t(c))->queues()
                             : nullptr;
    if (spendList(queues, sizeof(fbs::Queue)))
      for (const fbs::Queue *queue : *queues) {
        if (int(queue->number()) <= previous ||
            queue->count() > data.size() / 4)
          return damaged(title, "does not hold the queues listed");
        previous = queue->number();
        auto &to = program.provenance[c].nodes[queue->number()];
        for (uint64_t i = 0; i < queue->count(); ++i, data = data.subspan(4))
          to.push_back(int32_t(uint32_t(data[0]) | uint32_t(data[1]) << 8 |
                               uint32_t(data[2]) << 16 |
                               uint32_t(data[3]) << 24));
      }
    if (!data.empty())
      return damaged(title, "has nodes of no queue");
    return success();
  }

  View bytes;
  const std::string &file;
  std::shared_ptr<const void> keeper;
  std::vector<uint8_t> indexBytes;
  const fbs::Index *index = nullptr;
  std::vector<View> sections;
  uint64_t at = 0;
  uint64_t budget = 0;
  bool overspent = false;
  bool named = false;
  Program program;
};

/// An open file, closed in the end.
struct File {
  int descriptor;
  ~File() {
    if (descriptor >= 0)
      ::close(descriptor);
  }
  bool read(std::span<uint8_t> to, uint64_t offset) const {
    while (!to.empty()) {
      ssize_t n =
          ::pread(descriptor, to.data(),
                  std::min<size_t>(to.size(), size_t(1) << 30), off_t(offset));
      if (n < 0 && errno == EINTR)
        continue;
      if (n <= 0)
        return false;
      to = to.subspan(size_t(n));
      offset += uint64_t(n);
    }
    return true;
  }
};

/// A file mapped into memory, so that its pages are shared and not copied.
/// Writers of programs replace files and do not change them in place.
class Mapping {
public:
  Mapping(int descriptor, size_t size) : length(size) {
    void *memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
    if (memory != MAP_FAILED)
      start = static_cast<uint8_t *>(memory);
  }
  Mapping(const Mapping &) = delete;
  Mapping &operator=(const Mapping &) = delete;
  ~Mapping() {
    if (start)
      ::munmap(start, length);
  }
  explicit operator bool() const { return start; }
  View bytes() const { return {start, length}; }

  /// Brings pages in, by several threads at once.
  void load() const {
#ifdef MADV_POPULATE_READ
    inParallel(length, [&](unsigned thread, unsigned threads) {
      uint64_t pages = (length + pageSize - 1) / pageSize;
      uint64_t from = pages * thread / threads * pageSize,
               to = pages * (thread + 1) / threads * pageSize;
      ::madvise(start + from, to - from, MADV_POPULATE_READ); // A wish.
    });
#endif
  }

private:
  uint8_t *start = nullptr;
  size_t length;
};

} // namespace

Expected<Program> deserializeProgram(std::span<const uint8_t> bytes,
                                     const std::string &file,
                                     std::vector<SectionInfo> *sections) {
  if (sections)
    sections->clear();
  return Deserializer(bytes, file, nullptr).run(sections);
}

Expected<Program> readProgram(const std::string &path,
                              std::vector<SectionInfo> *sections) {
  auto unreadable = [&](const char *why) {
    return Error{ErrorKind::Usage, path + ": cannot be read: " + why, {}};
  };
  // Without O_NONBLOCK a pipe that nobody writes to would hang here.
  File in{::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)};
  struct stat status{};
  if (in.descriptor < 0 || ::fstat(in.descriptor, &status) != 0)
    return unreadable(std::strerror(errno));
  if (S_ISDIR(status.st_mode))
    return unreadable("is a directory");
  if (!S_ISREG(status.st_mode))
    return unreadable("not a regular file");

  // The header decides whether the rest, however large, is worth reading.
  uint64_t length = uint64_t(status.st_size);
  std::vector<uint8_t> bytes(std::min(length, pageSize));
  if (!in.read(bytes, 0))
    return unreadable("it ended early");
  if (length < pageSize)
    return deserializeProgram(bytes, path, sections);
  Expected<Header> header = readHeader(bytes, path);
  if (!header)
    return header.error();
  if (header->fileLength != length)
    return Error{ErrorKind::Invalid,
                 path + ": damaged: header says " +
                     std::to_string(header->fileLength) +
                     " bytes, the file has " + std::to_string(length),
                 {}};
  auto mapping = std::make_shared<Mapping>(in.descriptor, length);
  if (!*mapping)
    return unreadable(std::strerror(errno));
  mapping->load();
  return Deserializer(mapping->bytes(), path, mapping).run(sections);
}

} // namespace weft
