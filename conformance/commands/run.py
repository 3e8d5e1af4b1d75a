"""``conformance run``: runs the phases and turns their events into a run folder and an exit code."""

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
    """Runs the engine and writes the run's folder; returns the contents of run.json and divergences.json.

    ``facts`` are the profile, seed and budget.  ``asked`` holds the arguments that select the same cases,
    kept to resume the run; None resumes the run in the folder.  Ctrl-C ends the run and keeps its findings.
    Divergences that the ``expectations`` list do not fail the run.  With ``explaining`` the run asks the
    frameworks further questions about divergences.  It examines the ``requirements`` after the cases, or adds
    them up if the cases decide them.  ``others`` get the events after the run's own handlers.

    Raises:
        BadRunFolder: if the folder cannot be written, or another run is writing to it.
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
        run_phases(PHASES, [*_own_handlers(context), *others], context)
    assert context.written is not None
    return context.written


def _own_handlers(context: RunContext) -> list[EventHandler]:
    """Returns the run's handlers, the journal first: it keeps its records if another handler fails."""
    return [
        JournalHandler(context.journal),
        RecordHandler(context.recorder),
        FrameworkHandler(),
        ScriptHandler(),
        ProgressView(context.console),
    ]
