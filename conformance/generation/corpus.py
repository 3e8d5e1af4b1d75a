"""The core corpus: a fixed, versioned set of cases, the same for every framework and every run.

``corpus.txt`` contains one parameter set per line.  ``tools/corpus.py`` makes it as a covering array: every
possible combination of three levels of the parameters (see :mod:`generation.factors`) occurs in it.  Each
parameter set gives four cases: exact integers and reals, in float32 and float64.  A few *large* sets follow,
with channels and sizes for which kernels work in blocks.  Calls that the documents forbid come last, because
they may kill the worker.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from attrs import frozen

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.recipe import Recipe

PATH: Final = Path(__file__).with_name("corpus.txt")
_VERSION: Final = "# version "
_LARGE: Final = "[large]"
_FORBIDDEN: Final = "[forbidden]"


@frozen
class Corpus:
    """``valid`` and ``large`` parameter sets as float32 integer cases, and ``forbidden`` cases."""

    version: int
    valid: tuple[Case, ...]
    large: tuple[Case, ...]
    forbidden: tuple[Case, ...]

    def cases(self) -> Iterator[Case]:
        """Yields every case in the order of a run."""
        for case in (*self.valid, *self.large):
            yield from variants(case)
        yield from self.forbidden


def variants(case: Case) -> Iterator[Case]:
    """Yields the cases of a parameter set: integers and reals from its seed, in float32 and float64."""
    for dtype in ("float32", "float64"):
        yield case.replace(dtype=dtype, recipe=Recipe("int", case.recipe.seed))
        yield case.replace(dtype=dtype, recipe=Recipe("real", case.recipe.seed))


@functools.cache
def core() -> Corpus:
    """Returns the corpus of this version of the suite."""
    lines = PATH.read_text(encoding="utf-8").splitlines()
    version = next(int(line.removeprefix(_VERSION)) for line in lines if line.startswith(_VERSION))
    ids = [line for line in lines if line and not line.startswith("#")]
    large, forbidden = ids.index(_LARGE), ids.index(_FORBIDDEN)
    parts = ids[:large], ids[large + 1 : forbidden], ids[forbidden + 1 :]
    return Corpus(version, *(tuple(map(Case.parse, part)) for part in parts))
