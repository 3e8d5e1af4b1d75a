"""Judging: a pure function of the case, its meaning, the reference and the answer.

Values are judged at one of two levels (see ``docs/numerics.md``):

``exact``
    The inputs are integers whose absolute sums stay below ``2**p``: a correct direct algorithm returns
    the reference's bits, whatever its order of summation.
``bounded``
    ``|ŷ - y| <= γ(m + 1)·A`` element by element, ``m`` the number of terms, ``A`` the operator on absolute
    values, ``γ(j) = j·u / (1 - j·u)``.  An element with no terms must be exactly the bias, or zero.

``met`` names the least promise that the errors keep: ``exact``; ``wider`` (accumulated in a wider type:
at most 2 u·A, a rounding of the sum and one of the bias); ``working`` (accumulated in the dtype);
``normwise`` (within the bound only if A is replaced by its largest value, all that Winograd or FFT
algorithms promise), which on integers is ``inexact``.  The last two are properties, not faults.

Where the documents leave a call open and it is accepted, its values and gradients are judged against the
geometry that was observed in its output (see :mod:`judging.observation`).

Errors that every element's bound lets through are judged once more as a whole: rounding that leans to one
side, as truncation does, diverges (see :mod:`judging.lean`).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final

import numpy as np
from attrs import frozen
from numpy.typing import NDArray

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance, Meaning
from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES, SIGNIFICAND_BITS, SMALLEST, Data
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.expected import Expected
from conv_transpose_conformance.judging.lean import find_lean
from conv_transpose_conformance.judging.observation import Match
from conv_transpose_conformance.judging.verdicts import Check, Evidence, Record, Verdict

Array = NDArray[Any]

VALUE_CHECKS: Final = (Check.VALUES, Check.GRAD_INPUT, Check.GRAD_WEIGHT, Check.GRAD_BIAS)
_EXCERPT: Final = 400  # elements that evidence carries
_UNBOUNDED: Final = 2.0**900  # γ where m·u reaches 1: no bound, and yet below what is not finite


def judge(
    case: Case,
    meaning: Meaning,
    data: Data,
    reference: Mapping[Check, Expected],
    answer: Answer,
    framework: str,
    *,
    version: str = "",
    release: str = "",
) -> list[Record]:
    """The records of one answer; ``data`` and ``reference`` are those of its documented or observed geometry.

    ``reference`` is empty without such a geometry.

    ``version`` is the framework's, ``release`` its release where the run holds several.
    """
    judged = _Judgement(case, meaning, data, reference, answer)
    seen = answer.observed
    return [
        Record(
            case=case,
            implementation=answer.implementation,
            framework=framework,
            framework_version=version,
            release=release,
            microseconds=answer.microseconds,
            observed=None if seen is None else seen.found,
            **fields,
        )
        for fields in judged.checks()
    ]


@frozen
class _Judgement:
    case: Case
    meaning: Meaning
    data: Data
    reference: Mapping[Check, Expected]
    answer: Answer

    def checks(self) -> Iterator[dict[str, Any]]:
        acceptance = self.acceptance()
        yield acceptance
        if self.meaning.acceptance is Acceptance.UNSPECIFIED:
            if self.answer.observed is not None:
                yield from self.undocumented()
            return
        if self.meaning.acceptance is not Acceptance.REQUIRED or acceptance["verdict"] is not Verdict.PASS:
            return
        if self.answer.parameters:
            yield self.parameters()
        if self.answer.shape is not None:
            yield self.shape()
            yield self.dtype()
        for check in VALUE_CHECKS:
            if check in self.reference:
                yield self.value(check)

    def undocumented(self) -> Iterator[dict[str, Any]]:
        """Yields the records of an accepted call, other than acceptance, that the documents leave open."""
        seen, shape = self.answer.observed, self.answer.shape
        assert seen is not None, "the call was accepted"
        if self.answer.parameters:
            yield self.parameters()
        if shape is not None and min(shape, default=0) < 0:
            yield _verdict(Check.SHAPE, False, f"the output has the impossible shape {_shape(shape)}")
            return
        yield self.dtype()
        if seen.match is Match.ONE:
            yield from (self.value(check) for check in VALUE_CHECKS if check in self.reference)
        elif seen.match in (Match.NONE, Match.FLAKY):
            yield {"check": Check.VALUES, "verdict": Verdict.DIVERGE, "message": seen.reason}
        else:
            yield {"check": Check.VALUES, "verdict": Verdict.UNSUPPORTED, "message": seen.reason}

    def acceptance(self) -> dict[str, Any]:
        answer, meaning = self.answer, self.meaning
        verdict, message = Verdict.PASS, ""
        if answer.outcome is Outcome.CRASH:
            verdict, message = Verdict.CRASH, answer.message
        elif answer.outcome is Outcome.HANG:
            verdict, message = Verdict.HANG, answer.message
        elif meaning.acceptance is Acceptance.UNSPECIFIED:
            verdict, message = Verdict.ALLOWED, meaning.reason
        elif answer.outcome is Outcome.INVALID:
            verdict, message = Verdict.ERROR, answer.message
        elif meaning.acceptance is Acceptance.FORBIDDEN:
            if answer.outcome is Outcome.RAISED:
                message = answer.message
            elif answer.outcome is Outcome.UNSUPPORTED and answer.stage != "output":
                verdict, message = self.inferred()
            else:
                verdict = Verdict.DIVERGE
                message = (
                    f"accepted, although {meaning.reason}; the output has the shape {_shape(answer.shape)}"
                )
        elif answer.outcome is Outcome.RAISED and answer.stage not in ("output", "backward"):
            verdict = Verdict.ERROR
            message = f"refused in {answer.stage}, although the documents allow it: {answer.message}"
        return {"check": Check.ACCEPTANCE, "verdict": verdict, "message": message}

    def inferred(self) -> tuple[Verdict, str]:
        """Of a call that must be refused and would be run by a kernel that is not here.

        The kernel may be what refuses it; a size below zero is told already, and wrong whatever comes.
        """
        shape, words = self.answer.shape, self.answer.message
        if shape is None:
            return Verdict.UNSUPPORTED, words
        if min(shape, default=0) < 0:
            return Verdict.DIVERGE, f"the shape {_shape(shape)} is inferred, although {self.meaning.reason}"
        return Verdict.UNSUPPORTED, f"not refused before the kernel, which this device does not have: {words}"

    def parameters(self) -> dict[str, Any]:
        expected = {"weight": (self.case.weight_shape, self.case.dtype)}
        if self.case.bias:
            expected["bias"] = ((self.case.out_channels,), self.case.dtype)
        wrong = [
            f"{name}: {_parameter(self.answer.parameters.get(name))}"
            f" rather than {_parameter(expected.get(name))}"
            for name in sorted({*expected, *self.answer.parameters})
            if self.answer.parameters.get(name) != expected.get(name)
        ]
        return _verdict(Check.PARAMETERS, not wrong, "; ".join(wrong))

    def shape(self) -> dict[str, Any]:
        expected, actual = self.reference[Check.VALUES].values.shape, self.answer.shape
        same = expected == actual
        fields = _verdict(
            Check.SHAPE, same, f"expected the output shape {_shape(expected)}, got {_shape(actual)}"
        )
        if not same:
            fields["evidence"] = Evidence(expected=list(expected), actual=list(actual or ()))
        return fields

    def dtype(self) -> dict[str, Any]:
        actual = self.answer.dtype
        return _verdict(
            Check.DTYPE,
            actual == self.case.dtype,
            f"the output is {actual}, but the input is {self.case.dtype}",
        )

    def value(self, check: Check) -> dict[str, Any]:
        answer = self.answer
        if answer.outcome is Outcome.UNSUPPORTED:
            return {"check": check, "verdict": Verdict.UNSUPPORTED, "message": answer.message}
        expected = self.reference[check]
        if check is not Check.VALUES and answer.shape != self.reference[Check.VALUES].values.shape:
            message = "not computed: the output has another shape than its gradient"
            return {"check": check, "verdict": Verdict.NOT_APPLICABLE, "message": message}
        actual = answer.arrays.get(str(check))
        if actual is None:
            if answer.outcome is Outcome.RAISED and (answer.stage == "backward") == (
                check is not Check.VALUES
            ):
                return {"check": check, "verdict": Verdict.ERROR, "message": answer.message}
            if answer.outcome is Outcome.RAISED:
                message = f"not reached: {answer.message}"
                return {"check": check, "verdict": Verdict.NOT_APPLICABLE, "message": message}
            if answer.shape is not None and min(answer.shape, default=0) < 0:
                message = "an output with a negative dimension has no values"
                return {"check": check, "verdict": Verdict.NOT_APPLICABLE, "message": message}
            return {"check": check, "verdict": Verdict.DIVERGE, "message": "not returned"}
        if actual.shape != expected.values.shape:
            if check is Check.VALUES:
                message = "values of another shape are not compared"
                return {"check": check, "verdict": Verdict.NOT_APPLICABLE, "message": message}
            message = f"has the shape {_shape(actual.shape)} rather than {_shape(expected.values.shape)}"
            return {"check": check, "verdict": Verdict.DIVERGE, "message": message}
        if check is not Check.VALUES and actual.dtype != NUMPY_DTYPES[self.case.dtype]:
            message = f"is {actual.dtype} rather than {self.case.dtype}"
            return {"check": check, "verdict": Verdict.DIVERGE, "message": message}
        return {"check": check, **compare(actual, expected, self.case.dtype, self.data)}


def compare(actual: Array, expected: Expected, dtype: str, data: Data) -> dict[str, Any]:
    """The verdict on one tensor of the expected shape: level, ``met``, error in u·A, evidence."""
    bits = SIGNIFICAND_BITS[dtype]
    unit = 2.0**-bits
    top = float(expected.scale.max(initial=0.0))
    integers = data.exact and top <= 2.0**bits
    wide = actual.astype(np.float64)
    level = "exact" if integers else "bounded"
    if np.array_equal(wide, expected.values):
        return {
            "verdict": Verdict.PASS,
            "level": level,
            "met": "exact",
            "error": 0.0,
            "escape": data.escape if integers else None,
        }
    with np.errstate(invalid="ignore", over="ignore"):
        error = np.abs(wide - expected.values)
    error[~(np.isfinite(wide) | (wide == expected.values))] = np.inf
    # A sum of m terms and the bias that is correct to the last operation cannot underflow by more.
    tiny = (expected.terms + 1) * SMALLEST[dtype]
    relative = (expected.terms + 1) * unit
    gamma = np.where(relative < 1, relative / np.where(relative < 1, 1 - relative, 1), _UNBOUNDED)
    bound = np.where(expected.terms == 0, 0.0, gamma * expected.scale + tiny)
    units = np.divide(
        error, unit * expected.scale, out=np.where(error > 0, np.inf, 0.0), where=expected.scale > 0
    )
    largest = float(units.max())
    within = error <= bound
    met = ""
    if within.all():
        met = "wider" if (error <= 2 * unit * expected.scale + tiny).all() else "working"
    elif (error <= np.where(expected.terms == 0, 0.0, np.max(gamma) * top + np.max(tiny))).all():
        met = "normwise"
    if integers:
        # Where the bound is as coarse as the inputs themselves it cannot tell rounding from a lost term.
        met = "inexact" if met and np.max(gamma) * top < data.magnitude / 4 else ""
    fields: dict[str, Any] = {"level": level, "met": met, "error": largest}
    if met:
        lean = None if integers else find_lean(wide, expected, dtype)
        if lean is None:
            return {"verdict": Verdict.PASS, **fields}
        evidence = Evidence(expected=lean.allowed, actual=lean.found, shape=actual.shape)
        return {"verdict": Verdict.DIVERGE, **fields, "met": "", "evidence": evidence, "message": str(lean)}
    wrong = error > (0 if integers else bound)
    worst = tuple(int(i) for i in np.unravel_index(int(np.argmax(np.where(wrong, error, -1.0))), error.shape))
    count = int(wrong.sum())
    evidence = _evidence(wide, expected.values, worst, count)
    share = f"{count} of {error.size} elements differ"
    at = f"at {list(worst)}: expected {expected.values[worst]:.17g}, got {wide[worst]:.17g}"
    return {"verdict": Verdict.DIVERGE, **fields, "evidence": evidence, "message": f"{share}; {at}"}


def _evidence(actual: Array, expected: Array, worst: tuple[int, ...], count: int) -> Evidence:
    small = actual.size <= _EXCERPT
    with np.errstate(invalid="ignore"):
        difference = actual - expected
    if small:
        shown = (expected.tolist(), actual.tolist(), difference.tolist())
    else:
        shown = (expected[worst].item(), actual[worst].item(), difference[worst].item())
    return Evidence(
        expected=shown[0],
        actual=shown[1],
        difference=shown[2],
        shape=actual.shape,
        index=worst,
        wrong=count,
        elements=actual.size,
    )


def _verdict(check: Check, passed: bool, message: str) -> dict[str, Any]:
    return {
        "check": check,
        "verdict": Verdict.PASS if passed else Verdict.DIVERGE,
        "message": "" if passed else message,
    }


def _shape(shape: tuple[int, ...] | None) -> str:
    return "unknown" if shape is None else str(list(shape))


def _parameter(described: tuple[tuple[int, ...], str] | None) -> str:
    return "none" if described is None else f"{described[1]}{list(described[0])}"
