"""The guardian: a process that ends the workers when their host is gone, however it went.

A host killed with SIGKILL cannot clean up after itself, and a framework that hangs inside its own code never
notices that nobody listens any more.  So the first worker brings a guardian with it: a bare Python that reads
lines from a pipe only the host holds, ``+ GROUP FOLDER`` for a worker started and ``- GROUP`` for one ended.
At the end of that pipe it kills what is left and removes the temporary folders.

This file is that program too, and so imports the standard library alone.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import threading
from contextlib import suppress
from pathlib import Path
from typing import IO

MARK = "CONFORMANCE_WORKER_FOLDER"  # in a worker's environment: its folder, and so its children's

_lock = threading.Lock()
_guardian: tuple[int, subprocess.Popen[bytes]] | None = None  # the process that owns it, and the guardian


def begin() -> None:
    """Starts it, so that the first process that it is to watch is not long without it."""
    _tell("")


def watch(group: int, folder: Path) -> None:
    """From now on the guardian ends this worker where the host does not."""
    _tell(f"+ {group} {folder}\n")


def release(group: int) -> None:
    """The host has ended this worker."""
    _tell(f"- {group}\n")


def _tell(line: str) -> None:
    global _guardian
    with _lock:
        owner, process = _guardian or (0, None)
        if process is None or owner != os.getpid() or process.poll() is not None:
            process = subprocess.Popen(
                [sys.executable, "-I", "-S", __file__],
                stdin=subprocess.PIPE,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
                cwd="/",
                env={},
                start_new_session=True,  # what ends the host's group or terminal must not end it
            )
            _guardian = (os.getpid(), process)
        pipe: IO[bytes] | None = process.stdin
        assert pipe is not None
        with suppress(BrokenPipeError):  # it was killed; the next line starts another
            pipe.write(line.encode())
            pipe.flush()


def end_family(group: int, folder: str) -> None:
    """Kills a worker's process group, and the children that left the group but not its environment."""
    with suppress(ProcessLookupError, PermissionError):
        os.killpg(group, signal.SIGKILL)
    marker = f"{MARK}={folder}\0".encode()
    for environment in Path("/proc").glob("[0-9]*/environ"):
        # One that is not ours cannot be read; one that has died reads as empty.
        with suppress(OSError):
            if marker in environment.read_bytes() + b"\0":
                os.kill(int(environment.parent.name), signal.SIGKILL)


def _main() -> None:
    watched: dict[int, str] = {}
    for line in sys.stdin:
        sign, group, *folder = line.rstrip("\n").split(" ", 2)
        if sign == "+":
            watched[int(group)] = folder[0]
        else:
            watched.pop(int(group), None)
    for number, place in watched.items():
        end_family(number, place)
    for place in watched.values():
        # Only what the host made: a folder of a temporary name.
        if os.path.basename(place).startswith("conformance-"):
            shutil.rmtree(place, ignore_errors=True)


if __name__ == "__main__":
    _main()
