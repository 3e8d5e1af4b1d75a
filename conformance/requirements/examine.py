"""Examines probed requirements in parallel, with one worker per framework and one for compiled variants."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from attrs import evolve, frozen

from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.execution.case_runner import CaseRunner
from conv_transpose_conformance.execution.interrupts import Interrupt
from conv_transpose_conformance.execution.side_by_side import side_by_side
from conv_transpose_conformance.frameworks.registry import implementation
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements.base.probe import Prober
from conv_transpose_conformance.requirements.base.requirement import Probed, Requirement, Result
from conv_transpose_conformance.requirements.base.trial import Trial
from conv_transpose_conformance.requirements.drift import Drift, drift_of, recorded
from conv_transpose_conformance.workers.process import WorkerFailed
from conv_transpose_conformance.workers.stop import Stop


@frozen
class Subject:
    """The subject of one worker: the implementations of ``target`` in the interpreter at ``python``."""

    target: str
    python: Path
    columns: Mapping[str, str]  # implementation -> its column in reports


@frozen
class Examining:
    """An event: the examination of a requirement on an implementation starts."""

    column: str
    requirement: str


@frozen
class Examined:
    """An event: the result of a requirement on an implementation."""

    result: Result


@frozen
class Drifted:
    """An event: a docstring is no longer the one that its API's statements were written for."""

    drift: Drift


def examine(
    requirements: Iterable[Requirement], subjects: Iterable[Subject], stop: Stop | None = None
) -> Iterator[Examining | Examined | Drifted]:
    """Yields one result for every probed requirement and implementation, as soon as each is known.

    What has drifted of the documents comes first.  The verdict is ``error`` where no worker starts; once
    ``stop`` is set, the remaining results are omitted.
    """
    probed = [requirement for requirement in requirements if isinstance(requirement, Probed)]
    interrupt = Interrupt(within=stop)
    parts = [part for subject in subjects for part in _apart(subject)] if probed else []
    yield from side_by_side([partial(_examine, probed, part, interrupt) for part in parts], interrupt)


def _apart(subject: Subject) -> Iterable[Subject]:
    """Splits off the compiled variants: with a worker of their own they do not delay the others."""
    for slow in (False, True):
        columns = {
            name: column
            for name, column in subject.columns.items()
            if bool(implementation(name).patience) is slow
        }
        if columns:
            yield evolve(subject, columns=columns)


def _examine(
    requirements: Sequence[Probed],
    subject: Subject,
    stop: Stop,
    emit: Callable[[Examining | Examined | Drifted], None],
) -> None:
    if stop.is_set():
        return
    waiting = [(name, column, r) for name, column in subject.columns.items() for r in requirements]
    with CaseRunner(Target.parse(subject.target), subject.python, stop) as runner:
        try:
            runner.start()
            benches = {name: Prober(name, runner) for name in subject.columns}
            for name, column in subject.columns.items():
                for found in _drift(benches[name], column, subject.target):
                    emit(Drifted(found))
            while waiting and not stop.is_set():
                name, column, requirement = waiting[0]
                emit(Examining(column, requirement.id))
                result = _result(requirement, column, subject)
                _try(requirement, benches[name], result, stop)
                waiting.pop(0)
                emit(Examined(result))
        except WorkerFailed as failed:
            if stop.is_set():
                return
            for _, column, requirement in waiting:
                result = _result(requirement, column, subject)
                result.add(Trial(Verdict.ERROR, str(failed)))
                emit(Examined(result))


def _drift(prober: Prober, column: str, target: str) -> Iterator[Drift]:
    """Yields how the docstring of an API, not of a variant, has drifted."""
    if prober.implementation not in recorded():
        return
    version = str(prober.hello.get("version", ""))
    found = drift_of(prober.implementation, prober.docstring(), column=column, target=target, version=version)
    if found is not None:
        yield found


def _result(requirement: Probed, column: str, subject: Subject) -> Result:
    """Returns the result of a requirement before its first trial."""
    return Result(requirement.id, column, subject.target, probed=True, differing=requirement.severity)


def _try(requirement: Probed, prober: Prober, result: Result, stop: Stop) -> None:
    """Adds the trials of a requirement to a result."""
    prober.begin()
    for trial in _trials(requirement, prober):
        result.add(trial)
        if stop.is_set():
            break
    result.left_out = prober.left_out


def _trials(requirement: Probed, prober: Prober) -> Iterable[Trial]:
    if not requirement.concerns(prober.implementation):
        return [Trial(Verdict.NOT_APPLICABLE, "does not apply to this API")]
    if requirement.making and prober.declared.variant:
        api = prober.declared.api
        return [Trial(Verdict.NOT_APPLICABLE, f"{api} itself is asked how the layer is made")]
    if requirement.needs and prober.device != requirement.needs:
        return [Trial(Verdict.UNSUPPORTED, f"needs {requirement.needs}; the device is {prober.device}")]
    return requirement.trials(prober)
