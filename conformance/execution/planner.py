"""Which cases go to which implementations.

A :class:`Problem` is a case with the geometry that some documents demand of it: its data and its reference
are computed once, for all the implementations whose documents agree.  A :class:`Job` is a problem for the
implementations of one framework: its data crosses to the worker once.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from math import prod
from typing import Any, Final
from zlib import crc32

from attrs import field, frozen

from conv_transpose_conformance.adapters import adapter_class, framework_of
from conv_transpose_conformance.adapters.protocol import MAX_PAYLOAD, Arrays, encode
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES, Data, make_data
from conv_transpose_conformance.errors import InvalidCase
from conv_transpose_conformance.frameworks.semantics import Acceptance, Meaning, interpret
from conv_transpose_conformance.generation.corpus import core
from conv_transpose_conformance.judging.judge import Expected
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.reference_impl import Geometry, backward, error_model, forward

# elements of a tensor: with its gradients in float64 still well within a frame, and across within a deadline
LARGEST: Final = MAX_PAYLOAD // 64


class Problem:
    """A case under one geometry (None where no valid output exists)."""

    is_probe = False

    def __init__(self, case: Case, geometry: Geometry | None) -> None:
        self.case = case
        self.geometry = geometry

    @cached_property
    def data(self) -> Data:
        """The tensors; see :func:`cases.tensors.make_data`."""
        return make_data(self.case, self.geometry)

    @cached_property
    def reference(self) -> Mapping[Check, Expected]:
        """What the values and gradients must be; empty without a geometry."""
        if self.geometry is None:
            return {}
        data, geometry = self.data, self.geometry
        assert data.g is not None
        # Only for reals in float64 is float64 accumulation as rough as what is judged.
        compensated = self.case.dtype == "float64" and self.case.recipe.kind == "real"
        precision: Any = "compensated" if compensated else "working"
        y = forward(data.x, data.w, data.b, geometry=geometry, precision=precision)
        gradients = backward(data.x, data.w, data.g, geometry=geometry, precision=precision)
        model = error_model(data.x, data.w, data.b, data.g, geometry=geometry)
        expected = {
            Check.VALUES: Expected(y, model.y.scale, model.y.terms),
            Check.GRAD_INPUT: Expected(gradients.x, model.x.scale, model.x.terms),
            Check.GRAD_WEIGHT: Expected(gradients.w, model.w.scale, model.w.terms),
        }
        if data.b is not None:
            expected[Check.GRAD_BIAS] = Expected(gradients.bias, model.bias.scale, model.bias.terms)
        return expected

    def frame(self, number: int, implementations: Sequence[str]) -> bytes:
        """The request that asks a worker for this problem."""
        wire: Arrays = {}
        for name, array in self.data.arrays().items():
            if array.dtype == NUMPY_DTYPES["bfloat16"]:
                array = array.view("uint16")
            wire[name] = (self.case.dtype, array)
        header = {
            "type": "run",
            "id": number,
            "case": self.case.to_dict(),
            "implementations": list(implementations),
        }
        return encode(header, wire)


@frozen
class Job:
    """A problem for the implementations of one framework, each with the meaning its documents give it."""

    problem: Problem
    meanings: Mapping[str, Meaning] = field(eq=False)

    @property
    def case(self) -> Case:
        """The problem's case."""
        return self.problem.case


@frozen
class Skipped:
    """A case that an implementation's API has no way to say."""

    case: Case
    implementation: str
    reason: str


ALLOWANCE: Final = {"quick": 8.0, "full": 40.0}  # seconds an implementation that is slow by nature may take


class Planner:
    """Turns cases into jobs for the chosen implementations, keeping slow ones within their allowance.

    With ``spread`` a slow implementation gets cases from all over the corpus, always the same; without, as
    where few cases are asked for at all, the first that come.
    """

    def __init__(self, implementations: Iterable[str], allowance: float, *, spread: bool = False) -> None:
        self._by_framework: dict[str, list[str]] = {}
        for name in implementations:
            self._by_framework.setdefault(framework_of(name), []).append(name)
        self._left = {
            name: int(allowance / seconds)
            for framework, names in self._by_framework.items()
            for name, seconds in adapter_class(framework).seconds_per_case.items()
            if name in names
        }
        self._highest = {
            name: _highest(name, count) if spread else None for name, count in self._left.items()
        }

    def plan(self, case: Case) -> Iterator[tuple[str, Job] | Skipped]:
        """The framework and job pairs of a case, and who cannot express it.

        Raises:
            InvalidCase: where the case's tensors would fit no memory.
        """
        _check_size(case)
        problems: dict[Geometry | None, Problem] = {}
        plain = case.to_dict()
        for framework, names in self._by_framework.items():
            cannot_express = adapter_class(framework).cannot_express
            meanings: dict[Geometry | None, dict[str, Meaning]] = {}
            for name in names:
                if wrong_ndim(name, case):
                    continue
                reason = cannot_express(name, plain)
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
    """Whether a call counts: where nothing is computed, what must be refused is refused at once."""
    return computes(name) or meaning.acceptance is not Acceptance.FORBIDDEN


def computes(name: str) -> bool:
    """Whether an implementation's outputs have values, on the devices that the suite runs on."""
    found: bool = adapter_class(framework_of(name)).implementations[name].get("computes", True)
    return found


def _is_telling(name: str, case: Case, meaning: Meaning) -> bool:
    """Whether a case is worth its seconds.

    Where nothing is computed, one set of numbers is as good as another; where something is, a case that no
    document decides tells nothing.
    """
    if computes(name):
        return meaning.acceptance is not Acceptance.UNSPECIFIED
    return case.recipe.kind == "int" and case.dtype == "float32"


def _place(case: Case) -> int:
    """The case's place in an order that has nothing to do with its parameters."""
    return crc32(case.id.encode())


def _highest(name: str, count: int) -> int | None:
    """The place of the last of ``count`` cases of the corpus for an implementation; None: all are taken."""
    places = _places(name)
    if count >= len(places):
        return None
    return places[count - 1] if count else -1


@cache
def _places(name: str) -> list[int]:
    cannot_express = adapter_class(framework_of(name)).cannot_express
    cases = [
        (case, interpret(case, name))
        for case in (core().cases() if computes(name) else core().valid)
        if not wrong_ndim(name, case) and cannot_express(name, case.to_dict()) is None
    ]
    return sorted(_place(c) for c, m in cases if _is_slow(name, c, m) and _is_telling(name, c, m))


def _check_size(case: Case) -> None:
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


def cannot_run(implementation: str, case: Case) -> str | None:
    """Why a case cannot be put to an implementation, or None."""
    adapter = adapter_class(framework_of(implementation))
    return wrong_ndim(implementation, case) or adapter.cannot_express(implementation, case.to_dict())


def wrong_ndim(implementation: str, case: Case) -> str | None:
    """Why an implementation of other dimensions is not asked, or None."""
    ndim: int = adapter_class(framework_of(implementation)).implementations[implementation]["ndim"]
    return None if ndim == case.ndim else f"it is {ndim}-D, the case {case.ndim}-D"
