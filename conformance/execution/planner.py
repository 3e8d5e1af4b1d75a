"""Assigns cases to implementations.

A :class:`Problem` is a case with the geometry that some documents demand: the host computes its data and its
reference once, for all implementations whose documents agree.  A :class:`Job` is a problem for the
implementations of one framework: the host sends its data to the worker once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from functools import cache
from math import prod
from typing import Final
from zlib import crc32

from attrs import frozen

from conv_transpose_conformance.adapters.protocol import MAX_PAYLOAD
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance, Meaning
from conv_transpose_conformance.errors import InvalidCase
from conv_transpose_conformance.execution.requests import Job
from conv_transpose_conformance.frameworks.registry import cannot_run, framework_of, implementation, interpret
from conv_transpose_conformance.generation.corpus import core
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.reference_impl import Geometry

# elements of a tensor: with float64 gradients it fits a frame, and crosses to the worker within a deadline
LARGEST: Final = MAX_PAYLOAD // 64


@frozen
class Skipped:
    """Marks a case that an implementation's API cannot express."""

    case: Case
    implementation: str
    reason: str


ALLOWANCE: Final = {"quick": 8.0, "full": 40.0}  # seconds an implementation that is slow by nature may take


class Planner:
    """Turns cases into jobs for the chosen implementations, and keeps slow ones within their allowance.

    With ``spread`` a slow implementation gets cases from all over the corpus, always the same ones; without
    it, e.g. in a run of few cases, it gets the first ones.
    """

    def __init__(self, implementations: Iterable[str], allowance: float, *, spread: bool = False) -> None:
        self._by_framework: dict[str, list[str]] = {}
        for name in implementations:
            self._by_framework.setdefault(framework_of(name), []).append(name)
        self._left = {
            name: int(allowance / implementation(name).seconds)
            for names in self._by_framework.values()
            for name in names
            if implementation(name).seconds
        }
        self._highest = {
            name: _highest(name, count) if spread else None for name, count in self._left.items()
        }

    def plan(self, case: Case) -> Iterator[tuple[str, Job] | Skipped]:
        """Returns a case's pairs of framework and job, and the implementations that cannot express it.

        Raises:
            InvalidCase: if the case's tensors exceed any memory.
        """
        check_size(case)
        problems: dict[Geometry | None, Problem] = {}
        for framework, names in self._by_framework.items():
            meanings: dict[Geometry | None, dict[str, Meaning]] = {}
            for name in names:
                if implementation(name).ndim != case.ndim:
                    continue
                reason = cannot_run(name, case)
                if reason is not None:
                    yield Skipped(case, name, reason)
                    continue
                meaning = interpret(case, name)
                if (
                    name in self._left
                    and _is_slow(name, case, meaning)
                    and not self._takes(name, case, meaning)
                ):
                    continue
                meanings.setdefault(meaning.geometry, {})[name] = meaning
            for geometry, group in meanings.items():
                problem = problems.setdefault(geometry, Problem(case, geometry))
                yield framework, Job(problem, group)

    def _takes(self, name: str, case: Case, meaning: Meaning) -> bool:
        highest = self._highest[name]
        taken = (
            self._left[name] > 0
            and _is_telling(name, case, meaning)
            and (highest is None or _place(case) <= highest)
        )
        self._left[name] -= taken
        return taken


def _is_slow(name: str, case: Case, meaning: Meaning) -> bool:
    """Whether a call takes time: an implementation that computes nothing refuses a forbidden call at once."""
    return implementation(name).computes or meaning.acceptance is not Acceptance.FORBIDDEN


def _is_telling(name: str, case: Case, meaning: Meaning) -> bool:
    """Whether a case is worth its seconds.

    If the implementation computes nothing, one recipe and dtype stand for all; if it computes, a case that no
    document decides shows nothing.
    """
    if implementation(name).computes:
        return meaning.acceptance is not Acceptance.UNSPECIFIED
    return case.recipe.kind == "int" and case.dtype == "float32"


def _place(case: Case) -> int:
    """Returns the case's place in an order independent of its parameters."""
    return crc32(case.id.encode())


def _highest(name: str, count: int) -> int | None:
    """Returns the place of the last of ``count`` corpus cases for an implementation; None to take all."""
    places = _places(name)
    if count >= len(places):
        return None
    return places[count - 1] if count else -1


@cache
def _places(name: str) -> list[int]:
    cases = [
        (case, interpret(case, name))
        for case in (core().cases() if implementation(name).computes else core().valid)
        if cannot_run(name, case) is None
    ]
    return sorted(_place(c) for c, m in cases if _is_slow(name, c, m) and _is_telling(name, c, m))


def check_size(case: Case) -> None:
    """Refuses a case whose tensors exceed any memory.

    Raises:
        InvalidCase: if a tensor is too large; the message names it.
    """
    lead = [case.batch or 1]
    reach = [
        (size - 1) * stride + dilation * (kernel - 1) + 1 + abs(extra)
        for size, stride, dilation, kernel, extra in zip(
            case.input_size, case.stride, case.dilation, case.kernel_size, case.output_padding, strict=True
        )
    ]
    tensors = {
        "input": [*lead, case.in_channels, *case.input_size],
        "weight": case.weight_shape,
        "output": [*lead, case.out_channels, *reach],
    }
    for name, shape in tensors.items():
        elements = prod(max(size, 1) for size in shape)
        if elements > LARGEST:
            raise InvalidCase(f"{case.id}: its {name} of about {elements:.1e} elements is too large")
