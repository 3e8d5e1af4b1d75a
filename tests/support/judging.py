"""Answers made by hand for the judge: honest ones, and those of operators with a fault."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from attrs import evolve

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance, Meaning
from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES
from conv_transpose_conformance.frameworks.registry import interpret
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.judge import judge
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.judging.verdicts import Check, Record
from conv_transpose_conformance.reference_impl import Geometry, backward, forward

Array = np.ndarray[Any, Any]
NAME = {1: "paddle.nn.Conv1DTranspose", 2: "paddle.nn.Conv2DTranspose"}  # the API that can say most


def problem_of(case: Case) -> Problem:
    """The problem by the shared formula; the layout and the batch dimension change nothing."""
    meaning = interpret(case, NAME[case.ndim])
    geometry = meaning.geometry
    if geometry is None and meaning.acceptance is Acceptance.UNSPECIFIED:
        geometry = interpret(case, "mindspore.mint.nn.ConvTranspose2d").geometry
    return Problem(case, geometry)


def tensors(problem: Problem) -> dict[str, Array]:
    """The reference's results, unrounded."""
    return {str(check): expected.values.copy() for check, expected in problem.reference.items()}


def answer_of(problem: Problem, found: Mapping[str, Array], dtype: str | None = None) -> Answer:
    """An answer with these tensors, rounded to the case's (or another) dtype."""
    dtype = dtype or problem.case.dtype
    rounded = {name: array.astype(NUMPY_DTYPES[dtype]) for name, array in found.items()}
    return Answer(
        implementation=NAME[problem.case.ndim],
        outcome=Outcome.OK,
        parameters={},
        shape=rounded["values"].shape,
        dtype=dtype,
        microseconds=1.0,
        arrays=rounded,
    )


def records_of(problem: Problem, answer: Answer, meaning: Meaning | None = None) -> dict[Check, Record]:
    """What the judge says, by check."""
    if meaning is None:
        meaning = Meaning(Acceptance.REQUIRED, problem.geometry)
    records = judge(problem.case, meaning, problem.data, problem.reference, answer, "paddle")
    found = {record.check: record for record in records}
    assert len(found) == len(records)
    return found


def remap(problem: Problem, change: Callable[[dict[str, Any]], None]) -> dict[str, Array]:
    """The operator and its gradients on changed arguments: ``x``, ``w``, ``b``, ``g`` and ``geometry``."""
    data = problem.data
    given: dict[str, Any] = {**data.arrays(), "geometry": problem.geometry}
    given.setdefault("b", None)
    change(given)
    geometry: Geometry = given["geometry"]
    gradients = backward(given["x"], given["w"], given["g"], geometry=geometry)
    found = {
        "values": forward(given["x"], given["w"], given["b"], geometry=geometry),
        "grad_input": gradients.x,
        "grad_weight": gradients.w,
    }
    if data.b is not None:
        found["grad_bias"] = gradients.bias
    return found


def with_outcome(answer: Answer, outcome: Outcome, stage: str, message: str, **changes: Any) -> Answer:
    """An answer that ended otherwise, without tensors unless they are given."""
    fields = {"shape": None, "dtype": None, "arrays": {}, **changes}
    return evolve(answer, outcome=outcome, stage=stage, message=message, **fields)
