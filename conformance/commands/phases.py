"""Defines the phases of a run, in order; each yields events and leaves its findings in the context."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from typing import Final

from attrs import evolve, frozen

from conv_transpose_conformance.causes.find import Found, find_causes, in_order
from conv_transpose_conformance.commands.context import RunContext
from conv_transpose_conformance.commands.evaluate import evaluated, subjects_of
from conv_transpose_conformance.commands.handlers import (
    Event,
    EventHandler,
    Executing,
    Interrupted,
    PhaseBegan,
    PhaseEnded,
    Written,
    handling,
)
from conv_transpose_conformance.commands.known_divergences import (
    interpreters_of,
    known_divergences,
    scripts_of,
)
from conv_transpose_conformance.commands.run_document import INTERRUPTED, run_document, suite
from conv_transpose_conformance.execution.events import Kept
from conv_transpose_conformance.execution.session import host_facts
from conv_transpose_conformance.generation.corpus import core
from conv_transpose_conformance.reports.grouping import grouped
from conv_transpose_conformance.reports.render import render
from conv_transpose_conformance.requirements.base.requirement import Result
from conv_transpose_conformance.requirements.examine import Drifted, Examined, examine

Events = Generator[Event, None, None]


@frozen
class Phase:
    """Defines one part of a run."""

    name: str
    run: Callable[[RunContext], Events]


def run_phases(phases: Sequence[Phase], handlers: Sequence[EventHandler], context: RunContext) -> None:
    """Runs the phases one after the other and sends their events to the handlers.

    An exception in a phase or a handler ends the run: its workers end, and the handlers finish.
    """
    with handling(handlers, context) as handle:
        for phase in phases:
            handle(PhaseBegan(phase.name))
            with closing(phase.run(context)) as stream:
                for event in stream:
                    handle(event)
            handle(PhaseEnded(phase.name))


def judge_cases(context: RunContext) -> Events:
    """Yields the events of the cases on all targets; the verdicts of the run's earlier part come first."""
    journal = context.journal
    for records in journal.records():
        yield Kept(records)
    budget = context.engine.budget
    left = None if budget is None else max(0.001, budget - journal.elapsed)
    try:
        yield from evolve(context.engine, done=journal.is_done, budget=left).run(context.cases)
    except KeyboardInterrupt:
        yield Interrupted()


def evaluate_requirements(context: RunContext) -> Events:
    """Yields the events of the requirements that probe frameworks, and adds up the others."""
    probed: list[Result] = []
    subjects = subjects_of(context.engine, context.frameworks)
    for event in examine(context.requirements, subjects, context.engine.interrupt):
        if isinstance(event, Examined):
            probed.append(event.result)
        elif isinstance(event, Drifted):
            context.drift.append(event.drift.plain())
        yield event
    context.results = evaluated(
        context.requirements,
        context.recorder.tally,
        probed,
        subjects,
        context.frameworks,
        context.expectations,
    )


def look_for_causes(context: RunContext) -> Events:
    """Yields the causes of failures; asks the frameworks further questions if the run explains causes."""
    asking = context.explaining and not context.interrupted
    interpreters = interpreters_of(context.frameworks) if asking else {}
    context.scripts = scripts_of(context.frameworks, interpreters, context.engine.interrupt.is_set)
    for event in find_causes(context.recorder.observed, interpreters, context.engine.interrupt):
        if isinstance(event, Found):
            context.causes += event.causes
        yield event
    context.causes = in_order(context.causes)


def execute_scripts(context: RunContext) -> Events:
    """Waits for the causes' scripts; most have ended by now."""
    scripts = context.scripts
    assert scripts is not None
    if context.causes and scripts.executions.interpreters and not context.interrupted:
        yield Executing()
    context.divergences = grouped(
        known_divergences(context.causes, context.recorder.summary, scripts, context.expectations)
    )


def write_folder(context: RunContext) -> Events:
    """Writes the run's files and the pages made from them."""
    seconds = context.journal.total()
    context.recorder.close()
    summary = context.recorder.summary
    about = {
        "suite": suite(),
        "started": context.started.isoformat(timespec="seconds"),
        "seconds": round(seconds, 2),
        **context.facts,
        "interrupted": context.interrupted,
        **({"exit_code": INTERRUPTED} if context.interrupted else {}),
        "host": host_facts(),
        "corpus": core().version,
        "coverage": context.recorder.coverage.summary(),
    }
    document = run_document(
        about,
        frameworks=context.frameworks,
        implementations=summary.implementations(),
        requirements=context.requirements,
        results=context.results,
        drift=context.drift,
        divergences=context.divergences,
        expectations=context.expectations,
        readings=context.recorder.tally.readings.fits(),
    )
    context.folder.write(document, summary, context.divergences)
    context.written = render(context.folder.path)
    yield Written(context.folder.path)


PHASES: Final = (
    Phase("cases", judge_cases),
    Phase("requirements", evaluate_requirements),
    Phase("causes", look_for_causes),
    Phase("scripts", execute_scripts),
    Phase("writing", write_folder),
)
