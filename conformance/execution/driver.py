"""Runs one framework's jobs in workers: enforces deadlines, replaces dead workers, repeats doubtful calls.

The documents allow *ordinary* calls.  The driver puts the others aside and runs them in batches.  If the
worker accepted any call of a batch, the driver replaces it: a call that the framework should have refused may
harm later answers of the same process.

The driver *holds* an answer until its worker has answered more calls.  If the worker then fails and its last
call is not at fault, the recent answers are in doubt, and the driver repeats those calls in a fresh worker.
A worker's first answer is never in doubt, and is not held.

An accepted call that the documents leave open may need further calls until its geometry is known
(``observing``).  The driver puts them aside like the call itself, then passes the answer on.
"""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Any, Final

from attrs import Factory, define, field

from conv_transpose_conformance.cases.meaning import Acceptance
from conv_transpose_conformance.errors import ConformanceError
from conv_transpose_conformance.execution.blame import Triage
from conv_transpose_conformance.execution.connection import Call, WorkerConnection
from conv_transpose_conformance.execution.observing import Asking, observing
from conv_transpose_conformance.execution.requests import Job
from conv_transpose_conformance.frameworks.starting import worker_command
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.workers.fork_server import ForkServer, NoForks
from conv_transpose_conformance.workers.process import WorkerFailed
from conv_transpose_conformance.workers.stop import Stop

DEADLINE: Final = 10.0  # seconds a call may take
HELD: Final = 64  # answers held; an answer is released once its worker has answered this many more
_BATCH: Final = 64  # calls in a batch that the documents do not allow
_IDLE: Final = 0.2  # seconds without a job after which all held answers are released


