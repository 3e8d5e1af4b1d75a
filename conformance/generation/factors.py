"""The parameter space as factors with levels, and which combinations of levels can exist.

:func:`levels` classifies a case.  For example, a stride is 1, 2 or more, and a padding is on one side, on
both, or as large as the output allows.  The core corpus contains every possible combination of three levels.
A run's :class:`Coverage` counts the pairs and triples of levels that the run covers.

====================  =========================================================================
factor                levels
====================  =========================================================================
input, kernel         1, 2, 3, 4+
stride, dilation      1, 2, 3+
padding               none; even (the same on both sides); limit (even, and no more would fit);
                      before; after; uneven
extra                 output padding: none; some; most (stride - 1); beyond (the stride or more)
====================  =========================================================================

These are the factors of each dimension.  The factors of the whole case are ``mode`` (explicit, same, valid),
``via`` (the argument that gives the extra), ``batch``, ``channels``, ``bias``, ``layout``, ``spelling``,
``dtype`` and ``recipe``.
"""

from __future__ import annotations

import functools
import itertools
from collections.abc import Mapping
from typing import Final

import numpy as np
from attrs import define, field, frozen
from numpy.typing import NDArray

from conv_transpose_conformance.cases.axes import Axis, axes_of
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance, explicit

Levels = Mapping[str, str]

AXIS: Final[dict[str, tuple[str, ...]]] = {
    "input": ("1", "2", "3", "4+"),
    "kernel": ("1", "2", "3", "4+"),
    "stride": ("1", "2", "3+"),
    "dilation": ("1", "2", "3+"),
    "padding": ("none", "even", "limit", "before", "after", "uneven"),
    "extra": ("none", "some", "most", "beyond"),
}
WHOLE: Final[dict[str, tuple[str, ...]]] = {
    "mode": ("explicit", "same", "valid"),
    "via": ("output_padding", "output_size"),
    "batch": ("none", "1", "2+"),
    "channels": ("single", "narrower", "wider", "grouped", "depthwise", "multiplier"),
    "bias": ("no", "yes"),
    "layout": ("channels_first", "channels_last"),
    "spelling": ("plain", "tuple", "sides", "nested"),
    "dtype": ("float32", "float64"),
    "recipe": ("int", "real"),
}


def factors(ndim: int) -> dict[str, tuple[str, ...]]:
    """Returns the levels of every factor; a factor of one dimension is named like ``stride[0]``."""
    axes = {f"{name}[{at}]": values for at in range(ndim) for name, values in AXIS.items()}
    return {**axes, **WHOLE}


def _axis_levels(axis: Axis) -> tuple[str, ...]:
    """Returns one level per factor of :data:`AXIS`."""
    return (
        str(axis.input) if axis.input < 4 else "4+",
        str(axis.kernel) if axis.kernel < 4 else "4+",
        str(axis.stride) if axis.stride < 3 else "3+",
        str(axis.dilation) if axis.dilation < 3 else "3+",
        _padding_level(axis),
        _extra_level(axis),
    )


def _padding_level(axis: Axis) -> str:
    if axis.before != axis.after:
        return "uneven" if axis.before and axis.after else "before" if axis.before else "after"
    if axis.before == 0:
        return "none"
    return "limit" if axis.before == axis.room // 2 else "even"


def _extra_level(axis: Axis) -> str:
    if axis.extra == 0:
        return "none"
    if axis.extra >= axis.stride:
        return "beyond"
    return "most" if axis.extra == axis.stride - 1 else "some"


def levels(case: Case) -> dict[str, str] | None:
    """Returns the level of every factor, None for a case that is invalid or outside the space."""
    plain = case.replace(padding=((0, 0),) * case.ndim) if isinstance(case.padding, str) else case
    if explicit(plain).acceptance is not Acceptance.REQUIRED:
        return None
    found: dict[str, str] = {}
    for at, axis in enumerate(axes_of(case)):
        if axis.extra >= max(axis.stride, axis.dilation):
            return None
        found |= {f"{name}[{at}]": level for name, level in zip(AXIS, _axis_levels(axis), strict=True)}
    found |= {
        "mode": case.padding if isinstance(case.padding, str) else "explicit",
        "via": "output_padding" if case.output_size is None else "output_size",
        "batch": "none" if case.batch is None else "1" if case.batch == 1 else "2+",
        "channels": channels(case.in_channels, case.out_channels, case.groups),
        "bias": "yes" if case.bias else "no",
        "layout": case.layout,
        "spelling": case.spelling,
        "dtype": case.dtype,
        "recipe": case.recipe.kind,
    }
    known = all(found[name] in values for name, values in WHOLE.items())
    same = case.padding == "same" and (any(case.output_padding) or case.output_size is not None)
    return found if known and not same else None


def channels(inputs: int, outputs: int, groups: int) -> str:
    """Returns the level of ``channels``."""
    if groups == 1:
        if inputs == outputs == 1:
            return "single"
        return "wider" if inputs < outputs else "narrower"
    if groups == inputs:
        return "depthwise" if inputs == outputs else "multiplier"
    return "grouped"


