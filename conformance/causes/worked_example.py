"""Worked examples: a cause's smallest case with simple numbers, and the sum behind one wrong element.

Small counting numbers (1, 2, 3, ...) replace the recipe's where the implementation fails on them too.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final, Literal

import numpy as np
from attrs import frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.products import channel_axis, products
from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES, SIGNIFICAND_BITS, Data
from conv_transpose_conformance.judging.answers import Answer
from conv_transpose_conformance.judging.expected import Array, Expected
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.reference_impl import Geometry

_PRODUCTS: Final = 12  # maximal number of products in a spelled-out sum
_NAMES: Final = {
    Check.VALUES: "y",
    Check.GRAD_INPUT: "grad_input",
    Check.GRAD_WEIGHT: "grad_weight",
    Check.GRAD_BIAS: "grad_bias",
}
_TENSORS: Final[dict[Check, Literal["x", "w", "y"]]] = {
    Check.VALUES: "y",
    Check.GRAD_INPUT: "x",
    Check.GRAD_WEIGHT: "w",
}


@frozen
class Example:
    """The data of a reproduction; ``bound`` is the allowed error per element (0: none)."""

    case: Case
    geometry: Geometry
    check: Check
    tensors: dict[str, Array]
    expected: Array
    bound: Array
    actual: Array
    index: tuple[int, ...]

    @property
    def arithmetic(self) -> str:
        """Returns the sum behind one wrong element: its products, the result, and the wrong value.

        The sum is exact for integers; other numbers have nine digits and the word "about".
        """
        name = f"{_NAMES[self.check]}[{', '.join(map(str, self.index))}]"
        terms = list(_terms(self))
        shown = [text for text, _ in terms[:_PRODUCTS]]
        if len(terms) > _PRODUCTS:
            shown.append(f"... ({len(terms) - _PRODUCTS} more)")
        steps = [" + ".join(shown) or "0 (no product reaches it)"]
        if 0 < len(terms) <= _PRODUCTS:
            steps.append(" + ".join(numbers for _, numbers in terms))
        expected, actual = float(self.expected[self.index]), float(self.actual[self.index])
        result, came = _number(expected), _number(actual)
        if came == result:
            came = repr(actual)
        if self.bound[self.index] > 0:
            return f"{name} = {' = '.join(dict.fromkeys(steps))}, about {result}, but got {came}"
        return f"{name} = {' = '.join(dict.fromkeys([*steps, result]))}, but got {came}"


def counting(problem: Problem) -> Problem:
    """Returns the problem with the numbers 1, 2, 3, ..., or unchanged where they grow too large."""
    case, geometry, given = problem.case, problem.geometry, problem.data
    if geometry is None or given.x.size > 64 or given.w.size > 64:
        return problem
    dtype = NUMPY_DTYPES[case.dtype]

    def count(like: Array, start: int = 1, step: int = 1) -> Array:
        values = start + step * np.arange(like.size, dtype=np.float64)
        return values.reshape(like.shape).astype(dtype)

    top = max(given.x.size, given.w.size, 0 if given.g is None else given.g.size)
    if top**3 + 10 * case.out_channels > 1 << SIGNIFICAND_BITS[case.dtype]:
        return problem
    made = Problem(case, geometry)
    made.__dict__["data"] = Data(
        x=count(given.x),
        w=count(given.w),
        b=None if given.b is None else count(given.b, 10, 10),
        g=None if given.g is None else count(given.g),
        magnitude=max(top, 10 * case.out_channels),
        escape=None,
        exact=True,
    )
    return made


def example(problem: Problem, answer: Answer, check: Check) -> Example | None:
    """Returns the worked example of a wrong tensor; None where no element is wrong."""
    actual, expected = answer.arrays.get(str(check)), problem.reference.get(check)
    if actual is None or expected is None or actual.shape != expected.values.shape:
        return None
    wide = actual.astype(np.float64)
    bound = _bound(expected, problem)
    with np.errstate(invalid="ignore"):
        wrong = ~(np.abs(wide - expected.values) <= bound)
    if not wrong.any():
        return None
    # picks the wrong element with the fewest products, but at least one
    terms = np.where(wrong, np.where(expected.terms > 0, expected.terms, 1 << 30), 1 << 40)
    index = tuple(int(i) for i in np.unravel_index(int(np.argmin(terms)), wrong.shape))
    assert problem.geometry is not None  # a reference exists
    return Example(
        case=problem.case,
        geometry=problem.geometry,
        check=check,
        tensors=problem.data.arrays(),
        expected=expected.values,
        bound=bound,
        actual=wide,
        index=index,
    )


def _bound(expected: Expected, problem: Problem) -> Array:
    if problem.data.exact:
        return np.zeros_like(expected.values, dtype=np.float64)
    unit = 2.0 ** -SIGNIFICAND_BITS[problem.case.dtype]
    relative = (expected.terms + 1) * unit
    return np.asarray(relative / (1 - relative) * expected.scale)


def _terms(example: Example) -> Iterator[tuple[str, str]]:
    """Yields the products behind the element, and the bias, by indices and in numbers."""
    for factors in _factors(example):
        names = "*".join(f"{name}[{','.join(map(str, at))}]" for name, at in factors)
        yield names, "*".join(_number(example.tensors[name][at]) for name, at in factors)


def _factors(example: Example) -> Iterator[tuple[tuple[str, tuple[int, ...]], ...]]:
    case, check, index, axis = example.case, example.check, example.index, channel_axis(example.case)
    if check is Check.GRAD_BIAS:
        every = np.ndindex(example.tensors["g"].shape)
        yield from ((("g", at),) for at in every if at[axis] == index[0])
        return
    if check is Check.VALUES and "b" in example.tensors:
        yield (("b", (index[axis],)),)
    for x, w, y in products(case, example.geometry, _TENSORS[check], index):
        yield {
            Check.VALUES: (("x", x), ("w", w)),
            Check.GRAD_INPUT: (("g", y), ("w", w)),
            Check.GRAD_WEIGHT: (("x", x), ("g", y)),
        }[check]


def _number(value: Any) -> str:
    """Returns an integer with all its digits, any other number with nine."""
    number = float(value)
    return f"{number + 0:.0f}" if number.is_integer() and abs(number) < 1 << 53 else f"{number:.9g}"
