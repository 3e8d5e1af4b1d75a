"""Asking for results that are promised, and holding them against others element by element."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any

import numpy as np
from numpy.typing import NDArray

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.requirements.base.probe import Prober, fault
from conv_transpose_conformance.requirements.base.trial import Trial, differs

Array = NDArray[Any]
Check = Callable[[Prober, Case], Trial]


class NoResult(Exception):
    """A call brought no result; ``trial`` is what is to be said of it."""

    def __init__(self, trial: Trial) -> None:
        self.trial = trial
        super().__init__(trial.message)


def tried(check: Check) -> Check:
    """The check; where a call in it brought no result, or none that fits, that is its trial."""

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
    """The arrays of an answer; the rest as :meth:`Prober.ask`.

    Raises:
        NoResult: where there are none.
    """
    answer = prober.ask(operation, case, arrays, patch=patch, infer=False, **options)
    trial = fault(answer, case)
    if trial is not None:
        raise NoResult(trial)
    return answer.arrays


def result(
    prober: Prober, case: Case, arrays: Mapping[str, Array], operation: str = "call", **options: Any
) -> Array:
    """The output alone.

    Raises:
        NoResult: where there is none.
    """
    found = results(prober, case, arrays, operation, **options).get("values")
    if found is None:
        raise NoResult(differs("the call returned no output", case))
    return found


def shape(prober: Prober, case: Case, arrays: Mapping[str, Array]) -> tuple[int, ...]:
    """The output's shape, by an implementation that tells no more of it too.

    Raises:
        NoResult: where there is none.
    """
    if not prober.shape_only:
        return result(prober, case, arrays).shape
    answer = prober.call(case, arrays)
    if answer.shape is None:
        raise NoResult(fault(answer, case) or differs("the call returned no output", case))
    return answer.shape


def hold(found: Mapping[str, Array], expected: Mapping[str, Array], case: Case, why: str) -> None:
    """Holds every expected array against what was found: same shape, same values, NaN equal to NaN.

    ``why`` says what was expected, in the words of the message.

    Raises:
        NoResult: with the trial of the first that differs.
    """
    for name, wanted in expected.items():
        actual = found.get(name)
        if actual is None:
            raise NoResult(differs(f"{name} was not returned; expected {why}", case))
        if actual.shape != wanted.shape:
            shapes = f"the shape {list(actual.shape)} instead of {list(wanted.shape)}"
            raise NoResult(differs(f"{name} has {shapes}; expected {why}", case))
        wrong = ~((actual == wanted) | ((actual != actual) & (wanted != wanted)))
        if wrong.any():
            at = tuple(int(i) for i in np.argwhere(wrong)[0])
            raise NoResult(
                differs(
                    f"{name}: {int(wrong.sum())} of {wrong.size} elements differ from {why}; "
                    f"at {list(at)}: expected {_number(wanted[at])}, got {_number(actual[at])}",
                    case,
                )
            )


def integers(case: Case, stream: str, shape: tuple[int, ...], limit: int = 7) -> Array:
    """Whole numbers from ``-limit`` to ``limit`` in the case's dtype, drawn from its seed; each ``stream``
    is another draw.

    They leave room for sums and small multiples of tensors that are exact too.
    """
    seed = np.random.SeedSequence((case.recipe.seed, *stream.encode()))
    raw = np.random.PCG64(seed).random_raw(int(np.prod(shape))).reshape(shape)
    return ((raw % np.uint64(2 * limit + 1)).astype(np.int64) - limit).astype(case.dtype)


def _number(value: Any) -> str:
    return f"{complex(value):.9g}" if np.iscomplexobj(value) else f"{float(value):.9g}"
