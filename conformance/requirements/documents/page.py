"""Builds the requirements that quote one document."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from attrs import frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.frameworks.interface import Arguments
from conv_transpose_conformance.frameworks.registry import implementation
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.requirements.base.probe import Prober
from conv_transpose_conformance.requirements.base.requirement import Judged, Probed
from conv_transpose_conformance.requirements.base.trial import Trial


@frozen
class Page:
    """One document on ``implementation``, of ``ndim`` spatial dimensions.

    ``prefix`` begins the ids of its claims; ``source`` is its key in ``DOCUMENTS``.
    """

    prefix: str
    source: str
    implementation: str
    ndim: int

    @property
    def arguments(self) -> Arguments:
        """Returns the documented arguments of the layer or of the function."""
        about = implementation(self.implementation).documented.interface
        assert about is not None, f"{self.implementation} has no documented arguments"
        return about.construct or about.forward

    def judged(
        self, name: str, statement: str, checks: Iterable[Check], of: Callable[[Case], bool], **others: Any
    ) -> Judged:
        """Returns a claim decided by a run's records, on its dimensions' cases for which ``of`` holds."""
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
        self, name: str, statement: str, trials: Callable[[Prober], Iterable[Trial]], **others: Any
    ) -> Probed:
        """Returns a claim decided by calls of a prober."""
        return Probed(
            id=f"{self.prefix}.{name}",
            statement=statement,
            source=self.source,
            applies=(self.implementation,),
            trials=trials,
            **others,
        )
