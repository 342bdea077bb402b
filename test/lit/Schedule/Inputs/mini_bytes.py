# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# mini_bytes.py DIR: x[m][k] = (3m + 2k) mod 5 - 2 as x.npz, and as y.npz what
# mini-bytes.mlir makes of it, saturated to bytes.

import sys

import numpy as np

m, k = np.arange(4)[:, None], np.arange(32)[None, :]
x = ((3 * m + 2 * k) % 5 - 2).astype(np.int8)
x[3] = 1  # The sums of k - 16 and of 15 - k are both -16.
x[2] = np.where(k[0] < 16, -4, 4)  # 1024 and -1024, beyond bytes.


def y(v):
    total = (x.astype(np.int32) * v).sum(1, keepdims=True)
    return np.broadcast_to(np.clip(total, -128, 127).astype(np.int8), (4, 32))


np.savez(sys.argv[1] + "/x.npz", x=x)
np.savez(sys.argv[1] + "/y.npz", y0=y(k - 16), y1=y(15 - k))
