# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# matmul-relu.py OUT.onnx: y[4 x 32] = relu(x[4 x 16] . w[16 x 32] + b[32]), one
# tile of tsp-mini's matrix unit with an epilogue. The pages run it.

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

weight = np.sin(np.arange(16 * 32, dtype=np.float32)).reshape(16, 32)
bias = np.linspace(-1, 1, 32, dtype=np.float32)
graph = helper.make_graph(
    [
        helper.make_node("MatMul", ["x", "w"], ["product"], name="product"),
        helper.make_node("Add", ["product", "b"], ["sum"], name="bias"),
        helper.make_node("Relu", ["sum"], ["y"], name="activation"),
    ],
    "matmul-relu",
    [helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 16])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [4, 32])],
    [numpy_helper.from_array(weight, "w"), numpy_helper.from_array(bias, "b")],
)
onnx.save(
    helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)]),
    sys.argv[1],
)
