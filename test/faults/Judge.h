// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Takes a program through verifier and simulator and compares what they say.

#ifndef WEFT_TEST_FAULTS_JUDGE_H
#define WEFT_TEST_FAULTS_JUDGE_H

#include "Edit.h"

#include "weft/Runtime/Tensor.h"

namespace weft::faults {

/// What verifier or simulator found.
struct Verdict {
  bool fault = false;
  int kind = 0; ///< verify::FaultKind or FaultKind.
  std::string kindName;
  Place place;
  int64_t instruction = -1;
  std::string node, text;
  int64_t cycles = 0; ///< Without a fault.
};

struct Verdicts {
  Verdict verifier, simulator;
};

class Judge {
public:
  Judge(const Program &program, std::vector<NamedTensor> inputs)
      : machine(program.machine), inputs(std::move(inputs)) {}

  /// `end`, where not 0, is the cycle from which on nothing may issue.
  Expected<Verdicts> judge(const Program &program, int64_t end = 0,
                           bool hasCable = false) const;
  /// "bank conflict at east mem 3 write cycle 17", "none in 65 cycles".
  std::string describe(const Verdict &verdict) const;
  /// Fault or none, place, instruction and node, or the cycles.
  static bool agree(const Verdicts &verdicts);
  /// Whether both found the fault that the edit makes, and where it is.
  bool asExpected(const Verdicts &verdicts, const Edit &edit) const;
  /// Whether the text of a fault names chip, unit, cycle, instruction and ONNX
  /// node.
  bool namesPlace(const Verdict &verdict) const;

private:
  Expected<Verdict> verify(const Program &program, int64_t end,
                           bool hasCable) const;
  Expected<Verdict> simulate(const Program &program, int64_t end,
                             bool hasCable) const;

  const Machine &machine;
  std::vector<NamedTensor> inputs;
};

/// How many of the shifts had a fault, none, or were judged differently.
struct ShiftCounts {
  int faults = 0, clean = 0, data = 0, missed = 0, otherKind = 0;
};

/// Makes `count` edits that shift instructions by a cycle at random places and
/// prints those on which verifier and simulator disagree.
Expected<ShiftCounts> judgeShifts(const Plan &plan, const Judge &judge,
                                  int count, std::mt19937 &random);

} // namespace weft::faults

#endif // WEFT_TEST_FAULTS_JUDGE_H
