// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// weft-run: runs a .weft program on the simulator, compares, reports. The work
// is WeftRuntime's; this file orders it so that everything which can be
// refused is refused before the machine starts.

#include "Options.h"

#include "weft/Program/Reader.h"
#include "weft/Runtime/Binding.h"
#include "weft/Runtime/Report.h"
#include "weft/Runtime/TensorIO.h"
#include "weft/Runtime/Trace.h"

#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/Signals.h"

#include <csignal>
#include <cstdio>
#include <exception>
#include <unistd.h>

using namespace weft;

namespace {
int report(const Error &error) {
  std::fprintf(stderr, "weft-run: error: %s\n", error.message.c_str());
  for (const std::string &note : error.notes)
    std::fprintf(stderr, "  note: %s\n", note.c_str());
  return int(error.kind);
}

Expected<std::vector<NamedTensor>> loadInputs(const RunCommand &command,
                                              const Program &program) {
  if (command.random)
    return randomInputs(program, *command.random);
  if (!command.inputs.empty())
    return readTensors(command.inputs, "input", inputNames(program),
                       outputNames(program));
  std::vector<NamedTensor> inputs;
  for (const auto &[name, file] : command.inputFiles) {
    Expected<Tensor> tensor = readTensor(file);
    if (!tensor)
      return tensor.error();
    inputs.push_back({name, std::move(*tensor)});
  }
  return inputs;
}

/// One line on a terminal, rewritten; nothing on a pipe.
class Progress {
public:
  explicit Progress(int64_t predicted)
      : predicted(predicted), terminal(isatty(STDERR_FILENO)) {}
  ~Progress() { clear(); }
  std::function<void(int64_t)> callback() {
    if (!terminal)
      return {};
    return [this](int64_t cycle) {
      shown = true;
      if (predicted > 0)
        std::fprintf(stderr, "\rsimulating: cycle %lld of %lld (%d%%)",
                     (long long)cycle, (long long)predicted,
                     int(100 * cycle / predicted));
      else
        std::fprintf(stderr, "\rsimulating: cycle %lld", (long long)cycle);
    };
  }
  void clear() {
    if (shown)
      std::fputs("\r\033[K", stderr);
    shown = false;
  }

private:
  int64_t predicted;
  bool terminal, shown = false;
};

Expected<int> run(const RunCommand &command) {
  Expected<Program> program = readProgram(command.program);
  if (!program)
    return program.error();
  if (!command.entry.empty() && command.entry != program->entry)
    return Error{ErrorKind::Usage,
                 command.program + ": no entry '" + command.entry + "'",
                 {"the program has '" + program->entry + "'"}};
  Expected<std::vector<NamedTensor>> inputs = loadInputs(command, *program);
  if (!inputs)
    return inputs.error();
  if (Status fine = checkInputs(*program, *inputs); !fine)
    return fine.error();
  std::vector<NamedTensor> references;
  if (!command.check.empty()) {
    Expected<std::vector<NamedTensor>> read = readTensors(
        command.check, "output", outputNames(*program), inputNames(*program));
    if (!read)
      return read.error();
    references = std::move(*read);
    if (Status fine = checkReferences(*program, references); !fine)
      return fine.error();
  }

  // Places for results, opened first: a run of minutes should not end in a
  // folder that is not there.
  OutputFiles files;
  RunOptions options;
  options.threads = command.threads;
  Progress progress(program->predictedCycles);
  options.progress = progress.callback();
  std::optional<TraceWriter> trace;
  if (!command.trace.empty()) {
    Expected<std::FILE *> file = files.open(command.trace);
    if (!file)
      return file.error();
    trace.emplace(*program, *file);
    options.trace = [&](const IssueEvent &event) { trace->issue(event); };
  }
  bool jsonToStdout = command.json == "-";
  std::FILE *jsonFile = stdout;
  if (!command.json.empty() && !jsonToStdout) {
    Expected<std::FILE *> file = files.open(command.json);
    if (!file)
      return file.error();
    jsonFile = *file;
  }
  if (!command.output.empty() && !command.output.ends_with(".npz"))
    if (Status made = files.makeFolder(command.output); !made)
      return made.error();
  for (const std::string &name : files.temporaries())
    llvm::sys::RemoveFileOnSignal(name);

  Expected<RunResult> result = runProgram(*program, *inputs, options);
  progress.clear();
  if (!result) {
    // Faults name chip and unit; the program is for us to say.
    if (result.error().kind == ErrorKind::MachineFault)
      result.error().message = command.program + ": " + result.error().message;
    return result.error();
  }
  if (trace)
    trace->finish();

  RunReport text{*program, *result};
  std::vector<Agreement> agreements;
  if (!command.check.empty()) {
    agreements = compareAll(result->outputs, references, command.tolerance);
    text.agreements = &agreements;
  }
  if (!command.output.empty())
    if (Status added =
            addTensors(files, command.output, "output", result->outputs);
        !added)
      return added.error();
  if (!command.json.empty())
    std::fputs(reportJson(text).c_str(), jsonFile);
  if (Status written = files.commit(); !written)
    return written.error();
  // With the JSON on standard output nothing else goes there.
  std::fputs(reportText(text).c_str(), jsonToStdout ? stderr : stdout);
  if (std::fflush(stdout) != 0)
    return Error{ErrorKind::Usage, "cannot write to standard output", {}};

  if (Status equal = checkCycles(*program, result->simulation); !equal) {
    equal.error().message = command.program + ": " + equal.error().message;
    return equal.error();
  }
  for (const Agreement &agreement : agreements)
    if (!agreement.pass)
      return Error{ErrorKind::CheckFailed,
                   "output '" + agreement.name + "': " + agreement.reason,
                   {}};
  return 0;
}
} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  // A file that grows past the limit of files is an error of write().
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    Expected<RunCommand> command = parseCommandLine(argc, argv);
    if (!command)
      return report(command.error());
    Expected<int> code = run(*command);
    return code ? *code : report(code.error());
  } catch (const std::exception &failure) {
    return report(Error{ErrorKind::Internal, std::string(failure.what()), {}});
  }
}
