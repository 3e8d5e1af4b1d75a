"""Connects to one worker, which answers the calls sent to it one by one and in order.

The host sends requests ahead, so that the worker never waits for it.  A worker that died or hung did so in
the first call without an answer.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Any, Final

from attrs import define, frozen

from conv_transpose_conformance.adapters.protocol import ProtocolError
from conv_transpose_conformance.execution.requests import Job
from conv_transpose_conformance.frameworks import registry
from conv_transpose_conformance.frameworks.starting import worker_command
from conv_transpose_conformance.judging.answers import Answer, Outcome, read_answer
from conv_transpose_conformance.workers.fork_server import ForkServer
from conv_transpose_conformance.workers.process import Worker, WorkerDied, WorkerTimeout
from conv_transpose_conformance.workers.stop import Stop

WINDOW: Final = 48  # requests sent ahead
WINDOW_BYTES: Final = 8 << 20


@frozen
class Call:
    """Holds one implementation's part in a job."""

    job: Job
    implementation: str

    @property
    def name(self) -> str:
        """Returns the name by which a user replays the call."""
        return f"{self.job.case.id} on {self.implementation}"


@define
class _Sent:
    number: int
    job: Job
    waiting: deque[str]
    size: int


class WorkerConnection:
    """Starts a fresh worker of ``framework`` in ``python``, with ``deadline`` seconds for each call.

    ``stop`` ends every wait once it is set.  With ``forks`` the worker is a fork of that server.

    Raises:
        WorkerFailed: if the worker cannot start.
        NoForks: if the fork server has ended.
    """

    def __init__(
        self,
        framework: str,
        python: Path,
        deadline: float,
        stop: Stop,
        forks: ForkServer | None = None,
    ) -> None:
        self._deadline = deadline
        self._sent: deque[_Sent] = deque()
        self._bytes = 0
        self._numbers: Iterator[int] = count()
        self._worker = Worker(worker_command(framework, python), stop, forks=forks)

    @property
    def hello(self) -> dict[str, Any]:
        """Returns the worker's description of itself."""
        return self._worker.hello

    @property
    def busy(self) -> bool:
        """Whether answers are due."""
        return bool(self._sent)

    @property
    def full(self) -> bool:
        """Whether enough requests are sent ahead."""
        return len(self._sent) >= WINDOW or self._bytes >= WINDOW_BYTES

    def send(self, job: Job, implementations: Sequence[str]) -> None:
        """Sends a request to run a job's data on these implementations."""
        number = next(self._numbers)
        frame = job.frame(number, implementations)
        self._worker.send(frame)
        self._bytes += len(frame)
        self._sent.append(_Sent(number, job, deque(implementations), len(frame)))

    def receive(self) -> tuple[Call, Answer]:
        """Returns the next call's answer; after an answer with a fault the worker is unusable."""
        sent = self._sent[0]
        call = Call(sent.job, sent.waiting.popleft())
        if not sent.waiting:
            self._sent.popleft()
            self._bytes -= sent.size
        deadline = self._deadline + registry.implementation(call.implementation).patience
        try:
            header, arrays = self._worker.receive(deadline)
            answer = read_answer(header, arrays, probe=call.job.probe is not None)
            if header.get("id") != sent.number or answer.implementation != call.implementation:
                raise ProtocolError(
                    f"got the answer to request {header.get('id')!r}, {answer.implementation!r}, instead of "
                    f"request {sent.number}, {call.implementation!r}"
                )
        except WorkerTimeout:
            message = f"no answer within {deadline:g} s"
            answer = _fault(call, Outcome.HANG, "hang", message)
        except WorkerDied as died:
            answer = _fault(call, Outcome.CRASH, str(died).partition(";")[0], str(died))
        except ProtocolError as error:
            message = f"protocol error: {error}"
            answer = _fault(call, Outcome.CRASH, "broken protocol", message)
        return call, answer

    def unanswered(self) -> list[Call]:
        """Returns the calls that still wait for an answer, in order."""
        return [Call(sent.job, name) for sent in self._sent for name in sent.waiting]

    def abort(self) -> None:
        """Ends the worker's process from another thread, so that :meth:`receive` returns."""
        self._worker.end_process()

    def close(self) -> None:
        """Ends the worker."""
        self._worker.kill()


def _fault(call: Call, outcome: Outcome, fault: str, message: str) -> Answer:
    return Answer(implementation=call.implementation, outcome=outcome, fault=fault, message=message)
