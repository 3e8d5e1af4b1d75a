"""A worker process as the host holds it: started, fed, timed, and ended.

The worker is started by ``launch``, and gets a limit to its address space once its framework is imported.
Requests and answers travel on two pipes; its stdout and stderr come by a third, of which only the end is
kept: it tells the story where the worker dies.
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
LINGER = 5.0  # seconds between the end of a worker's answers and its own
MEMORY: Final = 8 << 30  # bytes of address space that calls may take beyond what the framework itself takes
_GLANCE: Final = 0.2  # seconds between two looks at whether the run was stopped
_CHUNK: Final = 1 << 18
_SLOWEST = 10e6  # bytes a second: what crosses slower than this is not waited for
_TAIL: Final = 1 << 14  # bytes of a worker's own output that are kept


class WorkerFailed(ConformanceError):
    """A worker that could not be started; the text says why."""

    exit_code = 3


class WorkerDied(Exception):
    """The process ended; the text says how, with the last lines of its log."""


class WorkerTimeout(Exception):
    """No answer within the deadline."""


class Worker:
    """One process: the worker of a framework, started by ``command``.

    ``stop`` ends every wait once it is set, that for the greeting included.  With ``forks`` it is a fork of
    that server in place of a process started anew.

    Raises:
        WorkerFailed: where the interpreter cannot be run, the framework cannot be imported or has no such
            device, or nothing is heard of it within ``START_TIMEOUT`` seconds.
        NoForks: where the fork server has ended.
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
            if self.hello.get("device") == "cpu":  # accelerators' drivers reserve more than there is
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
        """Its temporary folder."""
        return self.process.folder

    def _greet(self) -> dict[str, Any]:
        try:
            header, _ = self.receive(START_TIMEOUT)
        except WorkerTimeout:
            raise WorkerFailed(
                f"{self.framework}: nothing heard of its worker in {START_TIMEOUT:g} s"
            ) from None
        except WorkerDied as died:
            raise WorkerFailed(f"{self.framework}: {died}") from None
        except ProtocolError as error:
            raise WorkerFailed(f"{self.framework}: it broke the protocol: {error}") from None
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
        """Queues a frame; it is written while :meth:`receive` waits."""
        self._outgoing += frame

    def receive(self, timeout: float) -> tuple[dict[str, Any], Arrays]:
        """The next frame.

        Raises:
            WorkerTimeout: after ``timeout`` seconds without a whole frame; what crosses the pipes meanwhile
                adds the time that it takes on a slow machine.
            WorkerDied: where the process ended, or the run was stopped.
            ProtocolError: where it sent what is no frame.
        """
        deadline = time.monotonic() + timeout
        while True:
            frame = self._decoder.next()
            if frame is not None:
                return frame
            left = deadline - time.monotonic()
            if left <= 0:
                if self.process.poll() is not None:  # dead, and a child of its own holds the pipe open
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
            self._outgoing.clear()  # its answers end too, and say why
        self._listen_for_room(bool(self._outgoing))

    def _listen_for_room(self, wanted: bool) -> None:
        if wanted != self._waiting_for_room:
            self._waiting_for_room = wanted
            if wanted:
                self._listen.register(self._requests, select.POLLOUT)
            else:
                self._listen.unregister(self._requests)

    def _hear(self) -> bool:
        """Takes what it has printed; whether more may come."""
        try:
            data = os.read(self._log, _CHUNK)
        except BlockingIOError:
            return False
        if not data:
            with suppress(KeyError):  # heard before
                self._listen.unregister(self._log)
            return False
        self._said += data
        del self._said[:-_TAIL]
        return True

    def _obituary(self) -> str:
        code = self.process.wait(timeout=LINGER)
        if code is None:
            return "it closed its answers and lives on"
        tail = self.log_tail()
        how = signal_name(-code) if code < 0 else f"exit status {code}"
        return how + (f"; its log ends: {tail}" if tail else "")

    def log_tail(self, lines: int = 6) -> str:
        """The last lines of stdout and stderr, joined by ' | '."""
        deadline = time.monotonic() + 1.0  # a child that floods would keep us here
        while self._open and self._hear() and time.monotonic() < deadline:
            pass
        text = self._said.decode("utf-8", "replace")
        kept = [line.strip() for line in text.splitlines() if line.strip()]
        return " | ".join(line[:500] for line in kept[-lines:])

    def kill(self) -> None:
        """Ends the process with all that it started, and removes the folder; may be called again."""
        if self._open:
            self._close()
            self.process.end()

    def _close(self) -> None:
        self._open = False
        for descriptor in (self._requests, self._answers, self._log):
            os.close(descriptor)

    def end_process(self) -> None:
        """Kills the whole process group; safe from any thread."""
        self.process.kill()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.kill()


def signal_name(number: int) -> str:
    """``SIGSEGV`` for 11."""
    try:
        return signal.Signals(number).name
    except ValueError:
        return f"signal {number}"


def _checked(framework: str, hello: dict[str, Any]) -> dict[str, Any]:
    """A greeting in which everything that is shown later is text, and short."""
    for key in ("version", "python", "numpy", "device"):
        if not isinstance(hello.get(key), str) or len(hello[key]) > 200:
            raise WorkerFailed(f"{framework}: its worker's greeting gives no {key}")
    if not isinstance(hello.setdefault("r", ""), str) or len(hello["r"]) > 200:
        raise WorkerFailed(f"{framework}: its worker's greeting gives no r")
    dtypes = hello.get("dtypes")
    if not isinstance(dtypes, list) or len(dtypes) > 64 or not all(isinstance(d, str) for d in dtypes):
        raise WorkerFailed(f"{framework}: its worker's greeting gives no dtypes")
    return hello
