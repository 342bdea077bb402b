// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// weft-compile: runs the stages one after the other. What they do is theirs;
// this file reads, writes, and turns failures into exit codes.

#include "Options.h"
#include "Summary.h"

#include "weft/Dialect/Weft/IR/WeftDialect.h"
#include "weft/Dialect/WeftOnnx/IR/NodeLocation.h"
#include "weft/Pipelines/Passes.h"
#include "weft/Program/Writer.h"
#include "weft/Runtime/TensorIO.h"
#include "weft/Target/Weft/Export.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/Parser/Parser.h"
#include "mlir/Support/Timing.h"
#include "llvm/Support/FormatVariadic.h"
#include "llvm/Support/InitLLVM.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/ThreadPool.h"
#include "llvm/Support/Threading.h"

#include <chrono>
#include <mutex>

using namespace weft;
namespace json = llvm::json;

namespace {

/// One line on a terminal, rewritten; nothing on a pipe.
class Progress {
public:
  ~Progress() { clear(); }
  void show(const std::string &text) {
    if (!terminal)
      return;
    std::lock_guard<std::mutex> lock(mutex);
    llvm::errs() << "\r\033[K" << text;
    llvm::errs().flush();
    shown = true;
  }
  void clear() {
    std::lock_guard<std::mutex> lock(mutex);
    if (shown)
      llvm::errs() << "\r\033[K";
    shown = false;
  }

private:
  bool terminal = llvm::sys::Process::StandardErrIsDisplayed();
  bool shown = false;
  std::mutex mutex;
};

class Compilation {
public:
  explicit Compilation(CompileCommand command)
      : command(std::move(command)),
        context(registry(), mlir::MLIRContext::Threading::DISABLED) {
    llvm::ThreadPoolStrategy strategy =
        llvm::hardware_concurrency(unsigned(this->command.threads));
    if (strategy.compute_thread_count() > 1) {
      pool = std::make_unique<llvm::DefaultThreadPool>(strategy);
      context.setThreadPool(*pool);
    }
    context.printOpOnDiagnostic(false);
    context.getDiagEngine().registerHandler([&](mlir::Diagnostic &diagnostic) {
      progress.clear();
      onnxir::printDiagnostic(diagnostic, llvm::errs());
      errors += diagnostic.getSeverity() == mlir::DiagnosticSeverity::Error;
      return mlir::success();
    });
  }

  int run() {
    if (int code = checkFiles())
      return code;
    if (int code = readInput())
      return code;
    if (int code = bindShapes())
      return code;
    StageOptions options;
    options.machine = command.system.machine;
    options.chips = command.system.chips;
    options.scheduler.progress = [&](size_t done, size_t all) {
      if (all > 0)
        progress.show("schedule: " + std::to_string(100 * done / all) + "%");
    };
    Stage last = std::min(command.to, Stage::Schedule);
    for (int s = int(origin) + 1; s <= int(last); ++s)
      if (int code = runStage(Stage(s), options))
        return code;
    return command.to == Stage::Weft ? writeProgramFile() : writeModule();
  }

private:
  static mlir::DialectRegistry &registry() {
    static mlir::DialectRegistry all = [] {
      mlir::DialectRegistry dialects;
      registerDialects(dialects);
      return dialects;
    }();
    return all;
  }

  int report(const Error &error, const std::string &file = "weft-compile") {
    progress.clear();
    llvm::errs() << (file.empty() ? "" : file + ": ")
                 << "error: " << error.message << "\n";
    for (const std::string &note : error.notes)
      llvm::errs() << "  note: " << note << "\n";
    return int(error.kind);
  }
  /// Says something where a stage failed without a word.
  int failed(ErrorKind kind, Stage stage) {
    if (errors == 0)
      return report(
          {ErrorKind::Internal,
           "stage " + stageName(stage).str() + " failed without an error",
           {}},
          command.input);
    return int(kind);
  }

  double now() const {
    return std::chrono::duration<double>(
               std::chrono::steady_clock::now().time_since_epoch())
        .count();
  }
  /// Notes how long a stage took.
  struct Stopwatch {
    Compilation &compilation;
    Stage stage;
    double start = compilation.now();
    ~Stopwatch() {
      double &all = compilation.seconds[int(stage)];
      all += compilation.now() - start;
    }
  };

