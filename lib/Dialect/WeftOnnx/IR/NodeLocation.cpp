// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Builds the locations of imported nodes and words diagnostics at them. It
// knows the shape of those locations; nobody else should take them apart.

#include "weft/Dialect/WeftOnnx/IR/NodeLocation.h"

#include "mlir/IR/BuiltinAttributes.h"
#include "llvm/Support/raw_ostream.h"

using namespace mlir;

static constexpr llvm::StringLiteral kInitializer = "initializer";

NameLoc weft::onnxir::getNodeLoc(Location file, StringRef name,
                                 StringRef domain, StringRef opType,
                                 int64_t opset) {
  MLIRContext *context = file.getContext();
  std::string kind;
  if (!domain.empty())
    kind = (domain + ".").str();
  kind += (opType + ", opset " + Twine(opset)).str();
  return NameLoc::get(StringAttr::get(context, name),
                      NameLoc::get(StringAttr::get(context, kind), file));
}

NameLoc weft::onnxir::getInitializerLoc(Location file, StringRef name) {
  MLIRContext *context = file.getContext();
  return NameLoc::get(
      StringAttr::get(context, name),
      NameLoc::get(StringAttr::get(context, kInitializer), file));
}

/// Gathers the leaves of fused and call-site locations.
static void flatten(Location loc, SmallVectorImpl<Location> &leaves) {
  if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location inner : fused.getLocations())
      flatten(inner, leaves);
    return;
  }
  if (auto call = dyn_cast<CallSiteLoc>(loc))
    return flatten(call.getCallee(), leaves);
  if (!isa<UnknownLoc>(loc) && !llvm::is_contained(leaves, loc))
    leaves.push_back(loc);
}

std::string weft::onnxir::describeLocation(Location loc) {
  SmallVector<Location> leaves;
  flatten(loc, leaves);
  if (leaves.empty())
    return "";

  // A node says more than a constant or a line of text does.
  Location best = leaves.front();
  for (Location leaf : llvm::reverse(leaves))
    if (auto name = dyn_cast<NameLoc>(leaf))
      if (auto kind = dyn_cast<NameLoc>(name.getChildLoc()))
        if (kind.getName() != kInitializer || isa<FileLineColLoc>(best))
          best = leaf;

  std::string text;
  llvm::raw_string_ostream os(text);
  auto printFile = [&](Location at) {
    if (auto file = dyn_cast<FileLineColLoc>(at)) {
      os << file.getFilename().getValue();
      if (file.getLine() != 0)
        os << ':' << file.getLine() << ':' << file.getColumn();
      return true;
    }
    return false;
  };
  auto name = dyn_cast<NameLoc>(best);
  if (!name) {
    if (!printFile(best))
      os << best;
    return text;
  }
  auto kind = dyn_cast<NameLoc>(name.getChildLoc());
  if (printFile(kind ? kind.getChildLoc() : name.getChildLoc()))
    os << ": ";
  if (!kind)
    os << "'" << name.getName().getValue() << "'";
  else if (kind.getName() == kInitializer)
    os << "initializer '" << name.getName().getValue() << "'";
  else
    os << "node '" << name.getName().getValue() << "' ("
       << kind.getName().getValue() << ")";
  if (leaves.size() > 1)
    os << " and " << leaves.size() - 1 << " more";
  return text;
}

void weft::onnxir::printDiagnostic(Diagnostic &diagnostic,
                                   llvm::raw_ostream &os) {
  auto word = [](DiagnosticSeverity severity) -> StringRef {
    switch (severity) {
    case DiagnosticSeverity::Note:
      return "note: ";
    case DiagnosticSeverity::Warning:
      return "warning: ";
    case DiagnosticSeverity::Remark:
      return "remark: ";
    case DiagnosticSeverity::Error:
      break;
    }
    return "error: ";
  };
  std::string where = describeLocation(diagnostic.getLocation());
  if (!where.empty())
    os << where << ": ";
  os << word(diagnostic.getSeverity()) << diagnostic.str() << "\n";
  for (Diagnostic &note : diagnostic.getNotes()) {
    os << "  " << word(note.getSeverity());
    std::string there = describeLocation(note.getLocation());
    if (!there.empty() && there != where)
      os << there << ": ";
    os << note.str() << "\n";
  }
}
