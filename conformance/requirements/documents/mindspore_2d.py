"""The claims of the page of ``mindspore.nn.Conv2dTranspose``."""

from __future__ import annotations

from typing import Any, Final

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.requirements.base.requirement import Document, Requirement, for_each
from conv_transpose_conformance.requirements.documents import mindspore_family as family
from conv_transpose_conformance.requirements.documents.mint_2d import output_padding_limit
from conv_transpose_conformance.requirements.documents.page import Page
from conv_transpose_conformance.requirements.documents.torch_family import extended, unequal
from conv_transpose_conformance.requirements.properties import output_sizes, relations
from conv_transpose_conformance.requirements.properties.examples import printed_shape
from conv_transpose_conformance.requirements.properties.parameter_sets import listed, where
from conv_transpose_conformance.requirements.properties.spellings import forms
from conv_transpose_conformance.requirements.refusals.raising import raises

DOCUMENTS: Final = {
    "mindspore-2d": Document(
        "mindspore.nn.Conv2dTranspose, reference page",
        "https://www.mindspore.cn/docs/en/master/api_python/nn/mindspore.nn.Conv2dTranspose.html",
    )
}
PAGE: Final = Page("N2", "mindspore-2d", "mindspore.nn.Conv2dTranspose", 2)
_FORMS: Final = Case.parse("v1_2d_n1_ci2_co2_i4x3_k3x3_s2x2_p1x1_op1x1_d2x2_b_f32_int.1")
# with a padding, as otherwise no product reaches the added positions
_EXTENDED: Final = (
    "v1_2d_n1_ci1_co1_i3x3_k3x3_s2x2_p1x1_op1x1_f32_int.1",
    "v1_2d_n1_ci2_co2_i3x4_k3x3_s3x2_p1x1_op2x1_f32_int.2",
)


def _pairs(name: str, value: int, **more: Any) -> Requirement:
    """Returns the claim that an argument is a number or a tuple of two."""
    return PAGE.probed(
        name.replace("_", "-"),
        f"{name} is a number, or a tuple of two numbers for height and width.",
        lambda prober: forms(prober, _FORMS, name, {"a number": value, "a tuple": {"tuple": [value, value]}}),
        quick=True,
        **more,
    )


