# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# worked_example.py DIR: x of the worked example in DIR/x.npz, and x . w in
# DIR/y.npz.

import sys

import numpy as np

x = np.arange(4 * 16).reshape(4, 16) % 7 - 3
w = np.fromfunction(lambda k, n: (k + 2 * n) % 5 - 2, (16, 32))
np.savez(f"{sys.argv[1]}/x.npz", x=x.astype(np.float32))
np.savez(f"{sys.argv[1]}/y.npz", y=(x @ w).astype(np.float32))
