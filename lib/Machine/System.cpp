// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What --machine= means: a built-in description with a number of chips, or a
// description file. It decides nothing about the description's contents.

#include "weft/Machine/Machine.h"

#include <charconv>
#include <filesystem>
#include <fstream>

namespace weft {
namespace {

// A description is a few kilobytes; more is some other file.
constexpr std::uintmax_t maxFileBytes = 1 << 20;

// The largest published system: 145 racks of 72 chips (ISCA 2022).
constexpr int maxChips = 10440;
constexpr int groupChips = 8;

Expected<std::string> readDescription(const std::string &path) {
  std::error_code ec;
  auto status = std::filesystem::status(path, ec);
  if (ec || !std::filesystem::exists(status))
    return Error{ErrorKind::Usage, path + ": no such file", {}};
  if (std::filesystem::is_directory(status))
    return Error{ErrorKind::Usage, path + ": is a directory", {}};
  // Opening a pipe would wait for somebody to write into it.
  if (!std::filesystem::is_regular_file(status))
    return Error{ErrorKind::Usage, path + ": is not a regular file", {}};
  std::ifstream in(path, std::ios::binary);
  if (!in)
    return Error{ErrorKind::Usage, path + ": cannot be read", {}};
  std::string text(maxFileBytes + 1, '\0');
  in.read(text.data(), std::streamsize(text.size()));
  if (in.bad())
    return Error{ErrorKind::Usage, path + ": cannot be read", {}};
  text.resize(size_t(in.gcount()));
  if (text.size() > maxFileBytes)
    return Error{ErrorKind::Invalid,
                 path + ": too large for a machine description (over 1 MiB)",
                 {}};
  return text;
}

} // namespace

Expected<System> parseSystem(std::string_view text) {
  if (text.ends_with(".json")) {
    std::string path(text);
    Expected<std::string> json = readDescription(path);
    if (!json)
      return json.error();
    Expected<Machine> machine = parseMachine(*json, path);
    if (!machine)
      return machine.error();
    return System{std::move(*machine), 1};
  }

  size_t colon = text.find(':');
  Expected<Machine> machine = machinePreset(text.substr(0, colon));
  if (!machine)
    return machine.error();
  System system{std::move(*machine), 1};
  if (colon == std::string_view::npos)
    return system;

  std::string_view count = text.substr(colon + 1);
  const char *end = count.data() + count.size();
  auto [rest, ec] = std::from_chars(count.data(), end, system.chips);
  auto fail = [&](std::string why) {
    return Error{ErrorKind::Usage,
                 "machine '" + std::string(text.substr(0, 64)) + "': " + why,
                 {}};
  };
  if (ec != std::errc() || rest != end || count.empty() || system.chips < 1 ||
      system.chips > maxChips)
    return fail("the number of chips must be a whole number from 1 to " +
                std::to_string(maxChips));
  // A system of more than one group is made of whole groups.
  if (system.chips > groupChips && system.chips % groupChips != 0)
    return fail("more than " + std::to_string(groupChips) +
                " chips come in groups of " + std::to_string(groupChips));
  return system;
}

} // namespace weft
