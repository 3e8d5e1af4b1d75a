"""Driving the workers of one framework through its jobs: deadlines, deaths, blame.

Requests are sent ahead so that a worker never waits; answers come one by one and in order, so the first
call without an answer is the one a worker died or hung in.  What failed in company is rerun alone, in a
fresh worker, before it is blamed: only a failure that repeats is the case's own.
"""

from __future__ import annotations

import queue
import re
import threading
from collections import deque
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Final

from attrs import define, field

from adapters.protocol import ProtocolError
from conformance.answers import Answer, Outcome, read_answer
from conformance.plan import Job
from conformance.worker import Worker, WorkerDied, WorkerTimeout

DEADLINE: Final = 10.0  # seconds a call may take
_WINDOW: Final = 48  # requests sent ahead
_WINDOW_BYTES: Final = 8 << 20


@define
class _Call:
    job: Job
    implementation: str


@define
class _Sent:
    number: int
    job: Job
    waiting: deque[str]
    size: int


@define
class Driver:
    """Runs jobs from a queue until it yields None or ``stop`` is set.

    ``answered`` gets every job's answers; ``restarted`` a line about each worker that had to be replaced.
    """

    framework: str
    python: Path
    stop: threading.Event
    answered: Callable[[Job, Answer], None]
    restarted: Callable[[str], None]
    deadline: float = DEADLINE
    _worker: Worker | None = field(default=None, init=False)
    _numbers: Iterator[int] = field(factory=lambda: iter(range(1 << 62)), init=False)

    def start(self) -> dict[str, Any]:
        """Starts the first worker and returns its description.

        Raises:
            WorkerFailed: where that cannot be done.
        """
        self._worker = Worker(self.framework, self.python, self.stop)
        return self._worker.hello

    def ask(self, job: Job, implementation: str) -> Answer:
        """The answer of one call, for callers that do not work from a queue.

        Raises:
            WorkerFailed: where a lost worker cannot be replaced.
        """
        found: list[Answer] = []
        original, self.answered = self.answered, lambda _job, answer: found.append(answer)
        try:
            failure = self._receive(self._send(job, [implementation]))
        finally:
            self.answered = original
        if failure is None:
            return found[0]
        self._replace(f"{implementation}: {failure.message}")
        return failure if failure.outcome is Outcome.OK else self._alone(_Call(job, implementation), failure)

    def abort(self) -> None:
        """Ends the worker's process from another thread, so that :meth:`run` need not wait for its answer."""
        worker = self._worker
        if worker is not None:
            worker.end_process()

    def close(self) -> None:
        """Ends the worker."""
        if self._worker is not None:
            self._worker.kill()
            self._worker = None

    def run(self, jobs: queue.Queue[Job | None]) -> None:
        """Works until the queue yields None.

        Raises:
            WorkerFailed: where a replacement for a lost worker cannot be started.
        """
        sent: deque[_Sent] = deque()
        again: deque[_Call] = deque()  # sent to a worker that did not live to answer
        ended = False
        while not self.stop.is_set():
            while not ended and len(sent) < _WINDOW and sum(s.size for s in sent) < _WINDOW_BYTES:
                if again:
                    call = again.popleft()
                    sent.append(self._send(call.job, [call.implementation]))
                    continue
                try:
                    job = jobs.get(block=not sent, timeout=0.2)
                except queue.Empty:
                    break
                if job is None:
                    ended = True
                else:
                    sent.append(self._send(job, list(job.meanings)))
            while ended and again and len(sent) < _WINDOW:
                call = again.popleft()
                sent.append(self._send(call.job, [call.implementation]))
            if not sent:
                if ended:
                    return
                continue
            first = sent[0]
            call = _Call(first.job, first.waiting[0])
            failure = self._receive(first)
            if self.stop.is_set():
                return
            if failure is None:
                if not first.waiting:
                    sent.popleft()
                continue
            again.extendleft(
                reversed([_Call(s.job, name) for s in sent for name in s.waiting if s is not first])
            )
            if failure.outcome is Outcome.OK:  # an answer that taints what the same worker says later
                again.extendleft(reversed([_Call(first.job, name) for name in first.waiting]))
                self._replace(f"{call.implementation} returned a tensor of shape {list(failure.shape or ())}")
            else:
                again.extendleft(reversed([_Call(first.job, name) for name in list(first.waiting)[1:]]))
                answer = failure  # what is told where no worker can be had to try again
                try:
                    self._replace(f"{call.implementation}: {failure.message}")
                    answer = self._alone(call, failure)
                finally:
                    self.answered(call.job, answer)
            sent.clear()

    def _send(self, job: Job, implementations: list[str]) -> _Sent:
        number = next(self._numbers)
        frame = job.problem.frame(number, implementations)
        assert self._worker is not None
        self._worker.send(frame)
        return _Sent(number, job, deque(implementations), len(frame))

    def _receive(self, sent: _Sent) -> Answer | None:
        """Passes on the next answer of ``sent``; an answer after which the worker must go is returned."""
        assert self._worker is not None
        implementation = sent.waiting[0]
        try:
            header, arrays = self._worker.receive(self.deadline)
            answer = read_answer(header, arrays)
            if header.get("id") != sent.number or answer.implementation != implementation:
                raise ProtocolError(
                    f"the answer to request {header.get('id')!r}, {answer.implementation!r}, came where "
                    f"request {sent.number}, {implementation!r}, was due"
                )
        except WorkerTimeout:
            message = f"no answer within {self.deadline:g} s"
            return Answer(implementation=implementation, outcome=Outcome.HANG, message=message)
        except WorkerDied as died:
            return Answer(implementation=implementation, outcome=Outcome.CRASH, message=str(died))
        except ProtocolError as error:
            message = f"its worker broke the protocol: {error}"
            return Answer(implementation=implementation, outcome=Outcome.CRASH, message=message)
        sent.waiting.popleft()
        self.answered(sent.job, answer)
        return answer if answer.tainted else None

    def _replace(self, reason: str) -> None:
        self.restarted(reason)
        if self._worker is not None:
            self._worker.kill()
        self._worker = None
        self._worker = Worker(self.framework, self.python, self.stop)

    def _alone(self, call: _Call, failure: Answer) -> Answer:
        """What a call that failed in company comes to by itself, in the fresh worker."""
        found: list[Answer] = []
        original, self.answered = self.answered, lambda _job, answer: found.append(answer)
        try:
            second = self._receive(self._send(call.job, [call.implementation]))
        finally:
            self.answered = original
        if self.stop.is_set():
            return failure
        if second is None:
            answer = found[0]
            if failure.outcome is Outcome.HANG:
                return answer  # a slow moment of the machine
            return Answer(
                implementation=answer.implementation,
                outcome=Outcome.CRASH,
                message=f"only after other calls, not alone: {failure.message}",
            )
        if second.outcome is Outcome.OK:
            self._replace(f"{call.implementation} returned a tensor of shape {list(second.shape or ())}")
            return second
        self._replace(f"{call.implementation}, alone: {second.message}")
        return Answer(
            implementation=call.implementation,
            outcome=second.outcome,
            message=f"{second.message} (2 of 2 times)"
            if _how(second) == _how(failure)
            else f"{failure.message}; then, alone: {second.message}",
        )


def _how(failure: Answer) -> tuple[Outcome, str]:
    """What happened, without the log's last lines."""
    return failure.outcome, re.split("[:;]", failure.message)[0]
