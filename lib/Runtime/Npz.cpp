// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// NumPy's .npz: the part of the zip format that NumPy writes, read from the
// central directory, whose sizes are checked against the file before anything
// is allocated. Compression is zlib's.

#include "weft/Runtime/TensorIO.h"

#include <algorithm>
#include <set>
#include <zlib.h>

using namespace weft;

namespace {
constexpr uint32_t localSignature = 0x04034b50;
constexpr uint32_t centralSignature = 0x02014b50;
constexpr uint32_t endSignature = 0x06054b50;
constexpr uint32_t end64Signature = 0x06064b50;
constexpr uint32_t locator64Signature = 0x07064b50;
constexpr size_t localSize = 30, centralSize = 46, endSize = 22;
constexpr size_t locator64Size = 20;

/// Little-endian bytes of the archive; reads outside it give 0 and set bad.
struct Reader {
  Bytes bytes;
  bool bad = false;
  uint64_t get(uint64_t offset, int width) {
    if (offset > bytes.size() || bytes.size() - offset < uint64_t(width)) {
      bad = true;
      return 0;
    }
    uint64_t value = 0;
    for (int i = 0; i < width; ++i)
      value |= uint64_t(bytes[offset + i]) << (8 * i);
    return value;
  }
};

struct Member {
  std::string name;
  uint64_t flags = 0, method = 0, crc = 0;
  uint64_t packed = 0, size = 0, offset = 0;
};

/// Replaces the sizes and the offset that did not fit 32 bits by those of the
/// 64-bit extra field (header id 1), in this fixed order.
void widen(Reader &r, uint64_t extra, uint64_t length, Member &m) {
  for (uint64_t at = extra; at + 4 <= extra + length;) {
    uint64_t id = r.get(at, 2), size = r.get(at + 2, 2);
    at += 4;
    if (id == 1) {
      uint64_t field = at;
      for (uint64_t *value : {&m.size, &m.packed, &m.offset})
        if (*value == 0xffffffff && field + 8 <= at + size) {
          *value = r.get(field, 8);
          field += 8;
        }
    }
    at += size;
  }
}

/// Where the central directory is and how many members it lists.
bool findDirectory(Reader &r, uint64_t &offset, uint64_t &count) {
  size_t size = r.bytes.size();
  if (size < endSize)
    return false;
  // The end record is last but for a comment of at most 65535 bytes.
  size_t lowest = size > endSize + 0xffff ? size - endSize - 0xffff : 0;
  size_t at = size - endSize + 1;
  bool found = false;
  while (!found && at-- > lowest)
    found = r.get(at, 4) == endSignature;
  if (!found)
    return false;
  count = r.get(at + 10, 2);
  offset = r.get(at + 16, 4);
  if (r.get(at + 4, 2) != 0 && r.get(at + 4, 2) != 0xffff)
    return false; // Split over several files.
  if (at >= locator64Size &&
      r.get(at - locator64Size, 4) == locator64Signature) {
    uint64_t end64 = r.get(at - locator64Size + 8, 8);
    if (r.get(end64, 4) != end64Signature || r.bad)
      return false;
    count = r.get(end64 + 32, 8);
    offset = r.get(end64 + 48, 8);
  }
  return !r.bad;
}

/// The member's bytes; `why` says what is wrong otherwise.
bool extract(Reader &r, const Member &m, std::vector<uint8_t> &out,
             std::string &why) {
  if (m.flags & 1) {
    why = "is encrypted";
    return false;
  }
  if (m.method != 0 && m.method != 8) {
    why = "uses compression method " + std::to_string(m.method) +
          "; only stored and deflated are supported";
    return false;
  }
  why = "is damaged";
  if (r.get(m.offset, 4) != localSignature)
    return false;
  uint64_t data =
      m.offset + localSize + r.get(m.offset + 26, 2) + r.get(m.offset + 28, 2);
  if (r.bad || data > r.bytes.size() || m.packed > r.bytes.size() - data)
    return false;
  const uint8_t *packed = r.bytes.data() + data;
  if (m.method == 0) {
    if (m.packed != m.size)
      return false;
    out.assign(packed, packed + m.packed);
  } else {
    // Deflate expands by 1032 at most (zlib, "Maximum Expansion Factor"), so
    // a larger claim is false.
    if (m.size / 1032 > m.packed + 1)
      return false;
    // Grown as data comes; one byte more, to see data beyond the claimed size.
    out.resize(std::min<uint64_t>(m.size + 1, 1 << 20));
    z_stream z{};
    if (inflateInit2(&z, -15) != Z_OK)
      return false;
    uint64_t in = 0, done = 0;
    int result = Z_OK;
    while (result == Z_OK) {
      if (done == out.size())
        out.resize(std::min<uint64_t>(m.size + 1, 2 * done));
      uint64_t feed = std::min<uint64_t>(m.packed - in, 1u << 30);
      uint64_t room = std::min<uint64_t>(out.size() - done, 1u << 30);
      z.next_in = const_cast<uint8_t *>(packed) + in;
      z.avail_in = uInt(feed);
      z.next_out = out.data() + done;
      z.avail_out = uInt(room);
      result = inflate(&z, Z_NO_FLUSH);
      in += feed - z.avail_in;
      done += room - z.avail_out;
    }
    inflateEnd(&z);
    if (result != Z_STREAM_END || done != m.size)
      return false;
    out.resize(m.size);
  }
  uLong crc = crc32_z(crc32_z(0, nullptr, 0), out.data(), out.size());
  if (crc != m.crc) {
    why = "has a wrong checksum";
    return false;
  }
  return true;
}

void put(std::vector<uint8_t> &out, uint64_t value, int width) {
  for (int i = 0; i < width; ++i)
    out.push_back(uint8_t(value >> (8 * i)));
}

bool deflated(const std::vector<uint8_t> &in, std::vector<uint8_t> &out) {
  z_stream z{};
  if (deflateInit2(&z, Z_DEFAULT_COMPRESSION, Z_DEFLATED, -15, 8,
                   Z_DEFAULT_STRATEGY) != Z_OK)
    return false;
  out.resize(deflateBound(&z, uLong(in.size())));
  z.next_in = const_cast<uint8_t *>(in.data());
  z.avail_in = uInt(in.size());
  z.next_out = out.data();
  z.avail_out = uInt(out.size());
  int result = deflate(&z, Z_FINISH);
  out.resize(z.total_out);
  deflateEnd(&z);
  return result == Z_STREAM_END;
}
} // namespace

