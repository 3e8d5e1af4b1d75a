"""The requirements that ask the frameworks: a worker for each and for what it compiles, side by side."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping
from pathlib import Path

from attrs import evolve, frozen

from conv_transpose_conformance.execution.driver import Driver
from conv_transpose_conformance.frameworks.registry import framework_of, implementation
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements.base.probe import DEADLINE, Bench
from conv_transpose_conformance.requirements.base.requirement import Probed, Requirement, Result
from conv_transpose_conformance.requirements.base.trial import Trial
from conv_transpose_conformance.workers.process import WorkerFailed


@frozen
class Subject:
    """What one worker examines: the implementations of ``target`` in the interpreter at ``python``."""

    target: str
    python: Path
    columns: Mapping[str, str]  # implementation -> its column in reports


def examine(
    requirements: Iterable[Requirement],
    subjects: Iterable[Subject],
    *,
    say: Callable[[str], None],
    cancelled: Callable[[], bool],
) -> list[Result]:
    """One result for every probed requirement and implementation.

    A worker that cannot be had leaves the verdict ``error``; a run that is ``cancelled`` leaves out what was
    not examined yet.
    """
    probed = [r for r in requirements if isinstance(r, Probed)]
    found: dict[tuple[str, str], Result] = {}
    faults: list[BaseException] = []
    asked = list(subjects) if probed else []
    work = [part for subject in asked for part in _apart(subject)]

    def of_target(subject: Subject) -> None:
        try:
            for result in _examine(probed, subject, say, cancelled):
                found[result.requirement, result.column] = result
        except BaseException as error:  # a fault of ours must end the run, not this thread alone
            faults.append(error)

    threads = [threading.Thread(target=of_target, args=(subject,), daemon=True) for subject in work]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    if faults:
        raise faults[0]
    columns = [column for subject in asked for column in subject.columns.values()]
    keys = [(r.id, column) for r in probed for column in columns]
    return [found[key] for key in keys if key in found]


def _apart(subject: Subject) -> Iterable[Subject]:
    """What waits for a compiler gets a worker of its own, and the others need not wait for it."""
    for slow in (False, True):
        columns = {
            name: column
            for name, column in subject.columns.items()
            if bool(implementation(name).patience) is slow
        }
        if columns:
            yield evolve(subject, columns=columns)


def _examine(
    requirements: list[Probed], subject: Subject, say: Callable[[str], None], cancelled: Callable[[], bool]
) -> Iterable[Result]:
    stop = threading.Event()
    framework = framework_of(next(iter(subject.columns)))
    driver = Driver(
        framework, subject.python, stop, lambda _job, _answer: None, lambda _reason: None, DEADLINE
    )
    waiting = [(name, column, r) for name, column in subject.columns.items() for r in requirements]
    try:
        hello = driver.start()
        benches = {name: Bench(name, driver, hello) for name in subject.columns}
        while waiting and not cancelled():
            name, column, requirement = waiting[0]
            say(f"{column}: {requirement.id}")
            result = Result(requirement.id, column, subject.target, probed=True)
            benches[name].begin()
            for trial in _trials(requirement, benches[name]):
                result.add(trial)
                if cancelled():
                    break
            result.left_out = benches[name].left_out
            waiting.pop(0)
            yield result
    except WorkerFailed as failed:
        for _, column, requirement in waiting:
            result = Result(requirement.id, column, subject.target, probed=True)
            result.add(Trial(Verdict.ERROR, str(failed)))
            yield result
    finally:
        driver.close()


def _trials(requirement: Probed, bench: Bench) -> Iterable[Trial]:
    if not requirement.concerns(bench.implementation):
        return [Trial(Verdict.NOT_APPLICABLE, "does not apply to this API")]
    if requirement.making and bench.declared.variant:
        api = bench.declared.api
        return [Trial(Verdict.NOT_APPLICABLE, f"{api} itself is asked how the layer is made")]
    if requirement.needs and bench.device != requirement.needs:
        return [Trial(Verdict.UNSUPPORTED, f"needs {requirement.needs}; the device is {bench.device}")]
    return requirement.trials(bench)
