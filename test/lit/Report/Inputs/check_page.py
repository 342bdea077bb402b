# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# check_page.py PAGE.html RUN.json: the data of a report of the tiny encoder at
# batch 1, sequence 4, against a simulation and the model's shapes.

import json
import re
import sys

page = open(sys.argv[1], encoding="utf-8").read()
run = json.load(open(sys.argv[2], encoding="utf-8"))
text = re.search(r'<script type="application/json" id="data">(.*?)</script>', page, re.S)[1]
data = json.loads(text)
chip = data["chips"][0]

assert data["predictedCycles"] == run["simulated_cycles"] == chip["cycles"]
assert chip["idle"] == run["idle_cycles"]
shown = {data["nodes"][node["node"]]: node for node in chip["nodes"]}
assert len(shown) == len(run["nodes"])
for node in run["nodes"]:
    mine = shown[node["name"]]
    assert abs(mine["cycles"] - node["cycles"]) <= 0.051, (mine, node)
    assert mine["issues"] == node["issues"]
    assert (mine["first"], mine["last"]) == (node["first_cycle"], node["last_cycle"])
assert sum(queue["issues"] for queue in chip["queues"]) == sum(n["issues"] for n in run["nodes"])
print("nodes as simulated")

# Two layers of hidden size 80, 4 heads of 20, feed-forward 240; the pooler reads
# the first of 4 rows.
rows, hidden, forward = 4, 80, 240
layer = 4 * rows * hidden * hidden + 2 * rows * rows * hidden + 2 * rows * hidden * forward
expected = 2 * layer + hidden * hidden
work = sum(node.get("multiplyAdds", 0) for node in chip["nodes"])
assert work == expected, (work, expected)
# Every phase rounds what it has.
phases = sum(phase["f16"] + phase["i8"] for phase in chip["phases"])
assert abs(phases - expected) <= len(chip["phases"]), (phases, expected)
assert chip["phases"][0]["begin"] == 0 and chip["phases"][-1]["end"] == chip["cycles"]
assert all(p["bound"] <= p["end"] - p["begin"] + 0.1 for p in chip["phases"])
print("multiply-adds as in the model")

lanes = data["machine"]["lanes"]
sram = run["sram_bytes"][0]
for purpose in ("weights", "tables", "activations"):
    words = sum(slice["words"].get(purpose, 0) for slice in chip["sram"])
    assert words * lanes == sram[purpose], (purpose, words * lanes, sram[purpose])
print("sram as in the statistics")
