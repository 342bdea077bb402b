// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// Operations of the `weft` dialect: kernels on placed tensors.

#ifndef WEFT_OPS_TD
#define WEFT_OPS_TD

include "WeftDialect.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/OpBase.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

class Weft_Op<string mnemonic, list<Trait> traits = []>
    : Op<WeftDialect, mnemonic, traits>;

def Weft_InputOp : Weft_Op<"input", [Pure]> {
  let summary = "a graph input, written to SRAM before cycle 0";
  let description = [{
    One copy of a graph input in one layout; an input that is needed in several
    layouts appears several times. `type` is the ONNX element type of the input,
    the result's element type is what is stored.
  }];
  let arguments = (ins StrAttr:$name, TypeAttr:$type, OptionalAttr<DenseI64ArrayAttr>:$shape);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$name `from` $type (`shape` $shape^)? attr-dict `:` type($result)";
}

def Weft_LookupOp : Weft_Op<"lookup", [Pure]> {
  let summary = "rows of a table on the host, chosen by a graph input";
  let description = [{
    The table stays on the host; before cycle 0 the runtime writes the rows that
    the graph input names to SRAM.
  }];
  let arguments = (ins StrAttr:$input, StrAttr:$table, ElementsAttr:$value);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input `in` $table $value attr-dict `:` type($result)";
}

def Weft_OutputOp : Weft_Op<"output"> {
  let summary = "a graph output, read from SRAM after the last cycle";
  let arguments = (ins AnyRankedTensor:$value, StrAttr:$name, TypeAttr:$type,
                       OptionalAttr<DenseI64ArrayAttr>:$shape);
  let assemblyFormat = "$value `to` $name `as` $type (`shape` $shape^)? attr-dict `:` type($value)";
}

def Weft_ConstantOp : Weft_Op<"constant", [Pure]> {
  let summary = "a resident constant";
  let description = [{
    The element values are the attribute's; the result's type says how they are
    stored and where. A constant that is installed in the matrix unit has no
    layout: its tiles are packed for the streams that meet it.
  }];
  let arguments = (ins ElementsAttr:$value);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$value attr-dict `:` type($result)";
}

def Weft_MapOp : Weft_Op<"map", [Pure, SingleBlock]> {
  let summary = "element-wise work on the vector unit";
  let description = [{
    The body computes one element of every result from one element of every
    operand, as in linalg.generic with parallel iterators only; the maps lead
    from the iteration space to operands, then results. `mask` zeroes the
    padding lanes of the results.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs,
                       AffineMapArrayAttr:$maps, UnitAttr:$mask);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `(` $inputs `)` `maps` $maps (`mask` $mask^)? attr-dict `:`
    functional-type($inputs, $results) $body
  }];
}

def Weft_ContractOp : Weft_Op<"contract", [Pure, SingleBlock, AttrSizedOperandSegments]> {
  let summary = "matrix products on the matrix unit, with an epilogue on the vector unit";
  let description = [{
    result[c(i)] = body(sum over p and the dimensions absent from c of
    streamed_p[s(i)] * installed_p[w(i)], extra...). Several pairs of operands
    are the pieces of one product and accumulate. The body's first argument is
    the sum in f32. `scales` multiplies each pair of pieces, and is folded into
    its constant operand. Maps: one for each streamed operand, each installed one,
    each extra one, then the result; `extents` are those of the iteration space.
    With `combine`, max or min, the rows of the result are combined as they come:
    as many are left as an ALU's latency has cycles, and the result's layout has
    that many columns for its rows.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$streamed,
                       Variadic<AnyRankedTensor>:$installed,
                       Variadic<AnyRankedTensor>:$extra,
                       AffineMapArrayAttr:$maps, DenseI64ArrayAttr:$extents,
                       DenseF32ArrayAttr:$scales, UnitAttr:$mask,
                       OptionalAttr<StrAttr>:$combine);
  let results = (outs Variadic<AnyRankedTensor>:$results);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    `(` $streamed `)` `by` `(` $installed `)` `with` `(` $extra `)` `maps` $maps
    `extents` $extents `scales` custom<ExactFloats>($scales) (`mask` $mask^)? (`combine` $combine^)? attr-dict `:`
    type($streamed) `by` type($installed) (`with` type($extra)^)? `->` type($results) $body
  }];
}

def Weft_ReduceOp : Weft_Op<"reduce", [Pure]> {
  let summary = "reduction over dimensions that are not in lanes";
  let description = [{
    `kind` is add, mul, max, min, and, or; the reduced dimensions are dropped.
  }];
  let arguments = (ins AnyRankedTensor:$input, StrAttr:$kind,
                       DenseI64ArrayAttr:$dims);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$kind $input `over` $dims attr-dict `:` type($input) `->` type($result)";
}

def Weft_ViewOp : Weft_Op<"view", [Pure]> {
  let summary = "the same words under another shape";
  let arguments = (ins AnyRankedTensor:$input);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "$input attr-dict `:` type($input) `to` type($result)";
}

def Weft_AssembleOp : Weft_Op<"assemble", [Pure]> {
  let summary = "tensors copied to offsets of a larger one, zero elsewhere";
  let description = [{
    `offsets` has one index into the result per input and dimension. Inputs
    occupy the lanes that their elements have in the result, in vectors of
    their own.
  }];
  let arguments = (ins Variadic<AnyRankedTensor>:$inputs, DenseI64ArrayAttr:$offsets);
  let results = (outs AnyRankedTensor:$result);
  let assemblyFormat = "`(` $inputs `)` `at` $offsets attr-dict `:` functional-type($inputs, $result)";
}

def Weft_YieldOp : Weft_Op<"yield", [Pure, Terminator]> {
  let summary = "ends the body of a kernel";
  let arguments = (ins Variadic<AnyType>:$values);
  let assemblyFormat = "attr-dict ($values^ `:` type($values))?";
}

#endif // WEFT_OPS_TD
