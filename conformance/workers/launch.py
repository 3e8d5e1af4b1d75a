"""Starts every child process of the suite: contained, watched, limited, and ended with what it starts.

A child is the leader of a session of its own, has a private folder, and sees the variables that its kind of
environment lets through (see ``environment``).  It writes no core file.  The watchdog ends it, its children
and its folder where the host cannot.
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

OUTPUT: Final = 1 << 20  # bytes of each stream that are kept, the last ones
LOG: Final = 1 << 24  # bytes that a log file grows to
_GLANCE: Final = 0.05  # seconds between two looks at whether to go on
_CHUNK: Final = 1 << 16

Environment = Callable[[Path], dict[str, str]]  # of a child whose private folder is given
DISCARD: Final = subprocess.DEVNULL
# Sets limits before the program begins, which from outside could be too late.
_LIMITED: Final = ("/bin/sh", "-c", 'ulimit -c 0; ulimit -v "$1" 2>/dev/null; shift; exec "$@"', "sh")


class Process(Protocol):
    """A started process; ``wait`` raises where it lives on after ``timeout`` seconds."""

    pid: int

    def poll(self) -> int | None:
        """The exit code, or None while it lives."""

    def wait(self, timeout: float | None = None) -> int:
        """The exit code once it has ended."""


@define
class Child:
    """A process that was started, and its private ``folder``; both end with :meth:`end`, or the block."""

    folder: Path
    _process: Process
    _ended: bool = field(default=False, init=False)

    @property
    def pid(self) -> int:
        """The number of the process, and of its group."""
        return self._process.pid

    def poll(self) -> int | None:
        """The exit code, negative for a signal, or None while it lives."""
        return self._process.poll()

    def wait(self, timeout: float | None = None) -> int | None:
        """The exit code once it has ended, or None where it lives on after ``timeout`` seconds."""
        try:
            return self._process.wait(timeout)
        except (subprocess.TimeoutExpired, TimeoutError):
            return None

    def kill(self) -> None:
        """Kills the process group; any thread may."""
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)

    def limit_memory(self, more: int) -> None:
        """Allows so many bytes of address space more than it has now, where the system can."""
        with suppress(OSError, ValueError, IndexError):
            pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[0])
            _limit(self.pid, "RLIMIT_AS", pages * resource.getpagesize() + more)

    def end_family(self) -> None:
        """Kills the process and all that it started; the folder stays."""
        watchdog.end_family(self.pid, str(self.folder))

    def end(self) -> None:
        """Kills the process and all that it started, and removes the folder; may be called again."""
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
        name: becomes part of the name of its folder.
        variables: what its environment holds besides.
        files: the texts of files in its folder, by name.
        cwd: where it runs; its own folder where none is given.
        output: the descriptor of its stdout.
        errors: the descriptor of its stderr, by default that of its stdout.
        pass_fds: descriptors that it inherits.
        memory: the bytes of address space that it may have, where the system can hold it to them.

    Raises:
        OSError: where it cannot be started.
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
    """Makes a child by ``make``, which gets its folder and its variables; the rest is as in :func:`start`.

    Raises:
        OSError: where there is no room for its folder; and what ``make`` raises.
    """
    # With its links followed, as programs state it.
    folder = Path(tempfile.gettempdir()).resolve() / f"{watchdog.PREFIX}{name}-{secrets.token_hex(6)}"
    watchdog.watch(str(folder))  # before there is anything to be left behind
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
        with suppress(OSError, ValueError):  # ended already, or less is allowed anyway
            resource.prlimit(process, getattr(resource, what), (most, most))


@frozen
class Finished:
    """How a program ended: its exit code, or None where it was ended; and the last that it wrote.

    ``folder`` is where its folder was, which its output may name.
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
    """Runs a program to its end, or ends it with all that it started.

    Args:
        command: as in :func:`start`, and so is what is not named here.
        deadline: the seconds that it may take; None for any.
        stop: asked now and then; the program is ended once it says so.
        log: the descriptor of a file that what it writes is copied to, begun anew after :data:`LOG` bytes.
        together: whether its errors are part of its output.

    Returns:
        Of each stream at most the last :data:`OUTPUT` bytes.

    Raises:
        OSError: where it cannot be started, or the log not be written.
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
    """Keeps the end of what it writes, until it has ended or has had enough time; its exit code."""
    waiting = select.poll()
    for descriptor in written:
        waiting.register(descriptor, select.POLLIN)
    left = len(written)
    ended = False
    while not enough():
        code = child.poll() if left else child.wait(_GLANCE)
        if code is not None and left and not ended:
            child.end_family()  # who hold its output open
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
