"""A document as the maker of the requirements that state its claims."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from attrs import frozen

from conformance.case import Case
from conformance.requirements.bench import Bench
from conformance.requirements.interfaces import INTERFACES, Arguments
from conformance.requirements.requirement import Judged, Probed, Trial
from conformance.verdicts import Check


@frozen
class Page:
    """``prefix`` begins the ids of its claims; ``source`` is its key in ``DOCUMENTS``; ``implementation`` is
    what it speaks of, of ``ndim`` spatial dimensions."""

    prefix: str
    source: str
    implementation: str
    ndim: int

    @property
    def arguments(self) -> Arguments:
        """The documented arguments of the layer that it speaks of."""
        return INTERFACES[self.implementation].construct

    def judged(
        self, name: str, statement: str, checks: Iterable[Check], of: Callable[[Case], bool], **others: Any
    ) -> Judged:
        """A claim that a run's records decide, on those cases of its dimensions for which ``of`` holds."""
        return Judged(
            id=f"{self.prefix}.{name}",
            statement=statement,
            source=self.source,
            applies=(self.implementation,),
            checks=tuple(checks),
            of=lambda case: case.ndim == self.ndim and of(case),
            **others,
        )

    def probed(
        self, name: str, statement: str, trials: Callable[[Bench], Iterable[Trial]], **others: Any
    ) -> Probed:
        """A claim that is decided by asking."""
        return Probed(
            id=f"{self.prefix}.{name}",
            statement=statement,
            source=self.source,
            applies=(self.implementation,),
            trials=trials,
            **others,
        )
