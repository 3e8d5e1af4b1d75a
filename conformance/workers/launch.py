"""Starts every child process of the suite: contained, watched and limited; ends it with all its children.

A child leads a session of its own, has a private folder, and sees the variables of its kind of environment
(see ``environment``).  It writes no core file.  If the host cannot, the watchdog ends the child and its
children and removes the folder.
"""

from __future__ import annotations

import errno
import math
import os
import resource
import secrets
import select
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Callable, Collection, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Final, Protocol, Self

from attrs import define, field, frozen

from conv_transpose_conformance.workers import watchdog

OUTPUT: Final = 1 << 20  # bytes at the end of each stream that are kept
LOG: Final = 1 << 24  # maximum bytes of a log file
_GLANCE: Final = 0.05  # seconds between two calls of ``stop``
_CHUNK: Final = 1 << 16

Environment = Callable[[Path], dict[str, str]]  # makes a child with a given private folder
DISCARD: Final = subprocess.DEVNULL
# sets limits before the program starts; from outside it could be too late
_LIMITED: Final = ("/bin/sh", "-c", 'ulimit -c 0; ulimit -v "$1" 2>/dev/null; shift; exec "$@"', "sh")


class Process(Protocol):
    """A started process; ``wait`` raises if it is still alive after ``timeout`` seconds."""

    pid: int

    def poll(self) -> int | None:
        """Returns the exit code, None while it lives."""

    def wait(self, timeout: float | None = None) -> int:
        """Returns the exit code once it has ended."""


