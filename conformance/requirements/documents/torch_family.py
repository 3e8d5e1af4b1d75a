"""The claims with the same wording on the pages of PyTorch and of R torch."""

from __future__ import annotations

from typing import Final

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.judging.severity import Severity
from conv_transpose_conformance.judging.verdicts import Check
from conv_transpose_conformance.requirements.base.requirement import Requirement, for_each
from conv_transpose_conformance.requirements.documents.page import Page
from conv_transpose_conformance.requirements.properties import (
    connections,
    initial,
    invariances,
    output_sizes,
    relations,
)
from conv_transpose_conformance.requirements.properties.parameter_sets import (
    Cases,
    below_stride,
    directed,
    listed,
    where,
)

_WITH_PADDING: Final = (
    "v1_1d_n1_ci2_co2_i3_k3_p1_f32_int.1",
    "v1_1d_n2_ci2_co3_i4_k3_s2_p1_b_f32_int.2",
    "v1_1d_n1_ci2_co2_i4_k3_s2_p2_d2_f32_int.3",
    "v1_1d_n1_ci2_co2_i4_k2_s3_p3_op1_f32_int.4",  # more than the kernel reaches: zeros turn into a cut
)
_STRIDED: Final = ("v1_1d_n1_ci2_co3_i4_k3_s2_p1_f32_int.1", "v1_1d_n1_ci2_co3_i3_k2_s4_d2_f32_int.2")


def patterns(*found: str) -> Cases:
    """Returns patterns of :mod:`connections`, in the prober's dimensions."""
    return lambda prober: (connections.case_of(pattern, prober) for pattern in found)


def do_not_divide(case: Case) -> bool:
    """Whether the groups fail to divide either number of channels."""
    return case.groups > 0 and bool(case.in_channels % case.groups or case.out_channels % case.groups)


def in_one_dimension(page: Page, *, shapes: str) -> tuple[Requirement, ...]:
    """Returns the claims in the order of the page; ``shapes`` is its text on input and output shapes."""
    gradients = (Check.VALUES, Check.GRAD_INPUT, Check.GRAD_WEIGHT, Check.GRAD_BIAS)
    return (
        page.probed(
            "adjoint",
            "The module can be seen as the gradient of Conv1d with respect to its input.",
            for_each(relations.adjoint, directed),
        ),
        page.probed(
            "padding",
            "padding acts as dilation * (kernel_size - 1) - padding implicit zeros on both sides of the "
            "input.",
            for_each(relations.zero_insertion, listed(*_WITH_PADDING)),
            note="the input is the one with stride - 1 zeros between its elements; a negative number of "
            "implicit zeros is read as a cut",
        ),
        page.judged(
            "output-padding",
            "output_padding enlarges the output's shape on one side without adding zeros: the added "
            "positions are computed.",
            (Check.SHAPE, *gradients),
            lambda case: any(case.output_padding),
        ),
        page.probed(
            "dilation",
            "dilation spaces the points of the kernel, as the à trous algorithm does.",
            for_each(relations.dilation_as_explicit_kernel, where(lambda case: max(case.dilation) > 1)),
        ),
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
            "out_channels / in_channels of them.",
            for_each(connections.by_groups, patterns(*connections.DEPTHWISE)),
            quick=True,
        ),
        page.probed(
            "shape.roundtrip",
            "A Conv1d and a ConvTranspose1d of the same parameters are each other's inverses as to the "
            "shapes of input and output.",
            for_each(relations.shape_roundtrip, where(below_stride)),
            severity=Severity.SHAPE,
        ),
        page.probed(
            "shape.ambiguous",
            "With a stride above 1 Conv1d maps several lengths to one; output_padding tells which is meant.",
            for_each(output_sizes.ambiguous, listed(*_STRIDED)),
            severity=Severity.SHAPE,
        ),
        page.probed(
            "deterministic",
            "cuDNN may choose a nondeterministic algorithm; torch.backends.cudnn.deterministic = True "
            "makes the operation deterministic.",
            for_each(invariances.deterministic, directed),
            needs="cuda",
        ),
        page.judged(
            "shape",
            f"{shapes}, L_out = (L_in - 1) * stride - 2 * padding + dilation * (kernel_size - 1) + "
            "output_padding + 1.",
            (Check.SHAPE,),
            lambda case: case.output_size is None,
        ),
        page.probed(
            "weight",
            "The weight has the shape (in_channels, out_channels / groups, kernel_size) and is drawn from "
            "U(-sqrt(k), sqrt(k)), k = groups / (out_channels * kernel_size).",
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
