"""Requirements on dtypes: acceptance, the result's dtype, and the precision of the sums.

The bound for each part of a complex number allows for the algorithm that makes a complex product from three
real ones, ``x'w'``, ``x''w''`` and ``(x' + x'')(w' + w'')``: ``2m + 8`` roundings on ``A`` from
``(|x'| + |x''|) (|w'| + |w''|)``.  Such an algorithm rounds even a bias without any products.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

import numpy as np
from attrs import evolve, frozen
from numpy.typing import NDArray

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.meaning import Acceptance
from conv_transpose_conformance.cases.tensors import NUMPY_DTYPES, SIGNIFICAND_BITS, Data, make_data
from conv_transpose_conformance.judging.answers import Answer, Outcome
from conv_transpose_conformance.judging.expected import Expected, is_transformable
from conv_transpose_conformance.judging.judge import compare
from conv_transpose_conformance.judging.severity import Severity
from conv_transpose_conformance.judging.verdicts import Check, Verdict
from conv_transpose_conformance.reference_impl import Geometry, backward, error_model, forward
from conv_transpose_conformance.requirements.base.probe import Prober, fault
from conv_transpose_conformance.requirements.base.requirement import Probed
from conv_transpose_conformance.requirements.base.trial import (
    Trial,
    differs,
    not_applicable,
    passed,
    unsupported,
)
from conv_transpose_conformance.requirements.properties.parameter_sets import directed

Array = NDArray[Any]

DTYPES: Final = ("float16", "bfloat16", "float32", "float64", "complex64", "complex128")
_PARTS: Final = {"complex64": "float32", "complex128": "float64"}
_LEVELS: Final = ("exact", "wider", "working", "normwise")
_LONG: Final = {  # sums of some hundred products
    1: ("v1_1d_n2_ci24_co16_i40_k9_s2_b_f32_real.1", "v1_1d_n2_ci24_co16_i40_k9_s2_p4_g2_b_f32_real.2"),
    2: (
        "v1_2d_n2_ci16_co12_i9x8_k5x4_s2x1_b_f32_real.1",
        "v1_2d_n2_ci16_co12_i9x8_k5x4_s2x1_p2x1_g2_b_f32_real.2",
    ),
}


@frozen
class _Drawn:
    """Tensors under a geometry, in a dtype that a case need not support."""

    case: Case
    dtype: str
    arrays: Mapping[str, Array]
    geometry: Geometry


def _drawn(case: Case, dtype: str, geometry: Geometry, sizes_only: bool) -> _Drawn:
    """Draws reals from the case's seed; ``sizes_only``: their absolute values, whose sums lose the most."""
    part: Any = _PARTS.get(dtype, dtype)
    drawn = [
        make_data(
            case.replace(dtype=part, recipe=evolve(case.recipe, kind="real", seed=case.recipe.seed + at)),
            geometry,
        ).arrays()
        for at in (0, 1000)
    ]
    found: dict[str, Array] = {}
    for name, array in drawn[0].items():
        array = abs(array) if sizes_only else array
        if dtype in _PARTS:
            other = abs(drawn[1][name]) if sizes_only else drawn[1][name]
            array = (array + 1j * other).astype(dtype)
        found[name] = array
    return _Drawn(case, dtype, found, geometry)


def _asked(prober: Prober, drawn: _Drawn) -> Answer:
    return prober.call(drawn.case, drawn.arrays, patch={"dtype": drawn.dtype}, infer=False)


def _cases(prober: Prober) -> Iterator[Case]:
    """Yields cases with long sums, then with short ones, none with output padding."""
    short = (case for case in directed(prober) if not any(case.output_padding))
    yield from (case for case in (*map(Case.parse, _LONG[prober.ndim]), *short) if prober.requires(case))


def _refused(prober: Prober, dtype: str, answer: Answer, case: Case) -> Trial | None:
    """Returns the trial of a call without a result, else None; a refusal of an undocumented dtype is fine."""
    trial = fault(answer, case)
    if trial is None or trial.verdict is not Verdict.ERROR or answer.outcome is not Outcome.RAISED:
        return trial
    if dtype in prober.documented.dtypes:
        return trial
    return unsupported(f"{dtype} is refused {trial.message}", case)


def taken(dtype: str) -> Callable[[Prober], Iterator[Trial]]:
    """Returns trials that inputs of ``dtype`` give values and gradients of ``dtype``."""

    def trials(prober: Prober) -> Iterator[Trial]:
        wanted = np.dtype(NUMPY_DTYPES.get(dtype, dtype))
        # on a slow variant, only what the accuracy requirement compiles anyway
        for case in prober.limited(list(_cases(prober))):
            geometry = prober.meaning(case).geometry
            assert geometry is not None
            answer = _asked(prober, _drawn(case, dtype, geometry, sizes_only=False))
            trial = _refused(prober, dtype, answer, case)
            if answer.outcome is Outcome.UNSUPPORTED and answer.stage == "output":
                trial = None  # only its dtype matters
            if trial is not None:
                yield trial
                return  # the parameters do not matter for a refused dtype
            others = {
                name: str(array.dtype) for name, array in answer.arrays.items() if array.dtype != wanted
            }
            if answer.dtype != dtype:
                others["output"] = str(answer.dtype)
            told = ", ".join(f"{name} is {other}" for name, other in sorted(others.items()))
            yield differs(f"of {dtype}, {told}", case) if others else passed(case)

    return trials


