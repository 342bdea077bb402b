// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Checks inputs against a program's bindings and moves tensors between host
// and SRAM. Nothing here knows what executes the program.

#include "weft/Runtime/Binding.h"

#include "weft/Runtime/Placement.h"

#include <algorithm>
#include <cstring>
#include <set>

using namespace weft;

namespace {
std::vector<std::string> names(const std::vector<TensorBinding> &bindings) {
  std::vector<std::string> out;
  for (const TensorBinding &b : bindings)
    out.push_back(b.name);
  return out;
}

/// Notes that list what the program takes, one input a line.
std::vector<std::string> validInputs(const Program &program) {
  std::vector<std::string> notes;
  if (program.inputs.empty())
    notes.push_back("the program takes no inputs");
  for (const TensorBinding &b : program.inputs)
    notes.push_back("input '" + b.name + "': " + typeAndShape(b.type, b.shape));
  return notes;
}

const Tensor *find(const std::vector<NamedTensor> &tensors,
                   const std::string &name) {
  for (const NamedTensor &t : tensors)
    if (t.name == name)
      return &t.tensor;
  return nullptr;
}

Status checkRange(const std::string &input, const Tensor &tensor, int64_t low,
                  int64_t high, const std::string &table) {
  if (isFloat(tensor.type))
    return Error{ErrorKind::Invalid,
                 "input '" + input + "' holds indices but is " +
                     typeName(tensor.type),
                 {}};
  for (int64_t i = 0, n = tensor.elements(); i < n; ++i) {
    int64_t value = tensor.integer(i);
    bool wrapped = tensor.type == TensorType::U64 && value < 0;
    if (!wrapped && value >= low && value < high)
      continue;
    return Error{ErrorKind::Invalid,
                 "input '" + input + "' at " + indexText(i, tensor.shape) +
                     ": index " +
                     (wrapped ? std::to_string(uint64_t(value))
                              : std::to_string(value)) +
                     " is outside table '" + table + "'",
                 {"valid are " + std::to_string(low) + " to " +
                  std::to_string(high - 1)}};
  }
  return success();
}

/// Checks that a table and its place agree with each other and the program.
Status checkLookup(const Program &program, const HostLookup &lookup,
                   const Tensor &indices) {
  std::vector<int64_t> shape = indices.shape;
  shape.push_back(lookup.rowElements);
  int width = byteWidth(lookup.storage);
  std::optional<int64_t> count =
      elementCount({lookup.rows, lookup.rowElements, width});
  if (!count || uint64_t(*count) != lookup.data.size() || lookup.shape != shape)
    return Error{ErrorKind::Invalid,
                 "program: the table '" + lookup.table +
                     "' on the host contradicts its shape",
                 {}};
  return checkRange(lookup.input, indices, -lookup.rows, lookup.rows,
                    lookup.table);
}

/// The rows that `indices` choose; negative indices count from the end.
StoredElements lookUp(const HostLookup &lookup, const Tensor &indices) {
  StoredElements out;
  out.type = lookup.storage;
  size_t width = size_t(byteWidth(lookup.storage));
  size_t row = size_t(lookup.rowElements);
  out.bits.reserve(size_t(indices.elements()) * row);
  for (int64_t i = 0, n = indices.elements(); i < n; ++i) {
    int64_t index = indices.integer(i);
    if (index < 0)
      index += lookup.rows;
    const uint8_t *from = lookup.data.data() + size_t(index) * row * width;
    for (size_t e = 0; e < row; ++e) {
      uint32_t bits = 0;
      std::memcpy(&bits, from + e * width, width);
      out.bits.push_back(bits);
    }
  }
  return out;
}

Status writeCopies(const Machine &machine, const std::string &what,
                   const std::vector<Placement> &copies,
                   const std::vector<int64_t> &shape,
                   const std::function<Expected<StoredElements>(DataType)> &as,
                   const SramAccess &sram) {
  for (const Placement &copy : copies) {
    if (Status fine = checkPlacement(machine, copy, shape, "program: " + what);
        !fine)
      return fine;
    Expected<StoredElements> elements = as(copy.storage);
    if (!elements)
      return elements.error();
    std::vector<std::vector<uint8_t>> planes =
        packPlanes(machine, copy, shape, *elements);
    for (size_t p = 0; p < planes.size(); ++p)
      if (Status written = sram.write(copy.planes[p], planes[p]); !written)
        return written;
  }
  return success();
}
/// The words of a plane that hold elements; the rest are zero. Words of padding
/// need not have been written.
Expected<std::vector<uint8_t>> readPlane(const Machine &machine,
                                         PlaneAddress at,
                                         const std::vector<bool> &used,
                                         const SramAccess &sram) {
  size_t lanes = size_t(machine.lanes());
  std::vector<uint8_t> bytes(used.size() * lanes);
  for (size_t word = 0; word < used.size();) {
    size_t end = word;
    while (end < used.size() && used[end])
      ++end;
    if (end > word) {
      PlaneAddress from = at;
      from.address = uint16_t(at.address + word);
      std::span<uint8_t> run(bytes.data() + word * lanes, (end - word) * lanes);
      if (Status got = sram.read(from, run); !got)
        return got.error();
    }
    word = end + 1;
  }
  return bytes;
}
} // namespace

