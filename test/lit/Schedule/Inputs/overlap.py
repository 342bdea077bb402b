# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""Compares, in the queues that weft-dump prints, the last write of one ONNX node
with the first abc of another."""
import re
import sys

path, producer, consumer = sys.argv[1:]
line = re.compile(r"^\s+(\d+)\s+(\S+) .*'([^']*)'\s*$")
writes, passes, previous = [], [], None
for text in open(path):
    match = line.match(text)
    if not match:
        # A repeat has no node of its own: it goes on with what it repeats.
        continue
    cycle, opcode, nodes = int(match[1]), match[2], match[3].split(" + ")
    if opcode == "write" and producer in nodes:
        writes.append(cycle)
    if opcode == "abc" and consumer in nodes:
        passes.append(cycle)
assert writes and passes, "no such nodes in the queues"
verdict = "overlaps" if min(passes) < max(writes) else "waits"
print(f"{verdict}: first abc of {consumer} in cycle {min(passes)}, "
      f"last write of {producer} starts in cycle {max(writes)}")
