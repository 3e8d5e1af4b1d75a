"""Counts the pairs and triples of levels that a run covers, out of those that can exist."""

from __future__ import annotations

from typing import Any

import numpy as np
from attrs import define, field

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.generation.factors import levels, space, triples


@define
class Coverage:
    """Collects cases; each counts once, and cases outside the space (such as invalid ones) do not count."""

    _seen: dict[Case, None] = field(factory=dict, init=False)

    def add(self, case: Case) -> None:
        """Adds a case that was run."""
        self._seen[case] = None

    def summary(self) -> dict[str, Any]:
        """Returns per number of dimensions the cases and ``[seen, possible]`` pairs and triples of levels."""
        found: dict[str, Any] = {}
        for ndim in (1, 2):
            known = space(ndim)
            rows = [row for case in self._seen if case.ndim == ndim and (row := levels(case)) is not None]
            distinct = set(map(known.row, rows))
            if not distinct:
                continue
            lit = np.zeros((len(distinct), len(known.numbers)), np.float32)
            for place, numbers in enumerate(distinct):
                lit[place, list(numbers)] = 1
            seen, possible = triples(lit), known.possible_triples()
            seen &= possible
            found[f"{ndim}d"] = {
                "cases": len(rows),
                "pairs": [_distinct(seen, 2), _distinct(possible, 2)],
                "triples": [_distinct(seen, 3), _distinct(possible, 3)],
            }
        return found


def _distinct(together: Any, strength: int) -> int:
    """Returns the number of sets of two or three levels of different factors."""
    count = len(together)
    a, b, c = np.ogrid[:count, :count, :count]
    if strength == 3:
        return int(together[(a < b) & (b < c)].sum())
    pairs = together[np.arange(count), np.arange(count)]
    return int(pairs[np.triu_indices(count, 1)].sum())
