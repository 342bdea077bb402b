// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// weft-compile's options in llvm::cl.

#include "Options.h"

#include "weft/Runtime/File.h"

#include "mlir/IR/AsmState.h"
#include "mlir/IR/MLIRContext.h"
#include "mlir/Pass/PassManager.h"
#include "llvm/ADT/StringSwitch.h"
#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

using namespace weft;
namespace cl = llvm::cl;

namespace {
constexpr const char *overview = "weft-compile: compiles an ONNX model, or a "
                                 "module of any stage, to a program\n\n"
                                 "Exit codes: 0 done; 1 usage or file; 2 "
                                 "invalid model or input; 3 unsupported;\n"
                                 "4 does not fit; 6 fault in a schedule that "
                                 "was given; 70 internal error.\n";
constexpr const char *examples =
    "\nEXAMPLES:\n"
    "  A model with dynamic dimensions, by name or from example inputs:\n"
    "    weft-compile bert.onnx --dim batch=1 --dim sequence=128 -o bert.weft\n"
    "    weft-compile bert.onnx --shapes-from=test_data_set_0 -o bert.weft\n"
    "  What was predicted, as JSON on standard output:\n"
    "    weft-compile bert.onnx --dim batch=1 --stats=- -o bert.weft\n"
    "  A page that shows where bytes lie and cycles go, for a browser:\n"
    "    weft-compile bert.onnx --dim batch=1 --report=bert.html -o bert.weft\n"
    "  The shortest of many schedules, for a program that is run often:\n"
    "    weft-compile bert.onnx --dim batch=1 --effort=high -o bert.weft\n"
    "  The module after a stage, and on from there:\n"
    "    weft-compile bert.onnx --dim batch=1 --compile-to=linalg -o "
    "bert.mlir\n"
    "    weft-compile bert.mlir --compile-from=linalg -o bert.weft\n"
    "  The ONNX operators that are supported:\n"
    "    weft-compile --list-operators\n"
    "  Another machine:\n"
    "    weft-compile small.onnx --machine=tsp-mini -o small.weft\n"
    "    weft-compile small.onnx --machine=mine.json -o small.weft\n"
    "\n"
    "Stages: import linalg partition shard place tsp schedule weft. A stage "
    "before\n"
    "weft writes MLIR text (\"-o -\": to standard output). --help-hidden shows "
    "MLIR's\n"
    "options too, such as --mlir-timing and --mlir-print-ir-after-all.\n";

void printVersion(llvm::raw_ostream &out) { out << "weft-compile 0.1.0\n"; }

Error usage(const std::string &message) {
  return Error{
      ErrorKind::Usage, message, {"weft-compile --help shows examples"}};
}

/// llvm::cl's words, a line each with the tool's name before it: the first is
/// the error, the others are notes.
Error badCommandLine(llvm::StringRef text) {
  if (text.trim().empty())
    return usage("wrong option");
  Error error{ErrorKind::Usage, "", {}};
  while (!text.empty()) {
    auto [line, rest] = text.split('\n');
    text = rest;
    line.consume_front("weft-compile: ");
    line = line.split("  Try: ").first.trim();
    if (error.message.empty())
      error.message = line.str();
    else if (!line.empty())
      error.notes.push_back(line.str());
  }
  error.notes.push_back("weft-compile --help shows the options");
  return error;
}

/// The shared libLLVM brings options of its own, --threads and --stats among
/// them, which are none of this tool's; some appear with the first parse.
void removeForeignOptions() {
  const char *nothing[] = {"weft-compile"};
  cl::ParseCommandLineOptions(1, nothing, "", &llvm::nulls());
  llvm::SmallVector<cl::Option *> foreign;
  for (auto &entry : cl::getRegisteredOptions())
    if (!entry.first.starts_with("help") && entry.first != "version")
      foreign.push_back(entry.second);
  for (cl::Option *option : foreign)
    option->removeArgument();
}
} // namespace

