// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// How vector loops are compiled for several instruction sets at once. The
// loader picks the widest that the host has; without contraction every
// variant performs the same IEEE operations, so the bits are the same.

#ifndef WEFT_SIM_SIMD_H
#define WEFT_SIM_SIMD_H

#if defined(__x86_64__) && defined(__linux__) && !defined(WEFT_SIM_ONE_TARGET)
#define WEFT_SIMD                                                              \
  __attribute__((target_clones("arch=x86-64-v4", "arch=x86-64-v3", "default")))
#else
#define WEFT_SIMD
#endif
/// Helpers that must become part of the clone that calls them.
#define WEFT_SIMD_INLINE inline __attribute__((always_inline))

#endif // WEFT_SIM_SIMD_H
