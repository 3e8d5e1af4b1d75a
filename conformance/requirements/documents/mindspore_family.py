"""The claims that the pages of ``mindspore.nn.Conv1dTranspose`` and ``Conv2dTranspose`` share."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

import numpy as np

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.frameworks.interface import TORCH_LAYER, described
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.requirements.base.probe import Prober, fault
from conv_transpose_conformance.requirements.base.requirement import Requirement, for_each
from conv_transpose_conformance.requirements.base.trial import Trial, differs, passed, reported
from conv_transpose_conformance.requirements.documents.page import Page
from conv_transpose_conformance.requirements.documents.torch_family import (
    adjoint,
    do_not_divide,
    extended,
    not_inverse,
    padded,
    strided,
)
from conv_transpose_conformance.requirements.properties import initial, output_sizes, relations
from conv_transpose_conformance.requirements.properties.parameter_sets import below_stride, where
from conv_transpose_conformance.requirements.properties.signatures import introspected, signature_as
from conv_transpose_conformance.requirements.properties.uniform import contradiction
from conv_transpose_conformance.requirements.refusals.raising import raises

AT_LEAST_ONE: Final = ("in_channels", "out_channels", "kernel_size", "stride", "dilation")
_ANNOUNCED: Final = (*TORCH_LAYER, ("dtype", None))
_DRAWN: Final = ("TruncatedNormal", "Normal", "Uniform", "HeUniform", "XavierUniform")
_ALIASES: Final = ("xavier_uniform", "he_uniform")
_CONSTANTS: Final = {"One": 1, "ones": 1, "Zero": 0, "zeros": 0}
_VALID: Final = (
    ("v1_1d_n1_ci2_co3_i4_k3_pvalid_f32_int.1", "v1_1d_n1_ci2_co2_i4_k3_s2_pvalid_d2_f32_int.2"),
    ("v1_2d_n1_ci2_co3_i3x4_k3x2_pvalid_f32_int.1", "v1_2d_n1_ci2_co2_i5x4_k3x3_s2x3_pvalid_d2x3_f32_int.2"),
)
_SAME: Final = (
    (
        "v1_1d_n1_ci2_co2_i5_k3_psame_f32_int.1",
        "v1_1d_n1_ci2_co2_i4_k3_s2_psame_f32_int.1",
        "v1_1d_n1_ci2_co2_i5_k2_s3_psame_f32_int.1",
        "v1_1d_n1_ci2_co2_i7_k4_s3_psame_d2_f32_int.1",
    ),
    (
        "v1_2d_n1_ci2_co2_i5x4_k3x2_psame_f32_int.1",
        "v1_2d_n1_ci2_co2_i4x5_k3x3_s2x2_psame_f32_int.1",
        "v1_2d_n1_ci2_co2_i5x4_k2x1_s3x2_psame_f32_int.1",
        "v1_2d_n1_ci2_co2_i7x4_k4x3_s3x2_psame_d2x1_f32_int.1",
    ),
)

# Totals to cut that are even, odd and 0.
_HALVES: Final = (
    (
        "v1_1d_n1_ci2_co2_i5_k3_psame_f32_int.1",
        "v1_1d_n1_ci2_co3_i5_k4_psame_f32_int.1",
        "v1_1d_n1_ci2_co3_i5_k2_psame_d3_b_f32_int.1",
        "v1_1d_n1_ci2_co3_i5_k1_psame_f32_int.1",
    ),
    (
        "v1_2d_n1_ci2_co2_i5x4_k3x2_psame_f32_int.1",
        "v1_2d_n1_ci2_co3_i5x4_k4x1_psame_b_f32_int.1",
        "v1_2d_n1_ci2_co3_i5x4_k2x3_psame_d3x2_f32_int.1",
    ),
)


def cases(*identifiers: str) -> Callable[[Prober], Iterable[Case]]:
    """Returns these parameter sets, whether the documents require them to work or not."""
    return lambda _bench: map(Case.parse, identifiers)


def _padded(prober: Prober) -> Iterable[Case]:
    return (case for case in padded(prober.ndim)(prober) if not extended(case))


def same_sizes(page: Page) -> Callable[[Prober], Iterable[Case]]:
    """Returns parameter sets with pad_mode 'same', one with a stride beyond the kernel."""
    return cases(*_SAME[page.ndim - 1])


def valid_sizes(page: Page) -> Callable[[Prober], Iterable[Case]]:
    """Returns parameter sets with pad_mode 'valid'."""
    return cases(*_VALID[page.ndim - 1])


def opening(page: Page) -> tuple[Requirement, ...]:
    """Returns the claims of the page's introduction."""
    arguments = page.arguments
    return (
        page.probed(
            "signature",
            f"The arguments are {described(arguments[:-1])}, dtype=float32.",
            signature_as(arguments),
            quick=True,
            making=True,
        ),
        page.probed(
            "announced",
            f"From the release after 2.9.0 on the arguments are {described(_ANNOUNCED)}.",
            lambda prober: [introspected(prober, _ANNOUNCED)],
            quick=True,
            making=True,
            note="judged as written, on a release after 2.9.0. The same page's list of arguments is the old "
            f"one ({page.prefix}.signature)",
            contradicts=(f"{page.prefix}.signature",),
        ),
        adjoint(page),
        not_inverse(page),
        page.probed(
            "shape.roundtrip",
            f"With pad_mode 'pad' a Conv{page.ndim}d and a layer of the same parameters are each other's "
            "inverses as to the shapes of input and output.",
            for_each(relations.shape_roundtrip, where(below_stride)),
        ),
        page.probed(
            "padding",
            "With pad_mode 'pad' padding acts as dilation * (kernel_size - 1) - padding implicit zeros on "
            "both sides of the input.",
            for_each(relations.zero_insertion, _padded),
            note="the input is the one with stride - 1 zeros between its elements. Tried without output "
            "padding, which the sentence does not speak of",
        ),
        page.probed(
            "shape.ambiguous",
            f"With a stride above 1 Conv{page.ndim}d maps several lengths to one.",
            for_each(output_sizes.convolution_maps_many, strided(page.ndim)),
        ),
    )


