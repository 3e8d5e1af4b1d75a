"""Asks for results that the documents require, and compares arrays element by element."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.severity import Severity
from conv_transpose_conformance.requirements.base.probe import Prober, fault
from conv_transpose_conformance.requirements.base.trial import Trial, differs

Array = NDArray[Any]
Check = Callable[[Prober, Case], Trial]


class NoResult(Exception):
    """A call has no usable result; ``trial`` reports it."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        super().__init__(trial.message)


def tried(check: Check) -> Check:
    """Returns the check with every :class:`NoResult` in it turned into its trial."""

    @wraps(check)
    def checked(prober: Prober, case: Case) -> Trial:
        try:
            return check(prober, case)
        except NoResult as ended:
            return ended.trial

    return checked


def results(
    prober: Prober,
    case: Case,
    arrays: Mapping[str, Array],
    operation: str = "call",
    *,
    patch: Mapping[str, Any] | None = None,
    **options: Any,
) -> dict[str, Array]:
    """Returns the arrays of an answer; the arguments are those of :meth:`Prober.ask`.

    Raises:
        NoResult: without arrays.
    """
    answer = prober.ask(operation, case, arrays, patch=patch, infer=False, **options)
    trial = fault(answer, case)
    if trial is not None:
        raise NoResult(trial)
    return answer.arrays


def result(
    prober: Prober, case: Case, arrays: Mapping[str, Array], operation: str = "call", **options: Any
) -> Array:
    """Returns the output alone.

    Raises:
        NoResult: without an output.
    """
    found = results(prober, case, arrays, operation, **options).get("values")
    if found is None:
        raise NoResult(differs("the call returned no output", case))
    return found


def shape(prober: Prober, case: Case, arrays: Mapping[str, Array]) -> tuple[int, ...]:
    """Returns the output's shape, also from an implementation that returns only shapes.

    Raises:
        NoResult: without an output.
    """
    if not prober.shape_only:
        return result(prober, case, arrays).shape
    answer = prober.call(case, arrays)
    if answer.shape is None:
        raise NoResult(fault(answer, case) or differs("the call returned no output", case))
    return answer.shape


def hold(found: Mapping[str, Array], expected: Mapping[str, Array], case: Case, why: str) -> None:
    """Checks that every found array has the shape and values of the expected one; NaN equals NaN.

    ``why`` describes the expected arrays in the message.

    Raises:
        NoResult: with the trial of the first different array.
    """
    for name, wanted in expected.items():
        actual = found.get(name)
        if actual is None:
            raise NoResult(differs(f"{name} was not returned; expected {why}", case))
        if actual.shape != wanted.shape:
            shapes = f"the shape {list(actual.shape)} instead of {list(wanted.shape)}"
            raise NoResult(differs(f"{name} has {shapes}; expected {why}", case, Severity.SHAPE))
        wrong = ~((actual == wanted) | ((actual != actual) & (wanted != wanted)))
        if wrong.any():
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            raise NoResult(
                differs(
                    f"{name}: {int(wrong.sum())} of {wrong.size} elements differ from {why}; "
                    f"at {list(at)}: expected {_number(wanted[at])}, got {_number(actual[at])}",
                    case,
                    Severity.GRADIENTS if name.startswith("grad_") else None,
                )
            )


def integers(case: Case, stream: str, shape: tuple[int, ...], limit: int = 7) -> Array:
    """Returns integers from ``-limit`` to ``limit`` in the case's dtype, drawn from its seed and ``stream``.

    Sums and small multiples of such tensors are exact too.
    """
    seed = np.random.SeedSequence((case.recipe.seed, *stream.encode()))
    raw = np.random.PCG64(seed).random_raw(int(np.prod(shape))).reshape(shape)
    return ((raw % np.uint64(2 * limit + 1)).astype(np.int64) - limit).astype(case.dtype)


def _number(value: Any) -> str:
    return f"{complex(value):.9g}" if np.iscomplexobj(value) else f"{float(value):.9g}"
