"""Conditions on the parameters of cases: parses them from text and evaluates them on many cases at once.

``output_padding > 0 and (padding > 0 or bias)`` is a condition.  All per-dimension quantities of a condition
(``stride``, ``kernel_size``, ...) refer to the same dimension, and the condition is true if it is true for
*some* dimension; the prefix ``in some dimension:`` may say so.  ``all(stride > 1)`` demands it of every
dimension, ``stride[0]`` names one.

=============  ===========================================================================================
per dimension  ``input_size``, ``kernel_size``, ``stride``, ``dilation``, ``output_padding`` (also the one
               that an ``output_size`` needs), ``padding_before``, ``padding_after``, ``padding`` (the larger
               of the two), ``extent`` (``dilation * (kernel_size - 1) + 1``), ``output`` (the documented
               output size), ``tail_terms`` (the number of output-padding positions that some product reaches)
per case       ``batch`` (0 if unbatched), ``in_channels``, ``out_channels``, ``groups``, ``in_per_group``,
               ``out_per_group``, ``channels_left`` (1 if ``groups`` does not divide the channels), ``ndim``
yes or no      ``bias``, ``unbatched``, ``channels_last``, ``asymmetric`` (padding), ``sized`` (an
               ``output_size`` is given), ``same``, ``valid``, ``real`` (numbers), ``float64``, ``float32``,
               ``float16``, ``bfloat16``, ``tuples``, ``sides``, ``nested`` (spellings), ``always``
operators      ``> >= < <= == !=``, ``and``, ``or``, ``not``, parentheses
=============  ===========================================================================================
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from typing import Any, Final

import numpy as np
from attrs import field, frozen
from numpy.typing import NDArray

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.errors import ConformanceError

Bits = NDArray[np.bool_]

PER_DIMENSION: Final = (
    "input_size",
    "kernel_size",
    "stride",
    "dilation",
    "output_padding",
    "padding",
    "padding_before",
    "padding_after",
    "extent",
    "output",
    "tail_terms",
)
OF_THE_CASE: Final = (
    "batch",
    "in_channels",
    "out_channels",
    "groups",
    "in_per_group",
    "out_per_group",
    "channels_left",
    "ndim",
)
FLAGS: Final = (
    "bias",
    "unbatched",
    "channels_last",
    "asymmetric",
    "sized",
    "same",
    "valid",
    "real",
    "float64",
    "float32",
    "float16",
    "bfloat16",
    "tuples",
    "sides",
    "nested",
    "always",
)


class InvalidCondition(ConformanceError, ValueError):
    """A condition that cannot be parsed; the text says where."""


class Table:
    """The quantities of many cases with the same number of dimensions, as columns."""

    def __init__(self, cases: Sequence[Case], ndim: int) -> None:
        """All ``cases`` must have ``ndim`` dimensions; there may be none."""
        self.count, self.ndim = len(cases), ndim
        self._columns: dict[str, NDArray[Any]] = {}
        rows = [_quantities(case) for case in cases]
        for name in PER_DIMENSION:
            values = np.array([row[name] for row in rows], dtype=np.float64)
            self._columns[name] = values.reshape(self.count, ndim)
        for name in (*OF_THE_CASE, *FLAGS):
            values = np.array([row[name] for row in rows], dtype=np.float64)
            self._columns[name] = np.repeat(values.reshape(self.count, 1), ndim, axis=1)

    def column(self, name: str) -> NDArray[Any]:
        """Returns the values of a quantity, of shape ``(cases, dimensions)``."""
        return self._columns[name]

    def holds(self, condition: Condition) -> Bits:
        """Returns for each case whether the condition is true."""
        return np.asarray(condition.evaluate(self).any(axis=1), dtype=np.bool_)


@lru_cache(maxsize=1 << 16)
def _quantities(case: Case) -> dict[str, Any]:
    explicit = case.padding if not isinstance(case.padding, str) else ((0, 0),) * case.ndim
    before, after = [pair[0] for pair in explicit], [pair[1] for pair in explicit]
    extent = [d * (k - 1) + 1 for d, k in zip(case.dilation, case.kernel_size, strict=True)]
    base = [
        (size - 1) * stride - b - a + reach
        for size, stride, b, a, reach in zip(case.input_size, case.stride, before, after, extent, strict=True)
    ]
    output = [least + extra for least, extra in zip(base, case.output_padding, strict=True)]
    if case.output_size is not None:
        output = list(case.output_size)
    extra = [size - least for size, least in zip(output, base, strict=True)]
    groups = case.groups or 1
    return {
        "input_size": case.input_size,
        "kernel_size": case.kernel_size,
        "stride": case.stride,
        "dilation": case.dilation,
        "output_padding": extra,
        "padding": [max(pair) for pair in explicit],
        "padding_before": before,
        "padding_after": after,
        "extent": extent,
        "output": output,
        "tail_terms": _tail_terms(case, before, base, output),
        "batch": case.batch or 0,
        "in_channels": case.in_channels,
        "out_channels": case.out_channels,
        "groups": case.groups,
        "in_per_group": case.in_channels / groups,
        "out_per_group": case.out_channels / groups,
        "channels_left": int(bool(case.in_channels % groups or case.out_channels % groups)),
        "ndim": case.ndim,
        "bias": case.bias,
        "unbatched": case.batch is None,
        "channels_last": case.layout == "channels_last",
        "asymmetric": not isinstance(case.padding, str) and not case.symmetric,
        "sized": case.output_size is not None,
        "same": case.padding == "same",
        "valid": case.padding == "valid",
        "real": case.recipe.kind == "real",
        **{name: case.dtype == name for name in ("float64", "float32", "float16", "bfloat16")},
        "tuples": case.spelling == "tuple",
        "sides": case.spelling == "sides",
        "nested": case.spelling == "nested",
        "always": True,
    }


def _tail_terms(case: Case, before: Sequence[int], base: Sequence[int], output: Sequence[int]) -> list[int]:
    """Returns per dimension the number of output-padding positions that some product reaches."""
    reached = []
    for d in range(case.ndim):
        size, kernel = case.input_size[d], case.kernel_size[d]
        if not 0 < output[d] < 4096 or not 0 < size * kernel < 4096:
            return [0] * case.ndim
        stride, dilation = case.stride[d], case.dilation[d]
        places = {i * stride - before[d] + k * dilation for i in range(size) for k in range(kernel)}
        reached.append({place for place in places if 0 <= place < output[d]})
    if not all(reached):
        return [0] * case.ndim  # a product lies within the output in all dimensions or in none
    return [sum(place >= base[d] for place in reached[d]) for d in range(case.ndim)]


@frozen
class Condition:
    """A parsed condition: its text, and a function that evaluates it per case and dimension."""

    text: str
    _evaluate: Callable[[Table], Bits] = field(eq=False, repr=False)

    def evaluate(self, table: Table) -> Bits:
        """Returns the condition per case and dimension, of shape ``(cases, dimensions)``."""
        return self._evaluate(table)

    def holds(self, case: Case) -> bool:
        """Returns whether the condition is true for one case."""
        return bool(Table([case], case.ndim).holds(self)[0])


_TOKEN: Final = re.compile(r"\s*(?:(?P<number>\d+)|(?P<word>[A-Za-z_]\w*)|(?P<sign>>=|<=|==|!=|[-><()\[\]]))")
_PREFIX: Final = re.compile(r"\s*in some dimension:")
_COMPARE: Final[dict[str, Callable[[Any, Any], Bits]]] = {
    ">": np.greater,
    ">=": np.greater_equal,
    "<": np.less,
    "<=": np.less_equal,
    "==": np.equal,
    "!=": np.not_equal,
}
_Evaluate = Callable[[Table], Any]


def parse(text: str) -> Condition:
    """Returns the condition that a text contains.

    Raises:
        InvalidCondition: if the text is no condition; gives the position and the expected token.
    """
    return Condition(text, _Parser(text).condition())


class _Parser:
    def __init__(self, text: str) -> None:
        self.text = text
        prefix = _PREFIX.match(text)
        position = prefix.end() if prefix else 0
        self.tokens: list[tuple[str, str, int]] = []
        while position < len(text) and text[position:].strip():
            match = _TOKEN.match(text, position)
            if match is None:
                at = position + len(text[position:]) - len(text[position:].lstrip())
                raise InvalidCondition(f"condition {text!r}: at character {at + 1}, unexpected {text[at]!r}")
            kind = match.lastgroup or ""
            self.tokens.append((kind, match[kind], match.start(kind)))
            position = match.end()
        self.next = 0

    def fail(self, wanted: str) -> InvalidCondition:
        if self.next >= len(self.tokens):
            return InvalidCondition(f"condition {self.text!r}: at its end, expected {wanted}")
        _, token, at = self.tokens[self.next]
        return InvalidCondition(
            f"condition {self.text!r}: at character {at + 1}, expected {wanted}, found {token!r}"
        )

    def take(self, *tokens: str) -> str | None:
        if self.next < len(self.tokens) and self.tokens[self.next][1] in tokens:
            self.next += 1
            return self.tokens[self.next - 1][1]
        return None

    def need(self, token: str) -> None:
        if self.take(token) is None:
            raise self.fail(repr(token))

    def condition(self) -> _Evaluate:
        found = self.either()
        if self.next < len(self.tokens):
            raise self.fail("'and', 'or' or the end")
        return found

    def either(self) -> _Evaluate:
        parts = [self.both()]
        while self.take("or"):
            parts.append(self.both())
        return parts[0] if len(parts) == 1 else lambda table: np.logical_or.reduce([p(table) for p in parts])

    def both(self) -> _Evaluate:
        parts = [self.one()]
        while self.take("and"):
            parts.append(self.one())
        return parts[0] if len(parts) == 1 else lambda table: np.logical_and.reduce([p(table) for p in parts])

    def one(self) -> _Evaluate:
        if self.take("not"):
            inner = self.one()
            return lambda table: ~inner(table)
        if self.take("("):
            inner = self.either()
            self.need(")")
            return inner
        if self.take("all"):
            self.need("(")
            inner = self.either()
            self.need(")")
            return lambda table: np.repeat(inner(table).all(axis=1, keepdims=True), table.ndim, axis=1)
        flag = self.take(*FLAGS)
        if flag is not None:
            return lambda table: table.column(flag) > 0
        left = self.quantity()
        sign = self.take(*_COMPARE)
        if sign is None:
            raise self.fail("a comparison (> >= < <= == !=)")
        right = self.quantity()
        compare = _COMPARE[sign]
        return lambda table: compare(left(table), right(table))

    def quantity(self) -> _Evaluate:
        negative = self.take("-") is not None
        if self.next < len(self.tokens) and self.tokens[self.next][0] == "number":
            value = int(self.tokens[self.next][1]) * (-1 if negative else 1)
            self.next += 1
            return lambda table: np.full((table.count, table.ndim), float(value))
        name = self.take(*PER_DIMENSION, *OF_THE_CASE)
        if name is None or negative:
            raise self.fail("a quantity, a flag or a number")
        if name in PER_DIMENSION and self.take("["):
            index = self.take("0", "1")
            if index is None:
                raise self.fail("the dimension 0 or 1")
            self.need("]")
            return lambda table: _axis(table, name, int(index))
        return lambda table: table.column(name)


def _axis(table: Table, name: str, index: int) -> NDArray[Any]:
    if index >= table.ndim:
        return np.full((table.count, table.ndim), np.nan)
    return np.repeat(table.column(name)[:, index : index + 1], table.ndim, axis=1)


def packed(bits: Iterable[bool]) -> int:
    """Returns booleans as one integer; the first is the lowest bit."""
    array = np.fromiter(bits, dtype=np.bool_)
    return int.from_bytes(np.packbits(array, bitorder="little").tobytes(), "little")