def modes(page: Page) -> tuple[Requirement, ...]:
    """Returns the claims on the words of pad_mode, but for the formulas of the output's size."""
    where_even = "in front and behind" if page.ndim == 1 else "on both sides of each dimension"
    return (
        page.probed(
            "same.words",
            "With 'same' and a stride of 1 input and output have the same shape; what is padded is divided "
            f"evenly {where_even}, an odd position at the end.",
            for_each(output_sizes.same_cuts_halves, cases(*_HALVES[page.ndim - 1])),
            note="read as: the output without padding is cut at both ends",
        ),
        page.probed(
            "valid.words",
            "With 'valid' nothing is padded, and the output has the greatest possible size.",
            for_each(output_sizes.word_is_zero, valid_sizes(page)),
            note="read as: it is the output with pad_mode 'pad' and a padding of 0. The page adds that "
            "pixels which complete no full stride are discarded, which is said of a convolution",
        ),
        page.probed(
            "mode-padding",
            "With 'same' or 'valid' padding must be 0.",
            raises(
                "",
                [{"pad_mode": mode, "padding": value} for mode in ("same", "valid") for value in (1, 2)],
            ),
            note="read as: another padding is refused",
        ),
        page.judged(
            "groups.divide",
            "in_channels and out_channels must be divisible by group.",
            (Check.ACCEPTANCE,),
            do_not_divide,
        ),
    )


def raised(page: Page) -> tuple[Requirement, ...]:
    """Returns the claims on the exceptions that both pages name."""
    return (
        page.probed(
            "raises.below-1",
            f"ValueError is raised where {', '.join(AT_LEAST_ONE[:-1])} or dilation is less than 1.",
            raises("ValueError", [{name: value} for name in AT_LEAST_ONE for value in (0, -1)]),
        ),
        page.probed(
            "raises.padding",
            "ValueError is raised where padding is less than 0.",
            raises("ValueError", [{"padding": value} for value in (-1, -3)]),
        ),
        page.probed(
            "raises.pad-mode",
            "ValueError is raised where pad_mode is not 'same', 'valid' or 'pad'.",
            raises("ValueError", [{"pad_mode": word} for word in ("full", "zeros", "")]),
        ),
    )


def parameters(page: Page) -> tuple[Requirement, ...]:
    """Returns the claims on a layer's parameters and their first values."""
    return (
        page.probed("has-bias", "Without has_bias the layer has no bias.", _no_bias, quick=True, making=True),
        page.probed(
            "weight-init",
            f"weight_init and bias_init may be a number or one of the words {', '.join(_DRAWN)}, One and "
            f"Zero, {', '.join(_ALIASES)}, ones and zeros, in large and in small letters.",
            _initializers,
            making=True,
        ),
        page.probed(
            "weight-default",
            "Without weight_init the weight is drawn by HeUniform.",
            lambda prober: [_is_uniform(prober, "weight")],
            making=True,
            note="the page gives no bound: judged is that it is uniform, within the largest value found",
        ),
        page.probed(
            "bias-default",
            "Without bias_init the bias is drawn by Uniform.",
            lambda prober: [_is_uniform(prober, "bias")],
            making=True,
            note="as for the weight",
        ),
        page.probed("dtype", "Without dtype the parameters are float32.", _float32, quick=True, making=True),
    )


