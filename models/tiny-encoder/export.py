# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# Writes model.onnx with PyTorch's ONNX exporter, and test data sets whose
# outputs are ONNX Runtime's. How to run it: README.md beside this file.

import json
import os
import subprocess
import sys
import tempfile

import numpy as np
import onnx
import torch
from onnx import numpy_helper

from encoder import Config, random_encoder

HERE = os.path.dirname(os.path.abspath(__file__))
INPUTS = ["input_ids", "attention_mask", "token_type_ids"]
OUTPUTS = ["hidden", "pooled"]


def export(model, path):
    batch_seq = {0: "batch", 1: "seq"}
    example = torch.zeros(2, 5, dtype=torch.long)
    torch.onnx.export(
        model,
        (example, torch.ones_like(example), example),
        path,
        opset_version=17,
        input_names=INPUTS,
        output_names=OUTPUTS,
        dynamic_axes={name: batch_seq for name in INPUTS}
        | {"hidden": batch_seq, "pooled": {0: "batch"}},
    )
    onnx.checker.check_model(path)


def inputs(seed, lengths, seq, left=False):
    """Sentences of `lengths` tokens padded to seq, on the right or on the left."""
    random = np.random.default_rng(seed)
    shape = (len(lengths), seq)
    ids = random.integers(0, Config.vocabulary, shape, dtype=np.int64)
    mask = np.zeros(shape, np.int64)
    for row, length in zip(mask, lengths):
        if left:
            row[seq - length :] = 1
        else:
            row[:length] = 1
    types = np.zeros(shape, np.int64)
    types[:, seq // 2 :] = 1
    return ids * mask, mask, types * mask


def run_onnxruntime(model, arrays):
    """Runs ONNX Runtime (ort-run.mjs), optimisation off; arrays by name in and out."""
    with tempfile.TemporaryDirectory() as directory:
        job = {"model": model, "inputs": []}
        for name, array in arrays.items():
            array.tofile(os.path.join(directory, name))
            job["inputs"].append(
                {"name": name, "type": str(array.dtype), "dims": array.shape}
            )
        with open(os.path.join(directory, "job.json"), "w") as file:
            json.dump(job, file)
        subprocess.run(
            ["node", os.path.join(HERE, "ort-run.mjs"), directory], check=True
        )
        with open(os.path.join(directory, "results.json")) as file:
            return {
                result["name"]: np.fromfile(
                    os.path.join(directory, "out." + result["name"]), result["type"]
                ).reshape(result["dims"])
                for result in json.load(file)
            }


def write_tensor(path, name, array):
    with open(path, "wb") as file:
        file.write(numpy_helper.from_array(array, name).SerializeToString())


def main(directory):
    model = random_encoder()
    path = os.path.join(directory, "model.onnx")
    export(model, path)
    # The third set has the first one's shapes and other values: a program
    # compiled for the shapes of one must run the other.
    sets = [
        inputs(1, lengths=[16, 11], seq=16),
        inputs(2, lengths=[32], seq=32),
        inputs(3, lengths=[9, 16], seq=16, left=True),
    ]
    for index, arrays in enumerate(sets):
        folder = os.path.join(directory, f"test_data_set_{index}")
        os.makedirs(folder, exist_ok=True)
        for i, (name, array) in enumerate(zip(INPUTS, arrays)):
            write_tensor(f"{folder}/input_{i}.pb", name, array)
        reference = run_onnxruntime(path, dict(zip(INPUTS, arrays)))
        with torch.no_grad():
            direct = model(*map(torch.from_numpy, arrays))
        for i, (name, value) in enumerate(zip(OUTPUTS, direct)):
            error = np.abs(reference[name] - value.numpy()).max()
            assert error < 1e-4, f"{name}: PyTorch and ONNX Runtime differ by {error}"
            write_tensor(f"{folder}/output_{i}.pb", name, reference[name])
            print(f"set {index}: {name} {reference[name].shape}, PyTorch within {error:.1e}")
    print(f"model.onnx: {os.path.getsize(path)} bytes")


main(sys.argv[1] if len(sys.argv) > 1 else HERE)
