"""What the harness adds to the time the frameworks take.

::

    python -m benchmarks.harness --python torch=/path/to/python [--json FILE] [--check] [--long 200000]

Runs the quick profile's cases whose y and three gradients are judged, in float32, on each framework by itself
with one worker, and prints the calls a second and how the time divides:

=============  ========================================================================================
framework      inside the framework's own calls, as the worker measures it
worker         the rest of the worker's work on a call: decoding, copying, describing, encoding
transport      the host's thread that feeds the worker: encoding, sending, receiving, checking
reference      data and reference, once for all implementations
judging        comparing
recording      journal, dataset, summary
generation     drawing the cases (before the clock starts here), and planning
=============  ========================================================================================

``wall`` runs from the first request to the last record; framework and worker run beside the others.
``--long N`` judges N cases on torch, two calls each, and prints the host's resident memory as it goes.
``--check`` exits 1 where torch is judged at fewer than 1,000 calls a second, its wall time exceeds 1.5 times
the framework's, or the host's memory 500 MB.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance
from conv_transpose_conformance.cases.recipe import Recipe
from conv_transpose_conformance.commands.recorder import Recorder
from conv_transpose_conformance.commands.run_document import suite_version
from conv_transpose_conformance.execution import events
from conv_transpose_conformance.execution.session import host_facts, make_engine
from conv_transpose_conformance.frameworks.registry import cannot_run, implementation, interpret, registry
from conv_transpose_conformance.frameworks.targets import Targets, choose
from conv_transpose_conformance.generation.generate import profile_cases
from conv_transpose_conformance.reports.store.journal import Journal

_KINDS = ("framework", "worker", "transport", "reference", "judging", "recording", "planning")
_RATE, _SHARE, _MEMORY = 1000.0, 1.5, 500.0


def judged_cases(names: Iterable[str]) -> list[Case]:
    """The quick profile's float32 cases of which some implementation has y and gradients to give."""
    some = tuple(names)
    found = []
    for case in profile_cases("quick", 0):
        if case.dtype != "float32":
            continue
        for name in some:
            if implementation(name).ndim != case.ndim or implementation(name).seconds:
                continue
            if cannot_run(name, case) is not None:
                continue
            if interpret(case, name).acceptance is Acceptance.REQUIRED:
                found.append(case)
                break
    return found


