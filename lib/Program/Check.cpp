// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Whether everything in a program that indexes something is in range. The
// runtime and the simulator rely on this for any program that was read; what
// instructions do is not looked at.

#include "weft/Program/Reader.h"

#include <algorithm>
#include <set>

namespace weft {
namespace {

// More elements than any memory has; keeps products of sizes in 64 bits.
constexpr int64_t maxElements = int64_t(1) << 40;

class Checker {
public:
  Checker(const Program &program, const std::string &file)
      : program(program), machine(program.machine), file(file) {}

  Status run() {
    if (Status valid = validateMachine(machine, file); !valid)
      return valid;
    if (program.chips.empty())
      return fail("has no chip");
    for (size_t c = 0; c < program.chips.size(); ++c)
      if (Status status = checkChip(c); !status)
        return status;
    std::set<std::string_view> names;
    for (const TensorBinding &input : program.inputs) {
      if (!names.insert(input.name).second)
        return fail("input '" + input.name + "' appears twice");
      if (Status status = checkBinding(input, "input"); !status)
        return status;
    }
    names.clear();
    for (const TensorBinding &output : program.outputs) {
      if (!names.insert(output.name).second)
        return fail("output '" + output.name + "' appears twice");
      if (Status status = checkBinding(output, "output"); !status)
        return status;
      if (output.copies.empty())
        return fail("output '" + output.name + "' lies nowhere");
    }
    for (const HostLookup &lookup : program.lookups)
      if (Status status = checkLookup(lookup); !status)
        return status;
    return checkNames();
  }

private:
  Error fail(std::string why) const {
    return {ErrorKind::Invalid, file + ": program " + std::move(why), {}};
  }

  Status checkRange(Hemisphere hemisphere, int slice, int address,
                    int64_t words, const std::string &what) const {
    if (int(hemisphere) > 1 || slice >= machine.slices ||
        address + words > machine.words())
      return fail(what + " lies outside memory: slice " +
                  std::to_string(slice) + ", words " + std::to_string(address) +
                  " to " + std::to_string(address + words));
    return success();
  }

  Status checkChip(size_t c) const {
    std::string on = " of chip " + std::to_string(c);
    for (const auto &[number, queue] : program.chips[c].queues)
      if (!queueOfNumber(machine, number))
        return fail("has a queue " + std::to_string(number) + on +
                    ", which does not exist");
    // Which words have been given, by hemisphere and slice.
    std::map<std::pair<int, int>, std::vector<bool>> given;
    for (const MemoryImage &image : program.chips[c].images) {
      if (image.data.size() % size_t(machine.lanes()) != 0)
        return fail("has a memory image" + on + " of " +
                    std::to_string(image.data.size()) +
                    " bytes, not whole vectors");
      int64_t words = int64_t(image.data.size()) / machine.lanes();
      if (Status status = checkRange(image.hemisphere, image.slice,
                                     image.address, words, "image" + on);
          !status)
        return status;
      auto &slice = given[{int(image.hemisphere), image.slice}];
      slice.resize(size_t(machine.words()));
      for (int64_t i = 0; i < words; ++i) {
        auto word = slice[size_t(image.address + i)];
        if (word)
          return fail("has two memory images" + on + " with word " +
                      std::to_string(image.address + i) + " of slice " +
                      std::to_string(image.slice));
        word = true;
      }
    }
    return success();
  }

  Status checkShape(const std::vector<int64_t> &shape,
                    const std::string &what) const {
    int64_t elements = 1;
    if (shape.size() > 64)
      return fail(what + " has more than 64 dimensions");
    for (int64_t size : shape) {
      if (size < 0 || elements > maxElements / std::max<int64_t>(size, 1))
        return fail(what + " has an absurd shape");
      elements *= std::max<int64_t>(size, 1);
    }
    return success();
  }

  static int64_t productOf(const std::vector<int64_t> &shape) {
    int64_t product = 1; // checkShape() bounds it
    for (int64_t size : shape)
      product *= size;
    return product;
  }

