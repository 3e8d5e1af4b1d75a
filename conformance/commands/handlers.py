"""Handlers of a run's events: each keeps or shows one thing, and none knows of another."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path

from attrs import define, frozen

from conv_transpose_conformance.causes.find import Found, Looking
from conv_transpose_conformance.commands.context import RunContext, ran, unavailable
from conv_transpose_conformance.commands.recorder import Recorder
from conv_transpose_conformance.execution import events
from conv_transpose_conformance.reports.store.journal import Journal
from conv_transpose_conformance.requirements.examine import Examined, Examining


@frozen
class PhaseBegan:
    """A phase of the run begins."""

    phase: str


@frozen
class PhaseEnded:
    """A phase of the run has come to its end."""

    phase: str


@frozen
class Interrupted:
    """The user has asked for the end; what was found so far is still written."""


@frozen
class Executing:
    """The reproduction scripts that are not yet executed are waited for."""


@frozen
class Written:
    """The run's folder holds its report."""

    folder: Path


Event = (
    events.Event
    | Examining
    | Examined
    | Looking
    | Found
    | Executing
    | Written
    | PhaseBegan
    | PhaseEnded
    | Interrupted
)


class EventHandler:
    """What handlers have in common; each overrides what it needs.

    An exception in one ends the run; those before it, of which the journal is the first, have had the event.
    """

    def start(self, context: RunContext) -> None:
        """Called once, before the first event."""

    def handle(self, event: Event) -> None:
        """Called with every event, in order, by one thread."""

    def finish(self, context: RunContext) -> None:
        """Called once, after the last event or what failed (``context.failure``)."""


@contextmanager
def handling(handlers: Sequence[EventHandler], context: RunContext) -> Iterator[Callable[[Event], None]]:
    """Starts the handlers and gives the function that hands an event to all; at the end finishes them.

    Those that were started are finished, the last first, also where one of them fails.
    """

    def handle(event: Event) -> None:
        for handler in handlers:
            handler.handle(event)

    with ExitStack() as stack:
        try:
            for handler in handlers:
                stack.callback(handler.finish, context)
                handler.start(context)
            yield handle
        except BaseException as failure:
            context.failure = failure
            raise


@define
class JournalHandler(EventHandler):
    """Keeps what is judged for a run that goes on with this one; removes the journal of a complete run."""

    journal: Journal

    def start(self, context: RunContext) -> None:
        """Says what became of the journal of a run that was never finished."""
        kept, path = self.journal.kept, context.folder.path
        if kept is not None:
            context.console.print(
                f"{path} holds an unfinished run; its journal is now {kept.name}. To resume that run, move "
                f"the file to another folder as {self.journal.path.name} and use --resume there",
                soft_wrap=True,
                markup=False,
            )

    def handle(self, event: Event) -> None:
        """Takes what was judged and where."""
        match event:
            case events.Judged(records):
                self.journal.add(records)
            case events.Ready(framework, info):
                self.journal.add_ready(framework, info)
            case PhaseEnded():
                self.journal.flush()

    def finish(self, context: RunContext) -> None:
        """Says how a run is gone on with of which something is left."""
        if context.failure is not None:
            return
        self.journal.close()
        if context.complete:
            self.journal.remove()
        else:
            context.console.print(
                f"'conformance run --resume {context.folder.path}' completes this run",
                soft_wrap=True,
            )


@define
class RecordHandler(EventHandler):
    """Records what is judged, by this run and by the part that it goes on with."""

    recorder: Recorder

    def handle(self, event: Event) -> None:
        """Takes the records of one call."""
        match event:
            case events.Judged(records) | events.Kept(records):
                self.recorder.add(records)


@define
class FrameworkHandler(EventHandler):
    """Keeps the frameworks' entries of run.json."""

    _context: RunContext | None = None

    def start(self, context: RunContext) -> None:
        """Takes the entries of the run."""
        self._context = context

    def handle(self, event: Event) -> None:
        """Notes which are there, which are not, and which were lost on the way."""
        assert self._context is not None
        frameworks = self._context.frameworks
        match event:
            case events.Ready(target, info):
                frameworks[target] = ran(info)
            case events.Unavailable(target, reason, optional):
                if frameworks.get(target, {}).get("status") == "ran":
                    frameworks[target]["reason"] = reason
                else:
                    frameworks[target] = unavailable(reason, optional)


@define
class ScriptHandler(EventHandler):
    """Begins the scripts of causes as soon as these are found, while others are looked for."""

    _context: RunContext | None = None

    def start(self, context: RunContext) -> None:
        """Takes the run, whose scripts are not yet known."""
        self._context = context

    def handle(self, event: Event) -> None:
        """Begins the scripts of one implementation's causes."""
        assert self._context is not None
        match event:
            case Found(causes):
                assert self._context.scripts is not None
                self._context.scripts.begin(causes)

    def finish(self, context: RunContext) -> None:
        """Leaves out the scripts that were not begun."""
        if context.scripts is not None:
            context.scripts.close()
