// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The state of placement: which versions (layouts) of each tensor exist, and
// how to get another one. Kernels.cpp, Contract.cpp, Views.cpp and Gather.cpp
// decide how each operation of the middle representation becomes kernels.

#ifndef WEFT_LIB_CONVERSION_LINALGTOWEFT_PLACER_H
#define WEFT_LIB_CONVERSION_LINALGTOWEFT_PLACER_H

#include "LayoutTools.h"
#include "weft/Dialect/Weft/IR/WeftOps.h"
#include "weft/Machine/Machine.h"

#include "mlir/IR/IRMapping.h"

namespace weft {

/// A matrix product that waits for its only user, to take it as epilogue.
struct PendingContract {
  mlir::Location loc;
  llvm::SmallVector<mlir::Value> streamed, installed;
  llvm::SmallVector<float> scales;
  llvm::SmallVector<mlir::AffineMap> maps; ///< Streamed, then installed.
  mlir::AffineMap resultMap;
  llvm::SmallVector<int64_t> extents;
  std::vector<LaneDigits> resultDigits; ///< By dimension of the result.
  bool splat = false;
  bool bytes = false; ///< Of bytes: the sums are i32.
};

class Placer {
public:
  Placer(mlir::ModuleOp module, const Machine &machine,
         mlir::OpBuilder &builder)
      : module(module), machine(machine), b(builder) {}

  mlir::LogicalResult run(mlir::func::FuncOp source);

private:
  using Value = mlir::Value;
  using Location = mlir::Location;

  // Types.
  mlir::RankedTensorType placedType(llvm::ArrayRef<int64_t> shape,
                                    mlir::Type element, const Layout &layout);
  /// f16 (f32 when splat or `exact`), i32, i8 for a tensor of the model.
  mlir::Type storageType(mlir::Type element, bool splat, bool exact = false);
  bool hasPadding(const Layout &layout) const;

  // Versions of tensors.
  mlir::ElementsAttr constantOf(Value value);
  bool isFree(Value value); ///< A constant or input: any layout costs nothing.
  Value anyVersion(Value value);
  /// A version whose vectors are aligned with `target`.
  mlir::FailureOr<Value> version(Value value, const Layout &target,
                                 Location loc);
  void setVersion(Value value, Value placed) {
    versions[value].push_back(placed);
  }
  Value constant(mlir::ElementsAttr value, mlir::Type type, Location loc);
  /// A constant that is not the model's, made for the nodes at `loc`.
  Value table(mlir::ElementsAttr value, mlir::Type type, Location loc);
  /// An input of the model, stored as `type`.
  Value input(unsigned number, mlir::RankedTensorType type, Location loc);
  Value identity(llvm::ArrayRef<int64_t> shape, float scale, mlir::Type type,
                 Location loc);

  // Changing layouts; on placed values.
  Value copy(Value placed, mlir::RankedTensorType type, bool mask,
             Location loc);
  /// The tensor as f16 pieces: sum of piece * scale.
  llvm::SmallVector<std::pair<Value, float>> pieces(Value placed, Location loc);
  /// Two f16 pieces of what `value` computes from the inputs.
  llvm::SmallVector<std::pair<Value, float>>
  split(Location loc, mlir::ValueRange in, llvm::ArrayRef<mlir::AffineMap> maps,
        mlir::RankedTensorType half, bool isInteger,
        llvm::function_ref<Value(mlir::OpBuilder &, mlir::ValueRange)> value);
  /// The same with a piece for each scale, powers of two that fall by 2^11 or
  /// more: exact for 11 bits a piece and a sign between two, within f16's
  /// range.
  llvm::SmallVector<std::pair<Value, float>>
  split(Location loc, mlir::ValueRange in, llvm::ArrayRef<mlir::AffineMap> maps,
        mlir::RankedTensorType half, llvm::ArrayRef<float> scales,
        bool isInteger,
        llvm::function_ref<Value(mlir::OpBuilder &, mlir::ValueRange)> value);
  /// The largest or smallest element of a tensor in lanes, as a splat.
  mlir::FailureOr<Value> extremeOfLanes(Value placed, bool largest,
                                        Location loc);
  Value laneNumbers(llvm::ArrayRef<std::vector<bool>> rows, float in, float out,
                    Location loc);
  llvm::SmallVector<std::pair<Value, float>>
  cutRows(Value vector, llvm::ArrayRef<std::vector<bool>> masks, bool half,
          bool largest, Location loc);
  Value combineRows(const PendingContract &product,
                    llvm::ArrayRef<int64_t> shape, bool largest, Location loc);
  /// Pieces of the sum of a row's vectors: dimension `dim`, which fills lanes
  /// and vectors, shrinks to the lanes of one vector.
  llvm::SmallVector<std::pair<Value, float>>
  addVectors(Value placed, unsigned dim, Location loc);
  /// The same of what `source`, if there is one, makes of each element.
  llvm::SmallVector<std::pair<Value, float>>
  addVectors(Value placed, unsigned dim, Location loc, MapOp source);
  /// Copies with the columns that the matrix unit installs from.
  Value replicated(Value placed, Location loc);
  /// The same for integers of 32 bits, 16 bits at a time.
  mlir::FailureOr<Value> relayoutHalves(Value placed, const Layout &target,
                                        Location loc);
  mlir::FailureOr<Value> relayout(Value placed, const Layout &target,
                                  mlir::Type element, Location loc);
  /// The same with `inner` indices of dimension `dim` as one of their own.
  mlir::FailureOr<Value> relayoutSplit(Value placed, const Layout &target,
                                       mlir::Type element, unsigned dim,
                                       int64_t inner, Location loc);
  /// `value`, indexed by `map` over loops of which `byLoop` gives the lanes,
  /// with the loops of `missing` as further dimensions along which it is
  /// repeated.
  mlir::FailureOr<Value> spreadInLanes(Value value, mlir::AffineMap map,
                                       llvm::ArrayRef<unsigned> missing,
                                       llvm::ArrayRef<LaneDigits> byLoop,
                                       llvm::ArrayRef<int64_t> loops,
                                       Location loc);

