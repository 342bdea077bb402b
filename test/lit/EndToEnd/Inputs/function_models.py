# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# function_models.py DIR: elementary functions that the vector unit lacks.
# DIR/relative has y = f(x) / c, where c is NumPy's f(x) in double precision, so
# that y differs from 1 by the relative error; DIR/edges has f at the ends of
# its domain and beyond, remainders among them, which must be exact. x is of
# 16 bits, which is how inputs are stored.

import os
import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

FLOAT = TensorProto.FLOAT
random = np.random.RandomState(3)


def halves(values):
    return np.array(values, np.float16).astype(np.float32)


def spread(low, high, both=True):
    """256 magnitudes, evenly by logarithm, of both signs."""
    values = np.exp(np.linspace(np.log(low), np.log(high), 256))
    return halves(np.concatenate([values, -values]) if both else values)


# f's values beyond fp16's normal range are fine: they never leave fp32.
RELATIVE = {
    "Acos": (np.arccos, halves(np.linspace(-1, 0.999, 512))),
    "Acosh": (np.arccosh, np.concatenate([halves(1 + 2.0 ** -np.arange(1, 11)), spread(1.01, 6e4, False)])),
    "Asin": (np.arcsin, spread(1e-4, 1)),
    "Asinh": (np.arcsinh, spread(1e-4, 6e4)),
    "Atan": (np.arctan, spread(1e-4, 6e4)),
    "Atanh": (np.arctanh, spread(1e-4, 0.9995)),
    "Cosh": (np.cosh, spread(1e-4, 88)),
    "Sinh": (np.sinh, spread(1e-4, 88)),
    "Tan": (np.tan, spread(1e-4, 100)),
}
EDGES = {
    "Acos": (np.arccos, [-1, 1, 0, 1.5, -1.5]),
    "Acosh": (np.arccosh, [1, 0.5, 0, -1, -3]),
    "Asin": (np.arcsin, [-1, 1, 0, 1.5, -1.5]),
    "Asinh": (np.arcsinh, [0]),
    "Atan": (np.arctan, [0]),
    "Atanh": (np.arctanh, [0, 1.5, -1.5]),
    "Cosh": (np.cosh, [0]),
    "Sinh": (np.sinh, [0]),
    "Tan": (np.tan, [0]),
}


def save(directory, nodes, inputs, constants, outputs):
    def infos(values):
        return [helper.make_tensor_value_info(k, FLOAT, v.shape) for k, v in values.items()]

    initializers = [numpy_helper.from_array(v, k) for k, v in constants.items()]
    graph = helper.make_graph(nodes, "functions", infos(inputs), infos(outputs), initializers)
    data = os.path.join(directory, "test_data_set_0")
    os.makedirs(data, exist_ok=True)
    made = helper.make_model(graph, ir_version=8, opset_imports=[helper.make_opsetid("", 17)])
    with open(os.path.join(directory, "model.onnx"), "wb") as file:
        file.write(made.SerializeToString())
    for kind, values in (("input", inputs), ("output", outputs)):
        for i, (key, value) in enumerate(values.items()):
            with open(os.path.join(data, f"{kind}_{i}.pb"), "wb") as file:
                file.write(numpy_helper.from_array(value, key).SerializeToString())


def relative(directory):
    nodes, inputs, constants, outputs = [], {}, {}, {}
    for name, (function, x) in RELATIVE.items():
        expected = function(x.astype(np.float64)).astype(np.float32)
        keep = np.abs(expected) > 1e-37
        inputs["x_" + name] = x[keep]
        constants["c_" + name] = expected[keep]
        outputs["y_" + name] = np.ones_like(expected[keep])
        nodes.append(helper.make_node(name, ["x_" + name], ["f_" + name]))
        nodes.append(helper.make_node("Div", ["f_" + name, "c_" + name], ["y_" + name]))
    save(directory, nodes, inputs, constants, outputs)


def edges(directory):
    nodes, inputs, outputs = [], {}, {}
    for name, (function, x) in EDGES.items():
        inputs["x_" + name] = x = halves(x)
        with np.errstate(invalid="ignore"):
            outputs["y_" + name] = function(x.astype(np.float64)).astype(np.float32)
        nodes.append(helper.make_node(name, ["x_" + name], ["y_" + name]))
    # Quotients up to 6e4 / 6e-5 = 2^30, whole ones, and both signs.
    x = np.concatenate([spread(1e-4, 6e4), halves([6, -6, 5.5, 0, -7, 1e-3])])
    y = np.concatenate([random.permutation(spread(6e-5, 6e4)), halves([3, 3, -5.5, 2, 0.5, 60000])])
    inputs |= {"x_Mod": x, "d_Mod": y}
    outputs["y_Mod"] = np.fmod(x, y)
    nodes.append(helper.make_node("Mod", ["x_Mod", "d_Mod"], ["y_Mod"], fmod=1))
    save(directory, nodes, inputs, {}, outputs)


relative(os.path.join(sys.argv[1], "relative"))
edges(os.path.join(sys.argv[1], "edges"))
