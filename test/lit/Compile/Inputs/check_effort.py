# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""check_effort.py FAST.json DEFAULT.json HIGH.json: cycles do not grow."""
import json
import sys

cycles = [json.load(open(name))["predicted_cycles"] for name in sys.argv[1:]]
print("never worse" if cycles == sorted(cycles, reverse=True) else cycles)
