"""What a run tells its handlers, in the order it happens."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from conv_transpose_conformance.judging.verdicts import Record


@frozen
class Preparing:
    """A framework's environment or worker is being made; ``message`` says what takes its time."""

    framework: str
    message: str


@frozen
class Ready:
    """A framework's first worker answered; ``info`` is its description."""

    framework: str
    info: dict[str, Any]


@frozen
class Unavailable:
    """A framework could not be had; the run goes on without it.

    An ``optional`` one is the user's to install, and nobody asked for it by name.
    """

    framework: str
    reason: str
    optional: bool = False


@frozen
class Planned:
    """So many calls are known to come; told again as planning proceeds."""

    calls: int


@frozen
class Judged:
    """The records of one call."""

    records: list[Record]


@frozen
class Kept:
    """The records of one call that an earlier part of the run judged."""

    records: list[Record]


@frozen
class Restarted:
    """A worker was replaced; ``reason`` says what became of the last one."""

    framework: str
    reason: str


Event = Preparing | Ready | Unavailable | Planned | Judged | Kept | Restarted
