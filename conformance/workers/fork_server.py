"""The host's half of :mod:`adapters.forkserver`: workers forked from a process that has imported a framework.

Such a fork replaces a worker that a forbidden call may have harmed.  Workers on other devices or systems
cannot be forked; a newly started process replaces them.  The first worker of each framework is also a newly
started process.
"""

from __future__ import annotations

import json
import socket
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from attrs import define, field

from conv_transpose_conformance.adapters import KEPT
from conv_transpose_conformance.adapters.forkserver import PACKET
from conv_transpose_conformance.workers.command import WorkerCommand
from conv_transpose_conformance.workers.environment import worker_environment
from conv_transpose_conformance.workers.launch import Child, start
from conv_transpose_conformance.workers.stop import Stop

START_TIMEOUT: Final = 180.0
_REPLY: Final = 20.0  # seconds; it only forks
_GLANCE: Final = 0.2


class NoForks(Exception):
    """The server cannot be started, or has ended."""


@define
class ForkServer:
    """A process that has imported the framework of ``command`` and forks workers; :meth:`close` ends it.

    Raises:
        NoForks: if it cannot be started, or cannot fork because it has threads.
    """

    command: WorkerCommand
    stop: Stop
    _child: Child = field(init=False)
    _control: socket.socket = field(init=False)
    _lock: threading.Lock = field(factory=threading.Lock, init=False)

    def __attrs_post_init__(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs:
                self._child = start(
                    [*self.command.command, str(theirs.fileno())],
                    worker_environment,
                    name=self.command.framework,
                    variables=self.command.variables,
                    pass_fds=(theirs.fileno(),),
                )
        except OSError as error:
            self._control.close()
            raise NoForks(error.strerror) from None
        try:
            (self._child.folder / "kept").mkdir()
            if self._hear(START_TIMEOUT).get("threads") != 1:
                raise NoForks("it has threads")
        except BaseException:
            self.close()
            raise

    def fork(self, folder: Path, environment: Mapping[str, str], descriptors: Sequence[int]) -> Forked:
        """Returns a worker in ``folder`` with these descriptors for requests, answers and log.

        The forks share compiled code.
        """
        kept = {KEPT: str(self._child.folder / "kept")}
        request = {"folder": str(folder), "environment": {**environment, **kept}}
        return Forked(self, int(self.ask({"fork": request}, descriptors)["pid"]))

    def ask(self, request: Mapping[str, Any], descriptors: Sequence[int] = ()) -> dict[str, Any]:
        """Returns the reply to a request; any thread may call it.

        Raises:
            NoForks: if the server has ended.
        """
        packet = json.dumps(request).encode()
        with self._lock:
            try:
                socket.send_fds(self._control, [packet], list(descriptors))
            except OSError as error:
                raise NoForks(str(error)) from None
            return self._hear(_REPLY)

    def _hear(self, timeout: float) -> dict[str, Any]:
        end = time.monotonic() + timeout
        self._control.settimeout(_GLANCE)
        while time.monotonic() < end and not self.stop.is_set():
            try:
                data = self._control.recv(PACKET)
            except TimeoutError:
                continue
            except OSError as error:
                raise NoForks(str(error)) from None
            if not data:
                break
            with suppress(ValueError):
                reply = json.loads(data)
                if isinstance(reply, dict):
                    return reply
            break
        self._control.close()  # a late reply must not answer the next request
        raise NoForks("it has ended")

    def close(self) -> None:
        """Ends the server and all its remaining forks."""
        self._control.close()
        self._child.end()


@define
class Forked:
    """The process of a forked worker, with the interface that ``launch`` needs.

    It stays a zombie and keeps its process id until :meth:`wait` has returned.
    """

    _server: ForkServer
    pid: int
    returncode: int | None = None

    def poll(self) -> int | None:
        """Returns the exit code, None while it lives."""
        return self._code({"status": self.pid}) if self.returncode is None else self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Returns the exit code once it has ended; -9 if the server has ended too, so that nobody knows.

        Raises:
            TimeoutError: if it is still alive after ``timeout`` seconds.
        """
        end = None if timeout is None else time.monotonic() + timeout
        while (code := self.poll()) is None:
            if end is not None and time.monotonic() > end:
                raise TimeoutError
            time.sleep(0.002)
        if self.returncode is None:
            self._code({"reap": self.pid})
            self.returncode = code
        return code

    def _code(self, request: Mapping[str, Any]) -> int | None:
        try:
            code = self._server.ask(request)["code"]
        except NoForks:
            return -9
        return None if code is None else int(code)
