# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# total.py RESULTS.json...: adds up what lit wrote with --output, lists what
# failed, and prints the total on the last line. Each GoogleTest case counts as
# one test. Exits with 1 when a test failed or none ran.

import json
import sys

PASSED = {"PASS", "FLAKYPASS", "XFAIL"}
SKIPPED = {"UNSUPPORTED", "SKIPPED", "EXCLUDED"}


def main():
    passed, failed, skipped = 0, [], 0
    for path in sys.argv[1:]:
        try:
            with open(path, encoding="utf-8") as file:
                tests = json.load(file)["tests"]
        except (OSError, ValueError) as error:
            failed.append(f"{path}: no results: {error}")
            continue
        for test in tests:
            if test["code"] in PASSED:
                passed += 1
            elif test["code"] in SKIPPED:
                skipped += 1
            else:
                failed.append(f"{test['code']}: {test['name']} ({path})")
    for line in failed:
        print(line)
    print(
        f"{passed} passed, {len(failed)} failed"
        + (f", {skipped} skipped" if skipped else "")
    )
    return 1 if failed or not passed else 0


sys.exit(main())
