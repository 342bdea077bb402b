// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Errors as values for the libraries that know nothing of LLVM. An error
// carries the exit code that a tool answers with, a message, and notes that
// say what to do.

#ifndef WEFT_MACHINE_ERROR_H
#define WEFT_MACHINE_ERROR_H

#include <string>
#include <utility>
#include <variant>
#include <vector>

namespace weft {

/// What went wrong, by the exit code of the command line.
enum class ErrorKind {
  Usage = 1,        ///< Wrong option, or a file that cannot be read or written.
  Invalid = 2,      ///< Invalid model, program, machine file or input.
  Unsupported = 3,  ///< Valid, but not supported.
  DoesNotFit = 4,   ///< Needs more than the machine has.
  CheckFailed = 5,  ///< Outputs differ from the reference.
  MachineFault = 6, ///< The machine stopped on a fault, or cycles differ.
  Internal = 70,    ///< Weft broke one of its own invariants.
};

/// An error: kind, message (no trailing period, no "error:"), notes below it.
struct Error {
  ErrorKind kind = ErrorKind::Internal;
  std::string message;
  std::vector<std::string> notes;
};

/// Either a value or an error; test it before use.
template <typename T>
class [[nodiscard]] Expected {
public:
  Expected(T value) : state(std::move(value)) {}
  Expected(Error error) : state(std::move(error)) {}

  explicit operator bool() const { return std::holds_alternative<T>(state); }
  T &operator*() { return std::get<T>(state); }
  const T &operator*() const { return std::get<T>(state); }
  T *operator->() { return &std::get<T>(state); }
  const T *operator->() const { return &std::get<T>(state); }
  Error &error() { return std::get<Error>(state); }
  const Error &error() const { return std::get<Error>(state); }

private:
  std::variant<T, Error> state;
};

/// The result of a function that only succeeds or fails.
using Status = Expected<std::monostate>;
inline Status success() { return Status(std::monostate{}); }

} // namespace weft

#endif // WEFT_MACHINE_ERROR_H
