// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// A program laid out in time, for finding places where an edit makes a fault:
// what issues when, which values pass where on the streams, which words hold
// something. Written for these tests alone; neither the verifier's nor the
// simulator's code is used, so that an edit's fault is predicted from
// docs/machine.md a third time.

#ifndef WEFT_TEST_FAULTS_PLAN_H
#define WEFT_TEST_FAULTS_PLAN_H

#include "weft/Program/Program.h"

#include <random>
#include <unordered_map>

namespace weft::faults {

/// One issue of an instruction, repeats expanded: `inst` has the address of
/// this issue.
struct Issue {
  Instruction inst;
  /// Index into Program::nodes; what an edit adds is said to be of the first.
  int32_t node = 0;
};
/// What a queue issues, by cycle.
using Timeline = std::map<int64_t, Issue>;

/// An issue's queue and cycle.
struct Place {
  int queue = -1;
  int64_t cycle = 0;
  friend bool operator==(const Place &, const Place &) = default;
};

/// A stream is driven or read at a unit's position.
struct StreamEvent {
  int64_t cycle = 0;
  int queue = -1;
  int64_t issued = 0; ///< Cycle of the issue; a drive comes later.
  bool drives = false;
  int producer = -1; ///< Named by a read.
};

class Plan {
public:
  /// Chip 0 of the program, which must outlive the plan.
  explicit Plan(const Program &program);

  const Program &program;
  const Machine &machine;
  std::map<int, Timeline> queues;

  Queue queue(int number) const { return *queueOfNumber(machine, number); }
  int number(Unit unit, Hemisphere hemisphere, int index) const {
    return queueNumber(machine, {unit, hemisphere, uint8_t(index)});
  }
  int position(int number) const {
    return queuePosition(machine, queue(number));
  }
  bool isIdle(int queue, int64_t cycle) const;
  const Issue &at(Place place) const {
    return queues.at(place.queue).at(place.cycle);
  }
  /// All issues in queues of a kind, in random order.
  std::vector<Place> issuesOf(Unit unit, std::mt19937 &random) const;

  /// Everything on the diagonal of stream `s` through (position, cycle), in
  /// ascending cycles; of one cycle drives first, then by queue.
  const std::vector<StreamEvent> &passing(int s, int position,
                                          int64_t cycle) const;
  /// Whether streams s.. carry nothing on these diagonals, ever.
  bool isFree(int first, int count, int position, int64_t cycle) const;
  /// A group of `count` free streams of a direction through (position, cycle).
  std::optional<int> freeStream(bool eastward, int count, int position,
                                int64_t cycle) const;

  /// Whether a word is written before cycle 0.
  bool isPreset(int queue, int word) const;
  /// Any such word of the slice of a queue, if there is one.
  std::optional<int> presetWord(int queue) const;
  /// The cycle from which a word can be read; nothing if never.
  std::optional<int64_t> definedFrom(int queue, int word) const;

  /// The program with one queue as in the timeline.
  Program with(int queue, const Timeline &timeline) const {
    Program edited = program;
    put(edited, queue, timeline);
    return edited;
  }
  static void put(Program &edited, int queue, const Timeline &timeline);

private:
  void addTraffic(int queue, int64_t cycle, const Instruction &inst);
  void addEvent(int stream, StreamEvent event);
  uint64_t keyOf(int stream, int position, int64_t cycle) const;
  size_t wordIndex(int queue, int word) const;

  std::unordered_map<uint64_t, std::vector<StreamEvent>> diagonals;
  std::vector<int64_t> defined; ///< By slice and word; -1 never.
};

} // namespace weft::faults

#endif // WEFT_TEST_FAULTS_PLAN_H
