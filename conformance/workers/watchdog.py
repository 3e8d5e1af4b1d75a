"""The watchdog: a process that ends the suite's other processes once the host is gone, even if killed.

A host that gets SIGKILL cannot clean up, and a framework that hangs in its own code does not notice that its
pipes are closed.  So the first child starts a watchdog: a bare Python that reads lines from a pipe that only
the host holds, ``[FOLDER, GROUP]`` for a family that starts or gets its group and ``[FOLDER, null]`` for one
that has ended.  When the pipe ends, it kills the remaining families and removes their folders.

A family is a child with all its descendants: its process group, and processes that left the group but kept
the environment, in which ``MARK`` names the family's folder.

This file is also the program of the watchdog, so it imports only the standard library.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress

MARK = "CONFORMANCE_WORKER_FOLDER"  # environment variable with a child's folder, which descendants inherit
PREFIX = "conformance-"  # beginning of the folders' names; no other folder is removed
_PASSES = 100
_TRIES = 50

_lock = threading.Lock()
_owner = 0  # the process that owns these families; a fork of the host has none yet
_watched: dict[str, int] = {}
_watchdog: subprocess.Popen[bytes] | None = None


def watch(folder: str, group: int = 0) -> None:
    """Makes the watchdog responsible for a family; ``group`` is 0 until it is known."""
    _tell(folder, group)


def release(folder: str) -> None:
    """Tells the watchdog that the host has ended a family."""
    _tell(folder, None)


def _tell(folder: str, group: int | None) -> None:
    global _owner, _watchdog
    with _lock:
        if _owner != os.getpid():
            _owner, _watchdog = os.getpid(), None
            _watched.clear()
        if group is None:
            _watched.pop(folder, None)
        else:
            _watched[folder] = group
        told = {folder: group}
        if _watchdog is None or _watchdog.poll() is not None:
            _watchdog = _start()
            told = {**_watched}  # also those of a killed watchdog
        assert _watchdog.stdin is not None
        with suppress(BrokenPipeError):  # it was killed; the next line starts another
            _watchdog.stdin.write(b"".join(json.dumps(line).encode() + b"\n" for line in told.items()))
            _watchdog.stdin.flush()


def _start() -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-I", "-S", __file__],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        cwd="/",
        env={},
        start_new_session=True,  # signals to the host's group or terminal must not end it
    )


def end_family(group: int, folder: str) -> None:
    """Kills a process group (0: none) and the processes with the family's mark."""
    if group:
        with suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)
    ended: set[int] = set()
    for _ in range(_PASSES):  # a process may have started another while it was killed
        found = set(_marked(folder, group)) - ended
        if not found:
            return
        for process in found:
            with suppress(ProcessLookupError, PermissionError):
                os.kill(process, signal.SIGKILL)
        ended |= found


def _marked(folder: str, group: int) -> Iterator[int]:
    """Yields the processes with the mark that are not in the group."""
    mark = b"\0" + os.fsencode(f"{MARK}={folder}") + b"\0"
    for name in os.listdir("/proc") if os.path.isdir("/proc") else ():
        # processes of other users cannot be read; dead ones read as empty
        with suppress(OSError):
            marked = name.isdigit() and mark in b"\0" + _bytes(f"/proc/{name}/environ") + b"\0"
            if marked and os.getpgid(int(name)) != group:
                yield int(name)


def _bytes(path: str) -> bytes:
    with open(path, "rb", buffering=0) as file:
        return file.read()


def remove(folder: str) -> None:
    """Removes a family's folder, into which a process that is being killed may still write."""
    if not os.path.basename(folder).startswith(PREFIX):
        return
    for _ in range(_TRIES):
        shutil.rmtree(folder, ignore_errors=True)
        if not os.path.lexists(folder):
            return
        for place, folders, _files in os.walk(folder):  # folders without permissions, which it may have left
            for name in folders:
                if not os.path.islink(os.path.join(place, name)):
                    with suppress(OSError):
                        os.chmod(os.path.join(place, name), 0o700)
        time.sleep(0.02)


def _main() -> None:
    watched: dict[str, int] = {}
    for line in sys.stdin:
        folder, group = json.loads(line)
        if group is None:
            watched.pop(folder, None)
        else:
            watched[folder] = group
    for folder, group in watched.items():
        end_family(group, folder)
    for folder in watched:
        remove(folder)


if __name__ == "__main__":
    _main()