  // Building kernels.
  Value
  map(Location loc, mlir::ValueRange inputs,
      llvm::ArrayRef<mlir::AffineMap> maps, mlir::RankedTensorType type,
      bool mask,
      llvm::function_ref<Value(mlir::OpBuilder &, mlir::ValueRange)> body);
  /// With `combine`, "max" or "min", of the rows only what ContractOp says.
  Value contract(const PendingContract &pending, mlir::RankedTensorType type,
                 llvm::StringRef combine = {});
  /// A value of a body that is computed once for many of its vectors.
  struct Hoisted {
    Value scalar; ///< In the body.
    Value tensor; ///< Placed.
    mlir::AffineMap map;
  };
  llvm::SmallVector<Hoisted> hoist(llvm::ArrayRef<mlir::Operation *> ops,
                                   mlir::Block &body, llvm::ArrayRef<Value> in,
                                   llvm::ArrayRef<mlir::AffineMap> inMaps,
                                   mlir::RankedTensorType result, Location loc);
  bool streamsLong(const PendingContract &product) const;
  /// Kernels for a body over loops `shape` with outputs in `layout`, split
  /// where it needs more ALUs than there are; `pending` feeds argument
  /// `pendingArgument`.
  mlir::LogicalResult emitBody(mlir::linalg::GenericOp op, mlir::Block &body,
                               llvm::ArrayRef<Value> inputs,
                               llvm::ArrayRef<mlir::AffineMap> inputMaps,
                               llvm::ArrayRef<mlir::RankedTensorType> results,
                               llvm::ArrayRef<mlir::AffineMap> resultMaps,
                               PendingContract *pending, int pendingArgument);

  // Operations of the middle representation.
  mlir::LogicalResult place(mlir::Operation *op);
  /// Results without elements, and reductions over none, are constants.
  bool placeEmpty(mlir::Operation *op);
  mlir::LogicalResult placeElementwise(mlir::linalg::GenericOp op);
  mlir::LogicalResult placeContraction(mlir::linalg::GenericOp op);
  bool swapForReductions(mlir::linalg::GenericOp op, unsigned &s,
                         unsigned &w) const;
  void alignMembers(Value result, llvm::ArrayRef<int> lanes,
                    std::vector<LaneDigits> &digits) const;
  bool anyLanesWillDo(Value value);
  bool tilesBetterSwapped(mlir::linalg::GenericOp op, unsigned s, bool bytes);
  mlir::LogicalResult placeReduction(mlir::linalg::GenericOp op,
                                     llvm::StringRef kind);
  mlir::LogicalResult placeGather(mlir::linalg::GenericOp op,
                                  mlir::tensor::ExtractOp extract);
  mlir::LogicalResult placeReshape(mlir::Operation *op);
  mlir::LogicalResult placeSlice(mlir::tensor::ExtractSliceOp op);
  mlir::LogicalResult
  placeAssembly(mlir::Operation *op, llvm::ArrayRef<Value> inputs,
                llvm::ArrayRef<llvm::SmallVector<int64_t>> offsets);
  mlir::LogicalResult fillPadding(mlir::tensor::PadOp pad);
  mlir::LogicalResult placeReturn(mlir::func::ReturnOp op);
  mlir::LogicalResult finishPending(Value value);
  bool waitsForEpilogue(mlir::linalg::GenericOp op, Value result);

