"""Waiting for events of other processes and threads."""

from __future__ import annotations

import time
from collections.abc import Callable

HANG = 600.0  # seconds: no test waits so long but for what never comes


def wait_until(happened: Callable[[], object], what: str, alive: Callable[[], bool] = lambda: True) -> None:
    """Returns once ``happened()``, a description of which is ``what``.

    Raises:
        AssertionError: where it does not while ``alive()``, or not within ``HANG`` seconds.
    """
    end = time.monotonic() + HANG
    while not happened():
        assert alive(), f"ended before {what}"
        assert time.monotonic() < end, f"not within {HANG:g} s: {what}"
        time.sleep(0.01)
