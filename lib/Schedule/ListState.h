// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The state of list scheduling: what is taken of every resource, where buffers
// lie, which chains are ready. Setup.cpp and InitialData.cpp fill it,
// ChainPlacement.cpp finds what one chain needs, Commit.cpp takes it,
// ListSchedule.cpp runs the loop.

#ifndef WEFT_LIB_SCHEDULE_LISTSTATE_H
#define WEFT_LIB_SCHEDULE_LISTSTATE_H

#include "Dependences.h"
#include "Flow.h"
#include "Forecast.h"
#include "Timeline.h"

#include "weft/Schedule/Scheduler.h"

namespace weft::schedule {

/// One memory slice.
struct SliceState {
  Hemisphere hemisphere = Hemisphere::West;
  int number = 0;
  int position = 0;
  bool reserved = false;
  /// Loads that read it, counted up to each step of the program order.
  std::vector<int> loadsBefore;
  BusyCycles reads, writes;
  std::vector<BusyCycles> bankReads, bankWrites; ///< By bank.
  std::vector<FreeRanges> free;                  ///< By bank; bank-relative.
  /// By bank: accesses, in chains, that buffers other than weights still wait
  /// for.
  std::vector<int> pending;
  int traffic() const {
    int sum = 0;
    for (int p : pending)
      sum += p;
    return sum;
  }
  int used = 0, peak = 0;
};

struct BufferState {
  bool placed = false;
  Buffer::Place place;
  int slice = -1;      ///< Index of SliceState.
  int64_t from = 0;    ///< Its words are its own from this cycle.
  int64_t lastUse = 0; ///< Last issue scheduled so far.
  int remaining = 0;   ///< Chains that touch it and are not scheduled.
  int firstChain = -1, lastChain = -1; ///< Of those that touch it at all.
  std::vector<int32_t> readable;       ///< By word; only where chains write.
  std::vector<int32_t> touched;        ///< By word; only where rewritten.
  BusyCycles reads, writes;            ///< Of itself, for idealMemory.
};

/// One matrix unit: the pair or plane that loads and passes alternate on.
struct MatrixState {
  /// By plane: the last iw, from which on lw go to the new shadow, and the last
  /// abc.
  std::array<int64_t, 2> loadsFrom = {0, 0}, lastActivation = {-1, -1};
  FreeRanges rows;
  std::vector<int> ready; ///< Passes whose inputs are all scheduled.
  int bound = -1;         ///< Pass whose load is scheduled, it not yet.
  int reserve = 0; ///< Rows that in-order execution needs at most at once.
  int half = 0;    ///< Of the streams, that its last activations came on.
  bool rowsFreed = false; ///< Since its pass was last chosen.
  int lastGroup = -1;     ///< Accumulator group of the last pass.
  int64_t queued = never; ///< Start of its earliest entry in the heap.
};

struct GroupState {
  std::vector<int> members; ///< Chains in order.
  int rows = 0;
  int unit = -1;
  int row = -1;    ///< First row while open.
  int waiting = 0; ///< Dependences of members on chains not yet scheduled.
  size_t done = 0; ///< Members scheduled.
};

enum class Outcome {
  Placed,
  NoMemory, ///< Nothing free, ever, with the lifetimes known so far.
  NoRows,   ///< No accumulator rows, likewise.
  Stuck,    ///< Cannot be satisfied in any cycle.
};

/// What a chain would take if it started at `start`.
struct Plan {
  int64_t start = 0;
  std::vector<int> streams, alus;
  struct NewPlace {
    int buffer;
    Buffer::Place place;
    int slice;
    int64_t from;
  };
  std::vector<NewPlace> places;
  int row = -1;
};

/// What a run of the scheduler is tuned by. Any values give a valid schedule;
/// which are best depends on the problem.
struct Tuning {
  /// Parts that the slices of a hemisphere are divided into: the weights of
  /// one stretch of the program fill one part, so that activations find the
  /// others quiet meanwhile.
  int parts = 2;
  /// Cost of a place for each chain that still waits for data in its bank, in
  /// its slice, and for loads of weights from the slice while the buffer lives;
  /// a hop from the VXM costs 1.
  int bankCost = 4, sliceCost = 2, weightCost = 200, loadedCost = 60;
  /// Cost of a place for every 64 words short of roomyWords left in the slice:
  /// wide chains need room in many slices.
  int roomCost = 20;
  /// How far chains may run ahead of the first that is not scheduled, in
  /// chains. Running ahead fills memory with results that wait.
  int window = 1 << 30;
  /// A pass may start this many cycles after the first that could, if more
  /// depends on it: slices that are busy for a moment do not decide.
  int passSlack = 16;
  /// Paths to the end that differ by less than this count as equal.
  int pathGrain = 128;
  /// What a cycle costs in which, by the forecast, two buffers of a slice want
  /// one side of it or one bank. With a forecast it stands for the costs of
  /// traffic and of loads.
  int conflictCost = 32;
  /// Whether buffers are only in their own way, as if each had a slice to
  /// itself: no schedule, but what a forecast is made from.
  bool idealMemory = false;
};

/// Free words from which a slice counts as roomy.
constexpr int roomyWords = 1024;

/// Chains to a step of SliceState::loadsBefore.
constexpr int loadStep = 32;

class ListScheduler {
public:
  ListScheduler(const Problem &problem, const SchedulerOptions &options,
                const Tuning &tuning, const Forecast *forecast = nullptr);
  Expected<Schedule> run();

private:
  // Setup.cpp
  Status prepare();
  Status placeFixed();
  int loadsDuring(const SliceState &s, int b) const;
  int64_t placeCost(const SliceState &s, int bank, int b) const;
  void put(int b, const Buffer::Place &place);
  bool putIn(int b, int slice);
  void markForbidden(int b);
  Error doesNotFit(const std::string &what) const;

