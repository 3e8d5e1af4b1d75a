"""The claims of the reference page of ``paddle.nn.Conv1DTranspose``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.frameworks.interface import described
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.requirements.base.probe import Prober, fault
from conv_transpose_conformance.requirements.base.requirement import Document
from conv_transpose_conformance.requirements.base.trial import Trial, differs, passed
from conv_transpose_conformance.requirements.documents import paddle_family as family
from conv_transpose_conformance.requirements.documents.page import Page
from conv_transpose_conformance.requirements.properties.examples import printed_values
from conv_transpose_conformance.requirements.properties.signatures import signature_as

DOCUMENTS: Final = {
    "paddle-1d": Document(
        "paddle.nn.Conv1DTranspose, reference page",
        "https://www.paddlepaddle.org.cn/documentation/docs/zh/api/paddle/nn/Conv1DTranspose_cn.html",
    )
}
PAGE: Final = Page("P1", "paddle-1d", "paddle.nn.Conv1DTranspose", 1)


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


REQUIREMENTS: Final = (
    PAGE.probed(
        "signature",
        f"The arguments are {described(PAGE.arguments)}.",
        signature_as(PAGE.arguments),
        quick=True,
        making=True,
    ),
    PAGE.judged(
        "output-size",
        "The length of the output follows from the parameters, or is given by output_size.",
        (Check.ACCEPTANCE, Check.SHAPE),
        lambda case: case.output_size is not None,
    ),
    family.data_format(PAGE, "NCL or NLC"),
    family.weight_is(
        PAGE,
        "kernel-mcl",
        "The kernel has the format MCL: output channels, input channels, length.",
        lambda case: (case.out_channels, case.in_channels, *case.kernel_size),
        note="the same page gives the kernel the shape (C_in, C_out, K) further down (P1.shapes); each "
        "sentence is judged as written",
        contradicts=("P1.shapes",),
    ),
    family.weight_is(
        PAGE,
        "kernel-groups",
        "For more than one group, C of the kernel's MCL is the number of input channels divided by the "
        "groups.",
        lambda case: (None, case.in_channels // case.groups, None),
        grouped=True,
        note="C is the second dimension of the format MCL that the sentence before names",
        contradicts=("P1.shapes",),
    ),
    family.activation(PAGE),
    family.bias_attr(PAGE, "A bias is added unless bias_attr is False."),
    family.in_forms(PAGE, "kernel_size", "kernel_size is a number, or a list or a tuple of one."),
    PAGE.probed(
        "padding-forms",
        "padding is a number, a list or a tuple of one, 'SAME' or 'VALID'.",
        family.padding_forms(PAGE),
        quick=True,
    ),
    family.padding_sides(
        PAGE, "padding-sides", "A number as padding pads that many zeros on both sides of the input."
    ),
    family.output_padding(PAGE, "output_padding is additional size at the end of the output."),
    family.groups(PAGE),
    family.dilation(
        PAGE, "dilation is a number, or a tuple or a list of one, and says how the kernel is spread."
    ),
    PAGE.probed(
        "shapes",
        "Input (N, C_in, L_in), kernel (C_in, C_out, K), bias (C_out), output (N, C_out, L_out).",
        shapes,
        quick=True,
        note="judged for one group; the page's first paragraph gives the kernel the format MCL "
        "(P1.kernel-mcl) and another second dimension for more groups (P1.kernel-groups)",
    ),
    family.length(PAGE, "Other pages of Paddle leave out the upper end", closed=True),
    family.same(PAGE),
    family.valid(PAGE),
    family.many_outputs(PAGE, "With a stride above 1 the same input can be mapped to several outputs."),
    PAGE.probed(
        "example",
        "x = [[[4, 0, 9, 7], [8, 0, 9, 2]]] and w = [[[7, 0]], [[4, 2]]] give [[[60, 16, 99, 75, 4]]].",
        printed_values(
            "v1_1d_n1_ci2_co1_i4_k2_b_f32_int.1",
            [[[4, 0, 9, 7], [8, 0, 9, 2]]],
            [[[7, 0]], [[4, 2]]],
            [[[60, 16, 99, 75, 4]]],
        ),
        quick=True,
    ),
)