@functools.cache
def axis_table() -> dict[tuple[str, ...], tuple[Axis, ...]]:
    """Returns every possible combination of one dimension's levels, each with parameters that have it."""
    found: dict[tuple[str, ...], list[Axis]] = {}
    for i, k, s, d in itertools.product(range(1, 6), range(1, 6), range(1, 5), range(1, 5)):
        room = (i - 1) * s + d * (k - 1)
        sides = sorted({0, 1, 2, 3, room // 2} & set(range(room + 1)))
        for before, after, extra in itertools.product(sides, sides, range(max(s, d))):
            if before + after <= room:
                axis = Axis(i, k, s, d, before, after, extra)
                found.setdefault(_axis_levels(axis), []).append(axis)
    return {key: tuple(axes) for key, axes in found.items()}


def _regimes() -> list[tuple[dict[str, tuple[str, ...]], dict[str, tuple[str, ...]]]]:
    """Returns the possible levels of the whole case, each with the levels that it leaves to every dimension.

    A padding in words replaces the numbers; "same" also fixes the output size.  An output size reaches only
    extras below the stride.
    """
    unpadded: dict[str, tuple[str, ...]] = {"padding": ("none",)}
    below: dict[str, tuple[str, ...]] = {"extra": ("none", "some", "most")}
    words = {"spelling": ("plain", "tuple")}
    padding, size = {"via": ("output_padding",)}, {"via": ("output_size",)}
    return [
        ({"mode": ("explicit",), **padding}, {}),
        ({"mode": ("explicit",), **size}, below),
        ({"mode": ("valid",), **padding, **words}, unpadded),
        ({"mode": ("valid",), **size, **words}, {**unpadded, **below}),
        ({"mode": ("same",), **padding, **words}, {**unpadded, "extra": ("none",)}),
    ]


@frozen
class _Block:
    """Factors that depend on each other and on no others, with the rows of level numbers that can exist."""

    levels: tuple[int, ...]
    rows: tuple[frozenset[int], ...]
    rows_with: dict[int, int] = field(init=False)  # level number -> the rows with that level, as bits

    def __attrs_post_init__(self) -> None:
        bits = dict.fromkeys(self.levels, 0)
        for place, row in enumerate(self.rows):
            for number in row:
                bits[number] |= 1 << place
        object.__setattr__(self, "rows_with", bits)

    def allows(self, wanted: frozenset[int]) -> bool:
        """Returns whether some row has all wanted levels that belong to this block."""
        mask = -1
        for number in wanted:
            mask &= self.rows_with.get(number, -1)
        return mask != 0

    def together(self, count: int) -> NDArray[np.bool_]:
        """Returns ``[a, b, c]``: whether some row has levels a, b and c, ignoring levels of other blocks."""
        own = np.array(self.levels)
        lit = np.zeros((len(self.rows), len(own) + 1), np.float32)
        lit[:, -1] = 1  # stands for all levels of other blocks
        for place, row in enumerate(self.rows):
            lit[place, np.isin(own, list(row)).nonzero()[0]] = 1
        place_of = np.full(count, len(own))
        place_of[own] = np.arange(len(own))
        found: NDArray[np.bool_] = triples(lit)[np.ix_(place_of, place_of, place_of)]
        return found


@define
class Space:
    """The factors for one number of dimensions, with consecutively numbered levels.

    ``only`` limits factors to some of their levels, in all dimensions alike.
    """

    ndim: int
    only: Mapping[str, tuple[str, ...]] = field(factory=dict)
    numbers: dict[tuple[str, str], int] = field(init=False)
    _regimes: list[list[_Block]] = field(init=False)

    def __attrs_post_init__(self) -> None:
        every = [(name, level) for name, values in factors(self.ndim).items() for level in values]
        self.numbers = {pair: number for number, pair in enumerate(every)}
        self._regimes = []
        for whole, within in _regimes():
            blocks = []
            for at in range(self.ndim):
                rows = [dict(zip(AXIS, row, strict=True)) for row in axis_table()]
                kept = [r for r in rows if _within(r, within) and _within(r, self.only)]
                blocks.append(self._block([{f"{n}[{at}]": v for n, v in row.items()} for row in kept]))
            for name, values in WHOLE.items():
                rows = [{name: level} for level in whole.get(name, values)]
                blocks.append(self._block([row for row in rows if _within(row, self.only)]))
            if all(block.rows for block in blocks):
                self._regimes.append(blocks)

    def _block(self, rows: list[dict[str, str]]) -> _Block:
        names = rows[0] if rows else {}
        numbers = tuple(number for (name, _), number in self.numbers.items() if name in names)
        return _Block(numbers, tuple(map(self.row, rows)))

    def row(self, levels: Levels) -> frozenset[int]:
        """Returns the numbers of some levels."""
        return frozenset(self.numbers[pair] for pair in levels.items())

    def possible(self, partial: Levels) -> bool:
        """Returns whether some case has these levels."""
        wanted = self.row(partial)
        return any(all(block.allows(wanted) for block in blocks) for blocks in self._regimes)

    def possible_triples(self) -> NDArray[np.bool_]:
        """Returns ``[a, b, c]``: whether three levels can occur together; pairs are at ``[a, a, b]``."""
        count = len(self.numbers)
        found = np.zeros((count,) * 3, bool)
        for blocks in self._regimes:
            here = np.ones((count,) * 3, bool)
            for block in blocks:
                here &= block.together(count)
            found |= here
        return found


def _within(row: Levels, only: Mapping[str, tuple[str, ...]]) -> bool:
    return all(level in only.get(name, (level,)) for name, level in row.items())


@functools.cache
def space(ndim: int) -> Space:
    """Returns the space for one number of dimensions."""
    return Space(ndim)


def triples(lit: NDArray[np.float32]) -> NDArray[np.bool_]:
    """Returns ``[a, b, c]``: whether some row of a 0/1 matrix has ones in the columns a, b and c."""
    return np.stack([(lit[lit[:, at] > 0].T @ lit[lit[:, at] > 0]) > 0 for at in range(lit.shape[1])])
