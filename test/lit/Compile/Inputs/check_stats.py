# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# check_stats.py F.json: every key of the contract is there, and sums agree.

import json
import sys

with open(sys.argv[1]) as file:
    stats = json.load(file)
assert stats["schema_version"] == 1 and stats["machine"] == "tsp-v1"
for bound in "work_bound", "placed_bound":
    assert stats[bound]["cycles"] > 0 and stats[bound]["resource"], bound
    assert stats[bound]["cycles"] <= stats["predicted_cycles"], bound
assert 0 < stats["critical_path"] <= stats["predicted_cycles"]
for name, use in stats["resources"].items():
    assert 0 <= use["busy"] <= use["capacity"], name
(sram,) = stats["sram_bytes"]
assert set(sram) == {"weights", "activations", "state", "tables", "text", "free"}
# 79 slices of 2 * 4096 words of 320 bytes.
assert sum(sram.values()) == 79 * 2 * 4096 * 320
assert stats["host_flops"] == 0
# 16 bytes of text each.
assert sram["text"] == 16 * stats["instructions"]
stages = ["import", "linalg", "partition", "shard", "place", "tsp", "schedule", "weft"]
assert sorted(stats["seconds"]) == sorted(stages)
print("complete")
