# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# range_model.py DIR: a graph whose values leave fp16's range, as DIR/model.onnx,
# its inputs in DIR/x.npz, and what NumPy computes in DIR/y.npz.

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

lowest = np.finfo(np.float32).min
x = ((np.arange(8 * 32).reshape(8, 32) % 9 - 4) / 4).astype(np.float32)
kept = (np.arange(32) % 3 > 0).astype(np.int64).reshape(1, 32)
w = np.eye(32, dtype=np.float32)[:, ::-1] / 1024

# x * 1e6 reaches 1e6 and goes to the matrix unit in fp16, where 65504 ends it.
halves = np.clip(x * np.float32(1e6), -65504, 65504).astype(np.float16)
scores = x + (1 - kept).astype(np.float32) * lowest
spread = np.exp(scores - scores.max(axis=1, keepdims=True))
outputs = {
    "product": (halves.astype(np.float64) @ w).astype(np.float32),
    "spread": spread / spread.sum(axis=1, keepdims=True),
    "shifted": x + np.float32(3e6),
}

nodes = [
    helper.make_node("Mul", ["x", "million"], ["large"]),
    helper.make_node("MatMul", ["large", "w"], ["product"]),
    helper.make_node("Cast", ["kept"], ["float"], to=TensorProto.FLOAT),
    helper.make_node("Sub", ["one", "float"], ["hidden"]),
    helper.make_node("Mul", ["hidden", "lowest"], ["mask"]),
    helper.make_node("Add", ["x", "mask"], ["scores"]),
    helper.make_node("Softmax", ["scores"], ["spread"], axis=-1),
    helper.make_node("Add", ["x", "millions"], ["shifted"]),
]
constants = {
    "million": np.float32(1e6),
    "one": np.float32(1),
    "lowest": lowest,
    "w": w,
    "millions": np.full((8, 32), 3e6, np.float32),
}
graph = helper.make_graph(
    nodes,
    "range",
    [
        helper.make_tensor_value_info("x", TensorProto.FLOAT, x.shape),
        helper.make_tensor_value_info("kept", TensorProto.INT64, kept.shape),
    ],
    [helper.make_tensor_value_info(k, TensorProto.FLOAT, v.shape) for k, v in outputs.items()],
    [numpy_helper.from_array(np.asarray(v, np.float32), k) for k, v in constants.items()],
)
made = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
onnx.save(made, f"{sys.argv[1]}/model.onnx")
np.savez(f"{sys.argv[1]}/x.npz", x=x, kept=kept)
np.savez(f"{sys.argv[1]}/y.npz", **outputs)
