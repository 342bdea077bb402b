// Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
// SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception

// The `tsp` dialect: instructions on functional units, first as dataflow on
// streams, then stamped with stream, unit and cycle.

#ifndef TSP_OPS_TD
#define TSP_OPS_TD

include "mlir/IR/AttrTypeBase.td"
include "mlir/IR/BuiltinAttributeInterfaces.td"
include "mlir/IR/DialectBase.td"
include "mlir/IR/OpBase.td"
include "mlir/IR/SymbolInterfaces.td"
include "mlir/Interfaces/SideEffectInterfaces.td"

def TspDialect : Dialect {
  let name = "tsp";
  let cppNamespace = "::weft::tsp";
  let summary = "When: instructions on the functional units of the chip";
  let description = [{
    A `tsp.program` holds memory (constants, weights, inputs, scratch) and
    chains. A chain is the rigid dataflow from SRAM reads through functional
    units back to SRAM writes or matrix unit state: one start cycle fixes every
    cycle in it. Before scheduling, a chain says only offsets relative to its
    start; scheduling stamps starts, streams, ALUs, accumulator rows, and
    places of buffers, as attributes.
  }];
  let useDefaultTypePrinterParser = 1;
}

class Tsp_Type<string name, string typeMnemonic> : TypeDef<TspDialect, name> {
  let mnemonic = typeMnemonic;
}
def Tsp_Buffer : Tsp_Type<"Buffer", "buffer"> {
  let summary = "contiguous words in one bank of one slice: one byte plane of one column";
}
def Tsp_Value : Tsp_Type<"Value", "value"> {
  let summary = "a burst of vectors on a stream group, or passed between ALUs";
}
def Tsp_Loaded : Tsp_Type<"Loaded", "loaded"> {
  let summary = "shadow weights that a chain has filled";
}

class Tsp_Op<string mnemonic, list<Trait> traits = []>
    : Op<TspDialect, mnemonic, traits>;

def Tsp_ProgramOp : Tsp_Op<"program", [IsolatedFromAbove, SingleBlock, NoTerminator, Symbol]> {
  let summary = "the program of one chip";
  let description = [{
    `machine` is the description's JSON text. `cycles` is what the scheduler
    predicts.
  }];
  let arguments = (ins SymbolNameAttr:$sym_name, StrAttr:$machine,
                       OptionalAttr<I64Attr>:$cycles);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = "$sym_name (`cycles` $cycles^)? `on` $machine attr-dict-with-keyword $body";
}

class Tsp_MemoryOp<string mnemonic> : Tsp_Op<mnemonic> {
  code placesDescription = [{
    `places`, stamped by scheduling, has hemisphere (0 west, 1 east), slice and
    word for each buffer.
  }];
  let results = (outs Variadic<Tsp_Buffer>:$buffers);
}

def Tsp_ConstantOp : Tsp_MemoryOp<"constant"> {
  let summary = "element values at cycle 0";
  let description = [{
    One buffer per column and byte plane of the layout in `tensor`, column by
    column, least significant byte first. Padding lanes are zero.
  }];
  let arguments = (ins ElementsAttr:$value, TypeAttr:$tensor, I64Attr:$words,
                       OptionalAttr<I64Attr>:$hemisphere,
                       OptionalAttr<DenseI64ArrayAttr>:$places);
  let assemblyFormat = "$value `as` $tensor `words` $words (`in` $hemisphere^)? (`at` $places^)? attr-dict `:` type($buffers)";
}

def Tsp_WeightsOp : Tsp_MemoryOp<"weights"> {
  let summary = "one packed tile of weights";
  let description = [{
    Lane k and column n of the tile hold the element of `value` at flat index
    lanes[k] + columns[n], times `scale`, as f16; nothing where either is
    negative. Low bytes are in the lower half of the lanes, high bytes in the
    upper half. With `bytes` it is the element as i8, in all lanes. Buffer j
    holds columns j, j + J, j + 2J, ... for J buffers.
  }];
  let arguments = (ins ElementsAttr:$value, DenseI64ArrayAttr:$lanes,
                       DenseI64ArrayAttr:$columns, F32Attr:$scale, I64Attr:$words,
                       I64Attr:$hemisphere,
                       OptionalAttr<DenseI64ArrayAttr>:$places, UnitAttr:$bytes);
  let assemblyFormat = "$value (`bytes` $bytes^)? `lanes` $lanes `columns` $columns `scale` $scale `words` $words `in` $hemisphere (`at` $places^)? attr-dict `:` type($buffers)";
}

