"""Runs single cases, for all that asks beside a run: replays, follow-ups, probes, pytest's items."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from attrs import define, field, frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.errors import ConformanceError, InvalidCase
from conv_transpose_conformance.execution.driver import DEADLINE, Driver
from conv_transpose_conformance.execution.planner import check_size
from conv_transpose_conformance.execution.requests import Job, job_of
from conv_transpose_conformance.frameworks.registry import cannot_express, wrong_ndim
from conv_transpose_conformance.frameworks.targets import Targets
from conv_transpose_conformance.judging.answers import Answer
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.judging.verdicts import Record
from conv_transpose_conformance.workers.process import WorkerFailed
from conv_transpose_conformance.workers.stop import Stop


def _ignore(*_what: object) -> None:
    pass


@frozen
class CaseResult:
    """One call: the question, the answer, and the judge's records of it."""

    problem: Problem
    answer: Answer
    records: list[Record]


@define
class CaseRunner:
    """Runs cases one by one on a target, in a worker that the first of them starts.

    A context manager that ends the worker.  Implementations are named without a release.

    Attributes:
        target: the framework, or one release of it.
        interpreter: its interpreter, or where that is found.
        stop: ends every wait once it is set.
        say: gets a line about what takes time before the worker starts: an environment is made.
        restarted: gets a line about each worker that was replaced.
        deadline: seconds that a call may take.
    """

    target: Target
    interpreter: Path | Targets
    stop: Stop = field(factory=threading.Event)
    say: Callable[[str], None] = _ignore
    restarted: Callable[[str], None] = _ignore
    deadline: float = DEADLINE
    _driver: Driver | None = field(default=None, init=False)
    _hello: dict[str, Any] = field(factory=dict, init=False)
    _failure: ConformanceError | None = field(default=None, init=False)

    def start(self) -> Mapping[str, Any]:
        """The worker's description of itself, and under ``interpreter`` that of its interpreter.

        Raises:
            ConformanceError: where the framework cannot be had; once that is known, every time.
        """
        if self._failure is not None:
            raise self._failure
        if self._driver is None:
            if self.stop.is_set():
                raise WorkerFailed(f"{self.target.framework}: the run ended before it was asked")
            try:
                self._hello = self._begin()
            except ConformanceError as failure:
                self._failure = failure
                raise
        return self._hello

    def run(self, case: Case, implementation: str) -> CaseResult:
        """What comes of a case.

        Raises:
            InvalidCase: where the implementation cannot be asked it, or nobody can.
            ConformanceError: as :meth:`start`.
        """
        reason = cannot_ask(case, implementation)
        if reason is not None:
            raise InvalidCase(f"{implementation} {reason}")
        check_size(case)
        return self.run_job(job_of(case, implementation), implementation)

    def run_job(self, job: Job, implementation: str) -> CaseResult:
        """What comes of a job's case.

        Raises:
            ConformanceError: as :meth:`start`.
        """
        answer = self.answer(job, implementation)
        records = job.judge(answer, self.target, self._hello["version"])
        return CaseResult(job.problem, answer, records)

    def answer(self, job: Job, implementation: str) -> Answer:
        """The answer to a job, which may hold a probe.

        Raises:
            ConformanceError: as :meth:`start`, and where a lost worker cannot be replaced.
        """
        self.start()
        assert self._driver is not None
        try:
            return self._driver.ask(job, implementation)
        except ConformanceError as failure:
            self._failure = failure
            raise

    def close(self) -> None:
        """Ends the worker."""
        if self._driver is not None:
            self._driver.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def _begin(self) -> dict[str, Any]:
        where = self.interpreter
        python = where if isinstance(where, Path) else where.locate(str(self.target), self.say, self.stop)
        self._driver = Driver(
            self.target.framework, python, self.stop, _ignore, self.restarted, self.deadline
        )
        return {**self._driver.start(), "interpreter": str(python)}


def cannot_ask(case: Case, implementation: str) -> str | None:
    """Why a case cannot be put to an implementation, as the end of a sentence about it, or None."""
    reason = wrong_ndim(implementation, case)
    if reason is not None:
        return f"cannot run {case.id}: {reason}"
    reason = cannot_express(implementation, case)
    return None if reason is None else f"cannot express {case.id}: {reason}"
