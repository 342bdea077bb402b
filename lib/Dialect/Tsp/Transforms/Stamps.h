// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Writing a schedule onto the program that it is of.

#ifndef WEFT_LIB_DIALECT_TSP_TRANSFORMS_STAMPS_H
#define WEFT_LIB_DIALECT_TSP_TRANSFORMS_STAMPS_H

#include "weft/Dialect/Tsp/Transforms/SchedulingProblem.h"

namespace weft::tsp {

/// Stamps starts, rows, streams, ALUs, places and cycles.
void stampSchedule(const SchedulingProblem &scheduling, ProgramOp program,
                   const Schedule &schedule);

} // namespace weft::tsp

#endif // WEFT_LIB_DIALECT_TSP_TRANSFORMS_STAMPS_H
