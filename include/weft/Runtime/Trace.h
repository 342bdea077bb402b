// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The activity of every unit as a Chrome trace (chrome://tracing, Perfetto).
// Written while the program runs, so that memory does not grow with it.

#ifndef WEFT_RUNTIME_TRACE_H
#define WEFT_RUNTIME_TRACE_H

#include "weft/Sim/Simulator.h"

#include <cstdio>

namespace weft {

/// One process per chip, one thread per queue, one event per burst (an
/// instruction with its repetitions). One microsecond of the trace is one
/// cycle of the machine. Format: "Trace Event Format", JSON object form.
class TraceWriter {
public:
  /// At most `limit` bursts are written; the trace says when some were left
  /// out. `file` stays the caller's, who sees failures by std::ferror.
  TraceWriter(const Program &program, std::FILE *file,
              int64_t limit = 4'000'000);
  void issue(const IssueEvent &event);
  /// Writes what is pending and ends the file's text.
  void finish();

private:
  struct Burst {
    int instruction = -1;
    int64_t first = 0, last = 0;
    int64_t issues = 0;
  };
  void write(int chip, int queue, const Burst &burst);

  const Program &program;
  std::FILE *file;
  int64_t left;
  int64_t omitted = 0;
  std::map<std::pair<int, int>, Burst> open; ///< By chip and queue number.
};

} // namespace weft

#endif // WEFT_RUNTIME_TRACE_H