def resident() -> float:
    """The host's resident memory in MB."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGESIZE") / 1e6


def measure(
    framework: str, cases: Iterable[Case], targets: Targets, samples: list[tuple[int, float]] | None = None
) -> dict[str, Any]:
    """One run with everything a run does but its pages."""
    names = tuple(one.name for one in registry().frameworks[framework].implementations if not one.seconds)
    engine = make_engine(names, targets, profile="quick")
    began = 0.0
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        with (
            Journal(place, suite_version(), {}) as journal,
            Recorder(place / "records.parquet") as recorder,
        ):
            for event in engine.run(cases):
                if isinstance(event, events.Unavailable):
                    raise SystemExit(f"{framework}: {event.reason}")
                if isinstance(event, events.Ready):
                    began = time.perf_counter()
                if isinstance(event, events.Judged):
                    clock = time.perf_counter()
                    journal.add(event.records)
                    recorder.add(event.records)
                    engine.spent["recording"] += time.perf_counter() - clock
                    calls = int(engine.spent["calls"])
                    if samples is not None and calls >= 20_000 * (len(samples) + 1):
                        samples.append((calls, resident()))
            wall = time.perf_counter() - began
    spent = {kind: round(engine.spent[kind], 3) for kind in _KINDS}
    calls = int(engine.spent["calls"])
    return {
        "framework": framework,
        "calls": calls,
        "wall": round(wall, 3),
        "calls_per_second": round(calls / wall, 1),
        "wall_over_framework": round(wall / engine.spent["framework"], 3),
        "seconds": spent,
        "resident_mb": round(resident(), 1),
    }


def many(cases: list[Case], count: int) -> Iterator[Case]:
    """``count`` different cases: the same parameters with other numbers."""
    for number in range(count):
        case = cases[number % len(cases)]
        yield case.replace(recipe=Recipe(case.recipe.kind, number))


def first_verdict(options: list[str]) -> float:
    """Seconds from a ``conformance run`` to its journal's first call."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder, "run")
        started = time.perf_counter()
        run = subprocess.Popen(
            [sys.executable, "-m", "conv_transpose_conformance", "run", "--out", str(out), *options],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            journal = out / "journal.jsonl"
            while b'"pass"' not in (journal.read_bytes() if journal.exists() else b""):
                if run.poll() is not None:
                    raise SystemExit("the run ended without a verdict")
                time.sleep(0.01)
            return time.perf_counter() - started
        finally:
            run.terminate()
            run.wait()


def help_time() -> float:
    """Seconds that ``conformance --help`` takes, the median of five."""
    times = []
    for _ in range(5):
        started = time.perf_counter()
        subprocess.run(
            [sys.executable, "-m", "conv_transpose_conformance", "--help"],
            stdout=subprocess.DEVNULL,
            check=True,
        )
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def main() -> int:
    """The benchmark."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--python", action="append", default=[], metavar="FRAMEWORK=PATH")
    parser.add_argument(
        "--framework", action="append", choices=list(registry().frameworks), help="default: all"
    )
    parser.add_argument("--repeat", type=int, default=3, help="runs of each framework; the fastest counts")
    parser.add_argument("--long", type=int, default=0, metavar="N", help="cases of the run for memory")
    parser.add_argument("--json", type=Path, metavar="FILE")
    parser.add_argument("--check", action="store_true")
    options = parser.parse_args()
    targets = choose(options.python, ())
    result: dict[str, Any] = {"host": host_facts(), "frameworks": []}
    for framework in options.framework or registry().frameworks:
        started = time.perf_counter()
        cases = judged_cases([one.name for one in registry().frameworks[framework].implementations])
        generation = time.perf_counter() - started
        runs = [measure(framework, cases, targets) for _ in range(options.repeat)]
        best = min(runs, key=lambda run: run["wall"])
        best["seconds"]["generation"] = round(generation, 3)
        best["all_walls"] = [run["wall"] for run in runs]
        result["frameworks"].append(best)
        print(
            f"{framework:<10} {best['calls']:>6} calls in {best['wall']:6.2f} s: "
            f"{best['calls_per_second']:7.0f} a second, wall {best['wall_over_framework']:.2f} x framework"
        )
        print("           " + ", ".join(f"{kind} {seconds:.2f}" for kind, seconds in best["seconds"].items()))
    pythons = [word for python in options.python for word in ("--python", python)]
    result["first_verdict"] = round(min(first_verdict(pythons) for _ in range(3)), 2)
    result["help"] = round(help_time(), 3)
    print(f"first verdict of a run after {result['first_verdict']:.2f} s; --help {result['help']:.2f} s")
    if options.long:
        samples: list[tuple[int, float]] = []
        long = measure(
            "torch", many(judged_cases(["torch.nn.ConvTranspose1d"]), options.long), targets, samples
        )
        result["long"] = {**long, "samples": samples}
        print(f"memory after calls: {', '.join(f'{calls:,}: {mb:.0f} MB' for calls, mb in samples)}")
    if options.json:
        options.json.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
    return _failed(result) if options.check else 0


def _failed(result: dict[str, Any]) -> int:
    torch = next((run for run in result["frameworks"] if run["framework"] == "torch"), None)
    if torch is None:
        print("--check judges torch, which was not run")
        return 1
    memory = max([mb for _, mb in result.get("long", {}).get("samples", [])], default=torch["resident_mb"])
    wrong = [
        text
        for bad, text in (
            (torch["calls_per_second"] < _RATE, f"fewer than {_RATE:g} calls a second"),
            (torch["wall_over_framework"] > _SHARE, f"more than {_SHARE:g} times the framework's time"),
            (memory > _MEMORY, f"more than {_MEMORY:g} MB"),
            (result["first_verdict"] > 3.0, "the first verdict after more than 3 s"),
            (result["help"] > 0.3, "--help in more than 0.3 s"),
        )
        if bad
    ]
    print("check: " + ("; ".join(wrong) or "every figure is met"))
    return int(bool(wrong))


if __name__ == "__main__":
    sys.exit(main())
