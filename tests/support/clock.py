"""Clocks for modules under test, so that no test depends on how fast the machine is."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any


class Clock:
    """Stands for the module ``time`` within one module; ``monotonic`` is moved by the test alone.

    It stands still, so that an answer is never late because the machine is busy.  While ``running`` is true
    every look moves it on by ``step`` seconds, which should be less than the shortest wait: a wait for what
    never comes then ends after a number of looks, and one for what is there already does not.
    """

    def __init__(self, running: Callable[[], object] = lambda: False) -> None:
        self.now = 0.0
        self.step = 0.1
        self._running = running

    def monotonic(self) -> float:
        if self._running():
            self.now += self.step
        return self.now

    def __getattr__(self, name: str) -> Any:
        return getattr(time, name)
