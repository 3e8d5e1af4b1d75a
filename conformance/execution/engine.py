"""Plans a run's cases, drives the frameworks side by side, and judges their answers as they arrive.

A framework's cases run on a *target*: the framework, or, if several versions of it take part, each
``framework@version``.

``run`` yields events for handlers.  One thread plans, one thread drives each framework's worker, and the
caller's thread judges, so that judging needs no locks.
"""

from __future__ import annotations

import math
import os
import queue
import threading
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any, Final

from attrs import evolve, field, frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.errors import ConformanceError, NotInstalled
from conv_transpose_conformance.execution import events
from conv_transpose_conformance.execution.driver import DEADLINE, Driver, reason_of
from conv_transpose_conformance.execution.interrupts import Interrupt
from conv_transpose_conformance.execution.planner import Planner, Skipped
from conv_transpose_conformance.execution.requests import Job
from conv_transpose_conformance.frameworks.registry import framework_of
from conv_transpose_conformance.judging.answers import Answer
from conv_transpose_conformance.judging.verdicts import Check, Record, Verdict
from conv_transpose_conformance.workers.stop import Stop

_LAST_WORDS: Final = 5.0  # seconds after an interrupt during which the engine still judges answers
_TURN: Final = 5.0  # seconds that a worker's start waits for other workers' starts
_AHEAD: Final = 4096  # jobs queued for a target before the planner waits

# Finds a target's interpreter and makes its environment if necessary; the callable gets progress lines,
# and the event is set if the run ends before the environment is made.
Locate = Callable[[str, Callable[[str], None], Stop], Path]


