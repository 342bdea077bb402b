// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What weft-dump prints of a program.

#ifndef WEFT_TOOLS_WEFT_DUMP_DUMP_H
#define WEFT_TOOLS_WEFT_DUMP_DUMP_H

#include "weft/Program/Reader.h"

#include "llvm/Support/raw_ostream.h"

namespace weft {

/// Machine, cycles, inputs and outputs, sections with their hashes.
void dumpHeader(llvm::raw_ostream &out, const Program &program,
                llvm::ArrayRef<SectionInfo> sections);

/// What lies in SRAM: tenants, and the words of each slice that have contents
/// at cycle 0.
void dumpMemory(llvm::raw_ostream &out, const Program &program);

/// Whether a queue of the program has a name that contains one of `filters`.
bool hasQueue(const Program &program, llvm::ArrayRef<std::string> filters);

/// Every queue whose name contains one of `filters` (all if there are none):
/// cycles, instruction, producers of what it reads, ONNX node.
void dumpQueues(llvm::raw_ostream &out, const Program &program,
                llvm::ArrayRef<std::string> filters);

} // namespace weft

#endif // WEFT_TOOLS_WEFT_DUMP_DUMP_H