Expected<std::vector<NamedTensor>> weft::parseNpz(Bytes bytes,
                                                  const std::string &file) {
  auto bad = [&](const std::string &what) {
    return Error{ErrorKind::Invalid, file + ": not a valid .npz: " + what, {}};
  };
  Reader r{bytes};
  uint64_t at = 0, count = 0;
  if (!findDirectory(r, at, count))
    return bad("no directory of a zip archive");
  if (count > bytes.size() / centralSize)
    return bad("the directory is cut short");
  std::vector<NamedTensor> tensors;
  std::set<std::string> seen;
  for (uint64_t i = 0; i < count; ++i) {
    if (r.get(at, 4) != centralSignature)
      return bad("the directory is damaged");
    Member m;
    m.flags = r.get(at + 8, 2);
    m.method = r.get(at + 10, 2);
    m.crc = r.get(at + 16, 4);
    m.packed = r.get(at + 20, 4);
    m.size = r.get(at + 24, 4);
    m.offset = r.get(at + 42, 4);
    uint64_t name = r.get(at + 28, 2), extra = r.get(at + 30, 2);
    uint64_t comment = r.get(at + 32, 2);
    at += centralSize;
    if (r.bad || at > bytes.size() ||
        name + extra + comment > bytes.size() - at)
      return bad("the directory is cut short");
    m.name.assign(bytes.begin() + at, bytes.begin() + at + name);
    widen(r, at + name, extra, m);
    at += name + extra + comment;

    std::vector<uint8_t> data;
    std::string why;
    if (!extract(r, m, data, why))
      return bad("member '" + m.name + "' " + why);
    Expected<Tensor> tensor = parseNpy(data, file + "(" + m.name + ")");
    if (!tensor)
      return tensor.error();
    std::string key = m.name;
    if (key.ends_with(".npy"))
      key.resize(key.size() - 4);
    if (!seen.insert(key).second)
      return bad("two members are named '" + key + "'");
    tensors.push_back({std::move(key), std::move(*tensor)});
  }
  return tensors;
}

Expected<std::vector<uint8_t>>
weft::npzBytes(const std::vector<NamedTensor> &tensors, bool deflate) {
  std::vector<uint8_t> out, directory;
  for (const NamedTensor &t : tensors) {
    std::vector<uint8_t> data = npyBytes(t.tensor), packed;
    std::string name = t.name + ".npy";
    uint64_t crc = crc32_z(crc32_z(0, nullptr, 0), data.data(), data.size());
    uint64_t size = data.size(), offset = out.size();
    // What is written stays within the 32-bit format, which all readers know.
    if (name.size() > 0xffff || size > 0x7fffffff || offset > 0x7fffffff ||
        (deflate && !deflated(data, packed)))
      return Error{ErrorKind::Unsupported,
                   "'" + t.name + "': too large for an .npz (2 GiB)",
                   {"write to a folder instead"}};
    const std::vector<uint8_t> &body = deflate ? packed : data;
    std::vector<uint8_t> common;
    put(common, 20, 2); // Version 2.0 needed.
    // Names are UTF-8.
    put(common, 0x800, 2);
    put(common, deflate ? 8 : 0, 2);
    // 1980-01-01 00:00: the same bytes whenever they are written.
    put(common, 0x00210000, 4);
    put(common, crc, 4);
    put(common, body.size(), 4);
    put(common, size, 4);
    put(common, name.size(), 2);
    put(common, 0, 2); // No extra field.

    put(out, localSignature, 4);
    out.insert(out.end(), common.begin(), common.end());
    out.insert(out.end(), name.begin(), name.end());
    out.insert(out.end(), body.begin(), body.end());

    put(directory, centralSignature, 4);
    put(directory, 20, 2);
    directory.insert(directory.end(), common.begin(), common.end());
    put(directory, 0, 2); // Comment.
    put(directory, 0, 2); // Disk.
    put(directory, 0, 2); // Internal attributes.
    put(directory, uint64_t(0600) << 16, 4);
    put(directory, offset, 4);
    directory.insert(directory.end(), name.begin(), name.end());
  }
  uint64_t start = out.size();
  if (tensors.size() > 0xfffe || start + directory.size() > 0xfffffffe)
    return Error{ErrorKind::Unsupported, "too large for an .npz", {}};
  out.insert(out.end(), directory.begin(), directory.end());
  put(out, endSignature, 4);
  put(out, 0, 4);
  put(out, tensors.size(), 2);
  put(out, tensors.size(), 2);
  put(out, directory.size(), 4);
  put(out, start, 4);
  put(out, 0, 2);
  return out;
}
