"""Which fault models reproduce what an implementation really returned."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import evolve, frozen

from conv_transpose_conformance.faults import FAULTS, FaultModel, answer_of
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.judge import Array, compare
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.judging.verdicts import Check, Verdict


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
    """The faults that reproduce the actual output of every failing case in every check.

    Exact-integer cases must agree bit for bit, reals within the bound of their dtype.

    Args:
        failures: failing cases of one cause, each with what the implementation answered.
        passing: cases that it passed: a fault must reproduce them too, which tells faults apart that
            agree on the failing ones.

    Returns:
        Of the faults that reproduce all, the simplest first; None where none does, or without failures.
    """
    if not failures:
        return None
    # The cheapest question first: one case refutes most faults.
    asked = [*failures, *passing]
    found = tuple(fault for fault in FAULTS if all(reproduces(fault, *pair) for pair in asked))
    return Diagnosis(found, len(failures)) if found else None


def reproduces(fault: FaultModel, problem: Problem, answer: Answer) -> bool:
    """Whether the implementation answered as one with the fault would, in every check."""
    if answer.outcome not in (Outcome.OK, Outcome.RAISED):
        return False  # a crash or a hang computes nothing that could be compared
    model = answer_of(fault, problem, answer.implementation)
    if (model.outcome, model.shape) != (answer.outcome, answer.shape):
        return False
    if model.outcome is Outcome.RAISED or not answer.arrays:
        return not model.arrays or not answer.arrays
    if set(model.arrays) != set(answer.arrays):
        return False
    return all(_agree(Check(name), array, answer, problem) for name, array in model.arrays.items())


def _agree(check: Check, model: Array, answer: Answer, problem: Problem) -> bool:
    actual = answer.arrays[str(check)]
    if actual.shape != model.shape or actual.dtype != model.dtype:
        return False
    if np.array_equal(actual, model, equal_nan=True):
        return True
    reference = problem.reference.get(check)
    if problem.data.exact or reference is None or reference.values.shape != model.shape:
        return False
    # The fault's own rounding and the implementation's: as if the fault's values were the right ones.
    expected = evolve(reference, values=model.astype(np.float64))
    found = compare(actual, expected, problem.case.dtype, problem.data)
    return found["verdict"] is Verdict.PASS and found["met"] != "normwise"
