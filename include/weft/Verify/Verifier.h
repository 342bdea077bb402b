// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The static verifier of programs: follows every queue through time and judges
// it by the rules of docs/machine.md, without values. It shares nothing with
// the scheduler that made the program nor with the simulator that runs it.

#ifndef WEFT_VERIFY_VERIFIER_H
#define WEFT_VERIFY_VERIFIER_H

#include "weft/Program/Program.h"

#include <optional>

namespace weft {

namespace verify {

/// The faults of docs/machine.md.
enum class FaultKind : uint8_t {
  StreamNotDriven,     ///< A stream that is read carries no value there.
  WrongProducer,       ///< It carries another unit's value than is named.
  TwoDrivers,          ///< Two units drive one stream, position and cycle.
  BankConflict,        ///< A slice reads and writes one bank in one cycle.
  NeverWritten,        ///< Read of a word that nothing wrote before.
  QueueConflict,       ///< Two instructions in one queue side in one cycle.
  ChainedOperand,      ///< No result of that ALU arrives in this cycle.
  WeightsNotInstalled, ///< abc before iw, or iw with nothing loaded.
  WeightsOverwritten,  ///< A column loaded again before it was installed.
  AccumulatorMisuse,   ///< acc without y, y without acc, row not stored, ...
  OutOfRange,          ///< Address, index, stream, lane or block.
  Misaligned,          ///< A type's group of streams is not aligned on it.
  LinkTooSoon,         ///< Two vectors on one link within its interval.
  LinkNotReceived,     ///< Sent, and no receive when it arrives.
  LinkNotSent,         ///< Received, and nothing was sent.
  UnknownInstruction,  ///< Does not exist, on this unit or for this type.
  BadRepeat,           ///< Repeats nothing, or past the program's end.
  CyclesDiffer,        ///< The program's cycles are not those predicted.
};
/// "stream not driven", "two drivers", ...
std::string_view faultKindName(FaultKind kind);

/// One fault, and the instruction that met it.
struct Fault {
  FaultKind kind = FaultKind::UnknownInstruction;
  int chip = 0;
  int queue = -1; ///< Queue number; -1 when no single queue is at fault.
  int64_t cycle = 0;
  int64_t instruction = -1; ///< Index in the queue; of a repeated instruction
                            ///< the one that is repeated. -1 without a queue.
  Opcode opcode = Opcode::Nop;
  std::string node;    ///< ONNX node, when the program's provenance has one.
  std::string message; ///< What was expected and what was found.
};

/// One line: "chip 0, east mxm 0 abc, cycle 15, instruction 1 (abc), node
/// 'MatMul_1': stream not driven: ...".
std::string faultText(const Machine &machine, const Fault &fault);

/// One end of a cable.
struct LinkEnd {
  int chip = 0;
  Hemisphere hemisphere = Hemisphere::West;
  uint8_t link = 0;
  friend auto operator<=>(const LinkEnd &, const LinkEnd &) = default;
};

/// What the verifier found.
struct Result {
  /// The fault of the earliest cycle, then of the lowest chip and queue.
  std::optional<Fault> fault;
  /// Cycles of the program: one more than the last issue, landing or delivery
  /// of any chip. With a fault, as far as the program was followed.
  int64_t cycles = 0;
  int64_t issues = 0; ///< Instructions issued, repeats counted; without nops.
};

} // namespace verify

struct VerifyOptions {
  /// Refuse when Program::predictedCycles is given and is not what the program
  /// takes, and repeats that issue at or beyond it.
  bool checkPrediction = true;
  /// Refuse when the words of a graph output were not all written.
  bool checkOutputs = true;
  /// Cables between chips; a link that none of them names is unconnected.
  std::vector<std::pair<verify::LinkEnd, verify::LinkEnd>> cables = {};
};

/// Follows the whole program. An error (ErrorKind::Invalid) only when it
/// cannot be followed at all: its machine is contradictory, or an image or a
/// placement lies outside the memory. Takes time in the instructions issued.
Expected<verify::Result> followProgram(const Program &program,
                                       const VerifyOptions &options = {});

/// Succeeds when the program has no fault; otherwise ErrorKind::MachineFault
/// with faultText() of the first.
Status verifyProgram(const Program &program, const VerifyOptions &options = {});

} // namespace weft

#endif // WEFT_VERIFY_VERIFIER_H
