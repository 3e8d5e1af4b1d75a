"""The claims with the same wording on the pages of PyTorch and of R torch."""

from __future__ import annotations

from typing import Final

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.requirements.base.requirement import DEFINITION, Requirement, for_each
from conv_transpose_conformance.requirements.documents.page import Page
from conv_transpose_conformance.requirements.properties import (
    connections,
    devices,
    initial,
    invariances,
    output_sizes,
    relations,
)
from conv_transpose_conformance.requirements.properties.examples import printed_shape
from conv_transpose_conformance.requirements.properties.parameter_sets import (
    Cases,
    below_stride,
    directed,
    listed,
    where,
)

# The last has more padding than the kernel reaches: zeros turn into a cut.
_WITH_PADDING: Final = (
    (
        "v1_1d_n1_ci2_co2_i3_k3_p1_f32_int.1",
        "v1_1d_n2_ci2_co3_i4_k3_s2_p1_b_f32_int.2",
        "v1_1d_n1_ci2_co2_i4_k3_s2_p2_d2_f32_int.3",
        "v1_1d_n1_ci2_co2_i4_k2_s3_p3_op1_f32_int.4",
    ),
    (
        "v1_2d_n1_ci2_co2_i3x4_k3x3_p1x1_f32_int.1",
        "v1_2d_n2_ci2_co3_i4x3_k3x2_s2x1_p1x0_b_f32_int.2",
        "v1_2d_n1_ci2_co2_i4x3_k3x3_s2x2_p2x1_d2x1_f32_int.3",
        "v1_2d_n1_ci2_co2_i4x4_k2x3_s3x2_p3x1_op1x1_f32_int.4",
    ),
)
_STRIDED: Final = (
    ("v1_1d_n1_ci2_co3_i4_k3_s2_p1_f32_int.1", "v1_1d_n1_ci2_co3_i3_k2_s4_d2_f32_int.2"),
    ("v1_2d_n1_ci2_co3_i3x4_k3x3_s2x2_p1x1_f32_int.1", "v1_2d_n1_ci2_co3_i3x3_k2x2_s1x4_d1x2_f32_int.2"),
)


UNPADDED: Final = (
    (
        "v1_1d_n1_ci1_co1_i4_k2_f32_int.1",
        "v1_1d_n1_ci1_co1_i5_k3_s2_f32_int.1",
        "v1_1d_n1_ci1_co1_i5_k5_s3_f32_int.1",
    ),
    (
        "v1_2d_n1_ci1_co1_i3x4_k2x2_f32_int.1",
        "v1_2d_n1_ci1_co1_i3x5_k3x3_s2x2_f32_int.1",
        "v1_2d_n1_ci1_co1_i3x5_k5x5_s3x3_f32_int.1",
    ),
)
COMPUTED: Final = (Check.VALUES, Check.GRAD_INPUT, Check.GRAD_WEIGHT, Check.GRAD_BIAS)


def patterns(*found: str) -> Cases:
    """Returns patterns of :mod:`connections`, in the prober's dimensions."""
    return lambda prober: (connections.case_of(pattern, prober) for pattern in found)


def do_not_divide(case: Case) -> bool:
    """Whether the groups fail to divide either number of channels."""
    return case.groups > 0 and bool(case.in_channels % case.groups or case.out_channels % case.groups)


def padded(ndim: int) -> Cases:
    """Returns parameter sets with a padding, in ``ndim`` dimensions."""
    return listed(*_WITH_PADDING[ndim - 1])


def strided(ndim: int) -> Cases:
    """Returns parameter sets with a stride above 1 in the last of ``ndim`` dimensions."""
    return listed(*_STRIDED[ndim - 1])


def adjoint(page: Page) -> Requirement:
    """Returns the claim that the operator is the gradient of the convolution."""
    return page.probed(
        "adjoint",
        f"The module can be seen as the gradient of Conv{page.ndim}d with respect to its input.",
        for_each(relations.adjoint, directed),
    )


def not_inverse(page: Page) -> Requirement:
    """Returns the claim that the operator does not undo the convolution."""
    return page.probed(
        "not-inverse",
        "It is no deconvolution: it does not compute a true inverse of convolution.",
        for_each(output_sizes.not_inverse, directed),
    )


def on_devices(page: Page) -> tuple[Requirement, ...]:
    """Returns the claims on the arithmetic of CUDA and ROCm devices."""
    return (
        page.probed("tf32", "TensorFloat32 is supported.", devices.tf32, needs="cuda"),
        page.probed(
            "rocm-fp16",
            "On certain ROCm devices, with float16 inputs, the backward pass has another precision.",
            devices.rocm_float16,
            needs="rocm",
            note="whichever precision the device has is in keeping with it, as long as it is at least "
            "bfloat16's",
        ),
    )


def tuple_order(page: Page, arguments: str) -> Requirement:
    """Returns the claim on a number and on a tuple of two as each of ``arguments``."""
    return page.judged(
        "tuple-order",
        f"{arguments} are a number for both dimensions or a tuple, its element 0 for the height and 1 for "
        "the width.",
        (Check.SHAPE, Check.VALUES),
        unequal,
    )


def unequal(case: Case) -> bool:
    """Whether some argument of a 2-D case differs between height and width."""
    arguments = (case.kernel_size, case.stride, case.padding, case.output_padding, case.dilation)
    return any(values[0] != values[1] for values in arguments if not isinstance(values, str))


def extended(case: Case) -> bool:
    """Whether a case has an output padding."""
    return any(case.output_padding)


