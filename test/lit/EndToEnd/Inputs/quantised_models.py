# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# quantised_models.py DIR: graphs of one quantising operator each, one folder
# each with model.onnx and a test data set. The expected outputs are NumPy's, by
# ONNX Runtime's formulas: division and scales in float32, np.rint rounds half to
# even, zero points are added to whole numbers.

import os
import sys

import numpy as np
import onnx
from onnx import helper, numpy_helper

random = np.random.RandomState(7)
F = np.float32


def u8(*shape):
    return random.randint(0, 256, shape).astype(np.uint8)


def i8(*shape):
    return random.randint(-128, 128, shape).astype(np.int8)


def add(name, op, inputs, constants, outputs, order, domain="", **attributes):
    def info(key, value):
        kind = onnx.mapping.NP_TYPE_TO_TENSOR_TYPE[value.dtype]
        return helper.make_tensor_value_info(key, kind, value.shape)

    nodes = op
    if isinstance(op, str):
        nodes = [
            helper.make_node(
                op, order.split(), list(outputs), name=name, domain=domain, **attributes
            )
        ]
    graph = helper.make_graph(
        nodes,
        name,
        [info(*item) for item in inputs.items()],
        [info(*item) for item in outputs.items()],
        [numpy_helper.from_array(np.asarray(v), k) for k, v in constants.items()],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.microsoft", 1)]
    data = os.path.join(sys.argv[1], name, "test_data_set_0")
    os.makedirs(data, exist_ok=True)
    made = helper.make_model(graph, opset_imports=opsets, ir_version=8)
    onnx.save(made, os.path.join(sys.argv[1], name, "model.onnx"))
    for kind, values in (("input", inputs), ("output", outputs)):
        for i, (key, value) in enumerate(values.items()):
            with open(os.path.join(data, f"{kind}_{i}.pb"), "wb") as file:
                file.write(
                    numpy_helper.from_array(np.asarray(value), key).SerializeToString()
                )


def quantize(x, scale, zero):
    limits = np.iinfo(zero.dtype)
    whole = np.rint((x / scale).astype(F)) + zero.astype(F)
    return np.clip(whole, limits.min, limits.max).astype(zero.dtype)


def product(a, za, b, zb):
    return np.matmul(
        a.astype(np.int32) - np.int32(za), b.astype(np.int32) - np.asarray(zb, np.int32)
    )


def requantize(total, scale, zero):
    limits = np.iinfo(zero.dtype)
    whole = np.rint(total.astype(F) * F(scale)) + zero.astype(F)
    return np.clip(whole, limits.min, limits.max).astype(zero.dtype)


def integer_product(name, a, b, za):
    add(
        f"integer_{name}",
        "MatMulInteger",
        {"a": a},
        {"b": b, "za": za},
        {"y": product(a, za, b, 0)},
        "a b za",
    )


def quantisers():
    # Ties, both ends, and what is far beyond them.
    ties = (np.arange(-300, 300) * 0.5).astype(F)
    x = np.concatenate([ties, np.array([1e9, -1e9, 3e38, -3e38, -0.0], F)])
    for name, scale, zero in (
        ("unsigned", F(1), np.uint8(127)),
        ("signed", F(0.7), np.int8(-3)),
        ("symmetric", F(0.25), np.int8(0)),
        ("wide", F(0.01), np.uint16(30000)),
    ):
        add(
            f"quantize_{name}",
            "QuantizeLinear",
            {"x": x},
            {"s": scale, "z": zero},
            {"y": quantize(x, scale, zero)},
            "x s z",
        )
    x, scale, zero = F(random.randn(9, 33) * 20), F(random.rand(33) + 0.1), i8(33)
    add(
        "quantize_channels",
        "QuantizeLinear",
        {"x": x},
        {"s": scale, "z": zero},
        {"y": quantize(x, scale, zero)},
        "x s z",
        axis=-1,
    )
    x, scale, zero = u8(9, 33), F(random.rand(9, 1) + 0.1), u8(9, 1)
    add(
        "dequantize_channels",
        "DequantizeLinear",
        {"x": x},
        {"s": scale[:, 0], "z": zero[:, 0]},
        {"y": (x.astype(np.int32) - zero).astype(F) * scale},
        "x s z",
        axis=0,
    )
    # The range is widened to hold 0; an empty one has scale 1.
    x = F(random.randn(9, 33) * 20)
    for name, x in (
        ("large", F(random.randn(40, 1000) * 20)),
        ("small", F(random.randn(40, 400) * 0.01)),
        ("both", x),
        ("positive", abs(x) + 3),
        ("negative", -abs(x) - 3),
        ("zero", x * 0),
    ):
        low, high = min(x.min(), F(0)), max(x.max(), F(0))
        scale = F(high - low) / F(255) if high > low else F(1)
        zero = np.uint8(np.rint(np.clip(F(0) - low / scale, F(0), F(255))))
        add(
            f"dynamic_{name}",
            "DynamicQuantizeLinear",
            {"x": x},
            {},
            {"y": quantize(x, scale, zero), "scale": np.asarray(scale), "zero": zero},
            "x",
        )
    # Of sums that f16 holds: extremes are taken while they are computed. What
    # is added is 0 nowhere, so padding that counted would show; in `computed_once`
    # either extreme is in one lane.
    for name, sign in (("computed", 1), ("computed_negative", -1), ("computed_once", 1)):
        x = F(sign * random.randint(1, 500, (130, 700)) / 64)
        if name == "computed_once":
            x[5, 3], x[7, 9] = 100, -50
        y = x + x
        low, high = min(y.min(), F(0)), max(y.max(), F(0))
        scale = F(high - low) / F(255)
        zero = np.uint8(np.rint(F(0) - low / scale))
        add(
            f"dynamic_{name}",
            [
                helper.make_node("Add", ["x", "x"], ["sum"]),
                helper.make_node("DynamicQuantizeLinear", ["sum"], ["y", "s", "z"]),
            ],
            {"x": x},
            {},
            {"y": quantize(y, scale, zero), "s": np.asarray(scale), "z": zero},
            "",
        )


def products():
    m, k, n = 17, 700, 40
    # Columns of the constant with a zero point each, and one for the rows.
    a, b, zb = u8(m, k), i8(k, n), i8(n)
    add(
        "integer_columns",
        "MatMulInteger",
        {"a": a},
        {"b": b, "za": np.uint8(100), "zb": zb},
        {"y": product(a, 100, b, zb)},
        "a b za zb",
    )
    # Sums beyond 2^24, which f32 would round: 3000 * 255 * 255 needs 28 bits.
    a, b = u8(m, 3000) | 0xF0, u8(3000, n) | 0xF0
    add(
        "integer_long",
        "MatMulInteger",
        {"a": a},
        {"b": b},
        {"y": product(a, 0, b, 0)},
        "a b",
    )
    # Vectors of columns side by side on the planes of a pair, an odd number of
    # them divided; rows in several bursts; one row, whose vectors lie apart.
    for name, m, k, n in (("wide", 70, 640, 1000), ("tall", 400, 330, 700), ("row", 1, 1700, 1300)):
        integer_product(name, u8(m, k), i8(k, n), np.uint8(9))
    # More operations on the sums than two planes can do at once: they go to
    # memory as they are.
    a, b = u8(70, 640), i8(640, 1000)
    y, nodes = product(a, 0, b, 0), [helper.make_node("MatMulInteger", ["a", "b"], ["v0"])]
    offsets = {}
    for i in range(5):
        offsets[f"c{i}"] = np.int32(100000 >> i)
        nodes.append(helper.make_node("Abs", [f"v{i}"], [f"u{i}"]))
        nodes.append(
            helper.make_node("Sub", [f"u{i}", f"c{i}"], ["y" if i == 4 else f"v{i + 1}"])
        )
        y = abs(y) - offsets[f"c{i}"]
    add("integer_epilogue", nodes, {"a": a}, {"b": b, **offsets}, {"y": y}, "")
    # Sums of 23 bits, all of one sign, which change lanes for a maximum over them.
    a, b = u8(40, 1000) | 0xC0, (i8(1000, 96) | 0x40) & 0x7F
    add(
        "integer_maximum",
        [
            helper.make_node("MatMulInteger", ["a", "b"], ["p"]),
            helper.make_node("ReduceMax", ["p"], ["y"], axes=[1], keepdims=0),
        ],
        {"a": a},
        {"b": b},
        {"y": product(a, 0, b, 0).max(1)},
        "",
    )
    # Zero points that are inputs; both operands computed, in a batch.
    a, b = u8(2, 3, m, 64), u8(2, 3, 64, n)
    add(
        "integer_computed",
        "MatMulInteger",
        {"a": a, "b": b, "za": np.uint8(77), "zb": np.uint8(9)},
        {},
        {"y": product(a, 77, b, 9)},
        "a b za zb",
    )
    for name, a, b, za, zb, zy in (
        ("unsigned", u8(m, k), i8(k, n), np.uint8(117), np.int8(0), np.uint8(131)),
        ("signed", i8(2, m, k), i8(k, n), np.int8(7), np.int8(3), np.int8(-5)),
    ):
        sa, sb, sy = F(0.013), F(0.0071), F(1.31)
        add(
            f"qlinear_{name}",
            "QLinearMatMul",
            {"a": a},
            {"sa": sa, "za": za, "b": b, "sb": sb, "zb": zb, "sy": sy, "zy": zy},
            {"y": requantize(product(a, za, b, zb), sa * sb / sy, zy)},
            "a sa za b sb zb sy zy",
        )
    # com.microsoft's Gemm of quantised matrices.
    a, b, zy = u8(m, 96), i8(n, 96), np.uint8(131)
    c = random.randint(-9999, 9999, n).astype(np.int32)
    sa, sb, sy = F(0.013), F(0.0071), F(0.31)
    add(
        "qgemm",
        "QGemm",
        {"a": a},
        dict(sa=sa, za=np.uint8(117), b=b, sb=sb, zb=np.int8(0), c=c, sy=sy, zy=zy),
        {"y": requantize(product(a, 117, b.T, 0) + c, sa * sb / sy, zy)},
        "a sa za b sb zb c sy zy",
        domain="com.microsoft",
        transB=1,
    )
    # Few rows of long sums: loads of both planes at once, an odd vector of
    # columns, or two, divided between the pairs, on the planes of which they are
    # divided or side by side.
    for name, m, n in (("divided", 1, 300), ("halves", 2, 600), ("three", 3, 1500), ("five", 1, 1500)):
        integer_product(name, u8(m, 3900), i8(3900, n), np.uint8(9))
    # The input is installed, whose rows fill tiles better: an even number of them,
    # and an odd one whose last is not full, with a zero point or without.
    for name, m, k, n, za in (("even", 630, 640, 330, 0), ("odd", 650, 700, 330, 9)):
        integer_product(f"installed_{name}", i8(m, k), i8(k, n), np.int8(za))
    # Each needs all of the one before; vectors that two columns of memory share
    # unevenly leave a part of one unused.
    for name, m, sizes in (("chain", 1, (4096, 4096, 1300, 4096)), ("uneven", 33, (700, 2173, 300))):
        x = y = i8(m, sizes[0])
        nodes, weights = [], {"one": F(1), "zero": np.int8(0)}
        for i, n in enumerate(sizes[1:]):
            w, scale = i8(sizes[i], n), F(74 * np.sqrt(sizes[i]))
            weights.update({f"w{i}": w, f"scale{i}": scale})
            y = requantize(product(y, 0, w, 0), F(1) / scale, np.int8(0))
            names = [f"y{i}" if i else "x", "one", "zero", f"w{i}", "one", "zero"]
            last = i + 2 == len(sizes)
            nodes.append(
                helper.make_node(
                    "QLinearMatMul",
                    names + [f"scale{i}", "zero"],
                    ["y" if last else f"y{i + 1}"],
                )
            )
        add(f"qlinear_{name}", nodes, {"x": x}, weights, {"y": y}, "")


def patterns():
    # x and w dequantised, multiplied, quantised again: w by columns, transposed.
    x, w, c = F(random.randn(17, 96)), i8(40, 96), F(random.randn(40))
    sx, zx, sw = F(0.02), np.uint8(120), F(random.rand(40) / 50 + 0.001)
    sy, zy = F(0.3), np.uint8(128)
    q = quantize(x, sx, zx)
    total = product(q, zx, w.T, 0)
    y = quantize(total.astype(F) * (sx * sw) + c, sy, zy)
    node = helper.make_node
    add(
        "qdq_gemm",
        [
            node("QuantizeLinear", ["x", "sx", "zx"], ["q"]),
            node("DequantizeLinear", ["q", "sx", "zx"], ["dx"]),
            node("DequantizeLinear", ["w", "sw"], ["dw"], axis=0),
            node("Gemm", ["dx", "dw", "c"], ["p"], transB=1),
            node("QuantizeLinear", ["p", "sy", "zy"], ["y"]),
        ],
        {"x": x},
        dict(sx=sx, zx=zx, w=w, sw=sw, c=c, sy=sy, zy=zy),
        {"y": y},
        "",
    )


os.makedirs(sys.argv[1], exist_ok=True)
quantisers()
products()
patterns()