def Tsp_ScratchOp : Tsp_MemoryOp<"scratch"> {
  let summary = "memory that the program writes before it reads";
  let arguments = (ins I64Attr:$words, OptionalAttr<I64Attr>:$hemisphere,
                       OptionalAttr<DenseI64ArrayAttr>:$places);
  let assemblyFormat = "`words` $words (`in` $hemisphere^)? (`at` $places^)? attr-dict `:` type($buffers)";
}

def Tsp_InputOp : Tsp_MemoryOp<"input"> {
  let summary = "one copy of a graph input";
  let arguments = (ins StrAttr:$name, TypeAttr:$type, DenseI64ArrayAttr:$shape,
                       TypeAttr:$tensor, I64Attr:$words,
                       OptionalAttr<I64Attr>:$hemisphere,
                       OptionalAttr<DenseI64ArrayAttr>:$places);
  let assemblyFormat = "$name `from` $type $shape `as` $tensor `words` $words (`in` $hemisphere^)? (`at` $places^)? attr-dict `:` type($buffers)";
}

def Tsp_LookupOp : Tsp_MemoryOp<"lookup"> {
  let summary = "rows of a table on the host, chosen by a graph input";
  let arguments = (ins StrAttr:$input, StrAttr:$table, ElementsAttr:$value,
                       DenseI64ArrayAttr:$shape, TypeAttr:$tensor, I64Attr:$words,
                       OptionalAttr<I64Attr>:$hemisphere,
                       OptionalAttr<DenseI64ArrayAttr>:$places);
  let assemblyFormat = "$input `in` $table $value $shape `as` $tensor `words` $words (`in` $hemisphere^)? (`at` $places^)? attr-dict `:` type($buffers)";
}

def Tsp_OutputOp : Tsp_Op<"output"> {
  let summary = "a graph output, read after the last cycle";
  let arguments = (ins Variadic<Tsp_Buffer>:$buffers, StrAttr:$name, TypeAttr:$type,
                       DenseI64ArrayAttr:$shape, TypeAttr:$tensor);
  let assemblyFormat = "$name `as` $type $shape `from` $tensor `(` $buffers `)` attr-dict `:` type($buffers)";
}

def Tsp_ChainOp : Tsp_Op<"chain", [SingleBlock, NoTerminator]> {
  let summary = "the unit of scheduling";
  let description = [{
    `load` chains fill the shadow weights of a pair and return them; a chain
    that takes `loaded` weights installs them and passes activations.
    `hemisphere` says which pair. In byte mode a chain works on both planes of
    the pair, or on one. Chains of one accumulator `group` accumulate
    into the same `rows` rows. `start`, `row` are stamped by scheduling.
  }];
  let arguments = (ins Optional<Tsp_Loaded>:$loaded, StrAttr:$name,
                       OptionalAttr<I64Attr>:$hemisphere,
                       OptionalAttr<I64Attr>:$group, OptionalAttr<I64Attr>:$rows,
                       OptionalAttr<I64Attr>:$start, OptionalAttr<I64Attr>:$row);
  let results = (outs Optional<Tsp_Loaded>:$filled);
  let regions = (region SizedRegion<1>:$body);
  let assemblyFormat = [{
    $name (`at` $start^)? (`pair` $hemisphere^)? (`after` $loaded^)?
    (`group` $group^)? (`rows` $rows^)? (`from` $row^)?
    (`fills` type($filled)^)? attr-dict-with-keyword $body
  }];
}

def Tsp_ReadOp : Tsp_Op<"read"> {
  let summary = "vectors from memory onto a stream group";
  let description = [{
    Plane p of the value comes from `counts[p]` runs, each a buffer and
    (first word, word step, count, first element, element step). Elements reach
    their readers `period` cycles apart.
  }];
  let arguments = (ins Variadic<Tsp_Buffer>:$buffers, I64Attr:$elements,
                       I64Attr:$period, DenseI64ArrayAttr:$counts,
                       DenseI64ArrayAttr:$runs, OptionalAttr<I64Attr>:$stream);
  let results = (outs Tsp_Value:$value);
  let assemblyFormat = "(`on` $stream^)? `burst` $elements `every` $period `planes` $counts `runs` $runs `(` $buffers `)` attr-dict `:` type($buffers)";
}