  Status checkCopies(const std::vector<Placement> &copies,
                     const std::vector<int64_t> &shape,
                     const std::string &what) const {
    for (const Placement &copy : copies) {
      if (copy.storage > DataType::F32)
        return fail(what + " has an unknown storage type");
      if (Status status = checkShape(copy.shape, what); !status)
        return status;
      if (!copy.shape.empty() && productOf(copy.shape) != productOf(shape))
        return fail(what + " has a layout for another number of elements");
      if (Status status = checkLayout(copy.layout, copy.layoutShape(shape),
                                      machine.lanes());
          !status)
        return fail(what + ": " + status.error().message);
      if (copy.segmentWords < 0)
        return fail(what + " has segments of " +
                    std::to_string(copy.segmentWords) + " words");
      if (copy.planes.size() != size_t(copy.layout.columns) *
                                    size_t(byteWidth(copy.storage)) *
                                    size_t(copy.segments()))
        return fail(
            what + " has " + std::to_string(copy.planes.size()) +
            " byte planes, expected " + std::to_string(copy.layout.columns) +
            " columns of " + std::to_string(byteWidth(copy.storage)) +
            (copy.segments() > 1
                 ? " in " + std::to_string(copy.segments()) + " segments"
                 : ""));
      for (size_t i = 0; i < copy.planes.size(); ++i)
        if (Status status =
                checkRange(copy.planes[i].hemisphere, copy.planes[i].slice,
                           copy.planes[i].address, copy.wordsOf(i), what);
            !status)
          return status;
    }
    return success();
  }

  Status checkBinding(const TensorBinding &binding, const char *kind) const {
    std::string what = std::string(kind) + " '" + binding.name + "'";
    switch (binding.type) {
    case TensorType::F32:
    case TensorType::U8:
    case TensorType::I8:
    case TensorType::U16:
    case TensorType::I16:
    case TensorType::I32:
    case TensorType::I64:
    case TensorType::Bool:
    case TensorType::F16:
    case TensorType::F64:
    case TensorType::U32:
    case TensorType::U64:
      break;
    default:
      return fail(what + " has an unknown type");
    }
    if (Status status = checkShape(binding.shape, what); !status)
      return status;
    return checkCopies(binding.copies, binding.shape, what);
  }

  Status checkLookup(const HostLookup &lookup) const {
    std::string what = "host table '" + lookup.table + "'";
    if (lookup.storage > DataType::F32)
      return fail(what + " has an unknown storage type");
    if (Status status = checkShape({lookup.rows, lookup.rowElements}, what);
        !status)
      return status;
    if (int64_t(lookup.data.size()) !=
        lookup.rows * lookup.rowElements * byteWidth(lookup.storage))
      return fail(what + " has " + std::to_string(lookup.data.size()) +
                  " bytes, expected " + std::to_string(lookup.rows) + " by " +
                  std::to_string(lookup.rowElements) + " of " +
                  std::to_string(byteWidth(lookup.storage)));
    if (Status status = checkShape(lookup.shape, what); !status)
      return status;
    if (lookup.shape.empty() || lookup.shape.back() != lookup.rowElements)
      return fail(what + " gives a shape that does not end in its rows");
    return checkCopies(lookup.copies, lookup.shape, what);
  }

  Status checkNames() const {
    if (program.provenance.size() > program.chips.size())
      return fail("has provenance for chips that it has not");
    for (size_t c = 0; c < program.provenance.size(); ++c)
      for (const auto &[number, nodes] : program.provenance[c].nodes) {
        const auto &queues = program.chips[c].queues;
        auto queue = queues.find(number);
        if (queue == queues.end() || queue->second.size() != nodes.size())
          return fail("has provenance that does not match queue " +
                      std::to_string(number));
        for (int32_t node : nodes)
          if (node < -1 || node >= int64_t(program.nodes.size()))
            return fail("has provenance with node " + std::to_string(node) +
                        " of " + std::to_string(program.nodes.size()));
      }
    for (const Tenant &tenant : program.tenants)
      if (tenant.purpose > MemoryPurpose::Text || tenant.bytes < 0)
        return fail("has a tenant '" + tenant.name + "' of no known kind");
    return success();
  }

  const Program &program;
  const Machine &machine;
  const std::string &file;
};

} // namespace

Status checkProgram(const Program &program, const std::string &file) {
  return Checker(program, file).run();
}

} // namespace weft
