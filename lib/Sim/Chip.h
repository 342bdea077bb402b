// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// One chip: its queues, its units' state, and what happens in a cycle; values
// are the engine's (Engine.h). The units' behaviour is in
// Chip{Memory,Vxm,Mxm,Sxm,Link}.cpp, the queues and the order within a cycle in
// Chip.cpp.
//
// Choices where docs/machine.md leaves room:
// - A program ends one cycle after its last issue (nops and repeats themselves
//   do not count), landing on a stream or arrival; a MEM read lands at t + 1.
// - A fault is that of the earliest cycle, then chip, then queue number; a
//   repeated instruction goes by its own index. Two drivers: the fault of the
//   higher queue number, in the cycle of the clash.
// - repeat 0 issues nothing and takes no cycle; nop 0 takes none. A repeat
//   after a nop, a repeat or nothing is a bad repeat; distance 0 puts two
//   instructions in one cycle. Stride 1 steps the base of gather and scatter.
// - lw, abc, send and the SXM take outward streams; acc, receive and the SXM
//   drive inward ones. acc and receive drive in the cycle they issue.
// - A chained operand is read in exactly the cycle issue + d of its ALU; if
//   results of both latencies come in that cycle, naming that ALU is a fault.
//   Widths must agree; types may differ (bits are taken as they are).
// - iw leaves the shadow empty; columns not loaded since read as zero. A
//   column loaded twice without an iw between is overwritten weights. A shadow
//   holds int8 or fp16 weights, not both; an fp16 iw takes both planes. It
//   stands in any queue of its plane, that of a pair in any of either plane.
// - A pair is told by its even plane in all three queues. Its accumulator row r
//   takes row r of both planes. acc names a stream exactly when it emits; only
//   Store makes a row; a y that no acc takes in its cycle is the abc's fault.
// - select.lanes: lanes [first, first + length) of operand 1, the rest of
//   operand 0. shift: less than a vector either way.
// - gather, scatter: lane 0 of superlane k in the map pair holds its index; the
//   table lies in one bank, which is the bank that the access uses. A word
//   counts as written by superlane.
// - A send on an open link, and an arrival that nothing receives, is the
//   sender's fault (in the cycle of the send or of the arrival).
// - Arithmetic: VectorOps.cpp, Elementary.cpp, Matrix.h.

#ifndef WEFT_SIM_CHIP_H
#define WEFT_SIM_CHIP_H

#include "Engine.h"
#include "Sram.h"
#include "Streams.h"

#include "weft/Sim/Simulator.h"

#include <deque>
#include <queue>

namespace weft::sim {

/// What is wrong with an instruction in whatever cycle it issues.
struct StaticFault {
  FaultKind kind;
  std::string message;
};
/// Checks what does not depend on time or on a repeat's stride.
std::optional<StaticFault> checkInstruction(const Machine &machine, Queue queue,
                                            const Instruction &inst);

class Chip {
public:
  static constexpr int64_t never = INT64_MAX;

  Chip(const Program &program, int index, const SimOptions &options,
       Engine &engine);

  Sram sram;

  /// Joins a link to a link of a chip (or of this one), one way.
  void connect(int link, Chip *peer, int peerLink);
  int linkIndex(Hemisphere h, int link) const {
    return int(h) * machine.links + link;
  }

  /// Forgets everything but SRAM and arms the queues for cycle 0.
  void start();
  /// The next cycle in which something may happen; never when done.
  int64_t nextCycle();
  void step(int64_t cycle);

  const std::optional<Fault> &firstFault() const { return fault; }
  /// The last cycle in which something issued, landed or was delivered, or -1.
  int64_t lastCycle() const { return last; }
  void report(SimResult &result) const;
  int64_t idleUntil(int64_t cycles) const { return cycles - busyCycles; }

private:
  struct QueueState {
    Queue id;
    bool repeatable = false; ///< The last decoded one may be repeated.
    bool poisoned = false;   ///< Fails instead of issuing.
    int number = 0, position = 0;
    int current = 0; ///< Instruction that issues next.
    int step = 0;    ///< Which repetition of it.
    int stride = 0;
    uint32_t remaining = 0; ///< Further repetitions after it.
    uint32_t distance = 1;
    int32_t node = -1; ///< Of the current instruction.
    int64_t issues = 0;
    const std::vector<Instruction> *text = nullptr;
    const std::vector<int32_t> *nodes = nullptr;
    size_t next = 0;      ///< Next instruction to decode.
    StaticFault poison{}; ///< Why, if poisoned.
  };
  /// An instruction in the cycle in which it issues.
  struct Issue {
    const QueueState &queue;
    const Instruction &inst;
    int address; ///< With the repeat's stride.
  };
  /// A value on its way to a stream, or a delayed write.
  struct Landing {
    int16_t stream, position, producer;
    int instruction;
    Vector vector;
  };
  struct LateWrite {
    int64_t cycle;
    Hemisphere hemisphere;
    int slice, word;
    uint64_t mask;
    Vector vector;
  };
  struct MemSide {
    int64_t readCycle = -1;
    int readBank = 0;
  };
  struct AluResult {
    int64_t issued = -1;
    int latency = 0, width = 4;
    Lines<uint32_t> values; ///< Written and read by the engine.
  };
  enum class Row : uint8_t { Empty, I32, F32, PairHigh };
  /// A result on its way through a plane.
  struct Result {
    int64_t due = -1; ///< Cycle in which it appears.
    Batch *batch = nullptr;
    int row = 0; ///< Of the batch.
    DataType type = DataType::I8;
    bool taken = false;
    int instruction = 0; ///< Of the abc.
  };
  struct Plane {
    Tile *shadow = nullptr, *active = nullptr;
    Batch *batch = nullptr; ///< Takes further rows, until it is launched.
    Lines<uint32_t> rows;   ///< Written and read by the engine.
    std::vector<Row> state;
    std::vector<Result> results; ///< By due cycle.
  };
  struct DueRow {
    int64_t cycle;
    int plane;
  };
  struct Arrival {
    int64_t due;
    Chip *sender;
    int queue, instruction;
    bool taken;
    Vector vector;
  };
  struct Port {
    Chip *peer = nullptr;
    int peerPort = 0;
    int64_t lastSend = -1;
    std::deque<Arrival> arrivals;
  };
  struct NodeStat {
    int64_t issues = 0, first = 0, last = 0;
    double cycles = 0;
    std::array<int64_t, unitKinds> units{};
  };

