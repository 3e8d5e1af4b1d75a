"""The claims that several pages of PaddlePaddle have, and their checks."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any, Final

import numpy as np

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.requirements.base.comparing import result, results, tried
from conv_transpose_conformance.requirements.base.probe import Prober, fault
from conv_transpose_conformance.requirements.base.requirement import (
    DEFINITION,
    Requirement,
    for_each,
    together,
)
from conv_transpose_conformance.requirements.base.trial import Trial, differs, passed, reported
from conv_transpose_conformance.requirements.documents.page import Page
from conv_transpose_conformance.requirements.documents.torch_family import COMPUTED, patterns
from conv_transpose_conformance.requirements.properties import connections, output_sizes, relations
from conv_transpose_conformance.requirements.properties.parameter_sets import listed, where
from conv_transpose_conformance.requirements.properties.spellings import forms

Trials = Callable[[Prober], Iterator[Trial]]
Shape = Callable[[Case], tuple[int | None, ...]]

# One item for each number of dimensions.
LENGTHS: Final = (
    ("v1_1d_n1_ci1_co1_i4_k3_s2_f32_int.1", "v1_1d_n1_ci2_co2_i4_k2_s3_p1_d2_f32_int.2"),
    ("v1_2d_n1_ci1_co1_i3x4_k3x3_s2x2_f32_int.1", "v1_2d_n1_ci2_co2_i3x4_k3x2_s1x3_p0x1_d1x2_f32_int.2"),
)
PADDED: Final = (
    ("v1_1d_n1_ci1_co1_i3_k3_p1_f32_int.1", "v1_1d_n1_ci2_co2_i4_k3_s2_p1_f32_int.2"),
    ("v1_2d_n1_ci1_co1_i3x3_k3x3_p1x1_f32_int.1", "v1_2d_n1_ci2_co2_i3x4_k3x3_s2x2_p1x0_f32_int.2"),
)
_SAME: Final = (
    (
        "v1_1d_n1_ci1_co1_i5_k3_psame_f32_int.1",
        "v1_1d_n1_ci1_co1_i4_k3_s2_psame_f32_int.2",
        "v1_1d_n1_ci2_co2_i7_k4_s3_psame_f32_int.3",
    ),
    (
        "v1_2d_n1_ci1_co1_i5x4_k3x3_psame_f32_int.1",
        "v1_2d_n1_ci1_co1_i4x5_k3x3_s2x2_psame_f32_int.2",
        "v1_2d_n1_ci2_co2_i7x4_k4x3_s3x2_psame_f32_int.3",
    ),
)
BIASED: Final = ("v1_1d_n1_ci2_co3_i4_k3_s2_b_f32_int.1", "v1_2d_n1_ci2_co3_i3x4_k3x2_s2x1_b_f32_int.1")
_PLAIN: Final = ("v1_1d_n1_ci2_co2_i4_k3_s2_p1_f32_int.1", "v1_2d_n1_ci2_co2_i4x3_k3x3_s2x2_p1x1_f32_int.1")
_SQUARE: Final = ("v1_1d_n1_ci2_co2_i4_k3_s2_p1_f32_int.1", "v1_2d_n1_ci2_co2_i4x4_k3x3_s2x2_p1x1_f32_int.1")
_UNPADDED: Final = ("v1_1d_n1_ci2_co2_i4_k3_f32_int.1", "v1_2d_n1_ci2_co2_i4x3_k3x3_f32_int.1")
_DILATED: Final = ("v1_1d_n1_ci2_co2_i4_k3_d2_f32_int.1", "v1_2d_n1_ci2_co2_i4x3_k3x3_d2x2_f32_int.1")


def written(page: Page, value: int) -> dict[str, Any]:
    """Returns a value of an argument as a number, a list and a tuple, one entry for each dimension."""
    each = [value] * page.ndim
    return {"a number": value, "a list": each, "a tuple": {"tuple": each}}


def in_forms(page: Page, argument: str, statement: str, **others: Any) -> Requirement:
    """Returns the claim that an argument may be a number, a list or a tuple."""
    identifier, value = {
        "kernel_size": (_UNPADDED[page.ndim - 1], 3),
        "stride": (_PLAIN[page.ndim - 1], 2),
        "output_size": (_SQUARE[page.ndim - 1], 8),
    }[argument]
    return page.probed(
        "output-size-forms" if argument == "output_size" else argument.replace("_", "-"),
        statement,
        lambda prober: forms(prober, Case.parse(identifier), argument, written(page, value)),
        quick=True,
        **others,
    )


def dilation(page: Page, statement: str) -> Requirement:
    """Returns the claim on the forms of dilation, and on what it does."""
    return page.probed(
        "dilation",
        statement,
        together(
            lambda prober: forms(prober, Case.parse(_DILATED[page.ndim - 1]), "dilation", written(page, 2)),
            for_each(relations.dilation_as_explicit_kernel, where(lambda case: max(case.dilation) > 1)),
        ),
    )


def padding_forms(page: Page, further: dict[str, Any] | None = None, *, small: bool = False) -> Trials:
    """Returns trials that the forms of padding agree, 'VALID' is 0 and 'SAME' is accepted.

    ``further`` has more forms of a padding of 1; ``small`` tries the words in small letters too.
    """
    case = Case.parse(_PLAIN[page.ndim - 1])
    words = ("VALID", "valid") if small else ("VALID",)

    def trials(prober: Prober) -> Iterator[Trial]:
        yield from forms(prober, case, "padding", {**written(page, 1), **(further or {})})
        unpadded = case.replace(padding=((0, 0),) * case.ndim)
        yield from forms(prober, unpadded, "padding", {"0": 0, **{f"{word!r}": word for word in words}})
        arrays = {name: array for name, array in prober.arrays(unpadded).items() if name != "g"}
        same = case.replace(padding="same")
        for word in ("SAME", "same") if small else ("SAME",):
            answer = prober.call(same, arrays, arguments={"padding": word})
            yield fault(answer, same) or passed(same)

    return trials


def padding_sides(page: Page, name: str, statement: str) -> Requirement:
    """Returns the claim that a padding puts zeros around the input."""
    return page.probed(
        name,
        statement,
        for_each(output_sizes.padding_pads_the_input, listed(*PADDED[page.ndim - 1])),
        quick=True,
        note="judged as written: the output is that of the input with as many zeros around it. The "
        "formula of the same page subtracts 2 * padding from the length, as the API does; the sentence "
        "would hold of the convolution that this is the inverse of",
        contradicts=(f"{page.prefix}.length", DEFINITION),
    )


@tried
def _activation(prober: Prober, case: Case) -> Trial:
    """The output is ``W * X + b`` itself, negative values too."""
    arrays = {name: array for name, array in prober.arrays(case).items() if name != "g"}
    without = case.replace(bias=False)
    alone = {name: arrays[name] for name in ("x", "w")}
    found, product = result(prober, case, arrays), result(prober, without, alone)
    turned = result(prober, without, {**alone, "x": -alone["x"]})
    bias = arrays["b"].reshape(-1, *(1,) * case.ndim)
    linear = np.array_equal(turned, -product) and np.array_equal(found, product + bias)
    if not linear or not (product < 0).any():
        return differs("the output is not W * X + b, and the page names no σ that would explain it", case)
    return reported("the output is W * X + b itself: σ is the identity, and no argument sets another", case)


def activation(page: Page) -> Requirement:
    """Returns the claim on the activation function."""
    return page.probed(
        "activation",
        "Out = σ(W * X + b), σ an activation function.",
        for_each(_activation, listed(BIASED[page.ndim - 1])),
        quick=True,
        note="the page names no σ, and no argument sets one. Judged: the output is W * X + b, as with the "
        "identity; the other reading, that some activation is applied, names nothing that can be checked",
    )


def bias_attr(page: Page, statement: str) -> Requirement:
    """Returns the claim that ``bias_attr`` decides whether there is a bias."""
    case = Case.parse(BIASED[page.ndim - 1])

    def trials(prober: Prober) -> Iterator[Trial]:
        arrays = {name: array for name, array in prober.arrays(case).items() if name != "g"}
        for value, wanted in ((False, False), (None, True), (True, True)):
            asked = case.replace(bias=wanted)
            given = arrays if wanted else {name: arrays[name] for name in ("x", "w")}
            answer = prober.call(asked, {**given, "x": 0 * arrays["x"]}, arguments={"bias_attr": value})
            trial = fault(answer, asked)
            if trial is not None:
                yield Trial(trial.verdict, f"bias_attr={value}: {trial.message}", asked)
                continue
            values = answer.arrays["values"]
            added = arrays["b"].reshape(-1, *(1,) * case.ndim) if wanted else 0
            if ("bias" in answer.parameters) != wanted:
                yield differs(f"bias_attr={value}: the parameters are {sorted(answer.parameters)}", asked)
            elif not np.array_equal(values, np.zeros_like(values) + added):
                yield differs(
                    f"bias_attr={value}: for an input of zeros the output is {values[0].tolist()}", asked
                )
            else:
                yield passed(asked)

    return page.probed("bias-attr", statement, trials, quick=True)


def groups(page: Page) -> Requirement:
    """Returns the claim on two groups."""
    return page.probed(
        "groups",
        "With two groups the first half of the kernels is connected with the first half of the inputs "
        "only, the second half with the second.",
        for_each(connections.by_groups, patterns(connections.HALVES)),
        quick=True,
    )


def output_padding(page: Page, statement: str) -> Requirement:
    """Returns the claim that output padding is additional size."""
    return page.judged(
        "output-padding",
        statement,
        (Check.ACCEPTANCE, Check.SHAPE, *COMPUTED),
        lambda case: any(case.output_padding) and case.padding != "same",
    )


def data_format(page: Page, formats: str) -> Requirement:
    """Returns the claim on the two formats."""
    return page.judged(
        "data-format",
        f"Input and output are {formats}, the output in the input's format.",
        (Check.ACCEPTANCE, Check.SHAPE, *COMPUTED),
        lambda case: case.layout == "channels_last" and case.padding != "same",
    )


@tried
def _same_length(prober: Prober, case: Case) -> Trial:
    """Each length with 'SAME' is from L' = (L_in + stride - 1) / stride to L' + stride."""
    arrays = {name: array for name, array in prober.arrays(case).items() if name != "g"}
    found = results(prober, case, arrays)["values"].shape[-case.ndim :]
    for length, size, stride in zip(found, case.input_size, case.stride, strict=True):
        least = (size + stride - 1) // stride
        if not least <= length <= least + stride:
            return differs(
                f"the length is {length}; L' = ({size} + {stride} - 1) / {stride} = {least} allows {least} "
                f"to {least + stride}",
                case,
            )
    return passed(case)


def same(page: Page) -> Requirement:
    """Returns the claim on the length with 'SAME'."""
    return page.probed(
        "same",
        "With 'SAME', L' = (L_in + stride - 1) / stride.",
        for_each(_same_length, lambda _bench: map(Case.parse, _SAME[page.ndim - 1])),
        quick=True,
        note="judged as written, in whole numbers, with lengths up to L' + stride as the page has them "
        "elsewhere. The formula is that of a convolution. No value under 'SAME' is judged, as no page "
        "says what is cut",
        contradicts=(f"{page.prefix}.length", DEFINITION),
    )


def valid(page: Page) -> Requirement:
    """Returns the claim on the length with 'VALID'."""
    return page.judged(
        "valid",
        "With 'VALID', L' = (L_in - 1) * stride + dilation * (kernel_size - 1) + 1.",
        (Check.ACCEPTANCE, Check.SHAPE, *COMPUTED),
        lambda case: case.padding == "valid",
    )


def length(page: Page, note: str, *, closed: bool, name: str = "length", **others: Any) -> Requirement:
    """Returns the claim on the length of the output, with its upper end where ``closed``."""
    included = "both included" if closed else "the upper end excluded"
    return page.probed(
        name,
        "L' = (L_in - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + 1, and the length of the "
        f"output is from L' to L' + stride, {included}.",
        output_sizes.interval(LENGTHS[page.ndim - 1], closed=closed),
        note=f"judged: every length of the interval can be asked for with output_size, and none outside "
        f"it. {note}",
        **others,
    )


def many_outputs(page: Page, statement: str) -> Requirement:
    """Returns the claim that one input can have several outputs."""
    return page.probed(
        "many-outputs",
        statement,
        for_each(output_sizes.every_size, lambda _bench: map(Case.parse, LENGTHS[page.ndim - 1])),
    )


def weight_is(page: Page, name: str, statement: str, expected: Shape, **others: Any) -> Requirement:
    """Returns the claim on the weight of a layer from 4 to 6 channels in two groups, or in one.

    ``expected`` returns the stated sizes for a case, None where the statement leaves one open.
    """
    size = "i4_k5" if page.ndim == 1 else "i4x3_k5x3"
    groups = "_g2" if others.pop("grouped", False) else ""
    case = Case.parse(f"v1_{page.ndim}d_n1_ci4_co6_{size}{groups}_f32_int.1")

    def trials(prober: Prober) -> Iterator[Trial]:
        answer = prober.call(case)
        found = answer.parameters.get("weight", ((), ""))[0]
        stated = expected(case)
        trial = fault(answer, case)
        if trial is None:
            holds = len(found) == len(stated) and all(
                wanted in (None, size) for size, wanted in zip(found, stated, strict=True)
            )
            shown = ", ".join("…" if size is None else str(size) for size in stated)
            trial = (
                passed(case)
                if holds
                else differs(f"the weight has the shape {list(found)}; stated is [{shown}]", case)
            )
        yield trial

    return page.probed(name, statement, trials, quick=True, making=True, **others)
