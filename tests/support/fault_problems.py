"""A stretch of the corpus on which every fault model shows, its references computed once."""

from __future__ import annotations

import functools
import itertools

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.faults import FAULTS, FaultModel, answer_of
from conv_transpose_conformance.faults.selftest import failing, reading
from conv_transpose_conformance.generation.corpus import core, variants
from conv_transpose_conformance.judging.answers import Answer
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


def named(name: str) -> FaultModel:
    """The fault model of this name."""
    (found,) = (fault for fault in FAULTS if fault.name == name)
    return found


def failures_of(fault: FaultModel, most: int = 6) -> list[tuple[Problem, Answer]]:
    """The first problems on which a fault shows, with its answers."""
    found = []
    for problem in problems():
        if failing(fault, problem, reading(problem.case)):
            found.append((problem, answer_of(fault, problem, "torch.nn.ConvTranspose2d")))
            if len(found) == most:
                break
    return found
