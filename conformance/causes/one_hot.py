"""Finds single wrong products in a failing case with one-hot probes.

The operator and its gradients are sums of products of two elements, so an implementation of another such
map is wrong for at least one pair.  A probe sets one element of each of two tensors to 1 and all others to 0
("one-hot" data, a recipe of its own, so that its id replays the probe) and looks where the product arrives.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterator
from typing import Final

import numpy as np
from attrs import frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.products import Index, channel_axis, products
from conv_transpose_conformance.cases.recipe import Recipe, TensorName
from conv_transpose_conformance.judging.answers import Answer
from conv_transpose_conformance.judging.judge import VALUE_CHECKS, compare
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.judging.verdicts import Check, Verdict

Ask = Callable[[Case], tuple[Problem, Answer] | None]

_PROBES: Final = 160  # maximal number of probes
_SINGLES: Final = 40  # maximal number of these with a single 1
_RESULTS: Final = {Check.VALUES: "y", Check.GRAD_INPUT: "∂x", Check.GRAD_WEIGHT: "∂w", Check.GRAD_BIAS: "∂b"}
_NAMES: Final = {"x": "x", "w": "w", "b": "b", "g": "∂y"}
# _PARTS has the two factors of a result's products, _PLACES the tensor with the result's shape.
_PARTS: Final[dict[Check, tuple[TensorName, TensorName]]] = {
    Check.VALUES: ("x", "w"),
    Check.GRAD_INPUT: ("w", "g"),
    Check.GRAD_WEIGHT: ("x", "g"),
}
_PLACES: Final[dict[Check, TensorName]] = {
    Check.VALUES: "g",
    Check.GRAD_INPUT: "x",
    Check.GRAD_WEIGHT: "w",
}


@frozen
class Wrong:
    """One wrong element of a probe's result."""

    index: Index
    expected: float
    actual: float

    @property
    def missing(self) -> bool:
        """Whether the element is 0 instead of its expected value."""
        return self.expected != 0 and self.actual == 0


@frozen
class Located:
    """The one-hot probe that shows a failure.

    ``case`` is the probe, replayable from its id alone; ``check`` is the failing check.  ``lit`` has the
    index of the single 1 in each tensor (``x``, ``w``, ``b``, ``g``: input, weight, bias, gradient of the
    output); all other elements are 0.  ``wrong`` has the wrong elements of the checked tensor.
    """

    case: Case
    check: Check
    lit: dict[str, Index]
    wrong: tuple[Wrong, ...]

    @property
    def sentence(self) -> str:
        """Returns ``if only x[0, 0, 1] and w[0, 0, 2] are 1, y[0, 0, 3] should be 1 but is 0 (missing)``."""
        where = " and ".join(f"{_NAMES[name]}{list(index)}" for name, index in self.lit.items())
        where = (
            f"if only {where} {'is' if len(self.lit) == 1 else 'are'} 1" if where else "if all elements are 0"
        )
        result = _RESULTS[self.check]
        said = [
            f"{result}{list(w.index)} should be {w.expected:g} but is {w.actual:g}"
            + (" (missing)" if w.missing else "")
            for w in self.wrong[:4]
        ]
        more = len(self.wrong) - len(said)
        return f"{where}, {'; '.join(said)}" + (f"; and {more} more" if more else "")


def locate(case: Case, ask: Ask) -> Located | None:
    """Returns a one-hot probe of a failing case that fails too, or None without one.

    Returns None also where no values are compared: after a refusal or with a wrong shape.

    Args:
        case: a failing case, best a shrunk one.
        ask: runs a case and returns its problem and the answer, or None where it cannot be run.  It is
            called at most about 160 times, most often twice.
    """
    asked = ask(case)
    if asked is None:
        return None
    problem, answer = asked
    for check in VALUE_CHECKS:
        wrong = _wrong(check, problem, answer)
        if not wrong:
            continue
        shapes = {name: array.shape for name, array in problem.data.arrays().items()}
        for lit in itertools.islice(_probes(check, problem, {w.index for w in wrong}), _PROBES):
            places = [(name, int(np.ravel_multi_index(lit[name], shapes[name]))) for name in sorted(lit)]
            probe = case.replace(recipe=Recipe("one", 0, tuple(sorted(places, key=_order))))
            asked = ask(probe)
            found = () if asked is None else _wrong(check, *asked)
            if found:
                return Located(probe, check, {name: lit[name] for name, _ in probe.recipe.lit}, found)
    return None


def _order(place: tuple[str, int]) -> int:
    return "xwbg".index(place[0])


def _wrong(check: Check, problem: Problem, answer: Answer) -> tuple[Wrong, ...]:
    """Returns the elements that fail the check."""
    actual, expected = answer.arrays.get(str(check)), problem.reference.get(check)
    if actual is None or expected is None or actual.shape != expected.values.shape:
        return ()
    if compare(actual, expected, problem.case.dtype, problem.data)["verdict"] is Verdict.PASS:
        return ()
    wide = actual.astype(np.float64)
    return tuple(
        Wrong(tuple(map(int, index)), float(expected.values[tuple(index)]), float(wide[tuple(index)]))
        for index in np.argwhere(wide != expected.values)
    )


def _probes(check: Check, problem: Problem, wrong: set[Index]) -> Iterator[dict[TensorName, Index]]:
    """Yields one-hot indices, likeliest first: products of a wrong element, of another, of none."""
    if check is Check.GRAD_BIAS or problem.case.bias:
        # The bias and its gradient are sums of single elements, of b or of g.
        name: TensorName = "g" if check is Check.GRAD_BIAS else "b"
        array = problem.data.arrays()[name]
        axis = 0 if name == "b" else channel_axis(problem.case)
        if check in (Check.VALUES, Check.GRAD_BIAS):
            channel = 0 if check is Check.GRAD_BIAS else channel_axis(problem.case)
            channels = {index[channel] for index in wrong}
            every = sorted(np.ndindex(array.shape), key=lambda index: index[axis] not in channels)
            yield from ({name: index} for index in every[:_SINGLES])
    if check is Check.GRAD_BIAS:
        return
    first, second = _PARTS[check]
    later: list[dict[TensorName, Index]] = []
    for places in _together(problem):
        lit = {first: places[first], second: places[second]}
        if places[_PLACES[check]] in wrong:
            yield lit
        elif len(later) < _PROBES:
            later.append(lit)
    yield from later
    # These products belong to no element of the result.
    arrays = problem.data.arrays()
    known = {(places[first], places[second]) for places in _together(problem)}
    for pair in itertools.product(np.ndindex(arrays[first].shape), np.ndindex(arrays[second].shape)):
        if pair not in known:
            yield {first: pair[0], second: pair[1]}


def _together(problem: Problem) -> Iterator[dict[TensorName, Index]]:
    """Yields indices of input, weight and output gradient that share a product."""
    assert problem.geometry is not None
    return ({"x": x, "w": w, "g": y} for x, w, y in products(problem.case, problem.geometry))