def deterministic(page: Page) -> Requirement:
    """Returns the claim on cuDNN's algorithms."""
    return page.probed(
        "deterministic",
        "cuDNN may choose a nondeterministic algorithm; torch.backends.cudnn.deterministic = True makes "
        "the operation deterministic.",
        for_each(invariances.deterministic, directed),
        needs="cuda",
    )


def padding(page: Page) -> Requirement:
    """Returns the claim on the zeros that ``padding`` stands for."""
    return page.probed(
        "padding",
        "padding acts as dilation * (kernel_size - 1) - padding implicit zeros on both sides of the input.",
        for_each(relations.zero_insertion, padded(page.ndim)),
        note="the input is the one with stride - 1 zeros between its elements; a negative number of "
        "implicit zeros is read as a cut",
    )


def dilation(page: Page) -> Requirement:
    """Returns the claim on the spacing of the kernel's points."""
    return page.probed(
        "dilation",
        "dilation spaces the points of the kernel, as the à trous algorithm does.",
        for_each(relations.dilation_as_explicit_kernel, where(lambda case: max(case.dilation) > 1)),
    )


def shared_claims(page: Page, *, shapes: str, filters: str = "") -> tuple[Requirement, ...]:
    """Returns the claims of a layer's page from the operator's definition to the layer's parameters.

    ``shapes`` is the page's text on input and output shapes, ``filters`` its number of filters per input
    channel.
    """
    convolution, ndim = f"Conv{page.ndim}d", page.ndim
    kernel = "kernel_size" if ndim == 1 else "kernel_size[0], kernel_size[1]"
    length = "L_out = (L_in" if ndim == 1 else "in each dimension out = (in"
    product = "kernel_size" if ndim == 1 else "kernel_size[0] * kernel_size[1]"
    return (
        adjoint(page),
        padding(page),
        page.judged(
            "output-padding",
            "output_padding enlarges the output's shape on one side without adding zeros: the added "
            "positions are computed.",
            (Check.SHAPE, *COMPUTED),
            extended,
        ),
        dilation(page),
        page.judged(
            "groups.divide",
            "in_channels and out_channels must both be divisible by groups.",
            (Check.ACCEPTANCE,),
            do_not_divide,
        ),
        page.probed(
            "groups.all",
            "With groups=1 every input channel is convolved to every output channel.",
            for_each(connections.by_groups, patterns(connections.ALL)),
            quick=True,
        ),
        page.probed(
            "groups.halves",
            "With groups=2 it is two layers side by side, each of half the input channels and half the "
            "output channels, concatenated.",
            for_each(relations.groups_side_by_side, patterns(connections.HALVES)),
        ),
        page.probed(
            "groups.depthwise",
            "With groups=in_channels every input channel is convolved with filters of its own, "
            f"{filters or 'out_channels / in_channels'} of them.",
            for_each(connections.by_groups, patterns(*connections.DEPTHWISE)),
            quick=True,
        ),
        page.probed(
            "shape.roundtrip",
            f"A {convolution} and a ConvTranspose{ndim}d of the same parameters are each other's inverses "
            "as to the shapes of input and output.",
            for_each(relations.shape_roundtrip, where(below_stride)),
        ),
        page.probed(
            "shape.ambiguous",
            f"With a stride above 1 {convolution} maps several lengths to one; output_padding tells which "
            "is meant.",
            for_each(output_sizes.ambiguous, strided(ndim)),
        ),
        deterministic(page),
        page.judged(
            "shape",
            f"{shapes}, {length} - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + "
            "output_padding + 1.",
            (Check.SHAPE,),
            lambda case: case.output_size is None,
        ),
        page.probed(
            "weight",
            f"The weight has the shape (in_channels, out_channels / groups, {kernel}) and is drawn from "
            f"U(-sqrt(k), sqrt(k)), k = groups / (out_channels * {product}).",
            initial.weight,
            making=True,
        ),
        page.probed(
            "bias",
            "The bias has the shape (out_channels) and the weight's distribution; without bias there is "
            "none.",
            initial.bias,
            making=True,
        ),
    )


def columns_lost(page: Page) -> Requirement:
    """Returns the claim of R torch's pages on the last columns of the input."""
    return page.probed(
        "columns-lost",
        "Depending on the size of the kernel several of the last columns of the input may be lost, as it "
        "is a valid and not a full cross-correlation.",
        lambda prober: [output_sizes.columns_are_lost(prober, map(Case.parse, UNPADDED[page.ndim - 1]))],
        quick=True,
        note="judged as written, without padding, as the page leaves that to the user: for some kernel a "
        f"column is without effect. The sentence is one of Conv{page.ndim}d's page; read as no more than a "
        "'may' it could not fail",
        contradicts=(f"{page.prefix}.shape", DEFINITION),
    )


def two_examples(page: Page) -> tuple[Requirement, ...]:
    """Returns the examples of the pages on layers in two dimensions."""
    return (
        page.probed(
            "example",
            "Kernel (3, 5), stride (2, 1) and padding (4, 2) run from 16 to 33 channels on an input of the "
            "shape (20, 16, 50, 100).",
            printed_shape("v1_2d_n20_ci16_co33_i50x100_k3x5_s2x1_p4x2_b_f32_real.1", (20, 33, 93, 100)),
            note="the page prints no shape: judged is that of the formula",
        ),
        page.probed(
            "example.output-size",
            "With kernel 3, stride 2 and padding 1, output_size (1, 16, 12, 12) gives an input of (1, 16, 6, "
            "6) that size.",
            printed_shape(
                "v1_2d_n1_ci16_co16_i6x6_k3x3_s2x2_p1x1_b_f32_real.1",
                (1, 16, 12, 12),
                {"output_size": [1, 16, 12, 12]},
            ),
            quick=True,
        ),
    )
