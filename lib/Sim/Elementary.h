// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The elementary functions of the VXM on arrays of fp32: the same bits on
// every host, within 2 ulp (docs/machine.md, Arithmetic). The method is stated
// in Elementary.cpp. In-place use (in == out) is allowed.

#ifndef WEFT_SIM_ELEMENTARY_H
#define WEFT_SIM_ELEMENTARY_H

namespace weft::sim {

void expLanes(const float *in, float *out, int count);
void logLanes(const float *in, float *out, int count);
void tanhLanes(const float *in, float *out, int count);
void sqrtLanes(const float *in, float *out, int count);
void rsqrtLanes(const float *in, float *out, int count);
void sinLanes(const float *in, float *out, int count);
void cosLanes(const float *in, float *out, int count);

} // namespace weft::sim

#endif // WEFT_SIM_ELEMENTARY_H
