// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// What the files of this folder share: the view of one node that a lowering
// function gets, the table that says which function lowers which operator, and
// builders of the shapes of work that most operators are made of.

#ifndef WEFT_LIB_CONVERSION_ONNXTOLINALG_LOWERING_H
#define WEFT_LIB_CONVERSION_ONNXTOLINALG_LOWERING_H

#include "weft/Dialect/WeftOnnx/IR/WeftOnnxOps.h"

#include "mlir/IR/ImplicitLocOpBuilder.h"

#include <optional>

namespace weft {
class WeightFiles;
} // namespace weft

namespace weft::onnxtolinalg {

// Weft has functions of these names, for the libraries without MLIR.
using mlir::failed;
using mlir::failure;
using mlir::success;

/// A converted ONNX value: a ranked tensor of static shape with signless
/// integers, and the element type ONNX gives it (uiN for unsigned, i1 for
/// bool).
struct OnnxValue {
  mlir::Value value;
  mlir::Type element;

  explicit operator bool() const { return static_cast<bool>(value); }
  mlir::RankedTensorType type() const {
    return llvm::cast<mlir::RankedTensorType>(value.getType());
  }
  llvm::ArrayRef<int64_t> shape() const { return type().getShape(); }
  int64_t rank() const { return type().getRank(); }
  bool isFloat() const { return llvm::isa<mlir::FloatType>(element); }
  bool isBool() const { return element.isInteger(1); }
  bool isUnsigned() const { return isBool() || element.isUnsignedInteger(); }
};

/// One node on its way to linalg: typed access to its inputs and attributes,
/// and the place where its results and errors go.
class NodeLowering {
public:
  NodeLowering(onnxir::NodeOp node, mlir::OpBuilder &builder,
               llvm::SmallVector<OnnxValue> inputs, WeightFiles &files,
               bool &unsupported)
      : b(node.getLoc(), builder), node(node), operands(std::move(inputs)),
        results(node->getNumResults()), files(files),
        unsupportedFlag(unsupported) {}

  mlir::ImplicitLocOpBuilder b;
  onnxir::NodeOp node;

  int64_t opset() { return static_cast<int64_t>(node.getOpset()); }
  unsigned numInputs() const { return operands.size(); }
  bool has(unsigned i) const { return i < operands.size() && operands[i]; }
  const OnnxValue &in(unsigned i) const { return operands[i]; }
  llvm::ArrayRef<OnnxValue> inputs() const { return operands; }

  bool hasResult(unsigned i) const { return i < results.size(); }
  /// Sets result `i`, where the node has it.
  void set(unsigned i, mlir::Value value, mlir::Type element) {
    if (hasResult(i))
      results[i] = {value, element};
  }
  void set(unsigned i, const OnnxValue &value) {
    set(i, value.value, value.element);
  }
  llvm::ArrayRef<OnnxValue> resultValues() const { return results; }

  /// Attributes, with ONNX's default.
  int64_t intAttr(llvm::StringRef name, int64_t otherwise) {
    return node.getIntAttr(name).value_or(otherwise);
  }
  float floatAttr(llvm::StringRef name, float otherwise) {
    return node.getFloatAttr(name).value_or(otherwise);
  }
  llvm::StringRef stringAttr(llvm::StringRef name, llvm::StringRef otherwise) {
    return node.getStringAttr(name).value_or(otherwise);
  }
  std::optional<llvm::SmallVector<int64_t>> intsAttr(llvm::StringRef name);

  /// The integers of input `i` if they are known at compile time.
  std::optional<llvm::SmallVector<int64_t>> constantInts(unsigned i);
  /// The numbers of input `i` if they are known and few.
  std::optional<llvm::SmallVector<double>> constantFloats(unsigned i);
  /// Input `i` must be a constant called `what`; an error otherwise.
  mlir::FailureOr<llvm::SmallVector<int64_t>> requireInts(unsigned i,
                                                          llvm::StringRef what);
  /// Axes from attribute `axes` or input `i`, normalised, sorted and unique;
  /// nullopt where neither is given.
  mlir::FailureOr<std::optional<llvm::SmallVector<int64_t>>> axes(unsigned i,
                                                                  int64_t rank);
  /// `axis` counted from the end where negative; an error outside the rank.
  mlir::FailureOr<int64_t> normalizeAxis(int64_t axis, int64_t rank);

