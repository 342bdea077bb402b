// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// weft-run's options in llvm::cl.

#include "Options.h"

#include "weft/Runtime/File.h"

#include "llvm/Support/CommandLine.h"
#include "llvm/Support/raw_ostream.h"

using namespace weft;
namespace cl = llvm::cl;

namespace {
constexpr const char *overview =
    "weft-run: runs a .weft program on the cycle-exact simulator\n\n"
    "Exit codes: 0 done; 1 usage or file; 2 invalid program or input;\n"
    "3 unsupported; 5 check failed; 6 machine fault, or simulated cycles "
    "other\n"
    "than predicted; 70 internal error.\n";
constexpr const char *examples =
    "\nEXAMPLES:\n"
    "  Run a test set, compare with its outputs:\n"
    "    weft-run bert.weft --inputs=test_data_set_0 --check=test_data_set_0\n"
    "  Inputs from NumPy, outputs to NumPy:\n"
    "    weft-run bert.weft --inputs=in.npz --output=out.npz\n"
    "    weft-run bert.weft --input ids=ids.npy --input mask=mask.pb "
    "--output=out\n"
    "  Cycles and utilisation only, as JSON, with a trace for Perfetto:\n"
    "    weft-run bert.weft --random=1 --json=run.json --trace=run.trace.json\n"
    "\n"
    "A folder is an ONNX test_data_set (input_i.pb, output_i.pb in the order\n"
    "of the graph); an .npz is keyed by the graph's names.\n";

void printVersion(llvm::raw_ostream &out) { out << "weft-run 0.1.0\n"; }

Error usage(const std::string &message) {
  return Error{ErrorKind::Usage, message, {"weft-run --help shows examples"}};
}
/// llvm::cl's words, a line each with the tool's name before it: the first is
/// the error, the others are notes. What is wrong with an option's value it
/// has printed itself.
Error badCommandLine(llvm::StringRef text) {
  if (text.trim().empty())
    return usage("wrong option");
  Error error{ErrorKind::Usage, "", {}};
  while (!text.empty()) {
    auto [line, rest] = text.split('\n');
    text = rest;
    line.consume_front("weft-run: ");
    line = line.split("  Try: ").first.trim();
    if (error.message.empty())
      error.message = line.str();
    else if (!line.empty())
      error.notes.push_back(line.str());
  }
  error.notes.push_back("weft-run --help shows the options");
  return error;
}
} // namespace

Expected<RunCommand> weft::parseCommandLine(int argc, char **argv) {
  // The shared libLLVM brings options of its own, --threads among them, which
  // are none of this tool's.
  cl::ResetCommandLineParser();
  cl::OptionCategory category("weft-run options");
  cl::opt<std::string> program(cl::Positional, cl::desc("PROGRAM.weft"),
                               cl::cat(category));
  cl::list<std::string> input(
      "input", cl::desc("One graph input from a file; repeat for each"),
      cl::value_desc("NAME=F.npy|F.pb"), cl::cat(category));
  cl::opt<std::string> inputs(
      "inputs", cl::desc("All graph inputs from a folder or .npz"),
      cl::value_desc("DIR|F.npz"), cl::cat(category));
  cl::opt<uint64_t> random(
      "random", cl::desc("Random inputs, the same for the same seed"),
      cl::value_desc("SEED"), cl::cat(category));
  cl::opt<std::string> output("output",
                              cl::desc("Write outputs to a folder or .npz"),
                              cl::value_desc("DIR|F.npz"), cl::cat(category));
  cl::opt<std::string> check(
      "check", cl::desc("Compare with the outputs in a folder or .npz"),
      cl::value_desc("DIR|F.npz"), cl::cat(category));
  cl::opt<double> minCosine("min-cosine",
                            cl::desc("Least cosine that passes (0.9999)"),
                            cl::init(0.9999), cl::cat(category));
  cl::opt<double> maxError("max-error",
                           cl::desc("Largest error, relative to the largest "
                                    "reference value, that passes (0.02)"),
                           cl::init(0.02), cl::cat(category));
  cl::opt<std::string> entry("entry", cl::desc("Entry point to run"),
                             cl::value_desc("NAME"), cl::cat(category));
  cl::opt<std::string> json(
      "json", cl::desc("Write the report as JSON; - is standard output"),
      cl::value_desc("F"), cl::cat(category));
  cl::opt<std::string> trace(
      "trace", cl::desc("Write a Chrome trace of every unit's activity"),
      cl::value_desc("F"), cl::cat(category));
  cl::opt<int> threads("threads",
                       cl::desc("Threads; results never depend on them"),
                       cl::value_desc("N"), cl::init(0), cl::cat(category));
  cl::extrahelp more(examples);
  cl::HideUnrelatedOptions(category);
  cl::SetVersionPrinter(printVersion);

  std::string message;
  llvm::raw_string_ostream errors(message);
  if (!cl::ParseCommandLineOptions(argc, argv, overview, &errors)) {
    return badCommandLine(message);
  }

  RunCommand command;
  if (program.empty())
    return usage("no program given");
  command.program = program;
  command.inputs = inputs;
  command.output = output;
  command.check = check;
  command.entry = entry;
  command.json = json;
  command.trace = trace;
  command.tolerance = {minCosine, maxError};
  if (random.getNumOccurrences())
    command.random = random;
  for (const std::string &text : input) {
    // The file's name may hold '=', a graph's names do not usually.
    size_t equals = text.find('=');
    if (equals == std::string::npos || equals == 0 || equals + 1 == text.size())
      return usage("--input " + text + ": expected NAME=FILE");
    command.inputFiles.push_back(
        {text.substr(0, equals), text.substr(equals + 1)});
  }
  int sources = !command.inputFiles.empty() + (inputs.getNumOccurrences() > 0) +
                command.random.has_value();
  if (sources > 1)
    return usage("give one of --input, --inputs, --random");
  for (const auto *option : {&inputs, &output, &check, &entry, &json, &trace})
    if (option->getNumOccurrences() && option->getValue().empty())
      return usage("--" + option->ArgStr.str() + " needs a value");
  const std::pair<const char *, const std::string *> written[] = {
      {"--output", &command.output},
      {"--json", &command.json},
      {"--trace", &command.trace}};
  for (size_t i = 0; i < std::size(written); ++i) {
    if (sameFile(*written[i].second, command.program))
      return usage(std::string(written[i].first) + " names the program itself");
    for (size_t j = 0; j < i; ++j)
      if (sameFile(*written[i].second, *written[j].second))
        return usage(std::string(written[j].first) + " and " +
                     written[i].first + " name the same file");
  }
  if (threads < 0 || threads > 4096)
    return usage("--threads is not in 0 to 4096");
  if (!(minCosine <= 1) || !(maxError >= 0))
    return usage("--min-cosine is at most 1, --max-error at least 0");
  if (check.empty() &&
      (minCosine.getNumOccurrences() || maxError.getNumOccurrences()))
    return usage("--min-cosine and --max-error need --check");
  command.threads = threads;
  return command;
}
