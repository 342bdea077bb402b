// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Machine descriptions as JSON text. Strict: an unknown, missing or repeated
// field, a number without its mark or one that is not whole is an error that
// names the field. Ranges and contradictions are Validate.cpp's.

#include "weft/Machine/Fields.h"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <limits>
#include <optional>
#include <set>

namespace weft {
namespace {

using Json = nlohmann::ordered_json;

constexpr int formatVersion = 1;

/// Collects the first error; everything after it is ignored.
class Reader {
public:
  explicit Reader(std::string_view file) : file(file) {}

  bool failed() const { return bool(error); }
  Error takeError() { return std::move(*error); }

  void fail(std::string_view field, std::string message) {
    if (!error)
      error = Error{ErrorKind::Invalid,
                    std::string(file) + ": machine field '" +
                        std::string(field) + "': " + std::move(message),
                    {}};
  }

  void failFile(std::string message) {
    if (!error)
      error = Error{ErrorKind::Invalid,
                    std::string(file) + ": " + std::move(message),
                    {}};
  }

  /// The value under `key`, or null with an error.
  const Json *get(const Json &object, const char *key, std::string_view path) {
    auto it = object.find(key);
    if (it != object.end())
      return &*it;
    fail(path, "missing");
    return nullptr;
  }

  /// {"value": ..., "mark": ...}: the value, and the mark in `mark`.
  const Json *getMarked(const Json &object, const char *key,
                        std::string_view path, Provenance &mark) {
    const Json *entry = get(object, key, path);
    if (!entry)
      return nullptr;
    if (!entry->is_object() || entry->size() != 2 ||
        !entry->contains("value") || !entry->contains("mark")) {
      fail(path, "expected {\"value\": ..., \"mark\": \"pub\", \"inf\" or "
                 "\"asm\"}, found " +
                     describe(*entry));
      return nullptr;
    }
    const Json &name = entry->at("mark");
    for (Provenance known :
         {Provenance::Published, Provenance::Inferred, Provenance::Assumed})
      if (name.is_string() &&
          name.get_ref<const std::string &>() == markName(known)) {
        mark = known;
        return &entry->at("value");
      }
    fail(path, "the mark must be \"pub\", \"inf\" or \"asm\", found " +
                   describe(name));
    return nullptr;
  }

  int getInt(const Json &value, std::string_view path) {
    // An unsigned number may exceed int64_t; both sides are tested.
    bool fits = value.is_number_integer() &&
                (value.is_number_unsigned()
                     ? value.get<uint64_t>() <=
                           uint64_t(std::numeric_limits<int>::max())
                     : value.get<int64_t>() >= std::numeric_limits<int>::min());
    if (!fits) {
      fail(path, "expected a whole number, found " + describe(value));
      return 0;
    }
    return value.get<int>();
  }

