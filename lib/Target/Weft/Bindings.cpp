// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// What crosses a program's boundary: inputs in the graph's order, outputs, and
// tables that stay on the host.

#include "Images.h"

#include "weft/Dialect/Weft/IR/WeftOps.h"
#include "weft/Runtime/Placement.h"

#include <cstring>

using namespace weft;
using namespace weft::target;
using llvm::dyn_cast;

Placement target::placementOf(const tsp::SchedulingProblem &s,
                              const Schedule &schedule,
                              llvm::ArrayRef<int> buffers, mlir::Type tensor,
                              llvm::ArrayRef<int64_t> shape) {
  Placement placement;
  placement.storage = storageOf(tensor);
  placement.layout = layoutOf(tensor);
  llvm::ArrayRef<int64_t> own =
      llvm::cast<mlir::RankedTensorType>(tensor).getShape();
  if (own != shape) {
    placement.shape.assign(own.begin(), own.end());
    if (own.empty()) { // An empty shape stands for the binding's.
      placement.shape = {1};
      placement.layout.dims = {{Digit{}}};
    }
  }
  int segment = s.machine.segmentWords();
  if (placement.layout.words > segment)
    placement.segmentWords = segment;
  for (int b : buffers) {
    const Buffer::Place &p = schedule.places[size_t(b)];
    placement.planes.push_back(
        {p.hemisphere, uint8_t(p.slice), uint16_t(p.address)});
  }
  return placement;
}

namespace {

class Exporter {
public:
  Exporter(tsp::ProgramOp op, const tsp::SchedulingProblem &s,
           const Schedule &schedule, WeightFiles &files,
           const ExportOptions &options, Program &program)
      : op(op), s(s), schedule(schedule), files(files), options(options),
        program(program) {}

  mlir::LogicalResult run() {
    if (mlir::failed(declareInputs()))
      return mlir::failure();
    for (auto [memory, first] : s.memory) {
      if (auto input = dyn_cast<tsp::InputOp>(memory))
        if (mlir::failed(addInput(input, first)))
          return mlir::failure();
      if (auto lookup = dyn_cast<tsp::LookupOp>(memory))
        if (mlir::failed(addLookup(lookup, first)))
          return mlir::failure();
    }
    for (tsp::OutputOp output : op.getBody().getOps<tsp::OutputOp>())
      if (mlir::failed(addOutput(output)))
        return mlir::failure();
    return mlir::success();
  }

private:
  mlir::LogicalResult declareInputs() {
    auto module = op->getParentOfType<mlir::ModuleOp>();
    auto list = module ? module->getAttrOfType<mlir::ArrayAttr>(kInputsAttr)
                       : mlir::ArrayAttr();
    if (!list)
      return mlir::success();
    for (mlir::Attribute entry : list) {
      auto dictionary = dyn_cast<mlir::DictionaryAttr>(entry);
      auto name =
          dictionary ? dictionary.getAs<mlir::StringAttr>("name") : nullptr;
      auto type =
          dictionary ? dictionary.getAs<mlir::TypeAttr>("type") : nullptr;
      auto tensor =
          type ? dyn_cast<mlir::RankedTensorType>(type.getValue()) : nullptr;
      auto element =
          tensor ? tensorTypeOf(tensor.getElementType()) : std::nullopt;
      if (!name || !element)
        return module.emitError()
               << "'" << kInputsAttr
               << "' needs names and tensor types that a program can "
                  "take, has "
               << entry;
      TensorBinding binding;
      binding.name = name.str();
      binding.type = *element;
      binding.shape.assign(tensor.getShape().begin(), tensor.getShape().end());
      program.inputs.push_back(std::move(binding));
    }
    return mlir::success();
  }

  llvm::SmallVector<int> buffersFrom(int first, unsigned count) {
    llvm::SmallVector<int> all;
    for (unsigned i = 0; i < count; ++i)
      all.push_back(first + int(i));
    return all;
  }

  /// A checked copy of a tensor.
  mlir::FailureOr<Placement> place(mlir::Operation *at,
                                   llvm::ArrayRef<int> buffers,
                                   mlir::Type tensor,
                                   llvm::ArrayRef<int64_t> shape) {
    auto ranked = dyn_cast<mlir::RankedTensorType>(tensor);
    if (!ranked || !isPlaced(tensor))
      return at->emitOpError("needs a tensor type with a layout");
    Placement placement = placementOf(s, schedule, buffers, tensor, shape);
    if (Status fine = checkPlacement(
            s.machine, placement,
            std::vector<int64_t>(shape.begin(), shape.end()), "tensor");
        !fine)
      return at->emitOpError(fine.error().message);
    return placement;
  }

