# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Inputs and expected outputs of the mini-*.mlir tests: small integers, which
halves hold exactly, and sums of them."""

import sys

import numpy as np

name, directory = sys.argv[1:]
rows = {"add": 4, "reduce": 8, "banks": 4}[name]
x = (np.arange(rows * 32).reshape(rows, 32) * 7 % 23 - 11).astype(np.float16)
if name == "add":
    other = np.arange(rows * 32).reshape(rows, 32).astype(np.float16)
    inputs, y = {"a": x, "b": other}, x + other
elif name == "reduce":
    inputs, y = {"x": x}, x.astype(np.int32).sum(axis=0).astype(np.float16)
else:
    inputs, y = {"x": x}, x
np.savez(f"{directory}/x.npz", **inputs)
np.savez(f"{directory}/y.npz", y=y)
