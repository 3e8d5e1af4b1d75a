"""Executes reproduction scripts with the framework's own interpreter, contained as a worker is."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self

from attrs import define, field, frozen

from conv_transpose_conformance.adapters import DEVICE
from conv_transpose_conformance.cases.names import Target
from conv_transpose_conformance.errors import BadInterpreter
from conv_transpose_conformance.frameworks import registry
from conv_transpose_conformance.reports.scripts.python_script import MARK
from conv_transpose_conformance.text import plain
from conv_transpose_conformance.workers.environment import worker_environment
from conv_transpose_conformance.workers.launch import run
from conv_transpose_conformance.workers.process import MEMORY

DEADLINE: Final = 90.0  # seconds a script may take, its framework's import included
SPACE: Final = 2 * MEMORY  # bytes of address space it may take: for its framework, and for its call
_KEPT: Final = 4000  # characters of what it said
_NOT_RUN: Final = "not executed: the run was made with --no-explain, or its framework was not there"
# What differs from one execution to the next: addresses, times, numbers of processes.
_PASSING: Final = re.compile(
    r"\b0x[0-9a-f]{6,}\b|\b[0-9a-f]{9,}\b|(?<=PID )\d+|(?<=\()\d{3,}(?=[:,])"
    r"|\d{4}-\d\d-\d\d[-T ]\d\d:\d\d:\d\d[.\d]*"
)


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
    stop: Callable[[], bool] = lambda: False,
) -> Executed:
    """Runs a script in a folder and an environment of its own; all that it started ends with it.

    ``settings`` are variables that it sees besides; once ``stop`` says so it is ended.
    """
    name = f"repro{ending}"
    on_cpu = os.environ.get(DEVICE, "cpu") == "cpu"  # accelerators' drivers reserve more than there is
    try:
        done = run(
            [python, name],
            worker_environment,
            name="repro",
            deadline=deadline,
            stop=stop,
            together=True,
            variables=settings,
            files={name: script},
            memory=SPACE if on_cpu else None,
        )
    except OSError as error:
        return Executed("failed", None, f"cannot be started: {error.strerror}")
    if done.code is None and stop():
        return Executed("not run", None, "ended before it was through, as the run was")
    if done.code is None:
        return Executed("failed", None, f"no end within {deadline:g} seconds")
    said = plain(done.output.replace(str(done.folder), ".")).strip()[-_KEPT:]
    said = _PASSING.sub("…", said)
    if done.code == 1 and MARK in said.splitlines():
        return Executed("reproduced", 1, said)
    return Executed("gone" if done.code == 0 else "failed", done.code, said)


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
                done = self._execute(Target.parse(framework).framework, python, script, ending)
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

    def _execute(self, framework: str, python: Path, script: str, ending: str) -> Executed:
        try:
            whose = registry.framework(framework)
            settings = {**whose.runtime.variables(python), **whose.script_variables}
        except BadInterpreter as error:
            return Executed("failed", None, str(error))
        return execute(script, python, ending=ending, settings=settings, stop=self.cancelled)

    def close(self) -> None:
        """Drops what is not begun, and waits for what is."""
        self._threads.shutdown(cancel_futures=True)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()
