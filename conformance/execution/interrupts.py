"""Ends a run in good order on Ctrl-C or SIGTERM."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from attrs import define

from conv_transpose_conformance.errors import ConformanceError
from conv_transpose_conformance.workers.stop import Stop


@define
class Interrupt:
    """Records whether the user asked to stop, or whether the enclosing work, ``within``, is to stop.

    A signal handler sets a flag and waiting code polls it: an exception raised by the handler would be lost
    inside a finalizer or a callback of the garbage collector, and an event's lock may be held.
    """

    within: Stop | None = None
    requested: bool = False

    def request(self) -> None:
        """Requests the stop; signal handlers and any thread may call this."""
        self.requested = True

    def is_set(self) -> bool:
        """Whether a stop was requested, here or of the enclosing work."""
        return self.requested or (self.within is not None and self.within.is_set())


@contextmanager
def signals(interrupt: Interrupt) -> Iterator[None]:
    """Makes Ctrl-C and a supervisor's SIGTERM end the run in good order; a second signal ends it at once."""

    def handle(_number: int, _frame: FrameType | None) -> None:
        if interrupt.requested:
            raise KeyboardInterrupt
        interrupt.request()

    before = {number: signal.signal(number, handle) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def interruptible() -> Iterator[Interrupt]:
    """Yields an interrupt that Ctrl-C and SIGTERM request.

    Raises:
        KeyboardInterrupt: at the end, if one of the signals arrived.
    """
    interrupt = Interrupt()
    with signals(interrupt):
        try:
            yield interrupt
        except ConformanceError:
            if not interrupt.requested:
                raise
        if interrupt.requested:
            raise KeyboardInterrupt
