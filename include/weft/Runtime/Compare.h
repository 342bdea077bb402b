// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How well outputs agree with a reference. The measures are those of the
// command line's contract (docs/cli.md), and nothing else decides a pass.

#ifndef WEFT_RUNTIME_COMPARE_H
#define WEFT_RUNTIME_COMPARE_H

#include "weft/Runtime/Tensor.h"

namespace weft {

struct Tolerance {
  double minCosine = 0.9999;
  double maxError = 0.02;
};

/// Agreement of one output with its reference.
struct Agreement {
  std::string name;
  /// Over the flattened tensors in double precision; both zero counts as 1,
  /// one zero as 0. Positions where both are the same NaN or infinity are left
  /// out.
  double cosine = 1;
  /// max |a - b| / max |reference|; absolute when the reference is all zero.
  double maxError = 0;
  bool pass = true;
  std::string reason; ///< Why not, for a reader; empty on a pass.
};

/// Floats pass by the tolerance, with NaN and infinities matching in place;
/// integers and booleans pass when all are equal; type and shape must match,
/// which is all there is to an empty tensor. Tensors of other types or shapes
/// have cosine 0 and an infinite error.
Agreement compare(const std::string &name, const Tensor &output,
                  const Tensor &reference, const Tolerance &tolerance);

/// Invalid when a reference is no output's, or an output has none; the notes
/// list the outputs.
Status checkReferences(const Program &program,
                       const std::vector<NamedTensor> &references);

/// Every output with the reference of its name, in the order of outputs.
/// The references have passed checkReferences.
std::vector<Agreement> compareAll(const std::vector<NamedTensor> &outputs,
                                  const std::vector<NamedTensor> &references,
                                  const Tolerance &tolerance);

} // namespace weft

#endif // WEFT_RUNTIME_COMPARE_H
