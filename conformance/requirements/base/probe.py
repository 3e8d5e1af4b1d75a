"""A prober: one implementation, to be asked one thing at a time by the requirements that probe it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final, TypeVar

import numpy as np
from attrs import define, evolve, field
from numpy.typing import NDArray

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance, Meaning
from conv_transpose_conformance.execution.case_runner import CaseRunner
from conv_transpose_conformance.execution.requests import Job, Probe
from conv_transpose_conformance.frameworks import registry
from conv_transpose_conformance.frameworks.implementation import Documented, Implementation
from conv_transpose_conformance.frameworks.registry import cannot_run, framework_of, interpret
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.problem import Problem
from conv_transpose_conformance.judging.verdicts import Verdict
from conv_transpose_conformance.requirements.base.answer_checks import mismatch
from conv_transpose_conformance.requirements.base.trial import Trial

Array = NDArray[Any]
Try = TypeVar("Try")

SHARE: Final = 0.3  # seconds that each requirement gets on a slow variant
_FAULTS: Final = {
    Outcome.CRASH: Verdict.CRASH,
    Outcome.HANG: Verdict.HANG,
    Outcome.INVALID: Verdict.ERROR,
    Outcome.MISMATCH: Verdict.DIVERGE,
    Outcome.RAISED: Verdict.ERROR,
    Outcome.UNSUPPORTED: Verdict.UNSUPPORTED,
}


@define
class Prober:
    """``implementation`` (without a release), asked through ``runner``."""

    implementation: str
    runner: CaseRunner
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
    def hello(self) -> Mapping[str, Any]:
        """What its worker says of itself: ``version``, ``device``, ``python``, …"""
        return self.runner.start()

    @property
    def device(self) -> str:
        """The device it runs on: "cpu", "cuda", …"""
        return str(self.hello["device"])

    @property
    def declared(self) -> Implementation:
        """What is declared of it."""
        return registry.implementation(self.implementation)

    @property
    def documented(self) -> Documented:
        """What its documents say of it beside the geometry of a call."""
        return self.declared.documented

    @property
    def ndim(self) -> int:
        """Its number of spatial dimensions."""
        return self.declared.ndim

    @property
    def shape_only(self) -> bool:
        """Whether it tells an output's shape and dtype in place of the output: what it tells, it accepts."""
        return self.declared.shapes_only

    @property
    def exhausted(self) -> bool:
        """Whether the current requirement has used up its share of calls on a slow variant."""
        return self._left is not None and self._left <= 0

    def begin(self) -> None:
        """Starts a requirement.  A slow variant gets a limited number of calls; the try under way may finish.

        Only calls that reach the variant count: a call that the layer's constructor refuses is free.
        """
        seconds = self.declared.seconds if self.declared.variant else 0.0
        self.left_out = 0
        self._left = max(1, int(SHARE / seconds)) if seconds else None

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
        return self.declared.is_layer

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
        problem = Problem(case, None)
        probe = Probe(operation, given, options, patch or {})
        kind = Acceptance.UNSPECIFIED if refusable else Acceptance.REQUIRED
        job = Job(problem, {self.implementation: Meaning(kind)}, probe)
        answer = self.runner.answer(job, self.implementation)
        if self._left is not None and answer.stage != "construct":
            self._left -= 1
        if answer.outcome is not Outcome.OK or refusable:
            return answer
        wrong = mismatch(operation, answer, given, ndim=self.ndim)
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
