// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a compilation says about its result.

#ifndef WEFT_TOOLS_WEFT_COMPILE_SUMMARY_H
#define WEFT_TOOLS_WEFT_COMPILE_SUMMARY_H

#include "llvm/Support/JSON.h"

#include <string>

namespace weft {

/// The statistics as lines for a reader: cycles, bounds and the ratios to
/// them, use of resources, SRAM.
std::string summaryText(const std::string &output,
                        const llvm::json::Object &stats);

} // namespace weft

#endif // WEFT_TOOLS_WEFT_COMPILE_SUMMARY_H
