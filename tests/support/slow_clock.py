"""Gives the workers of the process that imports it sixty times as long for their answers.

Only what hangs meets a deadline then, however busy the machine is.  As a plugin of pytest it does the same.
"""

from __future__ import annotations

import time

from conv_transpose_conformance.workers import process
from tests.support.clock import Clock


class SlowClock(Clock):
    """The real time, sixty times as slow."""

    def monotonic(self) -> float:
        return time.monotonic() / 60


process.time = SlowClock()  # type: ignore[assignment]
