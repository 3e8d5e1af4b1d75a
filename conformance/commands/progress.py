"""Live progress on a terminal, and plain lines elsewhere; both on stderr."""

from __future__ import annotations

import time
from types import TracebackType
from typing import Self

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.text import Text

from conv_transpose_conformance.execution import events
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.text import plain


class ProgressView:
    """A handler that shows what the run is doing."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live: Progress | None = None
        self._judged = 0
        self._failing = 0
        self._said: dict[str, str] = {}
        if console.is_terminal:
            self._live = Progress(
                TextColumn("judging"),
                BarColumn(),
                MofNCompleteColumn(),
                TextColumn("calls · {task.fields[failing]} checks failing"),
                TimeElapsedColumn(),
                console=console,
                transient=True,
            )
            self._task = self._live.add_task("run", total=None, failing=0)

    def __enter__(self) -> Self:
        if self._live is not None:
            self._live.start()
        self._shown = time.monotonic()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        if self._live is not None:
            self._live.stop()

    def handle(self, event: events.Event) -> None:
        """Shows one event."""
        match event:
            case events.Judged(records):
                if records and records[0].verdict is Verdict.NOT_APPLICABLE:
                    return
                self._judged += 1
                self._failing += sum(record.failing for record in records)
                # Redrawing at every call would cost more than judging it.
                if self._live is not None and time.monotonic() - self._shown > 0.1:
                    self._shown = time.monotonic()
                    self._live.update(self._task, completed=self._judged, failing=self._failing)
            case events.Planned(calls):
                if self._live is not None:
                    self._live.update(self._task, total=calls)
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

    def _say(self, line: str, style: str = "dim") -> None:
        self._console.print(Text(plain(line), style=style), soft_wrap=True)
