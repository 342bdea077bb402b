# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# make_model.py KIND OUT.onnx: a tiny model for a test of the importer. Each
# function below is a KIND. Files it needs beside the model are written beside it.

import os
import struct
import sys

import numpy as np
import onnx
from onnx import AttributeProto, TensorProto, helper, numpy_helper

FLOAT, INT64, BOOL = TensorProto.FLOAT, TensorProto.INT64, TensorProto.BOOL


def value(name, shape, dtype=FLOAT):
    return helper.make_tensor_value_info(name, dtype, shape)


def node(op, inputs, outputs, name=None, domain=None, **attributes):
    return helper.make_node(op, inputs, outputs, name, domain=domain, **attributes)


def model(nodes, inputs, outputs, initializers=(), opsets=(("", 17),), **more):
    graph = helper.make_graph(nodes, "g", inputs, outputs, list(initializers))
    imports = [helper.make_opsetid(domain, version) for domain, version in opsets]
    return helper.make_model(graph, opset_imports=imports, ir_version=8, **more)


def nodes():
    """What exporters write: no names, wrong order, ai.onnx, missing imports."""
    return model(
        [
            node("Clip", ["b", "", "hi"], ["y"], "clip"),
            node("Relu", ["x"], ["a"], domain="ai.onnx"),
            node("BiasGelu", ["a", "bias"], ["b"], "gelu", domain="com.microsoft"),
            node("Dropout", ["x", "", ""], ["d", ""], "drop"),
        ],
        [value("x", ["batch", 3, None, -1]), value("hi", [])],
        [value("y", ["batch", 3, None, None]), value("d", None)],
        [numpy_helper.from_array(np.float32([1, 2, 3]), "bias")],
        [("ai.onnx", 13)],
    )


def attributes():
    """Every kind of attribute but graphs."""
    tensor = numpy_helper.from_array(np.int64([7, 8]))
    sparse = helper.make_sparse_tensor(
        numpy_helper.from_array(np.float32([5])), numpy_helper.from_array(np.int64([2])), [4]
    )
    made = node(
        "Everything", ["x"], ["y"], "all", domain="example",
        i=-3, f=0.5, s="text", t=tensor, ints=[1, 2], floats=[0.25, 2.0**-11],
        strings=["a", "b"], tensors=[tensor, tensor], sp=sparse,
    )
    kind = made.attribute.add(name="tp", type=AttributeProto.TYPE_PROTO)
    kind.tp.CopyFrom(helper.make_tensor_type_proto(FLOAT, [2, "n"]))
    empty = made.attribute.add(name="none", type=AttributeProto.INTS)
    assert not empty.ints
    return model([made], [value("x", [1])], [value("y", [1])])


def subgraphs():
    """If captures x; Loop has arguments; both sit in one another."""
    then = helper.make_graph([node("Neg", ["x"], ["t"], "neg")], "then", [], [value("t", [2])])
    other = helper.make_graph([], "else", [], [value("x", [2])])
    body = helper.make_graph(
        [
            node("If", ["go"], ["n"], "choose", then_branch=then, else_branch=other),
            node("Add", ["carried", "n"], ["next"], "step"),
            node("Identity", ["cond"], ["again"], "same"),
        ],
        "body",
        [value("i", [], INT64), value("cond", [], BOOL), value("carried", None)],
        [value("again", [], BOOL), value("next", [2])],
    )
    return model(
        [node("Loop", ["trips", "go", "x"], ["y"], "loop", body=body)],
        [value("x", [2]), value("trips", [], INT64), value("go", [], BOOL)],
        [value("y", [2])],
    )


