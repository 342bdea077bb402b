// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NumPy's .npy. The header is a Python dictionary literal of three known keys;
// this file reads that much of Python and no more.

#include "weft/Runtime/TensorIO.h"

#include <algorithm>
#include <cstring>
#include <string_view>

using namespace weft;

namespace {
/// A descr such as "<f4": byte order, kind, bytes per element.
struct Descr {
  const char *text;
  TensorType type;
};
constexpr Descr descrs[] = {
    {"f4", TensorType::F32}, {"f8", TensorType::F64}, {"f2", TensorType::F16},
    {"i1", TensorType::I8},  {"i2", TensorType::I16}, {"i4", TensorType::I32},
    {"i8", TensorType::I64}, {"u1", TensorType::U8},  {"u2", TensorType::U16},
    {"u4", TensorType::U32}, {"u8", TensorType::U64}, {"b1", TensorType::Bool},
};

/// Scans the header's dictionary: strings, True/False, a tuple of integers.
class Header {
public:
  explicit Header(std::string_view text) : rest(text) {}

  bool parse() {
    if (!take('{'))
      return false;
    while (!take('}')) {
      std::string key;
      if (!string(key) || !take(':'))
        return false;
      bool fine = key == "descr"           ? string(descr)
                  : key == "fortran_order" ? boolean()
                  : key == "shape"         ? tuple()
                                           : false;
      if (!fine)
        return false;
      ++keys;
      if (!take(',') && !(peek() == '}'))
        return false;
    }
    return keys == 3 && peek() == '\0';
  }

  std::string descr;
  bool fortran = false;
  std::vector<int64_t> shape;

private:
  char peek() {
    while (!rest.empty() &&
           (rest[0] == ' ' || rest[0] == '\n' || rest[0] == '\t'))
      rest.remove_prefix(1);
    return rest.empty() ? '\0' : rest[0];
  }
  bool take(char c) {
    if (peek() != c || rest.empty())
      return false;
    rest.remove_prefix(1);
    return true;
  }
  bool string(std::string &out) {
    char quote = peek();
    if (quote != '\'' && quote != '"')
      return false;
    size_t end = rest.find(quote, 1);
    if (end == std::string_view::npos)
      return false;
    out = rest.substr(1, end - 1);
    rest.remove_prefix(end + 1);
    return true;
  }
  bool boolean() {
    peek();
    for (std::string_view word : {"True", "False"})
      if (rest.starts_with(word)) {
        fortran = word == "True";
        rest.remove_prefix(word.size());
        return true;
      }
    return false;
  }
  bool tuple() {
    if (!take('('))
      return false;
    while (!take(')')) {
      int64_t value = 0;
      if (peek() < '0' || peek() > '9' || shape.size() > 64)
        return false;
      while (!rest.empty() && rest[0] >= '0' && rest[0] <= '9') {
        if (value > (int64_t(1) << 58))
          return false;
        value = value * 10 + (rest[0] - '0');
        rest.remove_prefix(1);
      }
      take('L'); // Python 2 wrote long integers so.
      shape.push_back(value);
      if (!take(',') && peek() != ')')
        return false;
    }
    return true;
  }

  std::string_view rest;
  int keys = 0;
};

/// Column-major elements to row-major.
void reorder(Tensor &tensor) {
  size_t width = elementBytes(tensor.type);
  std::vector<uint8_t> out(tensor.bytes.size());
  size_t rank = tensor.shape.size();
  std::vector<int64_t> index(rank, 0), stride(rank, 1);
  for (size_t d = 1; d < rank; ++d)
    stride[d] = stride[d - 1] * tensor.shape[d - 1];
  for (int64_t i = 0, n = tensor.elements(); i < n; ++i) {
    int64_t from = 0;
    for (size_t d = 0; d < rank; ++d)
      from += index[d] * stride[d];
    std::memcpy(out.data() + i * width, tensor.bytes.data() + from * width,
                width);
    for (size_t d = rank; d-- > 0 && ++index[d] == tensor.shape[d];)
      index[d] = 0;
  }
  tensor.bytes = std::move(out);
}
} // namespace

