"""Requirements examined on frameworks, real or fake."""

from __future__ import annotations

from collections.abc import Iterable

from conv_transpose_conformance.requirements.base.requirement import Requirement, Result
from conv_transpose_conformance.requirements.examine import Examined, Subject, examine
from conv_transpose_conformance.workers.stop import Stop


def results_of(
    requirements: Iterable[Requirement], subject: Subject, stop: Stop | None = None
) -> list[Result]:
    """The results, in the order in which they were found."""
    events = examine(requirements, [subject], stop)
    return [event.result for event in events if isinstance(event, Examined)]
