// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Names behind locations, as the importer gives them: a node is
// loc("NAME"("OP, opset V"(...))), a constant loc("NAME"("initializer"(...))).

#include "weft/Dialect/Tsp/Transforms/SchedulingProblem.h"
#include "weft/Dialect/Weft/IR/WeftDialect.h"

using namespace mlir;
using namespace weft;

namespace {
void walkNames(Location loc, llvm::function_ref<void(StringRef, bool)> visit) {
  if (auto fused = dyn_cast<FusedLoc>(loc)) {
    for (Location inner : fused.getLocations())
      walkNames(inner, visit);
  } else if (auto call = dyn_cast<CallSiteLoc>(loc)) {
    walkNames(call.getCallee(), visit);
  } else if (auto named = dyn_cast<NameLoc>(loc)) {
    auto kind = dyn_cast<NameLoc>(named.getChildLoc());
    visit(named.getName(), kind && kind.getName() == kInitializerLocation);
  }
}
} // namespace

SmallVector<std::string> tsp::nodeNames(Location loc) {
  SmallVector<std::string> names;
  walkNames(loc, [&](StringRef name, bool initializer) {
    if (!initializer && !llvm::is_contained(names, name))
      names.push_back(name.str());
  });
  return names;
}

std::string tsp::initializerName(Location loc) {
  std::string found;
  walkNames(loc, [&](StringRef name, bool initializer) {
    if (initializer && found.empty())
      found = name.str();
  });
  return found;
}

bool tsp::isTable(Location loc) {
  auto fused = dyn_cast<FusedLoc>(loc);
  auto kind =
      fused ? dyn_cast_or_null<StringAttr>(fused.getMetadata()) : StringAttr();
  return kind && kind.getValue() == kTableLocation;
}
