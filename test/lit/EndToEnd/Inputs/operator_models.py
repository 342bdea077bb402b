# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# operator_models.py DIR: small graphs around operators and layouts that once
# went wrong, one folder each with model.onnx and a test data set; the expected
# outputs are NumPy's.

import os
import sys

import numpy as np
import onnx
from onnx import helper, numpy_helper

random = np.random.RandomState(1)
TYPES = {
    np.dtype(np.float32): onnx.TensorProto.FLOAT,
    np.dtype(np.int32): onnx.TensorProto.INT32,
    np.dtype(np.int64): onnx.TensorProto.INT64,
    np.dtype(np.uint8): onnx.TensorProto.UINT8,
}


def floats(*shape):
    return np.array(random.randn(*shape), np.float32)


def ints(*values):
    return np.array(values, np.int64)


def model(directory, name, nodes, inputs, constants, outputs):
    """nodes: (operator, inputs, outputs, attributes)"""

    def info(key, value):
        return helper.make_tensor_value_info(key, TYPES[value.dtype], value.shape)

    graph = helper.make_graph(
        [helper.make_node(op, i, o, name=f"{op}_{o[0]}", **a) for op, i, o, a in nodes],
        name,
        [info(*item) for item in inputs.items()],
        [info(*item) for item in outputs.items()],
        [numpy_helper.from_array(v, k) for k, v in constants.items()],
    )
    data = os.path.join(directory, name, "test_data_set_0")
    os.makedirs(data, exist_ok=True)
    made = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    made.ir_version = 8
    onnx.save(made, os.path.join(directory, name, "model.onnx"))
    for kind, values in (("input", inputs), ("output", outputs)):
        for i, (key, value) in enumerate(values.items()):
            with open(os.path.join(data, f"{kind}_{i}.pb"), "wb") as file:
                file.write(numpy_helper.from_array(value, key).SerializeToString())


