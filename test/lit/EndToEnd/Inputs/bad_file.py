# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# bad_file.py PROGRAM.weft WORK_DIR: damages a program at bytes spread over
# all of it, and shortens and lengthens it; weft-run must refuse every copy with
# exit code 2 and one error.

import os
import subprocess
import sys


def main():
    program, work = sys.argv[1:]
    with open(program, "rb") as file:
        good = file.read()
    os.makedirs(work, exist_ok=True)
    copies = {"empty": b"", "lengthened": good + b"\0"}
    # The first and last 16 bytes, and 40 between, one bit each.
    size = len(good)
    positions = {*range(16), *range(size - 16, size), *(size * i // 41 for i in range(1, 41))}
    for position in sorted(positions):
        flipped = bytearray(good)
        flipped[position] ^= 1 << position % 8
        copies[f"bit {position % 8} of byte {position}"] = bytes(flipped)
    for length in (1, 16, size // 2, size - 1):
        copies[f"cut to {length} bytes"] = good[:length]

    damaged = os.path.join(work, "damaged.weft")
    accepted = 0
    for what, copy in copies.items():
        with open(damaged, "wb") as file:
            file.write(copy)
        run = subprocess.run(
            ["weft-run", damaged, "--random=1"], capture_output=True, text=True
        )
        if run.returncode != 2 or run.stderr.count("error:") != 1:
            accepted += 1
            print(f"{what}: exit code {run.returncode}\n{run.stderr}")
    print(f"refused {len(copies) - accepted} of {len(copies)}")
    return 1 if accepted else 0


sys.exit(main())
