"""Defines the events that a run sends to its handlers, in order."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from conv_transpose_conformance.judging.verdicts import Record


@frozen
class Preparing:
    """The run is making a framework's environment or worker; ``message`` describes the step."""

    framework: str
    message: str


@frozen
class Ready:
    """A framework's first worker answered; ``info`` is its description."""

    framework: str
    info: dict[str, Any]


@frozen
class Unavailable:
    """A framework is unavailable; the run goes on without it.

    The user installs an ``optional`` framework, and did not ask for it by name.
    """

    framework: str
    reason: str
    optional: bool = False


@frozen
class Planned:
    """The run plans this many calls so far; sent again as planning proceeds."""

    calls: int


@frozen
class Judged:
    """Holds the records of one call."""

    records: list[Record]


@frozen
class Kept:
    """Holds the records of one call that an earlier part of the run judged."""

    records: list[Record]


@frozen
class Restarted:
    """The driver replaced a worker; ``reason`` says how the last one failed."""

    framework: str
    reason: str


Event = Preparing | Ready | Unavailable | Planned | Judged | Kept | Restarted
