// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Where the images of a program lie, and who fills them. Every operation
// writes words of its own, so operations fill in parallel and the bytes do not
// depend on their order.

#include "Images.h"

#include "mlir/IR/Threading.h"

#include <algorithm>

using namespace weft;
using namespace weft::target;
using llvm::dyn_cast;
using llvm::isa;

mlir::FailureOr<ImagePlaces>
target::layOutImages(const tsp::SchedulingProblem &s,
                     const Schedule &schedule) {
  ImagePlaces result;
  result.of.assign(s.problem.buffers.size(), {-1, 0});
  struct Range {
    int hemisphere, slice, address, words, buffer;
    mlir::Operation *op;
  };
  std::vector<Range> ranges;
  for (auto [op, first] : s.memory) {
    if (!isa<tsp::ConstantOp, tsp::WeightsOp>(op))
      continue;
    for (int b = first; b < first + int(op->getNumResults()); ++b) {
      const Buffer::Place &p = schedule.places[size_t(b)];
      ranges.push_back({int(p.hemisphere), p.slice, p.address,
                        s.problem.buffers[size_t(b)].words, b, op});
    }
  }
  std::sort(ranges.begin(), ranges.end(), [](const Range &a, const Range &b) {
    return std::tie(a.hemisphere, a.slice, a.address, a.buffer) <
           std::tie(b.hemisphere, b.slice, b.address, b.buffer);
  });
  size_t lanes = size_t(s.machine.lanes());
  std::vector<int> words;
  const Range *last = nullptr;
  for (const Range &range : ranges) {
    bool same = last && last->hemisphere == range.hemisphere &&
                last->slice == range.slice;
    if (same && range.address < last->address + last->words) {
      mlir::InFlightDiagnostic error = range.op->emitOpError("lies on word ")
                                       << range.address << " of slice "
                                       << range.slice << ", which is taken";
      error.attachNote(last->op->getLoc()) << "by this";
      return mlir::failure();
    }
    if (!same || range.address > last->address + last->words) {
      MemoryImage image;
      image.hemisphere = Hemisphere(range.hemisphere);
      image.slice = uint8_t(range.slice);
      image.address = uint16_t(range.address);
      result.images.push_back(std::move(image));
      words.push_back(0);
    }
    result.of[size_t(range.buffer)] = {int(result.images.size()) - 1,
                                       size_t(words.back()) * lanes};
    words.back() += range.words;
    last = &range;
  }
  for (size_t i = 0; i < words.size(); ++i)
    result.images[i].data.edit().resize(size_t(words[i]) * lanes);
  return result;
}

mlir::LogicalResult target::fillImages(const tsp::SchedulingProblem &s,
                                       ImagePlaces &places,
                                       WeightFiles &files) {
  llvm::SmallVector<std::pair<mlir::Operation *, int>> work;
  for (auto [op, first] : s.memory)
    if (isa<tsp::ConstantOp, tsp::WeightsOp>(op))
      work.push_back({op, first});
  if (work.empty())
    return mlir::success();
  return mlir::failableParallelForEach(
      work.front().first->getContext(), work,
      [&](auto item) -> mlir::LogicalResult {
        auto [op, first] = item;
        llvm::SmallVector<uint8_t *> bytes;
        for (unsigned i = 0; i < op->getNumResults(); ++i) {
          auto [image, offset] = places.of[size_t(first) + i];
          bytes.push_back(places.images[size_t(image)].data.edit().data() +
                          offset);
        }
        if (auto weights = dyn_cast<tsp::WeightsOp>(op))
          return packWeights(s.machine, weights, files, bytes);
        return packConstant(s.machine, llvm::cast<tsp::ConstantOp>(op), files,
                            bytes);
      });
}
