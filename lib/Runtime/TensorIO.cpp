// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensor files by path: which format a name's ending means, and folders in
// the form of ONNX's test_data_set.

#include "weft/Runtime/TensorIO.h"

#include <algorithm>
#include <filesystem>

using namespace weft;
namespace fs = std::filesystem;

Expected<Tensor> weft::readTensor(const std::string &path) {
  bool npy = path.ends_with(".npy"), proto = path.ends_with(".pb");
  if (!npy && !proto)
    return Error{ErrorKind::Usage,
                 path + ": unknown kind of tensor file",
                 {"one tensor is a .npy or a .pb (ONNX TensorProto)"}};
  Expected<std::vector<uint8_t>> bytes = readFile(path);
  if (!bytes)
    return bytes.error();
  return npy ? parseNpy(*bytes, path) : parseTensorProto(*bytes, path);
}

namespace {
std::string member(const std::string &folder, const std::string &prefix,
                   size_t i) {
  return (fs::path(folder) / (prefix + "_" + std::to_string(i) + ".pb"))
      .string();
}

Expected<std::vector<NamedTensor>>
readFolder(const std::string &path, const std::string &prefix,
           const std::vector<std::string> &names) {
  std::vector<NamedTensor> tensors;
  std::vector<std::string> carried(names.size());
  std::error_code code;
  for (size_t i = 0; i < names.size(); ++i) {
    std::string file = member(path, prefix, i);
    if (!fs::exists(file, code))
      return Error{ErrorKind::Usage,
                   file + ": no such file; it would hold " + prefix + " '" +
                       names[i] + "'",
                   {}};
    Expected<std::vector<uint8_t>> bytes = readFile(file);
    if (!bytes)
      return bytes.error();
    Expected<Tensor> tensor = parseTensorProto(*bytes, file, &carried[i]);
    if (!tensor)
      return tensor.error();
    tensors.push_back({names[i], std::move(*tensor)});
  }
  // Some data sets were written in another order than the graph's; their
  // tensors say which is which.
  if (carried != names && std::is_permutation(names.begin(), names.end(),
                                              carried.begin(), carried.end())) {
    for (size_t i = 0; i < names.size(); ++i)
      tensors[i].name = carried[i];
    std::vector<NamedTensor> ordered;
    for (const std::string &name : names)
      ordered.push_back(std::move(
          *std::find_if(tensors.begin(), tensors.end(),
                        [&](const NamedTensor &t) { return t.name == name; })));
    tensors = std::move(ordered);
  }
  if (fs::exists(member(path, prefix, names.size()), code))
    return Error{ErrorKind::Invalid,
                 member(path, prefix, names.size()) +
                     ": one file too many; the program has " +
                     std::to_string(names.size()) + " " + prefix +
                     (names.size() == 1 ? "" : "s"),
                 {}};
  return tensors;
}
} // namespace

Expected<std::vector<NamedTensor>>
weft::readTensors(const std::string &path, const std::string &prefix,
                  const std::vector<std::string> &names,
                  const std::vector<std::string> &others) {
  std::error_code code;
  if (fs::is_directory(path, code))
    return readFolder(path, prefix, names);
  if (!fs::exists(path, code))
    return Error{ErrorKind::Usage, path + ": no such file or folder", {}};
  if (!path.ends_with(".npz"))
    return Error{ErrorKind::Usage, path + ": neither a folder nor an .npz", {}};
  Expected<std::vector<uint8_t>> bytes = readFile(path);
  if (!bytes)
    return bytes.error();
  Expected<std::vector<NamedTensor>> tensors = parseNpz(*bytes, path);
  if (!tensors)
    return tensors.error();
  std::erase_if(*tensors, [&](const NamedTensor &t) {
    auto has = [&](const std::vector<std::string> &list) {
      return std::find(list.begin(), list.end(), t.name) != list.end();
    };
    return !has(names) && has(others);
  });
  return tensors;
}

Status weft::addTensors(OutputFiles &files, const std::string &path,
                        const std::string &prefix,
                        const std::vector<NamedTensor> &tensors) {
  if (path.ends_with(".npz")) {
    Expected<std::vector<uint8_t>> bytes = npzBytes(tensors);
    return bytes ? files.add(path, *bytes) : Status(bytes.error());
  }
  if (Status made = files.makeFolder(path); !made)
    return made;
  for (size_t i = 0; i < tensors.size(); ++i) {
    // A protobuf message ends at 2 GiB; leave room for name and shape.
    if (tensors[i].tensor.bytes.size() > 0x7f000000)
      return Error{ErrorKind::Unsupported,
                   "'" + tensors[i].name + "': too large for a .pb (2 GiB)",
                   {}};
    if (Status added =
            files.add(member(path, prefix, i), tensorProtoBytes(tensors[i]));
        !added)
      return added;
  }
  return success();
}
