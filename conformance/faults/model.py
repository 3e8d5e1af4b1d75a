"""What a fault model is: a wrong implementation of the operator, a few lines over the reference.

A fault model answers a :class:`~execution.planner.Problem` as an implementation with that fault would.
The same models serve twice: ``conformance selftest`` runs them as implementations, to show that the corpus
finds each, and :mod:`causes.fault_match` compares them with what a framework really returned.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from attrs import field, frozen

from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.judge import Array
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.judging.verdicts import Check


@frozen
class Refusal:
    """The implementation raises; ``reason`` is what it would say."""

    reason: str


@frozen
class Unread:
    """The implementation accepts the call and returns a tensor of this shape without values to compare."""

    shape: tuple[int, ...]


# One array per check, in float64 and of the shapes of the case; or no values at all.
Outputs = Mapping[Check, Array]
Result = Outputs | Refusal | Unread


@frozen
class FaultModel:
    """A plausible wrong implementation.

    Attributes:
        name: unique, in words joined by hyphens.
        description: what the implementation does wrong.
        explains: the sentence of a report, "behaves as: ...".
        apply: a problem's answer by this implementation.  Arrays are float64 (rounded to the case's dtype
            by :func:`answer_of`) or of the case's own dtype.
    """

    name: str
    description: str
    explains: str
    apply: Callable[[Problem], Result] = field(eq=False, repr=False)


def answer_of(fault: FaultModel, problem: Problem, implementation: str) -> Answer:
    """The answer that a worker would send, were the implementation to have the fault."""
    case, result = problem.case, fault.apply(problem)
    if isinstance(result, Refusal):
        return Answer(
            implementation=implementation, outcome=Outcome.RAISED, stage="forward", message=result.reason
        )
    if isinstance(result, Unread):
        return Answer(implementation=implementation, outcome=Outcome.OK, shape=result.shape, dtype=case.dtype)
    dtype = NUMPY_DTYPES[case.dtype]
    with np.errstate(over="ignore"):
        arrays = {str(check): np.asarray(array).astype(dtype) for check, array in result.items()}
    return Answer(
        implementation=implementation,
        outcome=Outcome.OK,
        shape=arrays["values"].shape,
        dtype=case.dtype,
        arrays=arrays,
    )
