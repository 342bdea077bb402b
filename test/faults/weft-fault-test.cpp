// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// weft-fault-test PROGRAM.weft INPUTS [PLACES [SHIFTS [SEED]]]: edits a
// compiled program until it has each fault of docs/machine.md, and shows that
// verifier and simulator both find it, in the same queue, cycle, instruction
// and ONNX node. Exits with 1 when one was missed. weft-fault-test PROGRAM.weft
// --write=FAULT OUT.weft writes a program that has one of them.

#include "Judge.h"

#include "weft/Program/Reader.h"
#include "weft/Program/Writer.h"
#include "weft/Runtime/Binding.h"
#include "weft/Runtime/Run.h"
#include "weft/Runtime/TensorIO.h"

#include <cstdio>
#include <cstdlib>

using namespace weft;
using namespace weft::faults;

namespace {

int report(const Error &error) {
  std::fprintf(stderr, "weft-fault-test: error: %s\n", error.message.c_str());
  return int(error.kind);
}

std::vector<Maker> allMakers() {
  std::vector<Maker> makers;
  for (auto list : {streamMakers, memoryMakers, aluMakers, matrixMakers,
                    linkMakers, formMakers})
    for (Maker &maker : list())
      makers.push_back(std::move(maker));
  return makers;
}

Status writeFaulty(const Program &program, const std::string &fault,
                   const std::string &path) {
  Plan plan(program);
  std::mt19937 random(1);
  for (const Maker &maker : allMakers())
    if (maker.name == fault)
      if (std::optional<Edit> edit = maker.make(plan, random))
        return writeProgram(edit->program, path);
  return Error{ErrorKind::Usage, "no place for '" + fault + "'", {}};
}

/// Prints a line per edit; whether all faults were found as they should be.
Expected<bool> judgeEdits(const Plan &plan, const Judge &judge, int places,
                          std::mt19937 &random) {
  int found = 0, missed = 0;
  for (const Maker &maker : allMakers())
    for (int n = 0; n < places; ++n) {
      std::optional<Edit> edit = maker.make(plan, random);
      if (!edit) {
        std::printf("%s: no place for it: MISSED\n", maker.name.c_str());
        ++missed;
        break;
      }
      Expected<Verdicts> verdicts = judge.judge(
          edit->program, edit->hasEnd ? plan.program.predictedCycles : 0,
          edit->hasCable);
      if (!verdicts)
        return verdicts.error();
      bool ok = judge.asExpected(*verdicts, *edit);
      ++(ok ? found : missed);
      std::printf("%s: verifier: %s; simulator: %s: %s\n", maker.name.c_str(),
                  judge.describe(verdicts->verifier).c_str(),
                  judge.describe(verdicts->simulator).c_str(),
                  ok ? "ok" : "MISSED");
      if (!ok)
        std::printf("  expected at %s cycle %lld\n  %s\n  %s\n",
                    queueName(plan.queue(edit->place.queue)).c_str(),
                    (long long)edit->place.cycle,
                    verdicts->verifier.text.c_str(),
                    verdicts->simulator.text.c_str());
    }
  std::printf("faults: %d ok, %d missed\n", found, missed);
  return missed == 0;
}

/// Whether a program without any name or prediction does what it did with them:
/// the same bits in the same cycles. It goes through a file, and what remains
/// of names, those of inputs and outputs, becomes numbers.
Expected<bool> runsStripped(const Program &program,
                            const std::vector<NamedTensor> &inputs) {
  Program stripped = program;
  stripped.stripNames();
  std::vector<NamedTensor> renamed = inputs;
  auto number = [](size_t i) { return std::to_string(i); };
  for (size_t i = 0; i < stripped.inputs.size(); ++i) {
    TensorBinding &input = stripped.inputs[i];
    for (NamedTensor &tensor : renamed)
      if (tensor.name == input.name)
        tensor.name = number(i);
    for (HostLookup &lookup : stripped.lookups)
      if (lookup.input == input.name)
        lookup.input = number(i);
    input.name = number(i);
    input.indexTable.clear();
  }
  for (size_t i = 0; i < stripped.outputs.size(); ++i)
    stripped.outputs[i].name = number(i);
  Expected<std::vector<uint8_t>> bytes = serializeProgram(stripped);
  if (!bytes)
    return bytes.error();
  Expected<Program> read = deserializeProgram(*bytes, "stripped");
  if (!read)
    return read.error();

  Expected<RunResult> with = runProgram(program, inputs);
  if (!with)
    return with.error();
  Expected<RunResult> without = runProgram(*read, renamed);
  if (!without)
    return without.error();
  bool same = with->simulation.cycles == without->simulation.cycles &&
              with->outputs.size() == without->outputs.size();
  for (size_t i = 0; same && i < with->outputs.size(); ++i)
    same = with->outputs[i].tensor.bytes == without->outputs[i].tensor.bytes;
  std::printf("stripped of names and predictions: %lld cycles, %s\n",
              (long long)without->simulation.cycles,
              same ? "the same outputs" : "NOT THE SAME");
  return same;
}

} // namespace

int main(int argc, char **argv) {
  if (argc < 3 || argc > 6) {
    std::fprintf(stderr, "usage: weft-fault-test PROGRAM.weft INPUTS "
                         "[PLACES [SHIFTS [SEED]]]\n");
    return 1;
  }
  std::string_view second = argv[2], option = "--write=";
  if (second.starts_with(option)) {
    Expected<Program> program = readProgram(argv[1]);
    if (!program)
      return report(program.error());
    Status written =
        argc != 4
            ? Error{ErrorKind::Usage, "--write needs OUT.weft", {}}
            : writeFaulty(*program, std::string(second.substr(option.size())),
                          argv[3]);
    return written ? 0 : report(written.error());
  }
  int places = argc > 3 ? std::atoi(argv[3]) : 2;
  int shifts = argc > 4 ? std::atoi(argv[4]) : 300;
  std::mt19937 random(argc > 5 ? unsigned(std::atoi(argv[5])) : 1);

  Expected<Program> program = readProgram(argv[1]);
  if (!program)
    return report(program.error());
  Expected<std::vector<NamedTensor>> inputs = readTensors(
      argv[2], "input", inputNames(*program), outputNames(*program));
  if (!inputs)
    return report(inputs.error());

  if (Status fine = verifyProgram(*program); !fine)
    return report(fine.error());
  Expected<bool> same = runsStripped(*program, *inputs);
  if (!same)
    return report(same.error());
  Judge judge(*program, std::move(*inputs));
  Expected<Verdicts> unedited = judge.judge(*program);
  if (!unedited)
    return report(unedited.error());
  bool clean = Judge::agree(*unedited) && !unedited->verifier.fault;
  std::printf("unedited: verifier: %s; simulator: %s: %s\n",
              judge.describe(unedited->verifier).c_str(),
              judge.describe(unedited->simulator).c_str(),
              clean ? "ok" : "MISSED");
  if (!clean)
    return 1;
  // Repeats are held to the program's end, predicted or not.
  program->predictedCycles = unedited->simulator.cycles;

  Plan plan(*program);
  Expected<bool> found = judgeEdits(plan, judge, places, random);
  if (!found)
    return report(found.error());
  Expected<ShiftCounts> counts = judgeShifts(plan, judge, shifts, random);
  if (!counts)
    return report(counts.error());
  std::printf("shifts: %d faults (%d told as another kind), %d without, %d in "
              "the data, %d missed\n",
              counts->faults, counts->otherKind, counts->clean, counts->data,
              counts->missed);
  return *same && *found && counts->missed == 0 ? 0 : 1;
}
