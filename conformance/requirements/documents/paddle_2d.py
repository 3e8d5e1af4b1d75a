"""The claims of the pages of ``paddle.nn.Conv2DTranspose``: the docstring, and the Chinese page."""

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
from conv_transpose_conformance.requirements.documents.torch_family import tuple_order
from conv_transpose_conformance.requirements.properties import initial
from conv_transpose_conformance.requirements.properties.examples import printed_shape
from conv_transpose_conformance.requirements.properties.signatures import signature_as

DOCUMENTS: Final = {
    "paddle-2d": Document(
        "paddle.nn.Conv2DTranspose, reference page",
        "https://www.paddlepaddle.org.cn/documentation/docs/en/api/paddle/nn/Conv2DTranspose_en.html",
    ),
    "paddle-2d-chinese": Document(
        "paddle.nn.Conv2DTranspose, Chinese reference page",
        "https://www.paddlepaddle.org.cn/documentation/docs/zh/api/paddle/nn/Conv2DTranspose_cn.html",
    ),
}
PAGE: Final = Page("P2", "paddle-2d", "paddle.nn.Conv2DTranspose", 2)
# What the Chinese page alone says.
CHINESE: Final = Page("P2", "paddle-2d-chinese", PAGE.implementation, 2)


def shapes(prober: Prober) -> Iterator[Trial]:
    """All four shapes of the page, for one group."""
    case = Case.parse("v1_2d_n2_ci3_co4_i5x4_k2x3_b_f32_int.1")
    answer = prober.call(case)
    trial = fault(answer, case)
    if trial is not None:
        yield trial
        return
    found = {name: list(shape) for name, (shape, _) in answer.parameters.items()}
    found["output"] = list(answer.shape or ())[:2]
    expected = {"weight": [3, 4, 2, 3], "bias": [4], "output": [2, 4]}
    yield passed(case) if found == expected else differs(f"{found} rather than {expected}", case)


REQUIREMENTS: Final = (
    PAGE.probed(
        "signature",
        f"The arguments are {described(PAGE.arguments)}.",
        signature_as(PAGE.arguments),
        quick=True,
        making=True,
        note="the Chinese page names groups before dilation",
    ),
    family.data_format(PAGE, "NCHW or NHWC"),
    family.weight_is(
        PAGE,
        "kernel-cmhw",
        "The kernel has the format CMHW: input channels, output channels, height, width.",
        lambda case: (case.in_channels, case.out_channels, *case.kernel_size),
        note="judged for one group",
    ),
    family.weight_is(
        PAGE,
        "kernel-groups",
        "For more than one group, C of the kernel's CMHW is the number of input channels divided by the "
        "groups.",
        lambda case: (case.in_channels // case.groups, None, None, None),
        grouped=True,
        note="C is the first dimension of the format CMHW that the sentence before names",
        contradicts=("P2.shapes",),
    ),
    family.activation(PAGE),
    PAGE.judged(
        "output-size",
        "Without output_size the output has the least size, H' and W'; else the given one.",
        (Check.ACCEPTANCE, Check.SHAPE),
        lambda case: case.padding != "same",
        working=True,
    ),
    family.in_forms(PAGE, "kernel_size", "kernel_size is a number, or a list or a tuple of two."),
    family.in_forms(PAGE, "stride", "stride is a number, or a list or a tuple of two."),
    tuple_order(PAGE, "kernel_size, stride, padding, output_padding and dilation"),
    PAGE.probed(
        "padding-forms",
        "padding is 'valid' or 'same', a number, a list or a tuple of one number for each dimension, of two "
        "for each, or of a pair for each, batch and channels included.",
        family.padding_forms(
            PAGE,
            {
                "two for each dimension": [1, 1, 1, 1],
                "pairs": [[0, 0], [0, 0], [1, 1], [1, 1]],
                "pairs of tuples": [{"tuple": [n, n]} for n in (0, 0, 1, 1)],
            },
            small=True,
        ),
        note="the Chinese page writes the words in capital letters: both are tried",
        quick=True,
    ),
    PAGE.judged(
        "padding-order",
        "Of two numbers for each dimension, the first is the padding before, the second after.",
        (Check.ACCEPTANCE, Check.SHAPE, Check.VALUES),
        lambda case: not isinstance(case.padding, str) and not case.symmetric,
        working=True,
    ),
    family.padding_sides(
        PAGE, "padding-sides", "A number as padding pads each dimension with that many zeros on both sides."
    ),
    family.output_padding(
        PAGE, "output_padding is additional size on one side of each dimension of the output."
    ),
    family.dilation(PAGE, "dilation is a number, or a list or a tuple of two."),
    family.groups(PAGE),
    PAGE.probed(
        "weight",
        "Without an initializer of weight_attr the weight is initialized with Xavier.",
        initial.xavier,
        making=True,
        note="the page does not say whether uniform or normal: judged is the variance, which is 2 / (C_in + "
        "C_out) divided by the size of the kernel in both, for one group",
    ),
    family.bias_attr(
        PAGE, "No bias is added where bias_attr is False, and one where it is None or an attribute."
    ),
    PAGE.probed(
        "bias",
        "Without an initializer of bias_attr the bias is initialized with zeros.",
        initial.zero_bias,
        making=True,
        quick=True,
    ),
    PAGE.probed(
        "shapes",
        "Input (N, C_in, H_in, W_in), kernel (C_in, C_out, K_h, K_w), bias (C_out), output (N, C_out, H_out, "
        "W_out).",
        shapes,
        quick=True,
        note="judged for one group",
    ),
    family.length(
        PAGE,
        "The pages of the functions include the upper end",
        closed=False,
    ),
    family.same(CHINESE),
    family.valid(CHINESE),
    family.many_outputs(
        CHINESE, "As convolution maps several sizes to one, the size of the output is not unique."
    ),
    PAGE.probed(
        "example",
        "Conv2DTranspose(4, 6, (3, 3)) gives an input of the shape (2, 4, 8, 8) the shape (2, 6, 10, 10).",
        printed_shape("v1_2d_n2_ci4_co6_i8x8_k3x3_b_f32_real.1", (2, 6, 10, 10)),
        quick=True,
    ),
)
