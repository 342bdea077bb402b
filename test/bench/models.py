# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Writes the models of the benchmark: products of given shapes, chains of
matrix-vector products, and encoders of BERT's shapes. Weights are random and
always the same; cycles do not depend on them."""

import os
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")


def save(path, name, nodes, inputs, outputs, weights):
    """inputs, outputs: [(name, element type, shape)]; weights: {name: array}"""
    info = [
        [helper.make_tensor_value_info(*value) for value in values]
        for values in (inputs, outputs)
    ]
    graph = helper.make_graph(
        nodes, name, *info, [numpy_helper.from_array(v, k) for k, v in weights.items()]
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    # One file stops at 2 GB; the largest weights of the benchmark are 200 MB.
    onnx.save(model, path)


def random_halves(rng, *shape):
    scale = 1 / np.sqrt(shape[0])
    return (rng.standard_normal(shape, dtype=np.float32) * scale).astype(np.float16)


def random_bytes(rng, *shape):
    return rng.integers(-128, 128, shape, dtype=np.int8)


def gemm_fp16(path, m, k, n):
    """y[m x n] = x[m x k] . w[k x n], w constant."""
    w = random_halves(np.random.default_rng(1), k, n)
    save(
        path, "gemm",
        [helper.make_node("MatMul", ["x", "w"], ["y"], name="gemm")],
        [("x", TensorProto.FLOAT16, [m, k])], [("y", TensorProto.FLOAT16, [m, n])],
        {"w": w},
    )


def gemm_int8(path, m, k, n):
    """int32 sums of int8 products."""
    w = random_bytes(np.random.default_rng(1), k, n)
    save(
        path, "gemm",
        [helper.make_node("MatMulInteger", ["x", "w"], ["y"], name="gemm")],
        [("x", TensorProto.INT8, [m, k])], [("y", TensorProto.INT32, [m, n])],
        {"w": w},
    )


def gemv_fp16(path, size, layers):
    """y = x . w0 . w1 ..., one row."""
    rng = np.random.default_rng(1)
    values = ["x"] + [f"y{i}" for i in range(layers - 1)] + ["y"]
    save(
        path, "gemv",
        [
            helper.make_node("MatMul", [values[i], f"w{i}"], [values[i + 1]], name=f"gemv{i}")
            for i in range(layers)
        ],
        [("x", TensorProto.FLOAT16, [1, size])], [("y", TensorProto.FLOAT16, [1, size])],
        {f"w{i}": random_halves(rng, size, size) for i in range(layers)},
    )


def gemv_int8(path, size, layers):
    """The same in int8, requantised with static scales after every product."""
    rng = np.random.default_rng(1)
    values = ["x"] + [f"y{i}" for i in range(layers - 1)] + ["y"]
    # Sums of `size` products of two uniform bytes have a deviation of about
    # 74 * 74 * sqrt(size); the next layer takes bytes of about 74 again.
    weights = {
        "one": np.float32(1), "zero": np.int8(0),
        "scale": np.float32(74 * np.sqrt(size)),
        **{f"w{i}": random_bytes(rng, size, size) for i in range(layers)},
    }
    save(
        path, "gemv",
        [
            helper.make_node(
                "QLinearMatMul",
                [values[i], "one", "zero", f"w{i}", "one", "zero", "scale", "zero"],
                [values[i + 1]], name=f"gemv{i}",
            )
            for i in range(layers)
        ],
        [("x", TensorProto.INT8, [1, size])], [("y", TensorProto.INT8, [1, size])],
        weights,
    )


def encoder_modules(layers, hidden, heads, feed_forward):
    """The encoder of models/tiny-encoder in another size."""
    import torch

    sys.path.insert(0, os.path.join(ROOT, "models", "tiny-encoder"))
    from encoder import Config, Encoder

    torch.manual_seed(0)
    return Encoder(Config(
        vocabulary=30522, positions=512, token_types=2, hidden=hidden, heads=heads,
        feed_forward=feed_forward, layers=layers,
    )).eval()


def export(model, example, path, inputs, outputs):
    import torch

    torch.onnx.export(model, example, path, opset_version=17, input_names=inputs,
                      output_names=outputs)


def encoder_fp16(path, layers, hidden, heads, feed_forward, seq):
    """An encoder of BERT's architecture, by PyTorch's exporter."""
    import torch

    ids = torch.zeros(1, seq, dtype=torch.long)
    export(encoder_modules(layers, hidden, heads, feed_forward),
           (ids, torch.ones_like(ids), ids), path,
           ["input_ids", "attention_mask", "token_type_ids"], ["hidden", "pooled"])


def layers_fp16(path, layers, hidden, heads, feed_forward, seq):
    """Its layers alone: what they take from the layers before, and a mask."""
    import torch

    class Layers(torch.nn.Module):
        def __init__(self, encoder):
            super().__init__()
            self.layers = encoder.layers

        def forward(self, x, attention_mask):
            mask = attention_mask[:, None, None, :].to(x.dtype)
            bias = (1.0 - mask) * torch.finfo(x.dtype).min
            for layer in self.layers:
                x = layer(x, bias)
            return x

    export(Layers(encoder_modules(layers, hidden, heads, feed_forward)),
           (torch.zeros(1, seq, hidden), torch.ones(1, seq, dtype=torch.long)), path,
           ["x", "attention_mask"], ["hidden"])


class Quantised:
    """An encoder as dynamic quantisation leaves it: products with weights are
    DynamicQuantizeLinear, MatMulInteger, Cast, Mul, Add; attention is float."""

    def __init__(self):
        self.rng = np.random.default_rng(1)
        self.nodes, self.weights = [], {}

    def op(self, kind, inputs, name, outputs=1, **attributes):
        names = [name] if outputs == 1 else [f"{name}:{i}" for i in range(outputs)]
        self.nodes.append(helper.make_node(kind, inputs, names, name=name, **attributes))
        return names[0] if outputs == 1 else names

    def constant(self, name, value):
        self.weights[name] = np.asarray(value)
        return name

    def floats(self, name, *shape):
        return self.constant(name, self.rng.standard_normal(shape, dtype=np.float32) * 0.1)

    def quantise(self, x, name):
        return self.op("DynamicQuantizeLinear", [x], f"{name}/quantize", 3)

    def linear(self, quantised, columns, rows, name):
        value, scale, zero = quantised
        w = self.constant(f"{name}.weight", random_bytes(self.rng, rows, columns))
        self.constant(f"{name}.scale", np.float32(0.001))
        self.constant(f"{name}.zero", np.int8(0))
        sums = self.op("MatMulInteger", [value, w, zero, f"{name}.zero"], f"{name}/MatMulInteger")
        real = self.op("Cast", [sums], f"{name}/Cast", to=TensorProto.FLOAT)
        factor = self.op("Mul", [scale, f"{name}.scale"], f"{name}/scale")
        y = self.op("Mul", [real, factor], f"{name}/Mul")
        return self.op("Add", [y, self.floats(f"{name}.bias", columns)], f"{name}/Add")

    def norm(self, x, hidden, name):
        return self.op(
            "LayerNormalization",
            [x, self.floats(f"{name}.weight", hidden), self.floats(f"{name}.bias", hidden)],
            name, axis=-1, epsilon=1e-12,
        )

    def heads(self, x, name, perm):
        y = self.op("Reshape", [x, "split"], f"{name}/Reshape")
        return self.op("Transpose", [y], f"{name}/Transpose", perm=perm)

    def layer(self, x, hidden, feed_forward, name):
        q8 = self.quantise(x, f"{name}/attention")
        q, k, v = (self.linear(q8, hidden, hidden, f"{name}/{part}") for part in "qkv")
        scores = self.op(
            "MatMul",
            [self.heads(q, f"{name}/q", [0, 2, 1, 3]), self.heads(k, f"{name}/k", [0, 2, 3, 1])],
            f"{name}/scores",
        )
        scaled = self.op("Mul", [scores, "attention_scale"], f"{name}/scaled")
        masked = self.op("Add", [scaled, "bias"], f"{name}/masked")
        p = self.op("Softmax", [masked], f"{name}/Softmax", axis=-1)
        c = self.op("MatMul", [p, self.heads(v, f"{name}/v", [0, 2, 1, 3])], f"{name}/context")
        c = self.op("Transpose", [c], f"{name}/merge", perm=[0, 2, 1, 3])
        c = self.op("Reshape", [c, "merged"], f"{name}/merged")
        y = self.linear(self.quantise(c, f"{name}/out"), hidden, hidden, f"{name}/out")
        x = self.norm(self.op("Add", [x, y], f"{name}/residual"), hidden, f"{name}/norm1")
        y = self.linear(self.quantise(x, f"{name}/up"), feed_forward, hidden, f"{name}/up")
        y = self.gelu(y, f"{name}/gelu")
        y = self.linear(self.quantise(y, f"{name}/down"), hidden, feed_forward, f"{name}/down")
        return self.norm(self.op("Add", [x, y], f"{name}/residual2"), hidden, f"{name}/norm2")

    def gelu(self, x, name):
        e = self.op("Erf", [self.op("Div", [x, "root2"], f"{name}/Div")], f"{name}/Erf")
        half = self.op("Mul", [x, "half"], f"{name}/half")
        return self.op("Mul", [half, self.op("Add", [e, "unit"], f"{name}/Add")], f"{name}/Mul")


def encoder_int8(path, layers, hidden, heads, feed_forward, seq):
    g = Quantised()
    g.constant("split", np.array([1, seq, heads, hidden // heads], np.int64))
    g.constant("merged", np.array([1, seq, hidden], np.int64))
    g.constant("attention_scale", np.float32((hidden // heads) ** -0.5))
    for name, value in (("root2", 2**0.5), ("half", 0.5), ("unit", 1.0), ("lowest", -10000.0)):
        g.constant(name, np.float32(value))
    words = g.floats("words", 30522, hidden)
    x = g.op("Gather", [words, "input_ids"], "embedding", axis=0)
    x = g.op("Add", [x, g.floats("positions", 1, seq, hidden)], "position")
    x = g.norm(x, hidden, "embedding_norm")
    mask = g.op("Cast", ["attention_mask"], "mask/Cast", to=TensorProto.FLOAT)
    axes = g.constant("axes", np.array([1, 2], np.int64))
    mask = g.op("Unsqueeze", [mask, axes], "mask/Unsqueeze")
    g.nodes.append(helper.make_node(
        "Mul", [g.op("Sub", ["unit", mask], "mask/Sub"), "lowest"], ["bias"], name="mask/Mul"))
    for i in range(layers):
        x = g.layer(x, hidden, feed_forward, f"layer{i}")
    g.op("Identity", [x], "hidden")
    ids = [("input_ids", TensorProto.INT64, [1, seq]), ("attention_mask", TensorProto.INT64, [1, seq])]
    save(path, "encoder", g.nodes, ids, [("hidden", TensorProto.FLOAT, [1, seq, hidden])], g.weights)
