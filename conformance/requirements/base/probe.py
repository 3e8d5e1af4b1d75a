"""A bench: one implementation, to be asked one thing at a time by the requirements that probe it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

import numpy as np
from attrs import define, evolve, field
from numpy.typing import NDArray

from conv_transpose_conformance.adapters import adapter_class, framework_of
from conv_transpose_conformance.adapters.protocol import Arrays, encode
from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES
from conv_transpose_conformance.execution.driver import Driver
from conv_transpose_conformance.execution.planner import Job, Problem, cannot_run
from conv_transpose_conformance.frameworks.semantics import Acceptance, Meaning, interpret
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements.base.answer_checks import misfit
from conv_transpose_conformance.requirements.base.requirement import Trial

Array = NDArray[Any]
Try = TypeVar("Try")

DEADLINE: Final = 10.0  # seconds that a probe may take, as any call
SHARE: Final = 0.3  # seconds of a slow face for each requirement
_FAULTS: Final = {
    Outcome.CRASH: Verdict.CRASH,
    Outcome.HANG: Verdict.HANG,
    Outcome.INVALID: Verdict.ERROR,
    Outcome.MISFIT: Verdict.DIVERGE,
    Outcome.RAISED: Verdict.ERROR,
    Outcome.UNSUPPORTED: Verdict.UNSUPPORTED,
}


class Probe(Problem):
    """A problem that is asked by a probe's request, with data of its own where that is given.

    ``patch`` replaces members of the case as the adapter sees it, by what no case can say.
    """

    is_probe = True

    def __init__(
        self,
        case: Case,
        operation: str,
        arrays: Mapping[str, Array],
        options: Mapping[str, Any],
        patch: Mapping[str, Any],
    ) -> None:
        super().__init__(case, None)
        self._operation, self._arrays, self._options, self._patch = operation, arrays, options, patch

    def frame(self, number: int, implementations: Any) -> bytes:
        """See the base class."""
        header = {
            "type": "probe",
            "id": number,
            "operation": self._operation,
            "case": {**self.case.to_dict(), **self._patch},
            "implementations": list(implementations),
            "options": dict(self._options),
        }
        return encode(header, wire(self._arrays))


def wire(arrays: Mapping[str, Array]) -> Arrays:
    """Arrays with the names of their dtypes, as frames hold them."""
    bits = NUMPY_DTYPES["bfloat16"]
    return {
        name: ("bfloat16", array.view("uint16")) if array.dtype == bits else (str(array.dtype), array)
        for name, array in arrays.items()
    }


@define
class Bench:
    """``implementation`` (without a release) on a worker that ``driver`` keeps and ``hello`` describes."""

    implementation: str
    driver: Driver
    hello: Mapping[str, Any]
    remembered: dict[Any, Any] = field(factory=dict, init=False)  # what requirements need not ask twice
    left_out: int = field(default=0, init=False)  # tries that the requirement at work leaves out
    _left: int | None = field(default=None, init=False)  # calls that it may still make; None: any number
    signature_fault: Trial | None = field(default=None, init=False)  # why there is no signature
    _signature: dict[str, list[tuple[str, str | None]]] | None = field(default=None, init=False)

    @property
    def framework(self) -> str:
        """Its framework."""
        return framework_of(self.implementation)

    @property
    def device(self) -> str:
        """The device it runs on: "cpu", "cuda", …"""
        return str(self.hello.get("device", ""))

    @property
    def about(self) -> Mapping[str, Any]:
        """What its adapter declares: ``ndim``, ``module`` and terms of its own."""
        declared: Mapping[str, Any] = adapter_class(self.framework).implementations[self.implementation]
        return declared

    @property
    def ndim(self) -> int:
        """Its number of spatial dimensions."""
        ndim: int = self.about["ndim"]
        return ndim

    @property
    def face(self) -> str:
        """Which face of its API it is ("compile", ...), nothing for the API itself."""
        return str(self.about.get("face", ""))

    @property
    def shape_only(self) -> bool:
        """Whether it tells an output's shape and dtype in place of the output: what it tells, it accepts."""
        return self.face == "meta"

    @property
    def exhausted(self) -> bool:
        """Whether the requirement at work has had its share of a slow face."""
        return self._left is not None and self._left <= 0

    def begin(self) -> None:
        """A requirement begins.  On a slow face it gets some calls, and may end the try at which they end.

        Only those count that come as far as the face: what a layer's construction refuses costs nothing.
        """
        seconds = adapter_class(self.framework).seconds_per_case.get(self.implementation)
        self.left_out = 0
        self._left = max(1, int(SHARE / seconds)) if self.face and seconds else None

    def limited(self, tries: Sequence[Try]) -> Iterator[Try]:
        """These tries, as far as the requirement may make them."""
        for number, one in enumerate(tries):
            if self.exhausted:
                self.left_out += len(tries) - number
                return
            yield one

    @property
    def module(self) -> bool:
        """Whether it is a layer with parameters of its own rather than a function."""
        return bool(self.about["module"])

    def expresses(self, case: Case) -> bool:
        """Whether its API can say the case."""
        return cannot_run(self.implementation, case) is None

    def meaning(self, case: Case) -> Meaning:
        """What its documents demand of a case."""
        return interpret(case, self.implementation)

    def requires(self, case: Case) -> bool:
        """Whether its API can say the case and its documents demand a result."""
        return self.expresses(case) and self.meaning(case).acceptance is Acceptance.REQUIRED

    def problem(self, case: Case) -> Problem:
        """The case's data and reference."""
        return Problem(case, self.meaning(case).geometry)

    def arrays(self, case: Case) -> dict[str, Array]:
        """The case's tensors: x, w, b and, where the documents give the output a shape, g."""
        return self.problem(case).data.arrays()

    def call(
        self,
        case: Case,
        arrays: Mapping[str, Array] | None = None,
        *,
        patch: Mapping[str, Any] | None = None,
        refusable: bool = False,
        **options: Any,
    ) -> Answer:
        """A call, with these tensors in place of the case's; without ``g`` no gradients are asked for.

        ``options`` are those of ``adapters.base.Options``; ``patch`` stands in place of members of the case.
        A call that may have to be refused is ``refusable``: if it is accepted, a fresh worker answers what
        is asked next.
        """
        return self.ask("call", case, arrays, patch=patch, refusable=refusable, **options)

    def ask(
        self,
        operation: str,
        case: Case,
        arrays: Mapping[str, Array] | None = None,
        *,
        patch: Mapping[str, Any] | None = None,
        refusable: bool = False,
        **options: Any,
    ) -> Answer:
        """The answer of an operation of ``adapters.probe``; arguments as of :meth:`call`.

        One that must work has what checks calculate with, or says why not (see ``due``).
        """
        given = self.arrays(case) if arrays is None else arrays
        probe = Probe(case, operation, given, options, patch or {})
        kind = Acceptance.UNSPECIFIED if refusable else Acceptance.REQUIRED
        answer = self.driver.ask(Job(probe, {self.implementation: Meaning(kind)}), self.implementation)
        if self._left is not None and answer.stage != "construct":
            self._left -= 1
        if answer.outcome is not Outcome.OK or refusable:
            return answer
        wrong = misfit(operation, answer, given, ndim=self.ndim)
        if wrong is None:
            return answer
        return evolve(answer, outcome=wrong[0], message=wrong[1], arrays={}, facts={})

    def signature(self) -> Mapping[str, list[tuple[str, str | None]]]:
        """For ``construct`` (of a layer) and ``forward``: the arguments' names in order, each with its
        default's repr, None where there is none.  Empty where the adapter cannot tell.
        """
        if self._signature is None:
            answer = self.ask("signature", plain_case(self.ndim), {})
            self.signature_fault = fault(answer)
            self._signature = {
                what: [(str(entry[0]), entry[1]) for entry in entries]
                for what, entries in answer.facts.items()
            }
        return self._signature


def plain_case(ndim: int) -> Case:
    """The least that can be asked: one channel, kernel 1, stride 1, ones of everything."""
    return Case.parse(
        "v1_1d_n1_ci1_co1_i1_k1_f32_int.1" if ndim == 1 else "v1_2d_n1_ci1_co1_i1x1_k1x1_f32_int.1"
    )


def fault(answer: Answer, case: Case | None = None) -> Trial | None:
    """The trial of an answer that brought no result where one is promised, or None where it did."""
    verdict = _FAULTS.get(answer.outcome)
    if verdict is None:
        return None
    where = f"in {answer.stage}: " if answer.stage and answer.outcome is Outcome.RAISED else ""
    return Trial(verdict, f"{where}{answer.message}", case)


def same(actual: Array | None, expected: Array) -> bool:
    """Whether two arrays have the same shape, dtype and values; NaN equals NaN."""
    return (
        actual is not None
        and actual.shape == expected.shape
        and actual.dtype == expected.dtype
        and np.array_equal(actual, expected, equal_nan=actual.dtype.kind in "fcV")
    )
