"""Asks a framework about further cases after a run, with one worker for each, and keeps the answers.

Costs are counted rather than timed, so that two runs ask the same cases; a crash or a hang costs as much as
the plain calls that fit into its time.
"""

from __future__ import annotations

import time
from pathlib import Path
from types import TracebackType
from typing import Final, Self

from attrs import define, field

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance
from conv_transpose_conformance.cases.names import Name, Target
from conv_transpose_conformance.execution.case_runner import CaseResult, CaseRunner, cannot_ask
from conv_transpose_conformance.execution.requests import Job, job_of
from conv_transpose_conformance.frameworks.registry import implementation as declared
from conv_transpose_conformance.frameworks.registry import interpret
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.workers.process import WorkerFailed
from conv_transpose_conformance.workers.stop import Stop

_CRASH_COST: Final = 40
_HANG_COST: Final = 120
_SLOW_COST: Final = 16
_PATIENCE: Final = 900.0  # seconds until the questions end; no count of calls normally takes so long
_ELEMENTS: Final = 1 << 18  # maximal number of elements of a tensor


@define
class FollowUp:
    """Asks the implementations of one target; as a context manager it ends its worker."""

    target: Target
    python: Path
    stop: Stop
    spent: int = field(default=0, init=False)
    asked: int = field(default=0, init=False)
    _runner: CaseRunner = field(init=False)
    _lost: bool = field(default=False, init=False)
    _began: float = field(factory=time.monotonic, init=False)
    _known: dict[tuple[str, Case], CaseResult | None] = field(factory=dict, init=False)

    def __attrs_post_init__(self) -> None:
        self._runner = CaseRunner(self.target, self.python, self.stop, restarted=self._count)

    @property
    def exhausted(self) -> bool:
        """Whether no further case may be asked."""
        return self.stop.is_set() or time.monotonic() - self._began > _PATIENCE

    def examine(self, case: Case, implementation: str) -> CaseResult | None:
        """Returns the result of a case; None where it cannot be asked."""
        implementation = Name.parse(implementation).implementation
        key = (implementation, case)
        if key not in self._known:
            askable = not _large(case) and cannot_ask(case, implementation) is None
            self._known[key] = self._run(job_of(case, implementation), implementation) if askable else None
        return self._known[key]

    def answer(self, problem: Problem, implementation: str) -> Answer | None:
        """Returns an implementation's answer to a problem with any numbers; None without a worker."""
        implementation = Name.parse(implementation).implementation
        meaning = interpret(problem.case, implementation)
        result = self._run(Job(problem, {implementation: meaning}), implementation)
        return None if result is None else result.answer

    def is_forbidden(self, case: Case, implementation: str) -> bool:
        """Whether a call is invalid by the documents; an accepted one makes a fresh worker necessary."""
        return (
            interpret(case, Name.parse(implementation).implementation).acceptance is not Acceptance.REQUIRED
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self._runner.close()

    def _run(self, job: Job, implementation: str) -> CaseResult | None:
        if self._lost or self.exhausted:
            return None
        try:
            result = self._runner.run_job(job, implementation)
        except WorkerFailed:
            self._lost = True
            return None
        self.asked += 1
        self.spent += _SLOW_COST if declared(implementation).seconds else 1
        if result.answer.outcome is Outcome.HANG:
            self.spent += _HANG_COST
        return result

    def _count(self, _reason: str) -> None:
        self.spent += _CRASH_COST


def _large(case: Case) -> bool:
    elements = max(case.batch or 1, 1) * max(case.in_channels, case.out_channels, 1)
    weights = max(case.in_channels, 1) * max(case.out_channels, 1)
    for size, kernel, stride, dilation in zip(
        case.input_size, case.kernel_size, case.stride, case.dilation, strict=True
    ):
        elements *= max(abs(size * stride) + abs(kernel * dilation), 1)
        weights *= max(abs(kernel), 1)
    return max(elements, weights) > _ELEMENTS
