# Part of Weft, under the Apache License v2.0 with LLVM Exceptions.
# SPDX-License-Identifier: Apache-2.0 WITH LLVM-exception
"""The workloads of the benchmark: which model each compiles, what its figure is
made of, what it is to reach and what it is compared with. All on tsp-v1; the
arithmetic is in docs/benchmarks.md."""

from dataclasses import dataclass, field
from typing import Callable

import models

# Multiply-adds a cycle: 4 planes of 320 x 320 bytes, 2 pairs of 160 x 320.
PEAK = {"int8": 409600, "fp16": 102400}
# Weight bytes a cycle over the outward streams of both hemispheres.
STREAMS = {"int8": 20480, "fp16": 10240}
GEMM_M, GEMM_K = 2304, 4096
GEMM_RANGE = range(1376, 3501)
# The ends, and N on either side of where a column of tiles begins or ends.
GEMM_SAMPLE = [1376, 1441, 1600, 1900, 1921, 2241, 2560, 2561, 2881, 3201, 3500]


@dataclass
class Workload:
    """One model. `row` is the line of the table that it is part of."""

    name: str
    row: str
    write: Callable[[str], None]
    share: Callable[[dict], dict] = lambda stats: {}
    needs: list = field(default_factory=list)  # Python modules of its generator


@dataclass
class Row:
    """One line of the table: the worst `figure` of its workloads."""

    name: str
    title: str
    figure: str  # a key of shares(), or "cycles", or "ratio"
    target: float
    anchor: str
    smallest: bool = True  # whether more is better


def gemm_shares(kind, n):
    def shares(stats):
        cycles = stats["predicted_cycles"]
        return {
            "tiling": stats["work_bound"]["cycles"] / cycles,
            "peak": GEMM_M * GEMM_K * n / PEAK[kind] / cycles,
        }

    return shares


def gemv_shares(kind, size, layers):
    total = size * size * layers * (2 if kind == "fp16" else 1)
    return lambda stats: {"streams": total / STREAMS[kind] / stats["predicted_cycles"]}


def ratio(stats):
    return {"ratio": stats["predicted_cycles"] / stats["work_bound"]["cycles"]}


ROWS = [
    Row("gemm-fp16", "fp16 [2304x4096]x[4096xN], share of the better tiling", "tiling", 0.99, ""),
    Row("gemm-fp16-peak", "the same, share of peak", "peak", 0.87, "0.80 published (ISCA 2022, fig. 13)"),
    Row("gemm-int8", "int8 [2304x4096]x[4096xN], share of the better tiling", "tiling", 0.98, ""),
    Row("gemv-int8-4096", "int8 chain of GEMVs 4096^2, share of 20,480 B/cycle", "streams", 0.92, "0.976 with activation slots"),
    Row("gemv-int8-8192", "int8 chain of GEMVs 8192^2, share of 20,480 B/cycle", "streams", 0.95, "0.976 with activation slots"),
    Row("gemv-fp16-4096", "fp16 chain of GEMVs 4096^2, share of 10,240 B/cycle", "streams", 0.95, "1: the stream limit"),
    Row("bert-base-fp16", "BERT-base shape, 128 tokens, fp16, cycles", "cycles", 160000, "140,544 of pure MXM time", False),
    Row("bert-base-int8", "BERT-base shape, 128 tokens, int8 weights, cycles", "cycles", 100000, "117,000 published; 75,000 aimed at", False),
    Row("bert-large-6", "six layers of BERT-large's shape, 384 tokens, fp16, cycles / work_bound", "ratio", 1.08, "1", False),
    Row("small-gemm", "fp16 [640x640]x[640x640], cycles / work_bound", "ratio", 1.1, "", False),
    Row("small-gemv", "fp16 chain of GEMVs 640^2, share of 10,240 B/cycle", "streams", 0.5, ""),
]


def workloads(every_n=False):
    result = []
    for kind, write in (("fp16", models.gemm_fp16), ("int8", models.gemm_int8)):
        for n in GEMM_RANGE if every_n else GEMM_SAMPLE:
            result.append(Workload(
                f"gemm-{kind}-{n}", f"gemm-{kind}",
                lambda path, n=n, write=write: write(path, GEMM_M, GEMM_K, n),
                gemm_shares(kind, n),
            ))
    # Layers that fill at least 80% of the 197.5 MiB that programs may use.
    for kind, size, layers, write in (
        ("int8", 4096, 10, models.gemv_int8),
        ("int8", 8192, 3, models.gemv_int8),
        ("fp16", 4096, 5, models.gemv_fp16),
    ):
        name = f"gemv-{kind}-{size}"
        result.append(Workload(
            name, name,
            lambda path, size=size, layers=layers, write=write: write(path, size, layers),
            gemv_shares(kind, size, layers),
        ))
    result += [
        Workload("bert-base-fp16", "bert-base-fp16",
                 lambda path: models.encoder_fp16(path, 12, 768, 12, 3072, 128), ratio, ["torch"]),
        Workload("bert-base-int8", "bert-base-int8",
                 lambda path: models.encoder_int8(path, 12, 768, 12, 3072, 128), ratio),
        Workload("bert-large-6", "bert-large-6",
                 lambda path: models.layers_fp16(path, 6, 1024, 16, 4096, 384), ratio, ["torch"]),
        Workload("small-gemm", "small-gemm", lambda path: models.gemm_fp16(path, 640, 640, 640), ratio),
        Workload("small-gemv", "small-gemv", lambda path: models.gemv_fp16(path, 640, 8),
                 gemv_shares("fp16", 640, 8)),
    ]
    return result


def rows_of(workload):
    """The rows a workload counts in."""
    return [r for r in ROWS if r.name == workload.row or r.name == f"{workload.row}-peak"]
