// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Cosine and maximum error of outputs against a reference.

#include "weft/Runtime/Compare.h"

#include <algorithm>
#include <cmath>
#include <limits>

using namespace weft;

namespace {
std::string shortNumber(double value) {
  char text[32];
  std::snprintf(text, sizeof(text), "%.6g", value);
  return text;
}

/// NaN for NaN, infinity for an infinity of the same sign.
bool sameSpecial(double a, double b) {
  return (std::isnan(a) && std::isnan(b)) || a == b;
}

void compareIntegers(const Tensor &output, const Tensor &reference,
                     Agreement &result) {
  int64_t different = 0, first = 0;
  for (int64_t i = output.elements(); i-- > 0;)
    if (output.integer(i) != reference.integer(i)) {
      ++different;
      first = i;
    }
  if (different == 0)
    return;
  result.pass = false;
  result.reason = std::to_string(different) + " of " +
                  std::to_string(output.elements()) + " differ, first at " +
                  indexText(first, output.shape) + ": " +
                  std::to_string(output.integer(first)) + ", reference " +
                  std::to_string(reference.integer(first));
}
} // namespace

Agreement weft::compare(const std::string &name, const Tensor &output,
                        const Tensor &reference, const Tolerance &tolerance) {
  Agreement result;
  result.name = name;
  if (output.type != reference.type || output.shape != reference.shape ||
      output.bytes.size() != reference.bytes.size()) {
    result.cosine = 0;
    result.maxError = std::numeric_limits<double>::infinity();
    result.pass = false;
    result.reason = typeAndShape(output.type, output.shape) +
                    ", but the reference is " +
                    typeAndShape(reference.type, reference.shape);
    return result;
  }
  int64_t count = output.elements();

  // The largest magnitudes first: squares of scaled values cannot overflow.
  double largestOutput = 0, largest = 0, difference = 0;
  int64_t mismatch = -1, worst = 0;
  for (int64_t i = 0; i < count; ++i) {
    double a = output.number(i), b = reference.number(i);
    if (std::isfinite(a))
      largestOutput = std::max(largestOutput, std::fabs(a));
    if (std::isfinite(b))
      largest = std::max(largest, std::fabs(b));
    if (std::isfinite(a) && std::isfinite(b)) {
      if (std::fabs(a - b) > difference) {
        difference = std::fabs(a - b);
        worst = i;
      }
    } else if (!sameSpecial(a, b) && mismatch < 0) {
      mismatch = i;
    }
  }
  double dot = 0, outputSquares = 0, squares = 0;
  for (int64_t i = 0; i < count; ++i) {
    double a = output.number(i), b = reference.number(i);
    if (!std::isfinite(a) || !std::isfinite(b))
      continue;
    a = largestOutput > 0 ? a / largestOutput : 0;
    b = largest > 0 ? b / largest : 0;
    dot += a * b;
    outputSquares += a * a;
    squares += b * b;
  }
  // The root of the product, so that equal tensors give exactly 1: the root of
  // x * x is x in IEEE arithmetic.
  if (outputSquares > 0 && squares > 0)
    result.cosine =
        std::clamp(dot / std::sqrt(outputSquares * squares), -1.0, 1.0);
  else
    result.cosine = outputSquares == squares ? 1 : 0;
  result.maxError = largest > 0 ? difference / largest : difference;

  if (!isFloat(output.type)) {
    compareIntegers(output, reference, result);
    return result;
  }
  if (mismatch >= 0) {
    result.pass = false;
    result.reason = shortNumber(output.number(mismatch)) + " at " +
                    indexText(mismatch, output.shape) +
                    " where the reference has " +
                    shortNumber(reference.number(mismatch));
  } else if (!(result.cosine >= tolerance.minCosine)) {
    result.pass = false;
    result.reason = "cosine below " + shortNumber(tolerance.minCosine);
  } else if (!(result.maxError <= tolerance.maxError)) {
    result.pass = false;
    result.reason = "error above " + shortNumber(tolerance.maxError) + " at " +
                    indexText(worst, output.shape) + ": " +
                    shortNumber(output.number(worst)) + ", reference " +
                    shortNumber(reference.number(worst));
  }
  return result;
}

Status weft::checkReferences(const Program &program,
                             const std::vector<NamedTensor> &references) {
  std::vector<std::string> notes;
  for (const TensorBinding &output : program.outputs)
    notes.push_back("output '" + output.name +
                    "': " + typeAndShape(output.type, output.shape));
  for (const NamedTensor &reference : references)
    if (std::none_of(
            program.outputs.begin(), program.outputs.end(),
            [&](const TensorBinding &o) { return o.name == reference.name; }))
      return Error{ErrorKind::Invalid,
                   "reference for unknown output '" + reference.name + "'",
                   notes};
  for (const TensorBinding &output : program.outputs)
    if (std::none_of(
            references.begin(), references.end(),
            [&](const NamedTensor &r) { return r.name == output.name; }))
      return Error{ErrorKind::Invalid,
                   "no reference for output '" + output.name + "'", notes};
  return success();
}

std::vector<Agreement>
weft::compareAll(const std::vector<NamedTensor> &outputs,
                 const std::vector<NamedTensor> &references,
                 const Tolerance &tolerance) {
  std::vector<Agreement> agreements;
  for (const NamedTensor &output : outputs)
    for (const NamedTensor &reference : references)
      if (reference.name == output.name) {
        agreements.push_back(
            compare(output.name, output.tensor, reference.tensor, tolerance));
        break;
      }
  return agreements;
}
