# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# listed_operators.py LIST OUT.onnx: a model with one node of every operator in
# LIST (what weft-compile --list-operators prints), applied to graph inputs
# wherever the operator may be: x and w [4 x 32] floats, i [4 x 32] integers, b
# [4 x 32] booleans. An operator that is listed and not described here is an
# error.

import sys

import numpy as np
from onnx import TensorProto, helper, numpy_helper

FLOAT, INT32, BOOL = TensorProto.FLOAT, TensorProto.INT32, TensorProto.BOOL
FLOATS = [4, 32]


def ints(*values):
    return np.array(values, np.int64)


def floats(*shape):
    return np.linspace(0.5, 1.5, int(np.prod(shape)), dtype=np.float32).reshape(shape)


UNARY = """Abs Acos Acosh Asin Asinh Atan Atanh Ceil Celu Cos Cosh Dropout Elu Erf Exp
Flatten Floor Gelu HardSigmoid HardSwish Identity IsInf IsNaN LeakyRelu Log LogSoftmax Mish Neg
Reciprocal Relu Round Selu Shape Sigmoid Sign Sin Sinh Size Softmax Softplus Softsign Sqrt Swish
Tan Tanh ThresholdedRelu Transpose""".split()
BINARY = "Add Div Equal Greater GreaterOrEqual Less LessOrEqual Max Mean Min Mul Pow PRelu Sub Sum"
REDUCTIONS = "L1 L2 LogSum LogSumExp Max Mean Min Prod Sum SumSquare".split()
BITS = ["BitwiseAnd", "BitwiseOr", "BitwiseXor"]


def branch(name, value):
    node = helper.make_node("Add", ["x", value], [name])
    return helper.make_graph([node], name, [], [helper.make_tensor_value_info(name, FLOAT, FLOATS)])


# Operator: (inputs, attributes); an array among the inputs is an initializer.
FORMS = {
    "ArgMax": (["x"], dict(axis=1)),
    "ArgMin": (["x"], dict(axis=1)),
    "BitShift": (["u", np.full([4, 32], 3, np.uint8)], dict(direction="RIGHT")),
    "BitwiseNot": (["i"], {}),
    "Cast": (["x"], dict(to=INT32)),
    "CastLike": (["i", "x"], {}),
    "Clip": (["x", np.float32(-1), np.float32(1)], {}),
    "Concat": (["x", "w"], dict(axis=0)),
    "Constant": ([], dict(value=numpy_helper.from_array(floats(4)))),
    "ConstantOfShape": ([ints(2, 3)], {}),
    "CumSum": (["x", ints(1)], {}),
    "Einsum": (["x", "w"], dict(equation="ij,kj->ik")),
    "Expand": (["x", ints(2, 4, 32)], {}),
    "Gather": ([floats(7, 32), "row"], dict(axis=0)),
    "GatherElements": ([floats(4, 32), np.zeros([2, 32], np.int64)], {}),
    "GatherND": (["x", ints(1, 2).reshape(2, 1)], {}),
    "Gemm": (["x", "w"], dict(transB=1)),
    "If": ([np.array(True)], dict(then_branch=branch("t", "x"), else_branch=branch("e", "w"))),
    "LayerNormalization": (["x", floats(32), floats(32)], {}),
    "MatMul": (["x", floats(32, 8)], {}),
    "Mod": (["x", "w"], dict(fmod=1)),
    "NonZero": ([ints(1, 0, 2)], {}),
    "Not": (["b"], {}),
    "OneHot": (["row", ints(7), np.array([0, 1], np.float32)], {}),
    "Pad": (["x", ints(0, 1, 0, 1)], {}),
    "RMSNormalization": (["x", floats(32)], {}),
    "Range": ([ints(0).reshape([]), ints(5).reshape([]), ints(2).reshape([])], {}),
    "Reshape": (["x", ints(8, 16)], {}),
    "SimplifiedLayerNormalization": (["x", floats(32)], {}),
    "Slice": (["x", ints(1), ints(3), ints(0)], {}),
    "Split": (["x"], dict(axis=0, num_outputs=2)),
    "Squeeze": (["one", ints(0)], {}),
    "Tile": (["x", ints(2, 1)], {}),
    "Trilu": (["x"], {}),
    "Unsqueeze": (["x", ints(0)], {}),
    "Where": (["b", "x", "w"], {}),
    "BiasGelu": (["x", floats(32)], {}),
    "FastGelu": (["x"], {}),
    "QuickGelu": (["x"], {}),
    "SkipLayerNormalization": (["x", "w", floats(32)], {}),
    "SkipSimplifiedLayerNormalization": (["x", "w", floats(32)], {}),
}
QUANT = [np.float32(0.05), np.uint8(128)]
BYTES = (np.arange(32 * 8) % 200).astype(np.uint8).reshape(32, 8)
FORMS |= {
    "DequantizeLinear": (["u", *QUANT], {}),
    "DynamicQuantizeLinear": (["x"], {}),
    "MatMulInteger": (["u", BYTES, np.uint8(128), np.uint8(100)], {}),
    "QGemm": (["u", *QUANT, BYTES, *QUANT, np.zeros(8, np.int32), *QUANT], {}),
    "QLinearMatMul": (["u", *QUANT, BYTES, *QUANT, *QUANT], {}),
    "QuantizeLinear": (["x", *QUANT], {}),
}
RESULTS = {"DynamicQuantizeLinear": 3, "Split": 2}
FORMS |= {op: (["x"], {}) for op in UNARY}
FORMS |= {op: (["x", "w"], {}) for op in BINARY.split()}
FORMS |= {op: (["i", "i"], {}) for op in BITS}
FORMS |= {op: (["b", "b"], {}) for op in ("And", "Or", "Xor")}
FORMS |= {"Reduce" + kind: (["x", ints(1)], {}) for kind in REDUCTIONS}