def functions():
    """outer calls inner twice; inner's attribute comes from the call, or a default."""

    def reference(to, name, kind, ref):
        attribute = to.attribute.add(name=name, type=kind)
        attribute.ref_attr_name = ref

    leaky = node("LeakyRelu", ["a"], ["b"], "leaky")
    reference(leaky, "alpha", AttributeProto.FLOAT, "slope")
    inner = helper.make_function(
        "local", "inner", ["a", "extra"], ["c"],
        [node("Clip", ["b", "", "extra"], ["c"], "clip"), leaky],
        [helper.make_opsetid("", 16)], ["slope"],
    )
    passes = node("inner", ["p"], ["q"], "first", domain="local")
    reference(passes, "slope", AttributeProto.FLOAT, "given")
    outer = helper.make_function(
        "local", "outer", ["p"], ["r"],
        [passes, node("inner", ["q", "p"], ["r"], "second", domain="local", slope=0.5)],
        [helper.make_opsetid("", 17), helper.make_opsetid("local", 1)], ["given"],
    )
    return model(
        [node("outer", ["x"], ["y"], "call", domain="local", given=0.25)],
        [value("x", [2])], [value("y", [2])],
        opsets=[("", 17), ("local", 1)], functions=[inner, outer],
    )


def recursion():
    """A function that calls itself."""
    loop = helper.make_function(
        "local", "loop", ["a"], ["b"], [node("loop", ["a"], ["b"], "again", domain="local")],
        [helper.make_opsetid("local", 1)],
    )
    return model(
        [node("loop", ["x"], ["y"], "call", domain="local")],
        [value("x", [2])], [value("y", [2])],
        opsets=[("", 17), ("local", 1)], functions=[loop],
    )


def raw(name, dtype, dims, data):
    tensor = TensorProto(name=name, dims=dims, raw_data=bytes(data))
    tensor.data_type = dtype
    return tensor


def listed(name, dtype, dims, field, values):
    tensor = TensorProto(name=name, dims=dims)
    tensor.data_type = dtype
    getattr(tensor, field).extend(values)
    return tensor


