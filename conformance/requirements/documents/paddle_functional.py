"""The claims of the pages of ``paddle.nn.functional.conv1d_transpose`` and ``conv2d_transpose``."""

from __future__ import annotations

from typing import Final

from conv_transpose_conformance.frameworks.interface import described
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.requirements.base.requirement import Document, Requirement, for_each
from conv_transpose_conformance.requirements.documents import paddle_family as family
from conv_transpose_conformance.requirements.documents.page import Page
from conv_transpose_conformance.requirements.documents.torch_family import tuple_order
from conv_transpose_conformance.requirements.properties import layouts, output_sizes, relations
from conv_transpose_conformance.requirements.properties.examples import printed_shape, printed_values
from conv_transpose_conformance.requirements.properties.parameter_sets import directed, listed
from conv_transpose_conformance.requirements.properties.signatures import signature_as

_SITE: Final = "https://www.paddlepaddle.org.cn/documentation/docs"
DOCUMENTS: Final = {
    f"paddle-functional-{n}d{key}": Document(
        f"paddle.nn.functional.conv{n}d_transpose, {words}",
        f"{_SITE}/{folder}/api/paddle/nn/functional/conv{n}d_transpose_{end}.html",
    )
    for n in (1, 2)
    for key, words, folder, end in (
        ("", "reference page", "en", "en"),
        ("-chinese", "Chinese reference page", "zh", "cn"),
    )
}
ONE: Final = Page("PF1", "paddle-functional-1d", "paddle.nn.functional.conv1d_transpose", 1)
TWO: Final = Page("PF2", "paddle-functional-2d", "paddle.nn.functional.conv2d_transpose", 2)
# with a padding, as otherwise no product reaches the added positions
_EXTENDED: Final = (
    "v1_1d_n1_ci1_co1_i3_k3_s2_p1_op1_f32_int.1",
    "v1_1d_n1_ci2_co2_i4_k4_s3_p2_op2_f32_int.2",
)


def _chinese(page: Page) -> Page:
    """Returns the Chinese page of the same function; what it alone says has the same prefix."""
    return Page(page.prefix, f"{page.source}-chinese", page.implementation, page.ndim)


def _claims(page: Page) -> tuple[Requirement, ...]:
    formats = "NCL or NLC" if page.ndim == 1 else "NCHW or NHWC"
    kernel = "K" if page.ndim == 1 else "kH, kW"
    mck, count = ("MCK", "one") if page.ndim == 1 else ("MCHW", "two")
    unequal = family.BIASED[page.ndim - 1]
    return (
        page.probed(
            "signature",
            f"The arguments are {described(page.arguments)}.",
            signature_as(page.arguments),
            quick=True,
        ),
        family.data_format(page, formats),
        page.probed(
            "kernel-format",
            f"The weight has the format {mck}, M being the output channels and C the input channels.",
            for_each(layouts.weight_begins_with_outputs, listed(unequal)),
            quick=True,
            note=f"the same page gives the weight the shape [C, M/g, {kernel}] further down "
            f"({page.prefix}.weight); each sentence is judged as written",
            contradicts=(f"{page.prefix}.weight",),
        ),
        page.probed(
            "bias-format",
            "The bias is a tensor of two dimensions with the shape [M, 1].",
            for_each(layouts.bias_of_two_dimensions, listed(unequal)),
            quick=True,
            note=f"the same page gives the bias the shape [M] further down ({page.prefix}.bias); each "
            "sentence is judged as written",
            contradicts=(f"{page.prefix}.bias",),
        ),
        family.activation(page),
        family.length(
            page,
            f"The Chinese page leaves out the upper end ({page.prefix}.length-open)",
            closed=True,
            contradicts=(f"{page.prefix}.length-open",),
        ),
        family.length(
            _chinese(page),
            f"The English page includes the upper end ({page.prefix}.length)",
            name="length-open",
            closed=False,
            contradicts=(f"{page.prefix}.length",),
        ),
        page.probed(
            "adjoint",
            f"It can be seen as the backward pass of conv{page.ndim}d.",
            for_each(relations.adjoint, directed),
        ),
        family.many_outputs(page, "With a stride above 1 one size of the input has several of the output."),
        page.judged(
            "output-size",
            "Without output_size the output has the least size, L' or H' and W'; else the given one.",
            (Check.ACCEPTANCE, Check.SHAPE),
            lambda case: case.padding != "same",
            working=True,
        ),
        page.judged(
            "dtype",
            "The input is float32 or float64, and the output has its dtype.",
            (Check.ACCEPTANCE, Check.DTYPE),
            lambda case: case.dtype in ("float32", "float64"),
            note="the Chinese page names float16 too",
            working=True,
        ),
        page.judged(
            "weight",
            f"The weight has the shape [C, M/g, {kernel}]: input channels, output channels divided by "
            "groups, kernel.",
            (Check.ACCEPTANCE, Check.SHAPE, Check.VALUES, Check.GRAD_WEIGHT),
            lambda case: case.in_channels != case.out_channels and case.padding != "same",
            note="decided by cases in which the two numbers of channels differ",
            working=True,
        ),
        page.judged(
            "bias",
            "The bias has the shape [M].",
            (Check.ACCEPTANCE, Check.SHAPE, Check.VALUES, Check.GRAD_BIAS),
            lambda case: case.bias and case.padding != "same",
            working=True,
        ),
        family.in_forms(page, "stride", f"stride is a number, or a tuple or a list of {count}."),
        family.groups(page),
        family.dilation(
            page,
            f"dilation is a number, or a tuple or a list of {count}, and the spacing of the kernel's points.",
        ),
        family.in_forms(page, "output_size", f"output_size is a number, or a tuple or a list of {count}."),
        family.same(_chinese(page)),
        family.valid(_chinese(page)),
    )


