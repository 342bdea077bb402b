// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// The pass: kernels on placed tensors become memory and chains.

#include "weft/Conversion/WeftToTsp/WeftToTsp.h"

#include "ChainBuilder.h"
#include "weft/Dialect/Weft/IR/MainFunction.h"

using namespace mlir;
using namespace weft;

namespace {

struct WeftToTspPass : PassWrapper<WeftToTspPass, OperationPass<ModuleOp>> {
  MLIR_DEFINE_EXPLICIT_INTERNAL_INLINE_TYPE_ID(WeftToTspPass)
  explicit WeftToTspPass(Machine machine) : machine(std::move(machine)) {}

  StringRef getArgument() const override { return "weft-to-tsp"; }
  StringRef getDescription() const override {
    return "Turn kernels on placed tensors into chains of instructions";
  }
  void getDependentDialects(DialectRegistry &registry) const override {
    registry.insert<tsp::TspDialect, WeftDialect>();
  }

  LogicalResult lower(ChainBuilder &builder, Operation *op);

  /// Bytes of the constants that are installed, padding aside.
  static int64_t installedBytes(func::FuncOp function) {
    int64_t bytes = 0;
    llvm::SmallPtrSet<Value, 16> seen;
    function.walk([&](ContractOp contract) {
      for (Value v : contract.getInstalled())
        if (!isPlaced(v.getType()) && seen.insert(v).second) {
          auto type = cast<RankedTensorType>(v.getType());
          bytes += type.getNumElements() *
                   (type.getElementType().isInteger(8) ? 1 : 2);
        }
    });
    return bytes;
  }

  void runOnOperation() override {
    ModuleOp module = getOperation();
    func::FuncOp function = mainFunction(module);
    if (!function)
      return signalPassFailure();
    OpBuilder b(function);
    auto program =
        tsp::ProgramOp::create(b, function.getLoc(), "main_chip",
                               machineToJson(machine), IntegerAttr());
    b.createBlock(&program.getBody());
    ChainBuilder builder(machine, b);
    builder.scarce = installedBytes(function) * 32 > machine.usableBytes() * 31;
    for (Operation &op : function.getBody().front())
      if (failed(lower(builder, &op))) {
        program.erase();
        return signalPassFailure();
      }
    function.erase();
    program.setSymName("main");
  }
  Machine machine;
};

LogicalResult WeftToTspPass::lower(ChainBuilder &builder, Operation *op) {
  OpBuilder &b = builder.b;
  // Words of a column are numbered in 16 bits.
  constexpr int mostWords = 1 << 16;
  for (Type type : op->getResultTypes())
    if (isPlaced(type) && layoutOf(type).words > mostWords)
      return op->emitError("not supported on the chip: a tensor of ")
             << layoutOf(type).words << " vectors, more than " << mostWords;
  auto buffers = [&](Value placed) {
    return SmallVector<Type>(size_t(builder.bufferCount(placed.getType())),
                             tsp::BufferType::get(b.getContext()));
  };
  auto words = [&](Value placed) {
    return b.getI64IntegerAttr(layoutOf(placed.getType()).words);
  };
  auto define = [&](Value placed, ValueRange made) {
    builder.setMemory(placed, builder.makeMemory(placed.getType(), made));
    return mlir::success();
  };
  // What both pairs stream or install as bytes lies on both sides, because a
  // slice feeds one reader at a time.
  auto both = [&](Value placed, auto make) {
    bool twice = llvm::any_of(placed.getUsers(), [&](Operation *user) {
      auto contract = dyn_cast<ContractOp>(user);
      return contract && isByteProduct(contract) &&
             (contract.getStreamed()[0] == placed ||
              contract.getInstalled()[0] == placed);
    });
    if (!twice)
      return define(placed, make(IntegerAttr()));
    Memory memory =
        builder.makeMemory(placed.getType(), make(b.getI64IntegerAttr(0)));
    ValueRange second = make(b.getI64IntegerAttr(1));
    memory.east.assign(second.begin(), second.end());
    builder.setMemory(placed, std::move(memory));
    return mlir::success();
  };
  if (auto constant = dyn_cast<ConstantOp>(op)) {
    if (!isPlaced(constant.getType()))
      return mlir::success();
    return both(constant, [&](IntegerAttr hemisphere) -> ValueRange {
      return tsp::ConstantOp::create(
                 b, op->getLoc(), buffers(constant), constant.getValue(),
                 TypeAttr::get(constant.getType()), words(constant), hemisphere,
                 DenseI64ArrayAttr())
          .getBuffers();
    });
  }
  if (auto input = dyn_cast<InputOp>(op)) {
    auto shape = input.getShape()
                     ? SmallVector<int64_t>(*input.getShape())
                     : SmallVector<int64_t>(
                           cast<RankedTensorType>(input.getResult().getType())
                               .getShape());
    return both(input, [&](IntegerAttr hemisphere) -> ValueRange {
      auto made = tsp::InputOp::create(
          b, op->getLoc(), buffers(input), input.getNameAttr(),
          TypeAttr::get(input.getType()), b.getDenseI64ArrayAttr(shape),
          TypeAttr::get(input.getResult().getType()), words(input), hemisphere,
          DenseI64ArrayAttr());
      for (StringRef name : {"index_rows", "index_table"})
        if (Attribute a = op->getAttr(name))
          made->setAttr(name, a);
      return made.getBuffers();
    });
  }
  if (auto lookup = dyn_cast<LookupOp>(op)) {
    auto made = tsp::LookupOp::create(
        b, op->getLoc(), buffers(lookup), lookup.getInputAttr(),
        lookup.getTableAttr(), lookup.getValue(),
        b.getDenseI64ArrayAttr(
            cast<RankedTensorType>(lookup.getType()).getShape()),
        TypeAttr::get(lookup.getType()), words(lookup), IntegerAttr(),
        DenseI64ArrayAttr());
    return define(lookup, made.getBuffers());
  }
  if (auto output = dyn_cast<OutputOp>(op)) {
    auto type = cast<RankedTensorType>(output.getValue().getType());
    auto shape = output.getShape() ? SmallVector<int64_t>(*output.getShape())
                                   : SmallVector<int64_t>(type.getShape());
    tsp::OutputOp::create(b, op->getLoc(),
                          builder.memoryOf(output.getValue()).buffers,
                          output.getNameAttr(), output.getTypeAttr(),
                          b.getDenseI64ArrayAttr(shape), TypeAttr::get(type));
    return mlir::success();
  }
  if (auto view = dyn_cast<ViewOp>(op)) {
    Memory memory = builder.memoryOf(view.getInput());
    memory.layout = layoutOf(view.getType());
    builder.setMemory(view, memory);
    return mlir::success();
  }
  if (auto map = dyn_cast<MapOp>(op))
    return lowerMap(builder, map);
  if (auto contract = dyn_cast<ContractOp>(op))
    return lowerContract(builder, contract);
  if (auto reduce = dyn_cast<ReduceOp>(op))
    return lowerReduce(builder, reduce);
  if (auto assemble = dyn_cast<AssembleOp>(op))
    return lowerAssemble(builder, assemble);
  if (isa<func::ReturnOp>(op))
    return mlir::success();
  return op->emitError("is not a kernel");
}

} // namespace

std::unique_ptr<Pass> weft::createWeftToTspPass(const Machine &machine) {
  return std::make_unique<WeftToTspPass>(machine);
}