std::vector<std::string> weft::inputNames(const Program &program) {
  return names(program.inputs);
}
std::vector<std::string> weft::outputNames(const Program &program) {
  return names(program.outputs);
}

Status weft::checkInputs(const Program &program,
                         const std::vector<NamedTensor> &inputs) {
  std::set<std::string> given;
  for (const NamedTensor &input : inputs) {
    auto binding = std::find_if(
        program.inputs.begin(), program.inputs.end(),
        [&](const TensorBinding &b) { return b.name == input.name; });
    if (binding == program.inputs.end())
      return Error{ErrorKind::Invalid, "unknown input '" + input.name + "'",
                   validInputs(program)};
    if (!given.insert(input.name).second)
      return Error{
          ErrorKind::Invalid, "input '" + input.name + "' is given twice", {}};
    if (input.tensor.type != binding->type ||
        input.tensor.shape != binding->shape)
      return Error{ErrorKind::Invalid,
                   "input '" + input.name + "': expected " +
                       typeAndShape(binding->type, binding->shape) +
                       ", found " +
                       typeAndShape(input.tensor.type, input.tensor.shape),
                   {}};
    std::optional<int64_t> count = elementCount(input.tensor.shape);
    if (!count || *count != input.tensor.elements())
      return Error{ErrorKind::Invalid,
                   "input '" + input.name +
                       "': " + std::to_string(input.tensor.bytes.size()) +
                       " bytes do not make " +
                       typeAndShape(binding->type, binding->shape),
                   {}};
    if (binding->hasIndexRange)
      if (Status fine = checkRange(input.name, input.tensor, binding->indexLow,
                                   binding->indexHigh, binding->indexTable);
          !fine)
        return fine;
  }
  for (const TensorBinding &b : program.inputs)
    if (!given.count(b.name))
      return Error{ErrorKind::Invalid, "missing input '" + b.name + "'",
                   validInputs(program)};
  for (const HostLookup &lookup : program.lookups) {
    const Tensor *indices = find(inputs, lookup.input);
    if (!indices)
      return Error{ErrorKind::Invalid,
                   "program: the table '" + lookup.table +
                       "' on the host is looked up by '" + lookup.input +
                       "', which is no input",
                   {}};
    if (Status fine = checkLookup(program, lookup, *indices); !fine)
      return fine;
  }
  return success();
}

Status weft::writeInputs(const Program &program,
                         const std::vector<NamedTensor> &inputs,
                         const SramAccess &sram) {
  if (Status fine = checkInputs(program, inputs); !fine)
    return fine;
  for (const TensorBinding &b : program.inputs) {
    const Tensor &tensor = *find(inputs, b.name);
    auto as = [&](DataType storage) {
      return toStorage(tensor, storage, b.name);
    };
    if (Status written = writeCopies(program.machine, "input '" + b.name + "'",
                                     b.copies, b.shape, as, sram);
        !written)
      return written;
  }
  for (const HostLookup &lookup : program.lookups) {
    StoredElements rows = lookUp(lookup, *find(inputs, lookup.input));
    auto as = [&](DataType storage) {
      return convertStorage(rows, storage, lookup.table);
    };
    if (Status written =
            writeCopies(program.machine, "table '" + lookup.table + "'",
                        lookup.copies, lookup.shape, as, sram);
        !written)
      return written;
  }
  return success();
}

Expected<std::vector<NamedTensor>> weft::readOutputs(const Program &program,
                                                     const SramAccess &sram) {
  std::vector<NamedTensor> outputs;
  for (const TensorBinding &b : program.outputs) {
    std::string what = "program: output '" + b.name + "'";
    if (b.copies.empty() || elementBytes(b.type) == 0)
      return Error{ErrorKind::Invalid, what + " has no place or type", {}};
    const Placement &copy = b.copies.front();
    if (Status fine = checkPlacement(program.machine, copy, b.shape, what);
        !fine)
      return fine.error();
    std::vector<std::vector<bool>> used = usedWords(copy, b.shape);
    std::vector<std::vector<uint8_t>> planes;
    for (size_t p = 0; p < copy.planes.size(); ++p) {
      Expected<std::vector<uint8_t>> plane =
          readPlane(program.machine, copy.planes[p], used[p], sram);
      if (!plane)
        return plane.error();
      planes.push_back(std::move(*plane));
    }
    outputs.push_back({b.name, fromStorage(unpackPlanes(program.machine, copy,
                                                        b.shape, planes),
                                           b.type, b.shape)});
  }
  return outputs;
}

TransferBytes weft::transferBytes(const Program &program) {
  auto bytes = [](const std::vector<int64_t> &shape,
                  std::span<const Placement> copies) {
    int64_t sum = 0;
    for (const Placement &copy : copies)
      sum += elementCount(shape).value_or(0) * byteWidth(copy.storage);
    return sum;
  };
  TransferBytes total;
  for (const TensorBinding &b : program.inputs)
    total.in += bytes(b.shape, b.copies);
  for (const HostLookup &lookup : program.lookups)
    total.in += bytes(lookup.shape, lookup.copies);
  for (const TensorBinding &b : program.outputs)
    total.out += bytes(b.shape, std::span(b.copies).first(!b.copies.empty()));
  return total;
}
