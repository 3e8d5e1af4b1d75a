"""The claims of the reference page of ``paddle.nn.Conv1DTranspose``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.frameworks.interface import described
from conv_transpose_conformance.judging.severity import Severity
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.requirements.base.comparing import result, results, tried
from conv_transpose_conformance.requirements.base.probe import Prober, fault
from conv_transpose_conformance.requirements.base.requirement import DEFINITION, Document, for_each, together
from conv_transpose_conformance.requirements.base.trial import Trial, differs, passed, reported
from conv_transpose_conformance.requirements.documents.page import Page
from conv_transpose_conformance.requirements.documents.torch_family import patterns
from conv_transpose_conformance.requirements.properties import connections, output_sizes, relations
from conv_transpose_conformance.requirements.properties.parameter_sets import listed, where
from conv_transpose_conformance.requirements.properties.signatures import signature_as
from conv_transpose_conformance.requirements.properties.spellings import forms

DOCUMENTS: Final = {
    "paddle-1d": Document(
        "paddle.nn.Conv1DTranspose, reference page",
        "https://www.paddlepaddle.org.cn/documentation/docs/zh/api/paddle/nn/Conv1DTranspose_cn.html",
    )
}
PAGE: Final = Page("P1", "paddle-1d", "paddle.nn.Conv1DTranspose", 1)
_COMPUTED: Final = (Check.VALUES, Check.GRAD_INPUT, Check.GRAD_WEIGHT, Check.GRAD_BIAS)
_EXAMPLE: Final = "v1_1d_n1_ci2_co1_i4_k2_b_f32_int.1"
_LENGTHS: Final = ("v1_1d_n1_ci1_co1_i4_k3_s2_f32_int.1", "v1_1d_n1_ci2_co2_i4_k2_s3_p1_d2_f32_int.2")
_SAME: Final = (
    "v1_1d_n1_ci1_co1_i5_k3_psame_f32_int.1",
    "v1_1d_n1_ci1_co1_i4_k3_s2_psame_f32_int.2",
    "v1_1d_n1_ci2_co2_i7_k4_s3_psame_f32_int.3",
)


def example(prober: Prober) -> Iterator[Trial]:
    """The page's own example runs, with the layer's own bias."""
    case = Case.parse(_EXAMPLE)
    x = np.array([[[4, 0, 9, 7], [8, 0, 9, 2]]], np.float32)
    w = np.array([[[7, 0]], [[4, 2]]], np.float32)
    answer = prober.call(case, {"x": x, "w": w})
    trial = fault(answer, case)
    if trial is not None:
        yield trial
        return
    found = answer.arrays["values"].tolist()
    yield passed(case) if found == [[[60, 16, 99, 75, 4]]] else differs(f"the output is {found}", case)


def kernel_mcl(prober: Prober) -> Iterator[Trial]:
    """The kernel's dimensions are output channels, then input channels."""
    case = Case.parse("v1_1d_n1_ci2_co3_i4_k5_f32_int.1")
    answer = prober.call(case)
    found = answer.parameters.get("weight", ((), ""))[0]
    expected = (case.out_channels, case.in_channels, *case.kernel_size)
    yield fault(answer, case) or (
        passed(case) if found == expected else differs(_weight(found, expected), case)
    )


