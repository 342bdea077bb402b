# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The lit suite of the tools: weft-compile, weft-run, weft-dump, weft-opt,
# FileCheck and not are on PATH. What a test needs beyond the build is a feature:
#   models       the real models beside the checkout (%models)
#   onnx-python  Debian's python3-onnx
#   chromium     Debian's chromium and chromium-driver
#   ort          npm's onnxruntime-node, installed in the folder ORT_DIR

import os
import shutil
import subprocess

import lit.formats

config.name = "weft"
config.test_format = lit.formats.ShTest(execute_external=False)
config.suffixes = [".mlir", ".test"]
config.excludes = ["Inputs"]
config.test_source_root = os.path.dirname(__file__)
config.test_exec_root = os.path.join(config.weft_build_dir, "test", "lit")

bin_dir = os.path.join(config.weft_build_dir, "bin")
config.environment["PATH"] = os.pathsep.join(
    [bin_dir, config.llvm_tools_dir, os.environ.get("PATH", "")]
)
for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "ORT_DIR"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
if config.weft_sanitize:
    # Debian's libMLIR is not instrumented, so containers that cross into it
    # look overflown, what it keeps until exit looks leaked, and memory that it
    # takes from an allocator that instrumented code has filled looks poisoned.
    config.environment.setdefault(
        "ASAN_OPTIONS",
        "allow_user_poisoning=0:detect_container_overflow=0:detect_leaks=0",
    )
    config.available_features.add("sanitizers")

# Debian's Python, which has its packages; another one may come first on PATH.
python = "/usr/bin/python3"


def runs(*command):
    try:
        return subprocess.run(command, capture_output=True).returncode == 0
    except OSError:
        return False


if runs(python, "-c", "import numpy, onnx"):
    config.available_features.add("onnx-python")
if shutil.which("chromium") and shutil.which("chromedriver"):
    config.available_features.add("chromium")
if os.path.isdir(os.path.join(config.weft_models_dir, "encoder")):
    config.available_features.add("models")
ort_dir = os.environ.get("ORT_DIR", "")
if ort_dir and os.path.isdir(os.path.join(ort_dir, "node_modules", "onnxruntime-node")):
    config.available_features.add("ort")

end_to_end = os.path.join(config.test_source_root, "EndToEnd", "Inputs")
config.substitutions += [
    # A model driver and an exit-code check, before the shorter names below.
    ("%run-model", f"{python} {end_to_end}/run_model.py"),
    ("%bad-model", f"{python} {end_to_end}/bad_model.py"),
    ("%exits", f"{python} {end_to_end}/exits.py"),
    (
        "%update-docs",
        f"{config.weft_source_dir}/scripts/update-docs --tools={bin_dir}",
    ),
    (
        "%browse",
        f"{python} {config.test_source_root}/Report/Inputs/browse.py --scripts={config.weft_source_dir}/scripts",
    ),
    ("%bench", f"{config.weft_source_dir}/scripts/bench --tools={bin_dir}"),
    ("%python", python),
    ("%models", config.weft_models_dir),
    ("%tiny-encoder", os.path.join(config.weft_source_dir, "models", "tiny-encoder")),
    ("%source", config.weft_source_dir),
]
