// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Edits that make a fault, and the fault that each must be told as. How a
// program is judged is Judge.h.

#ifndef WEFT_TEST_FAULTS_EDIT_H
#define WEFT_TEST_FAULTS_EDIT_H

#include "Plan.h"

#include "weft/Sim/Simulator.h"
#include "weft/Verify/Verifier.h"

#include <functional>

namespace weft::faults {

/// The fault in the verifier's words and in the simulator's.
struct Kind {
  verify::FaultKind verifier;
  FaultKind simulator;
};
namespace kinds {
using V = verify::FaultKind;
using S = FaultKind;
inline constexpr Kind notDriven{V::StreamNotDriven, S::StreamNotDriven};
inline constexpr Kind wrongProducer{V::WrongProducer, S::StreamWrongProducer};
inline constexpr Kind twoDrivers{V::TwoDrivers, S::TwoDrivers};
inline constexpr Kind bankConflict{V::BankConflict, S::BankConflict};
inline constexpr Kind neverWritten{V::NeverWritten, S::UnwrittenRead};
inline constexpr Kind queueConflict{V::QueueConflict, S::QueueConflict};
inline constexpr Kind chained{V::ChainedOperand, S::ChainedOperand};
inline constexpr Kind notInstalled{V::WeightsNotInstalled,
                                   S::WeightsNotInstalled};
inline constexpr Kind overwritten{V::WeightsOverwritten, S::WeightsOverwritten};
inline constexpr Kind misuse{V::AccumulatorMisuse, S::AccumulatorMisuse};
inline constexpr Kind outOfRange{V::OutOfRange, S::OutOfRange};
inline constexpr Kind misaligned{V::Misaligned, S::Misaligned};
inline constexpr Kind tooSoon{V::LinkTooSoon, S::LinkTooSoon};
inline constexpr Kind notReceived{V::LinkNotReceived, S::LinkNotReceived};
inline constexpr Kind notSent{V::LinkNotSent, S::LinkNotSent};
inline constexpr Kind unknown{V::UnknownInstruction, S::NoSuchInstruction};
inline constexpr Kind badRepeat{V::BadRepeat, S::BadRepeat};
} // namespace kinds

/// An edited program and its first fault.
struct Edit {
  Program program;
  Kind kind = kinds::unknown;
  Place place;
  /// An index that is data: the simulator alone can judge it.
  bool isData = false;
  /// No fault at all: the edit that the next ones are made from.
  bool isClean = false;
  /// Give the program's end, where a repeat must not go, to both.
  bool hasEnd = false;
  /// Joins link 0 of the two hemispheres.
  bool hasCable = false;
};

/// Makes an edit at a random place; nothing when the program has none.
struct Maker {
  std::string name;
  std::function<std::optional<Edit>(const Plan &, std::mt19937 &)> make;
};

std::vector<Maker> streamMakers();
std::vector<Maker> memoryMakers();
std::vector<Maker> aluMakers();
std::vector<Maker> matrixMakers();
std::vector<Maker> linkMakers();
std::vector<Maker> formMakers();

/// The first of these issues for which `change` says true; it edits the
/// instruction, which is then at fault in its own queue and cycle.
std::optional<Edit>
changeOne(const Plan &plan, const std::vector<Place> &places, Kind kind,
          const std::function<bool(Instruction &, Place)> &change);

/// The same edit without the issue, or with another one.
Edit without(const Plan &plan, Place issue, Kind kind, Place fault);
Edit withIssue(const Plan &plan, Place issue, const Instruction &inst,
               Kind kind, Place fault);

} // namespace weft::faults

#endif // WEFT_TEST_FAULTS_EDIT_H
