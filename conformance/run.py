"""``conformance run``: the engine's events turned into a run folder and an exit code."""

from __future__ import annotations

import datetime
import importlib.metadata
import signal
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any, Final

from rich.console import Console

from conformance import events
from conformance.case import Case
from conformance.conclude import conclude, stale, unexpected
from conformance.corpus import core
from conformance.coverage import Coverage
from conformance.engine import Engine, Interrupt
from conformance.expectations import FILE, Expectations
from conformance.families import Observed
from conformance.plan import framework_of
from conformance.progress import ProgressView
from conformance.session import host_facts
from conformance.verdicts import Verdict
from reports.dataset import RecordWriter
from reports.folder import RunFolder, render
from reports.summary import Summary

DISTRIBUTION: Final = "conv-transpose-conformance"
_DESCRIBED: Final = ("version", "python", "numpy", "device", "interpreter", "dtypes")
INTERRUPTED: Final = 130  # what a shell reports of a program ended by Ctrl-C


def execute(
    engine: Engine,
    cases: Iterable[Case],
    *,
    out: Path,
    facts: dict[str, Any],
    console: Console,
    expectations: Expectations | None = None,
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Runs the engine and leaves the run's folder; returns run.json's and divergences.json's contents.

    ``facts`` are the profile, seed and budget.  Ctrl-C ends the run and keeps what was found.  Divergences
    that the ``expectations`` know do not fail the run.

    Raises:
        BadRunFolder: where the folder cannot be written.
    """
    folder = RunFolder.create(out)
    started = datetime.datetime.now(datetime.UTC)
    clock = time.monotonic()
    summary = Summary()
    observed = Observed()
    coverage = Coverage()
    expectations = expectations or Expectations(Path(FILE))
    frameworks = {name: _unavailable("not started") for name in map(framework_of, engine.implementations)}
    interrupted = False
    stream = engine.run(cases)
    with _signals(engine.interrupt), RecordWriter(folder.records) as writer:
        try:
            with ProgressView(console) as progress:
                for event in stream:
                    match event:
                        case events.Judged(records):
                            writer.write(records)
                            observed.add(records)
                            if records[0].verdict is not Verdict.NOT_APPLICABLE:
                                coverage.add(records[0].case)
                            for record in records:
                                summary.add(record)
                        case events.Ready(framework, info):
                            frameworks[framework] = _ran(info)
                        case events.Unavailable(framework, reason):
                            if frameworks[framework]["status"] == "ran":
                                frameworks[framework]["reason"] = reason  # lost on the way
                            else:
                                frameworks[framework] = _unavailable(reason)
                    progress.handle(event)
        except KeyboardInterrupt:
            interrupted = True
            console.print("interrupted: ending the workers, writing what was found so far")
        finally:
            stream.close()  # type: ignore[attr-defined]  # a generator
        found = conclude(
            observed,
            summary,
            frameworks,
            expectations,
            console=console,
            asking=not interrupted,
            cancelled=lambda: engine.interrupt.requested,
        )
    interrupted = interrupted or engine.interrupt.requested
    if interrupted:
        exit_code = INTERRUPTED
    elif not any(entry["status"] == "ran" for entry in frameworks.values()):
        exit_code = 3
    else:
        exit_code = int(any(map(unexpected, found)))
    info = {
        "schema": 1,
        "suite": {"name": DISTRIBUTION, "version": importlib.metadata.version(DISTRIBUTION)},
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(time.monotonic() - clock, 2),
        **facts,
        "interrupted": interrupted,
        "exit_code": exit_code,
        "host": host_facts(),
        "frameworks": frameworks,
        "corpus": core().version,
        "coverage": coverage.summary(),
        "expectations": {
            "file": str(expectations.path),
            "entries": len(expectations.entries),
            "stale": stale(expectations, summary.implementations(), frameworks),
        },
    }
    folder.write(info, summary, found)
    return render(out)


@contextmanager
def _signals(interrupt: Interrupt) -> Iterator[None]:
    """Ctrl-C and a supervisor's SIGTERM end the run in good order; a second one at once."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        if interrupt.requested:
            raise KeyboardInterrupt
        interrupt.request()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _ran(info: dict[str, Any]) -> dict[str, Any]:
    return {"status": "ran", "reason": None, **{key: info.get(key) for key in _DESCRIBED}}


def _unavailable(reason: str) -> dict[str, Any]:
    return {"status": "unavailable", "reason": reason, **dict.fromkeys(_DESCRIBED)}