@define
class Driver:
    """Runs jobs from a queue until it yields None or ``stop`` is set.

    ``answered`` gets every job's answers; ``restarted`` gets a line about each replaced worker.
    """

    framework: str
    python: Path
    stop: Stop
    answered: Callable[[Job, Answer], None]
    restarted: Callable[[str], None]
    deadline: float = DEADLINE
    _connection: WorkerConnection | None = field(default=None, init=False)
    _jobs: queue.Queue[Job | None] = field(factory=queue.Queue, init=False)
    _ended: bool = field(default=False, init=False)
    _again: deque[Call] = field(factory=deque, init=False)  # sent to a worker that died before it answered
    _aside: deque[Call] = field(factory=deque, init=False)
    _held: deque[tuple[Call, Answer]] = field(factory=deque, init=False)
    _history: deque[Call] = field(factory=lambda: deque(maxlen=HELD), init=False)
    _spent: bool = field(default=False, init=False)  # accepted calls may have harmed the worker
    _harmful: set[tuple[str, str]] = field(factory=set, init=False)  # calls that made others fail
    _triage: Triage = field(
        default=Factory(lambda self: Triage(self._anew, self.stop.is_set), takes_self=True), init=False
    )
    # by id of the further job: the call that needs it
    _observing: dict[int, tuple[Call, Job, Asking]] = field(factory=dict, init=False)
    _forking: bool | None = field(default=None, init=False)  # None: no worker has said yet if it can fork
    _forks: ForkServer | None = field(default=None, init=False)

    def start(self) -> dict[str, Any]:
        """Starts the first worker and returns its description.

        Raises:
            WorkerFailed: if the worker cannot start.
        """
        return self._anew().hello

    def abort(self) -> None:
        """Ends the worker's process from another thread, so that :meth:`run` need not wait for its answer."""
        connection = self._connection
        if connection is not None:
            connection.abort()

    def close(self) -> None:
        """Ends the worker and its fork server."""
        self._leave()
        if self._forks is not None:
            self._forks.close()
            self._forks = None

    def ask(self, job: Job, implementation: str) -> Answer:
        """Returns one call's answer, for callers without a queue.

        Raises:
            WorkerFailed: if a lost worker cannot be replaced, or ``stop`` was set before it answered.
        """
        answer = self._answer(job, implementation)
        asking = observing(job, implementation, answer)
        try:
            further = next(asking)
            while True:
                further = asking.send(self._answer(further, implementation))
        except StopIteration as known:
            found: Answer = known.value
            return found

    def _answer(self, job: Job, implementation: str) -> Answer:
        if self._connection is None or (self._spent and not _aside(job, implementation)):
            self._fresh()
        assert self._connection is not None
        self._connection.send(job, [implementation])
        call, answer = self._connection.receive()
        if answer.fault and self.stop.is_set():
            raise WorkerFailed(f"{self.framework}: {answer.message}")
        if answer.fault:
            self.restarted(f"{implementation}: {answer.message}")
            answer = self._triage.examine(call, answer, list(self._history)).answer
            self._fresh()
        elif self._note(call, answer):
            self._fresh()
        return answer

    def run(self, jobs: queue.Queue[Job | None]) -> None:
        """Runs jobs until the queue yields None.

        Raises:
            WorkerFailed: if the replacement of a lost worker cannot start.
        """
        self._jobs = jobs
        while not self.stop.is_set() and not (self._ended and not self._aside and not self._again):
            self._work(self._ordinary)
            self._believe()
            self._again, self._aside = self._aside, deque()
            self._work(lambda _wait: None)
            if self._ended:
                self._believe()  # may put further calls aside
            if self._spent and not self._ended:
                self._fresh()
        self._believe()

    def _ordinary(self, wait: bool) -> tuple[Job, list[str]] | None:
        """Returns the next job's ordinary calls; None if none is ready or the driver should take no more."""
        while not self._ended and len(self._aside) < _BATCH and not self.stop.is_set():
            try:
                job = self._jobs.get(block=wait, timeout=_IDLE)
            except queue.Empty:
                if not wait:
                    return None
                self._believe()
                continue
            if job is None:
                self._ended = True
                break
            self._aside.extend(Call(job, name) for name in job.meanings if _aside(job, name))
            names = [name for name in job.meanings if not _aside(job, name)]
            if names:
                return job, names
        return None

    def _work(self, take: Callable[[bool], tuple[Job, list[str]] | None]) -> None:
        """Runs the calls that ``take`` returns; its argument says whether it may wait for a job."""
        while not self.stop.is_set():
            connection = self._connection
            if connection is None:
                connection = self._fresh()
            while not connection.full:
                if self._again:
                    again = self._again.popleft()
                    connection.send(again.job, [again.implementation])
                    continue
                more = take(not connection.busy)
                if more is None:
                    break
                connection.send(*more)
            if not connection.busy:
                return
            call, answer = connection.receive()
            if self.stop.is_set():
                return
            if answer.fault:
                self._again.extendleft(reversed(connection.unanswered()))
                self._fault(call, answer)
            elif self._remember(call, answer):
                self._again.extendleft(reversed(connection.unanswered()))
                self.restarted(_why(call, answer))
                self._fresh()

    def _remember(self, call: Call, answer: Answer) -> bool:
        """Holds an answer; returns whether its worker must get no more calls."""
        if self._history:
            self._held.append((call, answer))
        else:  # a worker's first answer: no earlier call could have harmed it
            self._pass_on(call, answer)
        if len(self._held) > HELD:
            self._pass_on(*self._held.popleft())
        return self._note(call, answer)

    def _note(self, call: Call, answer: Answer) -> bool:
        """Notes what an answer says about its worker; returns whether it must get no more calls."""
        self._history.append(call)
        if answer.outcome is Outcome.OK and _aside(call.job, call.implementation):
            self._spent = True
        return answer.tainted or (call.job.case.id, call.implementation) in self._harmful

    def _believe(self) -> None:
        while self._held:
            self._pass_on(*self._held.popleft())

    def _pass_on(self, call: Call, answer: Answer) -> None:
        """Passes an answer on, or puts aside the call that it needs to be understood."""
        original, _, asking = self._observing.pop(
            id(call.job), (call, call.job, observing(call.job, call.implementation, answer))
        )
        try:
            further = next(asking) if original is call else asking.send(answer)
        except StopIteration as known:
            self.answered(original.job, known.value)
        else:
            self._observing[id(further)] = (original, further, asking)
            self._aside.append(Call(further, call.implementation))

    def _fault(self, call: Call, failure: Answer) -> None:
        self.restarted(f"{call.implementation}: {failure.message}")
        try:
            finding = self._triage.examine(call, failure, list(self._history))
        except WorkerFailed:
            self._believe()
            self._pass_on(call, failure)  # reported if no worker can start for another try
            raise
        if self.stop.is_set():
            return
        if finding.doubtful:
            doubted = [held for held, _ in self._held]
            if finding.culprit is not None:
                self._harmful.add((finding.culprit.job.case.id, finding.culprit.implementation))
                if finding.culprit in doubted:
                    innocent = doubted.index(finding.culprit)
                    for earlier, answer in list(self._held)[:innocent]:
                        self._pass_on(earlier, answer)
                    doubted = doubted[innocent:]
            self._held.clear()
            self._again.extendleft(reversed(doubted))
        self._pass_on(call, finding.answer)
        self._fresh()

    def _fresh(self) -> WorkerConnection:
        """Returns a new worker in place of the last one; a fork if the framework can fork."""
        if not self._forking:
            return self._anew()
        self._leave()
        try:
            if self._forks is None:
                self._forks = ForkServer(worker_command(self.framework, self.python), self.stop)
            self._connection = WorkerConnection(
                self.framework, self.python, self.deadline, self.stop, self._forks
            )
        except NoForks:
            self.close()
            self._forking = False
            return self._anew()
        return self._connection

    def _anew(self) -> WorkerConnection:
        """Returns a worker in a new process, never a fork; triage needs such workers."""
        self._leave()
        self._connection = WorkerConnection(self.framework, self.python, self.deadline, self.stop)
        if self._forking is None:
            hello = self._connection.hello
            self._forking = bool(hello.get("forks")) and hello["device"] == "cpu"
        return self._connection

    def _leave(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
        self._history.clear()
        self._spent = False


def reason_of(error: ConformanceError, framework: str) -> str:
    """Returns why a framework is unavailable, in a line to print after its name."""
    return str(error).removeprefix(f"{framework}: ")


def _aside(job: Job, implementation: str) -> bool:
    return job.meanings[implementation].acceptance is not Acceptance.REQUIRED


def _why(call: Call, answer: Answer) -> str:
    if answer.outcome is Outcome.INVALID:
        return f"{call.implementation}: {answer.message}"
    if answer.tainted:
        return f"{call.implementation} returned a tensor of the impossible shape {list(answer.shape or ())}"
    return f"{call.name} makes later calls fail"
