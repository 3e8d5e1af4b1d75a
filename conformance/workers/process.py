"""The host's side of a worker process: starts, feeds, times and ends it.

``launch`` starts the worker.  Its address space is limited once the framework is imported.  Requests and
answers use two pipes.  A third pipe carries stdout and stderr; only its end is kept, to explain the death of
a worker.
"""

from __future__ import annotations

import os
import select
import signal
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from conv_transpose_conformance.adapters.protocol import PROTOCOL, Arrays, Decoder, ProtocolError
from conv_transpose_conformance.errors import ConformanceError
from conv_transpose_conformance.workers.command import WorkerCommand
from conv_transpose_conformance.workers.environment import worker_environment
from conv_transpose_conformance.workers.fork_server import ForkServer
from conv_transpose_conformance.workers.launch import Child, contain, start
from conv_transpose_conformance.workers.stop import Stop

START_TIMEOUT: Final = 180.0
LINGER = 5.0  # seconds between the end of a worker's answers and the end of the worker
MEMORY: Final = 8 << 30  # bytes of address space that calls may take in addition to the framework
_GLANCE: Final = 0.2  # seconds between two checks whether the run was stopped
_CHUNK: Final = 1 << 18
_SLOWEST = 10e6  # bytes a second; slower transfers are not waited for
_TAIL: Final = 1 << 14  # bytes of a worker's output that are kept


class WorkerFailed(ConformanceError):
    """A worker cannot be started; the text says why."""

    exit_code = 3


class WorkerDied(Exception):
    """The worker ended; the text says how, with the last lines of its log."""


class WorkerTimeout(Exception):
    """No answer within the deadline."""