def Tsp_WriteOp : Tsp_Op<"write"> {
  let summary = "a value into memory, runs as in tsp.read";
  let arguments = (ins Tsp_Value:$value, Variadic<Tsp_Buffer>:$buffers,
                       DenseI64ArrayAttr:$counts, DenseI64ArrayAttr:$runs);
  let assemblyFormat = "$value `planes` $counts `runs` $runs `(` $buffers `)` attr-dict `:` type($buffers)";
}

def Tsp_AluOp : Tsp_Op<"alu"> {
  let summary = "one operation on one ALU of the vector unit";
  let description = [{
    `arguments` says where each operand comes from: n >= 0 is the n-th SSA
    operand (a stream value, or the result of an op that issues its latency
    earlier), -1 and -2 are the immediates. With `accumulate`, operand 0 is
    combined with the ALU's own result of a latency earlier: as many issues as
    lie in a latency copy it first, and as many drive the result last, each a
    part of it.
  }];
  let arguments = (ins Variadic<Tsp_Value>:$inputs, StrAttr:$opcode,
                       TypeAttr:$type, TypeAttr:$resultType,
                       DenseI64ArrayAttr:$arguments,
                       DenseI64ArrayAttr:$immediates,
                       I64Attr:$offset, I64Attr:$count, I64Attr:$period,
                       UnitAttr:$accumulate,
                       OptionalAttr<I64Attr>:$alu, OptionalAttr<I64Attr>:$stream);
  let results = (outs Tsp_Value:$result);
  let assemblyFormat = [{
    $opcode (`accumulate` $accumulate^)? `(` $inputs `)` $arguments `imm` $immediates
    $type `to` $resultType `offset` $offset `burst` $count `every` $period
    (`unit` $alu^)? (`on` $stream^)? attr-dict `:` type($inputs)
  }];
}

def Tsp_LoadWeightsOp : Tsp_Op<"lw"> {
  let summary = "fills columns of the shadow weights of a pair";
  let description = [{
    With `plane`, 0 or 1, of that plane of the pair, in byte mode.
  }];
  let arguments = (ins Tsp_Value:$value, I64Attr:$offset, I64Attr:$count,
                       I64Attr:$block, UnitAttr:$packed, UnitAttr:$upper,
                       OptionalAttr<I64Attr>:$plane);
  let assemblyFormat = "$value (`plane` $plane^)? (`packed` $packed^)? (`upper` $upper^)? `block` $block `offset` $offset `burst` $count attr-dict";
}

def Tsp_InstallOp : Tsp_Op<"iw"> {
  let summary = "makes the shadow weights the active ones";
  let description = [{
    Of one plane in byte mode with `plane`, of the pair without. It stands in
    the weight queue, or in the one named: "abc" or "acc".
  }];
  let arguments = (ins I64Attr:$offset, OptionalAttr<I64Attr>:$plane,
                       OptionalAttr<StrAttr>:$queue);
  let assemblyFormat = "(`plane` $plane^)? (`in` $queue^)? `offset` $offset attr-dict";
}

def Tsp_ActivateOp : Tsp_Op<"abc"> {
  let summary = "activations into a pair";
  let description = [{
    Two streams of f16, or, with `plane`, one of bytes into that plane.
  }];
  let arguments = (ins Tsp_Value:$value, UnitAttr:$upper, I64Attr:$offset, I64Attr:$count,
                       OptionalAttr<I64Attr>:$plane);
  let results = (outs Tsp_Value:$result);
  let assemblyFormat = "$value (`plane` $plane^)? (`upper` $upper^)? `offset` $offset `burst` $count attr-dict";
}

def Tsp_AccumulateOp : Tsp_Op<"acc"> {
  let summary = "results of a pair: accumulated, emitted, or both";
  let description = [{
    `mode` is pass, store, add, store_emit, add_emit. Rows count from the first
    row of the chain's group.
  }];
  let arguments = (ins Tsp_Value:$value, StrAttr:$mode, I64Attr:$offset,
                       I64Attr:$count, OptionalAttr<I64Attr>:$stream);
  let results = (outs Tsp_Value:$result);
  let assemblyFormat = "$mode $value `offset` $offset `burst` $count (`on` $stream^)? attr-dict";
}

#endif // TSP_OPS_TD
