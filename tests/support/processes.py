"""Processes that tests start, watch and outlive."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

from tests.support import ROOT

CEILING = 120.0  # seconds: nothing takes so long, however busy the machine is; what does hangs


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
