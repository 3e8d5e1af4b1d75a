"""Finds the fault models that reproduce the answers of an implementation."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from attrs import evolve, frozen

from conv_transpose_conformance.faults import FAULTS, FaultModel, answer_of
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.judge import Array, compare
from conv_transpose_conformance.judging.observation import surroundings, windows
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.judging.verdicts import Check, Verdict


@frozen
class Diagnosis:
    """The ``faults`` that reproduce every failing case, simplest first; ``cases`` counts these cases."""

    faults: tuple[FaultModel, ...]
    cases: int

    @property
    def sentence(self) -> str:
        """Returns ``behaves as: ...``, with the alternatives where the cases cannot tell them apart."""
        first, *others = (fault.explains for fault in self.faults)
        return "; or ".join([first, *(other.removeprefix("behaves as: ") for other in others)])


def diagnose(
    failures: Sequence[tuple[Problem, Answer]], passing: Sequence[tuple[Problem, Answer]] = ()
) -> Diagnosis | None:
    """Returns the faults that reproduce the actual output of every failing case in every check.

    Exact-integer cases must agree bit for bit, reals within the bound of their dtype.

    Args:
        failures: failing cases of one cause, each with the implementation's answer.
        passing: passing cases.  A fault must reproduce them too; they separate faults that agree on the
            failing cases.

    Returns:
        The faults that reproduce all cases, the simplest first; None without such a fault or failures.
    """
    if not failures:
        return None
    # The cheapest comparison comes first: one case refutes most faults.
    asked = [*failures, *passing]
    found = tuple(fault for fault in FAULTS if all(reproduces(fault, *pair) for pair in asked))
    return Diagnosis(found, len(failures)) if found else None


def diagnose_open(failures: Sequence[tuple[Problem, Answer]]) -> Diagnosis | None:
    """Returns the faults whose operator has a crop that gives every output; None without one.

    Args:
        failures: calls that documents leave open and whose outputs are no crop of the operator.
    """
    asked = [
        (problem, answer)
        for problem, answer in failures
        if "values" in answer.arrays and problem.data.exact  # reals would need the fault's rounding
    ]
    found = tuple(fault for fault in FAULTS if all(_gives(fault, *pair) for pair in asked))
    return Diagnosis(found, len(asked)) if found and asked else None


def _gives(fault: FaultModel, problem: Problem, answer: Answer) -> bool:
    """Whether a window of the faulty operator, without any crop, is the output."""
    case, y = problem.case, answer.arrays["values"]
    lead = (case.out_channels,) if case.batch is None else (case.batch, case.out_channels)
    if y.ndim != len(lead) + case.ndim or y.shape[: -case.ndim] != lead:
        return False
    whole = answer_of(fault, problem.under(surroundings(case, y.shape[-case.ndim :])), "").arrays.get(
        "values"
    )
    if whole is None or whole.ndim != y.ndim or whole.shape[: -case.ndim] != lead:
        return False
    if any(n < m for n, m in zip(whole.shape[-case.ndim :], y.shape[-case.ndim :], strict=True)):
        return False
    return any(True for _ in windows(whole, y, case.ndim, 0.0))


def reproduces(fault: FaultModel, problem: Problem, answer: Answer) -> bool:
    """Whether a fault model reproduces the implementation's answer in every check."""
    if answer.outcome not in (Outcome.OK, Outcome.RAISED):
        return False  # a crash or a hang leaves no values to compare
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
    # Takes the fault's values as the reference, so that the bound allows for the rounding of both.
    expected = evolve(reference, values=model.astype(np.float64))
    found = compare(actual, expected, problem.case.dtype, problem.data)
    return found["verdict"] is Verdict.PASS and found["met"] != "normwise"