REQUIREMENTS: Final = (
    *_claims(ONE),
    ONE.probed(
        "padding-zeros",
        "padding adds dilation * (kernel - 1) zeros on both sides of the input.",
        for_each(output_sizes.padding_without_effect, listed(*family.PADDED[0])),
        quick=True,
        note="judged as written: the number of zeros does not depend on padding. The sentence lacks a "
        "'- padding', which the formula of the same page has",
        contradicts=("PF1.length",),
    ),
    ONE.probed(
        "padding-forms",
        "padding is a number, 'VALID' or 'SAME', or a list or a tuple of one number or of two, left and "
        "right.",
        family.padding_forms(ONE, {"a list of two": [1, 1], "a tuple of two": {"tuple": [1, 1]}}),
        quick=True,
    ),
    ONE.probed(
        "output-padding",
        "output_padding is the number of zeros that are added to the end of each dimension.",
        for_each(output_sizes.output_padding_is_zero, listed(*_EXTENDED)),
        quick=True,
        note="judged as written. By the page's statement that this is the backward pass of conv1d the added "
        "positions are computed; the other pages of Paddle speak of additional size",
        contradicts=("PF1.adjoint",),
    ),
    ONE.probed(
        "example",
        "x = [[[4, 0, 9, 7], [8, 0, 9, 2]]] and w = [[[7, 0]], [[4, 2]]] give [[[60, 16, 99, 75, 4]]].",
        printed_values(
            "v1_1d_n1_ci2_co1_i4_k2_f32_int.1",
            [[[4, 0, 9, 7], [8, 0, 9, 2]]],
            [[[7, 0]], [[4, 2]]],
            [[[60, 16, 99, 75, 4]]],
        ),
        quick=True,
    ),
    *_claims(TWO),
    tuple_order(TWO, "stride, padding, output_padding and dilation"),
    family.padding_sides(
        TWO, "padding-sides", "padding is the number of zeros on both sides of each dimension."
    ),
    TWO.probed(
        "padding-forms",
        "padding is a number, 'VALID' or 'SAME', or a list or a tuple of one number for each dimension, of "
        "two for each, or of a pair for each, batch and channels included.",
        family.padding_forms(
            TWO, {"two for each dimension": [1, 1, 1, 1], "pairs": [[0, 0], [0, 0], [1, 1], [1, 1]]}
        ),
        quick=True,
    ),
    TWO.judged(
        "padding-order",
        "Two numbers for a dimension are the padding at its top or left, and at its bottom or right.",
        (Check.ACCEPTANCE, Check.SHAPE, Check.VALUES),
        lambda case: not isinstance(case.padding, str) and not case.symmetric,
        working=True,
    ),
    family.output_padding(
        TWO, "output_padding is additional size on one side of each dimension of the output."
    ),
    TWO.probed(
        "example",
        "An input of the shape (2, 3, 8, 8) and a weight of (3, 6, 3, 3) give the shape (2, 6, 10, 10).",
        printed_shape("v1_2d_n2_ci3_co6_i8x8_k3x3_f32_real.1", (2, 6, 10, 10)),
        quick=True,
    ),
)