Expected<CompileCommand> weft::parseCommandLine(int argc, char **argv) {
  removeForeignOptions();
  mlir::registerAsmPrinterCLOptions();
  mlir::registerMLIRContextCLOptions();
  mlir::registerPassManagerCLOptions();
  mlir::registerDefaultTimingManagerCLOptions();
  cl::OptionCategory category("weft-compile options");
  cl::opt<std::string> input(cl::Positional, cl::desc("MODEL.onnx|MODULE.mlir"),
                             cl::cat(category));
  cl::opt<std::string> output(
      "o", cl::desc("Where the result goes; - is standard output"),
      cl::value_desc("FILE"), cl::cat(category));
  cl::opt<std::string> machine("machine",
                               cl::desc("Machine to compile for (tsp-v1)"),
                               cl::value_desc("NAME[:CHIPS]|FILE.json"),
                               cl::init("tsp-v1"), cl::cat(category));
  cl::list<std::string> dim(
      "dim", cl::desc("Size of a dynamic dimension; repeat for each"),
      cl::value_desc("NAME=VALUE"), cl::cat(category));
  cl::opt<std::string> shapesFrom(
      "shapes-from",
      cl::desc("Shapes of the inputs from examples; values are not looked at"),
      cl::value_desc("DIR|F.npz"), cl::cat(category));
  cl::opt<std::string> from("compile-from",
                            cl::desc("Stage that the module has been through"),
                            cl::value_desc("STAGE"), cl::cat(category));
  cl::opt<std::string> to("compile-to", cl::desc("Last stage (weft)"),
                          cl::value_desc("STAGE"), cl::cat(category));
  cl::opt<std::string> stats(
      "stats", cl::desc("Write statistics as JSON; - is standard output"),
      cl::value_desc("F.json"), cl::cat(category));
  cl::opt<std::string> page(
      "report",
      cl::desc("Write a page that shows the program: memory, timeline, gaps"),
      cl::value_desc("FILE.html"), cl::cat(category));
  cl::opt<std::string> effort(
      "effort",
      cl::desc(
          "Schedules to choose from; more take longer, and never do worse"),
      cl::value_desc("fast|default|high"), cl::init("default"),
      cl::cat(category));
  cl::opt<int> threads("threads",
                       cl::desc("Threads; results never depend on them"),
                       cl::value_desc("N"), cl::init(0), cl::cat(category));
  cl::opt<bool> listOperators(
      "list-operators",
      cl::desc("Print the ONNX operators that are supported, in Markdown"),
      cl::cat(category));
  cl::extrahelp more(examples);
  cl::HideUnrelatedOptions(category);
  cl::SetVersionPrinter(printVersion);

  std::string message;
  llvm::raw_string_ostream errors(message);
  if (!cl::ParseCommandLineOptions(argc, argv, overview, &errors))
    return badCommandLine(message);

  CompileCommand command;
  command.listOperators = listOperators;
  if (listOperators)
    return command;
  if (input.empty())
    return usage("no model given");
  command.input = input;
  for (const auto *option :
       {&output, &machine, &shapesFrom, &from, &to, &stats, &page})
    if (option->getNumOccurrences() && option->getValue().empty())
      return usage("-" + std::string(option->ArgStr.size() > 1 ? "-" : "") +
                   option->ArgStr.str() + " needs a value");
  for (auto *stage : {&from, &to})
    if (stage->getNumOccurrences() && !parseStage(stage->getValue()))
      return Error{ErrorKind::Usage,
                   "--" + stage->ArgStr.str() + ": no stage '" +
                       stage->getValue() + "'",
                   {"stages are " + stageNames()}};
  if (from.getNumOccurrences())
    command.from = parseStage(from.getValue());
  if (to.getNumOccurrences())
    command.to = *parseStage(to.getValue());
  if (command.from && *command.from >= Stage::Weft)
    return usage("--compile-from: there is nothing after weft");
  if (command.from && *command.from > command.to)
    return usage("--compile-from=" + from + " comes after --compile-to=" + to);
  if (output.empty())
    return usage("no output given: -o FILE");
  command.output = output;
  command.stats = stats;
  command.report = page;
  command.shapesFrom = shapesFrom;
  if (!stats.empty() && command.to != Stage::Weft)
    return usage("--stats needs a whole compilation, to stage weft");
  if (!page.empty() && command.to != Stage::Weft)
    return usage("--report needs a whole compilation, to stage weft");
  if (page == "-")
    return usage("a report goes to a file, not to standard output");
  if (output == "-" && command.to == Stage::Weft)
    return usage("a program goes to a file, not to standard output");
  if (!stats.empty() && sameFile(stats, output))
    return usage("-o and --stats name the same file");
  if (!page.empty() && (sameFile(page, output) || sameFile(page, stats)))
    return usage("--report names the same file as " +
                 std::string(sameFile(page, output) ? "-o" : "--stats"));
  if (sameFile(output, input))
    return usage("-o names the model itself");
  if (!stats.empty() && sameFile(stats, input))
    return usage("--stats names the model itself");
  if (!page.empty() && sameFile(page, input))
    return usage("--report names the model itself");
  if (threads < 0 || threads > 4096)
    return usage("--threads is not in 0 to 4096");
  command.threads = threads;
  auto level = llvm::StringSwitch<std::optional<Effort>>(effort)
                   .Case("fast", Effort::Fast)
                   .Case("default", Effort::Default)
                   .Case("high", Effort::High)
                   .Default(std::nullopt);
  if (!level)
    return Error{ErrorKind::Usage,
                 "--effort: no level '" + effort + "'",
                 {"levels are fast default high"}};
  command.effort = *level;
  for (const std::string &text : dim) {
    auto [name, value] = llvm::StringRef(text).rsplit('=');
    int64_t size = 0;
    if (name.empty() || value.empty() || value.getAsInteger(10, size) ||
        size < 0)
      return usage("--dim " + text + ": expected NAME=VALUE, VALUE a number");
    auto [it, fresh] = command.dims.try_emplace(name, size);
    if (!fresh && it->second != size)
      return usage("--dim " + text + ": '" + name.str() + "' is " +
                   std::to_string(it->second) + " already");
  }
  Expected<System> system = parseSystem(machine.getValue());
  if (!system)
    return system.error();
  command.system = std::move(*system);
  return command;
}
