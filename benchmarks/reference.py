"""The reference beside torch: ``python -m benchmarks.reference [--json FILE] [--check]``.

Everything is measured in one process that has torch and the reference, on the same threads, in rounds that
alternate between them; times are medians. The environment with torch is the suite's own (``conformance
env``), made on the first run.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from collections.abc import Iterator
from math import exp, log
from pathlib import Path
from typing import Any

from benchmarks.options import at_least, destination, interpreter, seconds
from benchmarks.reference_shapes import SHAPES
from conv_transpose_conformance.errors import EnvironmentFailed
from conv_transpose_conformance.frameworks.environments import ensure, environment_for
from conv_transpose_conformance.reference_impl import has_kernels

# What has to be reached, beside each shape's own least ratio.
GEOMETRIC_MEAN = 2.0
DGEMM_SHARE = 0.8
SMALL_SECONDS = 60e-6
MEMORY_BYTES = 64 << 20


def started(python: Path, threads: int, *arguments: str) -> subprocess.Popen[str]:
    """The worker, with this checkout's reference on its path and every thread pool at ``threads``."""
    variables = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    for pool in ("OMP", "MKL", "OPENBLAS"):
        variables[f"{pool}_NUM_THREADS"] = str(threads)
    variables["PYTHONPATH"] = str(Path(__file__).resolve().parent.parent)
    command = [str(python), "-m", "benchmarks.reference_worker", arguments[0], str(threads), *arguments[1:]]
    return subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=variables)


def lines_of(process: subprocess.Popen[str], wanted: int) -> Iterator[Any]:
    """JSON values as they come.

    Raises:
        SystemExit: status 3, the worker failed and has said why, or it gave fewer than ``wanted``.
    """
    assert process.stdout is not None
    found = 0
    for line in process.stdout:
        yield json.loads(line)
        found += 1
    if process.wait() != 0 or found < wanted:
        print(
            f"the measuring process ended with status {process.returncode} after {found} of {wanted} answers",
            file=sys.stderr,
        )
        raise SystemExit(3)


def row(found: dict[str, Any], flops: int) -> str:
    """One line of the table."""
    rate = flops / found["reference"] / 1e9
    times = [found[name] * 1e6 for name in ("torch", "numpy", "reference")]
    return (
        f"{found['name']:22} {found['parameters']:23} {times[0]:9.0f} {times[1]:9.0f} {times[2]:9.0f} "
        f"{found['ratio']:6.2f} {found['forward ratio']:8.2f} {rate:6.1f} {found['share']:6.2f}"
        f"{'*' if found['gemm dominates'] else ''}"
    )


def shortfalls(report: dict[str, Any]) -> list[str]:
    """What was to be reached and was not, in words."""
    missed = []
    if report["geometric mean"] < GEOMETRIC_MEAN:
        missed.append(f"geometric mean {report['geometric mean']:.2f} times torch, below {GEOMETRIC_MEAN}")
    for shape, found in zip(SHAPES, report["shapes"], strict=True):
        if found["ratio"] < shape.least_ratio:
            missed.append(f"{shape.name}: {found['ratio']:.2f} times torch, below {shape.least_ratio}")
        if shape.dgemm and found["share"] < DGEMM_SHARE:
            missed.append(f"{shape.name}: {found['share']:.2f} of dgemm's rate, below {DGEMM_SHARE}")
        if shape.name == "small" and found["reference"] > SMALL_SECONDS:
            missed.append(f"small: {found['reference'] * 1e6:.0f} us, above {SMALL_SECONDS * 1e6:.0f}")
    if report["memory"]["reference"] > MEMORY_BYTES:
        missed.append(f"memory: {report['memory']['reference'] >> 20} MB, above {MEMORY_BYTES >> 20}")
    return missed


def main() -> int:
    """Measure, print, and say what falls short."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.reference", description=__doc__)
    parser.add_argument("--json", type=destination, metavar="FILE", help="write the figures as data")
    parser.add_argument("--check", action="store_true", help="exit 1 naming what falls short")
    parser.add_argument("--seconds", type=seconds, default=4.0, help="measuring time for a shape (default 4)")
    parser.add_argument(
        "--threads", type=at_least(1), default=len(os.sched_getaffinity(0)), help="default: all processors"
    )
    parser.add_argument(
        "--python", type=interpreter, help="an interpreter with torch and numpy to use instead"
    )
    options = parser.parse_args()
    if not has_kernels():
        print("the compiled kernels are not built here: nothing to measure beside torch", file=sys.stderr)
        return 3
    try:
        python = options.python or ensure(environment_for("torch"), lambda text: print(text, file=sys.stderr))
    except EnvironmentFailed as reason:
        print(reason, file=sys.stderr)
        return 3

    print(f"float64, forward + backward on {options.threads} threads; microseconds, medians")
    print(
        f"{'shape':22} {'N,Ci,Co,size,k,s,g':23} {'torch':>9} {'numpy':>9} {'reference':>9} "
        f"{'ratio':>6} {'forward':>8} {'GF/s':>6} {'dgemm':>6}"
    )
    report: dict[str, Any] = {"threads": options.threads, "shapes": []}
    by_name = {shape.name: shape for shape in SHAPES}
    for found in lines_of(started(python, options.threads, "shapes", str(options.seconds)), 1 + len(SHAPES)):
        if "name" not in found:
            report |= found
            continue
        shape = by_name[found["name"]]
        found["parameters"] = shape.parameters
        found["gemm dominates"] = shape.dgemm
        found["ratio"] = found["torch"] / found["reference"]
        found["forward ratio"] = found["torch forward"] / found["reference forward"]
        found["share"] = shape.flops / found["reference"] / found["dgemm rate"]
        report["shapes"].append(found)
        print(row(found, shape.flops), flush=True)
    ratios = [found["ratio"] for found in report["shapes"]]
    report["geometric mean"] = exp(sum(map(log, ratios)) / len(ratios))
    report["memory"] = {
        name: next(lines_of(started(python, options.threads, "memory", backend), 1))
        for name, backend in (("torch", "torch"), ("numpy", "numpy"), ("reference", "cython"))
    }
    memory = "  ".join(f"{name} {size >> 20} MB" for name, size in report["memory"].items())
    print(f"geometric mean of ratios: {report['geometric mean']:.2f}")
    print("dgemm: share of the rate of a 768 x 768 product in the same rounds; * must reach 0.8, see Shape")
    print(f"peak memory beyond inputs and outputs at (1,256,128,128x128,4,2,1): {memory}")
    report["missed"] = shortfalls(report)
    for line in report["missed"]:
        print(f"falls short: {line}")
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return 1 if options.check and report["missed"] else 0


if __name__ == "__main__":
    sys.exit(main())
