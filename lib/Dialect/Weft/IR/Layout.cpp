// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
//
// Text form of layouts, and the attribute that carries it.

#include "weft/Dialect/Weft/IR/WeftDialect.h"
#include "weft/Dialect/Weft/IR/WeftOps.h"

using namespace mlir;
using namespace weft;

static std::string layoutText(const Layout &layout) {
  std::string text;
  llvm::raw_string_ostream os(text);
  for (const std::vector<Digit> &dim : layout.dims) {
    os << '(';
    for (const Digit &digit : dim) {
      os << '(' << digit.extent;
      if (digit.lane)
        os << " l" << digit.lane;
      if (digit.word)
        os << " w" << digit.word;
      if (digit.column)
        os << " c" << digit.column;
      os << ')';
    }
    os << ')';
  }
  os << " words " << layout.words;
  if (layout.columns != 1)
    os << " columns " << layout.columns;
  if (layout.offset != LayoutPosition{})
    os << " at l" << layout.offset.lane << " w" << layout.offset.word << " c"
       << layout.offset.column;
  if (layout.splat)
    os << " splat";
  return text;
}

/// Parses the text form; nothing when it is malformed.
static std::optional<Layout> parseLayout(StringRef text) {
  Layout layout;
  auto integer = [&](auto &value) {
    int64_t parsed = 0;
    size_t length = text.size() - text.ltrim("-0123456789").size();
    if (length == 0 || length > 12 ||
        text.take_front(length).getAsInteger(10, parsed))
      return false;
    text = text.drop_front(length);
    value = static_cast<std::remove_reference_t<decltype(value)>>(parsed);
    return true;
  };
  while (text.consume_front("(")) {
    std::vector<Digit> dim;
    while (text.consume_front("(")) {
      Digit digit;
      if (!integer(digit.extent) || digit.extent <= 0)
        return std::nullopt;
      while (text.consume_front(" ")) {
        if (text.consume_front("l")   ? !integer(digit.lane)
            : text.consume_front("w") ? !integer(digit.word)
            : text.consume_front("c") ? !integer(digit.column)
                                      : true)
          return std::nullopt;
      }
      if (!text.consume_front(")"))
        return std::nullopt;
      dim.push_back(digit);
    }
    if (!text.consume_front(")"))
      return std::nullopt;
    layout.dims.push_back(dim);
  }
  if (!text.consume_front(" words ") || !integer(layout.words))
    return std::nullopt;
  if (text.consume_front(" columns ") && !integer(layout.columns))
    return std::nullopt;
  if (text.consume_front(" at l") &&
      (!integer(layout.offset.lane) || !text.consume_front(" w") ||
       !integer(layout.offset.word) || !text.consume_front(" c") ||
       !integer(layout.offset.column)))
    return std::nullopt;
  layout.splat = text.consume_front(" splat");
  if (!text.empty() || layout.words < 0 || layout.columns < 1)
    return std::nullopt;
  return layout;
}

LayoutAttr LayoutAttr::get(MLIRContext *context, const Layout &layout) {
  return get(context, layoutText(layout));
}

Layout LayoutAttr::getLayout() const { return *parseLayout(getText()); }

LogicalResult LayoutAttr::verify(function_ref<InFlightDiagnostic()> emitError,
                                 StringRef text) {
  if (!parseLayout(text))
    return emitError() << "malformed layout \"" << text << "\"";
  return mlir::success();
}

bool weft::isPlaced(Type type) {
  auto tensor = dyn_cast<RankedTensorType>(type);
  return tensor && isa_and_nonnull<LayoutAttr>(tensor.getEncoding());
}

Layout weft::layoutOf(Type type) {
  auto tensor = cast<RankedTensorType>(type);
  return cast<LayoutAttr>(tensor.getEncoding()).getLayout();
}

DataType weft::storageOf(Type type) {
  Type element = getElementTypeOrSelf(type);
  if (element.isF16())
    return DataType::F16;
  if (element.isF32())
    return DataType::F32;
  if (element.isInteger(8))
    return DataType::I8;
  if (element.isInteger(16))
    return DataType::I16;
  return DataType::I32;
}
