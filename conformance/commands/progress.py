"""Shows live progress on a terminal, and plain lines elsewhere; both on stderr."""

from __future__ import annotations

import time
from typing import Final

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.status import Status
from rich.text import Text

from conv_transpose_conformance.causes.find import Looking
from conv_transpose_conformance.commands.context import RunContext
from conv_transpose_conformance.commands.handlers import (
    Event,
    EventHandler,
    Executing,
    Interrupted,
    PhaseBegan,
    PhaseEnded,
)
from conv_transpose_conformance.execution import events
from conv_transpose_conformance.judging.verdicts import Record, Verdict
from conv_transpose_conformance.requirements.examine import Examining
from conv_transpose_conformance.text import plain

_TITLES: Final = {
    "requirements": "examining requirements",
    "causes": "looking for causes",
    "scripts": "running the reproduction scripts",
    "writing": "writing the report",
}
_REDRAWN: Final = 0.1  # seconds between two updates: redrawing at every call would cost more than judging it


class ProgressView(EventHandler):
    """Shows the run's progress, phase by phase."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._bar = Progress(
            TextColumn("judging"),
            BarColumn(),
            MofNCompleteColumn(),
            TextColumn("calls · {task.fields[failing]} checks failing"),
            TimeElapsedColumn(),
            console=console,
            transient=True,
        )
        self._task: TaskID = self._bar.add_task("run", total=None, failing=0)
        self._shown: Progress | Status | None = None  # on a terminal
        self._judged = 0
        self._failing = 0
        self._updated = 0.0
        self._said: dict[str, str] = {}

    def handle(self, event: Event) -> None:
        """Shows one event."""
        match event:
            case events.Judged(records):
                self._count(records)
            case events.Planned(calls):
                self._bar.update(self._task, total=calls)
            case events.Preparing(framework, message):
                if self._said.get(framework) != message:
                    self._said[framework] = message
                    self._say(f"{framework}: {message}")
            case events.Ready(framework, info):
                self._say(f"{framework} {info.get('version')}: ready, on {info.get('device')}")
            case events.Unavailable(framework, reason):
                self._say(f"{framework}: not run: {reason}", "yellow")
            case events.Restarted(framework, reason):
                self._say(f"{framework}: restarted a worker: {reason}", "yellow")
            case Examining(column, requirement):
                self._work(f"{column}: {requirement}")
            case Looking(target, message):
                self._tell(f"{target}: {message}")
            case Executing():
                self._tell("running the reproduction scripts")
            case Interrupted():
                self._console.print("interrupted: stopping the workers and writing the results so far")
            case PhaseBegan(phase):
                self._begin(phase)
            case PhaseEnded():
                self._end()

    def finish(self, context: RunContext) -> None:
        """Restores the terminal."""
        self._end()

    def _begin(self, phase: str) -> None:
        if self._console.is_terminal:
            title = _TITLES.get(phase)
            self._shown = self._bar if title is None else self._console.status(title)
            self._shown.start()

    def _end(self) -> None:
        if self._shown is not None:
            self._shown.stop()
            self._shown = None

    def _count(self, records: list[Record]) -> None:
        if records[0].verdict is Verdict.NOT_APPLICABLE:
            return
        self._judged += 1
        self._failing += sum(record.failing for record in records)
        if time.monotonic() - self._updated > _REDRAWN:
            self._updated = time.monotonic()
            self._bar.update(self._task, completed=self._judged, failing=self._failing)

    def _say(self, line: str, style: str = "dim") -> None:
        self._console.print(Text(plain(line), style=style), soft_wrap=True)

    def _work(self, line: str) -> None:
        """Shows a phase's current step, on a terminal."""
        if isinstance(self._shown, Status):
            self._shown.update(Text(plain(line), style="dim"))

    def _tell(self, line: str) -> None:
        """Shows a phase's current step, in a separate line if there is no terminal."""
        if self._shown is not None:
            self._work(line)
        else:
            self._say(line)
