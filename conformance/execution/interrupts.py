"""Signals that end a run in good order."""

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
    """Whether the user asked for the end, or ``within``, the work that this is a part of, is to end.

    A signal handler sets it and those who wait look: an exception raised by the handler itself would be lost
    where it lands in a callback of the garbage collector or a finalizer, and an event's lock may be held.
    """

    within: Stop | None = None
    requested: bool = False

    def request(self) -> None:
        """Asks for the end; a signal handler may call this, and any thread."""
        self.requested = True

    def is_set(self) -> bool:
        """Whether the end was asked for, here or of the work that this is a part of."""
        return self.requested or (self.within is not None and self.within.is_set())


@contextmanager
def signals(interrupt: Interrupt) -> Iterator[None]:
    """Ctrl-C and a supervisor's SIGTERM end the run in good order; a second one at once."""

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
    """An interrupt that Ctrl-C and SIGTERM request; what ends because of it ends as ``KeyboardInterrupt``.

    Raises:
        KeyboardInterrupt: where one of the signals came.
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
