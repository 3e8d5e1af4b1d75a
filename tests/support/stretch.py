"""A stretch of the corpus on which every fault model shows, its references computed once."""

from __future__ import annotations

import functools
import itertools

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.faults.selftest import reading
from conv_transpose_conformance.generation.corpus import core, variants
from conv_transpose_conformance.judging.problem import Problem


def problem_of(case: Case | str) -> Problem:
    case = Case.parse(case) if isinstance(case, str) else case
    return Problem(case, reading(case).geometry)


@functools.cache
def problems() -> list[Problem]:
    """The corpus's beginning, its large shapes, and its end."""
    valid = itertools.islice(core().cases(), 0, 1200)
    large = [case for shape in core().large for case in variants(shape)]
    return [problem_of(case) for case in (*valid, *large, *core().forbidden)]
