"""Reproduction scripts, written beside a run's report and executed with the framework's own interpreter."""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from typing import Any, Final

from attrs import frozen

from reports.reproduction import MARK
from reports.text import plain

DEADLINE: Final = 60.0  # seconds a script may take, its framework's import included
_KEPT: Final = 4000  # characters of what it said
_SETTINGS: Final = {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


@frozen
class Executed:
    """What came of a script: ``reproduced``, ``gone`` or ``failed``, which is neither."""

    status: str
    exit_code: int | None
    output: str


def execute(script: str, python: Path, deadline: float = DEADLINE) -> Executed:
    """Runs a script in a folder of its own; its whole process group ends with it."""
    with tempfile.TemporaryDirectory(prefix="conformance-repro-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / "repro.py"
        path.write_text(script, encoding="utf-8")
        try:
            process = subprocess.Popen(
                [str(python), str(path)],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **_SETTINGS},
                start_new_session=True,
            )
        except OSError as error:
            return Executed("failed", None, f"cannot be started: {error.strerror}")
        try:
            output, _ = process.communicate(timeout=deadline)
        except subprocess.TimeoutExpired:
            return Executed("failed", None, f"no end within {deadline:g} seconds")
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()
    said = plain(output.decode("utf-8", "replace")).strip()[-_KEPT:]
    if process.returncode == 1 and MARK in said.splitlines():
        return Executed("reproduced", 1, said)
    return Executed("gone" if process.returncode == 0 else "failed", process.returncode, said)


@frozen
class Candidate:
    """A divergence's scripts, the most readable first."""

    name: str
    framework: str
    scripts: Sequence[Callable[[], str]]


def reproduce(
    candidates: Sequence[Candidate], interpreters: Mapping[str, Path]
) -> list[dict[str, Any] | None]:
    """For each divergence the first script that shows it, else the first marked as it went; plain data."""

    def one(candidate: Candidate) -> dict[str, Any] | None:
        python = interpreters.get(candidate.framework)
        first: dict[str, Any] | None = None
        for make in candidate.scripts:
            script = make()
            done = Executed(
                "not run",
                None,
                "not executed: the run was made without --explain, or its framework was not there",
            )
            if python is not None:
                done = execute(script, python)
            found = {
                "file": f"repro/{candidate.name}.py",
                "script": script,
                "status": done.status,
                "exit_code": done.exit_code,
                "output": done.output,
            }
            if done.status == "reproduced":
                return found
            first = first or found
        return first

    with ThreadPoolExecutor(max(min(os.cpu_count() or 1, len(candidates)), 1)) as threads:
        return list(threads.map(one, candidates))
