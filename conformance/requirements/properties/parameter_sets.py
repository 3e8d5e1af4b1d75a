"""The small parameter sets for probed requirements."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import islice
from typing import Final

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.requirements.base.probe import Prober

Cases = Callable[[Prober], Iterator[Case]]

# stride beyond the kernel, dilation, padding, output padding, groups, bias and batch, together and alone:
# a slow variant is asked only the first set
_ONE: Final = (
    "v1_1d_n3_ci2_co2_i3_k3_s3_p2_op2_d2_b_f32_int.7",
    "v1_1d_n2_ci3_co3_i4_k2_d2_g3_f32_int.6",
    "v1_1d_n2_ci4_co6_i4_k3_s2_p1_op1_g2_b_f32_int.5",
    "v1_1d_n2_ci2_co2_i4_k3_s2_p1_b_f32_int.4",
    "v1_1d_n1_ci2_co2_i5_k2_s3_b_f32_int.3",
    "v1_1d_n2_ci2_co3_i4_k3_s2_b_f32_int.2",
    "v1_1d_n2_ci2_co3_i4_k3_f32_int.1",
    "v1_1d_n2_ci2_co2_i4_k1_s2_f32_int.8",
)
_TWO: Final = (
    "v1_2d_n3_ci2_co2_i3x2_k3x2_s3x2_p2x0_op2x1_d2x1_b_f32_int.7",
    "v1_2d_n2_ci3_co3_i3x4_k2x3_d2x1_g3_f32_int.6",
    "v1_2d_n2_ci4_co6_i3x4_k3x3_s2x2_p1x1_op1x1_g2_b_f32_int.5",
    "v1_2d_n2_ci2_co2_i4x3_k3x3_s2x2_p1x1_b_f32_int.4",
    "v1_2d_n1_ci2_co2_i3x3_k2x2_s3x3_b_f32_int.3",
    "v1_2d_n2_ci2_co3_i3x4_k3x2_s2x1_b_f32_int.2",
    "v1_2d_n2_ci2_co3_i3x4_k3x2_f32_int.1",
    "v1_2d_n2_ci2_co2_i3x4_k1x1_s2x1_f32_int.8",
)


def directed(prober: Prober) -> Iterator[Case]:
    """Yields the sets that the prober's documents require to work, on exact integers in float32."""
    for identifier in _ONE if prober.ndim == 1 else _TWO:
        case = Case.parse(identifier)
        if prober.requires(case):
            yield case


def every_other(prober: Prober) -> Iterator[Case]:
    """Yields every other set of :func:`directed`, for expensive requirements."""
    return islice(directed(prober), 0, None, 2)


def listed(*identifiers: str) -> Cases:
    """Returns these parameter sets, as far as the prober's documents require them to work."""

    def cases(prober: Prober) -> Iterator[Case]:
        return (case for case in map(Case.parse, identifiers) if prober.requires(case))

    return cases


def where(holds: Callable[[Case], bool]) -> Cases:
    """Returns the directed parameter sets for which ``holds`` is true."""
    return lambda prober: (case for case in directed(prober) if holds(case))


def below_stride(case: Case) -> bool:
    """Whether every output padding is below its stride."""
    return all(extra < stride for extra, stride in zip(case.output_padding, case.stride, strict=True))
