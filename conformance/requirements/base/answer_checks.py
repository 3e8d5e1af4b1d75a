"""Checks that a probe's answer has the arrays, shapes and dtypes that requirements compute with."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from conv_transpose_conformance.judging.answers import Answer, Outcome

Array = NDArray[Any]

_GRADIENTS: Final = ("grad_input", "grad_weight", "grad_bias")
_GIVEN: Final = {  # the possible arrays per operation; the first is required
    "call": ("values", *_GRADIENTS),
    "twice": ("values", *_GRADIENTS),
    "convolve": ("values",),
    "tangent": ("values",),
    "inputs": ("x", "w", "b"),
    "second": ("second_x", "second_w", "second_g"),
    "initial": ("weight", "bias"),
}
_OF: Final = {  # an array of an answer -> the array of the request with its shape
    **{name: name for name in "xwb"},
    **{f"grad_{name}": name[0] for name in ("input", "weight", "bias")},
    **{f"second_{name}": name for name in "xwg"},
}
_INPUT: Final = {"convolve": "y"}  # the array of the request with the output's rank; x by default


def mismatch(
    operation: str, answer: Answer, given: Mapping[str, Array], *, ndim: int
) -> tuple[Outcome, str] | None:
    """Returns the first fault of an answer with a result, or None for a usable answer.

    The answer is invalid if it lacks a required array or has an unexpected one.  It is a mismatch if an
    output has a wrong rank, an unexpectedly empty dimension or no numeric dtype, or if a gradient has a wrong
    shape.  ``given`` has the arrays of the request.
    """
    if operation in ("signature", "docstring"):  # they have no arrays
        return None
    wrong = next(_contradictions(operation, answer), None)
    if wrong is not None:
        return Outcome.INVALID, f"the worker's answer is invalid: {wrong}"
    wrong = next(_misfits(operation, answer, given, ndim), None)
    return None if wrong is None else (Outcome.MISMATCH, wrong)


def _contradictions(operation: str, answer: Answer) -> Iterator[str]:
    first = _GIVEN[operation][0]
    if first not in answer.arrays:
        what = f" for an output of shape {list(answer.shape or ())} and dtype {answer.dtype}"
        yield f"no {first}" + what * (first == "values")
    for name in answer.arrays:
        if name not in _GIVEN[operation]:
            yield f"unexpected array {name!r}"


def _misfits(operation: str, answer: Answer, given: Mapping[str, Array], ndim: int) -> Iterator[str]:
    nothing = any(not array.size for array in given.values())  # an empty batch has empty results
    kinds = "fVc" if any(np.iscomplexobj(array) for array in given.values()) else "fV"  # V: bfloat16
    for name, array in answer.arrays.items():
        due = given.get(_OF.get(name, ""))
        rank = {"weight": ndim + 2, "bias": 1}.get(name)
        if name == "values" and _INPUT.get(operation, "x") in given:
            rank = given[_INPUT.get(operation, "x")].ndim
        if due is not None and array.shape != due.shape:
            yield f"{name} has the shape {list(array.shape)} instead of {list(due.shape)}"
        elif rank is not None and (array.ndim != rank or (0 in array.shape and not nothing)):
            yield f"{name} has the shape {list(array.shape)} instead of {rank} non-empty dimensions"
        elif array.dtype.kind not in kinds:
            yield f"{name} has the dtype {array.dtype}"
