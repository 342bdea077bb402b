// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The layout attribute of the `weft` dialect: the encoding of a tensor type
// that says in which lane, word and column every element lies.

#ifndef WEFT_LAYOUT_ATTR_TD
#define WEFT_LAYOUT_ATTR_TD

include "WeftDialect.td"
include "mlir/IR/AttrTypeBase.td"

def Weft_LayoutAttr : AttrDef<WeftDialect, "Layout"> {
  let mnemonic = "layout";
  let summary = "where the elements of a tensor lie in vectors";
  let description = [{
    One parenthesised list of digits per dimension, inner digits first; a digit
    is its extent and its steps in lanes (`l`), words (`w`) and columns (`c`):
    `#weft.layout<"((128 w1))((320 l1)(3 w128)) words 384">` is a tensor of
    128 x 768 elements, 320 of a row in the lanes of each vector. `splat`: all
    lanes of a vector hold the same element.
  }];
  let parameters = (ins StringRefParameter<"canonical text">:$text);
  let builders = [AttrBuilder<(ins "const ::weft::Layout &":$layout)>];
  let assemblyFormat = "`<` $text `>`";
  let genVerifyDecl = 1;
  let extraClassDeclaration = [{
    ::weft::Layout getLayout() const;
  }];
}

#endif // WEFT_LAYOUT_ATTR_TD
