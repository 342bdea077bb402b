// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Tensors in files: NumPy's .npy and .npz, ONNX's TensorProto .pb, and
// test_data_set folders. The readers take any bytes: what is damaged or
// claims to be larger than it is gives an error, never an allocation of the
// claimed size.

#ifndef WEFT_RUNTIME_TENSORIO_H
#define WEFT_RUNTIME_TENSORIO_H

#include "weft/Runtime/File.h"
#include "weft/Runtime/Tensor.h"

namespace weft {

using Bytes = std::span<const uint8_t>;

/// NumPy array, format versions 1 to 3, either byte order, C or Fortran
/// order. `file` is for messages.
/// Source: numpy.lib.format ("A Simple File Format for NumPy Arrays").
Expected<Tensor> parseNpy(Bytes bytes, const std::string &file);
std::vector<uint8_t> npyBytes(const Tensor &tensor);

/// Zip archive of .npy members, stored or deflated, with or without the
/// 64-bit extensions; names without ".npy". Encrypted or split archives are
/// refused. Source: PKWARE APPNOTE 6.3.
Expected<std::vector<NamedTensor>> parseNpz(Bytes bytes,
                                            const std::string &file);
/// `deflate` compresses; the bytes are the same on every run.
Expected<std::vector<uint8_t>> npzBytes(const std::vector<NamedTensor> &tensors,
                                        bool deflate = false);

/// One onnx.TensorProto, raw or typed data. bfloat16 is widened to F32, which
/// is exact; strings, complex and 8-bit floats are unsupported, external
/// data is refused. `name` takes the name that the tensor carries.
Expected<Tensor> parseTensorProto(Bytes bytes, const std::string &file,
                                  std::string *name = nullptr);
std::vector<uint8_t> tensorProtoBytes(const NamedTensor &tensor);

/// Reads one tensor: .npy or .pb, by the name's ending.
Expected<Tensor> readTensor(const std::string &path);

/// Reads the tensors called `names` from a test_data_set folder (PREFIX_i.pb
/// in the order of `names`, neither fewer nor more) or from an .npz keyed by
/// name. Where the files of a folder carry exactly `names`, in whatever order,
/// the names count; any other names are passed over. An .npz may hold `others`
/// beside them, which are left out; any other name is returned too, for the
/// caller to judge.
Expected<std::vector<NamedTensor>>
readTensors(const std::string &path, const std::string &prefix,
            const std::vector<std::string> &names,
            const std::vector<std::string> &others);

/// Adds the tensors to `files`: an .npz when `path` ends so, else a folder of
/// PREFIX_i.pb.
Status addTensors(OutputFiles &files, const std::string &path,
                  const std::string &prefix,
                  const std::vector<NamedTensor> &tensors);

} // namespace weft

#endif // WEFT_RUNTIME_TENSORIO_H