  /// Fails with "node 'NAME' (OP, opset V): MESSAGE". The first form says the
  /// model is invalid, the second that Weft cannot do it.
  mlir::LogicalResult invalid(const llvm::Twine &message);
  mlir::LogicalResult unsupported(const llvm::Twine &message);
  /// Unsupported: `what` is not known at compile time.
  mlir::LogicalResult dependsOnInputs(const llvm::Twine &what);
  /// Fails unless there are at least `count` inputs, all of the first `count`
  /// present.
  mlir::LogicalResult needInputs(unsigned count);
  /// The files that constants may be in.
  WeightFiles &weightFiles() { return files; }

private:
  llvm::SmallVector<OnnxValue> operands;
  llvm::SmallVector<OnnxValue> results;
  WeightFiles &files;
  bool &unsupportedFlag;
};

/// "node 'NAME' (OP, opset V): ", the domain before the operator unless
/// default; empty where the node's location reads so already.
std::string errorPrefix(onnxir::NodeOp node);

/// An error that says that `what` must be known at compile time, with a note
/// about what to do.
mlir::InFlightDiagnostic unknownValue(onnxir::NodeOp node,
                                      const llvm::Twine &what);

/// Lowers one node; false means an error was reported.
using LoweringFn = mlir::LogicalResult (*)(NodeLowering &);

/// A row of the table of operators.
struct Lowering {
  llvm::StringRef op;
  llvm::StringRef domain; ///< "" is ONNX's own.
  int64_t since;          ///< First opset with these semantics.
  int64_t until;          ///< Last one.
  LoweringFn lower;
};
inline constexpr int64_t kLatest = 1 << 20;
/// Domain of nodes that stand for patterns of ONNX's operators.
inline constexpr llvm::StringLiteral kInternalDomain = "weft";

/// MatMul and Gemm of two dequantised tensors as one node of the internal
/// domain: a, its scale and zero point, b, its scale and zero point, C.
void fuseDequantizedProducts(mlir::Block &block);

/// All rows, one function per file of operators appending to it.
using LoweringTable = llvm::SmallVector<Lowering, 0>;
void addConstantLowerings(LoweringTable &table);
void addElementwiseLowerings(LoweringTable &table);
void addActivationLowerings(LoweringTable &table);
void addCastLowerings(LoweringTable &table);
void addReduceLowerings(LoweringTable &table);
void addMatMulLowerings(LoweringTable &table);
void addEinsumLowerings(LoweringTable &table);
void addNormalizationLowerings(LoweringTable &table);
void addSoftmaxLowerings(LoweringTable &table);
void addShapeLowerings(LoweringTable &table);
void addMovementLowerings(LoweringTable &table);
void addGatherLowerings(LoweringTable &table);
void addScanLowerings(LoweringTable &table);
void addQuantizationLowerings(LoweringTable &table);
void addIntegerMatMulLowerings(LoweringTable &table);
const LoweringTable &loweringTable();
/// The row for an operator, or null.
const Lowering *findLowering(llvm::StringRef op, llvm::StringRef domain,
                             int64_t opset);

// Builders. All take and give tensors of static shape.

using Shape = llvm::SmallVector<int64_t>;
using BodyFn = llvm::function_ref<mlir::Value(mlir::OpBuilder &, mlir::Location,
                                              mlir::ValueRange)>;

/// The signless type of an ONNX element type.
mlir::Type signless(mlir::Type element);
/// A tensor constant all of whose elements are `value`, converted to `element`.
mlir::Value splat(mlir::ImplicitLocOpBuilder &b, llvm::ArrayRef<int64_t> shape,
                  mlir::Type element, double value);
/// A scalar constant inside a body.
mlir::Value scalar(mlir::OpBuilder &b, mlir::Location loc, mlir::Type element,
                   double value);
/// A rank-1 or other constant of integers.
mlir::Value intConstant(mlir::ImplicitLocOpBuilder &b,
                        llvm::ArrayRef<int64_t> values,
                        llvm::ArrayRef<int64_t> shape, mlir::Type element);

/// NumPy's broadcast of shapes, or nullopt.
std::optional<Shape> broadcastShapes(llvm::ArrayRef<int64_t> a,
                                     llvm::ArrayRef<int64_t> b);
/// The same elements under another shape: tensor.collapse_shape and
/// expand_shape, or a constant of the new type. The counts must agree.
mlir::Value reshape(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                    llvm::ArrayRef<int64_t> shape);
/// One linalg.generic over `shape` with every input broadcast to it (NumPy's
/// rule, which must hold); splat constants are put into the body.
mlir::Value elementwise(mlir::ImplicitLocOpBuilder &b,
                        llvm::ArrayRef<mlir::Value> inputs,
                        llvm::ArrayRef<int64_t> shape, mlir::Type element,
                        BodyFn body);
/// The same with the shape broadcast from the inputs.
mlir::Value elementwise(mlir::ImplicitLocOpBuilder &b,
                        llvm::ArrayRef<mlir::Value> inputs, mlir::Type element,
                        BodyFn body);
/// Copies `value` to `shape` (NumPy's rule).
mlir::Value broadcastTo(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                        llvm::ArrayRef<int64_t> shape);
mlir::Value transpose(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                      llvm::ArrayRef<int64_t> permutation);
/// Reduces `axes` (sorted) away, starting from the scalar `init`; the
/// body's arguments are element and accumulator.
mlir::Value reduce(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                   llvm::ArrayRef<int64_t> axes, mlir::TypedAttr init,
                   BodyFn body);
/// The usual reductions of floats; `axes` sorted, reduced away.
mlir::Value reduceSum(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                      llvm::ArrayRef<int64_t> axes);
mlir::Value reduceMean(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                       llvm::ArrayRef<int64_t> axes);
mlir::Value reduceMax(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                      llvm::ArrayRef<int64_t> axes, bool isUnsigned = false);
/// `shape` with `axes` set to 1.
Shape keepDims(llvm::ArrayRef<int64_t> shape, llvm::ArrayRef<int64_t> axes);

/// NumPy's matmul of two tensors of one element type; bytes are signed and give
/// sums of i32. An error of the node where the shapes do not multiply.
mlir::FailureOr<mlir::Value> matMul(NodeLowering &n, const OnnxValue &a,
                                    const OnnxValue &b);
/// A sum of products: out[o] = sum over the other loops of lhs * rhs, with one
/// linalg.generic whose body is a multiplication and an addition. Maps are
/// lists of loop numbers; loops of `out` are parallel, the rest reductions.
mlir::Value contract(mlir::ImplicitLocOpBuilder &b, mlir::Value lhs,
                     llvm::ArrayRef<unsigned> lhsDims, mlir::Value rhs,
                     llvm::ArrayRef<unsigned> rhsDims,
                     llvm::ArrayRef<unsigned> outDims, unsigned numLoops);

/// A slice with constant bounds; steps are positive.
mlir::Value extractSlice(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                         llvm::ArrayRef<int64_t> offsets,
                         llvm::ArrayRef<int64_t> sizes,
                         llvm::ArrayRef<int64_t> steps);
/// Takes `indices` (known, in range) along `axis`: a slice where they step
/// evenly forward, else one generic that looks them up.
mlir::Value takeStatic(mlir::ImplicitLocOpBuilder &b, mlir::Value value,
                       int64_t axis, llvm::ArrayRef<int64_t> indices);

// Scalar arithmetic for bodies, by the ONNX type of the operands.
mlir::Value addScalars(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                       mlir::Value y);
mlir::Value mulScalars(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                       mlir::Value y);
mlir::Value maxScalars(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                       mlir::Value y, bool isUnsigned);
mlir::Value minScalars(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                       mlir::Value y, bool isUnsigned);
/// Converts a scalar between ONNX element types as Cast does.
mlir::Value castScalar(mlir::OpBuilder &b, mlir::Location loc, mlir::Value x,
                       mlir::Type from, mlir::Type to);
/// A whole tensor, likewise; the same value where nothing changes.
OnnxValue castTo(mlir::ImplicitLocOpBuilder &b, const OnnxValue &value,
                 mlir::Type to);

} // namespace weft::onnxtolinalg

#endif // WEFT_LIB_CONVERSION_ONNXTOLINALG_LOWERING_H
