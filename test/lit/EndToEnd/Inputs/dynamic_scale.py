# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""dynamic_scale.py write DIR: models that quantise x * k, with inputs and the
outputs that ONNX's definition of DynamicQuantizeLinear gives in NumPy.
dynamic_scale.py compare DIR: results against these, to the bit."""

import os
import sys

import numpy as np

F = np.float32
FACTOR = F(0.37)
# One row, whose reductions have a dimension of one element, and several.
SHAPES = {"row": (1, 300), "rows": (13, 300)}


def write(folder):
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    random = np.random.default_rng(7)
    for name, shape in SHAPES.items():
        graph = helper.make_graph(
            [
                helper.make_node("Mul", ["x", "k"], ["product"]),
                helper.make_node("DynamicQuantizeLinear", ["product"], ["q", "s", "z"]),
            ],
            name,
            [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
            [
                helper.make_tensor_value_info("q", TensorProto.UINT8, shape),
                helper.make_tensor_value_info("s", TensorProto.FLOAT, []),
                helper.make_tensor_value_info("z", TensorProto.UINT8, []),
            ],
            [numpy_helper.from_array(FACTOR, "k")],
        )
        opsets = [helper.make_opsetid("", 17)]
        made = helper.make_model(graph, opset_imports=opsets, ir_version=8)
        onnx.save(made, os.path.join(folder, f"{name}.onnx"))
        for i, size in enumerate((0.01, 1, 7, 5000)):
            x = F(random.standard_normal(shape) * size)
            np.savez(os.path.join(folder, f"{name}.{i}.in.npz"), x=x)


def compare(folder):
    for name in SHAPES:
        for i in range(4):
            y = np.load(os.path.join(folder, f"{name}.{i}.in.npz"))["x"] * FACTOR
            low, high = min(y.min(), F(0)), max(y.max(), F(0))
            s = F(high - low) / F(255)
            z = np.uint8(np.clip(np.rint(F(0) - low / s), 0, 255))
            q = np.uint8(np.clip(np.rint(y / s) + F(z), 0, 255))
            made = np.load(os.path.join(folder, f"{name}.{i}.out.npz"))
            same = made["s"] == s and made["z"] == z and np.array_equal(made["q"], q)
            print(name, i, "equal" if same else f"scale {made['s']!r}, not {s!r}")


if __name__ == "__main__":
    {"write": write, "compare": compare}[sys.argv[1]](sys.argv[2])
