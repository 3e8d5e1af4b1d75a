"""Processes that tests start, watch and outlive."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from tests.support import ROOT

CEILING = 600.0  # seconds: nothing takes so long, however busy the machine is; what does hangs


def wait_until(condition: Callable[[], bool]) -> bool:
    """Whether it comes true."""
    end = time.monotonic() + CEILING
    while not condition():
        if time.monotonic() > end:
            return False
        time.sleep(0.01)
    return True


def alive(process: int) -> bool:
    """Whether it is there, and no zombie."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


def gone(*processes: int) -> bool:
    """Whether they end, all of them."""
    return wait_until(lambda: not any(map(alive, processes)))


def host(program: str, *arguments: object, temporary: Path) -> subprocess.Popen[bytes]:
    """A Python that imports the suite and the tests, with a folder for its temporary files."""
    temporary.mkdir(exist_ok=True)
    start = f"import sys; sys.path[:0] = [{str(ROOT)!r}]\n"
    return subprocess.Popen(
        [sys.executable, "-c", start + program, *map(str, arguments)],
        env={**os.environ, "TMPDIR": str(temporary)},
    )


def numbers_in(path: Path) -> list[int]:
    """The numbers in a file; none until it is there and ends with a line's end."""
    text = path.read_text() if path.exists() else ""
    return [int(word) for word in text.split()] if text.endswith("\n") else []


def process_groups() -> dict[int, list[int]]:
    """The living processes by process group."""
    found: dict[int, list[int]] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            state, _parent, group = stat.read_text().rpartition(")")[2].split()[:3]
        except OSError:
            continue
        if state not in "ZX":
            found.setdefault(int(group), []).append(int(stat.parent.name))
    return found


def children(parent: int) -> set[int]:
    """The processes that any thread of a process has started."""
    found = set()
    for path in Path(f"/proc/{parent}/task").glob("[0-9]*/children"):
        with suppress(OSError):
            found |= set(map(int, path.read_text().split()))
    return found


def are_all_asleep(parent: int) -> bool:
    """Whether no thread of the children of a process, or of theirs, computes or waits for a disk."""
    for child in children(parent):
        for stat in Path(f"/proc/{child}/task").glob("[0-9]*/stat"):
            with suppress(OSError):
                if stat.read_text().rpartition(")")[2].split()[0] in "RD":
                    return False
        if not are_all_asleep(child):
            return False
    return True
