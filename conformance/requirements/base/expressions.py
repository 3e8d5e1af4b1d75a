"""Finds the shortest integer formula that gives the observed numbers."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from itertools import islice, product
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

Column = NDArray[np.int64]

_TRIED: Final = 60_000  # formulas; a search takes about a second
_LARGEST: Final = 1 << 40  # so that products stay within 64 bits
_LONGEST: Final = 6  # letters and operations


def shortest_formula(letters: Mapping[str, Sequence[int]], wanted: Sequence[int]) -> str | None:
    """Returns the shortest formula of ``letters`` with the values ``wanted``; None if the search finds none.

    Args:
        letters: the values of each letter, one for each observation.
        wanted: the observed values.

    Returns:
        Text with ``+ - * // max min`` and the letters; a quotient is rounded down.
    """
    goal = np.asarray(wanted, np.int64)
    if not len(goal):
        return None
    terminals = {**letters, "0": [0] * len(goal), "1": [1] * len(goal), "2": [2] * len(goal)}
    known: set[bytes] = set()
    by_length: list[list[tuple[str, Column]]] = [[]]
    tried = 0
    for length in range(1, _LONGEST + 1):
        first = ((name, np.asarray(values, np.int64)) for name, values in terminals.items())
        made = []
        for text, values in islice(_combined(by_length, length) if length > 1 else first, _TRIED - tried):
            tried += 1
            if np.array_equal(values, goal):
                return text[1:-1] if _is_wrapped(text) else text
            if values.tobytes() not in known and np.abs(values).max() <= _LARGEST:
                known.add(values.tobytes())
                made.append((text, values))
        by_length.append(made)
    return None


def _combined(by_length: list[list[tuple[str, Column]]], length: int) -> Iterator[tuple[str, Any]]:
    for left in range(1, length):
        for (one, a), (two, b) in product(by_length[left], by_length[length - left]):
            yield f"({one} - {two})", a - b
            if (b > 0).all() and two not in ("0", "1"):
                yield f"({one} // {two})", a // b
            if one < two:
                yield f"({one} + {two})", a + b
                yield f"max({one}, {two})", np.maximum(a, b)
                yield f"min({one}, {two})", np.minimum(a, b)
                if "0" not in (one, two):
                    yield f"{one} * {two}", a * b


def _is_wrapped(text: str) -> bool:
    """Whether one pair of brackets holds the whole text."""
    if not text.startswith("("):
        return False
    depth = 0
    for at, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if not depth:
            return at == len(text) - 1
    return False