@frozen(kw_only=True)
class Engine:
    """Runs ``cases`` on ``implementations``.

    ``locate`` finds each target's interpreter.  ``releases`` lists a framework's releases if it has several.
    ``optional`` names the frameworks that the run can do without, ``absent`` those known to be unavailable
    from the start.  ``allowance`` is the seconds that an implementation slow by nature may take; with
    ``spread`` its cases come from all over the corpus.  After ``budget`` seconds no further call begins
    (None: no limit).  The engine skips the calls in ``done``, identified by target, implementation and case.
    ``spent`` adds up the seconds of each kind of work, and the calls.
    """

    implementations: tuple[str, ...]
    locate: Locate
    allowance: float
    releases: Mapping[str, tuple[str, ...]] = field(factory=dict)
    spread: bool = False
    optional: frozenset[str] = frozenset()
    absent: tuple[events.Unavailable, ...] = ()
    budget: float | None = None
    deadline: float = DEADLINE
    done: Callable[[str, str, Case], bool] | None = None
    interrupt: Interrupt = field(factory=Interrupt)
    spent: defaultdict[str, float] = field(factory=lambda: defaultdict(float))
    _stop: threading.Event = field(factory=threading.Event, init=False)
    _drivers: list[Driver] = field(factory=list, init=False)
    _unlocated: set[str] = field(factory=set, init=False)
    _ends: list[float] = field(factory=list, init=False)  # when the budget ends, once known
    _lost: set[str] = field(factory=set, init=False)  # targets that take no more jobs
    _turns: threading.Semaphore = field(factory=lambda: threading.Semaphore(_beside()), init=False)

    @property
    def targets(self) -> tuple[str, ...]:
        """Returns the targets of the run, in order."""
        frameworks = dict.fromkeys(map(framework_of, self.implementations))
        return tuple(target for framework in frameworks for target in self._targets(framework))

    def _targets(self, framework: str) -> tuple[str, ...]:
        releases = self.releases.get(framework, ("",))
        return tuple(str(Target(framework, release)) for release in releases)

    def run(self, cases: Iterable[Case]) -> Iterator[events.Event]:
        """Yields the events of the run; closing the iterator ends the workers.

        Raises:
            KeyboardInterrupt: if ``interrupt`` was requested.
        """
        yield from self.absent
        self._unlocated.update(self.targets)
        told: queue.Queue[Any] = queue.Queue(1024)  # events, answers, our own errors; None at a thread's end
        jobs: dict[str, queue.Queue[Job | None]] = {name: queue.Queue(_AHEAD) for name in self.targets}
        threads = [threading.Thread(target=self._plan, args=(cases, jobs, told), daemon=True)]
        threads += [
            threading.Thread(target=self._drive, args=(name, jobs[name], told), daemon=True)
            for name in self.targets
        ]
        versions: dict[str, str] = {}  # of the targets that are ready or unavailable
        early: dict[str, list[Record]] = {name: [] for name in self.targets}  # skipped before its version
        with ExitStack() as stack:
            stack.callback(self._end, threads, told)
            for thread in threads:
                thread.start()
            running = len(threads)
            patience = math.inf
            while running and time.monotonic() < patience:
                if self.interrupt.requested and not self._stop.is_set():
                    patience = time.monotonic() + _LAST_WORDS
                    self._abandon()
                try:
                    item = told.get(timeout=0.1)
                except queue.Empty:
                    continue
                if item is None:
                    running -= 1
                elif isinstance(item, BaseException):
                    raise item
                elif isinstance(item, _Answered):
                    yield events.Judged(self._judge(item, versions[item.target]))
                elif isinstance(item, _Skip):
                    record = _not_applicable(item.skipped, item.target)
                    if item.target in versions:
                        yield events.Judged([evolve(record, framework_version=versions[item.target])])
                    else:
                        early[item.target].append(record)
                else:
                    if isinstance(item, events.Ready | events.Unavailable):
                        known = item.info["version"] if isinstance(item, events.Ready) else ""
                        versions.setdefault(item.framework, known)
                    yield item
                    if isinstance(item, events.Ready | events.Unavailable):
                        for record in early.pop(item.framework, []):
                            yield events.Judged([evolve(record, framework_version=versions[item.framework])])
            for records in early.values():
                for record in records:
                    yield events.Judged([record])
            if self.interrupt.requested:
                raise KeyboardInterrupt

    def _judge(self, answered: _Answered, version: str) -> list[Record]:
        job, answer = answered.job, answered.answer
        clock = time.perf_counter
        began = clock()
        _ = job.problem.reference  # computed here, to time it separately
        referred = clock()
        records = job.judge(answer, Target.parse(answered.target), version)
        self.spent["reference"] += referred - began
        self.spent["framework"] += (answer.microseconds or 0.0) / 1e6
        self.spent["worker"] += ((answer.busy or 0.0) - (answer.microseconds or 0.0)) / 1e6
        self.spent["calls"] += 1
        self.spent["judging"] += clock() - referred
        return records

    @contextmanager
    def _turn(self) -> Iterator[None]:
        """Waits for a core to start a worker on, ``_TURN`` seconds at most: a hung start blocks no other."""
        mine = self._turns.acquire(timeout=_TURN)
        try:
            yield
        finally:
            if mine:
                self._turns.release()

    def _abandon(self) -> None:
        """Ends the workers; the run still yields their earlier answers."""
        self._stop.set()
        for driver in self._drivers:
            driver.abort()

    def _end(self, threads: list[threading.Thread], told: queue.Queue[Any]) -> None:
        self._abandon()
        while any(thread.is_alive() for thread in threads):
            with suppress(queue.Empty):  # a thread may be waiting for room in the queue
                told.get(timeout=0.05)

    def _plan(
        self, cases: Iterable[Case], jobs: Mapping[str, queue.Queue[Job | None]], told: queue.Queue[Any]
    ) -> None:
        planner = Planner(self.implementations, self.allowance, spread=self.spread)
        calls = 0
        clock = time.thread_time
        began = clock()
        try:
            for index, case in enumerate(cases):
                generated = clock()
                self.spent["generation"] += generated - began
                if self._stop.is_set() or (self._ends and time.monotonic() > self._ends[0]):
                    break
                for planned in planner.plan(case):
                    calls += self._hand_out(planned, jobs, told)
                if index % 50 == 0:
                    told.put(events.Planned(calls))
                began = clock()
                self.spent["planning"] += began - generated
            told.put(events.Planned(calls))
        except BaseException as error:  # our own error must end the run, not only this thread
            told.put(error)
        finally:
            for target, waiting in jobs.items():
                self._put(target, waiting, None)
            told.put(None)
        if self.budget is not None:
            while not self._stop.wait(0.05):
                if self._ends and time.monotonic() > self._ends[0]:
                    self._stop.set()

    def _is_located(self, target: str) -> None:
        """Starts the budget once every target has an interpreter or has failed; installing does not count."""
        self._unlocated.discard(target)
        if not self._unlocated and self.budget is not None:
            self._ends.append(time.monotonic() + self.budget)

    def _hand_out(
        self,
        planned: tuple[str, Job] | Skipped,
        jobs: Mapping[str, queue.Queue[Job | None]],
        told: queue.Queue[Any],
    ) -> int:
        """Gives a job to its framework's targets; returns the number of calls."""
        if isinstance(planned, Skipped):
            for target in self._targets(framework_of(planned.implementation)):
                if not self._is_done(target, planned.implementation, planned.case):
                    told.put(_Skip(planned, target))
            return 0
        framework, job = planned
        calls = 0
        for target in self._targets(framework):
            left = {n: m for n, m in job.meanings.items() if not self._is_done(target, n, job.case)}
            if left:
                mine = job if len(left) == len(job.meanings) else Job(job.problem, left)
                self._put(target, jobs[target], mine)
                calls += len(left)
        return calls

    def _is_done(self, target: str, implementation: str, case: Case) -> bool:
        return self.done is not None and self.done(target, implementation, case)

    def _put(self, target: str, jobs: queue.Queue[Job | None], job: Job | None) -> None:
        """Queues a job, and waits for room until the run ends or the target is lost."""
        while not self._stop.is_set() and target not in self._lost:
            with suppress(queue.Full):
                jobs.put(job, timeout=0.1)
                return

    def _drive(self, target: str, jobs: queue.Queue[Job | None], told: queue.Queue[Any]) -> None:
        driver: Driver | None = None
        framework = Target.parse(target).framework
        began = time.thread_time()
        ready = False
        try:
            try:
                python = self.locate(
                    target, lambda message: told.put(events.Preparing(target, message)), self._stop
                )
            finally:
                self._is_located(target)
            driver = Driver(
                framework,
                python,
                self._stop,
                lambda job, answer: told.put(_Answered(target, job, answer)),
                lambda reason: told.put(events.Restarted(target, reason)),
                self.deadline,
            )
            self._drivers.append(driver)
            with self._turn():
                info = driver.start()
            ready = True
            told.put(events.Ready(target, {**info, "interpreter": str(python)}))
            driver.run(jobs)
        except ConformanceError as error:
            if not (ready and self._stop.is_set()):  # at a run's end a lost worker needs no replacement
                reason = reason_of(error, framework)
                optional = isinstance(error, NotInstalled) and framework in self.optional
                told.put(events.Unavailable(target, reason, optional))
        except BaseException as error:  # as above
            told.put(error)
        finally:
            self._lost.add(target)
            if driver is not None:
                driver.close()
            self.spent["transport"] += time.thread_time() - began
            told.put(None)


@frozen
class _Answered:
    target: str
    job: Job
    answer: Answer


@frozen
class _Skip:
    skipped: Skipped
    target: str


def _beside() -> int:
    """Returns how many workers start at a time: one for each core that the host leaves free.

    Frameworks that share a core during import all start late; if they start one after the other, the first
    verdicts arrive while the others start.
    """
    cores = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, cores - 1)


def _label(target: str) -> str:
    return Target.parse(target).release


def _not_applicable(skipped: Skipped, target: str) -> Record:
    return Record(
        case=skipped.case,
        implementation=skipped.implementation,
        framework=framework_of(skipped.implementation),
        check=Check.ACCEPTANCE,
        verdict=Verdict.NOT_APPLICABLE,
        release=_label(target),
        message=skipped.reason,
    )
