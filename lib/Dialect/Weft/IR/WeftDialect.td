// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The `weft` dialect itself: its name and what it holds. Attributes are in
// WeftAttrs.td, operations beside it.

#ifndef WEFT_DIALECT_TD
#define WEFT_DIALECT_TD

include "mlir/IR/DialectBase.td"

def WeftDialect : Dialect {
  let name = "weft";
  let cppNamespace = "::weft";
  let summary = "Where every tensor of a program lives";
  let description = [{
    Kernels on tensors whose layout says chip, hemisphere, slices and addresses;
    resident weights; and weights that are still in the model's files
    (`#weft.external`). A module says in `weft.model_directory` which directory
    the files of its external weights are in.
  }];
  let dependentDialects = ["::mlir::arith::ArithDialect"];
  let useDefaultAttributePrinterParser = 1;
}

#endif // WEFT_DIALECT_TD