  mlir::LogicalResult addInput(tsp::InputOp input, int first) {
    auto found =
        llvm::find_if(program.inputs, [&](const TensorBinding &binding) {
          return binding.name == input.getName();
        });
    if (found == program.inputs.end()) {
      auto type = tensorTypeOf(input.getType());
      if (!type)
        return input.emitOpError("has a type that a program cannot take: ")
               << input.getType();
      TensorBinding binding;
      binding.name = input.getName().str();
      binding.type = *type;
      binding.shape.assign(input.getShape().begin(), input.getShape().end());
      program.inputs.push_back(std::move(binding));
      found = std::prev(program.inputs.end());
    }
    // The layout may be of the shape without its dimensions of size 1.
    auto copy = place(input, buffersFrom(first, input->getNumResults()),
                      input.getTensor(), found->shape);
    if (mlir::failed(copy))
      return mlir::failure();
    found->copies.push_back(std::move(*copy));
    if (auto rows = input->getAttrOfType<mlir::IntegerAttr>("index_rows")) {
      int64_t n = rows.getInt();
      auto table = input->getAttrOfType<mlir::StringAttr>("index_table");
      if (!found->hasIndexRange || n < found->indexHigh) {
        found->hasIndexRange = true;
        found->indexLow = -n;
        found->indexHigh = n;
        found->indexTable = table ? table.str() : "";
      }
    }
    return mlir::success();
  }

  mlir::LogicalResult addLookup(tsp::LookupOp lookup, int first) {
    mlir::ElementsAttr value = lookup.getValue();
    auto type = llvm::cast<mlir::ShapedType>(value.getType());
    auto tensor = dyn_cast<mlir::RankedTensorType>(lookup.getTensor());
    if (!tensor || type.getRank() < 1 || type.getDimSize(0) < 1)
      return lookup.emitOpError("needs a table of rows");
    HostLookup made;
    made.input = lookup.getInput().str();
    made.table = lookup.getTable().str();
    made.rows = type.getDimSize(0);
    made.rowElements = type.getNumElements() / made.rows;
    made.storage = storageOf(tensor);
    auto input =
        llvm::find_if(program.inputs, [&](const TensorBinding &binding) {
          return binding.name == made.input;
        });
    if (input == program.inputs.end())
      return lookup.emitOpError("is looked up by '")
             << made.input << "', which is no input";
    made.shape = input->shape;
    made.shape.push_back(made.rowElements);
    if (mlir::failed(fillTable(lookup, made)))
      return mlir::failure();
    auto copy = place(lookup, buffersFrom(first, lookup->getNumResults()),
                      tensor, made.shape);
    if (mlir::failed(copy))
      return mlir::failure();
    for (HostLookup &other : program.lookups)
      if (other.input == made.input && other.table == made.table) {
        other.copies.push_back(std::move(*copy));
        return mlir::success();
      }
    made.copies.push_back(std::move(*copy));
    program.lookups.push_back(std::move(made));
    return mlir::success();
  }

  mlir::LogicalResult fillTable(tsp::LookupOp lookup, HostLookup &made) {
    size_t elements = size_t(made.rows * made.rowElements);
    std::vector<uint8_t> &data = made.data.edit();
    data.resize(size_t(byteWidth(made.storage)) * elements);
    if (!options.values)
      return mlir::success();
    llvm::Expected<llvm::ArrayRef<char>> bytes = files.bytes(lookup.getValue());
    if (!bytes)
      return lookup.emitError(llvm::toString(bytes.takeError()));
    mlir::Type element = lookup.getValue().getElementType();
    bool same = (element.isInteger(8) && made.storage == DataType::I8) ||
                (element.isF16() && made.storage == DataType::F16) ||
                (element.isF32() && made.storage == DataType::F32);
    if (same) {
      std::memcpy(data.data(), bytes->data(), data.size());
      return mlir::success();
    }
    if (!element.isF32() || made.storage != DataType::F16)
      return lookup.emitError()
             << "tables of " << element << " on the host are not supported";
    for (size_t i = 0; i < elements; ++i) {
      float v;
      std::memcpy(&v, bytes->data() + 4 * i, 4);
      uint16_t bits = halfBits(v);
      data[2 * i] = uint8_t(bits);
      data[2 * i + 1] = uint8_t(bits >> 8);
    }
    return mlir::success();
  }

  mlir::LogicalResult addOutput(tsp::OutputOp output) {
    auto type = tensorTypeOf(output.getType());
    if (!type)
      return output.emitOpError("has a type that a program cannot give: ")
             << output.getType();
    TensorBinding binding;
    binding.name = output.getName().str();
    binding.type = *type;
    binding.shape.assign(output.getShape().begin(), output.getShape().end());
    llvm::SmallVector<int> buffers;
    for (mlir::Value buffer : output.getBuffers())
      buffers.push_back(s.bufferIndex.lookup(buffer));
    auto copy = place(output, buffers, output.getTensor(), binding.shape);
    if (mlir::failed(copy))
      return mlir::failure();
    binding.copies.push_back(std::move(*copy));
    program.outputs.push_back(std::move(binding));
    return mlir::success();
  }

  tsp::ProgramOp op;
  const tsp::SchedulingProblem &s;
  const Schedule &schedule;
  WeightFiles &files;
  const ExportOptions &options;
  Program &program;
};

} // namespace

mlir::LogicalResult
target::exportBindings(tsp::ProgramOp op,
                       const tsp::SchedulingProblem &scheduling,
                       const Schedule &schedule, WeightFiles &files,
                       const ExportOptions &options, Program &program) {
  return Exporter(op, scheduling, schedule, files, options, program).run();
}