Expected<Tensor> weft::parseNpy(Bytes bytes, const std::string &file) {
  auto bad = [&](const std::string &what) {
    return Error{ErrorKind::Invalid, file + ": not a valid .npy: " + what, {}};
  };
  if (bytes.size() < 10 || std::memcmp(bytes.data(), "\x93NUMPY", 6) != 0)
    return bad("it does not begin with \\x93NUMPY");
  int major = bytes[6];
  if (major < 1 || major > 3)
    return bad("format version " + std::to_string(major) +
               " is not one of 1, 2, 3");
  // Versions 2 and 3 have a header length of 32 bits instead of 16.
  size_t start = major == 1 ? 10 : 12;
  if (bytes.size() < start)
    return bad("the header is cut short");
  size_t length = bytes[8] | size_t(bytes[9]) << 8;
  if (major > 1)
    length |= size_t(bytes[10]) << 16 | size_t(bytes[11]) << 24;
  if (length > bytes.size() - start)
    return bad("the header is cut short");
  Header header(std::string_view(
      reinterpret_cast<const char *>(bytes.data()) + start, length));
  if (!header.parse())
    return bad("the header is not a dictionary of descr, fortran_order, shape");

  std::string_view descr = header.descr;
  bool big = descr.starts_with('>');
  if (!descr.empty() &&
      std::string_view("<>|=").find(descr[0]) != std::string_view::npos)
    descr.remove_prefix(1);
  const Descr *found =
      std::find_if(std::begin(descrs), std::end(descrs),
                   [&](const Descr &d) { return descr == d.text; });
  if (found == std::end(descrs))
    return Error{ErrorKind::Unsupported,
                 file + ": elements of dtype '" + header.descr +
                     "' are not supported",
                 {"supported are bool, int, uint and float of 8 to 64 bits"}};

  Tensor tensor;
  tensor.type = found->type;
  tensor.shape = std::move(header.shape);
  size_t width = elementBytes(tensor.type);
  std::optional<int64_t> count = elementCount(tensor.shape);
  size_t available = bytes.size() - start - length;
  if (!count || uint64_t(*count) > available / width ||
      size_t(*count) * width != available)
    return bad(typeAndShape(tensor.type, tensor.shape) + " does not take the " +
               std::to_string(available) + " bytes that follow the header");
  tensor.bytes.assign(bytes.end() - available, bytes.end());
  if (big)
    for (size_t i = 0; i < tensor.bytes.size(); i += width)
      std::reverse(tensor.bytes.begin() + i, tensor.bytes.begin() + i + width);
  if (tensor.type == TensorType::Bool)
    for (uint8_t &b : tensor.bytes)
      b = b != 0;
  if (header.fortran && tensor.shape.size() > 1)
    reorder(tensor);
  return tensor;
}

std::vector<uint8_t> weft::npyBytes(const Tensor &tensor) {
  const Descr *found =
      std::find_if(std::begin(descrs), std::end(descrs),
                   [&](const Descr &d) { return tensor.type == d.type; });
  std::string order = elementBytes(tensor.type) == 1 ? "|" : "<";
  std::string header = "{'descr': '" + order + found->text +
                       "', 'fortran_order': False, 'shape': (";
  for (size_t d = 0; d < tensor.shape.size(); ++d)
    header += (d ? ", " : "") + std::to_string(tensor.shape[d]);
  if (tensor.shape.size() == 1)
    header += ','; // A tuple of one.
  header += "), }";
  // The data begins at a multiple of 64; the header ends with a newline.
  size_t prefix = header.size() + 1 + 10 > 0xffff ? 12 : 10;
  while ((prefix + header.size() + 1) % 64 != 0)
    header += ' ';
  header += '\n';

  std::vector<uint8_t> out = {
      0x93, 'N', 'U', 'M', 'P', 'Y', uint8_t(prefix == 10 ? 1 : 2), 0};
  for (size_t i = 0; i < prefix - 8; ++i)
    out.push_back(uint8_t(header.size() >> (8 * i)));
  out.insert(out.end(), header.begin(), header.end());
  out.insert(out.end(), tensor.bytes.begin(), tensor.bytes.end());
  return out;
}
