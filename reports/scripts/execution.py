"""Reproduction scripts, written beside a run's report and executed with the framework's own interpreter."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import tempfile
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from attrs import define, field, frozen

from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.frameworks import registry
from conv_transpose_conformance.reports.scripts.python_script import MARK
from conv_transpose_conformance.text import plain

DEADLINE: Final = 90.0  # seconds a script may take, its framework's import included
_KEPT: Final = 4000  # characters of what it said
_NOT_RUN: Final = "not executed: the run was made with --no-explain, or its framework was not there"
# What differs from one execution to the next: addresses, times, numbers of processes.
_PASSING: Final = re.compile(
    r"\b0x[0-9a-f]{6,}\b|\b[0-9a-f]{9,}\b|(?<=PID )\d+|(?<=\()\d{3,}(?=[:,])"
    r"|\d{4}-\d\d-\d\d[-T ]\d\d:\d\d:\d\d[.\d]*"
)
_SETTINGS: Final = {"OMP_NUM_THREADS": "1", "PYTHONDONTWRITEBYTECODE": "1"}


@frozen
class Executed:
    """What came of a script: ``reproduced``, ``gone`` or ``failed``, which is neither."""

    status: str
    exit_code: int | None
    output: str


def execute(
    script: str,
    python: Path,
    deadline: float = DEADLINE,
    ending: str = ".py",
    settings: Mapping[str, str] | None = None,
) -> Executed:
    """Runs a script in a folder of its own; its whole process group ends with it."""
    with tempfile.TemporaryDirectory(prefix="conformance-repro-", ignore_cleanup_errors=True) as folder:
        path = Path(folder) / f"repro{ending}"
        path.write_text(script, encoding="utf-8")
        try:
            process = subprocess.Popen(
                [str(python), str(path)],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                env={**os.environ, **_SETTINGS, **(settings or {})},
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
    said = plain(output.decode("utf-8", "replace").replace(folder, ".")).strip()[-_KEPT:]
    said = _PASSING.sub("…", said)
    if process.returncode == 1 and MARK in said.splitlines():
        return Executed("reproduced", 1, said)
    return Executed("gone" if process.returncode == 0 else "failed", process.returncode, said)


@define
class Executions:
    """Executes divergences' scripts, two at a time, while others are still being looked for.

    ``interpreters`` are those that may be started, until ``cancelled``.
    """

    interpreters: Mapping[str, Path]
    cancelled: Callable[[], bool] = lambda: False
    _threads: ThreadPoolExecutor = field(factory=lambda: ThreadPoolExecutor(2), init=False)

    def begin(
        self, framework: str, scripts: Sequence[Callable[[], str]], ending: str = ".py"
    ) -> Future[dict[str, Any] | None]:
        """A divergence's first script that shows it, else the first, marked as it went; plain data.

        ``scripts`` has the most readable first; None comes of none.  ``ending`` ends their files' names.
        """
        return self._threads.submit(self._first, framework, scripts, ending)

    def _first(
        self, framework: str, scripts: Sequence[Callable[[], str]], ending: str
    ) -> dict[str, Any] | None:
        python = None if self.cancelled() else self.interpreters.get(framework)
        first: dict[str, Any] | None = None
        for make in scripts:
            script = make()
            done = Executed("not run", None, _NOT_RUN)
            if python is not None:
                settings = registry.framework(Target.parse(framework).framework).script_variables
                done = execute(script, python, ending=ending, settings=settings)
            found = {
                "script": script,
                "status": done.status,
                "exit_code": done.exit_code,
                "output": done.output,
            }
            if done.status == "reproduced":
                return found
            first = first or found
        return first

    def close(self) -> None:
        """Drops what is not begun, and waits for what is."""
        self._threads.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
