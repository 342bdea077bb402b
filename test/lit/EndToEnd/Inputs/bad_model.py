# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# bad_model.py KIND OUT.onnx: a small model with one fault, y = x . w at heart.
# Each function below is a KIND and says what is wrong.

import os
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT


def matmul(rows=4, weight=None, nodes=None, k=16):
    """y[rows x 8] = x[rows x k] . w[16 x 8]; `nodes` replaces the one MatMul."""
    if weight is None:
        weight = np.linspace(-1, 1, 16 * 8, dtype=np.float32).reshape(16, 8)
    graph = helper.make_graph(
        nodes or [helper.make_node("MatMul", ["x", "w"], ["y"], name="product")],
        "bad",
        [helper.make_tensor_value_info("x", FLOAT, [rows, k])],
        [helper.make_tensor_value_info("y", FLOAT, [rows, weight.shape[1]])],
        [numpy_helper.from_array(weight, "w")],
    )
    opsets = [helper.make_opsetid("", 17), helper.make_opsetid("com.example", 3)]
    return helper.make_model(graph, ir_version=8, opset_imports=opsets)


def weights_with(value):
    weight = np.ones((16, 8), np.float32)
    weight[3, 5] = value
    return weight


def good():
    return matmul()


def unknown_operators():
    """Three nodes that nobody supports, two of them of one operator."""
    return matmul(
        nodes=[
            helper.make_node("MatMul", ["x", "w"], ["a"], name="product"),
            helper.make_node("Frobnicate", ["a"], ["b"], "first", domain="com.example"),
            helper.make_node("NoSuchOperator", ["b"], ["c"], "second"),
            helper.make_node("Frobnicate", ["c"], ["y"], "third", domain="com.example"),
        ]
    )


def dynamic():
    """The number of rows is a symbol."""
    return matmul(rows="sentences")


def shape_mismatch():
    """x has 15 columns, w has 16 rows."""
    return matmul(k=15)


def undefined_value():
    """The node reads a value that nothing defines."""
    return matmul(nodes=[helper.make_node("MatMul", ["nowhere", "w"], ["y"], "product")])


def cycle():
    return matmul(
        nodes=[
            helper.make_node("Add", ["x", "b"], ["a"], "one"),
            helper.make_node("Relu", ["a"], ["b"], "two"),
            helper.make_node("MatMul", ["b", "w"], ["y"], "product"),
        ]
    )


def short_weight():
    """The weight's bytes are fewer than its shape says."""
    model = matmul()
    model.graph.initializer[0].raw_data = model.graph.initializer[0].raw_data[:100]
    return model


def nan_weight():
    return matmul(weight=weights_with(np.nan))


def large_weight():
    """One weight is beyond fp16's 65504."""
    return matmul(weight=weights_with(1e5))


def too_large():
    """512 KiB of fp16 weights; tsp-mini has 64 KiB of SRAM."""
    weight = np.ones((512, 512), np.float32)
    return matmul(weight=weight, k=512)


def external(location):
    model = matmul()
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = TensorProto.EXTERNAL
    for key, value in (("location", location), ("offset", "0"), ("length", "512")):
        tensor.external_data.add(key=key, value=value)
    return model


def external_absolute():
    """External data at an absolute path."""
    return external("/etc/passwd")


def external_parent():
    """External data above the model's directory."""
    return external("../weights.bin")


def external_link():
    """External data through a symbolic link out of the model's directory."""
    link = os.path.join(os.path.dirname(sys.argv[2]), "weights.bin")
    if os.path.lexists(link):
        os.remove(link)
    os.symlink("/etc/passwd", link)
    return external("weights.bin")


def main():
    kind, path = sys.argv[1:]
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(globals()[kind]().SerializeToString())


main()
