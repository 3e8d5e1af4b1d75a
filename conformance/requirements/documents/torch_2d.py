"""The claims of an article about ``torch.nn.ConvTranspose2d``."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.frameworks.interface import described
from conv_transpose_conformance.judging.answers import Outcome
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.requirements.base.comparing import result, results, tried
from conv_transpose_conformance.requirements.base.probe import Prober, fault, same
from conv_transpose_conformance.requirements.base.requirement import DEFINITION, Document, for_each
from conv_transpose_conformance.requirements.base.trial import Trial, differs, passed
from conv_transpose_conformance.requirements.documents.page import Page
from conv_transpose_conformance.requirements.documents.torch_family import do_not_divide, unequal
from conv_transpose_conformance.requirements.properties import output_sizes, relations
from conv_transpose_conformance.requirements.properties.parameter_sets import directed, listed, where
from conv_transpose_conformance.requirements.properties.signatures import signature_as

DOCUMENTS: Final = {
    "torch-2d": Document(
        "torch.nn.ConvTranspose2d, as explained by a Tencent Cloud article",
        "https://cloud.tencent.com/developer/article (torch.nn.ConvTranspose2d, Chinese)",
        official=False,
    )
}
PAGE: Final = Page("T2", "torch-2d", "torch.nn.ConvTranspose2d", 2)
_ARGUMENTS: Final = PAGE.arguments[:-2]  # the article names neither device nor dtype
_PADDED: Final = (
    "v1_2d_n1_ci1_co1_i3x3_k3x3_p1x1_f32_int.1",
    "v1_2d_n1_ci2_co2_i3x4_k3x3_s2x2_p1x0_f32_int.2",
)
_EXTENDED: Final = (
    "v1_2d_n1_ci1_co1_i3x3_k3x3_s2x2_op1x1_f32_int.1",
    "v1_2d_n1_ci2_co2_i3x4_k2x3_s3x2_p1x1_op2x1_b_f32_int.2",
)


def padding_modes(prober: Prober) -> Iterator[Trial]:
    """The mode is a string: "zeros" is the default, and another mode is refused or has another effect."""
    case = next(iter(directed(prober)))
    plain = prober.call(case)
    trial = fault(plain, case)
    if trial is not None:
        yield trial
        return
    zeros = prober.call(case, arguments={"padding_mode": "zeros"})
    yield fault(zeros, case) or (
        passed(case)
        if same(zeros.arrays.get("values"), plain.arrays["values"])
        else differs("padding_mode='zeros' gives another output than the default", case)
    )
    padded = Case.parse(_PADDED[0])
    default = prober.call(padded)
    for kind in ("reflect", "no kind of padding"):
        other = prober.call(padded, arguments={"padding_mode": kind}, refusable=True)
        if other.outcome is Outcome.RAISED:
            yield passed(padded, f"{kind!r} is refused: {other.message}")
        elif fault(other) is not None:
            yield fault(other, padded) or passed()
        elif same(other.arrays.get("values"), default.arrays["values"]):
            yield differs(f"padding_mode={kind!r} is accepted and changes nothing", padded)
        else:
            yield passed(padded)


@tried
def layout_differs(prober: Prober, case: Case) -> Trial:
    """The layer's weight begins with its input channels, that of its convolution with its output channels."""
    case = case.replace(bias=False)
    arrays = prober.arrays(case)
    made = prober.call(case, arrays).parameters.get("weight", ((), ""))[0]
    output = result(prober, case, arrays)
    # With this weight as it stands, the convolution maps the layer's output channels to its input channels.
    back = results(prober, case, {**arrays, "y": output}, "convolve")["values"]
    axis = back.ndim - case.ndim - 1
    convolution = (back.shape[axis], output.shape[axis])
    layer = (case.in_channels, case.out_channels)
    if made[:2] != layer or convolution != layer:
        return differs(
            f"the weight is {list(made)}: as the layer's it maps {layer[0]} channels to {layer[1]}, as its "
            f"convolution's {convolution[1]} to {convolution[0]}",
            case,
        )
    return passed(
        case,
        f"the weight {list(made)} maps {layer[0]} channels to {layer[1]} as the layer's, "
        f"{convolution[1]} to {convolution[0]} as a convolution's",
    )


REQUIREMENTS: Final = (
    PAGE.probed(
        "signature",
        f"The arguments are {described(_ARGUMENTS)}.",
        signature_as(_ARGUMENTS),
        quick=True,
        making=True,
    ),
    PAGE.judged(
        "tuple-order",
        "Of a tuple, element 0 acts on the height and element 1 on the width.",
        (Check.SHAPE, Check.VALUES),
        unequal,
    ),
    PAGE.probed(
        "stride",
        "The stride decides the factor of upsampling.",
        for_each(output_sizes.upsampling, directed),
        quick=True,
        note="read as: an input longer by one makes an output longer by the stride",
    ),
    PAGE.probed(
        "padding-grows-input",
        "padding pads the input image, whose size grows by 2 * padding.",
        for_each(output_sizes.padding_pads_the_input, listed(*_PADDED)),
        quick=True,
        note="judged as written: the output is that of the input with as many zeros around it. The "
        "formula of the same page subtracts 2 * padding from the output's size, as the API does; the "
        "sentence would hold of the convolution that the layer is the gradient of, whose input is this "
        "layer's output",
        contradicts=("T2.shape", DEFINITION),
    ),
    PAGE.probed(
        "output-padding-grows",
        "output_padding pads the output image, whose size grows by it.",
        for_each(output_sizes.output_padding_grows, listed(*_EXTENDED)),
        quick=True,
        note="what the added rows and columns hold is not said here",
    ),
    PAGE.judged(
        "groups", "groups must divide in_channels and out_channels.", (Check.ACCEPTANCE,), do_not_divide
    ),
    PAGE.probed(
        "dilation",
        "dilation is the distance between the kernel's sampling points.",
        for_each(relations.dilation_as_explicit_kernel, where(lambda case: max(case.dilation) > 1)),
    ),
    PAGE.probed(
        "padding-mode",
        "padding_mode is a string that names the kind of padding.",
        padding_modes,
        note="the page lists no kinds: another than 'zeros' must be refused or do something else",
    ),
    PAGE.judged(
        "shape",
        "In each dimension out = (in - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + "
        "output_padding + 1.",
        (Check.SHAPE,),
        lambda case: case.output_size is None,
    ),
    PAGE.probed(
        "weight-layout",
        "The default layout of the weight is another than that of Conv2d.",
        for_each(layout_differs, listed("v1_2d_n1_ci2_co3_i3x3_k2x2_f32_int.1")),
        quick=True,
    ),
    PAGE.probed(
        "as-convolution",
        "It can be turned into interpolation by zeros followed by an ordinary convolution with the "
        "rearranged weight.",
        for_each(relations.zero_insertion, directed),
        note="the weight is rearranged by exchanging its channels and turning its kernel around",
    ),
)
