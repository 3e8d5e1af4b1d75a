"""Random calls that the documents forbid, among a run's ordinary ones: what they do to the others.

::

    python -m benchmarks.invalid --python paddle=/path/to/python [--calls 200]

Judges ordinary cases by themselves, then with ``--calls`` forbidden ones for each framework mixed in, and
exits 1 where a forbidden call has no record, an ordinary verdict differs, or a worker's process is left.
"""

from __future__ import annotations

import argparse
import itertools
import os
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance
from conv_transpose_conformance.execution import events
from conv_transpose_conformance.execution.session import make_engine
from conv_transpose_conformance.frameworks.registry import cannot_run, interpret, registry, select
from conv_transpose_conformance.frameworks.targets import Targets, choose
from conv_transpose_conformance.generation.generate import (
    draw_cases,
    invalid_parameter_sets,
    parameter_sets,
)
from conv_transpose_conformance.judging.verdicts import Record
from conv_transpose_conformance.workers.watchdog import MARK

KNOWN_TO_KILL = (  # of paddle.nn.Conv2DTranspose: a negative shape that is read, and a loop without end
    "v1_2d_n1_ci1_co1_i2x2_k3x3_p3x3_f32_int.1",
    "v1_2d_n1_ci1_co1_i2x2_k3x3_p7x7_b_f32_int.1",
)


def forbidden(names: tuple[str, ...], count: int, seed: int) -> list[Case]:
    """Different cases that make at least ``count`` calls that the documents of ``names`` do not allow."""
    found = dict.fromkeys(map(Case.parse, KNOWN_TO_KILL))
    calls = 0
    for turn in itertools.count():
        for ndim in (1, 2):
            for case in draw_cases(invalid_parameter_sets(ndim), 100, seed + 2 * turn + ndim):
                asked = sum(is_forbidden(case, name) for name in names)
                if asked and case not in found:
                    found[case] = None
                    calls += asked
        if calls >= count:
            break
    return list(found)


def is_forbidden(case: Case, name: str) -> bool:
    """Whether an implementation can be asked a case, and its documents do not demand an answer."""
    return cannot_run(name, case) is None and interpret(case, name).acceptance is not Acceptance.REQUIRED


def verdicts(targets: Targets, implementations: tuple[str, ...], cases: list[Case]) -> list[Record]:
    """The records of a run; says how many workers were replaced."""
    engine = make_engine(implementations, targets)
    records: list[Record] = []
    for event in engine.run(cases):
        if isinstance(event, events.Judged):
            records += event.records
        elif isinstance(event, events.Unavailable):
            raise SystemExit(f"{event.framework}: {event.reason}")
    return records


def main() -> int:
    """The script."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--python", action="append", default=[], metavar="FRAMEWORK=PATH")
    parser.add_argument("--framework", action="append", choices=list(registry().frameworks))
    parser.add_argument("--calls", type=int, default=200, help="forbidden ones, for each framework")
    parser.add_argument("--ordinary", type=int, default=100, help="ordinary cases of each dimension")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    targets = choose(options.python, ())
    bad = 0
    place = tempfile.mkdtemp(prefix="invalid-")
    os.environ["TMPDIR"] = tempfile.tempdir = place
    ordinary = [
        case for ndim in (1, 2) for case in draw_cases(parameter_sets(ndim), options.ordinary, options.seed)
    ]
    for framework in options.framework or registry().frameworks:
        names = tuple(name for name in select([]) if name.startswith(framework) and ".mint." not in name)
        alone = _keys(verdicts(targets, names, ordinary))
        wrong = forbidden(names, options.calls, options.seed)
        mixed = [*ordinary, *wrong]
        random.Random(options.seed).shuffle(mixed)
        started = time.monotonic()
        records = verdicts(targets, names, mixed)
        seconds = time.monotonic() - started
        asked = {
            (record.case.id, record.implementation): str(record.verdict)
            for record in records
            if record.case in set(wrong)
            and is_forbidden(record.case, record.implementation)
            and str(record.check) == "acceptance"
        }
        mine = set(ordinary)
        beside = _keys([record for record in records if record.case in mine])
        differ = alone.symmetric_difference(beside)
        left = _left(place)
        bad |= bool(differ) or bool(left) or len(asked) < options.calls
        print(
            f"{framework}: {len(asked)} forbidden calls in {seconds:.0f} s: {dict(Counter(asked.values()))}; "
            f"{len(alone)} ordinary records, {len(differ)} differ; {len(left)} processes left"
        )
    return int(bad)


def _keys(records: list[Record]) -> set[tuple[object, ...]]:
    return {
        (r.case.id, r.implementation, r.check, r.verdict, r.level, r.met, r.error, r.message) for r in records
    }


def _left(place: str) -> list[str]:
    marker = f"{MARK}={place}".encode()
    found = []
    for path in Path("/proc").glob("[0-9]*/environ"):
        try:
            if marker in path.read_bytes():
                found.append(path.parent.name)
        except OSError:
            continue
    return found


if __name__ == "__main__":
    sys.exit(main())