  /// The beginning of a value's text, for messages.
  static std::string describe(const Json &value) {
    if (value.is_object())
      return "an object";
    if (value.is_array())
      return "a list";
    std::string text =
        value.dump(-1, ' ', true, Json::error_handler_t::replace);
    return text.size() > 40 ? text.substr(0, 40) + "..." : text;
  }

private:
  std::string_view file;
  std::optional<Error> error;
};

/// Parses, refusing repeated keys (which nlohmann would silently drop).
Json parseText(std::string_view text, Reader &reader) {
  std::vector<std::set<std::string>> keys;
  std::string repeated;
  bool deep = false;
  auto watch = [&](int depth, Json::parse_event_t event, Json &value) {
    if (depth > 8)
      deep = true;
    if (event == Json::parse_event_t::object_start)
      keys.emplace_back();
    else if (event == Json::parse_event_t::object_end)
      keys.pop_back();
    else if (event == Json::parse_event_t::key &&
             !keys.back().insert(value.get<std::string>()).second &&
             repeated.empty())
      repeated = value.get<std::string>();
    return !deep;
  };
  Json root;
  try {
    root = Json::parse(text.begin(), text.end(), watch);
  } catch (const Json::parse_error &e) {
    if (!deep) {
      size_t at = std::min(size_t(e.byte), text.size());
      size_t line =
          1 + size_t(std::count(text.begin(), text.begin() + long(at), '\n'));
      reader.failFile("line " + std::to_string(line) + ": not JSON");
    }
  }
  if (reader.failed())
    return {};
  if (deep)
    reader.failFile("nested too deeply for a machine description");
  else if (!repeated.empty())
    reader.fail(repeated.substr(0, 64), "given twice");
  else if (!root.is_object())
    reader.failFile("expected an object at the top of a machine description");
  return root;
}

/// Unknown keys, at the top and in the groups.
void checkKeys(const Json &root, Reader &reader) {
  std::map<std::string, std::set<std::string>, std::less<>> known;
  for (const MachineField &field : machineFields())
    known[std::string(field.group)].insert(std::string(field.name));
  known["memory"].insert("reserved");
  for (const auto &[key, value] : root.items()) {
    if (key == "format" || key == "name")
      continue;
    auto group = known.find(key);
    if (group == known.end())
      return reader.fail(key.substr(0, 64), "unknown");
    if (!value.is_object())
      return reader.fail(key, "expected an object, found " +
                                  Reader::describe(value));
    for (const auto &[name, entry] : value.items())
      if (!group->second.count(name))
        return reader.fail(key + "." + name.substr(0, 64), "unknown");
  }
}

void readReserved(const Json &root, Machine &machine, Reader &reader) {
  Provenance mark = reservedMark;
  const Json *list =
      reader.getMarked(root.at("memory"), "reserved", reservedField, mark);
  if (!list)
    return;
  if (!list->is_array())
    return reader.fail(reservedField,
                       "expected a list, found " + Reader::describe(*list));
  machine.marks[std::string(reservedField)] = mark;
  for (const Json &entry : *list) {
    if (!entry.is_object() || entry.size() != 2 ||
        !entry.contains("hemisphere") || !entry.contains("slice"))
      return reader.fail(reservedField,
                         "expected {\"hemisphere\": \"west\" or \"east\", "
                         "\"slice\": ...}, found " +
                             Reader::describe(entry));
    const Json &side = entry.at("hemisphere");
    if (side != "west" && side != "east")
      return reader.fail(reservedField,
                         "the hemisphere must be \"west\" or \"east\", found " +
                             Reader::describe(side));
    int slice = reader.getInt(entry.at("slice"), reservedField);
    if (reader.failed())
      return;
    machine.reserved.push_back(
        {side == "west" ? Hemisphere::West : Hemisphere::East, slice});
  }
}

} // namespace

Expected<Machine> parseMachine(std::string_view json, std::string_view file) {
  Reader reader(file);
  Json root = parseText(json, reader);
  if (!reader.failed())
    checkKeys(root, reader);
  if (reader.failed())
    return reader.takeError();

  Machine machine;
  if (const Json *format = reader.get(root, "format", "format"))
    if (int version = reader.getInt(*format, "format");
        !reader.failed() && version != formatVersion)
      reader.fail("format", "must be " + std::to_string(formatVersion) +
                                ", found " + std::to_string(version));
  if (const Json *name = reader.get(root, "name", "name")) {
    if (name->is_string())
      machine.name = name->get<std::string>();
    else
      reader.fail("name",
                  "expected a string, found " + Reader::describe(*name));
  }
  for (const MachineField &field : machineFields()) {
    if (reader.failed())
      break;
    std::string group(field.group), name(field.name), path = field.path();
    const Json *object = reader.get(root, group.c_str(), group);
    if (!object)
      break;
    Provenance mark = field.mark;
    if (const Json *value =
            reader.getMarked(*object, name.c_str(), path, mark)) {
      machine.*field.member = reader.getInt(*value, path);
      if (mark != field.mark)
        machine.marks[path] = mark;
    }
  }
  if (!reader.failed())
    readReserved(root, machine, reader);
  if (reader.failed())
    return reader.takeError();
  // Marks that are tsp-v1's are not held.
  if (markOf(machine, reservedField, reservedMark) == reservedMark)
    machine.marks.erase(std::string(reservedField));

  if (Status valid = validateMachine(machine, file); !valid)
    return valid.error();
  return machine;
}

std::string machineToJson(const Machine &machine) {
  // One line per number, so that a description reads as a table.
  std::string out = "{\n  \"format\": " + std::to_string(formatVersion) +
                    ",\n  \"name\": " + Json(machine.name).dump();
  std::string_view group;
  auto entry = [&](std::string_view key, std::string_view path,
                   std::string_view value, Provenance mark) {
    out.append(out.back() == '{' ? "\n    \"" : ",\n    \"").append(key);
    out.append("\": {\"value\": ").append(value).append(", \"mark\": \"");
    out.append(markName(markOf(machine, path, mark))).append("\"}");
  };
  auto close = [&] {
    if (group == "memory") {
      std::string list;
      for (const ReservedSlice &r : machine.reserved)
        list += (list.empty() ? "\n      " : ",\n      ") +
                std::string("{\"hemisphere\": \"") +
                (r.hemisphere == Hemisphere::West ? "west" : "east") +
                "\", \"slice\": " + std::to_string(r.slice) + "}";
      entry("reserved", reservedField, "[" + list + "]", reservedMark);
    }
    if (!group.empty())
      out += "\n  }";
  };
  for (const MachineField &field : machineFields()) {
    if (field.group != group) {
      close();
      group = field.group;
      out.append(",\n  \"").append(group).append("\": {");
    }
    std::string path = field.path();
    entry(field.name, path, std::to_string(machine.*field.member), field.mark);
  }
  close();
  return out + "\n}\n";
}

} // namespace weft