REQUIREMENTS: Final = (
    *family.opening(PAGE),
    _pairs("kernel_size", 3),
    _pairs("stride", 2),
    *family.modes(PAGE),
    PAGE.judged(
        "same.halves",
        "What 'same' pads is divided evenly, an odd position at the right or the bottom.",
        (Check.ACCEPTANCE, Check.SHAPE, Check.VALUES),
        lambda case: case.padding == "same",
        working=True,
        note="the words do not limit this to a stride of 1: judged where the kernel reaches as far as the "
        "stride",
    ),
    PAGE.probed(
        "padding-forms",
        "padding is a number for all four sides or a tuple of four.",
        lambda prober: forms(
            prober, _FORMS, "padding", {"a number": 1, "a tuple of four": {"tuple": [1, 1, 1, 1]}}
        ),
        quick=True,
    ),
    PAGE.judged(
        "padding-order",
        "A tuple of four is the padding at the top, the bottom, the left and the right.",
        (Check.ACCEPTANCE, Check.SHAPE, Check.VALUES),
        lambda case: not isinstance(case.padding, str) and not case.symmetric and not extended(case),
        working=True,
    ),
    _pairs("output_padding", 1),
    PAGE.judged(
        "output-padding-order",
        "A tuple of two is the output_padding at the bottom and at the right.",
        (Check.SHAPE,),
        lambda case: len(set(case.output_padding)) > 1,
    ),
    PAGE.probed(
        "output-padding-side",
        "output_padding makes the output longer by its numbers, at the bottom and at the right.",
        for_each(output_sizes.output_padding_grows, listed(*_EXTENDED)),
        quick=True,
    ),
    PAGE.probed(
        "output-padding-zeros",
        "output_padding is the number of padding on the height and the width of the output.",
        for_each(output_sizes.output_padding_is_zero, listed(*_EXTENDED)),
        quick=True,
        note="read as: the added positions hold zeros, as padding does. By the page's statement that this "
        "is the gradient of Conv2d they are computed (N2.adjoint)",
        contradicts=("N2.adjoint",),
    ),
    PAGE.probed(
        "output-padding-mode",
        "With an output_padding other than 0 pad_mode must be 'pad'.",
        raises("", [{"pad_mode": mode, "output_padding": 1} for mode in ("same", "valid")]),
        note="read as: another pad_mode is refused",
    ),
    PAGE.probed(
        "output-padding-limit",
        "output_padding is in the range [0, max(stride, dilation)).",
        output_padding_limit,
        note="read as: larger ones are refused",
    ),
    _pairs("dilation", 2),
    PAGE.probed(
        "dilation-spacing",
        "The kernel samples with a spacing of dilation - 1 elements in each direction.",
        for_each(relations.dilation_as_explicit_kernel, where(lambda case: max(case.dilation) > 1)),
    ),
    family.dilation_range(PAGE, "[1, H], [1, W]"),
    PAGE.judged(
        "tuple-order",
        "kernel_size, stride and dilation are a number for both dimensions or a tuple, its element 0 for the "
        "height and 1 for the width.",
        (Check.SHAPE, Check.VALUES),
        lambda case: unequal(case) and not extended(case),
    ),
    *family.parameters(PAGE),
    PAGE.judged(
        "shape",
        "(N, C_in, H_in, W_in) gives (N, C_out, H_out, W_out), with 'pad' in each dimension out = in * "
        "stride - the padding of both sides + kernel_size + (dilation - 1) * (kernel_size - 1) - stride + "
        "output_padding.",
        (Check.SHAPE,),
        lambda case: not isinstance(case.padding, str),
    ),
    PAGE.probed(
        "same",
        "With 'same' in each dimension out = in * stride.",
        for_each(
            output_sizes.size_is(lambda size, stride, _kernel, _dilation: size * stride, "in * stride"),
            family.same_sizes(PAGE),
        ),
        quick=True,
    ),
    PAGE.probed(
        "valid",
        "With 'valid' in each dimension out = in * stride + max((dilation - 1) * (kernel_size - 1) - stride, "
        "0).",
        for_each(
            output_sizes.size_is(
                lambda size, stride, kernel, dilation: (
                    size * stride + max((dilation - 1) * (kernel - 1) - stride, 0)
                ),
                "in * stride + max((dilation - 1) * (kernel_size - 1) - stride, 0)",
            ),
            family.valid_sizes(PAGE),
        ),
        quick=True,
        note="judged as written. The words above it say that the output has the greatest possible size "
        "(N2.valid.words)",
        contradicts=("N2.valid.words",),
    ),
    PAGE.probed(
        "raises.type",
        "TypeError is raised where in_channels, out_channels or group is not an int.",
        raises(
            "TypeError",
            [
                {name: value}
                for name in ("in_channels", "out_channels", "group")
                for value in (2.5, "a", {"tuple": [2]})
            ],
        ),
    ),
    PAGE.probed(
        "raises.sequence",
        "TypeError is raised where kernel_size, stride, padding or dilation is neither an int nor a tuple.",
        raises(
            "TypeError",
            [
                {name: value}
                for name in ("kernel_size", "stride", "padding", "dilation")
                for value in (2.5, "a", [1, 1])
            ],
        ),
    ),
    *family.raised(PAGE),
    PAGE.probed(
        "raises.padding-length",
        "ValueError is raised where padding is a tuple of another length than 4.",
        raises("ValueError", [{"padding": {"tuple": [1] * length}} for length in (1, 2, 3, 5)]),
    ),
    PAGE.probed(
        "raises.mode-padding",
        "ValueError is raised where pad_mode is not 'pad' and padding is not (0, 0, 0, 0).",
        raises(
            "ValueError",
            [
                {"pad_mode": mode, "padding": value}
                for mode in ("same", "valid")
                for value in (1, {"tuple": [0, 0, 0, 1]})
            ],
        ),
    ),
    PAGE.probed(
        "example",
        "Conv2dTranspose(3, 64, 4, has_bias=False, weight_init='normal', pad_mode='pad') gives an input "
        "of the shape (1, 3, 16, 50) the shape (1, 64, 19, 53).",
        printed_shape(
            "v1_2d_n1_ci3_co64_i16x50_k4x4_f32_real.1",
            (1, 64, 19, 53),
            {"weight_init": "normal", "has_bias": False},
        ),
        quick=True,
    ),
)
