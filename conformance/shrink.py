"""From a failing case to the smallest that still fails, and from there to single numbers.

:func:`shrink` lowers parameters one at a time until none can be lowered further; :func:`locate` then
lights one input element and one weight element at a time ("one-hot" data, a recipe of its own) and names
the outputs that are wrong or missing.
"""

from __future__ import annotations

from collections.abc import Callable

from attrs import frozen

from conformance.answers import Answer
from conformance.case import Case
from conformance.plan import Problem
from conformance.verdicts import Check

Index = tuple[int, ...]


@frozen
class Wrong:
    """One element of a probe's result; ``missing`` where the probe should have reached it and left 0."""

    index: Index
    expected: float
    actual: float

    @property
    def missing(self) -> bool:
        """Whether nothing arrived where something should."""
        return self.expected != 0 and self.actual == 0


@frozen
class Located:
    """The one-hot probe that shows a failure.

    ``case`` is the probe, replayable from its id alone; ``check`` what fails; ``lit`` the index of the one
    element of each tensor (``x``, ``w``, ``b``, ``g``: input, weight, bias, gradient of the output) that is
    1, all others being 0; ``wrong`` the elements of the checked tensor that differ.
    """

    case: Case
    check: Check
    lit: dict[str, Index]
    wrong: tuple[Wrong, ...]

    @property
    def sentence(self) -> str:
        """``x[0, 0, 1] alone with w[0, 0, 2]: y[0, 0, 3] should be 1 and is 0 (missing)``."""
        raise NotImplementedError


def shrink(case: Case, implementation: str, fails: Callable[[Case], bool]) -> Case:
    """The smallest parameters that still show the same failure.

    ``fails`` says whether a case shows it (False where the API cannot express the case).  No single
    parameter of the result can be lowered further and still fail.  Each case is asked once.
    """
    raise NotImplementedError


def locate(case: Case, ask: Callable[[Case], tuple[Problem, Answer] | None]) -> Located | None:
    """The one-hot probe of a failing case that shows the failure, or None where none does.

    ``ask`` runs a case: its problem and the answer, or None where it cannot be run.
    """
    raise NotImplementedError