  // InitialData.cpp
  bool isFull() const;
  int64_t roomIn(const SliceState &s) const;
  int64_t takeText(SliceState &s, int64_t words);
  Status reserveText();
  Status placeInitial();
  void placeWeights(std::vector<int> &others);
  /// What a slice is to take of the buffers of one size.
  struct Share {
    int slice = 0;
    int64_t before = 0; ///< Words in use when they came.
    int64_t words = 0;
  };
  int leastFilled(int words, const std::vector<Share> &shares,
                  bool withinShare) const;
  void fillSlices(int h, const std::vector<int> &weights,
                  std::vector<int> &others);
  void countLoads();
  bool placeInitialBuffer(int b);

  // Commit.cpp
  void commit(int c, const Plan &plan);

  // ChainPlacement.cpp
  bool areSimultaneous(int a, int b) const;
  Outcome plan(int c, int64_t bound, Plan &plan);
  Outcome planHere(int c, int64_t bound, Plan &plan);
  bool loadsAtOnce(int c) const;
  bool moveSets(int c, bool always);
  int64_t readyCycle(int c);
  int64_t queuesFree(int c, int64_t bound);

  /// What an access to a buffer finds busy: its side of the slice, and its bank
  /// for the other side.
  struct Ports {
    const BusyCycles *side, *other;
  };
  Ports portsOf(int buffer, bool write) const;

  // ListSchedule.cpp
  struct Entry {
    int64_t start;
    int64_t path;
    int order;
    bool unit; ///< `order` is a matrix unit that wants its next pass.
  };
  /// First starts of a load and of a pass that the unit's last pass allows.
  int64_t loadsFrom(const MatrixState &unit, const Chain &load) const;
  int64_t passesFrom(const MatrixState &unit, const Chain &pass) const;
  static bool later(const Entry &a, const Entry &b);
  void push(Entry e);
  void scheduled(int c);
  void becomeReady(int c);
  void pushUnit(int u);
  int choosePass(int u, int64_t &start);
  bool mayOpen(int u, int c) const;
  /// Whether the window keeps a chain back. What began to accumulate may end.
  bool tooFar(int c) const {
    const Chain &chain = problem.chains[c];
    if (groupOf[c] >= 0 && groups[groupOf[c]].row >= 0)
      return false;
    int first = chain.role == MxmRole::Pass ? std::min(c, chain.load) : c;
    return first - int(firstUndone) >= tuning.window;
  }
  bool step(const Entry &e, Error &error);
  Error deadlock() const;

  int sliceIndex(Hemisphere h, int slice) const {
    return int(h) * machine.slices + slice;
  }
  int bankOf(int address) const { return address / machine.wordsPerBank; }
  BusyCycles &queue(const Op &op) {
    return queues[(int(op.unit) * 2 + int(op.hemisphere)) * 64 + op.index];
  }

  const Problem &problem;
  const Machine &machine;
  const SchedulerOptions &options;
  const Tuning tuning;
  /// Of accesses; those of the buffers placed so far are in each other's way.
  std::optional<Forecast> forecast;

  // Fixed once prepared.
  std::vector<int> movableSet; ///< See SideChoice.
  std::vector<char> votedSet;
  std::vector<std::vector<int>> setMembers;
  DependenceGraph graph;
  Simultaneity simultaneous;
  std::vector<std::vector<int>> groupMembers; ///< Buffer::group -> buffers.
  std::vector<int> unitOf;                    ///< Chain -> matrix unit, or -1.
  std::vector<int> passOf;                    ///< Load -> its pass.
  std::vector<int> groupOf; ///< Chain -> index into groups, or -1.

  // Resources.
  std::vector<SliceState> slices;
  std::vector<BufferState> buffers;
  /// Of every buffer; final once one of its set is placed.
  std::vector<Hemisphere> hemispheres;
  std::vector<char> setPlaced; ///< By set: some member has a place.
  std::vector<BusyCycles> alus;
  std::vector<BusyCycles> queues;
  std::vector<StreamClaims> streams[2]; ///< [0] west, [1] east.
  std::vector<MatrixState> units;
  std::vector<GroupState> groups;

  // Progress.
  Schedule result;
  std::vector<bool> done;
  std::vector<int> waiting;     ///< By chain: a pass counts for its load too.
  std::vector<int64_t> readyAt; ///< By chain, once its inputs are scheduled.
  std::vector<Entry> heap;
  std::vector<Entry> blocked;  ///< Until memory or rows come free.
  std::vector<Entry> deferred; ///< Until the window reaches them.
  bool released = false;       ///< Memory or rows came free.
  size_t refusals = 0;         ///< Plans that found no memory or no rows.
  size_t firstUndone = 0;
  int64_t lastCycle = -1;

  // Scratch.
  std::vector<Flow> flows;
  std::vector<char> forbidden; ///< By slice.
  bool full = false;           ///< See isFull.
  std::vector<char> isWeight;  ///< By buffer: initial, only loads read it.
  std::vector<char> isLoaded;  ///< By buffer: chains write it, loads read it.
};

} // namespace weft::schedule

#endif // WEFT_LIB_SCHEDULE_LISTSTATE_H
