# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
#
# The GoogleTest binaries that weft_add_unittest puts in <build>/unittests; lit
# reports each case of them as a test.

import os

import lit.formats

config.name = "weft-unit"
config.test_format = lit.formats.GoogleTest(".", "")
config.test_source_root = os.path.join(config.weft_build_dir, "unittests")
config.test_exec_root = config.test_source_root

for name in ("ASAN_OPTIONS", "UBSAN_OPTIONS", "TMPDIR"):
    if name in os.environ:
        config.environment[name] = os.environ[name]
