"""The claims of the pages of ``torch.nn.functional.conv_transpose1d`` and ``conv_transpose2d``."""

from __future__ import annotations

from typing import Final

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.frameworks.interface import described
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.requirements.base.requirement import (
    Document,
    Requirement,
    for_each,
    together,
)
from conv_transpose_conformance.requirements.documents.page import Page
from conv_transpose_conformance.requirements.documents.torch_family import (
    COMPUTED,
    deterministic,
    dilation,
    extended,
    padding,
    tuple_order,
)
from conv_transpose_conformance.requirements.properties import devices, invariances
from conv_transpose_conformance.requirements.properties.examples import printed_shape
from conv_transpose_conformance.requirements.properties.parameter_sets import directed
from conv_transpose_conformance.requirements.properties.signatures import signature_as
from conv_transpose_conformance.requirements.properties.spellings import numbers_or_tuples

DOCUMENTS: Final = {
    f"torch-functional-{n}d": Document(
        f"torch.nn.functional.conv_transpose{n}d, reference page",
        f"https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.conv_transpose{n}d.html",
    )
    for n in (1, 2)
}
ONE: Final = Page("TF1", "torch-functional-1d", "torch.nn.functional.conv_transpose1d", 1)
TWO: Final = Page("TF2", "torch-functional-2d", "torch.nn.functional.conv_transpose2d", 2)


def channels_do_not_divide(case: Case) -> bool:
    """Whether the groups fail to divide the input channels."""
    return case.groups > 0 and bool(case.in_channels % case.groups)


def _claims(page: Page) -> tuple[Requirement, ...]:
    size, kernel = ("iW", "kW") if page.ndim == 1 else ("iH, iW", "kH, kW")
    return (
        page.probed(
            "signature",
            f"The arguments are {described(page.arguments)}; stride, padding, output_padding and dilation "
            "are numbers or tuples.",
            together(signature_as(page.arguments), numbers_or_tuples),
            quick=True,
            note="Python has no signature for the function: its arguments are tried by position",
        ),
        page.probed("tf32", "TensorFloat32 is supported.", devices.tf32, needs="cuda"),
        page.probed(
            "as-layer",
            f"Details and output shape are those of ConvTranspose{page.ndim}d.",
            for_each(invariances.module_equals_functional, directed),
        ),
        page.judged(
            "input",
            f"The input has the shape (minibatch, in_channels, {size}).",
            (Check.ACCEPTANCE, Check.SHAPE),
            lambda case: case.batch is not None,
            working=True,
        ),
        page.judged(
            "weight",
            f"The weight has the shape (in_channels, out_channels / groups, {kernel}).",
            (Check.ACCEPTANCE, Check.SHAPE, Check.VALUES, Check.GRAD_WEIGHT),
            lambda case: case.in_channels != case.out_channels,
            note="decided by cases in which the two numbers of channels differ",
            working=True,
        ),
        page.judged(
            "bias",
            "The bias is optional and has the shape (out_channels).",
            (Check.ACCEPTANCE, Check.SHAPE, Check.VALUES, Check.GRAD_BIAS),
            lambda case: case.bias,
            working=True,
        ),
        padding(page),
        page.judged(
            "output-padding",
            "output_padding is additional size on one side of each dimension of the output's shape.",
            (Check.SHAPE, *COMPUTED),
            extended,
        ),
        page.judged(
            "groups",
            "groups splits the input; in_channels should be divisible by it.",
            (Check.ACCEPTANCE,),
            channels_do_not_divide,
            note="read as: other channels are refused",
        ),
        dilation(page),
        deterministic(page),
    )


REQUIREMENTS: Final = (
    *_claims(ONE),
    ONE.probed(
        "example",
        "An input of the shape (20, 16, 50) and a weight of (16, 33, 5) can be given.",
        printed_shape("v1_1d_n20_ci16_co33_i50_k5_f32_real.1", (20, 33, 54)),
        note="the page prints no shape: judged is that of the formula",
    ),
    *_claims(TWO),
    tuple_order(TWO, "stride, padding, output_padding and dilation"),
    TWO.probed(
        "example",
        "An input of the shape (1, 4, 5, 5), a weight of (4, 8, 3, 3) and padding=1 can be given.",
        printed_shape("v1_2d_n1_ci4_co8_i5x5_k3x3_p1x1_f32_real.1", (1, 8, 5, 5)),
        note="the page prints no shape: judged is that of the formula",
    ),
)
