"""Handles a run's events: each handler keeps or shows one thing, and none depends on another."""

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
from conv_transpose_conformance.requirements.examine import Drifted, Examined, Examining


@frozen
class PhaseBegan:
    """A phase of the run begins."""

    phase: str


@frozen
class PhaseEnded:
    """A phase of the run ends."""

    phase: str


@frozen
class Interrupted:
    """The user asked to stop; the run still writes its findings so far."""


@frozen
class Executing:
    """The run waits for the unfinished reproduction scripts."""


@frozen
class Written:
    """The run's folder holds its report."""

    folder: Path


Event = (
    events.Event
    | Examining
    | Examined
    | Drifted
    | Looking
    | Found
    | Executing
    | Written
    | PhaseBegan
    | PhaseEnded
    | Interrupted
)


class EventHandler:
    """Defines the interface of handlers; each overrides the methods it needs.

    An exception in a handler ends the run; the handlers before it, the journal first, already have the event.
    """

    def start(self, context: RunContext) -> None:
        """Starts the handler; called once, before the first event."""

    def handle(self, event: Event) -> None:
        """Handles one event; one thread calls this with every event, in order."""

    def finish(self, context: RunContext) -> None:
        """Finishes the handler; called once, after the last event or the failure (``context.failure``)."""


@contextmanager
def handling(handlers: Sequence[EventHandler], context: RunContext) -> Iterator[Callable[[Event], None]]:
    """Starts the handlers, yields the function that sends an event to all, and finishes them at the end.

    It finishes every started handler, the last first, even if one of them fails.
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
    """Writes judged records to a journal for a resumed run; removes the journal of a complete run."""

    journal: Journal

    def start(self, context: RunContext) -> None:
        """Reports what happened to the journal of an unfinished run."""
        kept, path = self.journal.kept, context.folder.path
        if kept is not None:
            context.console.print(
                f"{path} holds an unfinished run; its journal is now {kept.name}. To resume that run, move "
                f"the file to another folder as {self.journal.path.name} and use --resume there",
                soft_wrap=True,
                markup=False,
            )

    def handle(self, event: Event) -> None:
        """Writes judged records, with their target, to the journal."""
        match event:
            case events.Judged(records):
                self.journal.add(records)
            case events.Ready(framework, info):
                self.journal.add_ready(framework, info)
            case PhaseEnded():
                self.journal.flush()

    def finish(self, context: RunContext) -> None:
        """Prints how to resume a run that is not complete."""
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
    """Records the verdicts of this run and of the part that it resumes."""

    recorder: Recorder

    def handle(self, event: Event) -> None:
        """Records one call."""
        match event:
            case events.Judged(records) | events.Kept(records):
                self.recorder.add(records)


@define
class FrameworkHandler(EventHandler):
    """Keeps the frameworks' entries of run.json."""

    _context: RunContext | None = None

    def start(self, context: RunContext) -> None:
        """Takes the run's entries from the context."""
        self._context = context

    def handle(self, event: Event) -> None:
        """Notes which frameworks are ready, unavailable, or lost during the run."""
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
    """Starts the scripts of each found cause while the search for others goes on."""

    _context: RunContext | None = None

    def start(self, context: RunContext) -> None:
        """Takes the run's context, before its scripts are known."""
        self._context = context

    def handle(self, event: Event) -> None:
        """Starts the scripts of one implementation's causes."""
        assert self._context is not None
        match event:
            case Found(causes):
                assert self._context.scripts is not None
                self._context.scripts.begin(causes)

    def finish(self, context: RunContext) -> None:
        """Cancels the scripts that have not started."""
        if context.scripts is not None:
            context.scripts.close()
