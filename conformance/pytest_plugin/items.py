"""The items of ``pytest --conformance``, and the workers that run them.

Items are collected from the cases, without a framework; a framework's worker is started by the header or
the first item that needs it.  Under xdist every worker process of pytest has framework workers of its own.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from attrs import define, field

from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.errors import ConformanceError, NotInstalled
from conv_transpose_conformance.execution.case_runner import CaseRunner
from conv_transpose_conformance.execution.planner import ALLOWANCE, Planner, Skipped
from conv_transpose_conformance.execution.requests import Job
from conv_transpose_conformance.execution.session import parse_interpreters
from conv_transpose_conformance.frameworks.registry import framework, framework_of, select
from conv_transpose_conformance.frameworks.targets import Targets
from conv_transpose_conformance.generation.generate import run_cases
from conv_transpose_conformance.judging.severity import FAIL_ON, Severity, of_failure
from conv_transpose_conformance.judging.verdicts import Record, Verdict
from conv_transpose_conformance.text import plain


@define
class Items:
    """What the options ask for, and the workers started for it."""

    implementations: tuple[str, ...]
    interpreters: dict[str, Path]
    threshold: Severity = FAIL_ON  # least severity that fails an item
    _runners: dict[str, CaseRunner] = field(factory=dict, init=False)

    @classmethod
    def create(cls, patterns: list[str], pythons: list[str], threshold: Severity = FAIL_ON) -> Items:
        """Checks the options.

        Raises:
            ConformanceError: where one is wrong.
        """
        return cls(select(patterns), parse_interpreters(pythons), threshold)

    def header(self) -> list[str]:
        """A line per framework."""
        lines = []
        for name in dict.fromkeys(map(framework_of, self.implementations)):
            try:
                hello = self._runner(name).start()
            except ConformanceError as error:
                lines.append(f"conformance: {plain(str(error))}")
            else:
                lines.append(
                    f"conformance: {name} {plain(str(hello['version']))} on {hello['device']}, "
                    f"{framework(name).runtime.described(hello)}, {hello['interpreter']}"
                )
        return lines

    def collect(self, session: pytest.Session) -> Iterator[pytest.Item]:
        """One item per implementation and case that its API can express."""
        jobs: dict[str, list[Job]] = {name: [] for name in self.implementations}
        planner = Planner(self.implementations, ALLOWANCE["quick"], spread=True)
        for case in run_cases("quick"):
            for planned in planner.plan(case):
                if not isinstance(planned, Skipped):
                    _, job = planned
                    for name, meaning in job.meanings.items():
                        jobs[name].append(Job(job.problem, {name: meaning}))
        for name in self.implementations:
            collector = ImplementationCollector.from_parent(
                session, name=name, nodeid=name, jobs=jobs[name], items=self
            )
            report = collector.ihook.pytest_make_collect_report(collector=collector)
            collector.ihook.pytest_collectreport(report=report)
            yield from report.result

    def judge(self, job: Job) -> list[Record]:
        """The records of a job of one implementation.

        Raises:
            ConformanceError: where its framework cannot be had.
        """
        (implementation,) = job.meanings
        return self._runner(framework_of(implementation)).run_job(job, implementation).records

    def _runner(self, name: str) -> CaseRunner:
        if name not in self._runners:
            self._runners[name] = CaseRunner(Target(name), Targets(places=self.interpreters), say=_say)
        return self._runners[name]

    def close(self) -> None:
        """Ends the workers."""
        for runner in self._runners.values():
            runner.close()


def _say(message: str) -> None:
    # The header comes before pytest captures anything, and an installation takes a minute.
    print(f"conformance: {plain(message)}", file=sys.stderr, flush=True)  # noqa: T201


def _severity(record: Record) -> Severity:
    return of_failure(record.check, record.verdict)


class ImplementationCollector(pytest.Collector):
    """The parent of an implementation's items."""

    def __init__(self, *, jobs: list[Job], items: Items, **keywords: Any) -> None:
        super().__init__(**keywords)
        self._jobs = jobs
        self._items = items

    def collect(self) -> Iterator[pytest.Item]:
        """The items, in the order of the cases."""
        for job in self._jobs:
            yield ConformanceItem.from_parent(self, name=job.case.id, job=job, items=self._items)


class NonConforming(Exception):
    """Checks of the case fail; the text says which and how."""


class ConformanceItem(pytest.Item):
    """One case on one implementation."""

    def __init__(self, *, job: Job, items: Items, **keywords: Any) -> None:
        super().__init__(**keywords)
        self._job = job
        self._items = items

    def runtest(self) -> None:
        """Fails where a check fails gravely enough.

        Skips where one fails less gravely, the framework is the user's to install, or it has no kernel.
        """
        try:
            records = self._items.judge(self._job)
        except NotInstalled as error:
            pytest.skip(str(error))
        except ConformanceError as error:
            pytest.fail(str(error), pytrace=False)
        failing = [record for record in records if record.failing]
        if any(_severity(record).reaches(self._items.threshold) for record in failing):
            raise NonConforming("\n".join(self._describe(failing)))
        if failing:
            checks = ", ".join(f"{record.check}: {_severity(record).words}" for record in failing)
            pytest.skip(f"{checks}, below {self._items.threshold}: {plain(failing[0].message)}")
        unsupported = [record for record in records if record.verdict is Verdict.UNSUPPORTED]
        if unsupported:
            checks = ", ".join(record.check for record in unsupported)
            pytest.skip(f"{checks}: unsupported: {plain(unsupported[0].message)}")

    def _describe(self, failing: list[Record]) -> Iterator[str]:
        (implementation,) = self._job.meanings
        yield f"{implementation} does not conform on {self._job.case.id}"
        for record in failing:
            yield f"  {record.check}: {record.verdict}: {plain(record.message)}"
            evidence = record.evidence
            if evidence is not None and evidence.elements <= 24:
                yield f"    expected {evidence.expected}"
                yield f"    actual   {evidence.actual}"
        yield f"  conformance replay {self._job.case.id} --implementation {implementation}"

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """The text alone, without a traceback through the suite."""
        if isinstance(excinfo.value, NonConforming):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, None, str]:
        """What the report's heading says."""
        return self.path, None, f"{self.parent.name if self.parent else ''} {self.name}"
