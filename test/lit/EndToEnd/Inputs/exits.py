# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# exits.py [--errors=N|any] [--leaves-nothing=DIR] [--file-limit=BYTES]
# CODE COMMAND...: runs a command that must exit with CODE within a minute, print
# N (default one) lines with 'error:' on standard error and nothing on standard
# output, and leave no new file in DIR. With a limit no file grows beyond it.
# What it printed on standard error goes to standard output, for FileCheck.

import argparse
import os
import resource
import signal
import subprocess
import sys


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--errors", default="1", metavar="N|any")
    parser.add_argument("--leaves-nothing", metavar="DIR")
    parser.add_argument("--file-limit", type=int, metavar="BYTES")
    parser.add_argument("code", type=int)
    parser.add_argument("command", nargs=argparse.REMAINDER)
    options = parser.parse_args()

    if options.leaves_nothing:
        os.makedirs(options.leaves_nothing, exist_ok=True)
        before = set(os.listdir(options.leaves_nothing))
    if options.file_limit is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (options.file_limit,) * 2)
    # Python ignores this signal; the command is to meet it as from a shell.
    run = subprocess.run(
        options.command,
        capture_output=True,
        stdin=subprocess.DEVNULL,
        timeout=60,
        preexec_fn=lambda: signal.signal(signal.SIGXFSZ, signal.SIG_DFL),
    )
    text = run.stderr.decode("utf-8", "replace")
    print(text, end="")

    problems = []
    if run.returncode != options.code:
        problems.append(f"exit code {run.returncode} instead of {options.code}")
    if options.errors != "any":
        errors = sum("error:" in line for line in text.splitlines())
        if errors != int(options.errors):
            problems.append(f"{errors} lines with 'error:' instead of {options.errors}")
        if run.stdout:
            problems.append(f"on standard output: {run.stdout[:300]!r}")
    if options.leaves_nothing:
        left = set(os.listdir(options.leaves_nothing)) - before
        if left:
            problems.append(f"left behind: {sorted(left)}")
    for problem in problems:
        print("exits.py:", problem, file=sys.stderr)
    if problems:
        print(text, file=sys.stderr)
    return 1 if problems else 0


sys.exit(main())
