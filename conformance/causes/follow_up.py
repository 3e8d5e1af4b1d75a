"""Asking a framework about further cases, after a run: one worker for each, answers kept.

What a case costs is counted rather than timed, so that two runs ask the same: a crash and a hang cost as
much as the many plain calls that could be made meanwhile.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from attrs import define, field, frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance
from conv_transpose_conformance.cases.names import Name
from conv_transpose_conformance.causes.failures import Family, families
from conv_transpose_conformance.execution.driver import Driver
from conv_transpose_conformance.execution.requests import Job
from conv_transpose_conformance.frameworks.registry import cannot_run, framework_of, interpret
from conv_transpose_conformance.frameworks.registry import implementation as declared
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.judge import judge
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.judging.verdicts import Record
from conv_transpose_conformance.workers.process import WorkerFailed

_CRASH_COST: Final = 40
_HANG_COST: Final = 120
_SLOW_COST: Final = 16
_PATIENCE: Final = 900.0  # seconds after which nothing more is asked: no count of calls takes so long
_ELEMENTS: Final = 1 << 18  # of a tensor; no question needs more


@frozen
class Examined:
    """One call: what was asked, what came, and what it is judged to be."""

    problem: Problem
    answer: Answer
    records: list[Record]

    def failing(self, family: Family) -> bool:
        """Whether it fails in this way."""
        return family in families(self.records)


@define
class Asker:
    """Asks the implementations of one target; a context manager that ends the worker."""

    framework: str
    python: Path
    cancelled: Callable[[], bool] = lambda: False
    spent: int = field(default=0, init=False)
    asked: int = field(default=0, init=False)
    _driver: Driver | None = field(default=None, init=False)
    _lost: bool = field(default=False, init=False)
    _began: float = field(factory=time.monotonic, init=False)
    _known: dict[tuple[str, Case], Examined | None] = field(factory=dict, init=False)

    @property
    def exhausted(self) -> bool:
        """Whether nothing is to be asked any more."""
        return self.cancelled() or time.monotonic() - self._began > _PATIENCE

    def examine(self, case: Case, implementation: str) -> Examined | None:
        """What comes of a case; None where it cannot be asked."""
        implementation = Name.parse(implementation).implementation
        key = (implementation, case)
        if key not in self._known:
            self._known[key] = self._examine(case, implementation)
        return self._known[key]

    def is_forbidden(self, case: Case, implementation: str) -> bool:
        """Whether the documents do not allow a call: after one that is accepted its worker is replaced."""
        return (
            interpret(case, Name.parse(implementation).implementation).acceptance is not Acceptance.REQUIRED
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._driver is not None:
            self._driver.close()

    def _examine(self, case: Case, implementation: str) -> Examined | None:
        if cannot_run(implementation, case):
            return None
        if _large(case):
            return None
        meaning = interpret(case, implementation)
        problem = Problem(case, meaning.geometry)
        answer = self.answer(problem, implementation)
        if answer is None:
            return None
        records = judge(case, meaning, problem.data, problem.reference, answer, framework_of(implementation))
        return Examined(problem, answer, records)

    def answer(self, problem: Problem, implementation: str) -> Answer | None:
        """What an implementation answers to a problem, whatever its numbers; None without a worker."""
        implementation = Name.parse(implementation).implementation
        if self._lost or self.exhausted:
            return None
        try:
            if self._driver is None:
                self._driver = Driver(
                    framework_of(implementation),
                    self.python,
                    threading.Event(),
                    _ignore,
                    self._count,
                )
                self._driver.start()
            meaning = interpret(problem.case, implementation)
            answer = self._driver.ask(Job(problem, {implementation: meaning}), implementation)
        except WorkerFailed:
            self._lost = True
            return None
        self.asked += 1
        self.spent += _SLOW_COST if declared(implementation).seconds else 1
        if answer.outcome is Outcome.HANG:
            self.spent += _HANG_COST
        return answer

    def _count(self, _reason: str) -> None:
        self.spent += _CRASH_COST


def _ignore(_job: Job, _answer: Answer) -> None:
    pass


def _large(case: Case) -> bool:
    elements = max(case.batch or 1, 1) * max(case.in_channels, case.out_channels, 1)
    weights = max(case.in_channels, 1) * max(case.out_channels, 1)
    for size, kernel, stride, dilation in zip(
        case.input_size, case.kernel_size, case.stride, case.dilation, strict=True
    ):
        elements *= max(abs(size * stride) + abs(kernel * dilation), 1)
        weights *= max(abs(kernel), 1)
    return max(elements, weights) > _ELEMENTS
