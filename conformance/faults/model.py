"""Fault models: wrong implementations of the operator, a few lines over the reference each.

A fault model answers a :class:`~judging.problem.Problem` as an implementation with that fault would.  The
models have two uses.  ``conformance selftest`` runs them as implementations, to show that the corpus detects
each. :mod:`causes.fault_match` compares them with the answers of a framework.
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
    """The implementation raises; ``reason`` is its message."""

    reason: str


@frozen
class Unread:
    """The implementation accepts the call and returns a tensor of this shape, with no values to compare."""

    shape: tuple[int, ...]


# one array per check, in float64, with the shapes of the case; or no values at all
Outputs = Mapping[Check, Array]
Result = Outputs | Refusal | Unread


@frozen
class FaultModel:
    """A plausible wrong implementation.

    Attributes:
        name: a unique name, words joined by hyphens.
        description: the fault in words.
        explains: the sentence in reports, "behaves as: ...".
        apply: returns the answer to a problem.  Arrays are float64 (:func:`answer_of` rounds them to the
            case's dtype) or have the case's dtype.
    """

    name: str
    description: str
    explains: str
    apply: Callable[[Problem], Result] = field(eq=False, repr=False)


def answer_of(fault: FaultModel, problem: Problem, implementation: str) -> Answer:
    """Returns the answer that a worker would send if the implementation had the fault."""
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
