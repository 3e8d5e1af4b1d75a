"""A worker process as the host holds it: started, fed, timed, and ended.

The worker is a process group of its own in a temporary folder of its own.  Requests and answers travel on
two pipes; its stdout and stderr go to a log, the tail of which tells the story where it dies.
"""

from __future__ import annotations

import os
import select
import shutil
import signal
import subprocess
import tempfile
import threading
import time
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import adapters
from adapters.protocol import PROTOCOL, Arrays, Decoder, ProtocolError
from conformance.errors import ConformanceError

START_TIMEOUT = 180.0
LINGER = 5.0  # seconds between the end of a worker's answers and its own
_GLANCE = 0.2  # seconds between two looks at whether the run was stopped
_CHUNK = 1 << 18
_TAIL = 4000

# One thread each: the other core is the reference's, and sums keep one order.
_SETTINGS = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "FLAGS_call_stack_level": "0",
    "GLOG_v": "3",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONUNBUFFERED": "1",
}


class WorkerFailed(ConformanceError):
    """A worker that could not be started; the text says why."""

    exit_code = 3


class WorkerDied(Exception):
    """The process ended or broke the protocol; the text says how, with the last lines of its log."""


class WorkerTimeout(Exception):
    """No answer within the deadline."""


class Worker:
    """One process running ``adapters.worker`` for a framework in ``python``, the path of an interpreter.

    ``stop`` ends every wait once it is set, that for the greeting included.

    Raises:
        WorkerFailed: where the interpreter cannot be run, the framework cannot be imported, or nothing is
            heard of it within ``START_TIMEOUT`` seconds.
    """

    def __init__(self, framework: str, python: Path, stop: threading.Event | None = None) -> None:
        self.framework = framework
        self._stop = stop or threading.Event()
        self.folder = Path(tempfile.mkdtemp(prefix=f"conformance-{framework}-"))
        self._log = self.folder / "worker.log"
        self._outgoing = bytearray()
        self._decoder = Decoder()
        request_read, self._requests = os.pipe()
        self._answers, answer_write = os.pipe()
        bootstrap = Path(adapters.__file__).with_name("bootstrap.py")
        command = [str(python), str(bootstrap), framework, str(request_read), str(answer_write)]
        try:
            with self._log.open("wb") as log:
                self.process = subprocess.Popen(
                    command,
                    stdin=subprocess.DEVNULL,
                    stdout=log,
                    stderr=log,
                    cwd=self.folder,
                    env=_environment(self.folder),
                    pass_fds=(request_read, answer_write),
                    start_new_session=True,
                )
        except OSError as error:
            os.close(self._requests)
            os.close(self._answers)
            shutil.rmtree(self.folder, ignore_errors=True)
            raise WorkerFailed(f"{framework}: cannot run {python}: {error.strerror}") from None
        finally:
            os.close(request_read)
            os.close(answer_write)
        os.set_blocking(self._requests, False)
        os.set_blocking(self._answers, False)
        try:
            self.hello = self._greet()
        except BaseException:
            self.kill()
            raise

    def _greet(self) -> dict[str, Any]:
        try:
            header, _ = self.receive(START_TIMEOUT)
        except WorkerTimeout:
            raise WorkerFailed(
                f"{self.framework}: nothing heard of its worker in {START_TIMEOUT:g} s"
            ) from None
        except WorkerDied as died:
            raise WorkerFailed(f"{self.framework}: {died}") from None
        if header.get("type") == "failed":
            raise WorkerFailed(f"{self.framework} cannot be imported: {header.get('message')}")
        if header.get("type") != "hello" or header.get("protocol") != PROTOCOL:
            raise WorkerFailed(
                f"{self.framework}: its worker speaks protocol {header.get('protocol')!r}, "
                f"the suite {PROTOCOL}"
            )
        return header

    def send(self, frame: bytes) -> None:
        """Queues a frame; it is written while :meth:`receive` waits."""
        self._outgoing += frame

    def receive(self, timeout: float) -> tuple[dict[str, Any], Arrays]:
        """The next frame.

        Raises:
            WorkerTimeout: after ``timeout`` seconds without a whole frame.
            WorkerDied: where the process ended or sent what is no frame, or the run was stopped.
        """
        deadline = time.monotonic() + timeout
        while True:
            try:
                frame = self._decoder.next()
            except ProtocolError as error:
                raise WorkerDied(f"it broke the protocol: {error}") from None
            if frame is not None:
                return frame
            left = deadline - time.monotonic()
            if left <= 0:
                if self.process.poll() is not None:  # dead, and a child of its own holds the pipe open
                    raise WorkerDied(self._obituary())
                raise WorkerTimeout
            if self._stop.is_set():
                raise WorkerDied("the run ended before it answered")
            writable = [self._requests] if self._outgoing else []
            readable, writable, _ = select.select([self._answers], writable, [], min(left, _GLANCE))
            if writable:
                self._write()
            if readable:
                data = os.read(self._answers, _CHUNK)
                if not data:
                    raise WorkerDied(self._obituary())
                self._decoder.feed(data)

    def _write(self) -> None:
        try:
            written = os.write(self._requests, memoryview(self._outgoing)[:_CHUNK])
        except BlockingIOError:
            return
        except BrokenPipeError:
            self._outgoing.clear()  # its answers end too, and say why
            return
        del self._outgoing[:written]

    def _obituary(self) -> str:
        try:
            code = self.process.wait(timeout=LINGER)
        except subprocess.TimeoutExpired:
            return "it closed its answers and lives on"
        tail = self.log_tail()
        how = signal_name(-code) if code < 0 else f"exit status {code}"
        return how + (f"; its log ends: {tail}" if tail else "")

    def log_tail(self, lines: int = 6) -> str:
        """The last lines of stdout and stderr, joined by ' | '."""
        try:
            with self._log.open("rb") as log:
                log.seek(0, os.SEEK_END)
                log.seek(max(0, log.tell() - _TAIL))
                text = log.read().decode("utf-8", "replace")
        except OSError:
            return ""
        kept = [line.strip() for line in text.splitlines() if line.strip()]
        return " | ".join(kept[-lines:])

    def kill(self) -> None:
        """Ends the whole process group and removes the folder; may be called again."""
        if self._requests >= 0:
            os.close(self._requests)
            os.close(self._answers)
            self._requests = self._answers = -1
        self.end_process()
        self.process.wait()
        shutil.rmtree(self.folder, ignore_errors=True)

    def end_process(self) -> None:
        """Kills the whole process group; safe from any thread."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.process.pid, signal.SIGKILL)

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


def _environment(folder: Path) -> dict[str, str]:
    # PYTHONPATH and its like would bring the host's packages into the framework's interpreter.
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    return {**kept, **_SETTINGS, "TMPDIR": str(folder)}
