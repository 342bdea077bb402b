# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# hostile.py MODEL.onnx: a product whose node would run a script if a page took
# its name for HTML.

import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

name = "</script><img src=x onerror=\"document.title='taken'\"><script>document.title='taken'</script>"
weights = numpy_helper.from_array(np.eye(16, 32, dtype=np.float32), "w")
node = helper.make_node("MatMul", ["x", "w"], ["y"], name=name)
x = helper.make_tensor_value_info("x", TensorProto.FLOAT, [4, 16])
y = helper.make_tensor_value_info("y", TensorProto.FLOAT, [4, 32])
graph = helper.make_graph([node], "hostile", [x], [y], [weights])
model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
model.ir_version = 8
onnx.save(model, sys.argv[1])