  int checkFiles() {
    namespace fs = llvm::sys::fs;
    auto cannot = [&](const std::string &file, const std::string &why) {
      return report({ErrorKind::Usage, why, {}}, file);
    };
    if (!fs::exists(command.input))
      return cannot(command.input, "no such file");
    if (fs::is_directory(command.input))
      return cannot(command.input, "is a directory");
    if (std::error_code ec = fs::access(command.input, fs::AccessMode::Exist))
      return cannot(command.input, ec.message());
    if (auto file = fs::openNativeFileForRead(command.input))
      fs::closeFile(*file);
    else
      return cannot(command.input,
                    "cannot be read: " + llvm::toString(file.takeError()));
    // A compilation of a minute should not end in a folder that is not there.
    for (const std::string &path : {command.output, command.stats}) {
      if (path.empty() || path == "-")
        continue;
      llvm::StringRef parent = llvm::sys::path::parent_path(path);
      if (fs::is_directory(path))
        return cannot(path, "cannot be written: is a directory");
      if (!parent.empty() && !fs::is_directory(parent))
        return cannot(path,
                      "cannot be written: no folder '" + parent.str() + "'");
    }
    return 0;
  }

  /// By name, or by content where the name does not tell.
  bool isModule() {
    llvm::StringRef name = command.input;
    if (name.ends_with(".mlir") || name.ends_with(".mlirbc"))
      return true;
    if (name.ends_with(".onnx"))
      return false;
    auto head = llvm::MemoryBuffer::getFileSlice(name, 512, 0);
    if (!head)
      return false;
    llvm::StringRef text = (*head)->getBuffer();
    return text.starts_with("ML\xefR") ||
           (llvm::all_of(text,
                         [](char c) {
                           return llvm::isPrint(c) || llvm::isSpace(c) || c < 0;
                         }) &&
            (text.contains("module") || text.contains("func.func") ||
             text.contains("tsp.program") || text.ltrim().starts_with("#")));
  }

  int readInput() {
    Stopwatch watch{*this, Stage::Import};
    progress.show("import");
    if (isModule()) {
      module = mlir::parseSourceFile<mlir::ModuleOp>(command.input, &context);
      if (!module)
        return failed(ErrorKind::Invalid, Stage::Import);
      origin = command.from.value_or(stageOf(*module));
      if (origin > command.to)
        return report(
            {ErrorKind::Usage,
             "the module has been through " + stageName(origin).str() +
                 ", after --compile-to=" + stageName(command.to).str(),
             {}},
            command.input);
      return 0;
    }
    if (command.from.value_or(Stage::Import) != Stage::Import)
      return report({ErrorKind::Usage,
                     "--compile-from=" + stageName(*command.from).str() +
                         " needs a module; an ONNX model begins at import",
                     {}},
                    command.input);
    module = importOnnx(command.input, &context);
    if (!module)
      return failed(ErrorKind::Invalid, Stage::Import);
    return 0;
  }

  int bindShapes() {
    DimBindings bindings;
    bindings.dims = command.dims;
    bool given = !command.dims.empty() || !command.shapesFrom.empty();
    if (origin != Stage::Import) {
      if (given)
        return report({ErrorKind::Usage,
                       "--dim and --shapes-from are for models at stage import",
                       {}},
                      command.input);
      return 0;
    }
    if (!command.shapesFrom.empty()) {
      auto function = module->lookupSymbol<mlir::func::FuncOp>("main");
      if (!function)
        return report({ErrorKind::Invalid, "expected a function @main", {}},
                      command.input);
      std::vector<std::string> inputs, outputs;
      for (unsigned i = 0; i < function.getNumArguments(); ++i)
        if (auto name =
                function.getArgAttrOfType<mlir::StringAttr>(i, kNameAttr))
          inputs.push_back(name.str());
      for (unsigned i = 0; i < function.getNumResults(); ++i)
        if (auto name =
                function.getResultAttrOfType<mlir::StringAttr>(i, kNameAttr))
          outputs.push_back(name.str());
      Expected<std::vector<NamedTensor>> tensors =
          readTensors(command.shapesFrom, "input", inputs, outputs);
      if (!tensors)
        return report(tensors.error(), "");
      for (const NamedTensor &tensor : *tensors)
        bindings.shapes[tensor.name] = {tensor.tensor.shape.begin(),
                                        tensor.tensor.shape.end()};
    }
    // Stage import itself leaves dimensions open unless the user gives them.
    if (command.to == Stage::Import && !given)
      return 0;
    if (mlir::failed(bindDimensions(*module, bindings)))
      return failed(ErrorKind::Invalid, Stage::Import);
    return 0;
  }

