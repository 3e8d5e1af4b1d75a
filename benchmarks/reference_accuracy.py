"""The reference against the definition in exact arithmetic, in large numbers.

``python -m benchmarks.reference_accuracy [--rounded N] [--geometries N] [--json FILE]`` compares,
bit for bit,

- ``compensated`` results of N random small cases (default 10,000: ordinary numbers, exponents spread over
  hundreds of bits, under- and overflow, heavy cancellation, and float32 inputs) with the correctly rounded
  sums of the exact products, by ``fractions``, and for float32 inputs also by ``math.fsum``;
- forward and gradients of N random geometries (default 100,000) on integers with the definition's loop.

Both paths are compared each time. Exits 1 when anything differs.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from fractions import Fraction
from itertools import product
from typing import Any

import numpy as np

from benchmarks.options import at_least, destination
from conv_transpose_conformance.reference_impl import backward, forward, has_kernels
from tests.support.definition import nearest, pairs, terms
from tests.support.problems import FILLS, draw_problem

BACKENDS = ("numpy", "cython") if has_kernels() else ("numpy",)
CHUNK = 250


def results(p: Any, backend: Any, precision: Any = "working") -> dict[str, np.ndarray]:
    """Y and the gradients by one path."""
    options: Any = {"geometry": p.geometry, "backend": backend, "precision": precision}
    g = backward(p.x, p.w, p.grad, **options)
    return {"y": forward(p.x, p.w, p.bias, **options), "x": g.x, "w": g.w, "bias": g.bias}


def rounded(seeds: range) -> dict[str, int]:
    """Compensated results of these cases that differ from the correctly rounded ones."""
    tally = {"cases": 0, "elements": 0, "differ": 0, "working differs": 0}
    names = list(FILLS)
    for seed in seeds:
        name = names[seed % len(names)]
        p = draw_problem(seed, fill=FILLS[name])
        tally["cases"] += 1
        expected = {}
        for result, found in terms(p.x, p.w, p.bias, p.grad, p.geometry).items():
            expected[result] = {
                at: nearest(sum((Fraction(float(a)) * Fraction(float(b)) for a, b in parts), Fraction(0)))
                for at, parts in found.items()
            }
            if name == "float32":
                for at, parts in found.items():
                    by_fsum = math.fsum(float(a) * float(b) for a, b in parts)
                    tally["differ"] += by_fsum != expected[result][at]
        for backend in BACKENDS:
            for result, actual in results(p, backend, "compensated").items():
                tally["elements"] += actual.size
                tally["differ"] += sum(float(actual[at]) != value for at, value in expected[result].items())
        usual = results(p, BACKENDS[-1])
        tally["working differs"] += any(
            float(usual[result][at]) != value
            for result, parts in expected.items()
            for at, value in parts.items()
        )
    return tally


def loop(p: Any) -> dict[str, np.ndarray]:
    """The definition on integers, one pair of positions at a time, in 64-bit integers."""
    x, w, grad = (a.astype(np.int64) for a in (p.x, p.w, p.grad))
    g = p.geometry.groups
    deep, wide = len(w) // g, w.shape[1]
    y = np.zeros(grad.shape, np.int64)
    if p.bias is not None:
        y += p.bias.astype(np.int64).reshape(-1, *(1,) * p.geometry.ndim)
    dx, dw = np.zeros_like(x), np.zeros_like(w)
    for i, k, o in pairs(p.geometry):
        for group, ci, co in product(range(g), range(deep), range(wide)):
            a, b = group * deep + ci, group * wide + co
            at_x, at_w, at_y = (slice(None), a, *i), (a, co, *k), (slice(None), b, *o)
            y[at_y] += x[at_x] * w[at_w]
            dx[at_x] += w[at_w] * grad[at_y]
            dw[at_w] += (x[at_x] * grad[at_y]).sum()
    return {"y": y, "x": dx, "w": dw, "bias": grad.sum(axis=(0, *range(2, grad.ndim)))}


def geometries(seeds: range) -> dict[str, int]:
    """Results on integers that differ from the definition's loop."""
    tally = {"geometries": 0, "elements": 0, "differ": 0}
    for seed in seeds:
        p = draw_problem(seed)
        expected = loop(p)
        tally["geometries"] += 1
        for backend in BACKENDS:
            for name, actual in results(p, backend).items():
                tally["elements"] += actual.size
                tally["differ"] += int(np.count_nonzero(actual != expected[name]))
    return tally


def gather(work: Any, count: int, first: int, pool: ProcessPoolExecutor) -> dict[str, int]:
    """Sum of the tallies over ``count`` seeds."""
    chunks = [range(at, min(first + count, at + CHUNK)) for at in range(first, first + count, CHUNK)]
    total: dict[str, int] = {}
    started = time.monotonic()
    for tally in pool.map(work, chunks):
        for key, number in tally.items():
            total[key] = total.get(key, 0) + number
    return total | {"seconds": round(time.monotonic() - started)}


def main() -> int:
    """Compare, print the tallies, and say whether anything differs."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reference_accuracy", description=__doc__)
    parser.add_argument(
        "--rounded", type=at_least(0), default=10_000, help="cases compared with the rounded exact sums"
    )
    parser.add_argument(
        "--geometries", type=at_least(0), default=100_000, help="geometries compared on integers"
    )
    parser.add_argument(
        "--seed", type=at_least(0), default=0, help="first seed; every case is drawn from its own"
    )
    parser.add_argument("--json", type=destination, metavar="FILE", help="write the tallies as data")
    options = parser.parse_args()
    report: dict[str, Any] = {"paths": list(BACKENDS)}
    with ProcessPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        for name, work, count in (
            ("compensated", rounded, options.rounded),
            ("integers", geometries, options.geometries),
        ):
            report[name] = gather(work, count, options.seed, pool)
            print(f"{name}: {report[name]}", flush=True)
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 1 if any(report[name].get("differ") for name in ("compensated", "integers")) else 0


if __name__ == "__main__":
    sys.exit(main())
