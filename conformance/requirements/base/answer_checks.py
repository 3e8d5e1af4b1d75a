"""What an answer to a probe must hold whatever its values: the checks calculate with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from conv_transpose_conformance.judging.answers import Answer, Outcome

Array = NDArray[Any]

_GRADIENTS: Final = ("grad_input", "grad_weight", "grad_bias")
_GIVEN: Final = {  # by an operation; the first must be there
    "call": ("values", *_GRADIENTS),
    "twice": ("values", *_GRADIENTS),
    "convolve": ("values",),
    "tangent": ("values",),
    "inputs": ("x", "w", "b"),
    "second": ("second_x", "second_w", "second_g"),
    "initial": ("weight", "bias"),
}
_OF: Final = {  # an array of an answer -> the one of the request that has its shape
    **{name: name for name in "xwb"},
    **{f"grad_{name}": name[0] for name in ("input", "weight", "bias")},
    **{f"second_{name}": name for name in "xwg"},
}
_INPUT: Final = {"convolve": "y"}  # what an output has the rank of; else of x


def mismatch(
    operation: str, answer: Answer, given: Mapping[str, Array], *, ndim: int
) -> tuple[Outcome, str] | None:
    """What is not as it must be in an answer that brought a result, or None where all is.

    It is invalid where arrays are missing or nobody asked for them; else, of an output its rank and that it
    holds numbers count, of a gradient its shape.  ``given`` are the arrays of the request.
    """
    if operation == "signature":  # has no arrays
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
    nothing = any(not array.size for array in given.values())  # asked for, as an empty batch is
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
