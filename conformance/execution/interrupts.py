"""Signals that end a run in good order."""

from __future__ import annotations

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from conv_transpose_conformance.execution.engine import Interrupt


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
