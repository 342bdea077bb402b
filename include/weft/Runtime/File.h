// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Files in, files out. Output files are written beside their destination under
// a temporary name and renamed together, so that they appear whole or not at
// all.

#ifndef WEFT_RUNTIME_FILE_H
#define WEFT_RUNTIME_FILE_H

#include "weft/Machine/Error.h"

#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <vector>

namespace weft {

/// Whether two names are those of one regular file, existing or yet to be
/// written. Empty names, "-" and devices are no files.
bool sameFile(const std::string &a, const std::string &b);

/// The whole of a regular file; a usage error that names it otherwise.
Expected<std::vector<uint8_t>> readFile(const std::string &path);

/// Files that appear together on commit(), or never. Folders made for them are
/// removed again when nothing is committed.
class OutputFiles {
public:
  OutputFiles() = default;
  OutputFiles(const OutputFiles &) = delete;
  OutputFiles &operator=(const OutputFiles &) = delete;
  ~OutputFiles();

  /// Makes folder `path` unless it is there; its parent must exist.
  Status makeFolder(const std::string &path);
  /// Opens a file that becomes `path`; stays owned by this object.
  Expected<std::FILE *> open(const std::string &path);
  Status add(const std::string &path, std::span<const uint8_t> bytes);
  Status add(const std::string &path, const std::string &text);
  /// Closes and renames everything; on the first failure nothing more is
  /// renamed and the rest is removed.
  Status commit();
  /// Temporary names in use, for removal when the process is interrupted.
  std::vector<std::string> temporaries() const;

private:
  struct Pending {
    std::string path, temporary;
    std::FILE *file = nullptr;
  };
  std::vector<Pending> pending;
  std::vector<std::string> folders; ///< Made here, outer before inner.
};

} // namespace weft

#endif // WEFT_RUNTIME_FILE_H