def main():
    def add(name, nodes, inputs, constants, *outputs):
        outputs = {f"y{i}" if i else "y": v for i, v in enumerate(outputs)}
        model(sys.argv[1], name, nodes, inputs, constants, outputs)

    # Heads and features in lanes, a table with features only: rotary embedding.
    x, w, cos = floats(2, 9, 64), floats(64, 64) / 8, floats(9, 16)
    heads = (x @ w).reshape(2, 9, 4, 16).transpose(0, 2, 1, 3)
    for name, free in (("rotary", False), ("rotary_input", True)):
        add(
            name,
            [
                ("MatMul", ["x", "w"], ["p"], {}),
                ("Reshape", ["p", "shape"], ["h"], {}),
                ("Transpose", ["h"], ["t"], {"perm": [0, 2, 1, 3]}),
                ("Mul", ["t", "cos"], ["y"], {}),
            ],
            {"x": x, "cos": cos} if free else {"x": x},
            {"w": w, "shape": ints(2, 9, 4, 16), **({} if free else {"cos": cos})},
            heads * cos,
        )
    # The epilogue reads the rows that are streamed, long enough to meet them.
    x = floats(200, 64)
    add(
        "residual",
        [("MatMul", ["x", "w"], ["p"], {}), ("Add", ["p", "x"], ["y"], {})],
        {"x": x},
        {"w": w},
        x @ w + x,
    )
    # Two operands in the words of one tensor.
    x = floats(40, 64)
    a, b = np.split(x @ w, 2)
    add(
        "halves",
        [
            ("MatMul", ["x", "w"], ["p"], {}),
            ("Split", ["p"], ["a", "b"], {"axis": 0}),
            ("Mul", ["a", "b"], ["y"], {}),
        ],
        {"x": x},
        {"w": w},
        a * b,
    )
    # Rows of three vectors in one segment of memory.
    x, g = floats(5, 700), floats(700)
    c = x - x.mean(-1, keepdims=True)
    add(
        "wide_norm",
        [("LayerNormalization", ["x", "g"], ["y"], {"axis": -1})],
        {"x": x},
        {"g": g},
        (c / np.sqrt((c * c).mean(-1, keepdims=True) + 1e-5) * g).astype(np.float32),
    )
    # A mean of many deviations: squares beyond f16's range, and all but 1e-5
    # of their sum cancels in the variance.
    x = x + np.float32(300)
    wide = x.astype(np.float64)
    c = wide - wide.mean(-1, keepdims=True)
    add(
        "far_norm",
        [("LayerNormalization", ["x", "g"], ["y"], {"axis": -1})],
        {"x": x},
        {"g": g},
        (c / np.sqrt((c * c).mean(-1, keepdims=True) + 1e-5) * g).astype(np.float32),
    )
    # Logits that f16 cannot tell apart.
    x = np.array([[0, 1, 2, 3], [10000, 10001, 10002, 10003]], np.float32)
    e = np.exp(x - x.max(-1, keepdims=True))
    add(
        "large_softmax",
        [("Softmax", ["x"], ["y"], {"axis": -1})],
        {"x": x},
        {},
        e / e.sum(-1, keepdims=True),
    )
    # Sums beyond f16 that are divided before the next product: only the
    # quotient is stored.
    q, k, v, w = floats(4, 100, 32), floats(4, 32, 100), floats(4, 100, 32), floats(32, 8)
    q, d = q * np.float32(1000), np.float32(1e5) * (1 + np.abs(floats(4, 100, 1)))
    heads = (q @ (k * np.float32(200))) / d @ (v + v)
    add(
        "quotient_of_sums",
        [
            ("Mul", ["k", "c"], ["kc"], {}),
            ("MatMul", ["q", "kc"], ["s"], {}),
            ("Div", ["s", "d"], ["p"], {}),
            ("Add", ["v", "v"], ["vv"], {}),
            ("MatMul", ["p", "vv"], ["h"], {}),
            ("MatMul", ["h", "w"], ["y"], {}),
        ],
        {"q": q, "k": k, "v": v, "d": d},
        {"w": w, "c": np.float32(200)},
        heads @ w,
    )
    # Lanes that hold nothing would be roots of -1, and infinity less infinity.
    x, w = 1 + np.abs(floats(10, 50)), floats(50, 30)
    add(
        "root_of_padding",
        [
            ("Sub", ["x", "one"], ["d"], {}),
            ("Sqrt", ["d"], ["r"], {}),
            ("MatMul", ["r", "w"], ["y"], {}),
        ],
        {"x": x},
        {"one": np.float32(1), "w": w},
        np.sqrt(x - 1) @ w,
    )
    add(
        "exp_of_padding",
        [
            ("Mul", ["x", "many"], ["xs"], {}),
            ("Sub", ["many", "xs"], ["d"], {}),
            ("Exp", ["d"], ["e"], {}),
            ("Mul", ["e", "three"], ["e3"], {}),
            ("Sub", ["e3", "e"], ["e2"], {}),
            ("MatMul", ["e2", "w"], ["y"], {}),
        ],
        {"x": np.float32(1) + np.arange(500, dtype=np.float32).reshape(10, 50) / 512},
        {"many": np.float32(128), "three": np.float32(3), "w": w},
        2 * np.exp(-np.arange(500, dtype=np.float32).reshape(10, 50) / 4) @ w,
    )
    # Factors for which no coefficients of erf are in f32.
    x = floats(3, 50)
    add(
        "erf_of_scaled",
        [
            ("Mul", ["x", "none"], ["x0"], {}),
            ("Erf", ["x0"], ["y0"], {}),
            ("Mul", ["x", "little"], ["x1"], {}),
            ("Erf", ["x1"], ["y1"], {}),
            ("Mul", ["y1", "much"], ["y2"], {}),
            ("Add", ["y0", "y2"], ["y"], {}),
        ],
        {"x": x},
        {"none": np.float32(0), "little": np.float32(1e-21), "much": np.float32(1e21)},
        (x * 2 / np.sqrt(np.pi)).astype(np.float32),
    )
    # Nothing: a slice beyond the end, and the sum and the logarithm of no elements.
    x = floats(3, 4)
    add(
        "empty",
        [
            ("Slice", ["x", "at", "at", "axis"], ["y"], {}),
            ("ReduceSum", ["y", "axis"], ["y1"], {"keepdims": 0}),
            ("Log", ["y1"], ["y2"], {}),
        ],
        {"x": x},
        {"at": ints(9), "axis": ints(0)},
        x[9:],
        np.zeros(4, np.float32),
        np.full(4, -np.inf, np.float32),
    )
    # All dimensions padded, with a value.
    x = floats(3, 5, 7)
    add(
        "pad",
        [("Pad", ["x", "pads", "value"], ["y"], {})],
        {"x": x},
        {"pads": ints(1, 0, 2, 0, 3, 1), "value": np.float32(0.5)},
        np.pad(x, [(1, 0), (0, 3), (2, 1)], constant_values=np.float32(0.5)),
    )
    # Two dimensions padded by repeating the edge.
    add(
        "edge",
        [("Pad", ["x", "pads"], ["y"], {"mode": "edge"})],
        {"x": x[:1]},
        {"pads": ints(0, 1, 1, 0, 2, 1)},
        np.pad(x[:1], [(0, 0), (1, 2), (1, 1)], mode="edge"),
    )
    # Integers, truncated toward zero; the second to last needs 31 bits.
    x = np.array([7, -7, 7, -7, 2147483000, -5], np.int32)
    y = np.array([2, 2, -2, -2, 7, 9], np.int32)
    add(
        "integers",
        [
            ("Div", ["a", "b"], ["y"], {}),
            ("Pow", ["c", "n"], ["y1"], {}),
        ],
        {"a": x, "b": y, "c": np.array([3, -2, 5, 7], np.int32)},
        {"n": np.array([5, 7, 0, 10], np.int32)},
        np.array([3, -3, -3, 3, 306783285, 0], np.int32),
        np.array([243, -128, 1, 282475249], np.int32),
    )
    # Powers of negative bases.
    x = np.array([-2, -1.5, -3, 2, 0, 1.5], np.float32)
    n = np.array([3, 2, -1, 0.5, 2, 0], np.float32)
    add(
        "powers",
        [("Pow", ["x", "n"], ["y"], {}), ("Pow", ["x", "five"], ["y1"], {})],
        {"x": x, "n": n},
        {"five": np.float32(5)},
        x**n,
        x**5,
    )
    # A maximum over everything, and one over dimensions that are broadcast.
    x = floats(3, 1, 4)
    add(
        "maxima",
        [
            ("ReduceMax", ["x"], ["y"], {"keepdims": 1}),
            ("Expand", ["x", "shape"], ["e"], {}),
            ("ReduceMax", ["e"], ["y1"], {"axes": [0, 1], "keepdims": 0}),
        ],
        {"x": x},
        {"shape": ints(3, 5, 4)},
        x.max(keepdims=True),
        x.max((0, 1)),
    )
    # An operand that is broadcast along the sum of a product.
    x, b = floats(33, 1), floats(3, 7)
    add(
        "broadcast_product",
        [
            ("Expand", ["x", "shape"], ["e"], {}),
            ("MatMul", ["e", "b"], ["y"], {}),
        ],
        {"x": x, "b": b},
        {"shape": ints(33, 3)},
        np.broadcast_to(x, (33, 3)) @ b,
    )
    # Products whose other operand makes the fuller tiles; rows divided between
    # the pairs of planes, an odd number of them.
    x, w, b = floats(640, 300), floats(300, 701) / 16, floats(701)
    add(
        "swapped",
        [("MatMul", ["x", "w"], ["p"], {}), ("Add", ["p", "b"], ["y"], {})],
        {"x": x},
        {"w": w, "b": b},
        x @ w + b,
    )
    w, x = floats(701, 300) / 16, floats(300, 640)
    add("swapped_left", [("MatMul", ["w", "x"], ["y"], {})], {"x": x}, {"w": w}, w @ x)
    # Few rows, an odd number of columns of tiles, many tiles along K: one column
    # is divided between the pairs, with an epilogue.
    x, w, b = floats(3, 2000), floats(2000, 900) / 64, floats(900)
    add(
        "few_rows",
        [
            ("MatMul", ["x", "w"], ["p"], {}),
            ("Add", ["p", "b"], ["s"], {}),
            ("Relu", ["s"], ["y"], {}),
        ],
        {"x": x},
        {"w": w, "b": b},
        np.maximum(x @ w + b, 0),
    )
    x, w = floats(1001, 40), floats(40, 96)
    add("many_rows", [("MatMul", ["x", "w"], ["y"], {})], {"x": x}, {"w": w}, x @ w)
    # Index tuples in a batch.
    x = floats(2, 3, 5)
    at = np.array([[[1], [-1]], [[0], [2]]], np.int64)
    add(
        "tuples",
        [("GatherND", ["x", "at"], ["y"], {"batch_dims": 1})],
        {"x": x, "at": at},
        {},
        np.stack([x[i][at[i, :, 0]] for i in range(2)]),
    )
    # A variance whose scale meets what is computed after it, and one whose
    # differences from the mean are asked for as well.
    x, mask = floats(9, 384), ints(*[1, 0, 1] * 3)
    column = mask[:, None].astype(np.float32)
    difference = x - x.mean(-1, keepdims=True)
    deviation = np.sqrt((difference**2).mean(-1, keepdims=True) + 1e-5)
    nodes = [
        ("ReduceMean", ["x"], ["mean"], {"axes": [-1]}),
        ("Sub", ["x", "mean"], ["difference"], {}),
        ("Pow", ["difference", "two"], ["square"], {}),
        ("ReduceMean", ["square"], ["variance"], {"axes": [-1]}),
        ("Add", ["variance", "epsilon"], ["sum"], {}),
        ("Sqrt", ["sum"], ["deviation"], {}),
        ("Div", ["difference", "deviation"], ["norm"], {}),
        ("Cast", ["mask"], ["kept"], {"to": onnx.TensorProto.FLOAT}),
        ("Unsqueeze", ["kept", "one"], ["column"], {}),
        ("Mul", ["norm", "column"], ["y"], {}),
    ]
    inputs = {"x": x, "mask": mask}
    constants = {"two": np.float32(2), "epsilon": np.float32(1e-5), "one": ints(1)}
    scaled = difference / deviation * column
    asked = ("Mul", ["difference", "column"], ["y1"], {})
    add("variance", nodes + [asked], inputs, constants, scaled, difference * column)
    add("variance_alone", nodes, inputs, constants, scaled)
    # Bytes without a sign stay so, and compare so.
    x, z = np.array([[3, 200, 255], [128, 0, 77]], np.uint8), np.uint8([100])
    add(
        "unsigned",
        [("Max", ["x", "z"], ["y"], {}), ("Div", ["x", "seven"], ["y1"], {})],
        {"x": x, "z": z},
        {"seven": np.uint8([7])},
        np.maximum(x, z),
        x // np.uint8([7]),
    )
    # Where the extreme of an input is that f16 cannot hold.
    x = floats(2, 40, 33)
    add(
        "extremes",
        [
            ("ArgMax", ["x"], ["y"], {"axis": 2, "keepdims": 0}),
            ("ArgMin", ["x"], ["y1"], {"axis": -1, "keepdims": 0}),
        ],
        {"x": x},
        {},
        x.argmax(2),
        x.argmin(2),
    )
    # Scores and values of attention, an implied result, an ellipsis, and
    # letters that are summed.
    q, k = floats(2, 5, 3, 8), floats(2, 7, 3, 8)
    a, c = floats(2, 3, 4, 5), floats(3, 5, 6)
    equations = {
        "y": ("bqhd,bkhd->bhqk", q, k),
        "y1": ("...ij, ...jk -> ...ik", a, c),
        "y2": ("abcd,ecd", a, c[:, :4, :5]),
        "y3": ("ijk->ki", c),
    }
    names = {id(q): "q", id(k): "k", id(a): "a", id(c): "c"}
    inputs = {"q": q, "k": k, "a": a, "c": c, "d": c[:, :4, :5].copy()}
    add(
        "einsum",
        [
            (
                "Einsum",
                [names.get(id(x), "d") for x in operands],
                [result],
                {"equation": equation},
            )
            for result, (equation, *operands) in equations.items()
        ],
        inputs,
        {},
        *(np.einsum(equation, *x) for equation, *x in equations.values()),
    )


main()
