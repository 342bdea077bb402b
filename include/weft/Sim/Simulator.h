// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The cycle-exact simulator of one chip or of several: values and timing,
// stopping on the first fault. It reads instruction queues and memory images
// only; names serve to label faults and the report per node. It trusts no
// prediction and decides nothing about a program.

#ifndef WEFT_SIM_SIMULATOR_H
#define WEFT_SIM_SIMULATOR_H

#include "weft/Program/Program.h"

#include <functional>
#include <memory>
#include <optional>
#include <span>

namespace weft {

/// What the machine stops on (docs/machine.md, Faults).
enum class FaultKind : uint8_t {
  StreamNotDriven,     ///< A read of a stream found no value.
  StreamWrongProducer, ///< ... or a value that another queue drove.
  TwoDrivers,          ///< Two units drive one stream at one place and time.
  BankConflict,        ///< A read and a write in one bank of a slice.
  UnwrittenRead,       ///< A word that nothing wrote.
  QueueConflict,       ///< Two instructions in one queue in one cycle.
  ChainedOperand,      ///< No (or no single) result of the ALU this cycle.
  WeightsNotInstalled, ///< abc or iw without loaded weights of its type.
  WeightsOverwritten,  ///< lw over columns that were not yet installed.
  AccumulatorMisuse,   ///< acc without y, y without acc, or an empty row.
  OutOfRange,          ///< Address, index, stream, row or block.
  Misaligned,          ///< A type group off its alignment.
  LinkTooSoon,         ///< Two sends closer than the link's interval.
  LinkNotReceived,     ///< Nothing takes what was sent.
  LinkNotSent,         ///< Nothing was sent that could be received.
  NoSuchInstruction,   ///< Not an instruction of this queue.
  BadRepeat,           ///< Repeats nothing, or past the cycle limit.
  PastLimit,           ///< Issues at or past the cycle limit.
};
std::string_view faultKindName(FaultKind kind);

/// The first fault in the order of cycle, chip and queue number.
struct Fault {
  FaultKind kind = FaultKind::NoSuchInstruction;
  int chip = 0;
  Queue queue;
  int64_t cycle = 0;
  int instruction = 0; ///< Index in the queue; of the repeated one in a repeat.
  std::string node;    ///< ONNX node, where the program knows it.
  std::string message;

  /// "chip 0, east mem 3 read, cycle 17, instruction 4 (read), node 'n': ...".
  std::string text() const;
  Error toError() const { return {ErrorKind::MachineFault, text(), {}}; }
};

/// A cable between two links, both ways.
struct Cable {
  struct End {
    int chip = 0;
    Hemisphere hemisphere = Hemisphere::West;
    int link = 0;
  };
  End a, b;
};

/// One instruction as it issues, for traces.
struct IssueEvent {
  int chip;
  int queue; ///< Queue number.
  int64_t cycle;
  int instruction; ///< Index in the queue.
  int repetition;  ///< 0, or which of the repetitions.
};

struct SimOptions {
  int threads = 0; ///< 0: as many as the host has. Results never depend on it.
  /// Nothing may issue or land at or after this cycle.
  int64_t cycleLimit = int64_t(1) << 31;
  /// Called now and then with the cycle that is being simulated.
  std::function<void(int64_t)> progress;
  int64_t progressInterval = 8192;
  /// Called on every issue when set (slow).
  std::function<void(const IssueEvent &)> trace;
  std::vector<Cable> cables;
};

/// Issues of one queue: nops and repeats themselves do not count.
struct QueueUse {
  int chip = 0;
  int queue = 0; ///< Queue number.
  int64_t issues = 0;
};

/// Issues of all queues of a kind, and their share of queues * cycles.
struct UnitUse {
  Unit unit = Unit::MemRead;
  int queues = 0;
  int64_t issues = 0;
  double utilisation = 0;
};

/// Where a node's cycles went. Each cycle of a chip is divided among the nodes
/// in proportion to what they issue in it.
struct NodeUse {
  std::string node;
  int64_t issues = 0;
  int64_t firstCycle = 0, lastCycle = 0; ///< Of its issues.
  double cycles = 0;                     ///< Its share of the run.
  std::array<int64_t, unitKinds> unitIssues{};
};

struct SimResult {
  int64_t cycles = 0; ///< One more than the last thing that happens.
  std::vector<QueueUse> queues;
  std::vector<UnitUse> units;
  std::vector<NodeUse> nodes; ///< Empty without provenance.
  double idleCycles = 0;      ///< Chip cycles in which nothing issued.
  std::optional<Fault> fault;
};

/// A program loaded into simulated chips. SRAM persists from run to run; all
/// else (streams, weights, accumulators, queues) starts afresh with each.
class Simulator {
public:
  /// Copies the images into SRAM. `program` must outlive the simulator. An
  /// image or a queue that the machine does not have is ErrorKind::Invalid.
  static Expected<Simulator> create(const Program &program,
                                    SimOptions options = {});
  Simulator(Simulator &&) noexcept;
  Simulator &operator=(Simulator &&) noexcept;
  ~Simulator();

  /// Writes whole words from `word` on, which count as written from then on.
  /// data.size() is a multiple of the machine's lanes (bytes per word).
  Status write(int chip, Hemisphere hemisphere, int slice, int word,
               std::span<const uint8_t> data);
  /// Reads whole words; an error if one was never written.
  Status read(int chip, Hemisphere hemisphere, int slice, int word,
              std::span<uint8_t> data) const;

  /// Runs from cycle 0 to the end or the first fault. Errors are of Weft's
  /// making only; faults of the program are in the result.
  Expected<SimResult> run();

private:
  struct Impl;
  explicit Simulator(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl;
};

} // namespace weft

#endif // WEFT_SIM_SIMULATOR_H
