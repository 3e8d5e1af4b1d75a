"""Runs single cases outside a run: for replays, follow-ups, probes and pytest items."""

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
    """Holds one call: the job, the answer, and the judge's records of it."""

    problem: Problem
    answer: Answer
    records: list[Record]


@define
class CaseRunner:
    """Runs cases one by one on a target, in a worker that starts with the first case.

    It is a context manager and ends the worker on exit.  Implementations are named without a release.

    Attributes:
        target: the framework, or one release of it.
        interpreter: the target's interpreter, or the function that finds it.
        stop: ends every wait once it is set.
        say: gets progress lines before the worker starts, e.g. while an environment is made.
        restarted: gets a line about each replaced worker.
        deadline: the seconds that a call may take.
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
        """Returns the worker's description of itself, with its interpreter's under ``interpreter``.

        Raises:
            ConformanceError: if the framework is unavailable; every later call raises it again.
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
        """Runs a case and returns its result.

        Raises:
            InvalidCase: if this implementation, or every implementation, cannot run the case.
            ConformanceError: as :meth:`start`.
        """
        reason = cannot_ask(case, implementation)
        if reason is not None:
            raise InvalidCase(f"{implementation} {reason}")
        check_size(case)
        return self.run_job(job_of(case, implementation), implementation)

    def run_job(self, job: Job, implementation: str) -> CaseResult:
        """Runs a job's case and returns its result.

        Raises:
            ConformanceError: as :meth:`start`.
        """
        answer = self.answer(job, implementation)
        records = job.judge(answer, self.target, self._hello["version"])
        return CaseResult(job.problem_of(answer), answer, records)

    def answer(self, job: Job, implementation: str) -> Answer:
        """Returns the answer to a job, which may hold a probe.

        Raises:
            ConformanceError: as :meth:`start`, and if a lost worker cannot be replaced.
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
    """Returns why an implementation cannot run a case, as the end of a sentence, or None if it can."""
    reason = wrong_ndim(implementation, case)
    if reason is not None:
        return f"cannot run {case.id}: {reason}"
    reason = cannot_express(implementation, case)
    return None if reason is None else f"cannot express {case.id}: {reason}"
