# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# values.py DIR: models whose input is a tensor, a sequence or an optional value,
# and folders of example inputs of those kinds.

import os
import sys

import numpy as np
from onnx import OptionalProto, SequenceProto, TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT
TENSOR = numpy_helper.from_array(np.ones((2, 3), np.float32), "x")
TYPE = helper.make_tensor_type_proto(FLOAT, [2, 3])


def save(kind, type_proto, operator, value):
    graph = helper.make_graph(
        [helper.make_node(operator, ["x"], ["y"], operator)],
        kind,
        [helper.make_value_info("x", type_proto)],
        [helper.make_tensor_value_info("y", FLOAT, None)],
    )
    model = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    folder = os.path.join(sys.argv[1], kind)
    os.makedirs(folder, exist_ok=True)
    for name, proto in (("model.onnx", model), ("input_0.pb", value)):
        with open(os.path.join(folder, name), "wb") as file:
            file.write(proto.SerializeToString())


sequence = SequenceProto(name="x", elem_type=SequenceProto.TENSOR, tensor_values=[TENSOR])
optional = OptionalProto(name="x", elem_type=OptionalProto.TENSOR, tensor_value=TENSOR)
save("tensor", TYPE, "Abs", TENSOR)
save("sequence", helper.make_sequence_type_proto(TYPE), "SequenceLength", sequence)
save("optional", helper.make_optional_type_proto(TYPE), "OptionalGetElement", optional)
