"""The claims of the pages of R torch's ``nnf_conv_transpose1d`` and ``nnf_conv_transpose2d``."""

from __future__ import annotations

from typing import Final

from conv_transpose_conformance.frameworks.interface import described
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.requirements.base.requirement import (
    DEFINITION,
    Document,
    Requirement,
    for_each,
    together,
)
from conv_transpose_conformance.requirements.documents.page import Page
from conv_transpose_conformance.requirements.documents.torch_family import padded, tuple_order
from conv_transpose_conformance.requirements.documents.torch_functional import channels_do_not_divide
from conv_transpose_conformance.requirements.properties import output_sizes, relations
from conv_transpose_conformance.requirements.properties.layouts import weight_begins_with_outputs
from conv_transpose_conformance.requirements.properties.parameter_sets import listed, where
from conv_transpose_conformance.requirements.properties.signatures import signature_as
from conv_transpose_conformance.requirements.properties.spellings import numbers_or_tuples

DOCUMENTS: Final = {
    f"r-functional-{n}d": Document(
        f"R torch, nnf_conv_transpose{n}d, reference page",
        f"https://torch.mlverse.org/docs/reference/nnf_conv_transpose{n}d",
    )
    for n in (1, 2)
}
ONE: Final = Page("RF1", "r-functional-1d", "r.torch.nnf_conv_transpose1d", 1)
TWO: Final = Page("RF2", "r-functional-2d", "r.torch.nnf_conv_transpose2d", 2)


def _claims(page: Page) -> tuple[Requirement, ...]:
    kernel = "kW" if page.ndim == 1 else "kH, kW"
    size = "iW" if page.ndim == 1 else "iH, iW"
    return (
        page.probed(
            "signature",
            f"The arguments are {described(page.arguments)}, NULL being R's None; stride, padding and "
            "dilation are numbers or tuples.",
            together(signature_as(page.arguments), numbers_or_tuples),
            quick=True,
        ),
        page.judged(
            "input",
            f"The input has the shape (minibatch, in_channels, {size}).",
            (Check.ACCEPTANCE, Check.SHAPE),
            lambda case: case.batch is not None,
            working=True,
        ),
        page.probed(
            "weight",
            f"The weight has the shape (out_channels, in_channels / groups, {kernel}).",
            for_each(weight_begins_with_outputs, listed(_UNEQUAL[page.ndim - 1])),
            quick=True,
            note="judged as written. It is the layout of an ordinary convolution; the page of the module "
            "has the transposed one",
            contradicts=(DEFINITION,),
        ),
        page.judged(
            "bias",
            "The bias is optional and has the shape (out_channels).",
            (Check.ACCEPTANCE, Check.SHAPE, Check.VALUES, Check.GRAD_BIAS),
            lambda case: case.bias,
            working=True,
        ),
        page.probed(
            "padding",
            "padding is implicit padding on both sides of the input.",
            for_each(output_sizes.padding_pads_the_input, padded(page.ndim)),
            note="judged as written: the output is that of the input with as many zeros around it. The "
            "page of the module says that the output's size shrinks by them",
            contradicts=(DEFINITION,),
        ),
        page.judged(
            "groups",
            "groups splits the input; in_channels should be divisible by it.",
            (Check.ACCEPTANCE,),
            channels_do_not_divide,
            note="read as: other channels are refused",
        ),
        page.probed(
            "dilation",
            "dilation is the spacing between the kernel's elements.",
            for_each(relations.dilation_as_explicit_kernel, where(lambda case: max(case.dilation) > 1)),
        ),
    )


_UNEQUAL: Final = ("v1_1d_n1_ci2_co3_i4_k3_f32_int.1", "v1_2d_n1_ci2_co3_i4x3_k3x2_f32_int.1")
REQUIREMENTS: Final = (
    *_claims(ONE),
    *_claims(TWO),
    tuple_order(TWO, "stride, padding and dilation"),
    TWO.probed(
        "output-padding",
        "output_padding is padding that is applied to the output.",
        for_each(
            output_sizes.output_padding_is_zero,
            listed("v1_2d_n1_ci2_co2_i3x4_k3x3_s2x2_p1x1_op1x1_f32_int.1"),
        ),
        note="read as: the added positions hold zeros. The page of the module says that none are added",
        contradicts=(DEFINITION,),
    ),
)
