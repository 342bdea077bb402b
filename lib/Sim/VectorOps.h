// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What the operations of an ALU compute, lane by lane, and how values of
// several bytes lie on byte-plane streams. It knows nothing of time.

#ifndef WEFT_SIM_VECTOROPS_H
#define WEFT_SIM_VECTOROPS_H

#include "weft/Machine/Instruction.h"

namespace weft::sim {

constexpr int maxLanes = 1024;

/// Whether an ALU has `op` with these types of operands and result.
bool aluSupports(Opcode op, DataType type, DataType resultType);

/// out = op(a, b, c) in every lane. Lane values are raw bits, zero-extended to
/// 32; operands that `op` does not have are not read. aluSupports() must hold,
/// lanes <= maxLanes. `out` must not overlap the operands.
void computeAlu(Opcode op, DataType type, DataType resultType,
                const uint32_t *a, const uint32_t *b, const uint32_t *c,
                uint32_t *out, int lanes);

/// values[i] = planes[0][i] | planes[1][i] << 8 | ..., for 1, 2 or 4 planes.
void joinPlanes(const uint8_t *const *planes, int width, uint32_t *values,
                int lanes);
/// The reverse.
void splitPlanes(const uint32_t *values, int width, uint8_t *const *planes,
                 int lanes);

} // namespace weft::sim

#endif // WEFT_SIM_VECTOROPS_H
