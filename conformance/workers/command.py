"""The command that starts a worker."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from attrs import field, frozen


@frozen
class WorkerCommand:
    """The command of a framework's worker; the descriptors of requests and answers follow ``command``.

    ``interpreter`` is its first word, an interpreter of ``language``.  ``variables`` are added to the
    environment of all workers.  ``whose`` is the plug-in that the framework comes from, if any.
    """

    framework: str
    interpreter: Path
    command: tuple[str, ...]
    language: str = "Python"
    variables: Mapping[str, str] = field(factory=dict)
    whose: str = ""
