"""A run: cases are planned, frameworks work side by side, answers are judged as they come.

``run`` yields events; what is done with them is for handlers.  One thread plans, one drives each framework's
worker, and the caller's thread judges, so that judging needs no locks.
"""

from __future__ import annotations

import queue
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, suppress
from pathlib import Path
from typing import Any, Final

from attrs import define, field, frozen

from conformance import events
from conformance.case import Case
from conformance.driver import DEADLINE, Driver
from conformance.errors import ConformanceError
from conformance.judge import judge
from conformance.plan import Job, Planner, Skipped, framework_of
from conformance.verdicts import Check, Record, Verdict

_AHEAD: Final = 20_000  # jobs that may wait for a framework: cases may be drawn without end

# Finds a framework's interpreter, making its environment where need be; the callable is told of progress,
# and the event set where the run ends before the environment is made.
Locate = Callable[[str, Callable[[str], None], threading.Event], Path]


@define
class Interrupt:
    """Whether the user asked the run to end.

    A signal handler sets it and the engine looks: an exception raised by the handler itself would be lost
    where it lands in a callback of the garbage collector or a finalizer.
    """

    requested: bool = False

    def request(self) -> None:
        """To be called by a signal handler."""
        self.requested = True


@frozen(kw_only=True)
class Engine:
    """Runs ``cases`` on ``implementations``.

    ``locate`` gives each framework's interpreter; ``allowance`` is the seconds that an implementation slow
    by nature may take; ``budget`` the seconds after which no further call is begun (None: no limit).
    """

    implementations: tuple[str, ...]
    locate: Locate
    allowance: float
    budget: float | None = None
    deadline: float = DEADLINE
    interrupt: Interrupt = field(factory=Interrupt)
    _stop: threading.Event = field(factory=threading.Event, init=False)
    _drivers: list[Driver] = field(factory=list, init=False)
    _gone: set[str] = field(factory=set, init=False)  # frameworks that take no more jobs

    def run(self, cases: Iterable[Case]) -> Iterator[events.Event]:
        """The events of the run; closing the iterator ends the workers.

        Raises:
            KeyboardInterrupt: where ``interrupt`` was requested.
        """
        frameworks = list(dict.fromkeys(map(framework_of, self.implementations)))
        told: queue.Queue[Any] = queue.Queue(4096)  # events, answers, faults of ours, None at a thread's end
        jobs: dict[str, queue.Queue[Job | None]] = {name: queue.Queue() for name in frameworks}
        threads = [threading.Thread(target=self._plan, args=(cases, jobs, told), daemon=True)]
        threads += [
            threading.Thread(target=self._drive, args=(name, jobs[name], told), daemon=True)
            for name in frameworks
        ]
        with ExitStack() as stack:
            stack.callback(self._end, threads, told)
            for thread in threads:
                thread.start()
            running = len(threads)
            while running:
                if self.interrupt.requested:
                    raise KeyboardInterrupt
                try:
                    item = told.get(timeout=0.1)
                except queue.Empty:
                    continue
                if item is None:
                    running -= 1
                elif isinstance(item, BaseException):
                    raise item
                elif isinstance(item, tuple):
                    framework, job, answer = item
                    problem, meaning = job.problem, job.meanings[answer.implementation]
                    yield events.Judged(
                        judge(problem.case, meaning, problem.data, problem.reference, answer, framework)
                    )
                else:
                    yield item

    def _end(self, threads: list[threading.Thread], told: queue.Queue[Any]) -> None:
        self._stop.set()
        for driver in self._drivers:
            driver.abort()
        while any(thread.is_alive() for thread in threads):
            with suppress(queue.Empty):  # a thread may be waiting for room to tell something
                told.get(timeout=0.05)

    def _plan(
        self, cases: Iterable[Case], jobs: Mapping[str, queue.Queue[Job | None]], told: queue.Queue[Any]
    ) -> None:
        planner = Planner(self.implementations, self.allowance)
        ends = None if self.budget is None else time.monotonic() + self.budget
        calls = 0
        try:
            for index, case in enumerate(cases):
                if self._stop.is_set() or (ends is not None and time.monotonic() > ends):
                    break
                for planned in planner.plan(case):
                    if isinstance(planned, Skipped):
                        told.put(events.Judged([_not_applicable(planned)]))
                        continue
                    framework, job = planned
                    if framework not in self._gone:
                        jobs[framework].put(job)
                        calls += len(job.meanings)
                while not self._stop.is_set() and any(
                    waiting.qsize() > _AHEAD for name, waiting in jobs.items() if name not in self._gone
                ):
                    self._stop.wait(0.05)
                if index % 50 == 0:
                    told.put(events.Planned(calls))
            told.put(events.Planned(calls))
        except BaseException as error:  # a fault of ours must end the run, not this thread alone
            told.put(error)
        finally:
            for waiting in jobs.values():
                waiting.put(None)
            told.put(None)
        if ends is not None and not self._stop.wait(max(0.0, ends - time.monotonic())):
            self._stop.set()

    def _drive(self, framework: str, jobs: queue.Queue[Job | None], told: queue.Queue[Any]) -> None:
        driver: Driver | None = None
        try:
            python = self.locate(
                framework, lambda message: told.put(events.Preparing(framework, message)), self._stop
            )
            driver = Driver(
                framework,
                python,
                self._stop,
                lambda job, answer: told.put((framework, job, answer)),
                lambda reason: told.put(events.Restarted(framework, reason)),
                self.deadline,
            )
            self._drivers.append(driver)
            info = driver.start()
            told.put(events.Ready(framework, {**info, "interpreter": str(python)}))
            driver.run(jobs)
        except ConformanceError as error:
            told.put(events.Unavailable(framework, str(error)))
        except BaseException as error:  # as above
            told.put(error)
        finally:
            self._gone.add(framework)
            if driver is not None:
                driver.close()
            told.put(None)


def _not_applicable(skipped: Skipped) -> Record:
    return Record(
        case=skipped.case,
        implementation=skipped.implementation,
        framework=framework_of(skipped.implementation),
        check=Check.ACCEPTANCE,
        verdict=Verdict.NOT_APPLICABLE,
        message=skipped.reason,
    )