  mlir::ModuleOp module;
  const Machine &machine;
  mlir::OpBuilder &b;
  mlir::func::FuncOp source;
  llvm::DenseMap<Value, llvm::SmallVector<Value, 2>> versions;
  llvm::DenseMap<Value, PendingContract> pending;
  /// Input arguments and reshapes of them, by argument number.
  llvm::DenseMap<Value, unsigned> inputs;
  llvm::DenseMap<Value, std::pair<int64_t, std::string>> indexRanges;
  llvm::DenseMap<mlir::Value, mlir::ElementsAttr> constants;
  llvm::StringMap<bool> hostTables;
};

/// Type in which a body computes elements of this type: f32, i32 or i1.
mlir::Type computeType(mlir::OpBuilder &b, mlir::Type type);
/// Clones a scalar operation with floats as f32 and integers as i32, and the
/// constants from outside its block that it uses.
void cloneScalar(mlir::OpBuilder &b, mlir::Operation &op,
                 mlir::IRMapping &mapping);

/// The value of an operation that the vector unit lacks, made of others, on
/// operands `in` of f32 and i32; null where it has it.
mlir::Value expandScalar(mlir::OpBuilder &b, mlir::Operation &op,
                         mlir::ValueRange in);

/// Bytes and 16 bits are computed with as i32, sign-extended. The value of an
/// operation on operands `in` that sees them as unsigned; null for others.
mlir::Value widenScalar(mlir::OpBuilder &b, mlir::Operation &op,
                        mlir::ValueRange in);
/// The same for the operands of unsigned division.
void seeUnsigned(mlir::OpBuilder &b, mlir::Operation &op,
                 llvm::MutableArrayRef<mlir::Value> in);
/// `value` of an operation that may have left the range of its narrow type,
/// wrapped; null where it needs nothing.
mlir::Value narrowScalar(mlir::OpBuilder &b, mlir::Operation &op,
                         mlir::Value value);

/// Whether an i32 on the chip is a sum or product of integers, which two pieces
/// of 11 bits do not hold; indices and counts are not.
bool mayNeedHalves(mlir::Value placed);

/// Rewrites operations into forms that have a placement: reductions of
/// broadcast operands, reductions that also permute, padding of all dimensions.
void normalizeForPlacement(mlir::func::FuncOp function);

/// Rewrites sums of squared differences from a mean into sums that do not wait
/// for it.
void splitVariances(mlir::func::FuncOp function);

/// Divides what a product makes of quotients, as attention does of softmax's,
/// instead of its operand, where the divisors meet its lanes.
void divideProducts(mlir::func::FuncOp function, const Machine &machine);

/// Whether the vector unit has the ALUs for the body of a kernel, of operands
/// and results that are stored as these types; with `masked`, lanes that hold
/// nothing are set to zero.
bool fitsVectorUnit(mlir::Block &body, mlir::TypeRange operands,
                    mlir::TypeRange results, bool masked,
                    const Machine &machine);

/// Lets kernels write what would be copied from their results where the copies
/// would lie.
void removeCopies(mlir::func::FuncOp function, const Machine &machine);

/// Takes element-wise kernels that feed one other one into it.
void fuseMaps(mlir::func::FuncOp function, const Machine &machine);

/// Makes small element-wise kernels of the same operands one.
void mergeSmallMaps(mlir::func::FuncOp function, const Machine &machine);

/// What a reduction's body combines with: "add", "max", ..., or "".
llvm::StringRef combinerKind(mlir::linalg::GenericOp op);
/// Whether a value is an output of the model and nothing else: it is stored as
/// f32, which keeps infinities.
bool onlyReturned(mlir::Value value);
/// Whether element-wise operations and reductions lead from a value to one that
/// is rounded to integers. It keeps f32.
bool quantised(mlir::Value value);
/// Whether a value is rounded to integers with a scale of its own elements and
/// nothing else: in f32 it spares the conversion to f16 and back.
bool onlyQuantised(mlir::Value value);
/// Whether an element-wise operation makes integers of floats.
bool roundsToIntegers(mlir::linalg::GenericOp op);
/// Rewrites bodies of what is rounded further on to be more precise.
void refineQuantised(mlir::func::FuncOp function);
/// Rewrites other bodies to take fewer operations of the vector unit.
void simplifyBodies(mlir::func::FuncOp function);
/// What f16 leaves of f32 constants, as constants; null where it leaves nothing
/// or they cannot be read.
mlir::ElementsAttr remainderOfHalf(mlir::ModuleOp module,
                                   mlir::ElementsAttr value);
/// Whether the body multiplies two operands and adds to the output.
bool isContraction(mlir::linalg::GenericOp op);
/// Whether a map has a loop among its results.
bool usesLoop(mlir::AffineMap map, unsigned loop);
/// Whether dimension `dim` of a value is reduced, at once or after element-wise
/// operations.
bool isReducedLater(mlir::Value value, int dim);
/// Whether a contraction that `value` reaches through element-wise operations
/// sums over what was its dimension `dim`.
bool isContractedLater(mlir::Value value, int dim);
/// Whether a product is taken (likewise) for every index of dimension `outer`
/// by itself, as attention does with its heads.
bool isMultipliedByMember(mlir::Value value, int outer);
/// Whether a product of two computed operands, of which the second would be
/// installed, takes fewer cycles exchanged: the rows of the first are in lanes
/// of its result then, and it is transposed for the product that contracts it.
bool exchangesComputed(mlir::linalg::GenericOp op, const Machine &machine);

} // namespace weft

#endif // WEFT_LIB_CONVERSION_LINALGTOWEFT_PLACER_H
