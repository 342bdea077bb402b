// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What a module on linalg has to do and to hold, before anything is placed.

#ifndef WEFT_LIB_PIPELINES_WORK_H
#define WEFT_LIB_PIPELINES_WORK_H

#include "weft/Machine/Machine.h"

#include "mlir/Dialect/Func/IR/FuncOps.h"
#include "mlir/IR/BuiltinAttributes.h"
#include "mlir/IR/BuiltinOps.h"

#include <map>
#include <string>

namespace weft {

/// The constant behind a value, through reshapes.
mlir::ElementsAttr constantBehind(mlir::Value value);

/// kWorkAttr's dictionary: matrix products and vector operations of the model.
mlir::DictionaryAttr collectWork(mlir::func::FuncOp function);

/// A table that is looked up by a graph input.
struct HostTable {
  int64_t bytes = 0; ///< As it would lie on the chip.
  mlir::Location loc;
  int64_t chipCycles = 0; ///< Of look-ups by products with ones and zeros.
  int64_t rowBytes = 0;   ///< Of all rows that the host would send instead.
};

/// Estimate of what weights and tables take on the chip.
struct ResidentBytes {
  int64_t weights = 0; ///< With tables that cannot leave.
  /// Tables that may stay on the host, by the name placement knows.
  std::map<std::string, HostTable> tables;
};
ResidentBytes estimateResident(mlir::func::FuncOp function,
                               const Machine &machine);

/// Bytes of a tensor in the narrowest storage: one of a boolean or byte, two of
/// a float, four of another integer; 0 for anything else.
double leastBytes(mlir::Type type);
/// A tensor that needs room on the chip, with the name a user knows it by.
struct NamedType {
  std::string name;
  mlir::Type type;
};
/// Fails with "does not fit", who takes the room and what would do, and marks
/// the module so (kDoesNotFitAttr).
mlir::LogicalResult refuseSize(mlir::ModuleOp module, mlir::Location loc,
                               llvm::ArrayRef<NamedType> tensors,
                               const char *what, const Machine &machine);
/// Refuses inputs that the chip cannot hold together.
mlir::LogicalResult checkInputSizes(mlir::ModuleOp module,
                                    mlir::func::FuncOp function,
                                    const Machine &machine);

} // namespace weft

#endif // WEFT_LIB_PIPELINES_WORK_H
