"""Evidence arrays (nested lists of plain data) as two-dimensional tables."""

from __future__ import annotations

import json
from collections.abc import Iterator
from itertools import product
from math import prod
from typing import Any, Final

from attrs import frozen

from conv_transpose_conformance.text import one_line, plain

LARGEST: Final = 4096  # elements; pages do not show larger arrays
_DEEPEST: Final = 4
_DIGITS: Final = {"float64": 17, "float32": 9, "float16": 5, "bfloat16": 4}
_WORDS: Final = {"nan": "NaN", "inf": "∞", "-inf": "−∞"}

Index = tuple[int, ...]


@frozen
class Cell:
    """One element as text, and whether it is wrong or the worst."""

    text: str
    wrong: bool = False
    worst: bool = False


@frozen
class Table:
    """The last one or two dimensions of an array."""

    name: str
    rows: list[list[Cell]]


@frozen
class Slice:
    """The same part of the expected, the actual and the difference array."""

    title: str  # in NumPy's notation, "" where the array is a single table
    wrong: int
    tables: list[Table]


@frozen
class Shown:
    """The evidence of a divergence, ready for a page."""

    words: list[tuple[str, str]]  # name and text of values that are no arrays
    worst: Index | None  # index of the worst element
    slices: list[Slice]
    marked: bool  # whether every wrong element is known


def shape_of(value: Any) -> Index | None:
    """Returns the shape of a nested list, None if it is irregular, empty or too large to show."""
    shape: list[int] = []
    level: list[Any] = [value]
    while level and all(isinstance(item, list) for item in level):
        sizes = {len(item) for item in level}
        shape.append(sizes.pop())
        level = [leaf for item in level for leaf in item]
        if sizes or len(shape) > _DEEPEST or len(level) > LARGEST:
            return None
    if any(isinstance(leaf, list | dict) for leaf in level):
        return None
    return tuple(shape) if shape and 0 not in shape else None


def _at(value: Any, index: Index) -> Any:
    for position in index:
        value = value[position]
    return value


def _indices(shape: Index) -> Iterator[Index]:
    return product(*map(range, shape))


def number(value: Any, digits: int = 9) -> str:
    """Returns a leaf as text; a float has at most ``digits`` significant digits."""
    if isinstance(value, float):
        return f"{value:.{digits}g}"
    if isinstance(value, str):
        return _WORDS.get(value, plain(value))
    return one_line(json.dumps(value))


def show(evidence: dict[str, Any], dtype: str) -> Shown:
    """Returns the evidence of a divergence as tables, with the wrong elements marked if they are known."""
    digits = _DIGITS.get(dtype, 9)
    arrays: dict[str, tuple[Any, Index]] = {}
    words: list[tuple[str, str]] = []
    for name in ("expected", "actual", "difference"):
        value = evidence[name]
        shape = shape_of(value)
        if shape is not None:
            arrays[name] = (value, shape)
        elif value is not None:
            words.append((name, _as_words(value, digits)))
    wrong, known = _wrong(evidence, arrays)
    worst = tuple(evidence["index"]) if evidence["index"] is not None else None
    groups: dict[Index, list[str]] = {}
    for name, (_, shape) in arrays.items():
        groups.setdefault(shape, []).append(name)
    slices = [
        _slice(leading, shape, {name: arrays[name][0] for name in names}, wrong, worst, digits)
        for shape, names in groups.items()
        for leading in _indices(shape[:-2])
    ]
    return Shown(words, worst, slices, known)


def _as_words(value: Any, digits: int) -> str:
    if isinstance(value, list):
        text = json.dumps(value, ensure_ascii=False)
        return one_line(text) if len(text) < 2000 else "too large or too irregular to show"
    return number(value, digits)


def _wrong(evidence: dict[str, Any], arrays: dict[str, tuple[Any, Index]]) -> tuple[set[Index], bool]:
    """Returns the wrong elements, and whether they are known.

    Elements may differ within the rounding bound without being wrong.  So the differing elements count as
    the wrong ones only if their number equals the recorded number of wrong elements.
    """
    if "expected" not in arrays or "actual" not in arrays:
        return set(), False
    (expected, shape), (actual, other) = arrays["expected"], arrays["actual"]
    if shape != other:
        return set(), False
    found = {index for index in _indices(shape) if _at(expected, index) != _at(actual, index)}
    if evidence["elements"] and len(found) != evidence["wrong"]:
        return set(), False
    return found, True


def _slice(
    leading: Index, shape: Index, arrays: dict[str, Any], wrong: set[Index], worst: Index | None, digits: int
) -> Slice:
    tail = shape[-2:]
    rows, columns = (tail[0], tail[1]) if len(tail) == 2 else (1, tail[0])

    def cell(value: Any, row: int, column: int) -> Cell:
        index = (*leading, row, column) if len(tail) == 2 else (column,)
        text = number(_at(value, index[len(leading) :]), digits)
        return Cell(text, index in wrong or index == worst, index == worst)

    tables = [
        Table(name, [[cell(_at(value, leading), r, c) for c in range(columns)] for r in range(rows)])
        for name, value in arrays.items()
    ]
    title = f"[{', '.join([*map(str, leading), ':', ':'])}]" if prod(shape[:-2]) > 1 else ""
    count = sum(index[: len(leading)] == leading for index in wrong)
    if worst is not None and len(worst) == len(shape) and worst not in wrong:
        count += worst[: len(leading)] == leading
    return Slice(title, count, tables)
