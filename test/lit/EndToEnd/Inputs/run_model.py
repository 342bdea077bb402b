# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# run_model.py MODEL_DIR WORK_DIR [COMPILE_OPTION...]: for every test data set of
# a model, compiles it for the set's shapes, runs it at the default tolerances
# and holds the simulated cycles against the predicted ones. Prints a line a set.

import glob
import json
import os
import subprocess
import sys


def run(*command):
    print("$", *command, flush=True)
    result = subprocess.run(command, stdin=subprocess.DEVNULL)
    if result.returncode:
        sys.exit(f"run_model.py: exit code {result.returncode}")


def main():
    model, work, *options = sys.argv[1:]
    os.makedirs(work, exist_ok=True)
    sets = sorted(glob.glob(os.path.join(model, "test_data_set_*")))
    if not sets:
        sys.exit(f"run_model.py: no test data sets in {model}")
    program, stats, report = (
        os.path.join(work, name) for name in ("model.weft", "stats.json", "run.json")
    )
    for data in sets:
        run(
            "weft-compile",
            os.path.join(model, "model.onnx"),
            f"--shapes-from={data}",
            f"--stats={stats}",
            *options,
            "-o",
            program,
        )
        run(
            "weft-run",
            program,
            f"--inputs={data}",
            f"--check={data}",
            f"--json={report}",
        )
        with open(stats) as file:
            predicted = json.load(file)["predicted_cycles"]
        with open(report) as file:
            results = json.load(file)
        simulated = results["simulated_cycles"]
        expected = len(glob.glob(os.path.join(data, "output_*.pb")))
        if simulated != predicted:
            sys.exit(f"run_model.py: {simulated} cycles, predicted {predicted}")
        if len(results["outputs"]) != expected:
            sys.exit(f"run_model.py: compared {len(results['outputs'])} of {expected} outputs")
        if not all(output["pass"] for output in results["outputs"]):
            sys.exit("run_model.py: an output does not agree")
        cosine = min(output["cosine"] for output in results["outputs"])
        error = max(output["max_error"] for output in results["outputs"])
        print(
            f"{os.path.basename(data)}: agrees: {expected} outputs,"
            f" cosine {cosine:.6f}, max error {error:.5f}, {simulated} cycles",
            flush=True,
        )


main()