@define
class Child:
    """A started process and its private ``folder``; :meth:`end`, or the end of the block, ends both."""

    folder: Path
    _process: Process
    _ended: bool = field(default=False, init=False)

    @property
    def pid(self) -> int:
        """The id of the process and of its group."""
        return self._process.pid

    def poll(self) -> int | None:
        """Returns the exit code, negative for a signal, None while it lives."""
        return self._process.poll()

    def wait(self, timeout: float | None = None) -> int | None:
        """Returns the exit code once it has ended, None if it is still alive after ``timeout`` seconds."""
        try:
            return self._process.wait(timeout)
        except (subprocess.TimeoutExpired, TimeoutError):
            return None

    def kill(self) -> None:
        """Kills the process group; any thread may call it."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def limit_memory(self, more: int) -> None:
        """Limits its address space to so many bytes more than it has now, if the system can."""
        with suppress(OSError, ValueError, IndexError):
            pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[0])
            _limit(self.pid, "RLIMIT_AS", pages * resource.getpagesize() + more)

    def end_family(self) -> None:
        """Kills the process and all its children; the folder stays."""
        watchdog.end_family(self.pid, str(self.folder))

    def end(self) -> None:
        """Kills the process and all its children, and removes the folder; may be called again."""
        if self._ended:
            return
        self._ended = True
        self.end_family()
        self._process.wait()
        watchdog.remove(str(self.folder))
        watchdog.release(str(self.folder))

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.end()


def start(
    command: Sequence[str | Path],
    environment: Environment,
    *,
    name: str,
    variables: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    output: int = DISCARD,
    errors: int = subprocess.STDOUT,
    pass_fds: Collection[int] = (),
    memory: int | None = None,
) -> Child:
    """Starts a program.

    Args:
        command: the program and its arguments.
        environment: the kind of environment, one of :mod:`workers.environment`.
        name: a part of its folder's name.
        variables: additional environment variables.
        files: the texts of files to write to its folder, by name.
        cwd: its working folder; its own folder by default.
        output: the descriptor of its stdout.
        errors: the descriptor of its stderr; that of its stdout by default.
        pass_fds: descriptors that it inherits.
        memory: the limit of its address space in bytes, if the system supports it.

    Raises:
        OSError: if it cannot be started.
    """

    whole = list(command)
    if memory is not None:
        if shutil.which(command[0]) is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(command[0]))
        whole = [*_LIMITED, str(memory >> 10), *command]

    def make(folder: Path, seen: dict[str, str]) -> Process:
        return subprocess.Popen(
            whole,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=errors,
            cwd=cwd or folder,
            env=seen,
            pass_fds=pass_fds,
            start_new_session=True,
        )

    return contain(make, environment, name=name, variables=variables, files=files)


def contain(
    make: Callable[[Path, dict[str, str]], Process],
    environment: Environment,
    *,
    name: str,
    variables: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
) -> Child:
    """Makes a child by ``make``, which gets folder and variables; other arguments as in :func:`start`.

    Raises:
        OSError: if its folder cannot be created.  Exceptions of ``make`` pass through.
    """
    # with links resolved, as programs print it
    folder = Path(tempfile.gettempdir()).resolve() / f"{watchdog.PREFIX}{name}-{secrets.token_hex(6)}"
    watchdog.watch(str(folder))  # before anything exists that could be left behind
    group = 0
    try:
        folder.mkdir(mode=0o700)
        for file, text in (files or {}).items():
            (folder / file).write_text(text, encoding="utf-8")
        seen = {**environment(folder), **(variables or {}), watchdog.MARK: str(folder)}
        process = make(folder, seen)
        group = process.pid
        watchdog.watch(str(folder), group)
        _limit(group, "RLIMIT_CORE", 0)
    except BaseException:
        watchdog.end_family(group, str(folder))
        watchdog.remove(str(folder))
        watchdog.release(str(folder))
        raise
    return Child(folder, process)


def _limit(process: int, what: str, most: int) -> None:
    if hasattr(resource, "prlimit"):
        with suppress(OSError, ValueError):  # it has ended, or has a lower limit
            resource.prlimit(process, getattr(resource, what), (most, most))


@frozen
class Finished:
    """How a program ended: its exit code, None if the suite ended it, and the end of its output.

    ``folder`` is the path that its folder had; the output may contain it.
    """

    code: int | None
    output: str
    errors: str
    folder: Path


def run(
    command: Sequence[str | Path],
    environment: Environment,
    *,
    name: str,
    deadline: float | None,
    stop: Callable[[], bool] = lambda: False,
    log: int | None = None,
    together: bool = False,
    variables: Mapping[str, str] | None = None,
    files: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    memory: int | None = None,
) -> Finished:
    """Runs a program to its end, or ends it and all its children.

    Args:
        command: as in :func:`start`, like all arguments not listed here.
        deadline: the seconds that it may take; None for no limit.
        stop: called regularly; the program is ended once it returns True.
        log: the descriptor of a file that gets a copy of its output, truncated after :data:`LOG` bytes.
        together: whether stderr is part of the output.

    Returns:
        The outcome, with at most the last :data:`OUTPUT` bytes of each stream.

    Raises:
        OSError: if it cannot be started, or if the log cannot be written.
    """
    end = math.inf if deadline is None else time.monotonic() + deadline
    reads: list[int] = []
    writes: list[int] = []
    try:
        try:
            for _ in range(1 if together else 2):
                read, write = os.pipe()
                reads.append(read)
                writes.append(write)
            child = start(
                command,
                environment,
                name=name,
                variables=variables,
                files=files,
                cwd=cwd,
                output=writes[0],
                errors=writes[-1],
                memory=memory,
            )
        finally:
            for descriptor in writes:
                os.close(descriptor)
        with child:
            written = {read: bytearray() for read in reads}
            code = _listen(child, written, log, lambda: stop() or time.monotonic() > end)
    finally:
        for descriptor in reads:
            os.close(descriptor)
    texts = [written[read].decode("utf-8", "replace") for read in reads]
    return Finished(code, texts[0], "" if together else texts[1], child.folder)


def _listen(
    child: Child, written: dict[int, bytearray], log: int | None, enough: Callable[[], bool]
) -> int | None:
    """Reads its output, keeping the end, until it ends or its time is up; returns the exit code."""
    waiting = select.poll()
    for descriptor in written:
        waiting.register(descriptor, select.POLLIN)
    left = len(written)
    ended = False
    while not enough():
        code = child.poll() if left else child.wait(_GLANCE)
        if code is not None and left and not ended:
            child.end_family()  # children that hold its output open
            ended = True
        ready = waiting.poll(0 if code is not None else _GLANCE * 1000) if left else []
        for descriptor, _event in ready:
            data = os.read(descriptor, _CHUNK)
            if not data:
                waiting.unregister(descriptor)
                left -= 1
            written[descriptor] += data
            del written[descriptor][:-OUTPUT]
            if log is not None:
                _append(log, data)
        if code is not None and not ready:
            return code
    return None


def _append(log: int, data: bytes) -> None:
    if os.lseek(log, 0, os.SEEK_CUR) + len(data) > LOG:
        os.ftruncate(log, 0)
        os.lseek(log, 0, os.SEEK_SET)
    while data:
        data = data[os.write(log, data) :]