def accumulated(dtype: str) -> Callable[[Prober], Iterator[Trial]]:
    """Returns one trial: the lowest level of values and gradients, on short sums and on long ones."""

    def trials(prober: Prober) -> Iterator[Trial]:
        found: dict[str, tuple[int, float]] = {}
        for case in prober.limited(list(_cases(prober))):
            meaning = prober.meaning(case)
            if meaning.acceptance is not Acceptance.REQUIRED or meaning.geometry is None:
                continue
            for sizes_only in (False, True):
                drawn = _drawn(case, dtype, meaning.geometry, sizes_only)
                answer = _asked(prober, drawn)
                trial = _refused(prober, dtype, answer, case)
                if trial is not None:
                    yield trial
                    return
                for check, level, units, message in _levels(drawn, answer, lean=not sizes_only):
                    if message:
                        yield differs(f"{dtype}, {check}: {message}", case)
                        return
                    worst = found.get(check, (0, 0.0))
                    found[check] = (max(worst[0], _LEVELS.index(level)), max(worst[1], units))
        if not found:
            yield not_applicable("the API cannot express any of the parameter sets")
            return
        told = "; ".join(f"{check} {_LEVELS[at]}, {units:.2g} u·A" for check, (at, units) in found.items())
        yield passed(message=f"{dtype}: {told}")

    return trials


def _levels(drawn: _Drawn, answer: Answer, *, lean: bool) -> Iterator[tuple[str, str, float, str]]:
    """Yields for each tensor its name, the level met, the error in u·A, and the fault, if any.

    With ``lean``, errors biased to one side are wrong too.  Sums of positive numbers have a legitimate bias:
    the terms get small against the sum, and round down more often than up.
    """
    part = _PARTS.get(drawn.dtype, drawn.dtype)
    data = Data(np.zeros(0), np.zeros(0), None, None, magnitude=1, escape=None, exact=False)
    for check, expected in _reference(drawn).items():
        actual = answer.arrays.get(check)
        if actual is None or actual.shape != expected.values.shape:
            shape = "none" if actual is None else f"the shape {list(actual.shape)}"
            yield str(check), "", 0.0, f"expected the shape {list(expected.values.shape)}, got {shape}"
            continue
        complex_ = drawn.dtype in _PARTS
        for take in (np.real, np.imag) if complex_ else (np.asarray,):
            bias = None if expected.bias is None else take(expected.bias)
            one = evolve(expected, values=take(expected.values), bias=bias)
            judged = compare(take(actual), one, part, data)
            message = str(judged.get("message", ""))
            if judged["verdict"] is Verdict.DIVERGE and (lean or "biased" not in message):
                yield str(check), "", judged["error"], message
                return
            yield str(check), judged["met"] or _level(take(actual), one, part), judged["error"], ""


def _level(actual: Array, expected: Expected, dtype: str) -> str:
    """Returns "wider" where errors within their bounds are those of a wider type, else "working"."""
    unit = 2.0 ** -SIGNIFICAND_BITS[dtype]
    wider = np.abs(actual.astype(np.float64) - expected.values) <= 2 * unit * expected.scale
    return "wider" if wider.all() else "working"


def _reference(drawn: _Drawn) -> dict[Check, Expected]:
    """Returns the reference as ``plan.Problem.reference`` does, of complex numbers too."""
    x, w, g = (drawn.arrays[name] for name in "xwg")
    b, geometry = drawn.arrays.get("b"), drawn.geometry
    added = None if b is None else _wide(b).reshape(-1, *[1] * drawn.case.ndim)
    rough = drawn.dtype in ("float64", "complex128")
    how: Any = {"geometry": geometry, "precision": "compensated" if rough else "working"}
    y = forward(x, w, b, **how)
    if drawn.dtype in _PARTS:  # the frameworks' convention: the gradient of a complex function is conjugated
        gradients = backward(np.conj(x), np.conj(w), g, **how)
        x, w, g = (np.abs(a.real) + np.abs(a.imag) for a in (x, w, g))
        b = None if b is None else np.abs(b.real) + np.abs(b.imag)
    else:
        gradients = backward(x, w, g, **how)
    model = error_model(x, w, b, g, geometry=geometry)
    found = {
        Check.VALUES: (y, model.y),
        Check.GRAD_INPUT: (gradients.x, model.x),
        Check.GRAD_WEIGHT: (gradients.w, model.w),
    }
    if b is not None:
        found[Check.GRAD_BIAS] = (gradients.bias, model.bias)
    terms = {
        check: np.where(bound.scale == 0, 0, 2 * bound.terms + 7) if drawn.dtype in _PARTS else bound.terms
        for check, (_, bound) in found.items()
    }
    return {
        check: Expected(
            values=value,
            scale=bound.scale,
            terms=terms[check],
            bias=added if check is Check.VALUES else None,
            transformable=drawn.dtype in _PARTS or is_transformable(geometry),
        )
        for check, (value, bound) in found.items()
    }


def _wide(array: Array) -> Array:
    return array.astype(np.complex128 if np.iscomplexobj(array) else np.float64)


def _of(dtype: str) -> Iterator[Probed]:
    yield Probed(
        id=f"dtype.{dtype}.result",
        statement=f"{dtype} must be refused plainly, or give an output and gradients of {dtype}.",
        source="suite",
        trials=taken(dtype),
        severity=Severity.SHAPE,
    )
    yield Probed(
        id=f"dtype.{dtype}.accuracy",
        statement=f"Sums of {dtype} must be as accurate as an accumulation in {dtype} or a wider type.",
        source="suite",
        trials=accumulated(dtype),
        note="the message gives the accuracy and the largest error in u·A, unit roundoff times scale",
    )


REQUIREMENTS: Final = tuple(requirement for dtype in DTYPES for requirement in _of(dtype))
