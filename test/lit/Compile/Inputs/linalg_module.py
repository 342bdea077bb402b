# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# linalg_module.py DIR: inputs of linalg-module.mlir in DIR/x.npz and what NumPy
# computes from them in DIR/y.npz. Products and sums are of small integers, which
# halves hold exactly.

import sys

import numpy as np

x = (np.arange(2 * 8 * 64).reshape(2, 8, 64) % 7 - 3).astype(np.float32)
w = (np.arange(2 * 64 * 32).reshape(2, 64, 32) % 5 - 2).astype(np.float32)
rows = np.array([1, 2, 0, 1], np.int64)
table = np.array([[0.5] * 16, [1.5] * 16, [-2.0] * 16], np.float32)
product = np.maximum(x @ w + 0.5, 0)
spread = np.exp(x[0] - x[0].max(axis=1, keepdims=True))
np.savez(f"{sys.argv[1]}/x.npz", input_0=x, weights=w, input_2=rows)
np.savez(
    f"{sys.argv[1]}/y.npz",
    output_0=product,
    sums=product.sum(axis=2),
    output_2=table[rows],
    output_3=spread / spread.sum(axis=1, keepdims=True),
)
