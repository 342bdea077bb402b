# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# bad_input.py DIR: writes into DIR, as .npy files, inputs of the shipped
# encoder at batch 2, sequence 16 (vocabulary 500): ids, mask and types are
# right, each other file has one fault, which is its name.

import os
import sys

import numpy as np


def main():
    directory = sys.argv[1]
    os.makedirs(directory, exist_ok=True)
    shape = (2, 16)
    ids = np.arange(32, dtype=np.int64).reshape(shape)
    too_large, too_small = ids.copy(), ids.copy()
    too_large[1, 3] = 500
    too_small[1, 3] = -501
    arrays = {
        "ids": ids,
        "mask": np.ones(shape, np.int64),
        "types": np.zeros(shape, np.int64),
        "float": ids.astype(np.float32),
        "transposed": ids.T.copy(),
        "too_large": too_large,
        "too_small": too_small,
    }
    for name, array in arrays.items():
        np.save(os.path.join(directory, name + ".npy"), array)
    with open(os.path.join(directory, "ids.npy"), "rb") as good:
        whole = good.read()
    with open(os.path.join(directory, "cut.npy"), "wb") as file:
        file.write(whole[:-8])
    with open(os.path.join(directory, "text.npy"), "w") as file:
        file.write("not an array\n")
    np.savez(
        os.path.join(directory, "good.npz"),
        input_ids=ids,
        attention_mask=arrays["mask"],
        token_type_ids=arrays["types"],
    )


main()
