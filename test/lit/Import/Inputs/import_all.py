# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# import_all.py MODELS DIR: imports every MODELS/*/*/model.onnx and reloads the text
# twice, which must give the same; says which models fail and whether none does.

import glob
import os
import subprocess
import sys


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else print(" ".join(command), done.stderr)


def imports(path, directory):
    texts = [os.path.join(directory, f"model{i}.mlir") for i in range(3)]
    if run("weft-compile", path, "--compile-to=import", "-o", texts[0]) is None:
        return False
    for text, again in zip(texts, texts[1:]):
        if run("weft-opt", text, "-mlir-print-debuginfo", "-o", again) is None:
            return False
    with open(texts[1]) as one, open(texts[2]) as other:
        return one.read() == other.read()


def main():
    models, directory = sys.argv[1:]
    paths = sorted(glob.glob(os.path.join(models, "*", "*", "model.onnx")))
    failed = [path for path in paths if not imports(path, directory)]
    if paths and not failed:
        print("all models import")
    for path in failed:
        print("failed:", path)


main()
