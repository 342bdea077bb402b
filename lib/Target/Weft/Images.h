// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Memory of a program: images of what is known before a run, and where inputs,
// outputs and looked-up rows lie.

#ifndef WEFT_LIB_TARGET_WEFT_IMAGES_H
#define WEFT_LIB_TARGET_WEFT_IMAGES_H

#include "weft/Dialect/Weft/IR/ExternalData.h"
#include "weft/Target/Weft/Export.h"

namespace weft::target {

/// A run of adjacent words that constants and weights lie in; bytes of a
/// buffer begin at `offset` of image `image`.
struct ImagePlaces {
  std::vector<MemoryImage> images;
  std::vector<std::pair<int, size_t>> of; ///< By buffer; image -1: none.
};

/// Images for all constants and weights, zero as yet. Adjacent words are one
/// image. An error where two buffers share a word.
mlir::FailureOr<ImagePlaces>
layOutImages(const tsp::SchedulingProblem &scheduling,
             const Schedule &schedule);

/// Fills the images with values, several operations at a time.
mlir::LogicalResult fillImages(const tsp::SchedulingProblem &scheduling,
                               ImagePlaces &places, WeightFiles &files);

/// One packed tile. `bytes[j]` is where buffer j begins.
mlir::LogicalResult packWeights(const Machine &machine, tsp::WeightsOp op,
                                WeightFiles &files,
                                llvm::ArrayRef<uint8_t *> bytes);

/// A constant in its layout. `bytes[i]` is where buffer i begins.
mlir::LogicalResult packConstant(const Machine &machine, tsp::ConstantOp op,
                                 WeightFiles &files,
                                 llvm::ArrayRef<uint8_t *> bytes);

/// The copy of a tensor that lies in the buffers from `first` on. Layout and
/// storage are those of `tensor`; `shape` is the binding's.
Placement placementOf(const tsp::SchedulingProblem &scheduling,
                      const Schedule &schedule, llvm::ArrayRef<int> buffers,
                      mlir::Type tensor, llvm::ArrayRef<int64_t> shape);

/// Inputs, outputs and host tables.
mlir::LogicalResult exportBindings(tsp::ProgramOp op,
                                   const tsp::SchedulingProblem &scheduling,
                                   const Schedule &schedule, WeightFiles &files,
                                   const ExportOptions &options,
                                   Program &program);

/// f16 bits of a float: to nearest even, saturating at +-65504; NaN stays.
uint16_t halfBits(float value);

/// The type of a tensor that crosses the boundary of a program.
std::optional<TensorType> tensorTypeOf(mlir::Type element);

} // namespace weft::target

#endif // WEFT_LIB_TARGET_WEFT_IMAGES_H
