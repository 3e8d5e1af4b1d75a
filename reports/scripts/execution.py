"""Runs reproduction scripts with the framework's own interpreter, contained like a worker."""

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

DEADLINE: Final = 90.0  # seconds that a script may take, including the import of its framework
SPACE: Final = 2 * MEMORY  # bytes of address space for the framework and the call
_KEPT: Final = 4000  # characters of its output
_NOT_RUN: Final = "not run: the run had --no-explain, or the framework was unavailable"
# parts of an output that differ between executions: addresses, times, process ids
_PASSING: Final = re.compile(
    r"\b0x[0-9a-f]{6,}\b|\b[0-9a-f]{9,}\b|(?<=PID )\d+|(?<=\()\d{3,}(?=[:,])"
    r"|\d{4}-\d\d-\d\d[-T ]\d\d:\d\d:\d\d[.\d]*"
)


@frozen
class Executed:
    """The outcome of a script: ``reproduced``, ``gone``, or ``failed`` for anything else."""

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
    """Runs a script in a folder and an environment of its own; ends all its processes afterwards.

    ``settings`` are additional environment variables.  The script is ended once ``stop`` returns True.
    """
    name = f"repro{ending}"
    on_cpu = os.environ.get(DEVICE, "cpu") == "cpu"  # drivers of accelerators reserve more than there is
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
        return Executed("not run", None, "ended early, with the run")
    if done.code is None:
        return Executed("failed", None, f"no end within {deadline:g} seconds")
    said = plain(done.output.replace(str(done.folder), ".")).strip()[-_KEPT:]
    said = _PASSING.sub("…", said)
    if done.code == 1 and MARK in said.splitlines():
        return Executed("reproduced", 1, said)
    return Executed("gone" if done.code == 0 else "failed", done.code, said)


@define
class Executions:
    """Runs the scripts of divergences, two at a time, while the search for others goes on.

    ``interpreters`` are the interpreters to start, until ``cancelled`` returns True.
    """

    interpreters: Mapping[str, Path]
    cancelled: Callable[[], bool] = lambda: False
    _threads: ThreadPoolExecutor = field(factory=lambda: ThreadPoolExecutor(2), init=False)

    def begin(
        self, framework: str, scripts: Sequence[Callable[[], str]], ending: str = ".py"
    ) -> Future[dict[str, Any] | None]:
        """Starts the scripts of a divergence; the result is the first that reproduces it, else the first.

        The result is plain data, None without scripts.  ``scripts`` has the most readable script first;
        ``ending`` is the suffix of the files.
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
