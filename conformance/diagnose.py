"""Which fault models reproduce what an implementation really returned."""

from __future__ import annotations

from collections.abc import Sequence

from attrs import frozen

from conformance.answers import Answer
from conformance.faults import FaultModel
from conformance.plan import Problem


@frozen
class Diagnosis:
    """``faults`` reproduce every failing case; simplest first.  ``cases`` is how many they were held to."""

    faults: tuple[FaultModel, ...]
    cases: int

    @property
    def sentence(self) -> str:
        """``behaves as: ...``, with the alternatives where the cases cannot tell them apart."""
        return "; or ".join(fault.explains for fault in self.faults)


def diagnose(
    failures: Sequence[tuple[Problem, Answer]], passing: Sequence[tuple[Problem, Answer]] = ()
) -> Diagnosis | None:
    """The faults that reproduce the actual output of every failing case in every check; None if none does.

    Exact-integer cases must agree bit for bit, reals within the bound of their dtype.  ``passing`` are
    cases that the implementation passed: a fault must pass them too, which tells faults apart that agree
    on the failing ones.
    """
    raise NotImplementedError