  int runStage(Stage stage, const StageOptions &options) {
    Stopwatch watch{*this, stage};
    progress.show(stageName(stage).str());
    mlir::PassManager manager(&context, mlir::ModuleOp::getOperationName());
    if (mlir::failed(mlir::applyPassManagerCLOptions(manager)))
      return report(
          {ErrorKind::Usage, "options for passes contradict each other", {}});
    mlir::applyDefaultTimingPassManagerCLOptions(manager);
    addStage(manager, stage, options);
    if (mlir::succeeded(manager.run(*module)))
      return 0;
    return failed(failureOf(*module, stage, origin), stage);
  }

  int writeModule() {
    // Locations hold the names of nodes and tables, which later stages need.
    std::string text;
    llvm::raw_string_ostream out(text);
    mlir::OpPrintingFlags flags;
    flags.enableDebugInfo(true, /*prettyForm=*/false);
    module->print(out, flags);
    out << "\n";
    progress.clear();
    if (command.output == "-") {
      llvm::outs() << text;
      llvm::outs().flush();
      if (llvm::outs().has_error()) {
        llvm::outs().clear_error();
        return report(
            {ErrorKind::Usage, "cannot write to standard output", {}});
      }
      return 0;
    }
    OutputFiles files;
    if (Status added = files.add(command.output, text); !added)
      return report(added.error(), "");
    if (Status written = files.commit(); !written)
      return report(written.error(), "");
    return 0;
  }

  int writeProgramFile() {
    auto programs = llvm::to_vector(module->getOps<tsp::ProgramOp>());
    if (programs.size() != 1)
      return report(
          {ErrorKind::Invalid,
           "expected one tsp.program, found " + std::to_string(programs.size()),
           {}},
          command.input);
    tsp::ProgramOp program = programs.front();
    std::string statistics;
    ExportedProgram exported;
    {
      Stopwatch watch{*this, Stage::Weft};
      progress.show("weft");
      auto made = exportProgram(program);
      // Weights out of range, files that are gone: the model's fault.
      if (mlir::failed(made))
        return failed(ErrorKind::Invalid, Stage::Weft);
      exported = std::move(*made);
      if (mlir::failed(verifyExported(program, exported)))
        return failed(failureOf(*module, Stage::Weft, origin), Stage::Weft);
      auto text = programStatistics(program, exported);
      if (mlir::failed(text))
        return failed(ErrorKind::Internal, Stage::Weft);
      statistics = exported.program.statsJson = std::move(*text);
      if (Status written = writeProgram(exported.program, command.output);
          !written)
        return report(written.error(), "");
    }
    progress.clear();
    llvm::Expected<json::Value> value = json::parse(statistics);
    if (!value)
      return report(
          {ErrorKind::Internal, llvm::toString(value.takeError()), {}});
    json::Object &stats = *value->getAsObject();
    json::Object times;
    for (auto [stage, time] : seconds)
      times[stageName(Stage(stage))] = time;
    stats["seconds"] = std::move(times);
    return writeStatistics(*value);
  }

  int writeStatistics(const json::Value &stats) {
    std::string summary = summaryText(command.output, *stats.getAsObject());
    std::string text = llvm::formatv("{0:2}\n", stats).str();
    if (command.stats == "-") {
      llvm::outs() << text;
      llvm::outs().flush();
      llvm::errs() << summary;
      return 0;
    }
    llvm::outs() << summary;
    llvm::outs().flush();
    if (command.stats.empty())
      return 0;
    OutputFiles files;
    if (Status added = files.add(command.stats, text); !added)
      return report(added.error(), "");
    if (Status written = files.commit(); !written)
      return report(written.error(), "");
    return 0;
  }

  CompileCommand command;
  std::unique_ptr<llvm::DefaultThreadPool> pool; // Outlives the context.
  mlir::MLIRContext context;
  mlir::OwningOpRef<mlir::ModuleOp> module;
  Stage origin = Stage::Import; ///< What the input had been through.
  Progress progress;
  std::map<int, double> seconds;
  int errors = 0;
};

} // namespace

int main(int argc, char **argv) {
  llvm::InitLLVM init(argc, argv);
  Expected<CompileCommand> command = parseCommandLine(argc, argv);
  if (!command) {
    llvm::errs() << "weft-compile: error: " << command.error().message << "\n";
    for (const std::string &note : command.error().notes)
      llvm::errs() << "  note: " << note << "\n";
    return int(command.error().kind);
  }
  return Compilation(std::move(*command)).run();
}
