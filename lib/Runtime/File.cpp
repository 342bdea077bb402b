// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Reads files whole and writes them by temporary name and rename. Nothing here
// knows what the bytes mean.

#include "weft/Runtime/File.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <system_error>
#include <unistd.h>

using namespace weft;
namespace fs = std::filesystem;

namespace {
Error fileError(const std::string &path, const char *what, int code) {
  return Error{ErrorKind::Usage,
               path + ": cannot " + what + ": " +
                   std::generic_category().message(code),
               {}};
}
} // namespace

bool weft::sameFile(const std::string &a, const std::string &b) {
  if (a.empty() || b.empty() || a == "-" || b == "-")
    return false;
  std::error_code code;
  for (const std::string *path : {&a, &b})
    if (fs::exists(*path, code) && !fs::is_regular_file(*path, code))
      return false;
  if (fs::exists(a, code) && fs::exists(b, code))
    return fs::equivalent(a, b, code);
  fs::path left = fs::weakly_canonical(fs::absolute(a, code), code);
  fs::path right = fs::weakly_canonical(fs::absolute(b, code), code);
  return !left.empty() && left == right;
}

Expected<std::vector<uint8_t>> weft::readFile(const std::string &path) {
  std::error_code code;
  if (fs::is_directory(path, code))
    return fileError(path, "read", EISDIR);
  // Opening a pipe would wait for somebody to write into it, and a device may
  // never end.
  if (fs::exists(path, code) && !fs::is_regular_file(path, code))
    return Error{
        ErrorKind::Usage, path + ": cannot read: it is not a regular file", {}};
  std::FILE *file = std::fopen(path.c_str(), "rb");
  if (!file)
    return fileError(path, "read", errno);
  std::vector<uint8_t> bytes;
  uintmax_t size = fs::file_size(path, code);
  if (!code && size < (uintmax_t(1) << 40))
    bytes.reserve(size_t(size));
  uint8_t chunk[1 << 16];
  size_t got;
  while ((got = std::fread(chunk, 1, sizeof(chunk), file)) > 0)
    bytes.insert(bytes.end(), chunk, chunk + got);
  bool bad = std::ferror(file);
  int reason = errno;
  std::fclose(file);
  if (bad)
    return fileError(path, "read", reason);
  return bytes;
}

OutputFiles::~OutputFiles() {
  std::error_code ignored;
  for (Pending &p : pending) {
    if (p.file)
      std::fclose(p.file);
    if (p.temporary != p.path)
      fs::remove(p.temporary, ignored);
  }
  for (size_t i = folders.size(); i-- > 0;)
    fs::remove(folders[i], ignored); // Only when empty.
}

Status OutputFiles::makeFolder(const std::string &path) {
  std::error_code code;
  if (fs::is_directory(path, code))
    return success();
  std::string name = path;
  while (name.size() > 1 && name.back() == '/')
    name.pop_back();
  if (!fs::create_directory(name, code))
    return fileError(path, "make folder", code ? code.value() : EEXIST);
  folders.push_back(name);
  return success();
}

Expected<std::FILE *> OutputFiles::open(const std::string &path) {
  std::error_code code;
  if (fs::is_directory(path, code))
    return fileError(path, "write", EISDIR);
  Pending p;
  p.path = path;
  fs::path target(path);
  // A device or a pipe is written to, never replaced.
  bool special = fs::exists(path, code) && !fs::is_regular_file(path, code);
  p.temporary =
      special
          ? path
          : (target.parent_path() / ("." + target.filename().string() +
                                     ".tmp-" + std::to_string(long(getpid()))))
                .string();
  p.file = std::fopen(p.temporary.c_str(), "wb");
  if (!p.file)
    return fileError(path, "write", errno);
  pending.push_back(p);
  return p.file;
}

Status OutputFiles::add(const std::string &path,
                        std::span<const uint8_t> bytes) {
  Expected<std::FILE *> file = open(path);
  if (!file)
    return file.error();
  if (!bytes.empty() &&
      std::fwrite(bytes.data(), 1, bytes.size(), *file) != bytes.size())
    return fileError(path, "write", errno);
  return success();
}

Status OutputFiles::add(const std::string &path, const std::string &text) {
  return add(path, std::span(reinterpret_cast<const uint8_t *>(text.data()),
                             text.size()));
}

Status OutputFiles::commit() {
  // Everything is flushed before anything is renamed: a full disk shows here.
  for (Pending &p : pending) {
    bool bad = std::ferror(p.file);
    int reason = bad ? EIO : 0;
    if (std::fclose(p.file) != 0) {
      bad = true;
      reason = errno;
    }
    p.file = nullptr;
    if (bad)
      return fileError(p.path, "write", reason);
  }
  while (!pending.empty()) {
    const Pending &p = pending.front();
    if (p.temporary != p.path &&
        std::rename(p.temporary.c_str(), p.path.c_str()) != 0)
      return fileError(p.path, "write", errno);
    pending.erase(pending.begin());
  }
  folders.clear();
  return success();
}

std::vector<std::string> OutputFiles::temporaries() const {
  std::vector<std::string> names;
  for (const Pending &p : pending)
    if (p.temporary != p.path)
      names.push_back(p.temporary);
  return names;
}
