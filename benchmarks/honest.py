"""Honest arithmetic is not accused, and dishonest arithmetic is found: both counted on simulated tensors.

::

    python -m benchmarks.honest [--tensors 100000] [--large 60] [--seed 0] [--check] [--json FILE]

Tensors of 1 to 10,000,000 elements, most of them small, are computed with rounding to nearest in float32,
float64, float16, bfloat16 and complex64, and judged as a framework's are: outputs with and without a bias,
gradients of input, weight and bias.  Sums run forwards, backwards, shuffled, in pairs, in blocks, with and
without fused multiply-add, in the dtype or a wider one; the bias comes first, in the middle, last, or within
the wider sum.  Some tensors are sparse, some subnormal, some come from Winograd's F(2, 3) or a Fourier
transform.  Winograd's F(4, 3), whose errors are larger than the suite grants any algorithm, is counted apart.

Then the same kinds of sums get a fault, and the share that is found is printed by size.

``--large`` tensors are of 1,000,000 to 10,000,000 elements.  ``--check`` exits 1 where an honest tensor is
accused, or truncation survives at a size that ``docs/numerics.md`` quotes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterable
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from typing import Any

import numpy as np

from benchmarks.options import at_least, destination
from conv_transpose_conformance.cases.tensors import Data
from conv_transpose_conformance.judging.judge import compare
from conv_transpose_conformance.judging.verdicts import Verdict
from tests.support import arithmetic, transforms

REALS = Data(np.zeros(0), np.zeros(0), None, None, magnitude=1, escape=None, exact=False)
CHUNK = 500
SIZES = (30, 60, 100, 150, 300, 600, 2_000, 10_000, 100_000)
# Truncated results are found in 19 of 20 tensors from this size on: without a bias, with one.
QUOTED = {"none": 150, "1 channel": 300, "16 channels": 300}


def judged(results: arithmetic.Results) -> list[str]:
    """What is said against a tensor, part by part."""
    found = [compare(actual, expected, results.dtype, REALS) for actual, expected in results.parts]
    return [str(one["message"]) for one in found if one["verdict"] is not Verdict.PASS]


def honest(seeds: range, large: bool) -> dict[str, Any]:
    """How many tensors were judged, by kind, and which were accused."""
    kinds: Counter[str] = Counter()
    elements, accused = 0, []
    for seed in seeds:
        results = arithmetic.honest(seed, large=large)
        kinds[results.kind] += 1
        elements += sum(actual.size for actual, _ in results.parts)
        accused += [f"seed {seed}, {results.name}: {message}" for message in judged(results)]
    return {"tensors": len(seeds), "elements": elements, "accused": accused, "kinds": dict(kinds)}


def beyond(seed: int) -> bool:
    """Whether a tensor of F(4, 3) is accused."""
    rng = np.random.default_rng((seed, 4))
    parts = transforms.honest(rng, int(10 ** rng.uniform(1, 4)), "F(4, 3)")
    return bool(judged(arithmetic.Results("F(4, 3)", "", "float32", parts)))


def power(fault: str, bias: str, size: int, count: int) -> float:
    """The share of tensors with a fault that are found."""
    found = sum(bool(judged(arithmetic.faulty(seed, fault, bias, size))) for seed in range(count))
    return found / count


def gathered(work: Any, seeds: range, mapped: Callable[..., Iterable[Any]], chunk: int) -> dict[str, Any]:
    """The tallies over all seeds, and the seconds that they took."""
    started = time.monotonic()
    chunks = [range(at, min(seeds.stop, at + chunk)) for at in range(seeds.start, seeds.stop, chunk)]
    total: dict[str, Any] = {"tensors": 0, "elements": 0, "accused": [], "kinds": Counter()}
    for tally in mapped(work, chunks):
        for key in ("tensors", "elements", "accused"):
            total[key] += tally[key]
        total["kinds"].update(tally["kinds"])
    return total | {"kinds": dict(total["kinds"]), "seconds": round(time.monotonic() - started)}


def main() -> int:
    """Judge, print the counts and the shares, and say whether they are as they should be."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.honest", description=__doc__)
    parser.add_argument(
        "--tensors", type=at_least(0), default=100_000, help="tensors below 1,000,000 elements"
    )
    parser.add_argument("--large", type=at_least(0), default=60, help="tensors from 1,000,000 elements on")
    parser.add_argument("--seed", type=at_least(0), default=0, help="first seed; every tensor has its own")
    parser.add_argument("--processes", type=at_least(1), default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", type=destination, metavar="FILE", help="write the figures as data")
    parser.add_argument("--check", action="store_true", help="exit 1 where a figure is not as documented")
    options = parser.parse_args()
    report: dict[str, Any] = {}
    wrong = False
    with ExitStack() as stack:
        mapped: Callable[..., Iterable[Any]] = map
        if options.processes > 1:
            mapped = stack.enter_context(ProcessPoolExecutor(options.processes)).map
        for name, count, large in (("honest", options.tensors, False), ("large", options.large, True)):
            seeds = range(options.seed, options.seed + count)
            tally = gathered(partial(honest, large=large), seeds, mapped, 1 if large else CHUNK)
            report[name] = tally
            wrong |= bool(tally["accused"])
            print(f"{name}: {len(tally['accused'])} of {tally['tensors']:,} tensors accused,", end=" ")
            print(f"{tally['elements']:,} elements, {tally['seconds']} s: {tally['kinds']}", flush=True)
            print("".join(f"  {line}\n" for line in tally["accused"]), end="")
        count = min(options.tensors, 500)
        report["F(4, 3)"] = {"tensors": count, "accused": sum(mapped(beyond, range(count)))}
        print(f"F(4, 3): {report['F(4, 3)']['accused']} of {count} tensors accused")
        report["found"] = table = {}
        print(f"\n{'found, of':<22}{'bias':<14}" + "".join(f"{size:>9,}" for size in SIZES))
        for fault in arithmetic.FAULTS:
            for bias in arithmetic.BIASES:
                counts = [20 if size > 50_000 else 200 for size in SIZES]
                same = (fault,) * len(SIZES), (bias,) * len(SIZES)
                shares = list(mapped(power, *same, SIZES, counts))
                table[f"{fault}, {bias}"] = dict(zip(SIZES, shares, strict=True))
                print(f"{fault:<22}{bias:<14}" + "".join(f"{share:>9.0%}" for share in shares), flush=True)
                if fault == "truncates":
                    late = [share for size, share in zip(SIZES, shares, strict=True) if size >= QUOTED[bias]]
                    wrong |= min(late) < 0.95
    if options.json:
        options.json.write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")
    return int(options.check and wrong)


if __name__ == "__main__":
    sys.exit(main())
