// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// weft-dump: shows a .weft program as text, or a machine description, or has a
// program verified. The reader decides whether a file is sound and WeftVerify
// whether its instructions are; this file only chooses what is printed.

#include "Dump.h"

#include "weft/Machine/Fields.h"
#include "weft/Verify/Verifier.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/InitLLVM.h"

#include <csignal>
#include <exception>

using namespace weft;
namespace cl = llvm::cl;

namespace {

constexpr const char *overview =
    "weft-dump: shows a .weft program as text\n\n"
    "Exit codes: 0 done; 1 usage or file; 2 invalid program or machine file;\n"
    "6 --verify found a fault; 70 internal error.\n";
constexpr const char *examples =
    "\nEXAMPLES:\n"
    "  Header, memory map and every queue:\n"
    "    weft-dump bert.weft\n"
    "  Header and memory map only:\n"
    "    weft-dump bert.weft --no-queues\n"
    "  Queues whose name contains one of these:\n"
    "    weft-dump bert.weft --queue='east mxm' --queue='alu 3'\n"
    "  Prove without running it that a program has no fault and takes the\n"
    "  cycles that it predicts:\n"
    "    weft-dump --verify bert.weft\n"
    "  A machine description, to edit and give to --machine=FILE.json:\n"
    "    weft-dump --machine=tsp-v1 > mine.json\n"
    "  The same as a table:\n"
    "    weft-dump --machine=tsp-v1 --machine-table\n";

int report(const Error &error) {
  llvm::errs() << "weft-dump: error: " << error.message << "\n";
  for (const std::string &note : error.notes)
    llvm::errs() << "  note: " << note << "\n";
  return int(error.kind);
}

Error usage(const std::string &message) {
  return Error{ErrorKind::Usage, message, {"weft-dump --help shows examples"}};
}

struct Command {
  std::string program, machine;
  bool table = false, queues = true, verify = false;
  std::vector<std::string> filters;
};

Expected<Command> parseCommandLine(int argc, char **argv) {
  cl::OptionCategory category("weft-dump options");
  cl::opt<std::string> program(cl::Positional, cl::desc("PROGRAM.weft"),
                               cl::cat(category));
  cl::list<std::string> queue(
      "queue",
      cl::desc("Only queues whose name contains NAME; repeat for more"),
      cl::value_desc("NAME"), cl::cat(category));
  cl::opt<bool> noQueues("no-queues",
                         cl::desc("Leave the instruction queues out"),
                         cl::cat(category));
  cl::opt<std::string> machine(
      "machine", cl::desc("Print a machine description instead of a program"),
      cl::value_desc("NAME|FILE.json"), cl::cat(category));
  cl::opt<bool> table("machine-table",
                      cl::desc("Print the description as a Markdown table"),
                      cl::cat(category));
  cl::opt<bool> verify(
      "verify", cl::desc("Verify the program's schedule and print the verdict"),
      cl::cat(category));
  cl::extrahelp more(examples);
  cl::HideUnrelatedOptions(category);
  cl::SetVersionPrinter(
      [](llvm::raw_ostream &out) { out << "weft-dump 0.1.0\n"; });

  std::string message;
  llvm::raw_string_ostream errors(message);
  if (!cl::ParseCommandLineOptions(argc, argv, overview, &errors))
    return usage(llvm::StringRef(message).rtrim().str());

  Command command{program,   machine, table,
                  !noQueues, verify,  {queue.begin(), queue.end()}};
  bool describes = machine.getNumOccurrences() || table;
  if (describes && program.getNumOccurrences())
    return usage("give a program or a machine, not both");
  if (!describes && command.program.empty())
    return usage("no program given");
  if (describes && (queue.getNumOccurrences() || noQueues || verify))
    return usage("--queue, --no-queues and --verify need a program");
  if (verify && (queue.getNumOccurrences() || noQueues))
    return usage("--verify prints no queues");
  if (noQueues && queue.getNumOccurrences())
    return usage("--queue and --no-queues contradict each other");
  if (table && command.machine.empty() && !machine.getNumOccurrences())
    command.machine = "tsp-v1";
  return command;
}

Status verify(const Command &command, const Program &program,
              llvm::raw_ostream &out) {
  Expected<verify::Result> result = followProgram(program);
  if (!result)
    return result.error();
  if (result->fault)
    return Error{ErrorKind::MachineFault,
                 command.program + ": " +
                     verify::faultText(program.machine, *result->fault),
                 {}};
  out << "verified: " << result->issues << " issues in " << result->cycles
      << " cycles, no fault\n";
  return success();
}

Status run(const Command &command, llvm::raw_ostream &out) {
  if (command.program.empty()) {
    Expected<System> system = parseSystem(command.machine);
    if (!system)
      return system.error();
    out << (command.table ? machineToMarkdown(system->machine)
                          : machineToJson(system->machine));
    return success();
  }
  std::vector<SectionInfo> sections;
  Expected<Program> program = readProgram(command.program, &sections);
  if (!program)
    return program.error();
  if (command.verify)
    return verify(command, *program, out);
  if (!command.filters.empty() && !hasQueue(*program, command.filters))
    return usage("no queue of the program is named so");
  dumpHeader(out, *program, sections);
  dumpMemory(out, *program);
  if (command.queues)
    dumpQueues(out, *program, command.filters);
  return success();
}

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  // A file that grows past the limit of files is an error of write().
  std::signal(SIGXFSZ, SIG_IGN);
  try {
    Expected<Command> command = parseCommandLine(argc, argv);
    if (!command)
      return report(command.error());
    Status done = run(*command, llvm::outs());
    llvm::outs().flush();
    if (llvm::outs().has_error()) {
      llvm::outs().clear_error();
      return report(
          Error{ErrorKind::Usage, "cannot write to standard output", {}});
    }
    return done ? 0 : report(done.error());
  } catch (const std::exception &failure) {
    return report(Error{ErrorKind::Internal, failure.what(), {}});
  }
}
