"""``conformance run``: the engine's events turned into a run folder and an exit code."""

from __future__ import annotations

import datetime
import importlib.metadata
import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from attrs import evolve
from rich.console import Console

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.causes.failures import Observed
from conv_transpose_conformance.commands.finish import conclude, exit_code, stale
from conv_transpose_conformance.commands.progress import ProgressView
from conv_transpose_conformance.errors import BadRunFolder
from conv_transpose_conformance.execution import events
from conv_transpose_conformance.execution.engine import Engine
from conv_transpose_conformance.execution.interrupts import signals
from conv_transpose_conformance.execution.session import host_facts
from conv_transpose_conformance.expectations import FILE, Expectations
from conv_transpose_conformance.generation.corpus import core
from conv_transpose_conformance.generation.coverage import Coverage
from conv_transpose_conformance.judging.verdicts import Record, Verdict
from conv_transpose_conformance.reports.render import render
from conv_transpose_conformance.reports.store.dataset import RecordWriter
from conv_transpose_conformance.reports.store.folder import RunFolder
from conv_transpose_conformance.reports.store.journal import Journal
from conv_transpose_conformance.reports.store.summary import Summary
from conv_transpose_conformance.requirements.base.requirement import Requirement, fails
from conv_transpose_conformance.requirements.catalogue import described
from conv_transpose_conformance.requirements.evaluate import requirements_of
from conv_transpose_conformance.requirements.tally import Tally

DISTRIBUTION: Final = "conv-transpose-conformance"
_DESCRIBED: Final = ("version", "python", "numpy", "r", "device", "interpreter", "dtypes")
INTERRUPTED: Final = 130  # what a shell reports of a program ended by Ctrl-C


def execute(
    engine: Engine,
    cases: Iterable[Case],
    *,
    out: Path,
    facts: dict[str, Any],
    console: Console,
    asked: dict[str, Any] | None,
    expectations: Expectations | None = None,
    explaining: bool = False,
    requirements: Sequence[Requirement] = (),
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Runs the engine and leaves the run's folder; returns run.json's and divergences.json's contents.

    ``facts`` are the profile, seed and budget.  ``asked`` is what would ask for the same cases again, kept
    for a run that is resumed; None resumes the one in the folder.  Ctrl-C ends the run and keeps what was
    found.  Divergences that the ``expectations`` know do not fail the run.  With ``explaining`` the
    frameworks are asked further about what diverges.  The ``requirements`` are examined after the cases, or,
    where the cases decide them, added up.

    Raises:
        BadRunFolder: where the folder cannot be written, or another run is writing to it.
    """
    folder = RunFolder.create(out)
    with folder.locked():
        known = expectations or Expectations(Path(FILE))
        return _execute(engine, cases, folder, facts, console, asked, known, explaining, requirements)


def _execute(
    engine: Engine,
    cases: Iterable[Case],
    folder: RunFolder,
    facts: dict[str, Any],
    console: Console,
    asked: dict[str, Any] | None,
    expectations: Expectations,
    explaining: bool,
    requirements: Sequence[Requirement],
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    started = datetime.datetime.now(datetime.UTC)
    summary = Summary()
    observed = Observed()
    coverage = Coverage()
    tally = Tally.of(requirements)
    frameworks = {target: _unavailable("not started") for target in engine.targets}
    interrupted = False
    with (
        signals(engine.interrupt),
        Journal(folder.path, suite_version(), asked) as journal,
        RecordWriter(folder.records) as writer,
    ):
        if journal.kept is not None:
            console.print(
                f"{folder.path} holds an unfinished run; its journal is now {journal.kept.name}. To resume "
                f"that run, move the file to another folder as {journal.path.name} and use --resume there",
                soft_wrap=True,
                markup=False,
            )

        def take(records: list[Record]) -> None:
            writer.write(records)
            observed.add(records)
            if records[0].verdict is not Verdict.NOT_APPLICABLE:
                coverage.add(records[0].case)
            for record in records:
                summary.add(record)
                tally.add(record)

        for records in journal.records():
            take(records)
        stream = evolve(engine, done=journal.is_done, budget=_left(engine.budget, journal)).run(cases)
        try:
            with ProgressView(console) as progress:
                for event in stream:
                    match event:
                        case events.Judged(records):
                            began = time.perf_counter()
                            journal.add(records)
                            take(records)
                            engine.spent["recording"] += time.perf_counter() - began
                        case events.Ready(framework, info):
                            journal.add_ready(framework, info)
                            frameworks[framework] = _ran(info)
                        case events.Unavailable(framework, reason, optional):
                            if frameworks.get(framework, {}).get("status") == "ran":
                                frameworks[framework]["reason"] = reason  # lost on the way
                            else:
                                frameworks[framework] = _unavailable(reason, optional)
                    progress.handle(event)
        except KeyboardInterrupt:
            interrupted = True
            console.print("interrupted: stopping the workers and writing the results so far")
        except BadRunFolder:
            writer.discard()
            raise
        finally:
            stream.close()  # type: ignore[attr-defined]  # a generator
        results = requirements_of(
            requirements,
            tally,
            engine,
            frameworks,
            expectations.of_requirement,
            console=console,
            cancelled=lambda: interrupted or engine.interrupt.requested,
        )
        found = conclude(
            observed,
            summary,
            frameworks,
            expectations,
            console=console,
            asking=explaining and not interrupted,
            cancelled=lambda: engine.interrupt.requested,
        )
        seconds = journal.total()
    interrupted = interrupted or engine.interrupt.requested
    info = {
        "suite": {"name": DISTRIBUTION, "version": suite_version()},
        "started": started.isoformat(timespec="seconds"),
        "seconds": round(seconds, 2),
        **facts,
        "interrupted": interrupted,
        "exit_code": INTERRUPTED if interrupted else exit_code([*found, *filter(fails, results)], frameworks),
        "host": host_facts(),
        "frameworks": frameworks,
        "corpus": core().version,
        "coverage": coverage.summary(),
        "requirements": {"catalogue": [described(r) for r in requirements], "results": results},
        "expectations": {
            "file": str(expectations.path),
            "entries": len(expectations.entries),
            "stale": stale(expectations, summary.implementations(), frameworks),
        },
    }
    folder.write(info, summary, found)
    result = render(folder.path)
    if interrupted or any(e["status"] == "ran" and e["reason"] for e in frameworks.values()):
        console.print(f"'conformance run --resume {folder.path}' completes this run", soft_wrap=True)
    else:
        journal.remove()
    return result


def suite_version() -> str:
    """The version of this suite."""
    return importlib.metadata.version(DISTRIBUTION)


def _left(budget: float | None, journal: Journal) -> float | None:
    return None if budget is None else max(0.001, budget - journal.elapsed)


def _ran(info: dict[str, Any]) -> dict[str, Any]:
    return {"status": "ran", "reason": None, **{key: info.get(key) or None for key in _DESCRIBED}}


def _unavailable(reason: str, optional: bool = False) -> dict[str, Any]:
    return {"status": "unavailable", "reason": reason, "optional": optional, **dict.fromkeys(_DESCRIBED)}