def _plain(prober: Prober, **changes: Any) -> Case:
    size = "i4_k3" if prober.ndim == 1 else "i4x3_k3x2"
    return Case.parse(f"v1_{prober.ndim}d_n1_ci2_co3_{size}_b_f32_int.1").replace(**changes)


def _no_bias(prober: Prober) -> Iterator[Trial]:
    case = _plain(prober, bias=False)
    drawn = initial.drawn_as(prober, case, omitted=["has_bias"])
    if isinstance(drawn, Trial):
        yield drawn
    else:
        names = sorted(drawn)
        yield passed(case) if names == ["weight"] else differs(f"the parameters are {names}", case)


def _initializers(prober: Prober) -> Iterator[Trial]:
    """Yields a trial for each initializer, of both parameters at once."""
    case = _plain(prober)
    words: Mapping[Any, int | None] = {
        **dict.fromkeys((*_DRAWN, *_ALIASES)),
        **_CONSTANTS,
        0.5: None,
    }
    for word, constant in words.items():
        spellings = (
            [word] if not isinstance(word, str) else list(dict.fromkeys((word, word.lower(), word.upper())))
        )
        for spelling in spellings:
            yield _initialized(prober, case, spelling, 0.5 if word == 0.5 else constant)


def _initialized(prober: Prober, case: Case, word: Any, constant: float | None) -> Trial:
    names = ("weight", "bias")
    fans = isinstance(word, str) and any(kind in word.lower() for kind in ("he", "xavier"))
    given = {"weight_init": word} if fans else {"weight_init": word, "bias_init": word}
    drawn = initial.drawn_as(prober, case, arguments=given)
    if isinstance(drawn, Trial):
        return Trial(drawn.verdict, f"{word!r}: {drawn.message}", case)
    for name in names[: len(given)]:
        values = drawn[name]
        if constant is not None and not np.array_equal(values, np.full_like(values, constant)):
            return differs(f"{name}_init={word!r}: not all values are {constant}", case)
        if constant is None and len(set(values.ravel().tolist())) < 2:
            return differs(f"{name}_init={word!r}: all values are {values.ravel()[0]}", case)
    return passed(case)


def _is_uniform(prober: Prober, name: str) -> Trial:
    case = next(case for case in initial.layers(prober.ndim)[1:] if name == "bias" or case.in_channels > 100)
    drawn = initial.drawn_as(prober, case)
    if isinstance(drawn, Trial):
        return drawn
    if name not in drawn:
        return differs(f"there is no {name}; the parameters are {sorted(drawn)}", case)
    reach = float(np.abs(drawn[name]).max())
    against = contradiction(drawn[name], reach) if reach else "all values are 0"
    return differs(f"{name}: {against}", case) if against else passed(case)


def _float32(prober: Prober) -> Iterator[Trial]:
    case = _plain(prober)
    drawn = initial.drawn_as(prober, case, omitted=["dtype"])
    if isinstance(drawn, Trial):
        yield drawn
        return
    found = {name: str(array.dtype) for name, array in drawn.items()}
    wrong = {name: dtype for name, dtype in found.items() if dtype != "float32"}
    yield differs(f"the parameters are {wrong}", case) if wrong else passed(case)


def dilation_range(page: Page, range_: str) -> Requirement:
    """Returns the claim on the range of dilation."""
    size = "i4_k2" if page.ndim == 1 else "i4x4_k2x2"
    case = Case.parse(f"v1_{page.ndim}d_n1_ci2_co2_{size}_f32_int.1")

    def trials(prober: Prober) -> Iterator[Trial]:
        for value in (1, 2, 4):
            asked = case.replace(dilation=(value,) * case.ndim)
            answer = prober.call(asked)
            yield fault(answer, asked) or passed(asked)
        beyond = case.replace(dilation=(5,) * case.ndim)
        arrays = {name: array for name, array in prober.arrays(beyond).items() if name != "g"}
        answer = prober.call(beyond, arrays, refusable=True)
        if fault(answer) is None:
            yield reported("a dilation above the range is accepted", beyond)

    return page.probed(
        "dilation-range",
        f"dilation is in the range {range_}.",
        trials,
        note="judged: every dilation in it is accepted. The page names no exception for others",
    )
