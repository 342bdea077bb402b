# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes MatMul -> Gelu (spelled with Erf) -> MatMul on ROWS rows."""
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

path, rows = sys.argv[1], int(sys.argv[2])
rng = np.random.default_rng(7)


def weight(name, k, n):
    values = (rng.standard_normal((k, n)) / np.sqrt(k)).astype(np.float32)
    return numpy_helper.from_array(values, name)


nodes = [
    helper.make_node("MatMul", ["x", "w1"], ["a"], name="first"),
    helper.make_node("Div", ["a", "root2"], ["b"], name="gelu/div"),
    helper.make_node("Erf", ["b"], ["c"], name="gelu/erf"),
    helper.make_node("Add", ["c", "one"], ["d"], name="gelu/add"),
    helper.make_node("Mul", ["a", "d"], ["e"], name="gelu/mul"),
    helper.make_node("Mul", ["e", "half"], ["f"], name="gelu/half"),
    helper.make_node("MatMul", ["f", "w2"], ["y"], name="last"),
]
scalar = lambda name, v: numpy_helper.from_array(np.array(v, np.float32), name)
graph = helper.make_graph(
    nodes, "gelu", [helper.make_tensor_value_info("x", TensorProto.FLOAT, [rows, 1600])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [rows, 320])],
    [weight("w1", 1600, 320), weight("w2", 320, 320), scalar("root2", 2 ** 0.5),
     scalar("one", 1), scalar("half", 0.5)])
onnx.save(helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)]), path)
