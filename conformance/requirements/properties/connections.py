"""Requirements on the connections between input channels, filters and output channels."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np

from conv_transpose_conformance.cases.case import Case
from conv_transpose_conformance.requirements.base.probe import Prober, fault
from conv_transpose_conformance.requirements.base.trial import Trial, differs, passed

ALL: Final = "v1_{n}d_n1_ci3_co4_{i}_{k}_f32_int.1"
HALVES: Final = "v1_{n}d_n1_ci4_co6_{i}_{k}_g2_f32_int.1"
DEPTHWISE: Final = ("v1_{n}d_n1_ci3_co3_{i}_{k}_g3_f32_int.1", "v1_{n}d_n1_ci3_co6_{i}_{k}_g3_f32_int.1")


def case_of(pattern: str, prober: Prober) -> Case:
    """Returns the case of a pattern above in the prober's dimensions."""
    sizes = ("i4", "k3") if prober.ndim == 1 else ("i4x3", "k3x2")
    return Case.parse(pattern.format(n=prober.ndim, i=sizes[0], k=sizes[1]))


def by_groups(prober: Prober, case: Case) -> Iterator[Trial]:
    """Every input channel reaches all output channels of its group and no others.

    One channel at a time is non-zero, first of the input, then of the weight's filters.  All others are
    one, so that nothing cancels.
    """
    case = case.replace(bias=False)
    ones = {name: np.ones_like(array) for name, array in prober.arrays(case).items() if name in ("x", "w")}
    groups = [np.arange(n) // (n // case.groups) for n in (case.in_channels, case.out_channels)]
    for lit, what in (("x", "input channel"), ("w", "the filters of input channel")):
        for channel in range(case.in_channels):
            given = {**ones, lit: np.zeros_like(ones[lit])}
            place = (slice(None), channel) if lit == "x" and case.batch is not None else (channel,)
            given[lit][place] = 1
            answer = prober.call(case, given)
            trial = fault(answer, case)
            if trial is not None:
                yield trial
                return
            values = np.moveaxis(answer.arrays["values"], -1 - case.ndim, 0)
            reached = np.flatnonzero(values.reshape(len(values), -1).any(axis=1)).tolist()
            expected = np.flatnonzero(groups[1] == groups[0][channel]).tolist()
            if reached != expected:
                yield differs(
                    f"{what} {channel} reaches the output channels {reached} instead of {expected}", case
                )
                return
    yield passed(case)
