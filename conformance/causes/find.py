"""Finds the causes of a run's failures, in all its targets in parallel."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path

from attrs import frozen

from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.causes.cause import Cause
from conv_transpose_conformance.causes.explainer import Explainer
from conv_transpose_conformance.causes.failures import Observed
from conv_transpose_conformance.causes.follow_up import FollowUp
from conv_transpose_conformance.execution.interrupts import Interrupt
from conv_transpose_conformance.execution.side_by_side import side_by_side
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.workers.stop import Stop


@frozen
class Looking:
    """An event: a target is asked further about an implementation, or cannot be asked and why."""

    target: str
    message: str


@frozen
class Found:
    """An event: the complete causes of one implementation's failures."""

    causes: Sequence[Cause]


def find_causes(
    observed: Observed, interpreters: Mapping[str, Path], stop: Stop | None = None
) -> Iterator[Looking | Found]:
    """Yields the causes of a run's failures, one implementation after the other.

    Asks the targets that have one of ``interpreters`` in parallel, and asks none once ``stop`` is set.
    """
    by_target: dict[str, list[str]] = {}
    for name in sorted(observed.calls):
        if observed.calls[name].failing:
            by_target.setdefault(observed.calls[name].framework, []).append(name)
    interrupt = Interrupt(within=stop)
    tasks = [
        partial(_of_target, target, names, observed, interpreters.get(target), interrupt)
        for target, names in by_target.items()
    ]
    yield from side_by_side(tasks, interrupt)


def in_order(causes: Iterable[Cause]) -> list[Cause]:
    """Returns causes in the order of reports, the gravest first."""
    return sorted(
        causes,
        key=lambda cause: (
            cause.severity.rank,
            cause.implementation,
            list(Check).index(cause.first.check),
        ),
    )


def _of_target(
    target: str,
    names: Sequence[str],
    observed: Observed,
    python: Path | None,
    stop: Stop,
    emit: Callable[[Looking | Found], None],
) -> None:
    """Emits the causes in a target's implementations; without an interpreter uses only the run's calls."""
    left, found = list(names), list[Cause]()
    if python is not None:
        try:
            with FollowUp(Target.parse(target), python, stop) as follow_up:
                for name in names:
                    emit(Looking(target, f"looking for causes in {name}"))
                    causes = Explainer(name, observed.calls[name], follow_up, tuple(found)).causes()
                    left.remove(name)
                    found += causes
                    emit(Found(causes))
        except Exception as error:  # an error in the explanation must not lose the run's verdicts
            reason = f"{type(error).__name__}: {error}"
            emit(Looking(target, f"the causes are those of the run alone: {reason}"))
    for name in left:
        emit(Found(Explainer(name, observed.calls[name], None, ()).causes()))