class Worker:
    """One worker process of a framework, started by ``command``.

    Setting ``stop`` ends every wait, including the one for the greeting.  With ``forks`` the worker is a fork
    of that server instead of a newly started process.

    Raises:
        WorkerFailed: if the interpreter cannot run, if the framework cannot be imported or lacks the device,
            or if the worker sends nothing within ``START_TIMEOUT`` seconds.
        NoForks: if the fork server has ended.
    """

    def __init__(
        self,
        command: WorkerCommand,
        stop: Stop | None = None,
        memory: int = MEMORY,
        forks: ForkServer | None = None,
    ) -> None:
        self._command = command
        self.framework = framework = command.framework
        self._stop = stop or threading.Event()
        self._outgoing = bytearray()
        self._decoder = Decoder()
        self._said = bytearray()
        request_read, self._requests = os.pipe()
        self._answers, answer_write = os.pipe()
        self._log, log_write = os.pipe()
        self._open = True
        self._waiting_for_room = False
        try:
            self.process = self._begin(forks, (request_read, answer_write, log_write))
        except OSError as error:
            self._close()
            raise WorkerFailed(
                f"{framework}: cannot run {command.interpreter}: {error.strerror}; is it an interpreter of "
                f"{command.language}?"
            ) from None
        except BaseException:
            self._close()
            raise
        finally:
            for descriptor in (request_read, answer_write, log_write):
                os.close(descriptor)
        try:
            for descriptor in (self._requests, self._answers, self._log):
                os.set_blocking(descriptor, False)
            self._listen = select.poll()
            self._listen.register(self._answers, select.POLLIN)
            self._listen.register(self._log, select.POLLIN)
            self.hello = self._greet()
            if self.hello.get("device") == "cpu":  # drivers of accelerators reserve more than there is
                self.process.limit_memory(memory)
        except BaseException:
            self.kill()
            raise

    def _begin(self, forks: ForkServer | None, descriptors: tuple[int, int, int]) -> Child:
        if forks is not None:
            return contain(
                lambda folder, seen: forks.fork(folder, seen, descriptors),
                worker_environment,
                name=self.framework,
                variables=self._command.variables,
            )
        request_read, answer_write, log_write = descriptors
        return start(
            [*self._command.command, str(request_read), str(answer_write)],
            worker_environment,
            name=self.framework,
            variables=self._command.variables,
            output=log_write,
            pass_fds=(request_read, answer_write),
        )

    @property
    def folder(self) -> Path:
        """The worker's temporary folder."""
        return self.process.folder

    def _greet(self) -> dict[str, Any]:
        try:
            header, _ = self.receive(START_TIMEOUT)
        except WorkerTimeout:
            raise WorkerFailed(
                f"{self.framework}: its worker sent nothing within {START_TIMEOUT:g} s"
            ) from None
        except WorkerDied as died:
            raise WorkerFailed(f"{self.framework}: {died}") from None
        except ProtocolError as error:
            raise WorkerFailed(f"{self.framework}: protocol error: {error}") from None
        if header.get("type") == "failed" and header.get("device"):
            raise WorkerFailed(f"{self.framework}: {header.get('message')}; choose another with --device")
        if header.get("type") == "failed":
            raise WorkerFailed(f"{self.framework} cannot be imported: {header.get('message')}")
        if header.get("type") != "hello" or header.get("protocol") != PROTOCOL:
            hint = f": update the plug-in {self._command.whose}, or the suite" if self._command.whose else ""
            raise WorkerFailed(
                f"{self.framework}: its worker speaks protocol {header.get('protocol')!r}, "
                f"the suite {PROTOCOL}{hint}"
            )
        return _checked(self.framework, header)

    def send(self, frame: bytes) -> None:
        """Queues a frame; :meth:`receive` writes it while it waits."""
        self._outgoing += frame

    def receive(self, timeout: float) -> tuple[dict[str, Any], Arrays]:
        """Returns the next frame.

        Raises:
            WorkerTimeout: if there is no whole frame after ``timeout`` seconds; bytes that cross the pipes
                extend this by their time on a slow machine.
            WorkerDied: if the process ended, or if the run was stopped.
            ProtocolError: if it sent bytes that are no frame.
        """
        deadline = time.monotonic() + timeout
        while True:
            frame = self._decoder.next()
            if frame is not None:
                return frame
            left = deadline - time.monotonic()
            if left <= 0:
                if self.process.poll() is not None:  # it is dead, and a child of it holds the pipe open
                    raise WorkerDied(self._obituary())
                raise WorkerTimeout
            if self._stop.is_set():
                raise WorkerDied("the run ended before it answered")
            if self._outgoing:
                waiting = len(self._outgoing)
                self._write()
                deadline += (waiting - len(self._outgoing)) / _SLOWEST
            ready = dict(self._listen.poll(min(left, _GLANCE) * 1000))
            if self._log in ready:
                self._hear()
            if self._answers in ready:
                data = os.read(self._answers, _CHUNK)
                if not data:
                    raise WorkerDied(self._obituary())
                self._decoder.feed(data)
                deadline += len(data) / _SLOWEST

    def _write(self) -> None:
        try:
            while self._outgoing:
                written = os.write(self._requests, memoryview(self._outgoing)[:_CHUNK])
                del self._outgoing[:written]
        except BlockingIOError:
            pass
        except BrokenPipeError:
            self._outgoing.clear()  # its answers end too, and tell why
        self._listen_for_room(bool(self._outgoing))

    def _listen_for_room(self, wanted: bool) -> None:
        if wanted != self._waiting_for_room:
            self._waiting_for_room = wanted
            if wanted:
                self._listen.register(self._requests, select.POLLOUT)
            else:
                self._listen.unregister(self._requests)

    def _hear(self) -> bool:
        """Reads its output; returns whether there may be more."""
        try:
            data = os.read(self._log, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            with suppress(KeyError):  # ended before
                self._listen.unregister(self._log)
            return False
        self._said += data
        del self._said[:-_TAIL]
        return True

    def _obituary(self) -> str:
        code = self.process.wait(timeout=LINGER)
        if code is None:
            return "it closed its answers but is still alive"
        tail = self.log_tail()
        how = signal_name(-code) if code < 0 else f"exit status {code}"
        return how + (f"; its log ends: {tail}" if tail else "")

    def log_tail(self, lines: int = 6) -> str:
        """Returns the last lines of stdout and stderr, joined by ' | '."""
        deadline = time.monotonic() + 1.0  # a child that floods the pipe would keep this loop busy
        while self._open and self._hear() and time.monotonic() < deadline:
            pass
        text = self._said.decode("utf-8", "replace")
        kept = [line.strip() for line in text.splitlines() if line.strip()]
        return " | ".join(line[:500] for line in kept[-lines:])

    def kill(self) -> None:
        """Ends the process and all its children, and removes the folder; may be called again."""
        if self._open:
            self._close()
            self.process.end()

    def _close(self) -> None:
        self._open = False
        for descriptor in (self._requests, self._answers, self._log):
            os.close(descriptor)

    def end_process(self) -> None:
        """Kills the process group; any thread may call it."""
        self.process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()


def signal_name(number: int) -> str:
    """Returns the name of a signal, ``SIGSEGV`` for 11."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _checked(framework: str, hello: dict[str, Any]) -> dict[str, Any]:
    """Returns a greeting in which everything shown later is short text."""
    for key in ("version", "python", "numpy", "device"):
        if not isinstance(hello.get(key), str) or len(hello[key]) > 200:
            raise WorkerFailed(f"{framework}: its worker's greeting gives no {key}")
    if not isinstance(hello.setdefault("r", ""), str) or len(hello["r"]) > 200:
        raise WorkerFailed(f"{framework}: its worker's greeting gives no r")
    dtypes = hello.get("dtypes")
    if not isinstance(dtypes, list) or len(dtypes) > 64 or not all(isinstance(d, str) for d in dtypes):
        raise WorkerFailed(f"{framework}: its worker's greeting gives no dtypes")
    return hello
