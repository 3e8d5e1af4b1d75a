"""A cause's smallest case with numbers that a person can follow, and the sum behind one wrong element.

Small counting numbers (1, 2, 3, ...) stand in for the recipe's where the implementation fails on them too.
"""

from __future__ import annotations

from itertools import product
from typing import Any, Final

import numpy as np
from attrs import frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES, SIGNIFICAND_BITS, Data
from conv_transpose_conformance.judging.answers import Answer
from conv_transpose_conformance.judging.judge import Array, Expected
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.judging.verdicts import Check

_PRODUCTS: Final = 12  # that a sum is spelled out with
_NAMES: Final = {
    Check.VALUES: "y",
    Check.GRAD_INPUT: "grad_input",
    Check.GRAD_WEIGHT: "grad_weight",
    Check.GRAD_BIAS: "grad_bias",
}


@frozen
class Example:
    """What a reproduction needs; ``bound`` is the error that is allowed per element (0: none)."""

    case: Case
    check: Check
    tensors: dict[str, Array]
    expected: Array
    bound: Array
    actual: Array
    index: tuple[int, ...]

    @property
    def arithmetic(self) -> str:
        """One wrong element by hand: its products, their sum, and what came instead."""
        name = f"{_NAMES[self.check]}[{', '.join(map(str, self.index))}]"
        terms = _terms(self.case, self.check, self.index, self.tensors)
        shown = [text for text, _ in terms[:_PRODUCTS]]
        if len(terms) > _PRODUCTS:
            shown.append(f"... ({len(terms) - _PRODUCTS} more)")
        numbers = [value for _, value in terms[:_PRODUCTS]]
        expected, actual = self.expected[self.index], self.actual[self.index]
        steps = [" + ".join(shown) or "0 (no product reaches it)"]
        if 0 < len(terms) <= _PRODUCTS:
            steps.append(" + ".join(numbers))
        steps.append(_number(expected))
        return f"{name} = {' = '.join(dict.fromkeys(steps))}, and {_number(actual)} came"


def counting(problem: Problem) -> Problem:
    """The same problem with the numbers 1, 2, 3, ...; the problem itself where they would grow too large."""
    case, geometry, given = problem.case, problem.geometry, problem.data
    if geometry is None or given.x.size > 64 or given.w.size > 64:
        return problem
    dtype = NUMPY_DTYPES[case.dtype]

    def count(like: Array, start: int = 1, step: int = 1) -> Array:
        values = start + step * np.arange(like.size, dtype=np.float64)
        return values.reshape(like.shape).astype(dtype)

    top = max(given.x.size, given.w.size, 0 if given.g is None else given.g.size)
    if top**3 > 1 << SIGNIFICAND_BITS[case.dtype]:
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
    """What a reproduction of a wrong tensor needs; None where no element is wrong."""
    actual, expected = answer.arrays.get(str(check)), problem.reference.get(check)
    if actual is None or expected is None or actual.shape != expected.values.shape:
        return None
    wide = actual.astype(np.float64)
    bound = _bound(expected, problem)
    with np.errstate(invalid="ignore"):
        wrong = ~(np.abs(wide - expected.values) <= bound)
    if not wrong.any():
        return None
    # of the wrong elements, one with products to show and the fewest of them
    terms = np.where(wrong, np.where(expected.terms > 0, expected.terms, 1 << 30), 1 << 40)
    index = tuple(int(i) for i in np.unravel_index(int(np.argmin(terms)), wrong.shape))
    return Example(
        case=problem.case,
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


def _terms(
    case: Case, check: Check, index: tuple[int, ...], tensors: dict[str, Array]
) -> list[tuple[str, str]]:
    """The products behind an element, in words and in numbers, each with what it is worth."""
    if check is Check.GRAD_BIAS:
        grad = tensors["g"]
        axis = 0 if case.batch is None else 1
        picked = [at for at in np.ndindex(grad.shape) if at[axis] == index[0]]
        return [(_at("g", at), _number(grad[at])) for at in picked]
    found = []
    if check is Check.VALUES and "b" in tensors:
        channel = (index[0 if case.batch is None else 1],)
        found.append((_at("b", channel), _number(tensors["b"][channel])))
    for x_at, w_at, y_at in _connections(case, check, index, tensors["g"].shape):
        pair = {
            Check.VALUES: (("x", x_at), ("w", w_at)),
            Check.GRAD_INPUT: (("g", y_at), ("w", w_at)),
            Check.GRAD_WEIGHT: (("x", x_at), ("g", y_at)),
        }[check]
        words = "*".join(_at(name, at) for name, at in pair)
        numbers = "*".join(_number(tensors[name][at]) for name, at in pair)
        found.append((words, numbers))
    return found


Index = tuple[int, ...]


def _connections(case: Case, check: Check, index: Index, output: Index) -> list[tuple[Index, Index, Index]]:
    """The indices of input, weight and output whose product counts towards an element, by definition."""
    geometry = _geometry(case)
    lead = 0 if case.batch is None else 1
    per_in, per_out = case.in_channels // case.groups, case.out_channels // case.groups
    batches: list[tuple[int, ...]] = [()] if lead == 0 else [(n,) for n in range(case.batch or 0)]
    fixed = {Check.VALUES: "y", Check.GRAD_INPUT: "x", Check.GRAD_WEIGHT: "w"}[check]
    found = []
    for n in batches:
        for ci, co in product(range(case.in_channels), range(per_out)):
            channel = ci // per_in * per_out + co
            for i in product(*map(range, case.input_size)):
                x_at = (*n, ci, *i)
                if fixed == "x" and x_at != index:
                    continue
                for k in product(*map(range, case.kernel_size)):
                    o = tuple(
                        a * s - before + b * d
                        for a, s, (before, _), b, d in zip(
                            i, case.stride, geometry, k, case.dilation, strict=True
                        )
                    )
                    w_at, y_at = (ci, co, *k), (*n, channel, *o)
                    if not all(0 <= at < size for at, size in zip(o, output[-case.ndim :], strict=True)):
                        continue  # cropped
                    if {"x": x_at, "w": w_at, "y": y_at}[fixed] == index:
                        found.append((x_at, w_at, y_at))
    return found


def _geometry(case: Case) -> tuple[tuple[int, int], ...]:
    return ((0, 0),) * case.ndim if isinstance(case.padding, str) else case.padding


def _at(name: str, index: tuple[int, ...]) -> str:
    return f"{name}[{','.join(map(str, index))}]"


def _number(value: Any) -> str:
    return f"{float(value):.9g}"