def tensors():
    """A constant of every element type, by its number in onnx.proto."""
    constants = [
        raw("f32", 1, [2], struct.pack("<2f", 1.5, -2)),
        raw("u8", 2, [2], [1, 255]),
        raw("i8", 3, [2], [1, 255]),
        raw("u16", 4, [2], [1, 0, 255, 255]),
        raw("i16", 5, [2], [1, 0, 255, 255]),
        listed("i32", 6, [2], "int32_data", [1, -1]),
        listed("i64", 7, [2], "int64_data", [1, -1]),
        listed("str", 8, [2], "string_data", [b"a\"b", b""]),
        raw("bool", 9, [10], [1, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        listed("boollist", 9, [3], "int32_data", [1, 0, 1]),
        listed("f16", 10, [2], "int32_data", [0x3C00, 0xC000]),
        listed("f64", 11, [2], "double_data", [1.5, -2]),
        listed("u32", 12, [2], "uint64_data", [1, 2**32 - 1]),
        listed("u64", 13, [2], "uint64_data", [1, 2**64 - 1]),
        listed("c64", 14, [1], "float_data", [1, -2]),
        listed("c128", 15, [1], "double_data", [1, -2]),
        raw("bf16", 16, [2], [0x80, 0x3F, 0x00, 0xC0]),
        raw("e4m3", 17, [2], [0x38, 0xC0]),
        raw("e4m3z", 18, [2], [0x40, 0xC8]),
        raw("e5m2", 19, [2], [0x3C, 0xC0]),
        raw("e5m2z", 20, [2], [0x40, 0xC4]),
        raw("u4", 21, [3], [0xF1, 0x02]),
        listed("i4", 22, [3], "int32_data", [0xF1, 0x02]),
        raw("f4", 23, [3], [0xC2, 0x01]),
        raw("scalar", 1, [], struct.pack("<f", 3)),
        raw("empty", 1, [0, 4], b""),
        raw("splat", 7, [3], struct.pack("<3q", 9, 9, 9)),
    ]
    names = [tensor.name for tensor in constants]
    return model(
        [
            node("Use", names, ["y"], "use", domain="example"),
            node("Constant", [], ["ints"], "ints", value_ints=[4, 5]),
            node("Constant", [], ["float"], "float", value_float=0.5),
            node("Constant", [], ["strings"], "strings", value_strings=["p", "q"]),
            node("Use", ["ints", "float", "strings"], ["z"], "use2", domain="example"),
        ],
        [], [value("y", [1]), value("z", [1])], constants,
    )


def large():
    """Weights above 16 KiB: in the file as raw and as floats, beside it, as varints."""
    beside = TensorProto(name="beside", dims=[64, 128], data_location=TensorProto.EXTERNAL)
    beside.data_type = FLOAT
    for key, text in (("location", "weights.bin"), ("offset", "4096"), ("length", "32768")):
        beside.external_data.add(key=key, value=text)
    directory = os.path.dirname(sys.argv[2])
    with open(os.path.join(directory, "weights.bin"), "wb") as file:
        file.write(bytes(4096) + bytes(64 * 128 * 4))
    few = TensorProto(name="few", dims=[2], data_location=TensorProto.EXTERNAL)
    few.data_type = FLOAT
    for key, text in (("location", "weights.bin"), ("offset", "0")):
        few.external_data.add(key=key, value=text)
    constants = [
        raw("raw", FLOAT, [64, 128], struct.pack("<f", 1.5) * 64 * 128),
        listed("floats", FLOAT, [64, 128], "float_data", [2.5] * 64 * 128),
        beside,
        few,
        listed("varints", INT64, [4096], "int64_data", [3] * 4096),
        raw("edge", 2, [16384], bytes(range(256)) * 64),
        raw("over", 2, [16385], bytes(16385)),
    ]
    return model(
        [node("Use", [tensor.name for tensor in constants], ["y"], "use", domain="example")],
        [], [value("y", [1])], constants,
    )


def twice():
    """Two nodes define one value."""
    return model(
        [node("Relu", ["x"], ["y"], "one"), node("Neg", ["x"], ["y"], "two")],
        [value("x", [2])], [value("y", [2])],
    )


def constant_twice():
    """Two Constants define one value: ONNX Runtime takes the last."""
    return model(
        [
            node("Constant", [], ["c"], "first", value_int=1),
            node("Add", ["x", "c"], ["y"], "add"),
            node("Constant", [], ["c"], "second", value_int=2),
        ],
        [value("x", [2], INT64)], [value("y", [2], INT64)],
    )


def initializer_twice():
    weight = numpy_helper.from_array(np.float32([1, 2]), "w")
    return model(
        [node("Add", ["x", "w"], ["y"])], [value("x", [2])], [value("y", [2])], [weight, weight]
    )


def undefined_output():
    return model([node("Relu", ["x"], ["a"], "r")], [value("x", [2])], [value("y", [2])])


def unknown_type():
    return model([node("Relu", ["x"], ["y"], "r")], [value("x", [2], 99)], [value("y", [2])])


def external(location="weights.bin", offset=0):
    directory = os.path.dirname(sys.argv[2])
    with open(os.path.join(directory, "weights.bin"), "wb") as file:
        file.write(bytes(64))
    weight = TensorProto(name="w", dims=[16], data_location=TensorProto.EXTERNAL)
    weight.data_type = FLOAT
    for key, text in (("location", location), ("offset", str(offset)), ("length", "64")):
        weight.external_data.add(key=key, value=text)
    return model(
        [node("Add", ["x", "w"], ["y"], "add")], [value("x", [16])], [value("y", [16])], [weight]
    )


def external_short():
    """The weight ends 4 bytes past the file's end."""
    return external(offset=4)


def external_missing():
    return external("nothing.bin")


def external_parent():
    return external("sub/../../weights.bin")


def external_link():
    link = os.path.join(os.path.dirname(sys.argv[2]), "outside")
    if os.path.lexists(link):
        os.remove(link)
    os.symlink("/etc", link)
    return external("outside/passwd")


def dynamic():
    """Two inputs share 'batch'; z has a dimension without a name."""
    return model(
        [node("Add", ["x", "y"], ["s"], "add"), node("Relu", ["z"], ["r"], "relu")],
        [value("x", ["batch", 4]), value("y", ["batch", "seq"]), value("z", [None, 2])],
        [value("s", ["batch", 4]), value("r", [None, 2])],
    )


def main():
    kind, path = sys.argv[1:]
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(globals()[kind]().SerializeToString())


main()
