# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# lookup.py DIR ROWS [uint8]: DIR/model.onnx looks rows of a table [ROWS x 32] up
# by ids and doubles them; DIR/in.npz and DIR/out.npz are an example. All values
# are small integers, which fp16 holds exactly; a table of bytes has zero point 30
# and is dequantised once it has been looked up.

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

folder, rows = sys.argv[1], int(sys.argv[2])
table = (np.arange(rows * 32).reshape(rows, 32) % 61 - 30).astype(np.float32)
ids = np.array([[0, 3, rows - 1], [-1, 7, 2]], np.int64)
look = [helper.make_node("Gather", ["table", "ids"], ["rows"], "look")]
weights = {"table": table}
if sys.argv[3:] == ["uint8"]:
    weights = {
        "table": (table + 30).astype(np.uint8),
        "scale": np.float32(1),
        "zero": np.uint8(30),
    }
    look[0].output[0] = "bytes"
    look.append(
        helper.make_node(
            "DequantizeLinear", ["bytes", "scale", "zero"], ["rows"], "real"
        )
    )
graph = helper.make_graph(
    [
        *look,
        helper.make_node("Add", ["rows", "rows"], ["y"], "double"),
    ],
    "lookup",
    [helper.make_tensor_value_info("ids", TensorProto.INT64, [2, 3])],
    [helper.make_tensor_value_info("y", TensorProto.FLOAT, [2, 3, 32])],
    [numpy_helper.from_array(v, k) for k, v in weights.items()],
)
opsets = [helper.make_opsetid("", 17)]
onnx.save(helper.make_model(graph, opset_imports=opsets), f"{folder}/model.onnx")
np.savez(f"{folder}/in.npz", ids=ids)
np.savez(f"{folder}/out.npz", y=2 * table[ids])
