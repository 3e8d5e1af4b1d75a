"""``conformance run``: phases whose events become a run folder and an exit code."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.commands.context import RunContext
from conv_transpose_conformance.commands.handlers import (
    EventHandler,
    FrameworkHandler,
    JournalHandler,
    RecordHandler,
    ScriptHandler,
)
from conv_transpose_conformance.commands.phases import PHASES, run_phases
from conv_transpose_conformance.commands.progress import ProgressView
from conv_transpose_conformance.commands.recorder import Recorder
from conv_transpose_conformance.commands.run_document import suite_version
from conv_transpose_conformance.execution.engine import Engine
from conv_transpose_conformance.execution.interrupts import signals
from conv_transpose_conformance.expectations import FILE, Expectations
from conv_transpose_conformance.reports.store.folder import RunFolder
from conv_transpose_conformance.reports.store.journal import Journal
from conv_transpose_conformance.requirements.base.requirement import Requirement


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
    others: Sequence[EventHandler] = (),
) -> tuple[dict[str, Any], list[dict[str, Any]]]:
    """Runs the engine and leaves the run's folder; returns run.json's and divergences.json's contents.

    ``facts`` are the profile, seed and budget.  ``asked`` is what would ask for the same cases again, kept
    for a run that is resumed; None resumes the one in the folder.  Ctrl-C ends the run and keeps what was
    found.  Divergences that the ``expectations`` know do not fail the run.  With ``explaining`` the
    frameworks are asked further about what diverges.  The ``requirements`` are examined after the cases, or,
    where the cases decide them, added up.  ``others`` get the events after the run's own handlers.

    Raises:
        BadRunFolder: where the folder cannot be written, or another run is writing to it.
    """
    folder = RunFolder.create(out)
    with (
        folder.locked(),
        signals(engine.interrupt),
        Journal(folder.path, suite_version(), asked) as journal,
        Recorder(folder.records, requirements) as recorder,
    ):
        context = RunContext(
            engine=engine,
            cases=cases,
            folder=folder,
            console=console,
            facts=facts,
            expectations=expectations or Expectations(Path(FILE)),
            explaining=explaining,
            requirements=requirements,
            journal=journal,
            recorder=recorder,
        )
        handlers = (
            JournalHandler(journal),
            RecordHandler(recorder),
            FrameworkHandler(),
            ScriptHandler(),
            ProgressView(console),
        )
        run_phases(PHASES, (*handlers, *others), context)
    assert context.written is not None
    return context.written
