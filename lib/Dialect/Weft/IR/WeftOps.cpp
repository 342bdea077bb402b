// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The operations of the `weft` dialect, and what their text form has of its
// own.

#include "weft/Dialect/Weft/IR/WeftOps.h"
#include "weft/Dialect/Weft/IR/WeftDialect.h"

#include "mlir/IR/OpImplementation.h"

using namespace mlir;

// A list of floats prints with six digits by itself: a module that is read back
// would compute with other numbers.
static void printExactFloats(OpAsmPrinter &printer, Operation *,
                             DenseF32ArrayAttr values) {
  printer << '[';
  llvm::interleaveComma(values.asArrayRef(), printer, [&](float value) {
    printer.printFloat(APFloat(value));
  });
  printer << ']';
}

static ParseResult parseExactFloats(OpAsmParser &parser,
                                    DenseF32ArrayAttr &values) {
  SmallVector<float> list;
  auto parseOne = [&]() -> ParseResult {
    APFloat value(APFloat::IEEEsingle());
    if (parser.parseFloat(APFloat::IEEEsingle(), value))
      return failure();
    list.push_back(value.convertToFloat());
    return success();
  };
  if (parser.parseCommaSeparatedList(AsmParser::Delimiter::Square, parseOne))
    return failure();
  values = parser.getBuilder().getDenseF32ArrayAttr(list);
  return success();
}

#define GET_OP_CLASSES
#include "weft/Dialect/Weft/IR/WeftOps.cpp.inc"