  // Chip.cpp: queues, faults, landings.
  void arm(QueueState &queue, int64_t cycle);
  void advance(QueueState &queue, int64_t from);
  void issueQueue(QueueState &queue);
  void land();
  void fail(const QueueState &queue, int instruction, FaultKind kind,
            std::string message);
  void fail(const Issue &issue, FaultKind kind, std::string message) {
    fail(issue.queue, issue.queue.current, kind, std::move(message));
  }
  void happens(int64_t cycle) { last = std::max(last, cycle); }
  /// What a stream carries here and now; null bytes after a fault.
  Vector take(const Issue &issue, int stream, int producer) {
    const Streams::Value *value =
        streams.find(stream, issue.queue.position, now);
    if (value && value->producer == producer)
      return value->vector();
    failTake(issue, stream, producer);
    return {};
  }
  void failTake(const Issue &issue, int stream, int producer);
  /// Puts a vector on a stream `latency` cycles from now (0: at once).
  void emit(const Issue &issue, int stream, int latency, Vector vector) {
    happens(now + latency);
    const QueueState &queue = issue.queue;
    if (latency > 0) {
      ++flying;
      landings[size_t(now + latency) & (landings.size() - 1)].emplace_back(
          int16_t(stream), int16_t(queue.position), int16_t(queue.number),
          queue.current, vector);
      return;
    }
    if (!streams.drive(stream, queue.position, now, queue.number, vector))
      failDrive(queue, queue.current, stream, queue.position);
  }
  void failDrive(const QueueState &queue, int instruction, int stream,
                 int position);
  /// Allocates results of the engine's operation and writes their addresses.
  void results(Vector *vectors, int count, const void **pointers);
  void accountNodes();

  // Units.
  bool claim(const Issue &issue, int words);
  void memRead(const Issue &issue);
  void memWrite(const Issue &issue);
  void gather(const Issue &issue);
  void scatter(const Issue &issue);
  bool checkBank(const Issue &issue);
  void write(const Issue &issue, int word, uint64_t mask, Vector vector);
  void commit(const LateWrite &write);
  bool readIndices(const Issue &issue, int operand, int count, int step,
                   int limit, const char *what, int *indices);
  void alu(const Issue &issue);
  bool aluOperand(const Issue &issue, int operand, const void **pointers,
                  int &count);
  void mxmWeights(const Issue &issue);
  void loadBytes(const Issue &issue);
  void loadPairs(const Issue &issue);
  bool claimColumns(const Issue &issue, Tile &tile, int first, int count);
  void assign(Tile *&slot, Tile *tile);
  void close(Plane &plane);
  void install(const Issue &issue);
  void activate(const Issue &issue);
  void accumulate(const Issue &issue);
  void checkDueRows();
  void sxm(const Issue &issue);
  void transpose(const Issue &issue);
  void link(const Issue &issue);
  void checkArrivals();
  Plane &planeAt(Hemisphere h, int plane) {
    return planes[size_t(h) * machine.planes + plane];
  }
  Plane &planeOf(const Issue &issue) {
    return planeAt(issue.queue.id.hemisphere, issue.queue.id.index);
  }

  const Program &program;
  const Machine &machine;
  const SimOptions &options;
  Engine &engine;
  int index, lanes;
  int64_t now = 0, last = -1, busyCycles = 0;
  std::optional<Fault> fault;
  std::vector<bool> charged; ///< Queues with any fault.

  // Queues, and when they issue: a bit per queue in a ring of cycles, with a
  // heap for what lies beyond the ring.
  static constexpr int64_t horizon = 2048;
  using QueueSet = std::array<uint64_t, 4>;
  std::vector<QueueState> queues;
  std::vector<QueueSet> wheel;
  using Far = std::pair<int64_t, int>;
  std::priority_queue<Far, std::vector<Far>, std::greater<>> far;
  QueueSet accumulators{}, activators{}; ///< Which go first.
  QueueSet matrixQueues{};               ///< In which an iw may stand.
  int armed = 0;

  Streams streams;
  std::vector<std::vector<Landing>> landings; ///< By cycle.
  int64_t flying = 0;
  std::deque<LateWrite> lateWrites;
  std::vector<MemSide> memSides;
  std::vector<AluResult> aluResults; ///< By ALU and issue cycle.
  int aluRing = 0;
  std::vector<Plane> planes;
  std::deque<DueRow> due;
  int dueRing = 0;
  std::vector<Port> ports;
  int64_t arriving = 0;

  std::vector<NodeStat> nodeStats;
  std::vector<int32_t> cycleNodes;
  int cycleIssues = 0;
};

} // namespace weft::sim

#endif // WEFT_SIM_CHIP_H
