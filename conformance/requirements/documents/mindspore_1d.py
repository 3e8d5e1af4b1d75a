"""The claims of the page of ``mindspore.nn.Conv1dTranspose``."""

from __future__ import annotations

from typing import Final

from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.requirements.base.requirement import Document, for_each
from conv_transpose_conformance.requirements.documents import mindspore_family as family
from conv_transpose_conformance.requirements.documents.page import Page
from conv_transpose_conformance.requirements.properties import output_sizes, relations
from conv_transpose_conformance.requirements.properties.examples import printed_shape
from conv_transpose_conformance.requirements.properties.parameter_sets import where
from conv_transpose_conformance.requirements.refusals.raising import raises

DOCUMENTS: Final = {
    "mindspore-1d": Document(
        "mindspore.nn.Conv1dTranspose, reference page",
        "https://www.mindspore.cn/docs/en/master/api_python/nn/mindspore.nn.Conv1dTranspose.html",
    )
}
PAGE: Final = Page("N1", "mindspore-1d", "mindspore.nn.Conv1dTranspose", 1)
_WHOLE: Final = ("in_channels", "out_channels", "kernel_size", "stride", "padding", "dilation")

REQUIREMENTS: Final = (
    *family.opening(PAGE),
    *family.modes(PAGE),
    PAGE.probed(
        "dilation",
        "With a dilation of k the kernel is sampled every k elements.",
        for_each(relations.dilation_as_explicit_kernel, where(lambda case: max(case.dilation) > 1)),
    ),
    family.dilation_range(PAGE, "[1, L]"),
    *family.parameters(PAGE),
    PAGE.judged(
        "shape",
        "(N, C_in, L_in) gives (N, C_out, L_out), with 'pad' L_out = (L_in - 1) * stride - 2 * padding + "
        "dilation * (kernel_size - 1) + 1.",
        (Check.SHAPE,),
        lambda case: not isinstance(case.padding, str),
    ),
    PAGE.probed(
        "same",
        "With 'same' L_out = (L_in + stride - 1) / stride.",
        for_each(
            output_sizes.size_is(
                lambda size, stride, _kernel, _dilation: (size + stride - 1) // stride,
                "(L_in + stride - 1) / stride",
            ),
            family.same_sizes(PAGE),
        ),
        quick=True,
        note="judged as written, in whole numbers. The formula is that of a convolution, and the page calls "
        "the layer a convolution's gradient",
        contradicts=("N1.adjoint",),
    ),
    PAGE.probed(
        "valid",
        "With 'valid' L_out = (L_in - 1) * stride + dilation * (kernel_size - 1) + 1.",
        for_each(
            output_sizes.size_is(
                lambda size, stride, kernel, dilation: (size - 1) * stride + dilation * (kernel - 1) + 1,
                "(L_in - 1) * stride + dilation * (kernel_size - 1) + 1",
            ),
            family.valid_sizes(PAGE),
        ),
        quick=True,
    ),
    PAGE.probed(
        "raises.type",
        f"TypeError is raised where {', '.join(_WHOLE[:-1])} or dilation is not an int.",
        raises(
            "TypeError",
            [{name: value} for name in _WHOLE for value in (2.5, "a", {"tuple": [1]}, [1])],
        ),
    ),
    *family.raised(PAGE),
    PAGE.probed(
        "ascend-groups",
        "The Ascend platform does not support more than one group yet.",
        raises("", [{"group": 2}]),
        needs="ascend",
        note="read as: they are refused there",
    ),
    PAGE.probed(
        "example",
        "Conv1dTranspose(3, 64, 4, has_bias=False, weight_init='normal', pad_mode='pad') gives an input "
        "of the shape (1, 3, 50) the shape (1, 64, 53).",
        printed_shape(
            "v1_1d_n1_ci3_co64_i50_k4_f32_real.1", (1, 64, 53), {"weight_init": "normal", "has_bias": False}
        ),
        quick=True,
    ),
)
