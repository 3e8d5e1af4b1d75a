"""Processes of this machine, and those of the suite that tests start and kill."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from tests.support import ROOT
from tests.support.waiting import wait_until


def is_alive(process: int) -> bool:
    """Whether a process runs; a zombie does not."""
    try:
        return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


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


def wait_for_the_end_of(processes: Iterable[int]) -> None:
    """Returns once none of them is alive."""
    waiting = set(processes)
    wait_until(lambda: not any(map(is_alive, waiting)), f"the end of {sorted(waiting)}")


def wait_for_the_end_of_groups(groups: Iterable[int]) -> None:
    """Returns once no process of these groups is alive."""
    waiting = set(groups)
    wait_until(lambda: not waiting & process_groups().keys(), f"the end of the groups {sorted(waiting)}")


def wait_until_empty(folder: Path) -> None:
    """Returns once nothing is left in a folder."""
    wait_until(lambda: not list(folder.iterdir()), f"{folder} to be empty")


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