def kernel_groups(prober: Prober) -> Iterator[Trial]:
    """The second of the kernel's dimensions, C, is the input channels divided by the groups."""
    case = Case.parse("v1_1d_n1_ci4_co6_i4_k5_g2_f32_int.1")
    answer = prober.call(case)
    found = answer.parameters.get("weight", ((), ""))[0]
    expected = (case.out_channels, case.in_channels // case.groups, *case.kernel_size)
    trial = fault(answer, case)
    if trial is None:
        holds = len(found) == 3 and found[1] == expected[1]
        trial = passed(case) if holds else differs(_weight(found, expected), case)
    yield trial


def _weight(found: tuple[int, ...], expected: tuple[int, ...]) -> str:
    return f"the kernel has the shape {list(found)}; [M, C, L] is {list(expected)}"


def shapes(prober: Prober) -> Iterator[Trial]:
    """All four shapes of the page, for one group."""
    case = Case.parse("v1_1d_n2_ci3_co4_i5_k2_b_f32_int.1")
    answer = prober.call(case)
    trial = fault(answer, case)
    if trial is not None:
        yield trial
        return
    found = {name: list(shape) for name, (shape, _) in answer.parameters.items()}
    found["output"] = list(answer.shape or ())[:2]
    expected = {"weight": [3, 4, 2], "bias": [4], "output": [2, 4]}
    yield passed(case) if found == expected else differs(f"{found} rather than {expected}", case)


@tried
def activation(prober: Prober, case: Case) -> Trial:
    """The output is ``W * X + b`` itself, negative values too."""
    arrays = {name: array for name, array in prober.arrays(case).items() if name != "g"}
    without = case.replace(bias=False)
    alone = {name: arrays[name] for name in ("x", "w")}
    found, product = result(prober, case, arrays), result(prober, without, alone)
    turned = result(prober, without, {**alone, "x": -alone["x"]})
    linear = np.array_equal(turned, -product) and np.array_equal(found, product + arrays["b"][:, None])
    if not linear or not (product < 0).any():
        return differs("the output is not W * X + b, and the page names no σ that would explain it", case)
    return reported("the output is W * X + b itself: σ is the identity, and no argument sets another", case)


def bias_attr(prober: Prober) -> Iterator[Trial]:
    """False adds no bias; the default and True add one."""
    case = Case.parse("v1_1d_n1_ci2_co3_i4_k3_b_f32_int.1")
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
        expected = np.zeros_like(values) + (arrays["b"][:, None] if wanted else 0)
        if ("bias" in answer.parameters) != wanted:
            yield differs(f"bias_attr={value}: the parameters are {sorted(answer.parameters)}", asked)
        elif not np.array_equal(values, expected):
            yield differs(
                f"bias_attr={value}: for an input of zeros the output is {values[0].tolist()}", asked
            )
        else:
            yield passed(asked)


def padding_forms(prober: Prober) -> Iterator[Trial]:
    """A number and a list or tuple of that number agree; 'VALID' is 0; 'SAME' is accepted."""
    case = Case.parse("v1_1d_n1_ci2_co2_i4_k3_s2_p1_f32_int.1")
    yield from forms(prober, case, "padding", {"a number": 1, "a list": [1], "a tuple": {"tuple": [1]}})
    unpadded = case.replace(padding=((0, 0),))
    yield from forms(prober, unpadded, "padding", {"0": 0, "'VALID'": "VALID"})
    arrays = {name: array for name, array in prober.arrays(unpadded).items() if name != "g"}
    same = case.replace(padding="same")
    answer = prober.call(same, arrays)
    yield fault(answer, same) or passed(same)


def lengths(prober: Prober) -> Iterator[Trial]:
    """Every output size from L' to L' + stride is accepted and obeyed; sizes outside are not."""
    for identifier in _LENGTHS:
        case = Case.parse(identifier)
        for extra in range(case.stride[0] + 1):
            yield output_sizes.sized(prober, case, extra)
        for extra in (-1, case.stride[0] + 1):
            yield output_sizes.refused(prober, case, extra)


def many_outputs(prober: Prober) -> Iterator[Trial]:
    """Each length from L' to below L' + stride is possible for the same input."""
    for identifier in _LENGTHS:
        case = Case.parse(identifier)
        for extra in range(case.stride[0]):
            yield output_sizes.sized(prober, case, extra)


@tried
def same_length(prober: Prober, case: Case) -> Trial:
    """The length with 'SAME' is from L' = (L_in + stride - 1) / stride to L' + stride."""
    arrays = {name: array for name, array in prober.arrays(case).items() if name != "g"}
    found = results(prober, case, arrays)["values"].shape[-1]
    size, stride = case.input_size[0], case.stride[0]
    least = (size + stride - 1) // stride
    if least <= found <= least + stride:
        return passed(case)
    return differs(
        f"the length is {found}; L' = ({size} + {stride} - 1) / {stride} = {least} allows {least} to "
        f"{least + stride}",
        case,
    )


REQUIREMENTS: Final = (
    PAGE.probed(
        "signature",
        f"The arguments are {described(PAGE.arguments)}.",
        signature_as(PAGE.arguments),
        quick=True,
        making=True,
        severity=Severity.REFUSED,
    ),
    PAGE.judged(
        "output-size",
        "The length of the output follows from the parameters, or is given by output_size.",
        (Check.ACCEPTANCE, Check.SHAPE),
        lambda case: case.output_size is not None,
    ),
    PAGE.judged(
        "data-format",
        "Input and output are NCL or NLC, the output in the input's format.",
        (Check.ACCEPTANCE, Check.SHAPE, *_COMPUTED),
        lambda case: case.layout == "channels_last" and case.padding != "same",
    ),
    PAGE.probed(
        "kernel-mcl",
        "The kernel has the format MCL: output channels, input channels, length.",
        kernel_mcl,
        quick=True,
        making=True,
        note="the same page gives the kernel the shape (C_in, C_out, K) further down (P1.shapes); each "
        "sentence is judged as written",
        contradicts=("P1.shapes",),
        severity=Severity.SHAPE,
    ),
    PAGE.probed(
        "kernel-groups",
        "For more than one group, C of the kernel's MCL is the number of input channels divided by the "
        "groups.",
        kernel_groups,
        quick=True,
        making=True,
        note="C is the second dimension of the format MCL that the sentence before names",
        contradicts=("P1.shapes",),
        severity=Severity.SHAPE,
    ),
    PAGE.probed(
        "activation",
        "Out = σ(W * X + b), σ an activation function.",
        for_each(activation, listed("v1_1d_n1_ci2_co3_i4_k3_s2_b_f32_int.1")),
        quick=True,
        note="the page names no σ, and no argument sets one. Judged: the output is W * X + b, as with the "
        "identity; the other reading, that some activation is applied, names nothing that can be checked",
    ),
    PAGE.probed(
        "bias-attr",
        "A bias is added unless bias_attr is False.",
        bias_attr,
        quick=True,
    ),
    PAGE.probed(
        "kernel-size",
        "kernel_size is a number, or a list or a tuple of one.",
        lambda prober: forms(
            prober,
            Case.parse("v1_1d_n1_ci2_co2_i4_k3_f32_int.1"),
            "kernel_size",
            {"a number": 3, "a list": [3], "a tuple": {"tuple": [3]}},
        ),
        quick=True,
    ),
    PAGE.probed(
        "padding-forms",
        "padding is a number, a list or a tuple of one, 'SAME' or 'VALID'.",
        padding_forms,
        quick=True,
    ),
    PAGE.probed(
        "padding-sides",
        "A number as padding pads that many zeros on both sides of the input.",
        for_each(
            output_sizes.padding_pads_the_input,
            listed("v1_1d_n1_ci1_co1_i3_k3_p1_f32_int.1", "v1_1d_n1_ci2_co2_i4_k3_s2_p1_f32_int.2"),
        ),
        quick=True,
        note="judged as written: the output is that of the input with as many zeros around it. The "
        "formula of the same page subtracts 2 * padding from the length, as the API does; the sentence "
        "would hold of the convolution that this is the inverse of",
        contradicts=("P1.length", DEFINITION),
        severity=Severity.SHAPE,
    ),
    PAGE.judged(
        "output-padding",
        "output_padding is additional size at the end of the output.",
        (Check.ACCEPTANCE, Check.SHAPE, *_COMPUTED),
        lambda case: any(case.output_padding) and case.padding != "same",
    ),
    PAGE.probed(
        "groups",
        "With two groups the first half of the kernels is connected with the first half of the inputs "
        "only, the second half with the second.",
        for_each(connections.by_groups, patterns(connections.HALVES)),
        quick=True,
    ),
    PAGE.probed(
        "dilation",
        "dilation is a number, or a tuple or a list of one, and says how the kernel is spread.",
        together(
            lambda prober: forms(
                prober,
                Case.parse("v1_1d_n1_ci2_co2_i4_k3_d2_f32_int.1"),
                "dilation",
                {"a number": 2, "a tuple": {"tuple": [2]}, "a list": [2]},
            ),
            for_each(relations.dilation_as_explicit_kernel, where(lambda case: max(case.dilation) > 1)),
        ),
    ),
    PAGE.probed(
        "shapes",
        "Input (N, C_in, L_in), kernel (C_in, C_out, K), bias (C_out), output (N, C_out, L_out).",
        shapes,
        quick=True,
        note="judged for one group; the page's first paragraph gives the kernel the format MCL "
        "(P1.kernel-mcl) and another second dimension for more groups (P1.kernel-groups)",
        severity=Severity.SHAPE,
    ),
    PAGE.probed(
        "length",
        "L' = (L_in - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + 1, and the length of the "
        "output is from L' to L' + stride, both included.",
        lengths,
        note="judged: every length of the closed interval can be asked for with output_size, and none "
        "outside it. Other pages of Paddle leave out the upper end",
        severity=Severity.SHAPE,
    ),
    PAGE.probed(
        "same",
        "With 'SAME', L' = (L_in + stride - 1) / stride.",
        for_each(same_length, lambda _bench: map(Case.parse, _SAME)),
        quick=True,
        note="judged as written, in whole numbers, with lengths up to L' + stride as the page has them "
        "elsewhere. The formula is that of a convolution. No value under 'SAME' is judged, as no page "
        "says what is cut",
        contradicts=(DEFINITION,),
        severity=Severity.SHAPE,
    ),
    PAGE.judged(
        "valid",
        "With 'VALID', L' = (L_in - 1) * stride + dilation * (kernel_size - 1) + 1.",
        (Check.ACCEPTANCE, Check.SHAPE, *_COMPUTED),
        lambda case: case.padding == "valid",
    ),
    PAGE.probed(
        "many-outputs",
        "With a stride above 1 the same input can be mapped to several outputs.",
        many_outputs,
        severity=Severity.SHAPE,
    ),
    PAGE.probed(
        "example",
        "x = [[[4, 0, 9, 7], [8, 0, 9, 2]]] and w = [[[7, 0]], [[4, 2]]] give [[[60, 16, 99, 75, 4]]].",
        example,
        quick=True,
    ),
)
