"""Requirements of the paddings "same" and "valid", whatever definition an implementation follows."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.cases.readings import SAME, VALID
from conv_transpose_conformance.judging.answers import Outcome
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.requirements.base.comparing import Array, integers, results, tried
from conv_transpose_conformance.requirements.base.probe import Prober
from conv_transpose_conformance.requirements.base.requirement import (
    Judged,
    Probed,
    Requirement,
    Ruled,
    for_each,
)
from conv_transpose_conformance.requirements.base.trial import Trial, differs, not_applicable, passed

_ONE: Final = (
    "v1_1d_n1_ci2_co3_i5_k3_p{}_f32_int.1",
    "v1_1d_n2_ci2_co2_i4_k3_s2_p{}_f32_int.2",
    "v1_1d_n1_ci1_co2_i5_k4_s3_p{}_f32_int.3",
    "v1_1d_n1_ci2_co2_i5_k3_p{}_d2_f32_int.4",
)
_TWO: Final = (
    "v1_2d_n1_ci2_co3_i4x5_k3x2_p{}_f32_int.1",
    "v1_2d_n2_ci2_co2_i4x3_k3x3_s2x2_p{}_f32_int.2",
    "v1_2d_n1_ci1_co2_i3x5_k4x2_s3x2_p{}_f32_int.3",
    "v1_2d_n1_ci2_co2_i5x4_k3x3_p{}_d2x1_f32_int.4",
)


def _cases(word: str) -> Callable[[Prober], Iterator[Case]]:
    def cases(prober: Prober) -> Iterator[Case]:
        for identifier in _ONE if prober.ndim == 1 else _TWO:
            case = Case.parse(identifier.format(word))
            if prober.expresses(case):
                yield case

    return cases


def _output(prober: Prober, case: Case) -> Array | Trial:
    """Returns the output of a call that the documents may leave open, or why there is none."""
    arrays = {name: array for name, array in prober.arrays(case).items() if name in ("x", "w")}
    answer = prober.call(case, arrays, refusable=True, infer=False)
    if answer.outcome is Outcome.RAISED:
        return not_applicable(f"refused: {answer.message}")
    found = answer.arrays.get("values")
    return not_applicable(answer.message or "the call returned no output") if found is None else found


@tried
def roundtrip(prober: Prober, case: Case) -> Trial:
    """The framework's own convolution with the same word gives the input's size back."""
    y = _output(prober, case)
    if isinstance(y, Trial):
        return y
    back = _convolved(prober, case, y)
    if back.shape[-case.ndim :] == case.input_size:
        return passed(case)
    sizes = f"{list(case.input_size)} becomes {list(y.shape[-case.ndim :])}"
    return differs(f"{sizes}, and the convolution makes {list(back.shape[-case.ndim :])} of it", case)


@tried
def adjoint(prober: Prober, case: Case) -> Trial:
    """``<convolution(y, w), x> = <y, transposed convolution(x, w)>`` with the same word for both."""
    y = _output(prober, case)
    if isinstance(y, Trial):
        return y
    x, other = prober.arrays(case)["x"], integers(case, "y", y.shape)
    back = _convolved(prober, case, other)
    if back.shape != x.shape:
        return differs(f"the convolution gives the shape {list(back.shape)}, not {list(x.shape)}", case)
    left = np.vdot(back.astype(np.float64), x.astype(np.float64))
    right = np.vdot(other.astype(np.float64), y.astype(np.float64))
    if left == right:
        return passed(case)
    return differs(
        f"<convolution(y), x> = {left:.17g} and <y, transposed convolution(x)> = {right:.17g}", case
    )


def _convolved(prober: Prober, case: Case, y: Array) -> Array:
    arrays: dict[str, Any] = {name: a for name, a in prober.arrays(case).items() if name in ("x", "w")}
    return results(prober, case, {**arrays, "y": y}, "convolve")["values"]


def _of(word: str) -> tuple[Requirement, ...]:
    def mine(case: Case) -> bool:
        return case.padding == word

    return (
        Ruled(
            id=f"{word}.one-rule",
            statement=f"One rule gives length and crop of every output with the padding {word!r}.",
            source="suite",
            word=word,
            note="a rule is a function of one dimension's input, kernel, stride and dilation: a known "
            "reading, or a formula that the suite finds",
        ),
        Judged(
            id=f"{word}.parameters",
            statement=f"With the padding {word!r} every parameter has its effect: the output is a crop of "
            "the operator with all of them.",
            source="suite",
            checks=(Check.VALUES,),
            of=mine,
        ),
        Probed(
            id=f"{word}.roundtrip",
            statement=f"The framework's own convolution with the padding {word!r} gives the input's size "
            "back.",
            source="suite",
            trials=for_each(roundtrip, _cases(word)),
        ),
        Probed(
            id=f"{word}.adjoint",
            statement=f"With the padding {word!r} it is the gradient of the framework's own convolution with "
            "that padding.",
            source="suite",
            trials=for_each(adjoint, _cases(word)),
        ),
    )


REQUIREMENTS: Final = (*_of(SAME), *_of(VALID))