def main():
    listed, path = sys.argv[1:]
    rows = [line.split("|")[1:4] for line in open(listed).read().splitlines()[2:]]
    nodes, constants, outputs = [], [], []
    for number, (operator, domain, _) in enumerate(rows):
        operator, domain = operator.strip(), domain.strip()
        if operator not in FORMS:
            sys.exit(f"listed_operators.py: '{operator}' is listed and not described here")
        inputs, attributes = FORMS[operator]
        names = []
        for value in inputs:
            if not isinstance(value, str):
                constants.append(numpy_helper.from_array(np.asarray(value), f"c{len(constants)}"))
                value = constants[-1].name
            names.append(value)
        domain = "" if domain == "ai.onnx" else domain
        results = [f"y{number}_{k}" for k in range(RESULTS.get(operator, 1))]
        nodes.append(helper.make_node(operator, names, results, f"{domain}{operator}", domain=domain, **attributes))
        outputs += [onnx_value(name) for name in results]
    graph = helper.make_graph(
        nodes,
        "listed",
        [
            helper.make_tensor_value_info("x", FLOAT, FLOATS),
            helper.make_tensor_value_info("w", FLOAT, FLOATS),
            helper.make_tensor_value_info("one", FLOAT, [1, 32]),
            helper.make_tensor_value_info("i", INT32, FLOATS),
            helper.make_tensor_value_info("u", TensorProto.UINT8, FLOATS),
            helper.make_tensor_value_info("b", BOOL, FLOATS),
            helper.make_tensor_value_info("row", TensorProto.INT64, [3]),
        ],
        outputs,
        constants,
    )
    opsets = [helper.make_opsetid("", 24), helper.make_opsetid("com.microsoft", 1)]
    with open(path, "wb") as file:
        file.write(helper.make_model(graph, ir_version=8, opset_imports=opsets).SerializeToString())
    print(f"{len(rows)} operators")


def onnx_value(name):
    value = helper.ValueInfoProto()
    value.name = name
    return value


main()
