"""The prober: asks one implementation for the requirements that probe it, one question at a time."""

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

SHARE: Final = 0.3  # seconds per requirement on a slow variant
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
    """Asks ``implementation`` (without a release) through ``runner``."""

    implementation: str
    runner: CaseRunner
    remembered: dict[Any, Any] = field(factory=dict, init=False)  # answers that several requirements share
    left_out: int = field(default=0, init=False)  # tries that the current requirement omits
    _left: int | None = field(default=None, init=False)  # its remaining calls; None: unlimited
    signature_fault: Trial | None = field(default=None, init=False)  # the reason for a missing signature
    _signature: dict[str, list[tuple[str, str | None]]] | None = field(default=None, init=False)

    @property
    def framework(self) -> str:
        """Returns the name of its framework."""
        return framework_of(self.implementation)

    @property
    def hello(self) -> Mapping[str, Any]:
        """Returns the worker's description of itself: ``version``, ``device``, ``python``, …"""
        return self.runner.start()

    @property
    def device(self) -> str:
        """Returns its device: "cpu", "cuda", …"""
        return str(self.hello["device"])

    @property
    def declared(self) -> Implementation:
        """Returns the declaration of the implementation."""
        return registry.implementation(self.implementation)

    @property
    def documented(self) -> Documented:
        """Returns the documented facts about it, other than the geometry of a call."""
        return self.declared.documented

    @property
    def ndim(self) -> int:
        """Returns its number of spatial dimensions."""
        return self.declared.ndim

    @property
    def shape_only(self) -> bool:
        """Whether it returns an output's shape and dtype only; it accepts a call by returning them."""
        return self.declared.shapes_only

    @property
    def exhausted(self) -> bool:
        """Whether the current requirement has used up its share of calls on a slow variant."""
        return self._left is not None and self._left <= 0

    def begin(self) -> None:
        """Starts a requirement; limits the calls to a slow variant, but lets the current try finish.

        Only calls that reach the variant count; a refusal by the layer's constructor does not.
        """
        seconds = self.declared.seconds if self.declared.variant else 0.0
        self.left_out = 0
        self._left = max(1, int(SHARE / seconds)) if seconds else None

    def limited(self, tries: Sequence[Try]) -> Iterator[Try]:
        """Yields these tries until the requirement has used up its calls."""
        for number, one in enumerate(tries):
            if self.exhausted:
                self.left_out += len(tries) - number
                return
            yield one

    @property
    def module(self) -> bool:
        """Whether it is a layer with its own parameters rather than a function."""
        return self.declared.is_layer

    def expresses(self, case: Case) -> bool:
        """Whether its API can express the case."""
        return cannot_run(self.implementation, case) is None

    def meaning(self, case: Case) -> Meaning:
        """Returns the meaning of a case by its documents."""
        return interpret(case, self.implementation)

    def requires(self, case: Case) -> bool:
        """Whether its API can express the case and its documents require a result."""
        return self.expresses(case) and self.meaning(case).acceptance is Acceptance.REQUIRED

    def problem(self, case: Case) -> Problem:
        """Returns the case's data and reference."""
        return Problem(case, self.meaning(case).geometry)

    def arrays(self, case: Case) -> dict[str, Array]:
        """Returns the case's tensors: x, w, b and, where the documents define the output's shape, g."""
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
        """Calls with these tensors in place of the case's; without ``g`` asks for no gradients.

        ``options`` are those of ``adapters.base.Options``; ``patch`` replaces members of the case.
        A possibly invalid call is ``refusable``: if accepted, a fresh worker answers the next question.
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
        """Returns the answer of an operation of ``adapters.probe``; arguments as in :meth:`call`.

        The answer to a valid call has the arrays that checks compute with, or says why not (see ``due``).
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
        """Returns the ordered arguments of ``construct`` (of a layer) and of ``forward``.

        Each argument has its name and its default's repr, None without a default.  The mapping is empty where
        the adapter does not know the signature.
        """
        if self._signature is None:
            answer = self.ask("signature", plain_case(self.ndim), {})
            self.signature_fault = fault(answer)
            self._signature = {
                what: [(str(entry[0]), entry[1]) for entry in entries]
                for what, entries in answer.facts.items()
            }
        return self._signature

    def docstring(self) -> str:
        """Returns the docstring that the installed release ships, "" where the adapter knows none."""
        answer = self.ask("docstring", plain_case(self.ndim), {})
        entries = answer.facts.get("docstring") or [["", ""]]
        return str(entries[0][1] or "") if answer.outcome is Outcome.OK else ""


def plain_case(ndim: int) -> Case:
    """Returns the smallest case: one channel, kernel 1, stride 1, ones everywhere."""
    return Case.parse(
        "v1_1d_n1_ci1_co1_i1_k1_f32_int.1" if ndim == 1 else "v1_2d_n1_ci1_co1_i1x1_k1x1_f32_int.1"
    )


def fault(answer: Answer, case: Case | None = None) -> Trial | None:
    """Returns the trial of an answer without its required result, or None for an answer with one."""
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
